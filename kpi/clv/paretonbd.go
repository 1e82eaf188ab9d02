package clv

import (
	"math"
	"math/rand/v2"
)

// ParetoNBD is the Pareto/NBD model of Schmittlein, Morrison and Colombo,
// "Counting Your Customers: Who Are They and What Will They Do Next?", Management
// Science 33 (1987). A customer buys at a rate λ and leaves at a rate μ, at any
// time; λ has a gamma distribution with shape R and rate Alpha, μ one with shape S
// and rate Beta. Alpha and Beta are in units of time.
//
// The likelihood of having left is the integral over the time of leaving, which is
// what the hypergeometric functions of the paper stand for; summed in logarithmic
// time it has no difference of large numbers, and neither have its derivatives.
type ParetoNBD struct {
	R, Alpha, S, Beta float64
}

// Name returns "Pareto/NBD".
func (ParetoNBD) Name() string { return "Pareto/NBD" }

// Params returns r, alpha, s and beta.
func (m ParetoNBD) Params() []Param {
	return []Param{{"r", m.R}, {"alpha", m.Alpha}, {"s", m.S}, {"beta", m.Beta}}
}

func (ParetoNBD) with(v []float64) Model { return ParetoNBD{v[0], v[1], v[2], v[3]} }

func (m ParetoNBD) logLikelihood(c Customer) float64 {
	ll := NBD{m.R, m.Alpha}.logLikelihood(c) - m.S*math.Log1p(c.Age/m.Beta)
	odds, _ := softplus(m.logOddsGone(c))
	return ll + odds
}

// logOddsGone is the logarithm of the odds that the customer has left.
func (m ParetoNBD) logOddsGone(c Customer) float64 {
	if c.Age == c.Recency {
		return math.Inf(-1)
	}
	x := float64(c.Frequency)
	var d departure
	d.integrate(m, x, c.Recency, c.Age, 0)
	alive := -(m.R+x)*math.Log(m.Alpha+c.Age) - m.S*math.Log(m.Beta+c.Age)
	return d.log - alive
}

func (m ParetoNBD) start() (float64, process) { return 1, mortal{m.R, m.Alpha, m.S, m.Beta} }

func (m ParetoNBD) posterior(c Customer) (float64, process) {
	_, alive := softplus(-m.logOddsGone(c))
	return alive, mortal{m.R + float64(c.Frequency), m.Alpha + c.Age, m.S, m.Beta + c.Age}
}

// mortal is a customer who is alive, buys at a rate with a gamma distribution
// (r, alpha) and leaves at one with (s, beta).
type mortal struct{ r, alpha, s, beta float64 }

func (m mortal) expected(t float64) float64 {
	return m.r / m.alpha * m.beta * saturation(m.s-1, math.Log1p(t/m.beta))
}

func (m mortal) survival(t float64) float64 { return math.Exp(-m.s * math.Log1p(t/m.beta)) }

func (m mortal) discounted(rate float64) float64 {
	return m.r / m.alpha * m.beta * scaledExponential(m.s, rate*m.beta)
}

// probability adds the counts of those who stay to the end to those of leaving at
// τ, integrated over τ in logarithmic time.
func (m mortal) probability(n int, t float64) float64 {
	if t == 0 {
		return indicator(n == 0)
	}
	stays := math.Exp(logNegativeBinomial(m.r, m.alpha, n, t) - m.s*math.Log1p(t/m.beta))
	unit := min(m.alpha/(m.r+1), m.beta/(m.s+1))
	width := math.Log1p(t / unit)
	count := int(math.Ceil(width / min(1, 4/math.Sqrt(float64(n)+1))))
	leaves := panels(width, count, func(v float64) float64 {
		tau := unit * math.Expm1(v)
		left := logNegativeBinomial(m.r, m.alpha, n, tau) - (m.s+1)*math.Log1p(tau/m.beta)
		return math.Exp(left + v)
	})
	return stays + leaves*unit*m.s/m.beta
}

func (m mortal) walk(rng *rand.Rand, t float64, visit func(float64)) {
	rate := drawGamma(rng, m.r) / m.alpha
	end := min(t, rng.ExpFloat64()*m.beta/drawGamma(rng, m.s))
	for at := rng.ExpFloat64() / rate; at <= end; at += rng.ExpFloat64() / rate {
		visit(at)
	}
}
