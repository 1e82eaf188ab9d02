package tiers

import "slices"

// Decide is [Ladder.Evaluate] where the last day is decided whether something was
// counted on it or not: what was counted late, on days that are decided for good,
// tells from then on.
func (l *Ladder) Decide(s State, m *Member, day Day) (State, []Change) {
	if day <= m.Enrolled || s.At >= day {
		return l.Evaluate(s, m, day)
	}
	s, changes := l.Evaluate(s, m, day-1)
	e := evaluation{ladder: l, member: m, state: s, changes: changes}
	e.happen(day)
	e.state.At = day
	return e.state, e.changes
}

// Adopt lets a ladder take the place of another text of it from a day on, given
// the state at the end of the day before. Who has a tier that it does not have comes
// to the highest that it shares with the other one below that. A tier that never
// ended and now does ends as if it started on the day.
func (l *Ladder) Adopt(s State, before *Ladder, m *Member, day Day) (State, []Change) {
	if s.At == 0 || s.At >= day {
		return l.Evaluate(s, m, day)
	}
	e := evaluation{ladder: l, member: m, state: s}
	e.state.Highest = l.shared(s.Highest, before)
	if s.Next != "" && l.rank(s.Next) == none {
		e.state.Next, e.state.NextFrom = "", 0
	}
	if !l.Window.periodic() {
		e.state.Carried, e.state.CarriedTo = nil, 0
	}
	if s.Tier != "" && l.rank(s.Tier) == none {
		e.state.Tier, e.state.Since, e.state.Lapsed = l.shared(s.Tier, before), day, 0
		e.state.Until = e.untilKept(day)
		e.change(Change{Day: day, Kind: Demoted, From: s.Tier, To: e.state.Tier, Until: e.state.Until})
	}
	if e.state.Tier != "" && e.state.Lapsed == 0 && (l.End == WhileHeld || e.endless() || e.state.Until == LastDay) {
		e.state.Until = e.untilKept(day)
	}
	e.happen(day)
	e.state.At = day
	return e.state, e.changes
}

// shared is a tier, or the highest below it that both ladders have.
func (l *Ladder) shared(code string, before *Ladder) string {
	for rank := before.rank(code); rank > none; rank-- {
		if code := before.Tiers[rank].Code; l.rank(code) > none {
			return code
		}
	}
	return ""
}

// maxLook bounds how many days NextChange looks at.
const maxLook = 400

// NextChange returns a day after the state's last before which nothing changes if
// nothing more happens: as a rule the first one on which something does, [LastDay] if
// nothing ever will.
func (l *Ladder) NextChange(s State, m *Member) Day {
	first := LastDay
	for i := range m.Grants {
		for _, day := range [...]Day{m.Grants[i].From, m.Grants[i].Until} {
			if day > s.At {
				first = min(first, day)
			}
		}
	}
	if s.At == 0 {
		return min(first, m.Enrolled)
	}
	e := evaluation{ladder: l, member: m, state: s}
	e.metrics = l.appendMetrics(e.space[:0])
	day := s.At
	for range maxLook {
		next := e.next(day)
		if next >= first || e.idle(day) {
			return first
		}
		day = next
		e.happen(day)
		if len(e.changes) > 0 {
			break
		}
	}
	return min(first, day)
}

// idle reports whether nothing is left that could change anything after a day.
func (e *evaluation) idle(day Day) bool {
	return e.state.Tier == "" && e.state.Next == "" && len(e.state.Carried) == 0 && e.member.Counts.next(e.metrics, day) == LastDay
}

// Metrics returns the metrics that the ladder counts, sorted.
func (l *Ladder) Metrics() []string {
	metrics := l.appendMetrics(nil)
	slices.Sort(metrics)
	return metrics
}

// Counts reports whether a metric can change anything on the ladder.
func (l *Ladder) Counts(metric string) bool {
	needs := func(c *Condition) bool {
		counts := func(n Need) bool { return n.Metric == metric }
		return slices.ContainsFunc(c.All, counts) || slices.ContainsFunc(c.Any, counts)
	}
	for i := range l.Tiers {
		if t := &l.Tiers[i]; needs(&t.Enter) || needs(&t.Keep) || needs(&t.Reenter) {
			return true
		}
	}
	return false
}

// Find returns the tier of a code and its place in the ladder, from 0; -1 is none.
func (l *Ladder) Find(code string) (*Tier, int) {
	rank := l.rank(code)
	if rank == none {
		return nil, none
	}
	return &l.Tiers[rank], rank
}
