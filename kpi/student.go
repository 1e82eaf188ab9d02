package kpi

import "math"

// studentTails is the two-sided p value of Student's t with df degrees of freedom:
// the regularized incomplete beta function at df/(df+t²) of df/2 and 1/2.
func studentTails(t, df float64) float64 {
	const normalFrom = 1e10
	if df > normalFrom {
		return bothTails(t)
	}
	t2 := t * t
	if t2 == 0 {
		return 1
	}
	if math.IsInf(t2, 0) {
		return 0
	}
	a := df / 2
	// x^a (1−x)^(1/2) / B(a, 1/2), where x = df/(df+t²).
	front := math.Exp(-a*math.Log1p(t2/df) + 0.5*math.Log(t2/(df+t2)) + halfGammaRatio(a) - 0.5*math.Log(math.Pi))
	if t2 > 3*df/(df+2) { // where the fraction of the one side converges fast
		return min(front*betaFraction(df/(df+t2), a, 0.5)/a, 1)
	}
	return max(1-2*front*betaFraction(t2/(df+t2), 0.5, a), 0)
}

// halfGammaRatio is ln Γ(a+1/2) − ln Γ(a), without the cancellation of large a.
func halfGammaRatio(a float64) float64 {
	if a < 50 {
		upper, _ := math.Lgamma(a + 0.5)
		lower, _ := math.Lgamma(a)
		return upper - lower
	}
	r := 1 / a
	return 0.5*math.Log(a) - r/8 + r*r*r/192 - r*r*r*r*r/640
}

// betaFraction is the continued fraction of the incomplete beta function (DLMF
// 8.17.22), evaluated from the front by Lentz's method.
func betaFraction(x, a, b float64) float64 {
	const tiny, most = 1e-300, 1_000_000
	away := func(v float64) float64 {
		if math.Abs(v) < tiny {
			return tiny
		}
		return v
	}
	c, d := 1.0, 1/away(1-(a+b)*x/(a+1))
	f := d
	for m := 1.0; m < most; m++ {
		even := m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		d, c = 1/away(1+even*d), away(1+even/c)
		f *= d * c
		odd := -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		d, c = 1/away(1+odd*d), away(1+odd/c)
		f *= d * c
		if math.Abs(d*c-1) < 1e-16 {
			break
		}
	}
	return f
}

// studentQuantile is the t whose two-sided tails hold 1 − level: the root of
// studentTails, by halving in the logarithm of t until no float64 lies between.
func studentQuantile(level, df float64) float64 {
	tails := 1 - level
	low, high := 0.0, 1.0
	for studentTails(high, df) > tails && high < math.MaxFloat64/4 {
		low, high = high, 2*high
	}
	for {
		mid := low + (high-low)/2
		if mid <= low || mid >= high {
			return mid
		}
		if studentTails(mid, df) > tails {
			low = mid
		} else {
			high = mid
		}
	}
}
