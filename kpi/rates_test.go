package kpi_test

import (
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
)

func TestCustomersAreCountedFromTheirIDs(t *testing.T) {
	got, err := kpi.CustomersOf(
		slices.Values([]string{"ann", "bob", "cem", "ann"}),
		slices.Values([]string{"dia", "eve", "bob"}),
		slices.Values([]string{"ann", "bob", "dia", "dia"}))
	require.NoError(t, err)
	assert.Equal(t, kpi.Customers{Start: 3, New: 2, End: 3, LostFromStart: new(int64(1))}, got)
	assert.NoError(t, got.Validate())
	_, err = kpi.CustomersOf(slices.Values([]int{1}), slices.Values([]int{}), slices.Values([]int{1, 2}))
	assert.EqualError(t, err, "end: has 1 that neither were there at the start nor joined")
}

func TestMembersTellRetentionFromTotalsThatCannot(t *testing.T) {
	// Ten were there, a hundred joined, sixty of those left again.
	totals := kpi.Customers{Start: 10, New: 100, End: 50}
	f, err := kpi.Retention(totals)
	require.NoError(t, err)
	assert.ErrorIs(t, f.Err(), kpi.ErrUndefined)
	totals.LostFromStart = new(int64(0))
	f, err = kpi.Retention(totals)
	require.NoError(t, err)
	exactly(t, 1, defined(t, f))
}

func TestCountsThatDoNotFitAreRefused(t *testing.T) {
	for name, c := range map[string]kpi.Customers{
		"fewer than nobody":           {Start: -1},
		"more than came":              {Start: 10, New: 2, End: 13},
		"more lost than were there":   {Start: 10, New: 20, End: 15, LostFromStart: new(int64(11))},
		"fewer lost than totals tell": {Start: 10, New: 2, End: 5, LostFromStart: new(int64(4))},
		"more lost than totals tell":  {Start: 10, New: 2, End: 10, LostFromStart: new(int64(3))},
		"too many":                    {Start: math.MaxInt64},
	} {
		_, err := kpi.Retention(c)
		assert.ErrorIs(t, err, kpi.ErrInvalid, name)
		_, err = kpi.Churn(c, kpi.OverAverage)
		assert.ErrorIs(t, err, kpi.ErrInvalid, name)
	}
	_, err := kpi.Churn(kpi.Customers{Start: 10, End: 9}, "")
	assert.ErrorIs(t, err, kpi.ErrInvalid, "totals do not tell who left")
	_, err = kpi.Churn(kpi.Customers{}, "by feeling")
	assert.ErrorIs(t, err, kpi.ErrInvalid)
}

func TestRatesOfNobodyAreUndefined(t *testing.T) {
	for _, basis := range []kpi.ChurnBasis{kpi.LostFromStart, kpi.OverAverage, kpi.OverStartPlusNew, kpi.NetOfTotals} {
		f, err := kpi.Churn(kpi.Customers{LostFromStart: new(int64(0))}, basis)
		require.NoError(t, err)
		assert.ErrorIs(t, f.Err(), kpi.ErrUndefined, basis)
	}
	for name, compute := range map[string]func() (kpi.Figure, error){
		"repeat":      func() (kpi.Figure, error) { return kpi.RepeatPurchaseRate(0, 0) },
		"order value": func() (kpi.Figure, error) { return kpi.AverageOrderValue(dec("0"), 0, "EUR") },
		"frequency":   func() (kpi.Figure, error) { return kpi.PurchaseFrequency(0, 0) },
		"inactive":    func() (kpi.Figure, error) { return kpi.InactiveRate(0, 0, 90) },
		"cohort":      func() (kpi.Figure, error) { return kpi.CohortRetention(0, 0) },
		"redemption":  func() (kpi.Figure, error) { return kpi.Redemption(kpi.PointCounts{}, kpi.OfIssued) },
		"breakage":    func() (kpi.Figure, error) { return kpi.Breakage(kpi.PointCounts{}) },
		"acquisition": func() (kpi.Figure, error) { return kpi.AcquisitionCost(kpi.Spending{Amount: dec("5")}) },
		"perpetuity":  func() (kpi.Figure, error) { return kpi.Perpetuity(kpi.PaidAtPeriodEnd, 10, 1, 0) },
		"cost ratio": func() (kpi.Figure, error) {
			return kpi.CostRatio(kpi.Estimate("a", kpi.Money, 1), kpi.Estimate("b", kpi.Money, 0))
		},
		"no figure": func() (kpi.Figure, error) {
			return kpi.ValueToCost(kpi.Undefined("a", kpi.Money, "why not"), kpi.Estimate("b", kpi.Money, 1))
		},
		"churn of none": func() (kpi.Figure, error) {
			return kpi.CompoundChurn(kpi.Undefined("churn_rate", kpi.Fraction, "no"), 12)
		},
	} {
		f, err := compute()
		require.NoError(t, err, name)
		assert.ErrorIs(t, f.Err(), kpi.ErrUndefined, name)
		assert.NotEmpty(t, f.Reason(), name)
	}
}

