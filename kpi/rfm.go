package kpi

import (
	"fmt"
	"slices"
	"time"
)

// RFMMethod is how values become scores.
type RFMMethod string

// The methods of scoring.
const (
	// ByQuantile scores 1 plus the number of quantiles that a value is above, by
	// quantiles of type 7. Equal values always share a score, so that groups may
	// differ in size and even be empty. It is the default.
	ByQuantile RFMMethod = "quantile"
	// ByRank makes groups of equal size, the first ones greater by one where that
	// does not divide: SQL's NTILE. Equal values are told apart by the member's id,
	// so that one of them may score lower than the other.
	ByRank RFMMethod = "ntile"
	// ByCuts scores 1 plus the number of the caller's cuts that a value is above.
	ByCuts RFMMethod = "cuts"
	// LikeRPackage scores as version 0.3.0 of the R package rfm does: 1 plus the
	// number of quantiles that a value is above by at least 1.
	LikeRPackage RFMMethod = "r-package"
)

// RFMOptions say how members are scored. The zero value scores quintiles, days of
// UTC and total money, as of the last order.
type RFMOptions struct {
	// AsOf is the date that recency is counted to. Orders of later dates are dropped.
	// Its zero value is the date of the last order.
	AsOf time.Time
	// Zone is the zone of dates, one that the IANA database names; nil is UTC.
	Zone *time.Location
	// Method is how values become scores; empty is [ByQuantile].
	Method RFMMethod
	// Groups is the number of scores, 2 to 9; 0 is 5. [ByCuts] has one more than cuts.
	Groups int
	// RecencyCuts, FrequencyCuts and MonetaryCuts are those of [ByCuts], ascending
	// and equally many: days, orders and money.
	RecencyCuts, FrequencyCuts, MonetaryCuts []float64
	// MeanMoney scores the mean money of an order instead of the total.
	MeanMoney bool
	// Segments name groups of scores; nil is [DefaultSegments] where there are five
	// scores, and else none.
	Segments []RFMSegment
}

// RFMCustomer is a member with the scores of recency, frequency and money; the best
// is the number of groups, the worst 1.
type RFMCustomer struct {
	Member string
	// Days is the number of dates from the last purchase to the date as of.
	Days int
	// Orders is the number of purchases, refunds left out.
	Orders int
	// Spent is the money of purchases less that of refunds.
	Spent   Amount
	R, F, M uint8
	// Segment is the place of the first segment that fits in the result's Segments,
	// −1 for none.
	Segment int16
}

// Code is the three scores as digits: 100R + 10F + M.
func (c *RFMCustomer) Code() int { return 100*int(c.R) + 10*int(c.F) + int(c.M) }

// RFM are the scores of all members.
type RFM struct {
	// Customers are in order of their ids.
	Customers []RFMCustomer
	// AsOf is the first instant of the date that recency is counted to; it is zero
	// where there was none to count to: no date was asked for, and there was no order.
	AsOf   time.Time
	Zone   *time.Location
	Method RFMMethod
	Groups int
	// RecencyCuts, FrequencyCuts and MonetaryCuts separate the scores, in days, orders
	// and money; [ByRank] has none.
	RecencyCuts, FrequencyCuts, MonetaryCuts []float64
	// RecencyCounts, FrequencyCounts and MonetaryCounts count the members of each
	// score, from 1 on.
	RecencyCounts, FrequencyCounts, MonetaryCounts []int
	// Segments are those that members were put in, SegmentCounts how many are in
	// each, and Others how many are in none.
	Segments      []RFMSegment
	SegmentCounts []int
	Others        int
	// Orders counts the orders that were scored, Refunds those of them with an amount
	// below zero, Late the ones after AsOf, which were dropped, and WithoutPurchase
	// members who had nothing but refunds or later orders; they have no scores.
	Orders, Refunds, Late, WithoutPurchase int
}

// SegmentName names the segment of a customer, "Others" where none fits.
func (r *RFM) SegmentName(c *RFMCustomer) string {
	if c.Segment < 0 || int(c.Segment) >= len(r.Segments) {
		return "Others"
	}
	return r.Segments[c.Segment].Name
}

// rfmRule is the options, checked.
type rfmRule struct {
	options RFMOptions
	open    bool
	asOf    int64
}

