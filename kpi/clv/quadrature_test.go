package clv

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mathext"
)

func TestTheNodesAreThoseOfLegendre(t *testing.T) {
	x, w := make([]float64, 16), make([]float64, 16)
	quad.Legendre{}.FixedLocations(x, w, -1, 1)
	for i := range legendreNodes {
		assert.InDelta(t, math.Abs(x[7-i]), legendreNodes[i], 1e-15)
		assert.InDelta(t, w[7-i], legendreWeights[i], 1e-15)
	}
	quad.Legendre{}.FixedLocations(x[:8], w[:8], -1, 1)
	for i := range fewNodes {
		assert.InDelta(t, math.Abs(x[3-i]), fewNodes[i], 1e-15)
		assert.InDelta(t, w[3-i], fewWeights[i], 1e-15)
	}
}

func TestGammaDifferencesAgreeWithTheDifferencesOfGammas(t *testing.T) {
	for _, z := range []float64{1e-6, 0.24, 3, 19.9, 20.1, 55, 700} {
		for _, d := range []float64{0, 0.5, 1, 7, 300} {
			want := lgamma(z+d) - lgamma(z)
			assert.InDelta(t, want, lgammaDelta(z, d), 1e-13*(1+lgamma(z+d)), "lgamma at %g + %g", z, d)
			want = mathext.Digamma(z+d) - mathext.Digamma(z)
			assert.InDelta(t, want, digammaDelta(z, d), 1e-13*(1+math.Abs(want)), "digamma at %g + %g", z, d)
		}
		assert.InEpsilon(t, mathext.Zeta(2, z), trigamma(z), 1e-13)
	}
	assert.InEpsilon(t, 3*math.Log(1e12), lgammaDelta(1e12, 3), 1e-12, "no cancellation of large logarithms")
}

// The continued fraction and the quadrature are used on either side of z = 1; both
// satisfy z·J(s,z) + s·J(s+1,z) = 1.
func TestScaledExponentialIntegralsFollowTheirRecurrence(t *testing.T) {
	for _, s := range []float64{0.01, 0.6, 1, 2.5, 40, 1e5} {
		for _, z := range []float64{1e-9, 1e-4, 0.1, 0.99, 1.01, 30, 1e7} {
			sum := z*scaledExponential(s, z) + s*scaledExponential(s+1, z)
			assert.InDelta(t, 1, sum, 1e-11, "s %g, z %g", s, z)
		}
	}
	assert.InEpsilon(t, exponentialFraction(0.6, 1), panelsOnly(0.6), 1e-12)
}

func panelsOnly(s float64) float64 {
	return scaledExponential(s, math.Nextafter(1, 0))
}

// series is the mean number of purchases of a customer who is alive, as the sum
// over j of the chance of j or more purchases and of staying after j−1 of them: a
// sum of positive numbers without a hypergeometric function.
func series(m fading, t float64) (expected, survival float64) {
	z := t / (m.alpha + t)
	stay := 1.0
	for j := range 1_000_000 {
		mass := math.Exp(logNegativeBinomial(m.r, m.alpha, j, t)) * stay
		survival += mass
		tail := mathext.RegIncBeta(float64(j+1), m.r, z) * stay
		expected += tail
		if mass < 1e-17*survival && tail < 1e-17*expected && float64(j) > m.r*t/m.alpha {
			break
		}
		stay *= (m.b + float64(j)) / (m.a + m.b + float64(j))
	}
	return expected, survival
}

func TestExpectedPurchasesAgreeWithAPositiveSeries(t *testing.T) {
	for _, m := range []fading{
		{0.243, 4.414, 0.793, 2.426},
		{0.243, 4.414, 1, 2.426},
		{0.243, 4.414, 1 + 1e-9, 2.426},
		{2, 4, 0.3, 0.7},
		{2, 4, 0.2, 0.1},
		{1500, 400, 0.8, 2.5},
		{0.3, 5, 4e4, 9e4},
		{1e5, 500, 0.8, 1e5},
		{0.2, 3, 1e-4, 1},
	} {
		for _, at := range []float64{1e-6, 0.01, 1, 20, 39} {
			expected, survival := series(m, at)
			assert.InEpsilon(t, expected, m.expected(at), 3e-9, "%+v expected at %g", m, at)
			assert.InEpsilon(t, survival, m.survival(at), 3e-9, "%+v survival at %g", m, at)
		}
	}
}

