package tiers

import (
	"math"
	"slices"
)

// Member is what is known of a member: when they joined, what they did and what
// they were granted.
type Member struct {
	// Enrolled is the day on which they joined: nothing is decided before it.
	Enrolled Day
	// Anniversary is the day whose anniversaries start periods, if that is not the
	// one of enrollment; 0 is not set.
	Anniversary Day
	// Counts is what they did, also before they joined.
	Counts Counts
	// Grants are in any order; of those that hold on a day the highest tier counts.
	Grants []Grant
}

func (m *Member) anniversary() Day {
	if m.Anniversary != 0 {
		return m.Anniversary
	}
	return m.Enrolled
}

// Grant is a tier that a member has for another reason than qualifying: a match,
// a trial, a courtesy. Qualifying goes on beneath it.
type Grant struct {
	// Tier is the code of a tier of the ladder; one that it does not have grants nothing.
	Tier string `json:"tier"`
	// From and Until bound the days, [From, Until).
	From  Day `json:"from"`
	Until Day `json:"until"`
	// Challenge, unless zero, is what must be met by the days of the grant for the
	// tier to be the member's own from Until on.
	Challenge Condition `json:"challenge,omitzero"`
}

// State is how a member stands on a ladder by qualifying, at the end of a day. The
// zero State is that of a member who has just enrolled.
type State struct {
	// Tier is empty for none. It is held from Since to Until, [Since, Until);
	// LastDay is never.
	Tier  string `json:"tier,omitempty"`
	Since Day    `json:"since,omitempty"`
	Until Day    `json:"until,omitempty"`
	// Highest is the highest tier ever held.
	Highest string `json:"highest,omitempty"`
	// Next is a tier that starts on the day NextFrom.
	Next     string `json:"next,omitempty"`
	NextFrom Day    `json:"nextFrom,omitempty"`
	// Lapsed is the day on which the tier ended, while grace lasts.
	Lapsed Day `json:"lapsed,omitempty"`
	// Carried counts in the period that starts on CarriedTo, beside what is counted
	// there.
	Carried   []Need `json:"carried,omitempty"`
	CarriedTo Day    `json:"carriedTo,omitempty"`
	// At is the last day that is decided, 0 before the first.
	At Day `json:"at,omitempty"`
}

// ChangeKind is a kind of change.
type ChangeKind string

// The kinds of changes.
const (
	// Promoted is to a higher tier.
	Promoted ChangeKind = "promoted"
	// Retained keeps the tier beyond its end, or ends its days of grace.
	Retained ChangeKind = "retained"
	// Demoted is to a lower tier, or to none.
	Demoted ChangeKind = "demoted"
	// Lapsing is a tier that was not kept, with which days of grace begin.
	Lapsing ChangeKind = "lapsing"
)

// Change is a change of a member's standing at the start of a day, or by what
// happened on it.
type Change struct {
	// Day is the first day of it.
	Day  Day
	Kind ChangeKind
	// From and To are tiers; empty is none. Until is to when To is held.
	From, To string
	Until    Day
	// Entered lists the tiers entered on the way up, the lowest first.
	Entered []string
}

const none = -1

// evaluation moves a state from event to event.
type evaluation struct {
	ladder  *Ladder
	member  *Member
	state   State
	changes []Change
	metrics []string
	space   [8]string
}

// Evaluate moves a state on to the end of a day, and returns it with what changed
// on the way. The result is a function of its arguments: evaluated in one step or
// in many, it is the same. Nothing is decided before the member enrolled, and what
// was counted before counts.
//
// The ladder must be valid, and no day may have come to less than nothing: what is
// taken back is taken from the day that it was counted on. Evaluate does not change
// its arguments.
func (l *Ladder) Evaluate(s State, m *Member, to Day) (State, []Change) {
	e := evaluation{ladder: l, member: m, state: s}
	e.metrics = l.appendMetrics(e.space[:0])
	day := s.At
	if s.At == 0 {
		e.state.Since = m.Enrolled
		day = m.Enrolled - 1
		if m.Enrolled <= to {
			day = m.Enrolled
			e.happen(day)
		}
	}
	for {
		next := e.next(day)
		if next > to || next == LastDay {
			break
		}
		day = next
		e.happen(day)
	}
	if to >= m.Enrolled {
		e.state.At = max(s.At, to)
	}
	return e.state, e.changes
}

