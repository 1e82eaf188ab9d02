package clv

import (
	"iter"
	"math"
)

// SBG is the shifted-beta-geometric model of contracts, of Fader and Hardie, "How
// to project customer retention", Journal of Interactive Marketing 21 (2007): at
// the end of each period a customer leaves with a probability that differs between
// customers by a beta distribution with Alpha and Beta. Retention rises with
// tenure because those likely to leave do so first.
type SBG struct {
	Alpha, Beta float64
}

// Name returns "sBG".
func (SBG) Name() string { return "sBG" }

// Params returns alpha and beta.
func (m SBG) Params() []Param { return []Param{{"alpha", m.Alpha}, {"beta", m.Beta}} }

// Survival returns the share of a cohort that is still there after t renewals,
// S(t) = B(alpha, beta+t)/B(alpha, beta); S(0) is 1.
func (m SBG) Survival(t int) (float64, error) {
	if err := m.check("t", t, 0); err != nil {
		return 0, err
	}
	return finite(math.Exp(m.logSurvival(float64(t))), "the survival")
}

func (m SBG) logSurvival(t float64) float64 {
	return lgammaDelta(m.Beta, t) - lgammaDelta(m.Alpha+m.Beta, t)
}

// Retention returns the share of those present before renewal t, from 1, who
// renew: r(t) = (beta+t−1)/(alpha+beta+t−1).
func (m SBG) Retention(t int) (float64, error) {
	if err := m.check("t", t, 1); err != nil {
		return 0, err
	}
	return finite(1/(1+m.Alpha/(m.Beta+float64(t-1))), "the retention")
}

// Lost returns the probability that a customer leaves at renewal t, from 1:
// P(T=t) = S(t−1) − S(t).
func (m SBG) Lost(t int) (float64, error) {
	if err := m.check("t", t, 1); err != nil {
		return 0, err
	}
	return finite(math.Exp(m.logLost(float64(t))), "the probability")
}

func (m SBG) logLost(t float64) float64 {
	return m.logSurvival(t-1) - math.Log1p((m.Beta+t-1)/m.Alpha)
}

// DEL returns the discounted expected lifetime of a new customer in periods, the
// first one included and not discounted: Σ S(t)/(1+discount)ᵗ from t = 0. Multiplied
// by a margin per period it is a lifetime value. The discount is per period and
// above 0. Source: Fader and Hardie, "Customer-Base Valuation in a Contractual
// Setting", Marketing Science 29 (2010).
func (m SBG) DEL(discount float64) (float64, error) {
	if err := m.checkDiscount(discount); err != nil {
		return 0, err
	}
	return finite(lifetimes(m.Alpha, m.Beta, discount), "the expected lifetime")
}

// DERL returns the discounted expected residual lifetime of a customer just before
// renewal n, from 1, in periods: the chance of renewing, and what is left then. A
// customer just before renewal n has renewed n−1 times.
func (m SBG) DERL(n int, discount float64) (float64, error) {
	if err := m.checkDiscount(discount); err != nil {
		return 0, err
	}
	if err := m.check("n", n, 1); err != nil {
		return 0, err
	}
	stay := m.Beta + float64(n-1)
	return finite(lifetimes(m.Alpha, stay+1, discount)/(1+m.Alpha/stay), "the residual lifetime")
}

// lifetimes is ₂F₁(1, beta; alpha+beta; 1/(1+discount)), the mean of
// 1/(1 − (1−θ)/(1+discount)) where θ has a beta distribution.
func lifetimes(alpha, beta, discount float64) float64 {
	if discount > 0.1 {
		if series, ok := ratioSeries(1, beta, alpha+beta, 1, 1/(1+discount)); ok {
			return series
		}
	}
	return betaMean(alpha, beta, max(1, 1/discount), func(theta float64) float64 {
		return (1 + discount) / (discount + theta)
	})
}

func (m SBG) check(field string, n, least int) error {
	if err := checkParams(m.Params()); err != nil {
		return err
	}
	var p problems
	if n < least {
		p.add(-1, "", field, float64(n), "a number of renewals, counted from 0 at the start and from 1 for the first renewal")
	}
	return p.err()
}

func (m SBG) checkDiscount(discount float64) error {
	if err := checkParams(m.Params()); err != nil {
		return err
	}
	var p problems
	if !isFinite(discount) || discount <= 0 {
		p.add(-1, "", "discount", discount, "a discount rate per period is above 0, such as 0.10")
	}
	return p.err()
}

// Cohort is a group of customers whose contracts began together.
type Cohort struct {
	// ID names the cohort in errors.
	ID string
	// Survivors counts those who are there at the start, and after each renewal so
	// far. It never rises.
	Survivors []float64
}

