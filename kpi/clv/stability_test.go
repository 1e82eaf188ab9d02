package clv_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/loyaltykit/loyaltykit/kpi/clv"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func models() []clv.Model {
	return []clv.Model{
		clv.NBD{R: 0.385, Alpha: 12.07},
		clv.BGNBD{R: 0.243, Alpha: 4.414, A: 0.793, B: 2.426},
		clv.MBGNBD{R: 0.525, Alpha: 6.183, A: 0.891, B: 1.614},
		clv.ParetoNBD{R: 0.553, Alpha: 10.58, S: 0.606, Beta: 11.66},
	}
}

// figures are all that a model says of a customer; each has to be a number.
func figures(t *testing.T, m clv.Model, c clv.Customer, at float64) map[string]float64 {
	t.Helper()
	all := map[string]float64{}
	put := func(name string, v float64, err error) {
		require.NoError(t, err, "%s of %+v by %s%v", name, c, m.Name(), m.Params())
		require.False(t, math.IsNaN(v) || math.IsInf(v, 0), "%s of %+v by %s%v is %g", name, c, m.Name(), m.Params(), v)
		all[name] = v
	}
	v, err := clv.LogLikelihood(m, c)
	put("log-likelihood", v, err)
	v, err = clv.Alive(m, c, 0)
	put("alive", v, err)
	v, err = clv.Alive(m, c, at)
	put("alive later", v, err)
	v, err = clv.ConditionalExpected(m, c, at)
	put("expected", v, err)
	v, err = clv.ConditionalExpected(m, c, 2*at)
	put("expected in twice the time", v, err)
	v, err = clv.ConditionalProbability(m, c, 0, at)
	put("none", v, err)
	v, err = clv.ConditionalProbability(m, c, 3, at)
	put("three", v, err)
	v, err = clv.DERT(m, c, 1/(at+1e-3))
	put("DERT", v, err)
	v, err = clv.Expected(m, at)
	put("expected of a new one", v, err)
	return all
}

// Parameters over eighteen powers of ten, frequencies to 100,000, recency from 0 to
// the end: every figure is a number in its range, and more time means more purchases.
func TestNoFigureIsEverNaN(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	wide := func(decades float64) float64 { return math.Pow(10, decades*(2*rng.Float64()-1)) }
	for range 600 {
		p := [4]float64{wide(3), wide(6), wide(3), wide(5)}
		c := clv.Customer{Age: wide(6)}
		if rng.IntN(4) > 0 {
			c.Frequency = int(math.Pow(10, 5*rng.Float64()))
			c.Recency = c.Age * [3]float64{rng.Float64(), 1, 1 - 1e-12}[rng.IntN(3)]
		}
		at := c.Age * wide(4)
		for _, m := range []clv.Model{
			clv.NBD{R: p[0], Alpha: p[1]},
			clv.BGNBD{R: p[0], Alpha: p[1], A: p[2], B: p[3]},
			clv.MBGNBD{R: p[0], Alpha: p[1], A: p[2], B: p[3]},
			clv.ParetoNBD{R: p[0], Alpha: p[1], S: p[2], Beta: p[3]},
		} {
			f := figures(t, m, c, at)
			for _, name := range []string{"alive", "alive later", "none", "three"} {
				require.True(t, f[name] >= 0 && f[name] <= 1+1e-9, "%s is %g of %+v by %s%v", name, f[name], c, m.Name(), m.Params())
			}
			require.LessOrEqual(t, f["alive later"], f["alive"]*(1+1e-9), "%+v by %s%v", c, m.Name(), m.Params())
			require.GreaterOrEqual(t, f["expected"], 0.0)
			require.GreaterOrEqual(t, f["expected in twice the time"], f["expected"]*(1-1e-7), "%+v by %s%v at %g", c, m.Name(), m.Params(), at)
			require.GreaterOrEqual(t, f["DERT"], 0.0)
		}
	}
}

func TestCountsOfAHundredThousandOverflowNothing(t *testing.T) {
	for _, m := range models() {
		c := clv.Customer{Frequency: 100_000, Recency: 270, Age: 272}
		f := figures(t, m, c, 39)
		assert.Less(t, f["alive"], 1.0+1e-12, m.Name())
		c.Recency = c.Age
		f = figures(t, m, c, 39)
		assert.Greater(t, f["alive"], 0.99, "%s: just bought", m.Name())
		assert.Greater(t, f["expected"], 7_000.0, m.Name())
	}
}

