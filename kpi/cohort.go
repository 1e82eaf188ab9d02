package kpi

import (
	"fmt"
	"time"
)

// CohortOptions say how members are grouped. The zero value groups by months of
// UTC up to the last order.
type CohortOptions struct {
	// Bucket is the calendar period of cohorts and of activity; empty is [Monthly].
	Bucket Bucket
	// Zone is the zone of the calendar, one that the IANA database names; nil is UTC.
	Zone *time.Location
	// Until ends the observation: orders before it count. Its zero value is just
	// after the last order.
	Until time.Time
}

// CohortMatrix follows the members who first bought in one calendar period through
// the periods after it.
type CohortMatrix struct {
	Bucket Bucket
	Zone   *time.Location
	// Cohorts are in order of time. A period in which nobody bought first has none.
	Cohorts []Cohort
	// Until is the end of the observation: the one asked for, or a microsecond after
	// the last order.
	Until time.Time
	// Partial is set unless the last bucket was observed to its end: its figures are
	// those of a part of it, which is the last cell of every cohort.
	Partial bool
	// Orders counts orders up to Until, Refunds those of them with an amount below
	// zero, Late orders from Until on, which were dropped.
	Orders, Refunds, Late int
	// WithoutPurchase counts members who had refunds only; they are in no cohort.
	WithoutPurchase int
	// Unassigned is the money of refunds that belong to no cell: of members without a
	// purchase, or before their first.
	Unassigned Amount
}

// Cohort has the members who first bought in one period.
type Cohort struct {
	// Start is the first instant of the period.
	Start time.Time
	// Size is the number of members.
	Size int
	// Cells are those of the cohort's own period, of offset 0, and of every one after
	// it up to the last that was observed. Those beyond are absent, not 0.
	Cells []CohortCell
}

// CohortCell is what the members of a cohort did in one period.
type CohortCell struct {
	// Active is how many bought in the period; all of them did in that of offset 0.
	Active int
	// Returned is how many bought again in this period or an earlier one after their
	// first: it starts with 0 and only grows.
	Returned int
	// Remaining is how many bought in this period or a later one that was observed,
	// which is known as rolling retention: it starts with all and only falls, the
	// more so towards the end of the observation.
	Remaining int
	// Orders is the number of their purchases.
	Orders int
	// Revenue is the money of purchases and refunds in the period.
	Revenue Amount
}

// Retention returns the cell's Active over the cohort's Size, and whether the cell
// was observed.
func (c *Cohort) Retention(offset int) (rate float64, ok bool) {
	if offset < 0 || offset >= len(c.Cells) || c.Size == 0 {
		return 0, false
	}
	return float64(c.Cells[offset].Active) / float64(c.Size), true
}

// CumulativeRevenue returns the money up to a period, the cohort's own included,
// and whether the cell was observed.
func (c *Cohort) CumulativeRevenue(offset int) (revenue Amount, ok bool) {
	if offset < 0 || offset >= len(c.Cells) {
		return Amount{}, false
	}
	for i := range c.Cells[:offset+1] {
		revenue = revenue.Add(c.Cells[i].Revenue)
	}
	return revenue, true
}

// cohortRule is the options, checked.
type cohortRule struct {
	options CohortOptions
	// until is in microseconds, unless open is set.
	open  bool
	until int64
}

func newCohortRule(o *CohortOptions) (cohortRule, clock, error) {
	var r cohortRule
	if o != nil {
		r.options = *o
	}
	o = &r.options
	o.Zone = orUTC(o.Zone)
	if o.Bucket == "" {
		o.Bucket = Monthly
	}
	var problems Problems
	switch o.Bucket {
	case Weekly, Monthly, Quarterly, Yearly:
	default:
		problems.Add("bucket", "%q is no bucket: use week, month, quarter or year", o.Bucket)
	}
	checkZone(&problems, "zone", o.Zone)
	checkEnd(&problems, "until", o.Until)
	r.open = o.Until.IsZero()
	if !r.open {
		r.until = o.Until.UnixMicro()
	}
	return r, newClock(string(o.Bucket), o.Zone), problems.Err()
}

func (r *cohortRule) key() string {
	return fmt.Sprintf("bucket %s, zone %s, until %d, open %t", r.options.Bucket, r.options.Zone, r.until, r.open)
}