func newRFMRule(o *RFMOptions) (rfmRule, clock, error) {
	var r rfmRule
	if o != nil {
		r.options = *o
	}
	o = &r.options
	o.Zone = orUTC(o.Zone)
	if o.Method == "" {
		o.Method = ByQuantile
	}
	var problems Problems
	checkZone(&problems, "zone", o.Zone)
	checkEnd(&problems, "as_of", o.AsOf)
	switch o.Method {
	case ByQuantile, ByRank, LikeRPackage:
		if len(o.RecencyCuts)+len(o.FrequencyCuts)+len(o.MonetaryCuts) > 0 {
			problems.Add("method", "must be %q where there are cuts, is %q", ByCuts, o.Method)
		}
	case ByCuts:
		checkCuts(&problems, "recency_cuts", o.RecencyCuts, len(o.RecencyCuts))
		checkCuts(&problems, "frequency_cuts", o.FrequencyCuts, len(o.RecencyCuts))
		checkCuts(&problems, "monetary_cuts", o.MonetaryCuts, len(o.RecencyCuts))
		if o.Groups != 0 && o.Groups != len(o.RecencyCuts)+1 {
			problems.Add("groups", "must be one more than cuts, %d, or 0, is %d", len(o.RecencyCuts)+1, o.Groups)
		}
		o.Groups = len(o.RecencyCuts) + 1
	default:
		problems.Add("method", "%q is no method: use quantile, ntile, cuts or r-package", o.Method)
	}
	if o.Groups == 0 {
		o.Groups = 5
	}
	if o.Groups < 2 || o.Groups > 9 {
		problems.Add("groups", "must be 2 to 9, is %d", o.Groups)
	}
	if o.Segments == nil && o.Groups == 5 {
		o.Segments = DefaultSegments()
	}
	checkSegments(&problems, o.Segments, o.Groups)
	c := newClock(string(ByDay), o.Zone)
	if err := problems.Err(); err != nil {
		return r, c, err
	}
	if r.open = o.AsOf.IsZero(); !r.open {
		r.asOf = c.period(o.AsOf.UnixMicro())
	}
	return r, c, nil
}

func checkCuts(problems *Problems, path string, cuts []float64, n int) {
	if len(cuts) != n {
		problems.Add(path, "must be as many as recency_cuts, %d, are %d", n, len(cuts))
	}
	for i, cut := range cuts {
		if cut-cut != 0 {
			problems.Add(fmt.Sprintf("%s[%d]", path, i), "must be a finite number")
		} else if i > 0 && cut < cuts[i-1] {
			problems.Add(fmt.Sprintf("%s[%d]", path, i), "must not be below the one before it")
		}
	}
}

func (r *rfmRule) key() string {
	return fmt.Sprintf("as of %d, open %t, zone %s", r.asOf, r.open, r.options.Zone)
}

// rfmTotals are what scores are made of, for one member.
type rfmTotals struct {
	// last is the date of the last purchase.
	last   int64
	orders uint64
	spent  Amount
}

func (t *rfmTotals) add(o rfmTotals) {
	if o.orders > 0 && (t.orders == 0 || o.last > t.last) {
		t.last = o.last
	}
	t.orders += o.orders
	t.spent = t.spent.Add(o.spent)
}

type rfmCounts struct{ orders, refunds, late int }

// RFMAccumulator scores the members of a log. It keeps three totals for each. One
// goroutine uses it.
//
// Source: J. R. Bult, T. Wansbeek, Optimal selection for direct mail (1995);
// quantiles of type 7 of R. Hyndman, Y. Fan, Sample quantiles in statistical
// packages (1996).
type RFMAccumulator struct {
	rule    rfmRule
	clock   clock
	members memberTable
	totals  []rfmTotals
	counts  rfmCounts
	// newest is the date of the last order.
	newest int64
}

// NewRFMAccumulator returns an empty one. The options may be nil; an error wraps
// [ErrInvalid].
func NewRFMAccumulator(o *RFMOptions) (*RFMAccumulator, error) {
	rule, c, err := newRFMRule(o)
	if err != nil {
		return nil, err
	}
	return &RFMAccumulator{rule: rule, clock: c}, nil
}

// Options are those that it was made with, and the defaults of those that were left out.
func (a *RFMAccumulator) Options() RFMOptions { return a.rule.options }

