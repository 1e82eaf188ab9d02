package keyfigures

import (
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// counters are what one pass over the log fills.
type counters struct {
	purchases   *kpi.PurchaseAccumulator
	inactive    *kpi.InactivityAccumulator
	cohorts     *kpi.CohortAccumulator
	rfm         *kpi.RFMAccumulator
	summary     *kpi.SummaryAccumulator
	calibration *kpi.SummaryAccumulator
	second      *kpi.SecondPurchaseAccumulator
	// returning is of the period of the costs, nil where they have none.
	returning *kpi.ReturningAccumulator
	// bought is what was bought in the period of the costs, nil where they have no
	// contract.
	bought          *kpi.PurchaseAccumulator
	quarters, years *kpi.CohortAccumulator
	// adders are all of them that there are.
	adders []kpi.Adder
	// now and before are the last days and those before them, which may be nil.
	now, before *window
	retention   *kpi.RetentionAccumulator
	visits      *visits
}

// Compute reads a log and the files of the options, and computes all figures that they
// allow.
func Compute(l *Log, o Options) (*Report, error) {
	e, err := l.extent()
	if err != nil {
		return nil, err
	}
	if e.rows == 0 {
		return nil, fmt.Errorf("%s has no orders", l.Name)
	}
	if o.AsOf.IsZero() {
		o.AsOf = dayOf(e.last, o.Zone)
	}
	period := kpi.Period{Start: dayOf(e.first, o.Zone), End: nextDay(o.AsOf), Zone: o.Zone}
	if !period.End.After(period.Start) {
		return nil, fmt.Errorf("-as-of: the first order is of %s", e.first.In(o.Zone).Format("2006-01-02"))
	}
	if !o.CalibrationEnd.IsZero() && (o.CalibrationEnd.Before(period.Start) || !o.CalibrationEnd.Before(o.AsOf)) {
		return nil, errors.New("-calibration-end: must lie between the first order and the last day that counts")
	}
	var c *costs
	if o.Costs != "" {
		if c, err = readCosts(o.Costs, o.Zone); err != nil {
			return nil, err
		}
	}
	all, err := newCounters(o, period, c)
	if err != nil {
		return nil, err
	}
	if _, err := l.Each("counting", all.add); err != nil {
		return nil, err
	}
	r := newReport(l, o, period, e)
	if c != nil && c.Currency != r.currency {
		if c.Currency != "" && r.currency != "" {
			return nil, fmt.Errorf("%s: the currency is %s, that of the log %s", o.Costs, c.Currency, r.currency)
		}
		r.currency = c.Currency + r.currency
		c.Currency = r.currency
	}
	err = errors.Join(all.figures(r), all.compare(r, o.InactiveDays), r.models(o, all, c), r.costs(c, all), r.engine(o.Engine, c), r.surveys(o, period))
	if err != nil || c == nil {
		return r, err
	}
	if err := r.goals(c.Goals, o.Zone); err != nil {
		return nil, fmt.Errorf("%s: %w", o.Costs, err)
	}
	return r, nil
}

func newCounters(o Options, period kpi.Period, c *costs) (*counters, error) {
	var all counters
	var errs []error
	var err error
	take := func(a kpi.Adder) {
		if err != nil {
			errs = append(errs, err)
			return
		}
		all.adders = append(all.adders, a)
	}
	all.purchases, err = kpi.NewPurchaseAccumulator(period, kpi.ByDay)
	take(all.purchases)
	all.inactive, err = kpi.NewInactivityAccumulator(period.End, o.InactiveDays, o.Zone)
	take(all.inactive)
	all.cohorts, err = kpi.NewCohortAccumulator(&kpi.CohortOptions{Bucket: kpi.Monthly, Zone: o.Zone, Until: period.End})
	take(all.cohorts)
	all.quarters, err = kpi.NewCohortAccumulator(&kpi.CohortOptions{Bucket: kpi.Quarterly, Zone: o.Zone, Until: period.End})
	take(all.quarters)
	all.years, err = kpi.NewCohortAccumulator(&kpi.CohortOptions{Bucket: kpi.Yearly, Zone: o.Zone, Until: period.End})
	take(all.years)
	all.rfm, err = kpi.NewRFMAccumulator(&kpi.RFMOptions{AsOf: o.AsOf, Zone: o.Zone})
	take(all.rfm)
	all.summary, err = kpi.NewSummaryAccumulator(&kpi.SummaryOptions{AsOf: o.AsOf, Zone: o.Zone, Unit: o.Unit})
	take(all.summary)
	all.second, err = kpi.NewSecondPurchaseAccumulator(period.End, o.Zone)
	take(all.second)
	if !o.CalibrationEnd.IsZero() {
		all.calibration, err = kpi.NewSummaryAccumulator(&kpi.SummaryOptions{
			AsOf: o.CalibrationEnd, HoldoutEnd: o.AsOf, Zone: o.Zone, Unit: o.Unit,
		})
		take(all.calibration)
		all.visits = &visits{zone: o.Zone, end: period.End, days: map[string][]int32{}}
		all.adders = append(all.adders, all.visits)
	}
	if c != nil && (c.AcquisitionSpend != nil || c.RetentionSpend != nil) {
		all.returning, err = kpi.NewReturningAccumulator(c.period)
		take(all.returning)
	}
	if c != nil && c.Contract != nil {
		all.bought, err = kpi.NewPurchaseAccumulator(c.period, kpi.ByDay)
		take(all.bought)
	}
	recent := kpi.Period{Start: daysAfter(o.AsOf, 1-o.InactiveDays), End: period.End, Zone: o.Zone}
	all.now, err = newWindow(recent, o.InactiveDays)
	take(all.now)
	earlier := kpi.Period{Start: daysAfter(o.AsOf, 1-2*o.InactiveDays), End: recent.Start, Zone: o.Zone}
	if !earlier.Start.Before(period.Start) {
		all.before, err = newWindow(earlier, o.InactiveDays)
		take(all.before)
	}
	all.retention, err = kpi.NewRetentionAccumulator(recent, o.InactiveDays)
	take(all.retention)
	return &all, errors.Join(errs...)
}

func (c *counters) add(o kpi.Order) error {
	for _, a := range c.adders {
		if err := a.Add(o); err != nil {
			return err
		}
	}
	return nil
}

// exact is a figure that is a sum of a period.
func (r *Report) exact(key string, unit kpi.Unit, amount decimal.Decimal, period kpi.Period) kpi.Figure {
	f := kpi.Quotient(key, unit, amount, decimal.NewFromInt(1)).In(period)
	if unit == kpi.Money {
		f = f.Priced(r.currency)
	}
	return f
}

// figures are those of the log alone.
func (c *counters) figures(r *Report) error {
	p := c.purchases.Result()
	exact := func(key, convention string, unit kpi.Unit, amount decimal.Decimal) {
		r.add(key, r.exact(key, unit, amount, r.period).As(convention))
	}
	exact("customers", "with an order of 0 or more", kpi.Count, decimal.NewFromInt(int64(p.Customers)))
	exact("orders", "with an amount of 0 or more", kpi.Count, decimal.NewFromInt(int64(p.Orders)))
	exact("refunds", "with an amount below 0", kpi.Count, decimal.NewFromInt(int64(p.Refunds)))
	exact("revenue", "purchases less refunds, when they were recorded", kpi.Money, p.Revenue.Decimal())
	value, err := p.AverageOrderValue(r.currency)
	if err != nil {
		return err
	}
	r.add("average_order_value", value)
	frequency, err := p.PurchaseFrequency()
	if err != nil {
		return err
	}
	r.add("purchase_frequency", frequency)
	repeat, err := p.RepeatPurchaseRate()
	if err != nil {
		return err
	}
	if err := r.sample("repeat_purchase_rate", repeat); err != nil {
		return err
	}
	if err := r.sample("inactive_rate", c.inactive.Result()); err != nil {
		return err
	}
	second, err := c.second.Result(&kpi.SurvivalOptions{Level: r.level})
	if err != nil {
		return err
	}
	r.add("second_purchase_median_days", second.Median().In(r.period))
	r.add("second_purchase_within_90_days", second.Within(90).In(r.period))
	r.restrictedMean(second.Curve, 90)
	r.testCohorts(c.second)
	if err := r.cohortFigures(c.cohorts.Result()); err != nil {
		return err
	}
	if r.Quarters, err = r.matrix(c.quarters.Result()); err != nil {
		return err
	}
	if r.Years, err = r.matrix(c.years.Result()); err != nil {
		return err
	}
	kept, err := kpi.Retention(c.retention.Result())
	if err != nil {
		return err
	}
	if err := r.sample("window_retention_rate", kept); err != nil {
		return err
	}
	return r.rfmFigures(c.rfm.Result())
}