func TestNothingJumpsWhereAFormulaHasAPole(t *testing.T) {
	c := clv.Customer{Frequency: 3, Recency: 20, Age: 39}
	one := func(m clv.Model, c clv.Customer) float64 {
		v, err := clv.ConditionalExpected(m, c, 52)
		require.NoError(t, err)
		return v
	}
	for _, by := range []float64{1e-12, 1e-9, 1e-6, 1e-4} {
		for _, sign := range []float64{-1, 1} {
			near := 1 + sign*by
			assert.InEpsilon(t, one(clv.BGNBD{R: 0.2, Alpha: 4, A: 1, B: 2}, c), one(clv.BGNBD{R: 0.2, Alpha: 4, A: near, B: 2}, c), 3*by+1e-12, "a near 1")
			assert.InEpsilon(t, one(clv.MBGNBD{R: 0.2, Alpha: 4, A: 1, B: 2}, c), one(clv.MBGNBD{R: 0.2, Alpha: 4, A: near, B: 2}, c), 3*by+1e-12, "a near 1")
			assert.InEpsilon(t, one(clv.ParetoNBD{R: 0.5, Alpha: 10, S: 1, Beta: 11}, c), one(clv.ParetoNBD{R: 0.5, Alpha: 10, S: near, Beta: 11}, c), 3*by+1e-12, "s near 1")
			assert.InEpsilon(t,
				one(clv.BGNBD{R: 0.2, Alpha: 4, A: 0.4, B: 0.6}, clv.Customer{Age: 39}),
				one(clv.BGNBD{R: 0.2, Alpha: 4, A: 0.4, B: 0.6 * near}, clv.Customer{Age: 39}), 3*by+1e-12, "a + b near 1")
		}
	}
	got, err := clv.Expected(clv.ParetoNBD{R: 0.5, Alpha: 10, S: 1, Beta: 11}, 52)
	require.NoError(t, err)
	assert.InEpsilon(t, 0.5*11/10*math.Log1p(52.0/11), got, 1e-14, "s = 1 is r·beta/alpha·ln((beta+t)/beta)")
}

func TestNoTimeBringsNoPurchase(t *testing.T) {
	for _, m := range models() {
		for _, c := range []clv.Customer{{}, {Age: 10}, {Frequency: 2, Recency: 9, Age: 10}} {
			f := figures(t, m, c, 0)
			assert.Zero(t, f["expected"], m.Name())
			assert.InDelta(t, 1, f["none"], 1e-15, m.Name())
			assert.InDelta(t, f["alive"], f["alive later"], 1e-15, m.Name())
		}
		little, err := clv.Expected(m, 1e-9)
		require.NoError(t, err)
		half, err := clv.Expected(m, 5e-10)
		require.NoError(t, err)
		assert.InEpsilon(t, 2, little/half, 1e-6, "%s: a short time brings purchases in proportion", m.Name())
	}
}

func TestTheUnitOfTimeChangesNoFigure(t *testing.T) {
	c := clv.Customer{Frequency: 4, Recency: 30, Age: 39}
	for _, unit := range []float64{1e-6, 7, 1e6} {
		scaled := clv.Customer{Frequency: 4, Recency: 30 * unit, Age: 39 * unit}
		for i, m := range []clv.Model{
			clv.NBD{R: 0.385, Alpha: 12.07 * unit},
			clv.BGNBD{R: 0.243, Alpha: 4.414 * unit, A: 0.793, B: 2.426},
			clv.MBGNBD{R: 0.525, Alpha: 6.183 * unit, A: 0.891, B: 1.614},
			clv.ParetoNBD{R: 0.553, Alpha: 10.58 * unit, S: 0.606, Beta: 11.66 * unit},
		} {
			for _, name := range []string{"alive", "alive later", "expected", "none", "three"} {
				want := figures(t, models()[i], c, 13)[name]
				assert.InEpsilon(t, want, figures(t, m, scaled, 13*unit)[name], 1e-9, "%s of %s in units of %g", name, m.Name(), unit)
			}
			want := figures(t, models()[i], c, 13)["log-likelihood"]
			assert.InDelta(t, want-4*math.Log(unit), figures(t, m, scaled, 13*unit)["log-likelihood"], 1e-9)
		}
	}
}

func TestTheChancesOfAllCountsAddUpToOne(t *testing.T) {
	c := clv.Customer{Frequency: 2, Recency: 30, Age: 39}
	for _, m := range models() {
		var sum, mean float64
		for n := range 400 {
			p, err := clv.ConditionalProbability(m, c, n, 26)
			require.NoError(t, err)
			sum += p
			mean += float64(n) * p
		}
		expected, err := clv.ConditionalExpected(m, c, 26)
		require.NoError(t, err)
		assert.InDelta(t, 1, sum, 1e-10, m.Name())
		assert.InEpsilon(t, expected, mean, 1e-8, m.Name())
	}
}

func TestDERTIsTheLimitOfDiscountedSteps(t *testing.T) {
	c := clv.Customer{Frequency: 2, Recency: 30.4, Age: 38.9}
	const rate, step = 0.02, 0.05
	for _, m := range models() {
		dert, err := clv.DERT(m, c, rate)
		require.NoError(t, err)
		sum, before := 0.0, 0.0
		for i := range 24_000 {
			until, err := clv.ConditionalExpected(m, c, step*float64(i+1))
			require.NoError(t, err)
			sum += (until - before) * math.Exp(-rate*step*(float64(i)+0.5))
			before = until
		}
		assert.InEpsilon(t, sum, dert, 1e-6, m.Name())
	}
}

