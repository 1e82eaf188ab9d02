package kpi

import (
	"fmt"
	"time"
)

// SummaryOptions say how customers are summarized. The zero value summarizes days
// of UTC up to the last order.
type SummaryOptions struct {
	// AsOf ends the observation: orders of its period, the day by default, and before
	// count. Its zero value is the last order.
	AsOf time.Time
	// HoldoutEnd, if set, is after AsOf: what customers do after AsOf's period, up to
	// HoldoutEnd's, is summarized for them apart, to hold a model against.
	HoldoutEnd time.Time
	// Zone is the zone of days and weeks, one that the IANA database names; nil is
	// UTC.
	Zone *time.Location
	// Grain is what counts as one purchase; empty is [ByDay].
	Grain Grain
	// Unit is the unit of Recency and Age; 0 is [InDays].
	Unit TimeUnit
}

// CustomerSummary is what models of repeat buying need to know of a customer.
type CustomerSummary struct {
	Member string
	// Repeats is x: the number of periods with a purchase, without the first.
	Repeats int
	// Recency is t_x: the time from the first such period to the last.
	Recency float64
	// Age is T: the time from the first such period to the end of the observation.
	Age float64
	// Monetary is the mean money of the repeat periods, refunds in them taken off; 0
	// where there is none. Periods whose money is below zero after that are left out,
	// for no model of spend knows any: MonetaryRepeats is how many it is the mean of,
	// Repeats where there was no such period.
	Monetary        float64
	MonetaryRepeats int
	// HoldoutRepeats is the number of periods with a purchase in the holdout,
	// HoldoutOrders the number of purchases in them, before any are merged, and
	// HoldoutSpend their money, refunds in these periods taken off. Mean money per
	// period, which models speak of, is HoldoutSpend over HoldoutRepeats; other
	// packages report it over HoldoutOrders.
	HoldoutRepeats int
	HoldoutOrders  int
	HoldoutSpend   Amount
}

// Summaries are the summaries of all customers.
type Summaries struct {
	// Customers are in order of their ids.
	Customers []CustomerSummary
	// AsOf is the end of the observation that was used: the first instant of its
	// period. It is zero where none was asked for and there was no order.
	AsOf time.Time
	// HoldoutLength is the time from AsOf's period to HoldoutEnd's, in Unit.
	HoldoutLength float64
	Zone          *time.Location
	Grain         Grain
	Unit          TimeUnit
	SummaryCounts
}

// SummaryCounts say what became of the orders of a log.
type SummaryCounts struct {
	// Orders counts all orders up to the end of the observation, or of the holdout.
	Orders int
	// Refunds counts those of them with an amount below zero.
	Refunds int
	// Merged counts purchases that were one with an earlier one of their period.
	Merged int
	// NegativePeriods counts repeat periods, with a purchase, whose money is below
	// zero after refunds. They are in Repeats, and in no Monetary.
	NegativePeriods int
	// Late counts orders after the end, which were dropped.
	Late int
	// Skipped counts members who ordered nothing up to AsOf, WithoutPurchase those
	// who had only refunds. Neither are in the summaries.
	Skipped, WithoutPurchase int
}

func (c *SummaryCounts) add(o SummaryCounts) {
	c.Orders += o.Orders
	c.Refunds += o.Refunds
	c.Merged += o.Merged
	c.NegativePeriods += o.NegativePeriods
	c.Late += o.Late
	c.Skipped += o.Skipped
	c.WithoutPurchase += o.WithoutPurchase
}

// summaryRule is the options, checked, with their ends as periods.
type summaryRule struct {
	options SummaryOptions
	// asOf is set unless the last order ends the observation; holdout is at least
	// asOf. Both are periods of the grain.
	open          bool
	asOf, holdout int64
}

