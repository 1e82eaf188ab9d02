package kpi

import (
	"fmt"
	"time"
)

// PurchaseAccumulator counts the purchases of a log within a period: how many, by
// how many members, for how much, and how many members came back. It keeps 16
// bytes for each member. One goroutine uses it. [RepeatPurchaseRate] and
// [PurchaseFrequency] have the sources.
type PurchaseAccumulator struct {
	period     Period
	grain      Grain
	start, end int64
	clock      clock
	members    memberTable
	visits     []visits
	counts     purchaseCounts
}

// visits are the first period of the grain that was seen, and whether there was
// another.
type visits struct {
	period int64
	again  bool
}

type purchaseCounts struct {
	orders, refunds, outside int
	revenue                  Amount
}

// Purchases are the purchases of a period.
type Purchases struct {
	Period Period
	// Customers bought in the period, Repeating of them in two periods of the grain or
	// more.
	Customers, Repeating int
	// Orders counts purchases, Refunds orders with an amount below zero, Outside
	// orders out of the period, which count nowhere else.
	Orders, Refunds, Outside int
	// Revenue is the money of purchases less that of refunds.
	Revenue Amount
}

// RepeatPurchaseRate is [RepeatPurchaseRate] of the period.
func (p *Purchases) RepeatPurchaseRate() (Figure, error) {
	f, err := RepeatPurchaseRate(int64(p.Repeating), int64(p.Customers))
	return f.In(p.Period), err
}

// AverageOrderValue is [AverageOrderValue] of the period, refunds taken off.
func (p *Purchases) AverageOrderValue(currency string) (Figure, error) {
	f, err := AverageOrderValue(p.Revenue.Decimal(), int64(p.Orders), currency)
	return f.In(p.Period), err
}

// PurchaseFrequency is [PurchaseFrequency] of the period.
func (p *Purchases) PurchaseFrequency() (Figure, error) {
	f, err := PurchaseFrequency(int64(p.Orders), int64(p.Customers))
	return f.In(p.Period), err
}

// NewPurchaseAccumulator returns an empty one for a period, whose zone is that of
// the grain too, one that the IANA database names. The grain is empty for [ByDay]. An
// error wraps [ErrInvalid].
func NewPurchaseAccumulator(period Period, grain Grain) (*PurchaseAccumulator, error) {
	if grain == "" {
		grain = ByDay
	}
	var problems Problems
	if grain != ByDay && grain != ByWeek && grain != ByInstant {
		problems.Add("grain", "%q is no grain: use day, week or instant", grain)
	}
	checkPeriod(&problems, "period", period)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return &PurchaseAccumulator{
		period: period, grain: grain, clock: newClock(string(grain), period.Zone),
		start: period.Start.UnixMicro(), end: period.End.UnixMicro(),
	}, nil
}

func checkPeriod(problems *Problems, path string, p Period) {
	checkEnd(problems, path+".start", p.Start)
	checkEnd(problems, path+".end", p.End)
	if !p.End.After(p.Start) || p.Start.IsZero() {
		problems.Add(path, "must have a start, and an end after it")
	}
	checkZone(problems, path+".zone", p.Zone)
}

// periodKey tells periods apart whose counts cannot be one.
func periodKey(p Period) string {
	return fmt.Sprintf("from %d until %d, zone %s", p.Start.UnixMicro(), p.End.UnixMicro(), orUTC(p.Zone))
}

func (a *PurchaseAccumulator) key() string {
	return fmt.Sprintf("%s, grain %s", periodKey(a.period), a.grain)
}

// Add adds an order. The error wraps [ErrOrder], and then nothing was added.
func (a *PurchaseAccumulator) Add(o Order) error {
	at, err := o.check()
	if err != nil {
		return err
	}
	if at < a.start || at >= a.end {
		a.counts.outside++
		return nil
	}
	a.counts.revenue = a.counts.revenue.Add(o.Amount)
	if o.Amount.Sign() < 0 {
		a.counts.refunds++
		return nil
	}
	a.counts.orders++
	a.visit(o.Member, visits{period: a.clock.period(at)})
	return nil
}

func (a *PurchaseAccumulator) visit(member string, v visits) {
	m := a.members.number(member)
	if int(m) == len(a.visits) {
		a.visits = append(a.visits, v)
		return
	}
	have := &a.visits[m]
	have.again = have.again || v.again || have.period != v.period
	have.period = min(have.period, v.period)
}

// Merge adds all that was added to other, which stays as it is. The error is
// [ErrMerge] where their periods differ.
func (a *PurchaseAccumulator) Merge(other *PurchaseAccumulator) error {
	if err := mergeable(a.key(), other.key()); err != nil {
		return err
	}
	for m, name := range other.members.names {
		a.visit(name, other.visits[m])
	}
	a.counts.orders += other.counts.orders
	a.counts.refunds += other.counts.refunds
	a.counts.outside += other.counts.outside
	a.counts.revenue = a.counts.revenue.Add(other.counts.revenue)
	return nil
}