func TestTheTwoWaysToExpectPurchasesMeet(t *testing.T) {
	m := fading{0.9, 4.4, 0.8, 2.4}
	at := 30.0
	want := betaMean(m.a, m.b, m.scale(at), func(p float64) float64 {
		return -math.Expm1(-m.r*math.Log1p(p*at/m.alpha)) / p
	})
	assert.InEpsilon(t, want, m.expected(at), 1e-13)
	assert.InEpsilon(t, 0.25, betaMean(1, 3, 1, func(p float64) float64 { return p }), 1e-13)
	assert.InEpsilon(t, 1e-7, betaMean(1e-7, 1-1e-7, 1, func(p float64) float64 { return p }), 1e-9)
	assert.InEpsilon(t, 0.2, betaMean(2e6, 8e6, 1, func(p float64) float64 { return p }), 1e-12)
}

// The paper's difference of hypergeometric functions, where it does not cancel.
func TestDepartureAgreesWithTheHypergeometricForm(t *testing.T) {
	for _, m := range []ParetoNBD{{0.55, 10.58, 0.61, 11.66}, {0.55, 11.66, 0.61, 10.58}, {2, 3, 1.4, 40}, {1e-3, 3, 1e-3, 0.01}} {
		for _, c := range []Customer{{Age: 38.9}, {Frequency: 2, Recency: 30.4, Age: 38.9}, {Frequency: 9, Recency: 3, Age: 39}} {
			x := float64(c.Frequency)
			n := m.R + m.S + x
			low, high, second := m.Beta, m.Alpha, m.S+1
			if m.Alpha < m.Beta {
				low, high, second = m.Alpha, m.Beta, m.R+x
			}
			at := func(t float64) float64 {
				return mathext.Hypergeo(n, second, n+1, (high-low)/(high+t)) / math.Pow(high+t, n)
			}
			want := math.Log(m.S / n * (at(c.Recency) - at(c.Age)))
			var d departure
			d.integrate(m, x, c.Recency, c.Age, 0)
			require.False(t, math.IsNaN(want))
			assert.InDelta(t, want, d.log, 1e-9, "%+v %+v", m, c)
		}
	}
}

// Every analytic derivative against differences of the level below.
func TestDerivativesAgreeWithDifferences(t *testing.T) {
	customers := []Customer{{Age: 38}, {Frequency: 1, Recency: 1.7, Age: 38}, {Frequency: 7, Recency: 29, Age: 30}, {Frequency: 3, Recency: 20, Age: 20}, {Frequency: 400, Recency: 38.5, Age: 39, Weight: 2}}
	s, err := readSample(func(yield func(Customer) bool) {
		for _, c := range customers {
			yield(c)
		}
	})
	require.NoError(t, err)
	likelihoods := map[string]likelihood{
		"NBD": kindNBD.on(s), "BG/NBD": kindBG.on(s), "MBG/NBD": kindMBG.on(s), "Pareto/NBD": kindPareto.on(s),
		"BG/BB":       occasionLikelihood{[]Occasions{{"", 2, 3, 6, 1}, {"", 0, 0, 6, 9}, {"", 4, 4, 4, 2}}},
		"Gamma-Gamma": spendLikelihood{[]spend{{1, 0.3, 1}, {1, 2, 2}, {9, 1.1, 1}}},
		"sBG":         cohortLikelihood{tenures: []tenure{{1, 131, 0}, {2, 126, 3}, {3, 90, 653}}},
	}
	for name, l := range likelihoods {
		for _, logs := range [][]float64{{-1.4, -2.2, -0.2, 0.9}, {0.7, -3, 1.2, -1}, {-0.5, 0.3, -0.6, -1.5}} {
			n := map[string]int{"NBD": 2, "sBG": 2, "Gamma-Gamma": 3}[name]
			if n == 0 {
				n = 4
			}
			differentiate(t, name, l, logs[:n])
		}
	}
}

func differentiate(t *testing.T, name string, l likelihood, logs []float64) {
	t.Helper()
	const step = 1e-5
	at := evaluate(l, logs, 2)
	assert.InDeltaSlice(t, at.g[:], gradientOnly(l, logs), 1e-9*math.Abs(at.ll))
	for i := range logs {
		up, down := append([]float64(nil), logs...), append([]float64(nil), logs...)
		up[i] += step
		down[i] -= step
		above, below := evaluate(l, up, 1), evaluate(l, down, 1)
		assert.InDelta(t, (above.ll-below.ll)/(2*step), at.g[i], 1e-6*(1+math.Abs(at.ll)), "%s by %d at %v", name, i, logs)
		for j := range i + 1 {
			assert.InDelta(t, (above.g[j]-below.g[j])/(2*step), at.h[i][j], 1e-6*(1+math.Abs(at.ll)), "%s by %d and %d at %v", name, i, j, logs)
		}
	}
}

func gradientOnly(l likelihood, logs []float64) []float64 {
	at := evaluate(l, logs, 1)
	return at.g[:]
}
