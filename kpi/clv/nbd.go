package clv

import (
	"math"
	"math/rand/v2"
)

// NBD is the negative binomial model of repeat buying: a customer buys at a
// constant rate for ever, and rates differ by a gamma distribution with shape R
// and rate Alpha, which is in units of time (Ehrenberg, "The Pattern of Consumer
// Purchases", Applied Statistics 1959). It knows no churn: take it as the yardstick
// that a model with churn has to beat.
type NBD struct {
	R, Alpha float64
}

// Name returns "NBD".
func (NBD) Name() string { return "NBD" }

// Params returns r and alpha.
func (m NBD) Params() []Param { return []Param{{"r", m.R}, {"alpha", m.Alpha}} }

func (NBD) with(v []float64) Model { return NBD{v[0], v[1]} }

func (m NBD) logLikelihood(c Customer) float64 {
	x := float64(c.Frequency)
	return lgammaDelta(m.R, x) - m.R*math.Log1p(c.Age/m.Alpha) - x*math.Log(m.Alpha+c.Age)
}

func (m NBD) start() (float64, process) { return 1, steady{m.R, m.Alpha} }

func (m NBD) posterior(c Customer) (float64, process) {
	return 1, steady{m.R + float64(c.Frequency), m.Alpha + c.Age}
}

// steady buys for ever at a rate that has a gamma distribution.
type steady struct{ r, alpha float64 }

func (p steady) expected(t float64) float64      { return p.r * t / p.alpha }
func (steady) survival(float64) float64          { return 1 }
func (p steady) discounted(rate float64) float64 { return p.r / (p.alpha * rate) }

func (p steady) probability(n int, t float64) float64 {
	return math.Exp(logNegativeBinomial(p.r, p.alpha, n, t))
}

func (p steady) walk(rng *rand.Rand, t float64, visit func(float64)) {
	rate := drawGamma(rng, p.r) / p.alpha
	for at := rng.ExpFloat64() / rate; at <= t; at += rng.ExpFloat64() / rate {
		visit(at)
	}
}