func newSummaryRule(o *SummaryOptions) (summaryRule, clock, error) {
	var r summaryRule
	if o != nil {
		r.options = *o
	}
	o = &r.options
	o.Zone = orUTC(o.Zone)
	if o.Grain == "" {
		o.Grain = ByDay
	}
	if o.Unit == 0 {
		o.Unit = InDays
	}
	var problems Problems
	if o.Grain != ByDay && o.Grain != ByWeek && o.Grain != ByInstant {
		problems.Add("grain", "%q is no grain: use day, week or instant", o.Grain)
	}
	if !(o.Unit > 0 && o.Unit <= 100*InYears) {
		problems.Add("unit", "must be above 0 days and at most 100 years, is %v days", float64(o.Unit))
	}
	checkZone(&problems, "zone", o.Zone)
	checkEnd(&problems, "as_of", o.AsOf)
	checkEnd(&problems, "holdout_end", o.HoldoutEnd)
	if !o.HoldoutEnd.IsZero() && !o.HoldoutEnd.After(o.AsOf) {
		problems.Add("holdout_end", "must be after as_of, which must be set")
	}
	c := newClock(string(o.Grain), o.Zone)
	if err := problems.Err(); err != nil {
		return r, c, err
	}
	r.open = o.AsOf.IsZero()
	if !r.open {
		r.asOf = c.period(o.AsOf.UnixMicro())
		r.holdout = r.asOf
	}
	if !o.HoldoutEnd.IsZero() {
		r.holdout = c.period(o.HoldoutEnd.UnixMicro())
	}
	return r, c, nil
}

// checkEnd reports an instant out of the years of orders; none is fine.
func checkEnd(problems *Problems, path string, at time.Time) {
	if seconds := at.Unix(); !at.IsZero() && (seconds < firstSecond || seconds > lastSecond) {
		problems.Add(path, "must be in the years 1900 to 2199")
	}
}

func (r *summaryRule) key() string {
	o := &r.options
	return fmt.Sprintf("as of %d, holdout %d, open %t, zone %s, grain %s, unit %v", r.asOf, r.holdout, r.open, o.Zone, o.Grain, float64(o.Unit))
}

// late reports whether a period is after all that is summarized.
func (r *summaryRule) late(period int64) bool { return !r.open && period > r.holdout }

// of summarizes the spells of one member.
func (r *summaryRule) of(member string, spells []spell, c *clock, counts *SummaryCounts) (CustomerSummary, bool) {
	s := CustomerSummary{Member: member}
	var first, last int64
	var repeats Amount
	periods, seen := 0, false
	for i := range spells {
		spell := &spells[i]
		seen = seen || spell.period <= r.asOf
		switch {
		case spell.orders == 0:
			continue
		case spell.period > r.asOf:
			s.HoldoutRepeats++
			s.HoldoutOrders += int(spell.orders)
			s.HoldoutSpend = s.HoldoutSpend.Add(spell.total)
			counts.Merged += int(spell.orders) - 1
			continue
		case periods == 0:
			first = spell.period
		default:
			if spell.total.Sign() < 0 {
				counts.NegativePeriods++
				break
			}
			repeats = repeats.Add(spell.total)
			s.MonetaryRepeats++
		}
		periods++
		last = spell.period
		counts.Merged += int(spell.orders) - 1
	}
	if periods == 0 {
		if seen {
			counts.WithoutPurchase++
		} else {
			counts.Skipped++
		}
		return s, false
	}
	unit := float64(r.options.Unit)
	s.Repeats = periods - 1
	s.Recency, s.Age = c.daysBetween(first, last)/unit, c.daysBetween(first, r.asOf)/unit
	if s.MonetaryRepeats > 0 {
		s.Monetary = repeats.Float64() / float64(s.MonetaryRepeats)
	}
	return s, true
}

// result is the frame of the summaries; asOf is set where the rule left it open.
func (r *summaryRule) result(c *clock, counts SummaryCounts) *Summaries {
	o := &r.options
	var asOf time.Time
	if !r.open || counts.Orders > 0 {
		asOf = c.start(r.asOf, o.Zone)
	}
	return &Summaries{
		AsOf: asOf, HoldoutLength: c.daysBetween(r.asOf, max(r.asOf, r.holdout)) / float64(o.Unit),
		Zone: o.Zone, Grain: o.Grain, Unit: o.Unit, SummaryCounts: counts,
	}
}

