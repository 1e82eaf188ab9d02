package clv_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/loyaltykit/loyaltykit/kpi/clv"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var year = clv.Horizon{Step: 52.0 / 12, Steps: 12, Discount: 0.01}

// fits are of 4000 simulated customers who spend independently of how they buy.
func fits(t *testing.T) (clv.Fit[clv.BGNBD], clv.SpendFit, []clv.Customer) {
	t.Helper()
	customers := drawn(t, clv.BGNBD{R: 0.5, Alpha: 5, A: 0.8, B: 2.4}, 21, 4000)
	rng := rand.New(rand.NewPCG(21, 1))
	for i := range customers {
		if customers[i].Frequency > 0 {
			m, err := clv.SimulateSpend(paperSpend, rng, customers[i].Frequency)
			require.NoError(t, err)
			customers[i].Monetary = m
		}
	}
	purchases, err := clv.FitBGNBD(slices.Values(customers), nil)
	require.NoError(t, err)
	spends, err := clv.FitGammaGamma(slices.Values(customers), nil)
	require.NoError(t, err)
	return purchases, spends, customers
}

func TestALifetimeValueHoldsTheStepsThatItSays(t *testing.T) {
	m := models()[1]
	value, err := clv.LifetimeValue(m, paperSpend, regular, year)
	require.NoError(t, err)
	sum, before := 0.0, 0.0
	for i := range 12 {
		until, err := clv.ConditionalExpected(m, regular, float64(i+1)*52/12)
		require.NoError(t, err)
		sum += (until - before) / math.Pow(1.01, float64(i+1))
		before = until
	}
	assert.InEpsilon(t, sum, value.Expected/value.Spend, 1e-12)
	assert.InEpsilon(t, before, value.Purchases, 1e-12)
	half := year
	half.Margin = 0.5
	margin, err := clv.LifetimeValue(m, paperSpend, regular, half)
	require.NoError(t, err)
	assert.InEpsilon(t, 0.5, margin.Expected/value.Expected, 1e-12)
	_, err = clv.LifetimeValue(m, paperSpend, regular, clv.Horizon{Discount: -1})
	require.ErrorContains(t, err, "Step is 0")
	require.ErrorContains(t, err, "Steps is 0")
	require.ErrorContains(t, err, "Discount is -1")
}

// The drawn futures have the mean that the formulas have.
func TestDrawnFuturesAgreeWithTheExpectation(t *testing.T) {
	purchases, spends, _ := fits(t)
	values := make([]float64, 0, 4000)
	for i := range 4000 {
		c := regular
		c.ID = strconv.Itoa(i)
		f, err := clv.Predict(purchases, spends, c, year, &clv.IntervalOptions{Draws: 1})
		require.NoError(t, err)
		assert.InDelta(t, f.Low, f.High, 0, "one draw")
		values = append(values, f.Low)
	}
	mean, square := 0.0, 0.0
	for _, v := range values {
		mean += v / 4000
	}
	for _, v := range values {
		square += (v - mean) * (v - mean) / 3999
	}
	f, err := clv.Predict(purchases, spends, regular, year, nil)
	require.NoError(t, err)
	assert.InDelta(t, f.Expected, mean, 4*math.Sqrt(square/4000))
	assert.True(t, f.MeanKnown)
	assert.True(t, f.Lower < f.Expected && f.Expected < f.Upper)
	assert.True(t, f.Low <= f.Lower && f.Upper < f.High, "chance in one customer is wider than what fits do not know")
	again, err := clv.Predict(purchases, spends, regular, year, nil)
	require.NoError(t, err)
	assert.Equal(t, f, again)
}

// A year later, what customers really spent lies in nine of ten 90 % intervals.
func TestDrawnIntervalsHoldWhatCustomersReallySpend(t *testing.T) {
	truth := clv.BGNBD{R: 0.5, Alpha: 5, A: 0.8, B: 2.4}
	purchases, spends, _ := fits(t)
	rng := rand.New(rand.NewPCG(5, 5))
	held, above, n := 0, 0, 600
	for i := range n {
		times, err := clv.Purchases(truth, rng, 104)
		require.NoError(t, err)
		c := clv.Summarize(strconv.Itoa(i), times, 52)
		scale := 1 / (gammaDraw(rng, paperSpend.Q) / paperSpend.V)
		spend, past := 0.0, 0.0
		for k, at := range times {
			paid := gammaDraw(rng, paperSpend.P) * scale
			if k < c.Frequency {
				past += paid
				continue
			}
			spend += paid / math.Pow(1.01, math.Ceil((at-52)/year.Step))
		}
		if c.Frequency > 0 {
			c.Monetary = past / float64(c.Frequency)
		}
		f, err := clv.Predict(purchases, spends, c, year, &clv.IntervalOptions{Level: 0.9, Draws: 200, Seed: 3})
		require.NoError(t, err)
		if f.Low <= spend && spend <= f.High {
			held++
		}
		if spend > f.High {
			above++
		}
	}
	assert.Greater(t, held, int(0.9*float64(n)), "many spend nothing, which the intervals hold: at least nine of ten")
	assert.InDelta(t, 0.05*float64(n), above, 4*math.Sqrt(0.05*0.95*float64(n)), "one in twenty spends more")
}

