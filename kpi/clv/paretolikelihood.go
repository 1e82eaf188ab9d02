package clv

import "math"

// paretoLikelihood is that of Pareto/NBD.
type paretoLikelihood struct{ *sample }

func (l paretoLikelihood) rows() int { return len(l.groups) }

func (l paretoLikelihood) whole(p [dims]float64, order int, s *sums) {
	addRate(l.sample, p[0], p[1], order, s)
	log := math.Log(p[3])
	s.ll += l.weight * p[2] * log
	s.g[2] += l.weight * log
	s.g[3] += l.weight * p[2] / p[3]
	if order > 1 {
		s.h[3][2] += l.weight / p[3]
		s.h[3][3] -= l.weight * p[2] / (p[3] * p[3])
	}
}

// part adds the logarithm of the sum of being alive at the end and of having left
// before. Its derivatives are those of the two, by their probabilities, plus their
// spread.
func (l paretoLikelihood) part(lo, hi int, p [dims]float64, order int, s *sums) {
	m := ParetoNBD{p[0], p[1], p[2], p[3]}
	var d departure
	for _, g := range l.groups[lo:hi] {
		shape := m.R + g.x
		logA, logB := math.Log(m.Alpha+g.age), math.Log(m.Beta+g.age)
		a, b := 1/(m.Alpha+g.age), 1/(m.Beta+g.age)
		alive := -shape*logA - m.S*logB
		first := [dims]float64{-logA, -shape * a, -logB, -m.S * b}
		gone := 0.0
		if g.age > g.recency {
			d.integrate(m, g.x, g.recency, g.age, order)
			var odds float64
			odds, gone = softplus(d.log - alive)
			s.ll += g.weight * odds
		}
		s.ll += g.weight * alive
		for i := range first {
			s.g[i] += g.weight * (first[i] + gone*(d.grad[i]-first[i]))
		}
		if order < 2 {
			continue
		}
		stays := g.weight * (1 - gone)
		s.h[1][0] -= stays * a
		s.h[1][1] += stays * shape * a * a
		s.h[3][2] -= stays * b
		s.h[3][3] += stays * m.S * b * b
		leaves := g.weight * gone
		for i := range first {
			for j := range i + 1 {
				s.h[i][j] += leaves * (d.hess[i][j] + (1-gone)*(d.grad[i]-first[i])*(d.grad[j]-first[j]))
			}
		}
	}
}
