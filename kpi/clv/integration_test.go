package clv_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/loyaltykit/loyaltykit/kpi/clv"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// individual is a customer whose rates are known: what the papers start from. The
// models are means of these over the distributions of the rates.
type individual struct {
	alive, gone     float64 // densities of what was seen, with the customer alive or gone
	expected, stays float64 // of one who is alive, in the time t
	none, two       float64 // chance of 0 and of 2 purchases of one who is alive
	discounted      float64
}

// mixture is the density of two rates, each in a variable in which it is smooth.
type mixture struct {
	model clv.Model
	// density is its logarithm, and at the figures of an individual.
	density func(u, v float64) float64
	at      func(u, v float64, c clv.Customer, t, d float64) individual
}

func lgamma(z float64) float64 { v, _ := math.Lgamma(z); return v }

// gammaLog is the density of ln λ.
func gammaLog(r, alpha, u float64) float64 {
	return r*math.Log(alpha) + r*u - alpha*math.Exp(u) - lgamma(r)
}

func poisson(n int, mean float64) float64 {
	return math.Exp(float64(n)*math.Log(mean) - mean - lgamma(float64(n)+1))
}

func leaving(a, b float64) func(v float64) float64 {
	whole := lgamma(a+b) - lgamma(a) - lgamma(b)
	return func(v float64) float64 { return whole - a*math.Log1p(math.Exp(-v)) - b*math.Log1p(math.Exp(v)) }
}

func geometric(shift bool, r, alpha, a, b float64) mixture {
	m := mixture{model: clv.BGNBD{R: r, Alpha: alpha, A: a, B: b}}
	if shift {
		m.model = clv.MBGNBD{R: r, Alpha: alpha, A: a, B: b}
	}
	left := leaving(a, b)
	m.density = func(u, v float64) float64 { return gammaLog(r, alpha, u) + left(v) }
	m.at = func(u, v float64, c clv.Customer, t, d float64) individual {
		rate, p, q := math.Exp(u), 1/(1+math.Exp(-v)), 1/(1+math.Exp(v))
		x := float64(c.Frequency)
		i := individual{alive: math.Exp(x*u - rate*c.Age + x*math.Log(q))}
		switch {
		case shift:
			i.alive *= q
			i.gone = math.Exp(x*u-rate*c.Recency+x*math.Log(q)) * p
		case x > 0:
			i.gone = math.Exp(x*u-rate*c.Recency+(x-1)*math.Log(q)) * p
		}
		i.expected = -math.Expm1(-rate*p*t) / p
		i.stays = math.Exp(-rate * p * t)
		i.none = math.Exp(-rate * t)
		i.two = q*q*poisson(2, rate*t) + p*q*(1-poisson(0, rate*t)-poisson(1, rate*t))
		i.discounted = rate / (d + rate*p)
		return i
	}
	return m
}

func pareto(r, alpha, s, beta float64) mixture {
	m := mixture{model: clv.ParetoNBD{R: r, Alpha: alpha, S: s, Beta: beta}}
	m.density = func(u, v float64) float64 { return gammaLog(r, alpha, u) + gammaLog(s, beta, v) }
	m.at = func(u, v float64, c clv.Customer, t, d float64) individual {
		rate, leave := math.Exp(u), math.Exp(v)
		both, x := rate+leave, float64(c.Frequency)
		i := individual{alive: math.Exp(x*u - both*c.Age)}
		i.gone = leave / both * (math.Exp(x*u-both*c.Recency) - math.Exp(x*u-both*c.Age))
		i.expected = -math.Expm1(-leave*t) * rate / leave
		i.stays = math.Exp(-leave * t)
		i.none = math.Exp(-both*t) + leave/both*-math.Expm1(-both*t)
		// Two purchases and staying, or two purchases and leaving before a third.
		gammaTail := 1 - poisson(0, both*t) - poisson(1, both*t) - poisson(2, both*t)
		i.two = poisson(2, rate*t)*math.Exp(-leave*t) + rate/both*rate/both*leave/both*gammaTail
		i.discounted = rate / (leave + d)
		return i
	}
	return m
}

// TestClosedFormsAreTheMeansOverIndividuals integrates over both rates, without any
// of the closed forms, on a grid whose sum converges exponentially.
func TestClosedFormsAreTheMeansOverIndividuals(t *testing.T) {
	mixtures := []mixture{
		geometric(false, 0.9, 4.4, 0.8, 2.4),
		geometric(false, 2, 10, 1, 3),
		geometric(false, 1.5, 2, 0.4, 0.6),
		geometric(true, 0.9, 6.2, 0.9, 1.6),
		geometric(true, 3, 1, 0.5, 0.4),
		pareto(0.9, 10.6, 0.6, 11.7),
		pareto(1.5, 30, 1, 5),
		pareto(0.7, 2, 2.5, 60),
	}
	customers := []clv.Customer{
		{Age: 38.9},
		{Frequency: 1, Recency: 1.7, Age: 38.9},
		{Frequency: 7, Recency: 29.4, Age: 38.9},
		{Frequency: 2, Recency: 20, Age: 20},
	}
	for _, m := range mixtures {
		for _, c := range customers {
			t.Run(fmt.Sprintf("%s%v, %d purchases to %g of %g", m.model.Name(), m.model.Params(), c.Frequency, c.Recency, c.Age), func(t *testing.T) {
				compare(t, m, c, 13, 0.01)
				if c.Frequency == 2 {
					compare(t, m, c, 1e-3, 2)
				}
			})
		}
	}
}

func compare(t *testing.T, m mixture, c clv.Customer, after, discount float64) {
	const step, u0, u1, v0, v1 = 0.2, -50.0, 6.0, -60.0, 60.0
	var sum individual
	for i := range int((u1 - u0) / step) {
		for j := range int((v1 - v0) / step) {
			u, v := u0+float64(i)*step, v0+float64(j)*step
			density := m.density(u, v)
			if density < -45 {
				continue
			}
			one := m.at(u, v, c, after, discount)
			w := math.Exp(density) * step * step
			alive := w * one.alive
			sum.alive += alive
			sum.gone += w * one.gone
			if alive == 0 {
				continue
			}
			sum.expected += alive * one.expected
			sum.stays += alive * one.stays
			sum.none += alive * one.none
			sum.two += alive * one.two
			sum.discounted += alive * one.discounted
		}
	}
	all := sum.alive + sum.gone
	figure := func(v float64, err error) float64 {
		require.NoError(t, err)
		return v
	}
	near := func(want, got float64, what string) {
		assert.InDelta(t, want, got, 2e-9*math.Abs(want)+1e-15, what)
	}
	near(math.Log(all), figure(clv.LogLikelihood(m.model, c)), "log-likelihood")
	near(sum.alive/all, figure(clv.Alive(m.model, c, 0)), "P(alive)")
	near(sum.stays/all, figure(clv.Alive(m.model, c, after)), "P(alive) later")
	near(sum.expected/all, figure(clv.ConditionalExpected(m.model, c, after)), "expected purchases")
	near((sum.gone+sum.none)/all, figure(clv.ConditionalProbability(m.model, c, 0, after)), "P(none)")
	near(sum.two/all, figure(clv.ConditionalProbability(m.model, c, 2, after)), "P(two)")
	near(sum.discounted/all, figure(clv.DERT(m.model, c, discount)), "DERT")
}
