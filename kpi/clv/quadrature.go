package clv

import "math"

// The positive nodes of Gauss–Legendre quadrature with 16 points on [−1, 1], and
// their weights.
var (
	legendreNodes = [8]float64{
		0.0950125098376374401853193, 0.2816035507792589132304605, 0.4580167776572273863424194, 0.6178762444026437484466718,
		0.7554044083550030338951012, 0.8656312023878317438804679, 0.9445750230732325760779884, 0.9894009349916499325961542,
	}
	legendreWeights = [8]float64{
		0.1894506104550684962853967, 0.1826034150449235888667637, 0.1691565193950025381893121, 0.1495959888165767320815017,
		0.1246289712555338720524763, 0.0951585116824927848099251, 0.0622535239386478928628438, 0.0271524594117540948517806,
	}
	// The same for 8 points, for an integrand that falls little.
	fewNodes   = [4]float64{0.1834346424956498049394761, 0.5255324099163289858177390, 0.7966664774136267395915539, 0.9602898564975362316835609}
	fewWeights = [4]float64{0.3626837833783619829651504, 0.3137066458778872873379622, 0.2223810344533744705443560, 0.1012285362903762591525314}
)

// panels integrates f from 0 to width in equal panels of 16 points.
func panels(width float64, count int, f func(v float64) float64) float64 {
	half := width / float64(count) / 2
	sum := 0.0
	for p := range count {
		center := half * float64(2*p+1)
		for k, node := range legendreNodes {
			sum += legendreWeights[k] * (f(center-half*node) + f(center+half*node))
		}
	}
	return sum * half
}

// reach returns where a function that grows without bound, or to a limit beyond
// most, reaches drop, or most if it does not before.
func reach(most, drop float64, f func(v float64) float64) float64 {
	if f(most) <= drop {
		return most
	}
	lo, hi := 0.0, most
	// Steep ones reach it next to 0: the exponent of a float64 has no more halves.
	for range 1100 {
		mid := (lo + hi) / 2
		if f(mid) <= drop {
			lo = mid
		} else {
			hi = mid
		}
		if hi-lo < 0.05*hi {
			break
		}
	}
	return hi
}

// negligible is how far the logarithm of an integrand falls until the rest does
// not count.
const negligible = 42

// scaledExponential returns ∫₀^∞ e^(−z·y)·(1+y)^(−s) dy = e^z·E_s(z) =
// U(1, 2−s, z), for z > 0.
func scaledExponential(s, z float64) float64 {
	if z >= 1 {
		return exponentialFraction(s, z)
	}
	fall := func(w float64) float64 { return z*math.Expm1(w) + (s-1)*w }
	width := reach(math.Log1p((negligible+math.Abs(s)*4)/z)+4, negligible, fall)
	count := int(math.Ceil(max(width/1.5, fall(width)/20)))
	return panels(width, max(count, 1), func(w float64) float64 { return math.Exp(-fall(w)) })
}

// exponentialFraction evaluates e^z·E_s(z) by its continued fraction, with the
// method of Lentz.
func exponentialFraction(s, z float64) float64 {
	b := z + s
	c := math.Inf(1)
	d := 1 / b
	h := d
	for i := 1.0; i < 10_000; i++ {
		a := -i * (s - 1 + i)
		b += 2
		d = 1 / (a*d + b)
		c = b + a/c
		step := c * d
		h *= step
		if math.Abs(step-1) < 1e-16 {
			break
		}
	}
	return h
}

// betaMean returns the mean of g(p) where p has a beta distribution with a and b.
// It sums in the logit of p, where the trapezoidal rule converges faster than any
// power of its step. Below 1/scale, g is constant.
func betaMean(a, b, scale float64, g func(p float64) float64) float64 {
	step := min(0.25, 0.6/math.Sqrt(a*b/(a+b)))
	mode := math.Log(a / b)
	level := logitWeight(a, b, mode)
	var sum, weights float64
	add := func(y float64) (w, f float64) {
		w = math.Exp(logitWeight(a, b, y) - level)
		f = w * g(logistic(y))
		weights += w
		sum += f
		return w, f
	}
	add(mode)
	side := func(sign, rate, flat float64) {
		for k := 1; ; k++ {
			y := mode + sign*float64(k)*step
			w, f := add(y)
			if w <= 1e-18*weights && f <= 1e-18*sum || k > 1_000_000 {
				return
			}
			if logistic(sign*y) > 1-1e-17/flat || logistic(-sign*y)*flat < 1e-17 {
				rest := 1 / math.Expm1(rate*step)
				weights += w * rest
				sum += f * rest
				return
			}
		}
	}
	side(-1, a, max(scale, 1+a+b))
	side(1, b, max(1+a+b, scale))
	return sum / weights
}

// logitWeight is ln(pᵃ(1−p)ᵇ) at the logit y.
func logitWeight(a, b, y float64) float64 {
	if y > 0 {
		e := math.Log1p(math.Exp(-y))
		return -a*e - b*(y+e)
	}
	e := math.Log1p(math.Exp(y))
	return a*(y-e) - b*e
}

func logistic(y float64) float64 {
	if y > 0 {
		return 1 / (1 + math.Exp(-y))
	}
	e := math.Exp(y)
	return e / (1 + e)
}
