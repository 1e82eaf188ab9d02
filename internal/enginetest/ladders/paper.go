// Package ladders decides tiers day by day and from all facts there are, as one would on
// paper: what tests of tiers and of the engine hold them against. It is slow on purpose.
package ladders

import (
	"slices"

	"github.com/loyaltykit/loyaltykit/tiers"
)

// Fact is something that happened on a day.
type Fact struct {
	Day    tiers.Day
	Metric string
	Amount int64
}

// Anniversary is the day whose anniversaries start periods from the day From on.
type Anniversary struct {
	From, Day tiers.Day
}

// Paper is a member on a ladder. Facts and Grants may be changed between the days that it
// is brought to: what was decided stays, and what comes is decided by what is known then.
type Paper struct {
	Ladder   tiers.Ladder
	Enrolled tiers.Day
	// Anniversaries are in order of From; before the first it is the day of enrollment.
	Anniversaries []Anniversary
	Facts         []Fact
	Grants        []tiers.Grant
	// Log has a line for each change, and Entered the tiers that were entered, on the days
	// EnteredOn.
	Log, Entered []string
	EnteredOn    []tiers.Day

	// at is the last day that is decided, 0 before the first.
	at            tiers.Day
	tier, highest int
	since, until  tiers.Day
	next          int
	nextFrom      tiers.Day
	lapsed        tiers.Day
	carried       map[string]int64
	carriedTo     tiers.Day
}

// Copy is one that goes its own way.
func (n *Paper) Copy() *Paper {
	c := *n
	c.Facts, c.Grants, c.Anniversaries = slices.Clone(n.Facts), slices.Clone(n.Grants), slices.Clone(n.Anniversaries)
	c.Log, c.Entered = slices.Clone(n.Log), slices.Clone(n.Entered)
	c.EnteredOn = slices.Clone(n.EnteredOn)
	return &c
}

// At is the last day that is decided, 0 before the first.
func (n *Paper) At() tiers.Day { return n.at }

// Tier is the tier that the member qualified for, empty for none.
func (n *Paper) Tier() string {
	if n.at == 0 {
		return ""
	}
	return n.name(n.tier)
}

// Lapsed is the day on which grace began, 0 where none is.
func (n *Paper) Lapsed() tiers.Day { return n.lapsed }

// Rank is the place of the tier that the member qualified for, from 0; none is -1.
func (n *Paper) Rank() int {
	if n.at == 0 {
		return -1
	}
	return n.tier
}

// Lasts is the first day without that tier if nothing more happens, as far as a paper looks
// ahead: after that it lasts for good.
func (n *Paper) Lasts(ahead tiers.Day) tiers.Day {
	if n.Ladder.End != tiers.WhileHeld || n.Rank() < 0 || n.until < tiers.LastDay {
		return n.until
	}
	c := n.Copy()
	c.Grants = nil
	for c.at < n.at+ahead {
		if c.To(c.at + 1); c.tier < n.tier {
			return c.at
		}
	}
	return tiers.LastDay
}

// Alone is another one who is decided from a day on by facts of others alone: one who enters
// every tier for the first time, or one who comes back to each.
func (n *Paper) Alone(from tiers.Day, facts []Fact, back bool) *Paper {
	ladder := n.Ladder
	if back {
		ladder.Tiers = slices.Clone(ladder.Tiers)
		for i := range ladder.Tiers {
			if t := &ladder.Tiers[i]; !t.Reenter.IsZero() {
				t.Enter = t.Reenter
			}
		}
	}
	c := &Paper{Ladder: ladder, Enrolled: n.Enrolled, Anniversaries: n.Anniversaries, Facts: facts}
	c.To(n.Enrolled - 1)
	c.at = max(n.Enrolled, from) - 1
	c.To(c.at + 1)
	return c
}

// Until is when that tier ends.
func (n *Paper) Until() tiers.Day { return n.until }

// Holding is the tier that counts on the last day that was decided, with the days that
// bound it, and whether it is held by a grant.
func (n *Paper) Holding() (tier string, since, until tiers.Day, granted bool) {
	best := -1
	if n.at != 0 {
		best = n.tier
	}
	if best >= 0 {
		since, until = n.since, n.until
	}
	for _, g := range n.Grants {
		if rank := n.find(g.Tier); g.From <= n.at && n.at < g.Until && rank > best {
			best, since, until, granted = rank, g.From, g.Until, true
		}
	}
	return n.name(best), since, until, granted
}

func (n *Paper) name(tier int) string {
	if tier < 0 {
		return ""
	}
	return n.Ladder.Tiers[tier].Code
}