// Without a repeat purchase BG/NBD cannot tell that a customer left; the two others can.
func TestOneTimeBuyersAreAliveForEverOnlyInBGNBD(t *testing.T) {
	alive := func(m clv.Model, age float64) float64 {
		v, err := clv.Alive(m, clv.Customer{Age: age}, 0)
		require.NoError(t, err)
		return v
	}
	all := models()
	assert.InDelta(t, 1, alive(all[1], 500), 0)
	for _, m := range all[2:] {
		assert.Less(t, alive(m, 39), 0.9, m.Name())
		assert.Less(t, alive(m, 500), alive(m, 39), m.Name())
	}
}

func TestTheAlivePathFallsInSilenceAndRisesWithAPurchase(t *testing.T) {
	m := models()[3]
	path, err := clv.AlivePath(m, []float64{2, 4, 6}, []float64{0, 5.9, 6, 12, 30})
	require.NoError(t, err)
	assert.InDelta(t, 1, path[0], 1e-12)
	assert.Less(t, path[1], 1.0)
	assert.InDelta(t, 1, path[2], 1e-12, "alive for sure at a purchase")
	assert.Greater(t, path[3], path[4])
	last, err := clv.Alive(m, clv.Customer{Frequency: 3, Recency: 6, Age: 30}, 0)
	require.NoError(t, err)
	assert.InDelta(t, last, path[4], 0)
	_, err = clv.AlivePath(m, []float64{4, 2}, []float64{-1})
	require.ErrorIs(t, err, clv.ErrInvalid)
}

func TestWhatMakesNoSenseIsRefusedWithItsField(t *testing.T) {
	bad := []clv.Customer{
		{Frequency: -1, Age: 3},
		{Frequency: 1, Recency: 4, Age: 3},
		{Recency: 1, Age: 3},
		{Frequency: 1, Recency: math.NaN(), Age: 3},
		{Age: math.Inf(1)},
		{Age: 1, Weight: -2},
	}
	for _, m := range models() {
		for _, c := range bad {
			_, err := clv.Alive(m, c, 0)
			var input *clv.InputError
			require.ErrorAs(t, err, &input, "%+v", c)
			require.ErrorIs(t, err, clv.ErrInvalid)
		}
		_, err := clv.Expected(m, math.NaN())
		require.ErrorIs(t, err, clv.ErrInvalid)
		_, err = clv.DERT(m, clv.Customer{}, 0)
		require.ErrorIs(t, err, clv.ErrInvalid)
		_, err = clv.Probability(m, -1, -1)
		require.ErrorContains(t, err, "n is -1: a count is 0 or more; t is -1")
	}
	_, err := clv.LogLikelihood(clv.BGNBD{R: 1, Alpha: 0, A: -1, B: math.NaN()}, clv.Customer{})
	require.ErrorContains(t, err, "alpha is 0: a parameter is above 0 and finite; a is -1")
}

// With b below the spacing of numbers at 1, b + 1 − 1 is not b.
func TestAParameterNextToNothingIsNotLost(t *testing.T) {
	m := clv.BGNBD{R: 0.5, Alpha: 4, A: 1e-19, B: 1e-18}
	f := figures(t, m, clv.Customer{Frequency: 1, Recency: 20, Age: 20}, 13)
	assert.InDelta(t, 10.0/11, f["alive"], 1e-12, "the odds of having left are a to b")
}

// A fit may try any parameters on its way: those of which next to all leave at once took
// some thousand million steps to sum up.
func TestDepartureAtOnceIsSummedInAFewSteps(t *testing.T) {
	for _, r := range []float64{0.5, 3e16} {
		for _, s := range []float64{1e4, 1e9, 1.6e21, 1e40} {
			m := clv.ParetoNBD{R: r, Alpha: 760, S: s, Beta: 5.6e-8}
			for _, c := range []clv.Customer{{Age: 50}, {Frequency: 3, Recency: 1e-15, Age: 50}, {Frequency: 3, Recency: 20, Age: 50}} {
				got, err := clv.LogLikelihood(m, c)
				require.NoError(t, err, "%g", s)
				// Who was there until the last purchase leaves at once: of those to come, the
				// next event is that and no purchase.
				want := -m.R*math.Log1p(c.Recency/m.Alpha) - m.S*math.Log1p(c.Recency/m.Beta)
				for x := range c.Frequency {
					want += math.Log((m.R + float64(x)) / (m.Alpha + c.Recency))
				}
				buys := (m.R + float64(c.Frequency)) / (m.Alpha + c.Recency)
				want -= math.Log1p(buys * (m.Beta + c.Recency) / m.S)
				// The logarithms of the parameters are taken r and s times, and all but this is lost.
				lost := 4e-16 * (m.R*math.Abs(math.Log(m.Alpha)) + m.S*math.Abs(math.Log(m.Beta)))
				assert.InDelta(t, want, got, 1e-6+lost, "%+v by %v", c, m.Params())
			}
		}
	}
}
