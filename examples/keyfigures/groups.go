package keyfigures

import (
	"errors"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// group is customers whose second purchases are set against those of other groups.
type group struct {
	Name    string   `json:"name"`
	Members []string `json:"members"`
}

// logRank is a test of whether groups of customers come again at one rate.
type logRank struct {
	ChiSquare float64  `json:"chi_square"`
	DF        int      `json:"degrees_of_freedom"`
	P         float64  `json:"p_value"`
	Groups    []ranked `json:"groups"`
}

// ranked is one group of them: how many came again, and how many were expected to if
// all groups came at one rate.
type ranked struct {
	Name     string  `json:"name"`
	Observed float64 `json:"observed"`
	Expected float64 `json:"expected"`
}

// testCohorts tests whether customers of different months come again at one rate.
func (r *Report) testCohorts(second *kpi.SecondPurchaseAccumulator) {
	names, groups := second.Groups(func(_ string, first time.Time) string { return first.In(r.period.Zone).Format("2006-01") })
	test, p := r.logRank("months of first purchase", names, groups)
	r.CohortTest = test
	r.add("second_purchase_cohorts_p_value", p)
}

// testGroups tests whether the customers of the costs' groups come again at one rate.
func (r *Report) testGroups(all []group, second *kpi.SecondPurchaseAccumulator) error {
	if len(all) == 0 {
		return nil
	}
	of := map[string]string{}
	var errs []error
	for i, g := range all {
		if g.Name == "" || len(g.Members) == 0 {
			errs = append(errs, fmt.Errorf("groups[%d]: must have a name and members", i))
		}
		for _, member := range g.Members {
			if other, twice := of[member]; twice {
				errs = append(errs, fmt.Errorf("groups[%d]: member %q is in %q too", i, member, other))
			}
			of[member] = g.Name
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	names, groups := second.Groups(func(member string, _ time.Time) string { return of[member] })
	test, p := r.logRank("groups", names, groups)
	r.GroupTest = test
	r.add("groups_second_purchase_p_value", p)
	ratio := kpi.Undefined("", kpi.Multiple, p.Reason())
	if test != nil {
		result := kpi.LogRankResult{DF: test.DF}
		for _, g := range test.Groups {
			result.Observed, result.Expected = append(result.Observed, g.Observed), append(result.Expected, g.Expected)
		}
		var err error
		if ratio, err = result.Ratio(r.level); err != nil {
			return err
		}
		if len(names) == 2 {
			ratio = ratio.Noted("the first is %s, the second %s", names[0], names[1])
		}
	}
	r.add("groups_second_purchase_ratio", ratio.In(r.period))
	return nil
}

// logRank tests groups, and is nil where they cannot be told apart.
func (r *Report) logRank(of string, names []string, groups []*kpi.SurvivalAccumulator) (*logRank, kpi.Figure) {
	convention := fmt.Sprintf("log-rank test of the time to the second purchase, %d %s, two-sided", len(groups), of)
	result, err := kpi.LogRank(groups...)
	if err != nil {
		return nil, kpi.Undefined("", kpi.Fraction, err.Error()).As(convention).In(r.period)
	}
	test := &logRank{ChiSquare: result.ChiSquare, DF: result.DF, P: result.P}
	for i, name := range names {
		test.Groups = append(test.Groups, ranked{Name: name, Observed: result.Observed[i], Expected: result.Expected[i]})
	}
	return test, kpi.Estimate("", kpi.Fraction, result.P).As(convention).In(r.period)
}