const (
	noneLost  = "no customer was lost, so nothing tells how soon customers leave: observe for longer"
	oneRate   = "retention does not rise with tenure, so alpha and beta grow together without bound: a constant retention rate describes these cohorts"
	extremes  = "customers either leave at the first renewal or never, so alpha and beta both go to 0: there are two kinds of customers"
	noRenewal = "a cohort has at least its start and one renewal"
)

// FitSBG fits an [SBG] to one or more cohorts by maximum likelihood.
func FitSBG(cohorts iter.Seq[Cohort], o *FitOptions) (Fit[SBG], error) {
	level, err := o.level()
	if err != nil {
		return Fit[SBG]{}, err
	}
	l, rows, err := readCohorts(cohorts)
	if err != nil {
		return Fit[SBG]{}, err
	}
	build := func(v []float64) SBG { return SBG{v[0], v[1]} }
	judge := func(v []float64) verdict {
		switch {
		case l.lost == 0:
			return verdict{reason: noneLost}
		case v[0]+v[1] < 1e-3:
			return verdict{reason: extremes}
		default:
			return verdict{reason: oneRate}
		}
	}
	starts := logsOf([]float64{1, 3}, []float64{0.5, 0.5}, []float64{5, 20})
	var p peak
	if l.lost == 0 {
		p = peak{logs: starts[0], at: evaluate(l, starts[0], 1), climbs: true}
	} else {
		p = maximize(l, l, starts, 1)
	}
	f, err := finish(p, []string{"alpha", "beta"}, []float64{1, 1}, 0, level, build, judge)
	f.Rows, f.Groups, f.Weight = rows, len(l.tenures), l.weight
	f.Gradient /= l.weight
	return f, err
}

// tenure is how many customers left at renewal t, and how many were last seen then.
type tenure struct{ t, lost, kept float64 }

type cohortLikelihood struct {
	tenures      []tenure
	weight, lost float64
}

func readCohorts(cohorts iter.Seq[Cohort]) (cohortLikelihood, int, error) {
	var l cohortLikelihood
	var p problems
	row := 0
	for c := range cohorts {
		if len(c.Survivors) < 2 {
			p.add(row, c.ID, "Survivors", float64(len(c.Survivors)), noRenewal)
		}
		before := math.Inf(1)
		for t, alive := range c.Survivors {
			if !isFinite(alive) || alive < 0 || alive > before {
				p.add(row, c.ID, "Survivors", alive, "counts are 0 or more and never rise")
			}
			l.take(t, before-alive, 0)
			before = alive
		}
		if n := len(c.Survivors); n > 1 {
			l.take(n-1, 0, before)
			l.weight += c.Survivors[0]
		}
		row++
	}
	if row == 0 || l.weight == 0 && p.found.Total == 0 {
		p.add(-1, "", "cohorts", 0, "a fit needs customers")
	}
	return l, row, p.err()
}

func (l *cohortLikelihood) take(t int, lost, kept float64) {
	if t == 0 {
		return
	}
	for len(l.tenures) < t {
		l.tenures = append(l.tenures, tenure{t: float64(len(l.tenures) + 1)})
	}
	l.tenures[t-1].lost += lost
	l.tenures[t-1].kept += kept
	l.lost += lost
}

func (l cohortLikelihood) rows() int { return len(l.tenures) }

func (cohortLikelihood) whole([dims]float64, int, *sums) {}

// part adds lost·ln P(T=t) + kept·ln S(t). P(T=t) is alpha/(alpha+beta+t−1)·S(t−1).
func (l cohortLikelihood) part(lo, hi int, p [dims]float64, order int, s *sums) {
	m := SBG{p[0], p[1]}
	both := m.Alpha + m.Beta
	for _, c := range l.tenures[lo:hi] {
		s.survival(m, c.t-1, c.lost, order)
		s.survival(m, c.t, c.kept, order)
		if c.lost == 0 {
			continue
		}
		at := 1 / (both + c.t - 1)
		s.ll -= c.lost * math.Log1p((m.Beta+c.t-1)/m.Alpha)
		s.g[0] += c.lost * (1/m.Alpha - at)
		s.g[1] -= c.lost * at
		s.h[0][0] += c.lost * (at*at - 1/(m.Alpha*m.Alpha))
		s.h[1][0] += c.lost * at * at
		s.h[1][1] += c.lost * at * at
	}
}

func (s *sums) survival(m SBG, t, weight float64, order int) {
	if weight == 0 || t == 0 {
		return
	}
	both := m.Alpha + m.Beta
	s.ll += weight * m.logSurvival(t)
	all := digammaDelta(both, t)
	s.g[0] -= weight * all
	s.g[1] += weight * (digammaDelta(m.Beta, t) - all)
	if order > 1 {
		all = trigammaDelta(both, t)
		s.h[0][0] -= weight * all
		s.h[1][0] -= weight * all
		s.h[1][1] += weight * (trigammaDelta(m.Beta, t) - all)
	}
}
