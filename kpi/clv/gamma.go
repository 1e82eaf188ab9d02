package clv

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// asymptotic is the argument from which the series of Stirling gives all digits.
const asymptotic = 20

func lgamma(z float64) float64 {
	v, _ := math.Lgamma(z)
	return v
}

// lgammaDelta returns ln Γ(z+d) − ln Γ(z) for z > 0 and d ≥ 0 without the
// cancellation that the difference of two large logarithms has.
func lgammaDelta(z, d float64) float64 {
	if d == 0 {
		return 0
	}
	if z < asymptotic {
		return lgamma(z+d) - lgamma(z)
	}
	return (z+d-0.5)*math.Log1p(d/z) + d*(math.Log(z)-1) + stirling(z+d) - stirling(z)
}

// stirling is the remainder of Stirling's formula for ln Γ.
func stirling(z float64) float64 {
	w := 1 / (z * z)
	return (1.0/12 - w*(1.0/360-w*(1.0/1260-w*(1.0/1680-w/1188)))) / z
}

// digammaDelta returns ψ(z+d) − ψ(z).
func digammaDelta(z, d float64) float64 {
	if d == 0 {
		return 0
	}
	if z < asymptotic {
		return mathext.Digamma(z+d) - mathext.Digamma(z)
	}
	return math.Log1p(d/z) + digammaRest(z+d) - digammaRest(z)
}

// digammaRest is ψ(z) − ln z for a large z.
func digammaRest(z float64) float64 {
	w := 1 / (z * z)
	return -0.5/z - w*(1.0/12-w*(1.0/120-w*(1.0/252-w*(1.0/240-w/132))))
}

// trigammaDelta returns ψ'(z+d) − ψ'(z).
func trigammaDelta(z, d float64) float64 {
	if d == 0 {
		return 0
	}
	return trigamma(z+d) - trigamma(z)
}

func trigamma(z float64) float64 {
	below := 0.0
	for ; z < asymptotic; z++ {
		below += 1 / (z * z)
	}
	w := 1 / (z * z)
	return below + (1+0.5/z+w*(1.0/6-w*(1.0/30-w*(1.0/42-w*(1.0/30-w*5.0/66)))))/z
}

// lbeta is ln B(a, b).
func lbeta(a, b float64) float64 {
	small, large := min(a, b), max(a, b)
	return lgamma(small) - lgammaDelta(large, small)
}

// softplus returns ln(1+e^d) and its derivative, the logistic function of d.
func softplus(d float64) (value, slope float64) {
	if d > 0 {
		e := math.Exp(-d)
		return d + math.Log1p(e), 1 / (1 + e)
	}
	e := math.Exp(d)
	return math.Log1p(e), e / (1 + e)
}

// saturation returns (1 − e^(−k·l))/k, which is l where k is 0.
func saturation(k, l float64) float64 {
	if k == 0 {
		return l
	}
	return -math.Expm1(-k*l) / k
}

// ratioSeries sums (a)ₖ(b)ₖ/((c)ₖ(d)ₖ)·zᵏ. It is false where that takes too many
// terms, or where they cancel.
func ratioSeries(a, b, c, d, z float64) (float64, bool) {
	const most, loss = 600, 1e3
	sum, term, largest := 1.0, 1.0, 1.0
	for k := range most {
		n := float64(k)
		factor := (a + n) * (b + n) / ((c + n) * (d + n)) * z
		term *= factor
		sum += term
		largest = max(largest, math.Abs(term))
		if math.Abs(term) <= 1e-17*math.Abs(sum) && math.Abs(factor) < 1 {
			return sum, largest <= loss*math.Abs(sum)
		}
	}
	return 0, false
}
