package keyfigures

import (
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// contract counts customers who sign and leave, in the period of the costs.
type contract struct {
	Start int64 `json:"start"`
	New   int64 `json:"new"`
	End   int64 `json:"end"`
	// LostFromStart is null where only totals are known.
	LostFromStart *int64 `json:"lost_from_start"`
	// PeriodsPerYear annualizes the churn: 12 for months.
	PeriodsPerYear float64 `json:"periods_per_year"`
	// Revenue is what recurs.
	Revenue *recurring `json:"revenue"`
	// DiscountPerPeriod is of the value of a contract that goes on.
	DiscountPerPeriod *float64 `json:"discount_per_period"`
	// Cohorts are in renewals.go.
	Cohorts []contractCohort `json:"cohorts"`
}

// recurring is revenue that recurs each period.
type recurring struct {
	Start     decimal.Decimal `json:"start"`
	Lost      decimal.Decimal `json:"lost"`
	Expansion decimal.Decimal `json:"expansion"`
}

// churnKeys are the keys of churn by its bases.
func churnKeys() []struct {
	key   string
	basis kpi.ChurnBasis
} {
	return []struct {
		key   string
		basis kpi.ChurnBasis
	}{
		{"churn_rate", kpi.LostFromStart},
		{"churn_rate_over_average", kpi.OverAverage},
		{"churn_rate_over_start_plus_new", kpi.OverStartPlusNew},
		{"churn_rate_net_of_totals", kpi.NetOfTotals},
	}
}

func (c *contract) figures(r *Report, costs *costs, p *kpi.Purchases) error {
	who := kpi.Customers{Start: c.Start, New: c.New, End: c.End, LostFromStart: c.LostFromStart, Period: costs.period}
	retention, err := kpi.Retention(who)
	if err != nil {
		return fmt.Errorf("contract: %w", err)
	}
	errs := []error{r.sample("retention_rate", retention)}
	for _, k := range churnKeys() {
		if k.basis == kpi.LostFromStart && c.LostFromStart == nil {
			continue
		}
		churn, err := kpi.Churn(who, k.basis)
		if err != nil {
			return fmt.Errorf("contract: %w", err)
		}
		if k.basis == kpi.OverAverage {
			r.add(k.key, churn) // its denominator is no number of customers
			continue
		}
		errs = append(errs, r.sample(k.key, churn))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	// With totals alone the net churn stands for the churn of those at the start.
	churn, ok := r.Figures["churn_rate"]
	if !ok {
		churn = r.Figures["churn_rate_net_of_totals"]
	}
	if c.PeriodsPerYear != 0 {
		annual, err := kpi.CompoundChurn(churn, c.PeriodsPerYear)
		if err != nil {
			return fmt.Errorf("contract: periods_per_year: %w", err)
		}
		r.add("annual_churn_rate", annual)
	}
	return errors.Join(c.simple(r, costs, churn, p), c.recurs(r, costs, retention), c.renewals(r, costs))
}

// simple is the simple lifetime value of a customer: what the log says of orders in
// the period, for as long as the churn of contracts lets customers stay.
func (c *contract) simple(r *Report, costs *costs, churn kpi.Figure, p *kpi.Purchases) error {
	rate, ok := churn.Value()
	if !ok || p.Customers == 0 {
		return nil
	}
	value, err := p.AverageOrderValue(r.currency)
	if err != nil {
		return err
	}
	frequency, err := p.PurchaseFrequency()
	if err != nil {
		return err
	}
	mean := kpi.Value{Churn: rate, Margin: costs.GrossMargin, Currency: r.currency}
	mean.OrderValue, _ = value.Value()
	mean.Frequency, _ = frequency.Value()
	life, err := kpi.SimpleLifetimeValue(mean)
	if err != nil {
		return fmt.Errorf("contract: %w", err)
	}
	r.add("customer_lifespan_periods", life.Lifespan.In(costs.period))
	r.add("simple_lifetime_revenue", life.Revenue.In(costs.period))
	if costs.GrossMargin != nil {
		r.add("simple_lifetime_margin", life.Margin.In(costs.period))
	}
	return nil
}

// recurs is the churn of revenue, and what a contract is worth that goes on.
func (c *contract) recurs(r *Report, costs *costs, retention kpi.Figure) error {
	if c.Revenue == nil {
		return nil
	}
	churn, err := kpi.RevenueChurn(kpi.RecurringRevenue{
		Start: c.Revenue.Start, Lost: c.Revenue.Lost, Expansion: c.Revenue.Expansion, Currency: r.currency, Period: costs.period,
	})
	if err != nil {
		return fmt.Errorf("contract.revenue: %w", err)
	}
	r.add("gross_revenue_churn_rate", churn.Gross)
	r.add("net_revenue_churn_rate", churn.Net)
	stay, ok := retention.Value()
	if c.DiscountPerPeriod == nil || !ok || c.Start == 0 {
		return nil
	}
	each := c.each(costs)
	for _, form := range []kpi.PerpetuityForm{kpi.FirstPaymentAtStart, kpi.FirstPaymentExcluded, kpi.PaidAtPeriodEnd} {
		f, err := kpi.Perpetuity(form, each, stay, *c.DiscountPerPeriod)
		if err != nil {
			return fmt.Errorf("contract: %w", err)
		}
		r.add("perpetuity_"+string(form), f.Priced(r.currency).In(costs.period))
	}
	return nil
}

// each is what a contract brings in a period, in margin where that is known.
func (c *contract) each(costs *costs) float64 {
	each := c.Revenue.Start.InexactFloat64() / float64(c.Start)
	if costs.GrossMargin != nil {
		each *= *costs.GrossMargin
	}
	return each
}