func TestTheChurnOfAYearIsCompounded(t *testing.T) {
	monthly, err := kpi.Churn(kpi.Customers{Start: 1000, End: 900, LostFromStart: new(int64(100))}, "")
	require.NoError(t, err)
	monthly, err = monthly.OfSample(0)
	require.NoError(t, err)
	yearly, err := kpi.CompoundChurn(monthly, 12)
	require.NoError(t, err)
	assert.InDelta(t, 1-math.Pow(0.9, 12), defined(t, yearly), 1e-15, "not 120 %%")
	assert.InDelta(t, 1-math.Pow(1-monthly.Interval.Lower, 12), yearly.Interval.Lower, 1e-15)
	all, err := kpi.CompoundChurn(kpi.Estimate("churn_rate", kpi.Fraction, 1), 12)
	require.NoError(t, err)
	exactly(t, 1, defined(t, all))
	for _, bad := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		_, err := kpi.CompoundChurn(monthly, bad)
		assert.ErrorIs(t, err, kpi.ErrInvalid)
	}
	_, err = kpi.CompoundChurn(kpi.Estimate("churn_rate", kpi.Fraction, 1.2), 12)
	assert.ErrorIs(t, err, kpi.ErrInvalid)
}

func TestExpansionCountsInNetRevenueChurnOnly(t *testing.T) {
	got, err := kpi.RevenueChurn(kpi.RecurringRevenue{Start: dec("1000"), Lost: dec("80"), Expansion: dec("120.50"), Currency: "EUR"})
	require.NoError(t, err)
	exactly(t, 0.08, defined(t, got.Gross))
	exactly(t, -0.0405, defined(t, got.Net))
	_, err = kpi.RevenueChurn(kpi.RecurringRevenue{Start: dec("10"), Lost: dec("11"), Expansion: dec("-1")})
	assert.EqualError(t, err, "expansion: must not be negative, is -1")
}

func TestInactivityIsCountedInDaysOfTheCalendar(t *testing.T) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	// Summer time starts on 28 March 2027: the window is an hour shorter than 30 × 24 h.
	asOf := time.Date(2027, 4, 15, 0, 0, 0, 0, vienna)
	inactive, err := kpi.NewInactivity(asOf, 30, vienna)
	require.NoError(t, err)
	edge := time.Date(2027, 3, 16, 0, 0, 0, 0, vienna)
	for _, last := range []time.Time{edge.Add(-time.Second), edge, asOf.Add(-time.Second), asOf} {
		inactive.Add(last)
	}
	f := inactive.Figure()
	exactly(t, 1.0/3, defined(t, f))
	assert.Equal(t, "inactive rate 33.33 %, 1 of 3, from 2027-03-16 until before 2027-04-15 Europe/Vienna; "+
		"no purchase for 30 days; 1 customers with a last purchase at or after the end are left out", f.String())
	other, err := kpi.NewInactivity(asOf, 31, vienna)
	require.NoError(t, err)
	assert.ErrorIs(t, inactive.Merge(other), kpi.ErrInvalid)
	_, err = kpi.NewInactivity(time.Time{}, 0, nil)
	assert.EqualError(t, err, "days: must be from 1 to 100000, is 0; as_of: must be said: inactivity is as of an instant")
}

