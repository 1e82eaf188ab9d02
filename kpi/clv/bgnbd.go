package clv

import "math"

// BGNBD is the beta-geometric/NBD model of Fader, Hardie and Lee, "Counting Your
// Customers the Easy Way: An Alternative to the Pareto/NBD Model", Marketing
// Science 24 (2005). A customer buys at a rate λ and leaves after each repeat
// purchase with probability p; λ has a gamma distribution with shape R and rate
// Alpha (in units of time), p a beta distribution with A and B.
//
// Nobody leaves before a repeat purchase, so P(alive) is 1 for one-time buyers. See
// [MBGNBD] and [ParetoNBD] for models without that property.
type BGNBD struct {
	R, Alpha, A, B float64
}

// Name returns "BG/NBD".
func (BGNBD) Name() string { return "BG/NBD" }

// Params returns r, alpha, a and b.
func (m BGNBD) Params() []Param {
	return []Param{{"r", m.R}, {"alpha", m.Alpha}, {"a", m.A}, {"b", m.B}}
}

func (BGNBD) with(v []float64) Model { return BGNBD{v[0], v[1], v[2], v[3]} }

func (m BGNBD) logLikelihood(c Customer) float64 {
	x := float64(c.Frequency)
	ll := NBD{m.R, m.Alpha}.logLikelihood(c) + lgammaDelta(m.B, x) - lgammaDelta(m.A+m.B, x)
	if c.Frequency == 0 {
		return ll
	}
	gone, _ := softplus(logOddsGone(m.R+x, m.Alpha, m.A, m.B+(x-1), c))
	return ll + gone
}

func (m BGNBD) start() (float64, process) { return 1, fading{m.R, m.Alpha, m.A, m.B} }

func (m BGNBD) posterior(c Customer) (float64, process) {
	x := float64(c.Frequency)
	next := fading{m.R + x, m.Alpha + c.Age, m.A, m.B + x}
	if c.Frequency == 0 {
		return 1, next
	}
	_, alive := softplus(-logOddsGone(m.R+x, m.Alpha, m.A, m.B+(x-1), c))
	return alive, next
}

// logOddsGone is the logarithm of the odds that a customer left right after the
// last purchase: stays is the second parameter of the beta distribution of p
// without the stay that is in doubt.
func logOddsGone(shape, alpha, a, stays float64, c Customer) float64 {
	return shape*math.Log1p((c.Age-c.Recency)/(alpha+c.Recency)) + math.Log(a/stays)
}
