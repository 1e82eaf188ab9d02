package clv_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/clv"
)

// summarized are the customers of a log of a member's days and amounts, refunds below
// zero, as of the 30th day.
func summarized(t testing.TB, member string, rows ...[2]int64) *kpi.Summaries {
	t.Helper()
	day := func(n int64) time.Time { return time.Date(2027, time.March, int(n), 9, 0, 0, 0, time.UTC) }
	a, err := kpi.NewSummaryAccumulator(&kpi.SummaryOptions{AsOf: day(20), HoldoutEnd: day(30)})
	require.NoError(t, err)
	for _, r := range rows {
		amount, err := kpi.NewAmount(r[1], 0)
		require.NoError(t, err)
		require.NoError(t, a.Add(kpi.Order{Member: member, At: day(r[0]), Amount: amount}))
	}
	return a.Result()
}

func TestAPeriodThatRefundsMadeNegativeCountsAsAPurchaseAndInNoSpend(t *testing.T) {
	// On the 9th bread for 5 is bought and a machine for 80 goes back.
	s := summarized(t, "anna", [2]int64{1, 80}, [2]int64{5, 12}, [2]int64{9, 5}, [2]int64{9, -80}, [2]int64{14, 20}, [2]int64{25, 7})
	require.Len(t, s.Customers, 1)
	assert.Equal(t, 1, s.NegativePeriods)
	c := slices.Collect(clv.Customers(s))[0]
	assert.Equal(t, clv.Customer{ID: "anna", Frequency: 3, Recency: 13, Age: 19, Monetary: 16, MonetaryFrequency: 2}, c)
	assert.Equal(t, []clv.Observed{{Customer: c, Holdout: 1}}, slices.Collect(clv.Observations(s)))

	mean, err := paperSpend.MeanOf(c)
	require.NoError(t, err)
	same, err := paperSpend.MeanOf(clv.Customer{Frequency: 2, Monetary: 16})
	require.NoError(t, err)
	assert.InDelta(t, same, mean, 0, "spend is that of two purchases")
	whole, err := paperSpend.LogLikelihood(c)
	require.NoError(t, err)
	part, err := paperSpend.LogLikelihood(clv.Customer{Frequency: 2, Monetary: 16})
	require.NoError(t, err)
	assert.InDelta(t, part, whole, 0)
}

func TestSpendIsOfAsManyPurchasesAsThereWere(t *testing.T) {
	for _, n := range []int{-1, 4} {
		_, err := paperSpend.MeanOf(clv.Customer{ID: "anna", Frequency: 3, Monetary: 16, MonetaryFrequency: n})
		require.ErrorIs(t, err, clv.ErrInvalid)
		assert.ErrorContains(t, err, "MonetaryFrequency")
	}
}

func TestAFitOfSpendTakesTheNumberOfPurchasesWhoseSpendIsKnown(t *testing.T) {
	var known, plain []clv.Customer
	for i := range 400 {
		c := clv.Customer{ID: fmt.Sprint(i), Frequency: 1 + i%4, Monetary: 8 + float64(i*37%53)/2}
		plain = append(plain, c)
		c.Frequency, c.MonetaryFrequency = c.Frequency+i%3, c.Frequency
		known = append(known, c)
	}
	want, err := clv.FitGammaGamma(slices.Values(plain), nil)
	require.NoError(t, err)
	got, err := clv.FitGammaGamma(slices.Values(known), nil)
	require.NoError(t, err)
	assert.Equal(t, want.Model, got.Model)
}

func TestCustomersOfSummariesCostNoAllocationEach(t *testing.T) {
	s := &kpi.Summaries{Customers: make([]kpi.CustomerSummary, 1000)}
	n := 0
	assert.LessOrEqual(t, testing.AllocsPerRun(10, func() {
		for range clv.Customers(s) {
			n++
		}
		for range clv.Observations(s) {
			n++
		}
	}), 8.0)
	assert.Positive(t, n)
}

func ExampleCustomers() {
	accumulator, err := kpi.NewSummaryAccumulator(&kpi.SummaryOptions{AsOf: time.Date(2027, time.March, 29, 0, 0, 0, 0, time.UTC), Unit: kpi.InWeeks})
	if err != nil {
		fmt.Println(err)
		return
	}
	coffee, _ := kpi.NewAmount(390, 2)
	for _, day := range []int{1, 8, 22} {
		order := kpi.Order{Member: "anna", At: time.Date(2027, time.March, day, 9, 0, 0, 0, time.UTC), Amount: coffee}
		if err := accumulator.Add(order); err != nil {
			fmt.Println(err)
		}
	}
	for c := range clv.Customers(accumulator.Result()) {
		alive, _ := clv.Alive(clv.BGNBD{R: 0.243, Alpha: 4.414, A: 0.793, B: 2.426}, c, 0)
		fmt.Printf("%s came back %d times in %.0f weeks, %.2f: alive %.2f\n", c.ID, c.Frequency, c.Age, c.Monetary, alive)
	}
	// Output: anna came back 2 times in 4 weeks, 3.90: alive 0.76
}

func ExampleOccasionsOf() {
	accumulator, err := kpi.NewCohortAccumulator(&kpi.CohortOptions{Until: time.Date(2027, time.May, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, day := range []string{"2027-01-09", "2027-02-03", "2027-04-11"} {
		at, _ := time.Parse(time.DateOnly, day)
		if err := accumulator.Add(kpi.Order{Member: "anna", At: at}); err != nil {
			fmt.Println(err)
		}
	}
	monthly := clv.BGBB{Alpha: 1.2, Beta: 0.8, Gamma: 0.7, Delta: 2.8}
	for o := range clv.OccasionsOf(accumulator.Occasions()) {
		alive, _ := monthly.Alive(o, 1)
		months, _ := monthly.ConditionalExpected(o, 12)
		fmt.Printf("%s bought in %d of %d months: alive %.2f, %.1f months with a purchase in the next 12\n", o.ID, o.Frequency, o.Number, alive, months)
	}
	// Output: anna bought in 2 of 3 months: alive 0.89, 4.7 months with a purchase in the next 12
}
