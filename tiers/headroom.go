package tiers

// Headroom tells how much more may be counted before anything can change, so that a
// caller who knows it may count without evaluating. The state must be evaluated to its
// day, that one decided (see [Ladder.Decide]).
//
// Before the day until, exclusive, the state stays as it is but for State.At, as long as
// nothing is counted on days before State.At, nothing is taken back, and of each metric
// of room less than AtLeast is added in all; metrics that are not in room do not matter.
// What is added so brings no change of later days forward.
// Where nothing can be promised, as where something is counted on days after State.At
// already, until is not after State.At.
func (l *Ladder) Headroom(s State, m *Member) (room []Need, until Day) {
	if s.At == 0 || s.Lapsed != 0 || l.Window.Kind == TierAnniversary && s.Since == s.At {
		return nil, s.At // The day on which a tier starts is decided by the period before it.
	}
	e := evaluation{ladder: l, member: m, state: s}
	e.metrics = l.appendMetrics(e.space[:0])
	if m.Counts.next(e.metrics, s.At) < LastDay {
		return nil, s.At
	}
	from, end := e.period(s.At)
	until = l.NextChange(s, m)
	if l.Window.periodic() {
		until = min(until, end)
	}
	carried, rank := e.carriedIn(from), e.rank()
	if len(l.Rollover) > 0 && rank != none {
		return nil, s.At // What is added may keep the tier in the next period.
	}
	lowest := rank
	if l.Start == NextPeriod {
		lowest = max(lowest, l.rank(s.Next))
	}
	for next := lowest + 1; next < len(l.Tiers); next++ {
		missing := e.missing(e.entry(next), from, s.At, carried)
		if len(missing) == 0 {
			return nil, s.At
		}
		room = narrow(room, missing)
	}
	if l.End == EndOfNextPeriod && rank != none {
		room = narrow(room, e.missing(l.keep(rank), from, s.At, carried))
	}
	return room, until
}

// narrow leaves of each metric the room of what is missing least.
func narrow(room []Need, missing []Missing) []Need {
	for _, gap := range missing {
		known := false
		for i := range room {
			if room[i].Metric == gap.Metric {
				room[i].AtLeast, known = min(room[i].AtLeast, gap.Left), true
			}
		}
		if !known {
			room = append(room, Need{Metric: gap.Metric, AtLeast: gap.Left})
		}
	}
	return room
}