func TestAPerpetuityMustBeChosen(t *testing.T) {
	_, err := kpi.Perpetuity("", 72, 0.8, 0.1)
	assert.ErrorIs(t, err, kpi.ErrInvalid)
	_, err = kpi.Perpetuity(kpi.PaidAtPeriodEnd, math.NaN(), 1.5, -1)
	require.ErrorIs(t, err, kpi.ErrInvalid)
	assert.Len(t, err, 3)
}

func TestAPerpetuityIsTheSumOfItsPayments(t *testing.T) {
	const m, r, d = 72.0, 0.83, 0.07
	var sum float64
	for i := range 2000 {
		sum += m * math.Pow(r, float64(i)) / math.Pow(1+d, float64(i))
	}
	for form, want := range map[kpi.PerpetuityForm]float64{
		kpi.FirstPaymentAtStart: sum, kpi.FirstPaymentExcluded: sum - m, kpi.PaidAtPeriodEnd: sum / (1 + d),
	} {
		f, err := kpi.Perpetuity(form, m, r, d)
		require.NoError(t, err)
		assert.InEpsilon(t, want, defined(t, f), 1e-12, form)
	}
}

func TestALifetimeValueWithoutMarginOrChurn(t *testing.T) {
	got, err := kpi.SimpleLifetimeValue(kpi.Value{OrderValue: 60, Frequency: 4, Lifespan: 3})
	require.NoError(t, err)
	exactly(t, 720, defined(t, got.Revenue))
	assert.ErrorIs(t, got.Margin.Err(), kpi.ErrUndefined)
	got, err = kpi.SimpleLifetimeValue(kpi.Value{OrderValue: 60, Frequency: 4})
	require.NoError(t, err)
	assert.EqualError(t, got.Revenue.Err(), "lifetime_revenue is undefined: the churn is 0, so no customer ever leaves")
	_, err = kpi.SimpleLifetimeValue(kpi.Value{OrderValue: -1, Frequency: math.NaN(), Lifespan: 1, Churn: 2, Margin: new(3.0)})
	assert.Len(t, err, 5)
}

func TestAnUltimateRateThatFactsRefuteIsRefused(t *testing.T) {
	c := kpi.PointCounts{Issued: 1000, Matured: 1000, Redeemed: 450, Expired: 300}
	_, err := kpi.Ultimate(c, dec("0.44"))
	assert.EqualError(t, err, "rate: 0.44 of 1000 points is 440, but 450 are redeemed already")
	_, err = kpi.Ultimate(c, dec("0.71"))
	assert.EqualError(t, err, "rate: 0.71 of 1000 points is 710, but with 300 expired at most 700 can be redeemed")
	_, err = kpi.Ultimate(c, dec("1.1"))
	assert.ErrorIs(t, err, kpi.ErrInvalid)
	got, err := kpi.Ultimate(c, dec("0.7"))
	require.NoError(t, err)
	exactly(t, 1, defined(t, got.OfOutstanding))
}

