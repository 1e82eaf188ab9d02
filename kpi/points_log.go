package kpi

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

// PointMonth is what became in one month of the points that were earned in one.
type PointMonth struct {
	// Earned is the month in which the points were earned, Moved that in which they
	// moved: the same or a later one.
	Earned, Moved Period
	PointStep
	// Pending is how many more are pending than before, below 0 where some matured.
	Pending int64
}

// PointHistory is what became of points by the month in which they were earned.
type PointHistory struct {
	// Months are in order of Earned, then of Moved.
	Months []PointMonth
	// Debt is what members owe, in points. It is in no month.
	Debt int64
	// Late counts moves from the end on, which were dropped.
	Late int
}

// PointAccumulator counts points by the month in which they were earned and that in
// which they moved. It keeps one sum for each such pair of months. One goroutine uses
// it. [Ultimate] and [EstimateUltimate] have the sources.
type PointAccumulator struct {
	until  int64
	zone   *time.Location
	clock  clock
	months map[pointMonths]pointSums
	debt   int64
	late   int
}

type pointMonths struct{ earned, moved int64 }

type pointSums struct{ issued, redeemed, expired, pending int64 }

// NewPointAccumulator returns an empty one for what moved before an instant, in months
// of a zone, one that the IANA database names; nil is UTC. An error wraps [ErrInvalid].
func NewPointAccumulator(until time.Time, zone *time.Location) (*PointAccumulator, error) {
	var problems Problems
	checkZone(&problems, "zone", zone)
	checkEnd(&problems, "until", until)
	if until.IsZero() {
		problems.Add("until", "must be said: counts are as of an instant")
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	zone = orUTC(zone)
	return &PointAccumulator{until: until.UnixMicro(), zone: zone, clock: newClock(string(Monthly), zone)}, nil
}

func (a *PointAccumulator) key() string { return fmt.Sprintf("until %d, zone %s", a.until, a.zone) }

// Add adds a move: both of its sides. What comes from a bucket of the program's is
// issued, or comes back; what goes there is gone. Points that pay a debt at once are no
// month's; those of a lot of after the end are the last month's. The error wraps [ErrMove], and then nothing was added.
func (a *PointAccumulator) Add(m PointMove) error {
	if err := m.check(); err != nil {
		return err
	}
	if m.At.UnixMicro() >= a.until {
		a.late++
		return nil
	}
	var debt int64
	if m.From == DebtPoints {
		debt += m.Points
	}
	if m.To == DebtPoints {
		debt -= m.Points
	}
	if debt > 0 && a.debt > mostPoints-debt || debt < 0 && a.debt < -mostPoints-debt {
		return fmt.Errorf("%w: the debt passes %d", ErrMove, int64(mostPoints))
	}
	if m.Earned.IsZero() || (m.From == DebtPoints || m.To == DebtPoints) && !m.Within() {
		a.debt += debt
		return nil
	}
	// A lot may be said to be of after the end, where points moved to it before.
	last := a.clock.period(a.until - 1)
	earned, at := min(a.month(m.Earned), last), a.month(m.At)
	into := earned
	if !m.Into.IsZero() && m.Within() {
		into = min(a.month(m.Into), last)
	}
	// Points may be said to have moved before the month that they are counted to, as by
	// consolidation with later ones.
	out, in := pointMonths{earned, max(at, earned)}, pointMonths{into, max(at, into)}
	from, to := pointSums{}, pointSums{}
	from.move(m.From, -m.Points)
	to.move(m.To, m.Points)
	if out == in {
		from.add(to)
		to = pointSums{}
	} else {
		from.issued -= m.Points
		to.issued += m.Points
	}
	if !a.months[out].takes(from) || !a.months[in].takes(to) {
		return fmt.Errorf("%w: those of a month pass %d", ErrMove, int64(mostPoints))
	}
	a.put(out, from)
	a.put(in, to)
	a.debt += debt
	return nil
}

func (a *PointAccumulator) month(at time.Time) int64 { return a.clock.period(at.UnixMicro()) }

func (a *PointAccumulator) put(months pointMonths, s pointSums) {
	if a.months == nil {
		a.months = map[pointMonths]pointSums{}
	}
	s.add(a.months[months])
	a.months[months] = s
}

func (s *pointSums) add(o pointSums) {
	s.issued += o.issued
	s.redeemed += o.redeemed
	s.expired += o.expired
	s.pending += o.pending
}

// takes reports whether sums stay within what can be counted.
func (s pointSums) takes(o pointSums) bool {
	s.add(o)
	return s.possible()
}

func (s *pointSums) possible() bool {
	for _, n := range []int64{s.issued, s.redeemed, s.expired, s.pending} {
		if n > mostPoints || n < -mostPoints {
			return false
		}
	}
	return true
}

// move books one side of a move.
func (s *pointSums) move(bucket PointBucket, points int64) {
	switch bucket {
	case PendingPoints:
		s.pending += points
	case RedeemedPoints:
		s.redeemed += points
	case ExpiredPoints:
		s.expired += points
	case IssuedPoints, ReversedPoints, AdjustedPoints, TransferredPoints, SourcePoints, DebtPoints:
		s.issued -= points
	}
}

// Merge adds all that was added to other, which stays as it is. The error is
// [ErrMerge] where their ends or zones differ, and wraps [ErrMove] where they have
// too many points together; then nothing was added.
func (a *PointAccumulator) Merge(other *PointAccumulator) error {
	if err := mergeable(a.key(), other.key()); err != nil {
		return err
	}
	for months, s := range other.months {
		if !a.months[months].takes(s) {
			return fmt.Errorf("%w: those of a month pass %d", ErrMove, int64(mostPoints))
		}
	}
	if debt := a.debt + other.debt; debt > mostPoints || debt < -mostPoints {
		return fmt.Errorf("%w: the debt passes %d", ErrMove, int64(mostPoints))
	}
	for months, s := range maps.Clone(other.months) {
		a.put(months, s)
	}
	a.debt += other.debt
	a.late += other.late
	return nil
}

func (a *PointAccumulator) sorted() []pointMonths {
	return slices.SortedFunc(maps.Keys(a.months), func(x, y pointMonths) int {
		return cmp.Or(cmp.Compare(x.earned, y.earned), cmp.Compare(x.moved, y.moved))
	})
}

// Result is what was added. More may be added after it.
func (a *PointAccumulator) Result() *PointHistory {
	h := &PointHistory{Debt: a.debt, Late: a.late}
	period := func(month int64) Period {
		return Period{Start: a.clock.start(month, a.zone), End: a.clock.start(month+1, a.zone), Zone: a.zone}
	}
	for _, months := range a.sorted() {
		s := a.months[months]
		h.Months = append(h.Months, PointMonth{
			Earned: period(months.earned), Moved: period(months.moved),
			PointStep: PointStep{Issued: s.issued, Redeemed: s.redeemed, Expired: s.expired}, Pending: s.pending,
		})
	}
	return h
}

// The months of the years that moves are in, wherever the zone.
const (
	firstMonth = 1899 * 12
	lastMonth  = 2200 * 12
)

// MarshalBinary returns the accumulator's state. Equal contents give equal bytes.
func (a *PointAccumulator) MarshalBinary() ([]byte, error) {
	w := newStateWriter("moves", a.key())
	w.count(a.late)
	w.signed(a.debt)
	w.count(len(a.months))
	for _, months := range a.sorted() {
		s := a.months[months]
		for _, n := range []int64{months.earned, months.moved, s.issued, s.redeemed, s.expired, s.pending} {
			w.signed(n)
		}
	}
	return w.bytes, nil
}

// UnmarshalBinary replaces what was added by a state. The accumulator was made with
// the end and zone of the one that wrote it: otherwise the error is [ErrMerge], and
// [ErrState] where the bytes are no such state; nothing changes then.
func (a *PointAccumulator) UnmarshalBinary(data []byte) error {
	r := newStateReader(data, "moves", a.key())
	late, debt := r.number(), r.signed()
	if debt > mostPoints || debt < -mostPoints {
		r.fail("a debt is out of range")
	}
	read := map[pointMonths]pointSums{}
	before := pointMonths{earned: -maxPeriod - 1}
	for range r.count(6) {
		months := pointMonths{r.period(), r.period()}
		s := pointSums{r.signed(), r.signed(), r.signed(), r.signed()}
		inOrder := cmp.Or(cmp.Compare(before.earned, months.earned), cmp.Compare(before.moved, months.moved)) < 0
		if r.err == nil && (!inOrder || months.moved < months.earned || months.earned < firstMonth || months.moved > lastMonth || !s.possible()) {
			r.fail("months are not in order, or have too many points")
		}
		if r.err != nil {
			break
		}
		read[months] = s
		before = months
	}
	if err := r.end(); err != nil {
		return err
	}
	a.months, a.debt, a.late = read, debt, late
	return nil
}