func (n *Paper) find(code string) int {
	return slices.IndexFunc(n.Ladder.Tiers, func(t tiers.Tier) bool { return t.Code == code })
}

func (n *Paper) say(day tiers.Day, kind tiers.ChangeKind, before int) {
	n.Log = append(n.Log, day.String()+" "+string(kind)+" "+n.name(before)+" "+n.name(n.tier)+" "+n.until.String())
}

func step(s tiers.Span, d tiers.Day, k int) tiers.Day {
	if s.Days != 0 {
		return d + tiers.Day(k*s.Days)
	}
	return d.AddMonths(k * s.Months)
}

// span is the period that a day is in, as it is seen on the day that is decided.
func (n *Paper) span(day tiers.Day) (from, end tiers.Day) {
	base := tiers.Date(1900, 1, 1)
	s := n.Ladder.Window.Span
	switch n.Ladder.Window.Kind {
	case tiers.Lifetime:
		return tiers.FirstDay, day + 1
	case tiers.Rolling:
		return max(tiers.FirstDay, step(s, day+1, -1)), day + 1
	case tiers.Anniversary:
		base = n.anniversary()
	case tiers.TierAnniversary:
		base = n.anniversary()
		if n.tier >= 0 {
			base = n.since
		}
	case tiers.Cycle:
		base = n.Ladder.Window.From
	}
	k := 0
	for step(s, base, k) > day {
		k--
	}
	for step(s, base, k+1) <= day {
		k++
	}
	return step(s, base, k), step(s, base, k+1)
}

func (n *Paper) met(c tiers.Condition, from, to tiers.Day, carry bool) bool {
	enough := func(need tiers.Need) bool {
		var sum int64
		for _, f := range n.Facts {
			if f.Metric == need.Metric && from <= f.Day && f.Day <= to {
				sum += f.Amount
			}
		}
		if carry && n.carriedTo == from {
			sum += n.carried[need.Metric]
		}
		return sum >= need.AtLeast
	}
	all, one := true, len(c.Any) == 0
	for _, need := range c.All {
		all = all && enough(need)
	}
	for _, need := range c.Any {
		one = one || enough(need)
	}
	return all && one
}

func (n *Paper) keep(tier int) tiers.Condition {
	t := n.Ladder.Tiers[tier]
	if len(t.Keep.All)+len(t.Keep.Any) > 0 {
		return t.Keep
	}
	return t.Enter
}

func (n *Paper) stays(tier int, from, to tiers.Day, carry bool) bool {
	kept := n.met(n.keep(tier), from, to, carry)
	if n.Ladder.End == tiers.WhileHeld {
		again := n.Ladder.Tiers[tier].Reenter
		kept = kept || n.met(n.Ladder.Tiers[tier].Enter, from, to, carry) || !again.IsZero() && n.met(again, from, to, carry)
	}
	return kept
}

func (n *Paper) ends(day tiers.Day, fresh bool) tiers.Day {
	_, end := n.span(day)
	switch {
	case n.tier < 0, n.keep(n.tier).IsZero(), n.Ladder.End == tiers.WhileHeld:
		return tiers.LastDay
	case n.Ladder.End == tiers.AfterSpan:
		return step(n.Ladder.Lasts, day, 1)
	case n.Ladder.End == tiers.EndOfNextPeriod && fresh:
		_, end = n.span(end)
	}
	return end
}

func (n *Paper) up(day tiers.Day, tier int) {
	before := n.tier
	for _, entered := range n.Ladder.Tiers[before+1 : tier+1] {
		n.Entered, n.EnteredOn = append(n.Entered, entered.Code), append(n.EnteredOn, day)
	}
	n.tier, n.since, n.lapsed = tier, day, 0
	n.highest = max(n.highest, tier)
	if n.next <= tier {
		n.next = -1
	}
	n.until = n.ends(day, true)
	n.say(day, tiers.Promoted, before)
}

func (n *Paper) down(day, from, to tiers.Day, carry bool) {
	before := n.tier
	lower := before - 1
	for lower >= 0 && !n.stays(lower, from, to, carry) {
		lower--
	}
	if n.Ladder.Down == tiers.OneStep {
		lower = before - 1
	}
	n.tier, n.since, n.lapsed = lower, day, 0
	n.until = n.ends(day, false)
	n.say(day, tiers.Demoted, before)
}

// fail is what happens when a tier is not kept.
func (n *Paper) fail(day, from, to tiers.Day, carry bool) {
	if n.Ladder.Grace == 0 {
		n.down(day, from, to, carry)
		return
	}
	n.lapsed, n.until = day, day+tiers.Day(n.Ladder.Grace)
	n.say(day, tiers.Lapsing, n.tier)
}

