package clv_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/loyaltykit/loyaltykit/kpi/clv"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// drawn are customers that a model makes, who joined over half a year.
func drawn(t testing.TB, m clv.Model, seed uint64, n int) []clv.Customer {
	t.Helper()
	customers, err := clv.Simulate(m, seed, func(yield func(float64) bool) {
		for i := range n {
			if !yield(52 + 26*float64(i%183)/183) {
				return
			}
		}
	})
	require.NoError(t, err)
	return slices.Collect(customers)
}

func estimates(t *testing.T, want, got []clv.Estimate, tolerance float64) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		assert.InEpsilon(t, want[i].Value, got[i].Value, tolerance, want[i].Name)
		assert.InEpsilon(t, want[i].SE, got[i].SE, 100*tolerance, "standard error of %s", want[i].Name)
	}
}

func TestAFitDoesNotDependOnTheUnitOfTime(t *testing.T) {
	customers := cdnow(t)
	for _, unit := range []float64{1e-6, 1e6} {
		scaled := slices.Clone(customers)
		for i := range scaled {
			scaled[i].Recency *= unit
			scaled[i].Age *= unit
		}
		sameButScaled(t, clv.FitNBD, customers, scaled, unit)
		sameButScaled(t, clv.FitBGNBD, customers, scaled, unit)
		sameButScaled(t, clv.FitMBGNBD, customers, scaled, unit)
		sameButScaled(t, clv.FitParetoNBD, customers, scaled, unit)
	}
}

func sameButScaled[M clv.Model](t *testing.T, fit fitter[M], customers, scaled []clv.Customer, unit float64) {
	t.Helper()
	plain, err := fit(slices.Values(customers), nil)
	require.NoError(t, err)
	other, err := fit(slices.Values(scaled), nil)
	require.NoError(t, err)
	for i := range plain.Estimates {
		if name := plain.Estimates[i].Name; name == "alpha" || name == "beta" {
			other.Estimates[i].Value /= unit
			other.Estimates[i].SE /= unit
		}
	}
	estimates(t, plain.Estimates, other.Estimates, 1e-6)
	assert.InDelta(t, plain.LogLikelihood-2457*math.Log(unit), other.LogLikelihood, 1e-5)
}

func TestAFitDoesNotDependOnTheOrderOfCustomers(t *testing.T) {
	customers := drawn(t, models()[1], 3, 3000)
	first, err := clv.FitBGNBD(slices.Values(customers), nil)
	require.NoError(t, err)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(customers), func(i, j int) {
		customers[i], customers[j] = customers[j], customers[i]
	})
	second, err := clv.FitBGNBD(slices.Values(customers), nil)
	require.NoError(t, err)
	assert.Equal(t, first, second)
}

func TestAWeightIsThatManyCustomers(t *testing.T) {
	once := drawn(t, models()[1], 5, 1500)
	var twice []clv.Customer
	for i := range once {
		once[i].Weight = float64(1 + i%2)
		for range 1 + i%2 {
			c := once[i]
			c.Weight = 0
			twice = append(twice, c)
		}
	}
	weighted, err := clv.FitBGNBD(slices.Values(once), nil)
	require.NoError(t, err)
	repeated, err := clv.FitBGNBD(slices.Values(twice), nil)
	require.NoError(t, err)
	estimates(t, repeated.Estimates, weighted.Estimates, 1e-5)
	assert.InDelta(t, repeated.LogLikelihood, weighted.LogLikelihood, 1e-6)
	assert.InDelta(t, 2250, weighted.Weight, 0)
	assert.Equal(t, 1500, weighted.Rows)
}

func TestNoRepeatPurchaseAtAllHasNoFit(t *testing.T) {
	customers := []clv.Customer{{Age: 10}, {Age: 20}, {Age: 30}}
	f, err := clv.FitBGNBD(slices.Values(customers), nil)
	var none *clv.NoOptimumError
	require.ErrorAs(t, err, &none)
	require.ErrorIs(t, err, clv.ErrNoOptimum)
	assert.Contains(t, none.Reason, "no customer has a repeat purchase")
	assert.Len(t, none.Best, 4)
	assert.False(t, f.Converged)
	_, err = clv.FitParetoNBD(slices.Values(customers), nil)
	require.ErrorIs(t, err, clv.ErrNoOptimum)
	_, err = clv.FitNBD(slices.Values(customers), nil)
	require.ErrorIs(t, err, clv.ErrNoOptimum)
}