// next is the first day after a day on which something may change.
func (e *evaluation) next(day Day) Day {
	next := e.member.Counts.next(e.metrics, day)
	if w := e.ladder.Window; w.Kind == Rolling && e.ladder.End == WhileHeld && e.state.Tier != "" {
		from, _ := w.period(day, 0, 0)
		if counted := e.member.Counts.next(e.metrics, from-1); counted < LastDay {
			next = min(next, max(day+1, w.leaves(counted)))
		}
	}
	if len(e.ladder.Rollover) > 0 || e.ladder.End == WhileHeld && e.ladder.Window.periodic() && e.state.Tier != "" {
		_, end := e.period(day)
		next = min(next, end)
	}
	if e.state.Tier != "" && e.state.Until > day {
		next = min(next, e.state.Until)
	}
	if e.state.Next != "" && e.state.NextFrom > day {
		next = min(next, e.state.NextFrom)
	}
	for i := range e.member.Grants {
		if g := &e.member.Grants[i]; !g.Challenge.IsZero() && g.Until > day {
			next = min(next, g.Until)
		}
	}
	return next
}

// period is the window's period that a day is in.
func (e *evaluation) period(day Day) (from, end Day) {
	since := e.state.Since
	if e.state.Tier == "" {
		since = e.member.anniversary()
	}
	return e.ladder.Window.period(day, e.member.anniversary(), since)
}

// happen decides a day: first what ends and starts with it, then what was counted
// on it.
func (e *evaluation) happen(day Day) {
	carried, turned := e.excess(day)
	if e.state.Next != "" && e.state.NextFrom == day {
		next := e.ladder.rank(e.state.Next)
		e.state.Next, e.state.NextFrom = "", 0
		if next > e.rank() {
			e.promote(day, next)
		}
	}
	for i := range e.member.Grants {
		g := &e.member.Grants[i]
		if g.Until == day && !g.Challenge.IsZero() && e.met(g.Challenge, g.From, day-1, nil) {
			if rank := e.ladder.rank(g.Tier); rank > e.rank() {
				e.promote(day, rank)
			}
		}
	}
	if e.state.Tier != "" && e.state.Until == day {
		e.end(day)
	}
	if turned {
		e.state.Carried, e.state.CarriedTo = carried, day
	}
	e.count(day)
}

// excess is what a period that ends with the day before carries into the next one,
// and whether one ends there.
func (e *evaluation) excess(day Day) (carried []Need, turned bool) {
	if len(e.ladder.Rollover) == 0 || day <= e.member.Enrolled {
		return nil, false
	}
	from, end := e.period(day - 1)
	if end != day {
		return nil, false
	}
	rank := e.rank()
	if rank == none {
		return nil, true
	}
	before := e.carriedIn(from)
	for _, r := range e.ladder.Rollover {
		over := e.have(r.Metric, from, day-1, before) - e.ladder.threshold(rank, r.Metric)
		if r.Most > 0 {
			over = min(over, r.Most)
		}
		if over > 0 {
			carried = append(carried, Need{Metric: r.Metric, AtLeast: over})
		}
	}
	return carried, true
}

// carriedIn is what was carried into the period that starts on a day.
func (e *evaluation) carriedIn(from Day) []Need {
	if e.state.CarriedTo == from {
		return e.state.Carried
	}
	return nil
}

// count decides what was counted on a day.
func (e *evaluation) count(day Day) {
	from, end := e.period(day)
	carried := e.carriedIn(from)
	if e.rank() == none && e.ladder.Tiers[0].Enter.IsZero() {
		e.promote(day, 0)
	}
	if best := e.best(from, day, carried); best > e.rank() {
		if e.ladder.Start == NextPeriod {
			if best > e.ladder.rank(e.state.Next) {
				e.state.Next, e.state.NextFrom = e.ladder.Tiers[best].Code, end
			}
		} else {
			e.promote(day, best)
			return
		}
	}
	rank := e.rank()
	if rank == none {
		return
	}
	keeps := e.holds(rank, from, day, carried)
	switch {
	case e.state.Lapsed != 0:
		e.regain(day, keeps)
	case e.ladder.End == WhileHeld && !keeps:
		e.lapse(day, from, day, carried)
	}
	if e.ladder.End == EndOfNextPeriod && keeps && e.state.Lapsed == 0 {
		if until := e.until(day); until > e.state.Until {
			e.state.Until = until
			e.change(Change{Day: day, Kind: Retained, From: e.state.Tier, To: e.state.Tier, Until: until})
		}
	}
}

