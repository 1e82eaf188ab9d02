package clv

import (
	"fmt"
	"math"
)

// GammaGamma is the model of spend per purchase of Fader and Hardie, "The
// Gamma-Gamma Model of Monetary Value" (note 025, 2013): what a customer pays has a
// gamma distribution with shape P around a mean of their own, and the scale of
// these differs by a gamma distribution with shape Q and rate V. V is in units of
// money.
//
// It takes how much customers spend to be independent of how often they buy: see
// Fit.Correlation. It reads the mean spend of repeat purchases only.
type GammaGamma struct {
	P, Q, V float64
}

// Name returns "Gamma-Gamma".
func (GammaGamma) Name() string { return "Gamma-Gamma" }

// Params returns p, q and v.
func (m GammaGamma) Params() []Param { return []Param{{"p", m.P}, {"q", m.Q}, {"v", m.V}} }

// Mean returns the mean spend per purchase over all customers, p·v/(q−1). With
// q ≤ 1 there is none, and the error is [ErrUndefined].
func (m GammaGamma) Mean() (float64, error) {
	return m.MeanOf(Customer{})
}

// MeanOf returns the mean spend per purchase of this customer, p·(v+x·m)/(p·x+q−1):
// between that of all customers and their own, the nearer to their own the more
// they bought. Without a repeat purchase it is that of all customers. It is never
// negative; where p·x+q ≤ 1 there is none, and the error is [ErrUndefined].
func (m GammaGamma) MeanOf(c Customer) (float64, error) {
	if err := checkParams(m.Params()); err != nil {
		return 0, err
	}
	x, err := spendOf(c)
	if err != nil {
		return 0, err
	}
	below := m.P*x + m.Q - 1
	if below <= 0 {
		return 0, fmt.Errorf("%w: spend has no mean, as p·x + q is %g and not above 1: its distribution has too heavy a tail", ErrUndefined, below+1)
	}
	if x == 0 {
		return finite(m.P*(m.V/below), "the mean spend")
	}
	share := m.P * x / below
	return finite(m.P*(m.V/below)+share*c.Monetary, "the mean spend")
}

// LogLikelihood returns the logarithm of the density of the customer's mean spend.
// The customer has a repeat purchase and spends more than nothing.
func (m GammaGamma) LogLikelihood(c Customer) (float64, error) {
	if err := checkParams(m.Params()); err != nil {
		return 0, err
	}
	x, err := spendOf(c)
	if err != nil {
		return 0, err
	}
	if x == 0 {
		return 0, fmt.Errorf("%w: a customer without a repeat purchase has no spend to judge", ErrUndefined)
	}
	var s sums
	one := spendLikelihood{[]spend{{x: x, mean: c.Monetary, weight: 1}}}
	one.part(0, 1, [dims]float64{m.P, m.Q, m.V}, 0, &s)
	return finite(s.ll, "the log-likelihood")
}

// spendOf returns the number of purchases whose spend is known.
func spendOf(c Customer) (float64, error) {
	var p problems
	spendProblems(c, -1, &p)
	return c.spends(), p.err()
}

func spendProblems(c Customer, row int, p *problems) {
	if c.Frequency < 0 {
		p.add(row, c.ID, "Frequency", float64(c.Frequency), "a count of repeat purchases is 0 or more")
	}
	if c.MonetaryFrequency < 0 || c.MonetaryFrequency > c.Frequency {
		p.add(row, c.ID, "MonetaryFrequency", float64(c.MonetaryFrequency), "of the repeat purchases, 0 means all")
	}
	if c.Frequency > 0 && !(isFinite(c.Monetary) && c.Monetary > 0) {
		p.add(row, c.ID, "Monetary", c.Monetary, "the mean spend of repeat purchases is above 0: leave out or correct refunds and free orders")
	}
	if !isFinite(c.Weight) || c.Weight < 0 {
		p.add(row, c.ID, "Weight", c.Weight, "a weight is above 0, and 0 means 1")
	}
}

// spend is the mean spend of a customer over x purchases.
type spend struct{ x, mean, weight float64 }

type spendLikelihood struct{ spends []spend }

func (l spendLikelihood) rows() int { return len(l.spends) }

func (spendLikelihood) whole([dims]float64, int, *sums) {}

func (l spendLikelihood) part(lo, hi int, par [dims]float64, order int, s *sums) {
	p, q, v := par[0], par[1], par[2]
	var same spendGammas
	for i, one := range l.spends[lo:hi] {
		if i == 0 || one.x != same.x {
			same.at(p, q, one.x, order)
		}
		w, paid := one.weight, one.x*one.mean
		prior, own := -math.Log1p(paid/v), -math.Log1p(v/paid) // logarithms of their shares
		share := 1 / (v + paid)
		shape := p*one.x + q
		s.ll += w * (same.log + p*one.x*own + q*prior - math.Log(one.mean))
		if order == 0 {
			continue
		}
		s.g[0] += w * one.x * (same.byP + own)
		s.g[1] += w * (same.byQ + prior)
		s.g[2] += w * (q/v - shape*share)
		if order < 2 {
			continue
		}
		s.h[0][0] += w * one.x * one.x * same.byPP
		s.h[1][0] += w * one.x * same.byPQ
		s.h[1][1] += w * same.byQQ
		s.h[2][0] -= w * one.x * share
		s.h[2][1] += w * (1/v - share)
		s.h[2][2] += w * (shape*share*share - q/(v*v))
	}
}

// spendGammas is −ln B(p·x, q) with its derivatives by p·x and q, which are the
// same for all with x purchases.
type spendGammas struct{ x, log, byP, byQ, byPP, byPQ, byQQ float64 }

func (g *spendGammas) at(p, q, x float64, order int) {
	shape := p * x
	g.x, g.log = x, -lbeta(shape, q)
	if order == 0 {
		return
	}
	g.byP, g.byQ = digammaDelta(shape, q), digammaDelta(q, shape)
	if order < 2 {
		return
	}
	g.byPP, g.byQQ, g.byPQ = trigammaDelta(shape, q), trigammaDelta(q, shape), trigamma(shape+q)
}