// Add adds an order. The error wraps [ErrOrder], and then nothing was added.
func (a *RFMAccumulator) Add(o Order) error {
	at, err := o.check()
	if err != nil {
		return err
	}
	day := a.clock.period(at)
	if !a.rule.open && day > a.rule.asOf {
		a.counts.late++
		a.of(o.Member)
		return nil
	}
	t := rfmTotals{last: day, orders: 1, spent: o.Amount}
	if o.Amount.Sign() < 0 {
		t.orders = 0
		a.counts.refunds++
	}
	if a.counts.orders == 0 || day > a.newest {
		a.newest = day
	}
	a.counts.orders++
	a.of(o.Member).add(t)
	return nil
}

func (a *RFMAccumulator) of(member string) *rfmTotals {
	m := a.members.number(member)
	if int(m) == len(a.totals) {
		a.totals = append(a.totals, rfmTotals{})
	}
	return &a.totals[m]
}

// Merge adds all that was added to other, which stays as it is. The error is
// [ErrMerge] where they count other dates; how they score may differ, and is that
// of the accumulator that is merged into.
func (a *RFMAccumulator) Merge(other *RFMAccumulator) error {
	if err := mergeable(a.rule.key(), other.rule.key()); err != nil {
		return err
	}
	if other.counts.orders > 0 && (a.counts.orders == 0 || other.newest > a.newest) {
		a.newest = other.newest
	}
	for m, name := range other.members.names {
		a.of(name).add(other.totals[m])
	}
	a.counts.orders += other.counts.orders
	a.counts.refunds += other.counts.refunds
	a.counts.late += other.counts.late
	return nil
}

// Result scores what was added. More may be added after it.
func (a *RFMAccumulator) Result() *RFM {
	rule := a.rule
	if rule.open {
		rule.asOf = a.newest
	}
	result := rule.frame(&a.clock, a.counts)
	for _, m := range a.members.byName() {
		result.take(a.members.names[m], a.totals[m], rule.asOf)
	}
	rule.score(result)
	return result
}

func (r *rfmRule) frame(c *clock, counts rfmCounts) *RFM {
	o := &r.options
	var asOf time.Time
	if !r.open || counts.orders > 0 {
		asOf = c.start(r.asOf, o.Zone)
	}
	return &RFM{
		AsOf: asOf, Zone: o.Zone, Method: o.Method, Groups: o.Groups, Segments: slices.Clone(o.Segments),
		Orders: counts.orders, Refunds: counts.refunds, Late: counts.late,
	}
}

// take lists a member, unless there was no purchase.
func (r *RFM) take(member string, t rfmTotals, asOf int64) {
	if t.orders == 0 {
		r.WithoutPurchase++
		return
	}
	r.Customers = append(r.Customers, RFMCustomer{Member: member, Days: int(asOf - t.last), Orders: int(t.orders), Spent: t.spent})
}

// MarshalBinary returns the accumulator's state. Equal contents give equal bytes.
func (a *RFMAccumulator) MarshalBinary() ([]byte, error) {
	w := newStateWriter("rfm", a.rule.key())
	w.count(a.counts.orders)
	w.count(a.counts.refunds)
	w.count(a.counts.late)
	w.signed(a.newest)
	w.count(len(a.totals))
	for _, m := range a.members.byName() {
		t := &a.totals[m]
		w.text(a.members.names[m])
		w.signed(t.last)
		w.unsigned(t.orders)
		w.amount(t.spent)
	}
	return w.bytes, nil
}

// UnmarshalBinary replaces what was added by a state. The accumulator was made with
// the dates of the one that wrote it: otherwise the error is [ErrMerge], and
// [ErrState] where the bytes are no such state; nothing changes then.
func (a *RFMAccumulator) UnmarshalBinary(data []byte) error {
	r := newStateReader(data, "rfm", a.rule.key())
	read := RFMAccumulator{rule: a.rule, clock: a.clock}
	read.counts = rfmCounts{orders: r.number(), refunds: r.number(), late: r.number()}
	read.newest = r.period()
	r.members(5, func(name string) {
		*read.of(name) = rfmTotals{last: r.period(), orders: uint64(r.number()), spent: r.amount()}
	})
	if err := r.end(); err != nil {
		return err
	}
	*a = read
	return nil
}