// All bought to the end: the likelihood rises towards that of NBD, in which nobody leaves.
func TestNobodyWhoLeavesIsABoundary(t *testing.T) {
	customers := drawn(t, clv.NBD{R: 0.8, Alpha: 10}, 9, 800)
	customers = slices.DeleteFunc(customers, func(c clv.Customer) bool { return c.Frequency == 0 })
	for i := range customers {
		customers[i].Recency = customers[i].Age
	}
	nbd, err := clv.FitNBD(slices.Values(customers), nil)
	require.NoError(t, err)
	bg, err := clv.FitBGNBD(slices.Values(customers), nil)
	require.NoError(t, err)
	atBoundary(t, bg, nbd.LogLikelihood)
	pareto, err := clv.FitParetoNBD(slices.Values(customers), nil)
	require.NoError(t, err)
	atBoundary(t, pareto, nbd.LogLikelihood)
}

func atBoundary[M clv.Model](t *testing.T, f clv.Fit[M], limit float64) {
	t.Helper()
	assert.True(t, f.Converged)
	require.Len(t, f.Boundaries, 1)
	assert.Contains(t, f.Boundaries[0], "nobody leaves")
	assert.InDelta(t, limit, f.LogLikelihood, 1e-3)
	assert.Nil(t, f.Covariance)
	for _, e := range f.Estimates {
		assert.False(t, e.Known)
		assert.True(t, e.Value > 0 && !math.IsInf(e.Value, 0))
	}
}

func TestCustomersWhoDifferByChanceOnlyHaveNoFit(t *testing.T) {
	var customers []clv.Customer
	for i := range 400 {
		x := 9 + i%3
		customers = append(customers, clv.Customer{Frequency: x, Recency: 49, Age: 50})
	}
	_, err := clv.FitNBD(slices.Values(customers), nil)
	var none *clv.NoOptimumError
	require.ErrorAs(t, err, &none)
	assert.Contains(t, none.Reason, "r and alpha grow together without bound")
	assert.InEpsilon(t, 0.2, none.Best[0].Value/none.Best[1].Value, 1e-3, "their ratio is the rate")
	_, err = clv.FitBGNBD(slices.Values(customers), nil)
	require.ErrorIs(t, err, clv.ErrNoOptimum)
}

func TestFrequenciesOfAHundredThousandAreFitted(t *testing.T) {
	truth := clv.BGNBD{R: 0.6, Alpha: 0.002, A: 0.5, B: 4000}
	customers := drawn(t, truth, 11, 600)
	most := slices.MaxFunc(customers, func(a, b clv.Customer) int { return a.Frequency - b.Frequency })
	require.Greater(t, most.Frequency, 50_000)
	f, err := clv.FitBGNBD(slices.Values(customers), nil)
	require.NoError(t, err)
	assert.True(t, f.Converged)
	assert.InEpsilon(t, truth.R, f.Model.R, 0.2)
	pareto, err := clv.FitParetoNBD(slices.Values(customers), nil)
	require.NoError(t, err)
	assert.True(t, pareto.Converged)
}

func TestEveryBadCustomerIsNamed(t *testing.T) {
	customers := []clv.Customer{
		{ID: "anna", Age: 3},
		{ID: "bert", Frequency: 2, Recency: 5, Age: 3},
		{ID: "carl", Frequency: -1, Age: math.NaN()},
	}
	_, err := clv.FitBGNBD(slices.Values(customers), nil)
	var input *clv.InputError
	require.ErrorAs(t, err, &input)
	assert.Equal(t, 3, input.Total)
	assert.Equal(t, clv.Problem{
		Row: 1, ID: "bert", Field: "Recency", Value: 5,
		Rule: "the last purchase lies between the first one and the end: 0 ≤ Recency ≤ Age",
	}, input.Problems[0])
	require.ErrorContains(t, err, "row 2 (carl): Frequency is -1")
	_, err = clv.FitBGNBD(slices.Values([]clv.Customer{}), nil)
	require.ErrorContains(t, err, "a fit needs customers")
	_, err = clv.FitBGNBD(slices.Values(customers[:1]), &clv.FitOptions{Level: 95})
	require.ErrorContains(t, err, "Level is 95")
}

func TestSpendOfNothingOrLessIsRefusedWithItsCustomer(t *testing.T) {
	customers := []clv.Customer{
		{ID: "one-time", Age: 9},
		{ID: "refunded", Frequency: 1, Recency: 2, Age: 9, Monetary: -4.5},
		{ID: "free", Frequency: 3, Recency: 2, Age: 9},
	}
	for i := range 50 {
		customers = append(customers, clv.Customer{ID: "regular", Frequency: 1 + i%4, Monetary: 5 + float64(i*i%37)})
	}
	_, err := clv.FitGammaGamma(slices.Values(customers), nil)
	require.ErrorContains(t, err, "row 1 (refunded): Monetary is -4.5")
	require.ErrorContains(t, err, "row 2 (free): Monetary is 0")
	f, err := clv.FitGammaGamma(slices.Values(customers), &clv.FitOptions{SkipNonPositive: true})
	require.NoError(t, err)
	assert.Equal(t, 3, f.Skipped)
	assert.Equal(t, 53, f.Rows)
}