func TestRedemptionOfAPeriodMayExceedOne(t *testing.T) {
	flow := kpi.PointCounts{Issued: 100, Redeemed: 130}
	f, err := kpi.Redemption(flow, kpi.PeriodFlow)
	require.NoError(t, err)
	exactly(t, 1.3, defined(t, f))
	_, err = kpi.Redemption(flow, kpi.OfIssued)
	assert.ErrorIs(t, err, kpi.ErrInvalid, "a cohort cannot redeem more than it was issued")
	_, err = kpi.Redemption(kpi.PointCounts{Issued: 100, Matured: 40, Redeemed: 50}, kpi.OfMatured)
	assert.ErrorIs(t, err, kpi.ErrInvalid)
	_, err = kpi.Redemption(flow, "")
	assert.ErrorIs(t, err, kpi.ErrInvalid, "the basis must be chosen")
	huge := kpi.PointCounts{Issued: math.MaxInt64 / 5}
	require.NoError(t, huge.Merge(kpi.PointCounts{}))
	assert.ErrorIs(t, huge.Merge(huge), kpi.ErrInvalid, "counts never wrap")
}

func TestCostsOfAnotherPeriodAreCalledLagged(t *testing.T) {
	april, march := kpi.CalendarMonth(2027, time.April, nil), kpi.CalendarMonth(2027, time.March, nil)
	f, err := kpi.AcquisitionCost(kpi.Spending{Amount: dec("50000"), Customers: 400, Currency: "EUR", Period: april, SpentIn: march})
	require.NoError(t, err)
	assert.Equal(t, []string{"lagged: spent from 2027-03-01 until before 2027-04-01 UTC"}, f.Notes)
	_, err = kpi.CostRatio(f, kpi.Estimate("retention_cost", kpi.Money, 3).Priced("USD"))
	assert.ErrorIs(t, err, kpi.ErrInvalid, "amounts of two currencies have no ratio")
	_, err = kpi.ValueToCost(kpi.Estimate("lifetime_periods", kpi.Periods, 3), f)
	assert.ErrorIs(t, err, kpi.ErrInvalid)
	_, err = kpi.RetentionCost(kpi.Spending{Amount: dec("-1"), Customers: 5}, 4)
	assert.Len(t, err, 2)
}

func TestTierRatesSumToOneAndLeaveOutWhoJoined(t *testing.T) {
	moves, err := kpi.NewTierMoves("base", "silver", "gold")
	require.NoError(t, err)
	for i, n := range []int64{70, 20, 10, 5} {
		to := []string{"base", "silver", "gold", kpi.NoTier}[i]
		require.NoError(t, moves.AddN("silver", to, n))
		require.NoError(t, moves.AddN(kpi.NoTier, to, 1000))
	}
	got := moves.Migration(kpi.Period{})
	sum := 0.0
	for _, f := range []kpi.Figure{got.Upgrade, got.Downgrade, got.Stay, got.Exit} {
		assert.Equal(t, "105", f.Denominator.String())
		sum += defined(t, f)
	}
	assert.InDelta(t, 1, sum, 1e-15)
	_, ok := got.Probability[0][0].Value()
	assert.False(t, ok, "nobody was in base, so no move from it has a probability")
	assert.ErrorIs(t, moves.Add("platinum", "gold"), kpi.ErrInvalid)
	_, err = kpi.NewTierMoves("base", "", "base")
	assert.Len(t, err, 2)
	other, err := kpi.NewTierMoves("gold", "silver", "base")
	require.NoError(t, err)
	assert.ErrorIs(t, moves.Merge(other), kpi.ErrInvalid, "the ladder's order is part of it")
}

func TestManyTiersAreNoProblem(t *testing.T) {
	assert.ErrorIs(t, new(kpi.TierMoves).Add(kpi.NoTier, kpi.NoTier), kpi.ErrInvalid, "a count without a ladder")
	ladder := make([]string, 50)
	for i := range ladder {
		ladder[i] = strconv.Itoa(i)
	}
	moves, err := kpi.NewTierMoves(ladder...)
	require.NoError(t, err)
	require.NoError(t, moves.Add("0", "49"))
	exactly(t, 1, defined(t, moves.Migration(kpi.Period{}).Upgrade))
}