// SummaryAccumulator summarizes the customers of a log: the frequency x, recency
// t_x, age T and mean money that models of repeat buying are fitted to. It keeps
// the totals of each member's periods, 40 bytes each. One goroutine uses it.
//
// Source: P. Fader, B. Hardie, K. Lee, Counting your customers the easy way (2005);
// purchases of one period are one, and the first is no repeat.
type SummaryAccumulator struct {
	rule      summaryRule
	clock     clock
	histories histories
	counts    SummaryCounts
	// newest is the last period that was added.
	newest int64
	any    bool
}

// NewSummaryAccumulator returns an empty one. The options may be nil; an error
// wraps [ErrInvalid].
func NewSummaryAccumulator(o *SummaryOptions) (*SummaryAccumulator, error) {
	rule, c, err := newSummaryRule(o)
	if err != nil {
		return nil, err
	}
	return &SummaryAccumulator{rule: rule, clock: c}, nil
}

// Options are those that it was made with, and the defaults of those that were left out.
func (a *SummaryAccumulator) Options() SummaryOptions { return a.rule.options }

// Add adds an order. The error wraps [ErrOrder], and then nothing was added.
func (a *SummaryAccumulator) Add(o Order) error {
	at, err := o.check()
	if err != nil {
		return err
	}
	period := a.clock.period(at)
	if a.rule.late(period) {
		a.histories.known(o.Member)
		a.counts.Late++
		return nil
	}
	s := spell{period: period, total: o.Amount, orders: 1}
	if o.Amount.Sign() < 0 {
		s.orders = 0
	}
	if err := a.histories.add(o.Member, s); err != nil {
		return err
	}
	a.counts.Orders++
	a.counts.Refunds += int(1 - s.orders)
	a.see(period)
	return nil
}

func (a *SummaryAccumulator) see(period int64) {
	if !a.any || period > a.newest {
		a.any, a.newest = true, period
	}
}

// Merge adds all that was added to other, which stays as it is. The error is
// [ErrMerge] where their options differ.
func (a *SummaryAccumulator) Merge(other *SummaryAccumulator) error {
	if err := mergeable(a.rule.key(), other.rule.key()); err != nil {
		return err
	}
	if err := a.histories.merge(&other.histories); err != nil {
		return err
	}
	a.counts.add(other.counts)
	if other.any {
		a.see(other.newest)
	}
	return nil
}

// Result summarizes what was added. More may be added after it.
func (a *SummaryAccumulator) Result() *Summaries {
	rule, counts := a.rule, a.counts
	if rule.open {
		rule.asOf = a.newest
	}
	var customers []CustomerSummary
	a.histories.each(func(name string, spells []spell) {
		if s, ok := rule.of(name, spells, &a.clock, &counts); ok {
			customers = append(customers, s)
		}
	})
	result := rule.result(&a.clock, counts)
	result.Customers = customers
	return result
}

// MarshalBinary returns the accumulator's state. Equal contents give equal bytes.
func (a *SummaryAccumulator) MarshalBinary() ([]byte, error) {
	w := newStateWriter("summary", a.rule.key())
	w.count(a.counts.Orders)
	w.count(a.counts.Refunds)
	w.count(a.counts.Late)
	a.histories.write(w)
	return w.bytes, nil
}

// UnmarshalBinary replaces what was added by a state. The accumulator was made with
// the options of the one that wrote it: otherwise the error is [ErrMerge], and
// [ErrState] where the bytes are no such state; nothing changes then.
func (a *SummaryAccumulator) UnmarshalBinary(data []byte) error {
	r := newStateReader(data, "summary", a.rule.key())
	read := SummaryAccumulator{rule: a.rule, clock: a.clock}
	read.counts = SummaryCounts{Orders: r.number(), Refunds: r.number(), Late: r.number()}
	read.histories.read(r)
	if err := r.end(); err != nil {
		return err
	}
	read.newest, read.any = read.histories.newest()
	*a = read
	return nil
}
