package tiers

import "math"

// Progress is what a member page shows of a ladder.
type Progress struct {
	// Tier is empty for none. It is held from Since until Until, exclusive; LastDay is
	// never. Granted is set where it is held by a grant.
	Tier    string
	Since   Day
	Until   Day
	Granted bool
	// Next is the next tier up, with what is missing to it; empty at the top.
	Next    string
	Missing []Missing
	// Keeping is what is missing to keep the tier that the member qualified for beyond its
	// end, if it is counted on the days that are left of [KeepFrom, KeepUntil); empty means
	// kept, and the days are then 0.
	Keeping             []Missing
	KeepFrom, KeepUntil Day
	// PeriodEnd is when what counts now ends, exclusive, and Projected the tier
	// then if nothing more happens.
	PeriodEnd Day
	Projected string
}

// Missing is what is left to a threshold.
type Missing struct {
	// Metric is the code of what is counted.
	Metric string
	// Have counts now, with what was carried over, and Need is the threshold; Left is what
	// is missing, above 0. All are in the metric's smallest step.
	Have, Need, Left int64
	// Any is set where one threshold of several is enough.
	Any bool
}

// Progress tells how a member stands at the end of a day. The state must be
// evaluated to that day, and the ladder be valid.
func (l *Ladder) Progress(s State, m *Member, day Day) Progress {
	e := evaluation{ladder: l, member: m, state: s}
	p := Progress{Tier: s.Tier, Since: s.Since, Until: s.Until}
	if s.Tier == "" {
		p.Until = LastDay
	}
	rank := e.rank()
	if g := l.granted(m, day); g != nil && l.rank(g.Tier) > rank {
		p.Tier, p.Since, p.Until, p.Granted = g.Tier, g.From, g.Until, true
	}
	from, end := e.period(day)
	carried := e.carriedIn(from)
	if p.PeriodEnd = end; !l.Window.periodic() {
		p.PeriodEnd = LastDay
	}
	if next := max(rank, l.rank(p.Tier)) + 1; next < len(l.Tiers) {
		p.Next = l.Tiers[next].Code
		p.Missing = e.missing(e.entry(next), from, day, carried)
	}
	p.Keeping, p.KeepFrom, p.KeepUntil = e.keeping(day)
	p.Projected = p.Tier
	if ends := min(p.PeriodEnd, p.Until); ends < LastDay {
		later, _ := l.Evaluate(s, m, ends)
		p.Projected = l.Effective(later, m, ends)
	}
	return p
}

// Holding is the tier that counts on a day, as Effective, with the days that bound it
// and whether it is held by a grant. Without a tier the days are 0.
func (l *Ladder) Holding(s State, m *Member, day Day) (tier string, since, until Day, granted bool) {
	if g := l.granted(m, day); g != nil && l.rank(g.Tier) > l.rank(s.Tier) {
		return g.Tier, g.From, g.Until, true
	}
	if s.Tier == "" {
		return "", 0, 0, false
	}
	return s.Tier, s.Since, s.Until, false
}

// Effective is the tier that counts on a day: the one a member qualified for, or a
// higher one by a grant.
func (l *Ladder) Effective(s State, m *Member, day Day) string {
	if g := l.granted(m, day); g != nil && l.rank(g.Tier) > l.rank(s.Tier) {
		return g.Tier
	}
	return s.Tier
}

// granted is the grant of the highest tier that holds on a day, nil for none.
func (l *Ladder) granted(m *Member, day Day) *Grant {
	var best *Grant
	for i := range m.Grants {
		g := &m.Grants[i]
		if g.From <= day && day < g.Until && (best == nil || l.rank(g.Tier) > l.rank(best.Tier)) {
			best = g
		}
	}
	return best
}

func (e *evaluation) missing(c Condition, from, to Day, carried []Need) []Missing {
	if e.met(c, from, to, carried) {
		return nil
	}
	var missing []Missing
	list := func(needs []Need, any bool) {
		for _, n := range needs {
			have := e.have(n.Metric, from, to, carried)
			if have < n.AtLeast {
				missing = append(missing, Missing{Metric: n.Metric, Have: have, Need: n.AtLeast, Left: n.AtLeast - have, Any: any})
			}
		}
	}
	list(c.All, false)
	if !e.met(Condition{Any: c.Any}, from, to, carried) {
		list(c.Any, true)
	}
	return missing
}

// keeping is what is missing at the end of a day to keep the tier beyond its end, and the
// days that count for it.
func (e *evaluation) keeping(day Day) (missing []Missing, from, until Day) {
	rank := e.rank()
	if rank == none || e.state.Until == LastDay || e.state.Until <= day {
		return nil, 0, 0
	}
	until = e.state.Until
	later, _ := e.ladder.Evaluate(e.state, e.member, until)
	if e.ladder.rank(later.Tier) >= rank && later.Lapsed == 0 {
		return nil, 0, 0
	}
	if e.ladder.End == WhileHeld {
		from, _ = e.period(until - 1)
		return e.missingToHold(rank, from, until-1), from, until
	}
	ended := until
	if e.state.Lapsed != 0 {
		ended = e.state.Lapsed
	}
	from, _ = e.period(ended - 1)
	at := evaluation{ladder: e.ladder, member: e.member}
	at.state, _ = e.ladder.Evaluate(e.state, e.member, until-1)
	missing = at.missing(e.ladder.keep(rank), from, until-1, at.carriedIn(from))
	if missing == nil {
		return nil, 0, 0
	}
	return missing, from, until
}

// missingToHold is what is missing to hold a tier: to keep it or to get in, whichever is
// less.
func (e *evaluation) missingToHold(rank int, from, to Day) []Missing {
	least := e.missing(e.ladder.keep(rank), from, to, nil)
	for _, c := range [...]Condition{e.ladder.Tiers[rank].Enter, e.entry(rank)} {
		if other := e.missing(c, from, to, nil); inAll(other) < inAll(least) {
			least = other
		}
	}
	return least
}

// inAll is how much is missing together.
func inAll(missing []Missing) int64 {
	most, one := map[string]int64{}, int64(math.MaxInt64)
	for _, m := range missing {
		if !m.Any {
			most[m.Metric] = max(most[m.Metric], m.Left)
		}
	}
	for _, m := range missing {
		if m.Any {
			one = min(one, max(0, m.Left-most[m.Metric]))
		}
	}
	if one == math.MaxInt64 {
		one = 0
	}
	for _, left := range most {
		one += min(left, math.MaxInt64-one)
	}
	return one
}

// Reach is the first day whose counts can matter to a state that is evaluated from
// a day on: older ones may be forgotten (see [Counts.Forget]).
func (l *Ladder) Reach(s State, m *Member) Day {
	e := evaluation{ladder: l, member: m, state: s}
	day := s.At
	if s.Lapsed != 0 {
		day = min(day, s.Lapsed-1)
	}
	if s.Tier != "" && s.Until <= s.At+1 {
		day = min(day, s.Until-1)
	}
	from, _ := e.period(day)
	if l.Window.Kind == TierAnniversary {
		// Once the tier is lost, the periods of a member without one count again.
		untiered, _ := l.Window.period(day, m.anniversary(), m.anniversary())
		from = min(from, untiered)
	}
	if l.Window.Kind == Lifetime {
		from = day
	}
	for i := range m.Grants {
		if g := &m.Grants[i]; !g.Challenge.IsZero() && g.Until > s.At {
			from = min(from, g.From)
		}
	}
	return from
}
