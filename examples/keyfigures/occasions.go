package keyfigures

import (
	"fmt"
	"slices"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/clv"
)

// mostOccasions is how many a log may have for the fit to be quick.
const mostOccasions = 24

// occasions are the months, quarters or years in which customers bought, with how many
// of them are 12 months.
func (c *counters) occasions() (all []clv.Occasions, name string, inYear int) {
	for _, by := range []struct {
		cohorts *kpi.CohortAccumulator
		name    string
		inYear  int
	}{{c.cohorts, "months", 12}, {c.quarters, "quarters", 4}, {c.years, "years", 1}} {
		all, name, inYear = slices.Collect(clv.OccasionsOf(by.cohorts.Occasions())), by.name, by.inYear
		if most := slices.MaxFunc(append(all, clv.Occasions{}), func(a, b clv.Occasions) int { return a.Number - b.Number }); most.Number <= mostOccasions {
			break
		}
	}
	return all, name, inYear
}

// occasions adds what BG/BB expects of the customers who were observed for at least one
// whole month, quarter or year after that of their first purchase.
func (r *Report) occasions(c *counters) {
	all, name, inYear := c.occasions()
	convention := fmt.Sprintf("BG/BB of %d customers in whole calendar %s after that of the first purchase", len(all), name)
	fit, err := clv.FitBGBB(slices.Values(all), &clv.FitOptions{Level: r.level})
	if len(all) == 0 {
		err = fmt.Errorf("nobody was observed for one of the %s after that of the first purchase", name)
	}
	kinds := kindsOf(all)
	of := func(figure func(clv.BGBB, clv.Occasions) (float64, error)) func(clv.BGBB) (float64, error) {
		return func(m clv.BGBB) (sum float64, err error) {
			for _, one := range kinds {
				value, err := figure(m, one)
				if err != nil {
					return 0, err
				}
				sum += one.Weight * value
			}
			return sum, nil
		}
	}
	add := func(key string, most int, figure func(clv.BGBB, clv.Occasions) (float64, error)) {
		f := kpi.Undefined(key, kpi.Count, fmt.Sprint(err))
		if err == nil {
			f = estimated(kpi.Figure{Key: key, Unit: kpi.Count}, fit, of(figure), float64(most))
		}
		r.add(key, f.As(convention))
	}
	add("bgbb_active_customers", len(all), func(m clv.BGBB, o clv.Occasions) (float64, error) { return m.Alive(o, 1) })
	add("bgbb_purchase_periods_12_months", len(all)*inYear, func(m clv.BGBB, o clv.Occasions) (float64, error) { return m.ConditionalExpected(o, inYear) })
}

// kindsOf takes customers with the same figures together, in the order in which they
// come first.
func kindsOf(all []clv.Occasions) (kinds []clv.Occasions) {
	at := map[clv.Occasions]int{}
	for _, o := range all {
		o.ID = ""
		i, known := at[o]
		if !known {
			i = len(kinds)
			at[o], kinds = i, append(kinds, o)
		}
		kinds[i].Weight++
	}
	return kinds
}
