package keyfigures

import (
	"errors"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// change is a figure of the last days, and of as many days before them.
type change struct {
	Name string     `json:"name"`
	Now  kpi.Figure `json:"now"`
	// Before is null where the log does not go back so far.
	Before *kpi.Figure `json:"before"`
}

// trend compares the last days with as many before them.
type trend struct {
	Days    int      `json:"days"`
	Changes []change `json:"figures"`
}

// window counts the orders of some days.
type window struct {
	purchases *kpi.PurchaseAccumulator
	returning *kpi.ReturningAccumulator
	inactive  *kpi.InactivityAccumulator
}

func newWindow(period kpi.Period, days int) (*window, error) {
	var w window
	var errs [3]error
	w.purchases, errs[0] = kpi.NewPurchaseAccumulator(period, kpi.ByDay)
	w.returning, errs[1] = kpi.NewReturningAccumulator(period)
	w.inactive, errs[2] = kpi.NewInactivityAccumulator(period.End, days, period.Zone)
	return &w, errors.Join(errs[:]...)
}

// Add implements [kpi.Adder].
func (w *window) Add(o kpi.Order) error {
	if err := w.purchases.Add(o); err != nil {
		return err
	}
	if err := w.returning.Add(o); err != nil {
		return err
	}
	return w.inactive.Add(o)
}

// figures are those of the days, with what people call them.
func (w *window) figures(r *Report) ([]change, error) {
	p, back := w.purchases.Result(), w.returning.Result()
	exact := func(key string, unit kpi.Unit, amount decimal.Decimal) kpi.Figure {
		return r.exact(key, unit, amount, p.Period)
	}
	value, err := p.AverageOrderValue(r.currency)
	if err != nil {
		return nil, err
	}
	frequency, err := p.PurchaseFrequency()
	if err != nil {
		return nil, err
	}
	all := []change{
		{Name: "Revenue", Now: exact("revenue", kpi.Money, p.Revenue.Decimal())},
		{Name: "Customers", Now: exact("customers", kpi.Count, decimal.NewFromInt(int64(p.Customers)))},
		{Name: "New customers", Now: exact("new_customers", kpi.Count, decimal.NewFromInt(back.New))},
		{Name: "Average order", Now: value},
		{Name: "Orders of a customer", Now: frequency},
	}
	repeat, err := p.RepeatPurchaseRate()
	if err != nil {
		return nil, err
	}
	again, err := back.ReturnRate()
	if err != nil {
		return nil, err
	}
	for _, share := range []change{{Name: "Came on two days or more", Now: repeat}, {Name: "Came back", Now: again}, {Name: "Inactive", Now: w.inactive.Result()}} {
		if share.Now, err = share.Now.OfSample(r.level); err != nil {
			return nil, err
		}
		all = append(all, share)
	}
	return all, nil
}

// compare puts the figures of the last days beside those of the days before.
func (c *counters) compare(r *Report, days int) error {
	now, err := c.now.figures(r)
	if err != nil {
		return err
	}
	r.Trend = &trend{Days: days, Changes: now}
	if c.before == nil {
		return nil
	}
	before, err := c.before.figures(r)
	if err != nil {
		return err
	}
	for i := range before {
		r.Trend.Changes[i].Before = &before[i].Now
	}
	return nil
}
