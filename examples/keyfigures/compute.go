package main

import (
	"errors"
	"fmt"
	"io"

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
	// adders are all of them that there are.
	adders []kpi.Adder
}

// compute reads all files and computes all figures that they allow.
func compute(o options, progress *status, warnings io.Writer) (*report, error) {
	l := &log{path: o.orders, zone: o.zone, status: progress, warnings: warnings}
	e, err := l.extent()
	if err != nil {
		return nil, err
	}
	if e.rows == 0 {
		return nil, fmt.Errorf("%s has no orders", o.orders)
	}
	if o.asOf.IsZero() {
		o.asOf = dayOf(e.last, o.zone)
	}
	period := kpi.Period{Start: dayOf(e.first, o.zone), End: nextDay(o.asOf), Zone: o.zone}
	if !period.End.After(period.Start) {
		return nil, fmt.Errorf("-as-of: the first order is of %s", e.first.In(o.zone).Format("2006-01-02"))
	}
	if !o.calibrationEnd.IsZero() && (o.calibrationEnd.Before(period.Start) || !o.calibrationEnd.Before(o.asOf)) {
		return nil, errors.New("-calibration-end: must lie between the first order and the last day that counts")
	}
	var c *costs
	if o.costs != "" {
		if c, err = readCosts(o.costs, o.zone); err != nil {
			return nil, err
		}
	}
	all, err := newCounters(o, period, c)
	if err != nil {
		return nil, err
	}
	if _, err := l.each("counting", false, all.add); err != nil {
		return nil, err
	}
	r := newReport(o, period, e)
	if c != nil && c.Currency != r.currency {
		if c.Currency != "" && r.currency != "" {
			return nil, fmt.Errorf("%s: the currency is %s, that of the log %s", o.costs, c.Currency, r.currency)
		}
		r.currency = c.Currency + r.currency
		c.Currency = r.currency
	}
	err = errors.Join(all.figures(r), r.models(o, all, c), r.costs(c, all.returning), r.surveys(o, period, warnings))
	if err != nil || c == nil {
		return r, err
	}
	if err := r.goals(c.Goals, o.zone); err != nil {
		return nil, fmt.Errorf("%s: %w", o.costs, err)
	}
	return r, nil
}

func newCounters(o options, period kpi.Period, c *costs) (*counters, error) {
	var all counters
	var errs [8]error
	all.purchases, errs[0] = kpi.NewPurchaseAccumulator(period, kpi.ByDay)
	all.inactive, errs[1] = kpi.NewInactivityAccumulator(period.End, o.inactiveDays, o.zone)
	all.cohorts, errs[2] = kpi.NewCohortAccumulator(&kpi.CohortOptions{Bucket: kpi.Monthly, Zone: o.zone, Until: period.End})
	all.rfm, errs[3] = kpi.NewRFMAccumulator(&kpi.RFMOptions{AsOf: o.asOf, Zone: o.zone})
	all.summary, errs[4] = kpi.NewSummaryAccumulator(&kpi.SummaryOptions{AsOf: o.asOf, Zone: o.zone, Unit: o.unit})
	if !o.calibrationEnd.IsZero() {
		all.calibration, errs[5] = kpi.NewSummaryAccumulator(&kpi.SummaryOptions{
			AsOf: o.calibrationEnd, HoldoutEnd: o.asOf, Zone: o.zone, Unit: o.unit,
		})
	}
	all.second, errs[6] = kpi.NewSecondPurchaseAccumulator(period.End, o.zone)
	if c != nil && (c.AcquisitionSpend != nil || c.RetentionSpend != nil) {
		all.returning, errs[7] = kpi.NewReturningAccumulator(c.period)
	}
	all.adders = []kpi.Adder{all.purchases, all.inactive, all.cohorts, all.rfm, all.summary, all.second}
	if all.calibration != nil {
		all.adders = append(all.adders, all.calibration)
	}
	if all.returning != nil {
		all.adders = append(all.adders, all.returning)
	}
	return &all, errors.Join(errs[:]...)
}

func (c *counters) add(o kpi.Order) error {
	for _, a := range c.adders {
		if err := a.Add(o); err != nil {
			return err
		}
	}
	return nil
}

// figures are those of the log alone.
func (c *counters) figures(r *report) error {
	p := c.purchases.Result()
	one := decimal.NewFromInt(1)
	exact := func(key string, unit kpi.Unit, amount decimal.Decimal) {
		r.add(key, kpi.Quotient(key, unit, amount, one).In(r.period).Priced(r.currency))
	}
	exact("customers", kpi.Count, decimal.NewFromInt(int64(p.Customers)))
	exact("orders", kpi.Count, decimal.NewFromInt(int64(p.Orders)))
	exact("refunds", kpi.Count, decimal.NewFromInt(int64(p.Refunds)))
	exact("revenue", kpi.Money, p.Revenue.Decimal())
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
	if err := r.cohortFigures(c.cohorts.Result()); err != nil {
		return err
	}
	return r.rfmFigures(c.rfm.Result())
}
