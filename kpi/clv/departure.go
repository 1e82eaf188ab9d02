package clv

import "math"

// departure is ln ∫ s·(alpha+τ)^−(r+x)·(beta+τ)^−(s+1) dτ from the last purchase to
// the end of the observation, with its derivatives by r, alpha, s and beta.
type departure struct {
	log  float64
	grad [dims]float64
	hess [dims][dims]float64
}

// mostParts bounds the parts of an integral. Parameters that a float64 just holds need
// some dozens.
const mostParts = 1000

// integrate sums in v = ln(1 + (τ−recency)/m), with m the smaller of alpha+recency
// and beta+recency: one factor is an exponential of v, the other varies slowly.
// Order is the number of derivatives: 0, 1 or 2.
func (d *departure) integrate(m ParetoNBD, x, recency, age float64, order int) {
	k, l := m.R+x, m.S+1
	small, large, kSmall, kLarge := m.Alpha+recency, m.Beta+recency, k, l
	if small > large {
		small, large, kSmall, kLarge = large, small, kLarge, kSmall
	}
	ratio := small / large
	fall := func(v float64) float64 { return (kSmall-1)*v + kLarge*math.Log1p(ratio*math.Expm1(v)) }
	width := math.Log1p((age - recency) / small)
	drop := fall(width)
	if drop > negligible {
		width = reach(width, negligible, fall)
		drop = fall(width)
	}
	nodes, weights := legendreNodes[:], legendreWeights[:]
	if drop < 3 && width < 1 {
		nodes, weights = fewNodes[:], fewWeights[:]
	}
	parts := math.Ceil(min(max(width/2, drop/20), mostParts))
	half := width / parts / 2
	var sum moments
	logSmall, logFirst := math.Log(small), math.Log(large)
	for part := range int(parts) {
		center := half * float64(2*part+1)
		for i, node := range nodes {
			for _, v := range [2]float64{center - half*node, center + half*node} {
				grown := small * math.Expm1(v)
				logLarge := math.Log(large + grown)
				f := weights[i] * math.Exp(-(kSmall-1)*v-kLarge*(logLarge-logFirst))
				if order == 0 {
					sum.f += f
					continue
				}
				logA, logB, a, b := logSmall+v, logLarge, 1/(small+grown), 1/(large+grown)
				if m.Alpha > m.Beta {
					logA, logB, a, b = logB, logA, b, a
				}
				sum.f += f
				sum.add(f, [dims]float64{-logA, -k * a, -logB, -l * b}, order)
				if order > 1 {
					sum.bend(f, k, l, a, b)
				}
			}
		}
	}
	d.log = math.Log(m.S*half*sum.f) + logSmall - kSmall*logSmall - kLarge*logFirst
	if order > 0 {
		d.derive(&sum, m.S, order)
	}
}

// moments are sums of an integrand f and of its products with the derivatives of
// its logarithm.
type moments struct {
	f float64
	g [dims]float64
	h [dims][dims]float64
}

func (s *moments) add(f float64, g [dims]float64, order int) {
	if order < 2 {
		s.g[0] += f * g[0]
		s.g[1] += f * g[1]
		s.g[2] += f * g[2]
		s.g[3] += f * g[3]
		return
	}
	for i := range g {
		s.g[i] += f * g[i]
		for j := range i + 1 {
			s.h[i][j] += f * g[i] * g[j]
		}
	}
}

// bend adds the second derivatives of the logarithm.
func (s *moments) bend(f, k, l, a, b float64) {
	s.h[1][0] -= f * a
	s.h[1][1] += f * k * a * a
	s.h[3][2] -= f * b
	s.h[3][3] += f * l * b * b
}

func (d *departure) derive(sum *moments, s float64, order int) {
	for i := range d.grad {
		d.grad[i] = sum.g[i] / sum.f
	}
	if order > 1 {
		for i := range d.grad {
			for j := range i + 1 {
				d.hess[i][j] = sum.h[i][j]/sum.f - d.grad[i]*d.grad[j]
			}
		}
		d.hess[2][2] -= 1 / (s * s)
	}
	d.grad[2] += 1 / s
}