func TestSpendThatDependsOnFrequencyIsSaid(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	var customers []clv.Customer
	for i := range 500 {
		x := 1 + i%10
		customers = append(customers, clv.Customer{Frequency: x, Monetary: float64(x) * (5 + 4*rng.ExpFloat64())})
	}
	f, err := clv.FitGammaGamma(slices.Values(customers), nil)
	require.NoError(t, err)
	assert.True(t, f.Dependent)
	assert.Greater(t, f.Correlation, 0.3)
}

func TestAMeanSpendThatDoesNotExistIsAnErrorAndNeverNegative(t *testing.T) {
	m := clv.GammaGamma{P: 2, Q: 0.6, V: 10}
	_, err := m.Mean()
	require.ErrorIs(t, err, clv.ErrUndefined)
	own, err := m.MeanOf(clv.Customer{Frequency: 1, Monetary: 20})
	require.NoError(t, err)
	assert.InEpsilon(t, 2*(10+20.0)/(2+0.6-1), own, 1e-14)
	_, err = clv.LifetimeValue(models()[1], m, clv.Customer{Age: 9}, clv.Horizon{Step: 1, Steps: 4})
	require.ErrorIs(t, err, clv.ErrUndefined)
}

func TestContractsWithoutALossOrWithOneRateHaveNoFit(t *testing.T) {
	fit := func(survivors ...float64) error {
		_, err := clv.FitSBG(slices.Values([]clv.Cohort{{ID: "2026", Survivors: survivors}}), nil)
		return err
	}
	require.ErrorContains(t, fit(100, 100, 100), "no customer was lost")
	require.ErrorContains(t, fit(1000, 800, 640, 512), "constant retention rate")
	require.ErrorContains(t, fit(100, 60, 60, 60, 60), "two kinds of customers")
	require.ErrorContains(t, fit(100, 120), "row 0 (2026): Survivors is 120")
	require.ErrorContains(t, fit(100), "at least its start and one renewal")
}

func TestCohortsOfDifferentAgeAreFittedTogether(t *testing.T) {
	together := []clv.Cohort{{ID: "all", Survivors: []float64{1000, 869, 743, 653, 593, 551, 517, 491}}}
	parts := []clv.Cohort{
		{ID: "a", Survivors: []float64{600, 521, 446, 392, 356, 331, 310, 295}},
		{ID: "b", Survivors: []float64{400, 348, 297, 261, 237, 220, 207, 196}},
	}
	whole, err := clv.FitSBG(slices.Values(together), nil)
	require.NoError(t, err)
	split, err := clv.FitSBG(slices.Values(parts), nil)
	require.NoError(t, err)
	estimates(t, whole.Estimates, split.Estimates, 1e-6)
	assert.Equal(t, 2, split.Rows)
}

func TestMoneyInAnotherUnitChangesOnlyV(t *testing.T) {
	customers := cdnow(t)
	cents := slices.Clone(customers)
	for i := range cents {
		cents[i].Monetary *= 1e6
	}
	plain, err := clv.FitGammaGamma(slices.Values(customers), nil)
	require.NoError(t, err)
	other, err := clv.FitGammaGamma(slices.Values(cents), nil)
	require.NoError(t, err)
	other.Estimates[2].Value /= 1e6
	other.Estimates[2].SE /= 1e6
	estimates(t, plain.Estimates, other.Estimates, 1e-6)
	assert.InDelta(t, plain.LogLikelihood-946*math.Log(1e6), other.LogLikelihood, 1e-5)
}

func TestTheBestPointOfAFailedFitIsThere(t *testing.T) {
	_, err := clv.FitSBG(slices.Values([]clv.Cohort{{Survivors: []float64{1000, 800, 640, 512}}}), nil)
	none, ok := errors.AsType[*clv.NoOptimumError](err)
	require.True(t, ok)
	assert.Equal(t, "sBG", none.Model)
	assert.InEpsilon(t, 0.2, none.Best[0].Value/(none.Best[0].Value+none.Best[1].Value), 1e-3)
	assert.Negative(t, none.LogLikelihood)
}
