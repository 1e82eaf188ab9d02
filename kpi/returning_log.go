package kpi

// When a member bought.
const (
	boughtBefore uint8 = 1 << iota
	boughtInPeriod
)

// ReturningAccumulator tells the new customers of a period from those who had bought
// before, and who of the latter came again. It keeps one byte besides the id for each
// member. One goroutine uses it. [AcquisitionCost] and [CohortRetention] have the sources.
type ReturningAccumulator struct {
	period     Period
	start, end int64
	marks      memberMarks
	late       int
}

// Returning are the new and the returning customers of a period.
type Returning struct {
	Period Period
	// New bought in the period for the first time.
	New int64
	// Before had bought before the period, Returned of them in it too.
	Before, Returned int64
	// Late counts orders after the period, which were dropped.
	Late int
}

// ReturnRate is the share of the customers from before the period who bought in it:
// a [CohortRetention] of all who ever bought, which falls with every one who leaves.
func (r *Returning) ReturnRate() (Figure, error) {
	f, err := share("period_return_rate", "returned", r.Returned, "before", r.Before)
	return f.As("customers before the period who bought in it / customers before it").In(r.Period), err
}

// NewShare is the share of new customers among those who bought in the period.
func (r *Returning) NewShare() (Figure, error) {
	f, err := share("new_customer_share", "new", r.New, "customers", r.New+r.Returned)
	return f.As("who bought for the first time / who bought in the period").In(r.Period), err
}

// NewReturningAccumulator returns an empty one for a period. An error wraps
// [ErrInvalid].
func NewReturningAccumulator(period Period) (*ReturningAccumulator, error) {
	var problems Problems
	checkPeriod(&problems, "period", period)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return &ReturningAccumulator{period: period, start: period.Start.UnixMicro(), end: period.End.UnixMicro()}, nil
}

func (a *ReturningAccumulator) key() string { return periodKey(a.period) }

// Add adds an order. Refunds are no purchases. The error wraps [ErrOrder], and then
// nothing was added.
func (a *ReturningAccumulator) Add(o Order) error {
	at, err := o.check()
	switch {
	case err != nil:
		return err
	case at >= a.end:
		a.late++
	case o.Amount.Sign() < 0:
	case at < a.start:
		a.marks.mark(o.Member, boughtBefore)
	default:
		a.marks.mark(o.Member, boughtInPeriod)
	}
	return nil
}

// Merge adds all that was added to other, which stays as it is. The error is
// [ErrMerge] where their periods differ.
func (a *ReturningAccumulator) Merge(other *ReturningAccumulator) error {
	if err := mergeable(a.key(), other.key()); err != nil {
		return err
	}
	a.marks.merge(&other.marks)
	a.late += other.late
	return nil
}

// Result counts what was added. More may be added after it.
func (a *ReturningAccumulator) Result() *Returning {
	m := &a.marks
	return &Returning{
		Period: a.period, New: m.count(boughtInPeriod, boughtBefore), Late: a.late,
		Before: m.count(boughtBefore, 0), Returned: m.count(boughtBefore|boughtInPeriod, 0),
	}
}

// MarshalBinary returns the accumulator's state. Equal contents give equal bytes.
func (a *ReturningAccumulator) MarshalBinary() ([]byte, error) {
	w := newStateWriter("returning", a.key())
	w.count(a.late)
	a.marks.write(w)
	return w.bytes, nil
}

// UnmarshalBinary replaces what was added by a state. The accumulator was made with
// the period of the one that wrote it: otherwise the error is [ErrMerge], and
// [ErrState] where the bytes are no such state; nothing changes then.
func (a *ReturningAccumulator) UnmarshalBinary(data []byte) error {
	r := newStateReader(data, "returning", a.key())
	late := r.number()
	var read memberMarks
	read.read(r, boughtBefore|boughtInPeriod)
	if err := r.end(); err != nil {
		return err
	}
	a.marks, a.late = read, late
	return nil
}
