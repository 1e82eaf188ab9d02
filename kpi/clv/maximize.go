package clv

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"
)

// peak is the highest point that was found, in logarithms of the parameters.
type peak struct {
	logs        []float64
	at          sums
	evaluations int
	// covariance is the inverse of the negative Hessian, nil where that has none.
	covariance *mat.SymDense
	// climbs is whether the likelihood still rises, by less and less, towards a limit.
	climbs bool
}

// beyond is how far the logarithm of a parameter may go.
const beyond = 60

// maximize climbs from every start on the coarse likelihood and polishes the best
// on the whole one. Unit makes the log-likelihood one
// of as many customers as there are rows, for the tolerances.
func maximize(whole, coarse likelihood, starts [][]float64, unit float64) peak {
	var best peak
	evaluations := 0
	for i, start := range starts {
		found := ascend(coarse, start, unit)
		evaluations += found.evaluations
		if i == 0 || found.at.ll > best.at.ll {
			best = found
		}
	}
	best.evaluations = evaluations
	polish(whole, &best, unit)
	if !best.climbs {
		return best
	}
	return again(whole, starts, unit, best)
}

// again polishes from every start on the whole likelihood before a slope that
// flattens is believed: the coarse one may have led there.
func again(whole likelihood, starts [][]float64, unit float64, best peak) peak {
	for _, start := range starts {
		next := ascend(whole, start, unit)
		next.evaluations += best.evaluations
		polish(whole, &next, unit)
		best.evaluations = next.evaluations
		lead := (next.at.ll - best.at.ll) * unit
		if lead > 1e-6 || lead > -1e-6 && best.climbs && !next.climbs {
			best = next
		}
	}
	return best
}

// ascend climbs by gonum's Newton method with line searches, as far as it gets.
func ascend(l likelihood, start []float64, unit float64) peak {
	found := peak{logs: start}
	found.at.ll = math.Inf(-1)
	last, lastAt := make([]float64, len(start)), sums{}
	last[0] = math.NaN()
	see := func(x []float64) *sums {
		if slices.Equal(x, last) {
			return &lastAt
		}
		copy(last, x)
		lastAt = evaluate(l, x, 2)
		found.evaluations++
		if isFinite(lastAt.ll) && lastAt.ll > found.at.ll && inside(x) {
			found.logs, found.at = slices.Clone(x), lastAt
		}
		return &lastAt
	}
	problem := optimize.Problem{
		Func: func(x []float64) float64 {
			if !inside(x) {
				return math.Inf(1)
			}
			if at := see(x); isFinite(at.ll) {
				return -at.ll * unit
			}
			return math.Inf(1)
		},
		Grad: func(grad, x []float64) {
			at := see(x)
			for i := range grad {
				grad[i] = -at.g[i] * unit
			}
		},
		Hess: func(hess *mat.SymDense, x []float64) {
			at := see(x)
			for i := range x {
				for j := range i + 1 {
					hess.SetSym(i, j, -at.h[i][j]*unit)
				}
			}
		},
	}
	settings := &optimize.Settings{GradientThreshold: 1e-2, MajorIterations: 40, FuncEvaluations: 120}
	// Where the line search gives up, the highest point so far is what counts.
	_, _ = optimize.Minimize(problem, start, settings, &optimize.Newton{})
	if math.IsInf(found.at.ll, -1) {
		found.at = evaluate(l, start, 1)
	}
	return found
}

func inside(x []float64) bool {
	for _, v := range x {
		if math.IsNaN(v) || math.Abs(v) > beyond {
			return false
		}
	}
	return true
}

// polish takes Newton steps until the rise that is left does not count.
func polish(l likelihood, p *peak, unit float64) {
	const enough = 1e-9
	n := len(p.logs)
	p.at = evaluate(l, p.logs, 2)
	p.evaluations++
	damping := 0.0
	for range 200 {
		step, rise := newtonStep(&p.at, n, damping)
		if rise*unit < enough && damping == 0 {
			break
		}
		next := make([]float64, n)
		for i := range next {
			next[i] = p.logs[i] + step[i]
		}
		at := sums{ll: math.Inf(-1)}
		if inside(next) {
			at = evaluate(l, next, 2)
			p.evaluations++
		}
		if isFinite(at.ll) && at.ll > p.at.ll {
			p.logs, p.at = next, at
			damping = relax(damping)
			continue
		}
		if rise*unit < 1e-6 || damping > 1e12 {
			break
		}
		damping = max(damping*8, 1e-3*curvature(&p.at, n))
	}
	p.judge(n, unit)
}

func relax(damping float64) float64 {
	if damping < 1e-6 {
		return 0
	}
	return damping / 16
}

func curvature(at *sums, n int) float64 {
	largest := 1e-12
	for i := range n {
		largest = max(largest, math.Abs(at.h[i][i]))
	}
	return largest
}

// newtonStep returns a step that climbs, of at most 2 per logarithm, and the rise
// of the log-likelihood that it promises.
func newtonStep(at *sums, n int, damping float64) (step []float64, rise float64) {
	var chol mat.Cholesky
	down := mat.NewSymDense(n, nil)
	for added := damping; ; added = max(4*added, 1e-6*curvature(at, n)) {
		for i := range n {
			for j := range i + 1 {
				down.SetSym(i, j, -at.h[i][j])
			}
			down.SetSym(i, i, -at.h[i][i]+added)
		}
		if chol.Factorize(down) {
			break
		}
		if added > 1e300 || math.IsNaN(added) {
			return make([]float64, n), 0
		}
	}
	var solved mat.VecDense
	// A condition number near the limit only makes a step worse, which is then refused.
	_ = chol.SolveVecTo(&solved, mat.NewVecDense(n, append([]float64(nil), at.g[:n]...)))
	longest := 0.0
	for i := range n {
		longest = max(longest, math.Abs(solved.AtVec(i)))
		rise += solved.AtVec(i) * at.g[i] / 2
	}
	shorten := min(1, 2/max(longest, 1e-300))
	step = make([]float64, n)
	for i := range n {
		step[i] = solved.AtVec(i) * shorten
	}
	return step, rise * shorten
}

// judge tells a maximum, whose curvature gives the covariance, from a slope that
// flattens: there a parameter may change by many powers of e without the
// likelihood changing.
func (p *peak) judge(n int, unit float64) {
	const flat = 1e-3
	down := mat.NewSymDense(n, nil)
	for i := range n {
		for j := range i + 1 {
			down.SetSym(i, j, -p.at.h[i][j])
		}
	}
	var eigen mat.EigenSym
	p.climbs = true
	if !eigen.Factorize(down, false) || eigen.Values(nil)[0]*unit < flat {
		return
	}
	var chol mat.Cholesky
	if !chol.Factorize(down) {
		return
	}
	covariance := mat.NewSymDense(n, nil)
	if chol.InverseTo(covariance) == nil {
		p.covariance, p.climbs = covariance, false
	}
}