// regain ends grace where the tier is kept after all: by the ended period and the
// days of grace together.
func (e *evaluation) regain(day Day, keeps bool) {
	if e.ladder.End != WhileHeld {
		from, _ := e.period(e.state.Lapsed - 1)
		keeps = e.met(e.ladder.keep(e.rank()), from, day, e.carriedIn(from))
	}
	if keeps {
		e.retain(e.state.Lapsed, day)
	}
}

// end decides whether a tier that ends on a day is kept.
func (e *evaluation) end(day Day) {
	ended := day - 1
	if e.state.Lapsed != 0 {
		ended = e.state.Lapsed - 1
	}
	from, _ := e.period(ended)
	carried := e.carriedIn(from)
	if e.ladder.End == WhileHeld {
		from, _ = e.period(day)
		e.demote(day, from, day, nil)
		return
	}
	if e.state.Lapsed == 0 && e.met(e.ladder.keep(e.rank()), from, ended, carried) {
		e.retain(day, day)
		return
	}
	if e.state.Lapsed == 0 {
		e.lapse(day, from, ended, carried)
		return
	}
	e.demote(day, from, day-1, carried)
}

// lapse begins the days of grace, or demotes at once.
func (e *evaluation) lapse(day, from, to Day, carried []Need) {
	if e.ladder.Grace == 0 {
		e.demote(day, from, to, carried)
		return
	}
	e.state.Lapsed, e.state.Until = day, day+Day(e.ladder.Grace)
	e.change(Change{Day: day, Kind: Lapsing, From: e.state.Tier, To: e.state.Tier, Until: e.state.Until})
}

func (e *evaluation) retain(from, day Day) {
	e.state.Lapsed, e.state.Until = 0, e.untilKept(from)
	if e.state.Until <= day {
		e.state.Until = e.untilKept(day) // grace was longer than a period
	}
	e.change(Change{Day: day, Kind: Retained, From: e.state.Tier, To: e.state.Tier, Until: e.state.Until})
}

func (e *evaluation) demote(day, from, to Day, carried []Need) {
	rank := e.rank()
	lower := rank - 1
	for lower > none && !e.holds(lower, from, to, carried) {
		lower--
	}
	if e.ladder.Down == OneStep {
		lower = max(lower, rank-1)
	}
	before := e.state.Tier
	e.state.Tier, e.state.Since, e.state.Lapsed = "", day, 0
	if lower > none {
		e.state.Tier = e.ladder.Tiers[lower].Code
	}
	e.state.Until = e.untilKept(day)
	e.change(Change{Day: day, Kind: Demoted, From: before, To: e.state.Tier, Until: e.state.Until})
}

func (e *evaluation) promote(day Day, rank int) {
	before := e.rank()
	c := Change{Day: day, Kind: Promoted, From: e.state.Tier, To: e.ladder.Tiers[rank].Code}
	for i := before + 1; i <= rank; i++ {
		c.Entered = append(c.Entered, e.ladder.Tiers[i].Code)
	}
	e.state.Tier, e.state.Since, e.state.Lapsed = c.To, day, 0
	if rank > e.ladder.rank(e.state.Highest) {
		e.state.Highest = c.To
	}
	if e.ladder.rank(e.state.Next) <= rank {
		e.state.Next, e.state.NextFrom = "", 0
	}
	e.state.Until = e.until(day)
	c.Until = e.state.Until
	e.change(c)
}

// until is when a tier ends that starts, or is earned again, on a day. One that
// everybody keeps never ends.
func (e *evaluation) until(day Day) Day {
	if e.endless() {
		return LastDay
	}
	_, end := e.period(day)
	switch e.ladder.End {
	case AfterSpan:
		return min(LastDay, e.ladder.Lasts.add(day, 1))
	case WhileHeld:
		return LastDay
	case EndOfNextPeriod:
		_, end = e.period(end)
	}
	return min(LastDay, end)
}