// gammaDraw adds exponential draws, and for the rest of the shape rejects (Ahrens
// and Dieter 1974): another method than the one that is tested.
func gammaDraw(rng *rand.Rand, shape float64) float64 {
	sum := 0.0
	for ; shape >= 1; shape-- {
		sum += rng.ExpFloat64()
	}
	if shape == 0 {
		return sum
	}
	for {
		b := 1 + shape/math.E
		p := b * rng.Float64()
		if p <= 1 {
			if x := math.Pow(p, 1/shape); rng.Float64() <= math.Exp(-x) {
				return sum + x
			}
			continue
		}
		if x := -math.Log((b - p) / shape); rng.Float64() <= math.Pow(x, shape-1) {
			return sum + x
		}
	}
}

func TestEvaluationFindsTheHoldoutThatWasSimulated(t *testing.T) {
	for _, m := range models() {
		rng := rand.New(rand.NewPCG(8, 8))
		var seen []clv.Observed
		for i := range 4000 {
			times, err := clv.Purchases(m, rng, 78)
			require.NoError(t, err)
			c := clv.Summarize(strconv.Itoa(i), times, 39)
			seen = append(seen, clv.Observed{Customer: c, Holdout: len(times) - c.Frequency})
		}
		h, err := clv.Evaluate(m, slices.Values(seen), 39, 7)
		require.NoError(t, err)
		assert.InEpsilon(t, 1, h.Expected/h.Actual, 0.08, m.Name())
		assert.True(t, h.CorrelationKnown)
		assert.Greater(t, h.Correlation, 0.5, m.Name())
		require.Len(t, h.ByFrequency, 8)
		assert.True(t, h.ByFrequency[7].AndMore)
		all := 0.0
		for _, r := range h.ByFrequency {
			all += r.Customers
		}
		assert.InDelta(t, 4000, all, 0)
		assert.LessOrEqual(t, h.MAE, h.RMSE)
	}
	_, err := clv.Evaluate(models()[1], slices.Values([]clv.Observed{{Holdout: -1}}), 0, 0)
	require.ErrorContains(t, err, "duration is 0")
	require.ErrorContains(t, err, "most is 0")
	_, err = clv.Evaluate(models()[1], slices.Values([]clv.Observed{{Holdout: -1}}), 9, 7)
	require.ErrorContains(t, err, "Holdout is -1")
}

// CDNOW's cumulative repeat purchases by week: both models track them within 5 % of
// the total in the calibration, and foresee the end of the 78 weeks within 10 %.
func TestTrackingFollowsCDNOW(t *testing.T) {
	var actual []float64
	for line := range strings.FieldsSeq(string(dataFile(t, "cdnow_cumulative_tracking_weekly.txt"))) {
		actual = append(actual, number(t, line))
	}
	require.Len(t, actual, 78)
	customers := cdnow(t)
	for _, m := range []clv.Model{paperBG, paperPareto} {
		track, err := clv.Track(m, slices.Values(customers), 1, 78)
		require.NoError(t, err)
		assert.True(t, slices.IsSorted(track))
		for week := 10; week < 39; week++ {
			assert.InDelta(t, actual[week], track[week], 0.05*actual[38], "%s, week %d", m.Name(), week+1)
		}
		assert.InEpsilon(t, actual[77], track[77], 0.1, m.Name())
	}
	_, err := clv.Track(paperBG, slices.Values(customers[:0]), 0, 0)
	require.ErrorContains(t, err, "period is 0")
	require.ErrorContains(t, err, "tracking needs customers")
}

func TestTheModelThatFitsBetterIsSeenByItsAIC(t *testing.T) {
	customers := cdnow(t)
	nbd, err := clv.FitNBD(slices.Values(customers), nil)
	require.NoError(t, err)
	bg, err := clv.FitBGNBD(slices.Values(customers), nil)
	require.NoError(t, err)
	assert.InDelta(t, 8+2*9582.429, bg.AIC(), 0.01)
	assert.Less(t, bg.AIC(), nbd.AIC(), "customers leave")
}