// cohortCounts is what is counted besides cells.
type cohortCounts struct {
	orders, refunds, late int
	withoutPurchase       int
	unassigned            Amount
}

func (c *cohortCounts) add(o *cohortCounts) {
	c.orders += o.orders
	c.refunds += o.refunds
	c.late += o.late
	c.withoutPurchase += o.withoutPurchase
	c.unassigned = c.unassigned.Add(o.unassigned)
}

// CohortAccumulator makes a cohort matrix of a log. It keeps what each member
// bought in each bucket, 40 bytes each. One goroutine uses it.
//
// Source: a convention of the trade: each row is the [CohortRetention] of those who
// first bought in one period.
type CohortAccumulator struct {
	rule      cohortRule
	clock     clock
	histories histories
	counts    cohortCounts
	// newest is the instant of the last order, in microseconds.
	newest int64
	any    bool
}

// NewCohortAccumulator returns an empty one. The options may be nil; an error wraps
// [ErrInvalid].
func NewCohortAccumulator(o *CohortOptions) (*CohortAccumulator, error) {
	rule, c, err := newCohortRule(o)
	if err != nil {
		return nil, err
	}
	return &CohortAccumulator{rule: rule, clock: c}, nil
}

// Options are those that it was made with, and the defaults of those that were left out.
func (a *CohortAccumulator) Options() CohortOptions { return a.rule.options }

// Add adds an order. The error wraps [ErrOrder], and then nothing was added.
func (a *CohortAccumulator) Add(o Order) error {
	at, err := o.check()
	if err != nil {
		return err
	}
	if !a.rule.open && at >= a.rule.until {
		a.counts.late++
		return nil
	}
	s := spell{period: a.clock.period(at), total: o.Amount, orders: 1}
	if o.Amount.Sign() < 0 {
		s.orders = 0
	}
	if err := a.histories.add(o.Member, s); err != nil {
		return err
	}
	a.counts.orders++
	a.counts.refunds += int(1 - s.orders)
	a.see(at)
	return nil
}

func (a *CohortAccumulator) see(at int64) {
	if !a.any || at > a.newest {
		a.any, a.newest = true, at
	}
}

// Merge adds all that was added to other, which stays as it is. The error is
// [ErrMerge] where their options differ.
func (a *CohortAccumulator) Merge(other *CohortAccumulator) error {
	if err := mergeable(a.rule.key(), other.rule.key()); err != nil {
		return err
	}
	if err := a.histories.merge(&other.histories); err != nil {
		return err
	}
	a.counts.add(&other.counts)
	if other.any {
		a.see(other.newest)
	}
	return nil
}

// Result makes the matrix of what was added. More may be added after it.
func (a *CohortAccumulator) Result() *CohortMatrix {
	var grid cohortGrid
	var buffer []spell
	for m := range a.histories.members.names {
		buffer = a.histories.of(uint32(m), buffer)
		grid.add(buffer)
	}
	grid.counts.add(&a.counts)
	return a.rule.matrix(&grid, &a.clock, a.newest, a.any)
}

// MarshalBinary returns the accumulator's state. Equal contents give equal bytes.
func (a *CohortAccumulator) MarshalBinary() ([]byte, error) {
	w := newStateWriter("cohort", a.rule.key())
	w.count(a.counts.orders)
	w.count(a.counts.refunds)
	w.count(a.counts.late)
	w.signed(a.newest)
	a.histories.write(w)
	return w.bytes, nil
}

// UnmarshalBinary replaces what was added by a state. The accumulator was made with
// the options of the one that wrote it: otherwise the error is [ErrMerge], and
// [ErrState] where the bytes are no such state; nothing changes then.
func (a *CohortAccumulator) UnmarshalBinary(data []byte) error {
	r := newStateReader(data, "cohort", a.rule.key())
	read := CohortAccumulator{rule: a.rule, clock: a.clock}
	read.counts = cohortCounts{orders: r.number(), refunds: r.number(), late: r.number()}
	newest := r.signed()
	read.histories.read(r)
	if newest > lastSecond*microsecond+microsecond || newest < firstSecond*microsecond {
		r.fail("its last order is out of range")
	}
	last, any := read.histories.newest()
	if any && last > read.clock.period(newest) {
		r.fail("orders follow its last order")
	}
	if err := r.end(); err != nil {
		return err
	}
	if any {
		read.see(newest)
	}
	*a = read
	return nil
}