func (e *evaluation) endless() bool {
	rank := e.rank()
	return rank == none || e.ladder.keep(rank).IsZero()
}

// untilKept is when a tier ends next that was kept on the day it ended.
func (e *evaluation) untilKept(day Day) Day {
	if e.ladder.End == EndOfNextPeriod && !e.endless() {
		_, end := e.period(day)
		return min(LastDay, end)
	}
	return e.until(day)
}

func (e *evaluation) change(c Change) { e.changes = append(e.changes, c) }

// best is the highest tier that the days from one to another get a member into.
func (e *evaluation) best(from, to Day, carried []Need) int {
	for rank := len(e.ladder.Tiers) - 1; rank > none; rank-- {
		if e.met(e.entry(rank), from, to, carried) {
			return rank
		}
	}
	return none
}

// holds reports whether the days keep a member in a tier. Where a tier is held only
// while the window holds enough, what gets a member in keeps them too.
func (e *evaluation) holds(rank int, from, to Day, carried []Need) bool {
	return e.met(e.ladder.keep(rank), from, to, carried) || e.ladder.End == WhileHeld &&
		(e.met(e.ladder.Tiers[rank].Enter, from, to, carried) || e.met(e.entry(rank), from, to, carried))
}

// entry is what gets the member into a tier.
func (e *evaluation) entry(rank int) Condition {
	tier := &e.ladder.Tiers[rank]
	if rank <= e.ladder.rank(e.state.Highest) && !tier.Reenter.IsZero() {
		return tier.Reenter
	}
	return tier.Enter
}

func (e *evaluation) met(c Condition, from, to Day, carried []Need) bool {
	enough := func(n Need) bool {
		return e.have(n.Metric, from, to, carried) >= n.AtLeast
	}
	for _, n := range c.All {
		if !enough(n) {
			return false
		}
	}
	return len(c.Any) == 0 || slices.ContainsFunc(c.Any, enough)
}

// have is what counts of a metric: what was counted on the days, and what was carried over.
func (e *evaluation) have(metric string, from, to Day, carried []Need) int64 {
	counted, more := e.member.Counts.Sum(metric, from, to), amountOf(carried, metric)
	if counted > math.MaxInt64-more {
		return math.MaxInt64
	}
	return counted + more
}

func amountOf(carried []Need, metric string) int64 {
	for _, n := range carried {
		if n.Metric == metric {
			return n.AtLeast
		}
	}
	return 0
}

func (e *evaluation) rank() int { return e.ladder.rank(e.state.Tier) }

// rank is a tier's place, from 0; none is -1.
func (l *Ladder) rank(code string) int {
	if code == "" {
		return none
	}
	return slices.IndexFunc(l.Tiers, func(t Tier) bool { return t.Code == code })
}

func (l *Ladder) keep(rank int) Condition {
	if tier := &l.Tiers[rank]; !tier.Keep.IsZero() {
		return tier.Keep
	}
	return l.Tiers[rank].Enter
}

// appendMetrics appends the metrics that the ladder counts, each once.
func (l *Ladder) appendMetrics(metrics []string) []string {
	for i := range l.Tiers {
		t := &l.Tiers[i]
		for _, c := range [...]*Condition{&t.Enter, &t.Keep, &t.Reenter} {
			for _, needs := range [...][]Need{c.All, c.Any} {
				for _, n := range needs {
					if !slices.Contains(metrics, n.Metric) {
						metrics = append(metrics, n.Metric)
					}
				}
			}
		}
	}
	return metrics
}

// threshold is the most of a metric that a tier asks for.
func (l *Ladder) threshold(rank int, metric string) int64 {
	var most int64
	for _, c := range []Condition{l.Tiers[rank].Enter, l.keep(rank)} {
		for _, needs := range [][]Need{c.All, c.Any} {
			for _, n := range needs {
				if n.Metric == metric {
					most = max(most, n.AtLeast)
				}
			}
		}
	}
	return most
}
