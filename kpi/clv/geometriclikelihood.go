package clv

import "math"

// geometricLikelihood is that of NBD, BG/NBD and MBG/NBD.
type geometricLikelihood struct {
	*sample
	kind kind
}

func (l geometricLikelihood) rows() int { return len(l.groups) }

// part adds −(r+x)·ln(alpha+T), and the logarithm of one plus the odds of having
// left after the last purchase.
func (l geometricLikelihood) part(lo, hi int, p [dims]float64, order int, s *sums) {
	r, alpha, a, b := p[0], p[1], p[2], p[3]
	stayed, logOdds, of := 0.0, 0.0, -1.0
	for _, g := range l.groups[lo:hi] {
		shape := r + g.x
		logT, end := math.Log(alpha+g.age), 1/(alpha+g.age)
		s.ll -= g.weight * shape * logT
		s.g[0] -= g.weight * logT
		s.g[1] -= g.weight * shape * end
		if order > 1 {
			s.h[1][0] -= g.weight * end
			s.h[1][1] += g.weight * shape * end * end
		}
		if l.kind == kindNBD || l.kind == kindBG && g.x == 0 {
			continue
		}
		if g.x != of {
			of, stayed = g.x, b+g.x
			if l.kind == kindBG {
				stayed = b + (g.x - 1)
			}
			logOdds = math.Log(a / stayed)
		}
		d := dropout{end: end, last: 1 / (alpha + g.recency), shape: shape, a: a, stayed: stayed}
		d.silence = logT - math.Log(alpha+g.recency)
		var odds float64
		odds, d.gone = softplus(shape*d.silence + logOdds)
		s.ll += g.weight * odds
		d.add(g.weight, order, s)
	}
}

// dropout is what the derivatives of ln(1 + odds of having left) are made of.
type dropout struct{ end, last, shape, silence, a, stayed, gone float64 }

func (d *dropout) add(weight float64, order int, s *sums) {
	gap := d.end - d.last
	first := [dims]float64{d.silence, d.shape * gap, 1 / d.a, -1 / d.stayed}
	w := weight * d.gone
	for i := range first {
		s.g[i] += w * first[i]
	}
	if order < 2 {
		return
	}
	both := w * (1 - d.gone)
	for i := range first {
		for j := range i + 1 {
			s.h[i][j] += both * first[i] * first[j]
		}
	}
	s.h[1][0] += w * gap
	s.h[1][1] -= w * gap * d.shape * (d.end + d.last)
	s.h[2][2] -= w / (d.a * d.a)
	s.h[3][3] += w / (d.stayed * d.stayed)
}

// whole adds the gamma functions, once for every number of purchases.
func (l geometricLikelihood) whole(p [dims]float64, order int, s *sums) {
	addRate(l.sample, p[0], p[1], order, s)
	if l.kind == kindNBD {
		return
	}
	a, b := p[2], p[3]
	for _, c := range l.counts {
		stays := c.x
		if l.kind == kindMBG {
			stays++
		}
		s.ll += c.weight * (lgammaDelta(b, stays) - lgammaDelta(a+b, stays))
		all := digammaDelta(a+b, stays)
		s.g[2] -= c.weight * all
		s.g[3] += c.weight * (digammaDelta(b, stays) - all)
		if order > 1 {
			all = trigammaDelta(a+b, stays)
			s.h[2][2] -= c.weight * all
			s.h[3][2] -= c.weight * all
			s.h[3][3] += c.weight * (trigammaDelta(b, stays) - all)
		}
	}
}

// addRate adds ln Γ(r+x) − ln Γ(r) + r·ln(alpha), which all models share.
func addRate(l *sample, r, alpha float64, order int, s *sums) {
	log := math.Log(alpha)
	s.ll += l.weight * r * log
	s.g[0] += l.weight * log
	s.g[1] += l.weight * r / alpha
	if order > 1 {
		s.h[1][0] += l.weight / alpha
		s.h[1][1] -= l.weight * r / (alpha * alpha)
	}
	for _, c := range l.counts {
		s.ll += c.weight * lgammaDelta(r, c.x)
		s.g[0] += c.weight * digammaDelta(r, c.x)
		if order > 1 {
			s.h[0][0] += c.weight * trigammaDelta(r, c.x)
		}
	}
}