// Result counts what was added. More may be added after it.
func (a *PurchaseAccumulator) Result() *Purchases {
	p := &Purchases{
		Period: a.period, Customers: len(a.visits), Orders: a.counts.orders,
		Refunds: a.counts.refunds, Outside: a.counts.outside, Revenue: a.counts.revenue,
	}
	for i := range a.visits {
		if a.visits[i].again {
			p.Repeating++
		}
	}
	return p
}

// MarshalBinary returns the accumulator's state. Equal contents give equal bytes.
func (a *PurchaseAccumulator) MarshalBinary() ([]byte, error) {
	w := newStateWriter("purchases", a.key())
	w.count(a.counts.orders)
	w.count(a.counts.refunds)
	w.count(a.counts.outside)
	w.amount(a.counts.revenue)
	w.count(len(a.visits))
	for _, m := range a.members.byName() {
		w.text(a.members.names[m])
		w.signed(a.visits[m].period)
		w.flag(a.visits[m].again)
	}
	return w.bytes, nil
}

// UnmarshalBinary replaces what was added by a state. The accumulator was made with
// the period of the one that wrote it: otherwise the error is [ErrMerge], and
// [ErrState] where the bytes are no such state; nothing changes then.
func (a *PurchaseAccumulator) UnmarshalBinary(data []byte) error {
	r := newStateReader(data, "purchases", a.key())
	read := PurchaseAccumulator{period: a.period, grain: a.grain, start: a.start, end: a.end, clock: a.clock}
	read.counts = purchaseCounts{orders: r.number(), refunds: r.number(), outside: r.number(), revenue: r.amount()}
	r.members(3, func(name string) {
		read.visit(name, visits{period: r.period(), again: r.flag()})
	})
	if err := r.end(); err != nil {
		return err
	}
	*a = read
	return nil
}

// InactivityAccumulator finds each member's last purchase before an instant, and
// with it who was inactive in the days before. It keeps 8 bytes for each member. One
// goroutine uses it. [InactiveRate] has the source.
type InactivityAccumulator struct {
	rule    *Inactivity
	asOf    int64
	days    int
	members memberTable
	last    []int64
	late    int
}

// NewInactivityAccumulator returns an empty one for [NewInactivity]'s rule.
func NewInactivityAccumulator(asOf time.Time, days int, zone *time.Location) (*InactivityAccumulator, error) {
	rule, err := NewInactivity(asOf, days, zone)
	if err != nil {
		return nil, err
	}
	return &InactivityAccumulator{rule: rule, asOf: asOf.UnixMicro(), days: days}, nil
}

func (a *InactivityAccumulator) key() string {
	return fmt.Sprintf("as of %d, %d days, since %d, zone %s", a.asOf, a.days, a.rule.since.UnixMicro(), a.rule.zone)
}

// Add adds an order; refunds are no purchases, and orders at the instant or later
// do not count. The error wraps [ErrOrder], and then nothing was added.
func (a *InactivityAccumulator) Add(o Order) error {
	at, err := o.check()
	if err != nil {
		return err
	}
	if at >= a.asOf {
		a.late++
	} else if o.Amount.Sign() >= 0 {
		a.bought(o.Member, at)
	}
	return nil
}

func (a *InactivityAccumulator) bought(member string, at int64) {
	m := a.members.number(member)
	if int(m) == len(a.last) {
		a.last = append(a.last, at)
	}
	a.last[m] = max(a.last[m], at)
}

// Merge adds all that was added to other, which stays as it is. The error is
// [ErrMerge] where their rules differ.
func (a *InactivityAccumulator) Merge(other *InactivityAccumulator) error {
	if err := mergeable(a.key(), other.key()); err != nil {
		return err
	}
	for m, name := range other.members.names {
		a.bought(name, other.last[m])
	}
	a.late += other.late
	return nil
}

// Result is the rate of the members who bought before the instant. More may be
// added after it.
func (a *InactivityAccumulator) Result() Figure {
	rule := *a.rule
	for _, at := range a.last {
		rule.Add(time.UnixMicro(at))
	}
	f := rule.Figure()
	if a.late > 0 {
		f = f.Noted("%d orders at or after the end are left out", a.late)
	}
	return f
}

// MarshalBinary returns the accumulator's state. Equal contents give equal bytes.
func (a *InactivityAccumulator) MarshalBinary() ([]byte, error) {
	w := newStateWriter("inactivity", a.key())
	w.count(a.late)
	w.count(len(a.last))
	for _, m := range a.members.byName() {
		w.text(a.members.names[m])
		w.signed(a.last[m])
	}
	return w.bytes, nil
}

// UnmarshalBinary replaces what was added by a state. The accumulator was made with
// the rule of the one that wrote it: otherwise the error is [ErrMerge], and
// [ErrState] where the bytes are no such state; nothing changes then.
func (a *InactivityAccumulator) UnmarshalBinary(data []byte) error {
	r := newStateReader(data, "inactivity", a.key())
	read := InactivityAccumulator{rule: a.rule, asOf: a.asOf, days: a.days, late: r.number()}
	r.members(2, func(name string) { read.bought(name, r.period()) })
	if err := r.end(); err != nil {
		return err
	}
	*a = read
	return nil
}
