package enginetest

import (
	"slices"

	"github.com/loyaltykit/loyaltykit/internal/enginetest/ladders"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// lodger is a member on paper: all that they did and were granted, from which every tier
// is decided anew, day by day, whenever somebody asks.
type lodger struct {
	id       string
	enrolled tiers.Day
	ladders  []tiers.Ladder
	facts    []*ladders.Fact
	grants   [][]granted
	orders   []*stayOrder
	// beans is what orders and spending come to, without what tiers gave.
	beans points.Amount
	// into is who they became one with, and pasts are the lives up to such days that a
	// refund decides again: their own, and those of the others.
	into  *lodger
	pasts []*past
	// matched says by whom there was a match on each ladder, the empty name for the
	// member's own.
	matched []map[string]bool
	// joined counts merges; an account that had some is not held to single events.
	joined int
	told   []shownTier
	looked tiers.Day
	// known has the ladders as they were decided last, and settled those that are decided
	// for good up to the day before an anniversary that was set; nil are the others.
	known, settled []*ladders.Paper
}

// granted is a tier that was granted. By is who brought it by a merge, and of the life
// whose tier it is.
type granted struct {
	tiers.Grant
	by string
	of *past
}

// stayOrder is an order of pieces at one price.
type stayOrder struct {
	id           string
	pieces, back int64
	price        int64
	beans, taken points.Amount
	fact         *ladders.Fact
}

// past is a life up to a merge.
type past struct {
	// path names who lived it, and through whom it came, the last one last; it is empty for
	// the member's own, which ended when with came.
	path  []string
	with  string
	on    tiers.Day
	lived *lodger
	// given has what entering tiers gave, by ladder.
	given [][]string
}

func newLodger(id string, today tiers.Day, list []tiers.Ladder) *lodger {
	p := &lodger{id: id, enrolled: today, ladders: list, grants: make([][]granted, len(list)), told: make([]shownTier, len(list)), looked: today - 1, known: make([]*ladders.Paper, len(list)), settled: make([]*ladders.Paper, len(list))}
	for l := range list {
		p.told[l].rank = -1
		p.matched = append(p.matched, map[string]bool{})
	}
	return p
}

// paper is a ladder of which no day is decided, but for what is decided for good.
func (p *lodger) paper(l int) *ladders.Paper {
	paper := &ladders.Paper{Ladder: p.ladders[l], Enrolled: p.enrolled}
	if p.settled[l] != nil {
		paper = p.settled[l].Copy()
		paper.Facts, paper.Grants = nil, nil
	}
	for _, f := range p.facts {
		paper.Facts = append(paper.Facts, *f)
	}
	for _, g := range p.grants[l] {
		paper.Grants = append(paper.Grants, g.Grant)
	}
	return paper
}

// on is a ladder as it is decided by the end of a day. It must not be changed.
func (p *lodger) on(l int, day tiers.Day) *ladders.Paper {
	if known := p.known[l]; known != nil && known.At() <= day && p.knows(l, known) {
		known.To(day)
		return known
	}
	paper := p.paper(l)
	paper.To(day)
	p.known[l] = paper
	return paper
}

// knows reports whether a paper has all that is known of a ladder.
func (p *lodger) knows(l int, paper *ladders.Paper) bool {
	return slices.EqualFunc(p.facts, paper.Facts, func(f *ladders.Fact, g ladders.Fact) bool { return *f == g }) &&
		slices.EqualFunc(p.grants[l], paper.Grants, func(g granted, h tiers.Grant) bool {
			return g.Tier == h.Tier && g.From == h.From && g.Until == h.Until && slices.Equal(g.Challenge.All, h.Challenge.All)
		})
}

// holds reports whether the member holds a tier on a day.
func (p *lodger) holds(ladder, tier string, day tiers.Day) bool {
	for l := range p.ladders {
		if p.ladders[l].Code != ladder {
			continue
		}
		held, _, _, _ := p.on(l, day).Holding()
		return held == tier
	}
	return false
}

// earns is what euros give on a day, by the tiers of that day.
func (p *lodger) earns(program *loyalty.Program, euros int64, day tiers.Day) points.Amount {
	factor, lounge := int64(1), points.Amount(0)
	for _, l := range program.Ladders {
		for _, tier := range l.Tiers {
			if of, ok := tier.Benefits.Earn["bean"]; ok && p.holds(l.Code, tier.Code, day) {
				factor = max(factor, of.IntPart())
			}
		}
	}
	for _, rule := range program.Earning {
		if rule.Only != nil && p.holds("status", "gold", day) {
			lounge = rule.Bonus
		}
	}
	return points.Amount(factor*euros) + lounge
}

// buys is an order that happened on a day.
func (p *lodger) buys(program *loyalty.Program, o *stayOrder, day tiers.Day) {
	o.beans = p.earns(program, o.pieces*o.price, day)
	o.fact = &ladders.Fact{Day: day, Metric: "spend", Amount: o.pieces * o.price}
	p.facts, p.orders, p.beans = append(p.facts, o.fact), append(p.orders, o), p.beans+o.beans
}

// refunds takes pieces of an order back.
func (p *lodger) refunds(o *stayOrder, pieces int64, today tiers.Day) {
	lived := map[*past][][]string{}
	for _, before := range p.pasts {
		if slices.Contains(before.lived.facts, o.fact) {
			lived[before] = before.entered()
		}
	}
	o.back += pieces
	o.fact.Amount = (o.pieces - o.back) * o.price
	kept := o.beans - o.beans*points.Amount(o.back)/points.Amount(o.pieces)
	p.beans -= o.beans - o.taken - kept
	o.taken = o.beans - kept
	for _, before := range p.pasts {
		if was, ok := lived[before]; ok {
			p.livedAgain(before, was, today)
		}
	}
}

// livedAgain decides a life up to a merge again: what it brought is what it turns out to
// be, what entering tiers gave that were not entered is taken back, and what was not
// entered so often before is given.
func (p *lodger) livedAgain(before *past, was [][]string, today tiers.Day) {
	for l := range p.ladders {
		now := before.lived.on(l, before.on)
		left, more := slices.Clone(now.Entered), slices.Clone(now.Entered)
		for _, tier := range was[l] {
			if i := slices.Index(more, tier); i >= 0 {
				more = slices.Delete(more, i, i+1)
			}
		}
		before.given[l] = slices.DeleteFunc(before.given[l], func(tier string) bool {
			i := slices.Index(left, tier)
			if i >= 0 {
				left = slices.Delete(left, i, i+1)
			}
			return i < 0
		})
		before.given[l] = append(before.given[l], more...)
		kept := false
		for i := range p.grants[l] {
			g := &p.grants[l][i]
			switch {
			case g.of != before || g.Until <= today:
			case g.Tier == now.Tier() && g.Until == p.until(l, now, before.on):
				kept = true
			default:
				g.Until = max(g.From, today)
			}
		}
		if !kept {
			p.keeps(l, now, before, before.by(), today)
		}
	}
}

// entered lists the tiers of each ladder that were entered.
func (b *past) entered() (list [][]string) {
	for l := range b.lived.ladders {
		list = append(list, slices.Clone(b.lived.on(l, b.on).Entered))
	}
	return list
}

// lives is a copy of the member's life up to now, which shares what happened.
func (p *lodger) lives() *lodger {
	c := newLodger(p.id, p.enrolled, p.ladders)
	c.facts, c.settled = slices.Clone(p.facts), slices.Clone(p.settled)
	for l := range p.grants {
		c.grants[l] = slices.Clone(p.grants[l])
	}
	return c
}

// entered lists what entering a ladder's tiers gave by the end of a day, beside what pasts
// have that made it unnecessary to give.
func (p *lodger) entered(l int, day tiers.Day) []string {
	var own []string
	used := map[*past]int{}
	paper := p.on(l, day)
	for i, tier := range paper.Entered {
		if !p.hadBefore(l, tier, paper.EnteredOn[i], used) {
			own = append(own, tier)
		}
	}
	return own
}

// hadBefore reports whether one of the pasts had a tier that is entered on a day that was
// before its end, and uses it up.
func (p *lodger) hadBefore(l int, tier string, day tiers.Day, used map[*past]int) bool {
	rank := slices.IndexFunc(p.ladders[l].Tiers, func(t tiers.Tier) bool { return t.Code == tier })
	shift := 8 * rank
	for _, before := range p.pasts {
		n := 0
		for _, had := range before.given[l] {
			if had == tier {
				n++
			}
		}
		if taken := used[before] >> shift & 255; day <= before.on && taken < n {
			used[before] += 1 << shift
			return true
		}
	}
	return false
}

// gifts is what tiers gave by the end of a day.
func (p *lodger) gifts(day tiers.Day) (sum points.Amount) {
	for l := range p.ladders {
		given := p.entered(l, day)
		for _, before := range p.pasts {
			given = append(given, before.given[l]...)
		}
		for _, code := range given {
			tier, _ := p.ladders[l].Find(code)
			sum += points.Amount(tier.Benefits.Points["bean"])
		}
	}
	return sum
}

// takesIn makes another member one with this one.
func (p *lodger) takesIn(other *lodger, today tiers.Day) {
	end := func(who *lodger) *past {
		before := &past{on: today, lived: who.lives()}
		for l := range who.ladders {
			before.given = append(before.given, who.entered(l, today))
		}
		return before
	}
	own, theirs := end(p), end(other)
	own.with, theirs.path = other.id, []string{other.id}
	for l := range p.ladders {
		mine, has := p.on(l, today), other.on(l, today)
		for _, g := range other.grants[l] {
			if g.Until > today {
				g.by = other.id
				p.grants[l] = append(p.grants[l], g)
			}
		}
		p.keeps(l, has, theirs, other.id, today)
		p.keeps(l, mine, own, other.id, today)
		if len(other.matched[l]) > 0 {
			p.matched[l][other.id] = true
		}
	}
	p.pasts = append(p.pasts, own)
	for _, before := range append(slices.Clone(other.pasts), theirs) {
		if before != theirs {
			before = before.through(other.id, p)
		}
		p.pasts = append(p.pasts, before)
	}
	p.facts, p.orders = append(p.facts, other.facts...), append(p.orders, other.orders...)
	p.beans += other.beans
	p.joined, other.joined, other.into = p.joined+1, other.joined+1, p
}

// keeps lets a tier that one of the members had at a merge last until its end.
func (p *lodger) keeps(l int, had *ladders.Paper, of *past, by string, today tiers.Day) {
	if until := p.until(l, had, of.on); until > today {
		p.grants[l] = append(p.grants[l], granted{Grant: tiers.Grant{Tier: had.Tier(), From: of.on, Until: until}, by: by, of: of})
	}
}

// ahead is more than the longest window and its grace: what is held then is held for good.
const ahead = 800

// until is how long a tier is kept that one of the members had at a merge, 0 where that takes
// nothing: one without an end is kept unless what was counted gives it as long anyway.
func (p *lodger) until(l int, had *ladders.Paper, on tiers.Day) tiers.Day {
	rank := had.Rank()
	if rank < 0 {
		return 0
	}
	if had.Until() < tiers.LastDay {
		return had.Until()
	}
	tier, until := p.ladders[l].Tiers[rank], had.Lasts(ahead)
	if tier.Enter.IsZero() {
		return 0
	}
	if len(p.ladders[l].Rollover) > 0 {
		return until
	}
	for _, back := range []bool{false, true} {
		if alone := p.paper(l).Alone(on, had.Facts, back); alone.Rank() < rank || alone.Lasts(ahead) < until {
			return until
		}
	}
	return 0
}

// through is a past as the next one inherits it; grants that it brought are its own now.
func (b *past) through(member string, into *lodger) *past {
	next := &past{path: append(slices.Clone(b.path), member), on: b.on, lived: b.lived}
	for _, given := range b.given {
		next.given = append(next.given, slices.Clone(given))
	}
	for l := range into.grants {
		for i := range into.grants[l] {
			if g := &into.grants[l][i]; g.of == b && g.by == member {
				g.of = next
			}
		}
	}
	return next
}

// parts takes a member out of this one again.
func (p *lodger) parts(other *lodger) {
	// Their own life up to an earlier merge has the same path, and comes before.
	var theirs *past
	for _, b := range p.pasts {
		if slices.Equal(b.path, []string{other.id}) && b.lived.id == other.id {
			theirs = b
		}
	}
	p.facts = slices.DeleteFunc(slices.Clone(p.facts), func(f *ladders.Fact) bool { return slices.Contains(theirs.lived.facts, f) })
	p.orders = slices.DeleteFunc(slices.Clone(p.orders), func(o *stayOrder) bool { return slices.Contains(other.orders, o) })
	p.beans -= other.beans
	for l := range p.ladders {
		other.grants[l] = slices.DeleteFunc(other.grants[l], func(g granted) bool { return g.of != nil })
		var own []granted
		for _, g := range p.grants[l] {
			switch {
			case g.by != other.id:
				own = append(own, g)
			case g.of != nil:
				if i := slices.IndexFunc(other.pasts, func(b *past) bool { return b.leadsTo(g.of) }); i >= 0 {
					g.of, g.by = other.pasts[i], other.pasts[i].by()
					other.grants[l] = append(other.grants[l], g)
				}
			}
		}
		p.grants[l] = own
		delete(p.matched[l], other.id)
	}
	for _, before := range other.pasts {
		if i := slices.IndexFunc(p.pasts, before.leadsTo); i >= 0 {
			before.given = p.pasts[i].given
		}
	}
	p.pasts = slices.DeleteFunc(p.pasts, func(b *past) bool { return b.by() == other.id })
	p.without(theirs)
	other.into = nil
}

// without ends what merges since then kept of the member's own tiers that rested on what
// somebody takes out again.
func (p *lodger) without(theirs *past) {
	for _, before := range p.pasts {
		own := func(f *ladders.Fact) bool { return slices.Contains(theirs.lived.facts, f) }
		if len(before.path) > 0 || !slices.ContainsFunc(before.lived.facts, own) {
			continue
		}
		life := before.lived.lives()
		life.facts = slices.DeleteFunc(life.facts, own)
		for l := range p.ladders {
			then := life.on(l, before.on)
			p.grants[l] = slices.DeleteFunc(p.grants[l], func(g granted) bool {
				return g.of == before && then.Tier() != g.Tier
			})
		}
	}
}

// by names who brought a past, or came at the end of the member's own.
func (b *past) by() string {
	if n := len(b.path); n > 0 {
		return b.path[n-1]
	}
	return b.with
}

// leadsTo reports whether a past is this one, as the next one inherited it.
func (b *past) leadsTo(next *past) bool {
	return b.lived == next.lived && len(next.path) == len(b.path)+1
}
