package keyfigures

import (
	"errors"
	"fmt"
	"math"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/clv"
)

// contractCohort is customers whose contracts began together.
type contractCohort struct {
	Name string `json:"name"`
	// Survivors counts those who are there at the start, and after each renewal so far.
	Survivors []float64 `json:"survivors"`
}

// renewalKeys are the keys of what sBG expects, with their units.
func renewalKeys() []Key {
	return []Key{
		{Name: "sbg_next_renewal_rate", Unit: kpi.Fraction},
		{Name: "sbg_retention_12_periods", Unit: kpi.Fraction},
		{Name: "sbg_expected_lifetime_periods", Unit: kpi.Periods},
		{Name: "sbg_residual_lifetime_periods", Unit: kpi.Periods},
		{Name: "sbg_contract_value", Unit: kpi.Money},
	}
}

// renewals are what a model of renewals expects of contracts.
func (c *contract) renewals(r *Report, costs *costs) error {
	if len(c.Cohorts) == 0 {
		return nil
	}
	fit, err := clv.FitSBG(func(yield func(clv.Cohort) bool) {
		for _, one := range c.Cohorts {
			if !yield(clv.Cohort{ID: one.Name, Survivors: one.Survivors}) {
				return
			}
		}
	}, &clv.FitOptions{Level: r.level})
	if errors.Is(err, clv.ErrInvalid) {
		return fmt.Errorf("contract.cohorts: %w", err)
	}
	figures := c.expects(costs)
	for _, k := range renewalKeys() {
		figure, allowed := figures[k.Name]
		if !allowed {
			continue
		}
		f := kpi.Undefined(k.Name, k.Unit, fmt.Sprint(err))
		if err == nil {
			f = estimated(kpi.Figure{Key: k.Name, Unit: k.Unit}, fit, figure, mostOf(k.Unit))
		}
		convention := "sBG, fitted to the renewals of the contracts of the costs"
		if c.DiscountPerPeriod != nil && k.Unit != kpi.Fraction {
			convention += fmt.Sprintf("; discount %v a period", *c.DiscountPerPeriod)
		}
		if k.Unit == kpi.Money {
			f = f.Priced(r.currency)
		}
		r.add(k.Name, f.As(convention).In(costs.period))
	}
	return nil
}

// mostOf is what no figure of a unit is above.
func mostOf(unit kpi.Unit) float64 {
	if unit == kpi.Fraction {
		return 1
	}
	return math.Inf(1)
}

// expects are the figures that the costs allow.
func (c *contract) expects(costs *costs) map[string]func(clv.SBG) (float64, error) {
	figures := map[string]func(clv.SBG) (float64, error){
		"sbg_next_renewal_rate": func(m clv.SBG) (float64, error) {
			return c.mean(func(renewal int) (float64, error) { return m.Retention(renewal) })
		},
		"sbg_retention_12_periods": func(m clv.SBG) (float64, error) { return m.Survival(12) },
	}
	if c.DiscountPerPeriod == nil || *c.DiscountPerPeriod <= 0 {
		return figures
	}
	discount := *c.DiscountPerPeriod
	figures["sbg_expected_lifetime_periods"] = func(m clv.SBG) (float64, error) { return m.DEL(discount) }
	figures["sbg_residual_lifetime_periods"] = func(m clv.SBG) (float64, error) {
		return c.mean(func(renewal int) (float64, error) { return m.DERL(renewal, discount) })
	}
	if c.Revenue != nil && c.Start > 0 {
		figures["sbg_contract_value"] = func(m clv.SBG) (float64, error) {
			periods, err := m.DEL(discount)
			return periods * c.each(costs), err
		}
	}
	return figures
}

// mean is that of a figure of the next renewal, over the contracts of today.
func (c *contract) mean(figure func(renewal int) (float64, error)) (float64, error) {
	var all, sum float64
	for _, one := range c.Cohorts {
		now := one.Survivors[len(one.Survivors)-1]
		value, err := figure(len(one.Survivors))
		if err != nil {
			return 0, err
		}
		all, sum = all+now, sum+now*value
	}
	if all == 0 {
		return 0, fmt.Errorf("%w: no contract is left", clv.ErrUndefined)
	}
	return sum / all, nil
}