// To decides all days up to one.
func (n *Paper) To(to tiers.Day) {
	if n.at == 0 {
		n.tier, n.highest, n.next, n.since, n.until = -1, -1, -1, n.Enrolled, tiers.LastDay
		n.at = n.Enrolled - 1
	}
	for n.at < to {
		n.at++
		n.day(n.at)
	}
}

// anniversary is the one that counts on the day that is decided.
func (n *Paper) anniversary() tiers.Day {
	day := n.Enrolled
	for _, a := range n.Anniversaries {
		if a.From <= n.at {
			day = a.Day
		}
	}
	return day
}

func (n *Paper) day(day tiers.Day) {
	// What the period before leaves over.
	var left map[string]int64
	turned := false
	if from, end := n.span(day - 1); len(n.Ladder.Rollover) > 0 && day > n.Enrolled && end == day {
		turned = true
		left = map[string]int64{}
		for _, r := range n.Ladder.Rollover {
			if n.tier < 0 {
				continue
			}
			var needed, have int64
			for _, c := range []tiers.Condition{n.Ladder.Tiers[n.tier].Enter, n.keep(n.tier)} {
				for _, need := range append(append([]tiers.Need{}, c.All...), c.Any...) {
					if need.Metric == r.Metric {
						needed = max(needed, need.AtLeast)
					}
				}
			}
			for _, f := range n.Facts {
				if f.Metric == r.Metric && from <= f.Day && f.Day < day {
					have += f.Amount
				}
			}
			if n.carriedTo == from {
				have += n.carried[r.Metric]
			}
			over := have - needed
			if r.Most > 0 {
				over = min(over, r.Most)
			}
			left[r.Metric] = max(0, over)
		}
	}
	if n.next >= 0 && n.nextFrom == day {
		tier := n.next
		n.next = -1
		if tier > n.tier {
			n.up(day, tier)
		}
	}
	for _, g := range n.Grants {
		if g.Until == day && len(g.Challenge.All)+len(g.Challenge.Any) > 0 && n.met(g.Challenge, g.From, day-1, false) && n.find(g.Tier) > n.tier {
			n.up(day, n.find(g.Tier))
		}
	}
	if n.tier >= 0 && n.until == day {
		n.ended(day)
	}
	if turned {
		n.carried, n.carriedTo = left, day
	}
	n.counted(day)
}

func (n *Paper) ended(day tiers.Day) {
	switch {
	case n.Ladder.End == tiers.WhileHeld:
		from, _ := n.span(day)
		n.down(day, from, day, false)
	case n.lapsed != 0:
		from, _ := n.span(n.lapsed - 1)
		n.down(day, from, day-1, true)
	default:
		from, _ := n.span(day - 1)
		if n.met(n.keep(n.tier), from, day-1, true) {
			n.until = n.ends(day, false)
			n.say(day, tiers.Retained, n.tier)
			return
		}
		n.fail(day, from, day-1, true)
	}
}

func (n *Paper) counted(day tiers.Day) {
	if n.tier < 0 && n.Ladder.Tiers[0].Enter.IsZero() {
		n.up(day, 0)
	}
	from, end := n.span(day)
	best := -1
	for tier, t := range n.Ladder.Tiers {
		enter := t.Enter
		if tier <= n.highest && !t.Reenter.IsZero() {
			enter = t.Reenter
		}
		if n.met(enter, from, day, true) {
			best = tier
		}
	}
	if best > n.tier {
		if n.Ladder.Start != tiers.NextPeriod {
			n.up(day, best)
			return
		}
		if best > n.next {
			n.next, n.nextFrom = best, end
		}
	}
	if n.tier < 0 {
		return
	}
	kept := n.stays(n.tier, from, day, true)
	switch {
	case n.lapsed != 0:
		since := n.lapsed
		if n.Ladder.End != tiers.WhileHeld {
			before, _ := n.span(since - 1)
			kept = n.met(n.keep(n.tier), before, day, true)
		}
		if kept {
			n.lapsed = 0
			if n.until = n.ends(since, false); n.until <= day {
				n.until = n.ends(day, false)
			}
			n.say(day, tiers.Retained, n.tier)
		}
	case n.Ladder.End == tiers.WhileHeld && !kept:
		n.fail(day, from, day, true)
	}
	if n.Ladder.End == tiers.EndOfNextPeriod && n.lapsed == 0 && n.stays(n.tier, from, day, true) {
		if until := n.ends(day, true); until > n.until {
			n.until = until
			n.say(day, tiers.Retained, n.tier)
		}
	}
}
