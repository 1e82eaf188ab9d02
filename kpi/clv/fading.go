package clv

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mathext"
)

// fading is a customer who is alive, buys at a rate λ with a gamma distribution
// (r, alpha), and leaves after a purchase with a probability p with a beta
// distribution (a, b).
type fading struct{ r, alpha, a, b float64 }

// expected is the mean of (1 − e^(−λpt))/p. With z = t/(alpha+t), c = a+b−1 and
// ε = a−1 it is c·(1−(1−z)^ε)/ε − (1−z)^ε·(c−r)·z·Σ …, Euler's form of the paper's
// ₂F₁, from which the factors ε and c that may vanish are taken out. Where its
// terms cancel or are too many, the mean over p is summed directly.
func (m fading) expected(t float64) float64 {
	if t == 0 {
		return 0
	}
	z, rest := t/(m.alpha+t), math.Log1p(t/m.alpha) // rest = −ln(1−z)
	c, e := m.a+m.b-1, m.a-1
	if series, ok := ratioSeries(c-m.r+1, e+1, c+1, 2, z); ok {
		first := c * saturation(e, rest)
		second := math.Exp(-e*rest) * (c - m.r) * z * series
		if v := first - second; math.Abs(first)+math.Abs(second) < 1e3*v {
			return v
		}
	}
	return betaMean(m.a, m.b, m.scale(t), func(p float64) float64 {
		if p == 0 {
			return m.r * t / m.alpha
		}
		return -math.Expm1(-m.r*math.Log1p(p*t/m.alpha)) / p
	})
}

// survival is the mean of e^(−λpt).
func (m fading) survival(t float64) float64 {
	if t == 0 {
		return 1
	}
	z := t / (m.alpha + t)
	if series, ok := ratioSeries(m.a+m.b-m.r, m.a, m.a+m.b, 1, z); ok {
		return min(1, math.Exp(-m.a*math.Log1p(t/m.alpha))*series)
	}
	return betaMean(m.a, m.b, m.scale(t), func(p float64) float64 {
		return math.Exp(-m.r * math.Log1p(p*t/m.alpha))
	})
}

// discounted is the mean of λ/(rate + λp).
func (m fading) discounted(rate float64) float64 {
	d := rate * m.alpha
	limit := m.r / d
	return betaMean(m.a, m.b, 1e3*max(1, (m.r+1)/d, 1/d), func(p float64) float64 {
		if p < 1e-280 || d/p > 1e16*(m.r+1) {
			return limit
		}
		return m.r / p * scaledExponential(m.r+1, d/p)
	})
}

func (m fading) scale(t float64) float64 { return max(1, m.r*t/m.alpha, t/m.alpha) }

func (m fading) probability(n int, t float64) float64 {
	if t == 0 {
		return indicator(n == 0)
	}
	x := float64(n)
	stayed := lgammaDelta(m.b, x) - lgammaDelta(m.a+m.b, x)
	v := math.Exp(stayed + logNegativeBinomial(m.r, m.alpha, n, t))
	if n == 0 {
		return v
	}
	left := stayed + math.Log(m.a/(m.b+(x-1)))
	return v + math.Exp(left)*mathext.RegIncBeta(x, m.r, t/(m.alpha+t))
}

func (m fading) walk(rng *rand.Rand, t float64, visit func(float64)) {
	rate, leaves := drawGamma(rng, m.r)/m.alpha, drawBeta(rng, m.a, m.b)
	for at := rng.ExpFloat64() / rate; at <= t; at += rng.ExpFloat64() / rate {
		visit(at)
		if rng.Float64() < leaves {
			return
		}
	}
}

func indicator(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
