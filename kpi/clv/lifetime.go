package clv

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"

	"golang.org/x/exp/stats"
)

// Horizon is the time that a lifetime value looks ahead, in steps of the model's
// own unit of time: with a model in weeks, a year of months is 12 steps of
// 30.4375/7. Nothing is converted.
type Horizon struct {
	// Step is the length of a step in the unit of the model, and Steps their number.
	Step  float64
	Steps int
	// Discount is per step: purchases of step i are divided by (1+Discount)ⁱ. 1 % a
	// month is 0.01 with steps of a month. It may be 0.
	Discount float64
	// Margin is the share of spend that counts. Zero means 1, all of it.
	Margin float64
}

func (h Horizon) check() error {
	var p problems
	if !isFinite(h.Step) || h.Step <= 0 {
		p.add(-1, "", "Step", h.Step, "a step is above 0, in the unit of the model")
	}
	if h.Steps < 1 || h.Steps > 100_000 {
		p.add(-1, "", "Steps", float64(h.Steps), "between 1 and 100000 steps")
	}
	if !isFinite(h.Discount) || h.Discount < 0 {
		p.add(-1, "", "Discount", h.Discount, "a discount rate per step is 0 or more")
	}
	if !isFinite(h.Margin) || h.Margin < 0 {
		p.add(-1, "", "Margin", h.Margin, "a margin is a share above 0, and 0 means 1")
	}
	return p.err()
}

func (h Horizon) margin() float64 {
	if h.Margin == 0 {
		return 1
	}
	return h.Margin
}

// Value is a customer's lifetime value over a horizon.
type Value struct {
	// ID is the customer's.
	ID string
	// Horizon is what the value looks ahead.
	Horizon Horizon
	// Convention names the models, and says when a step's purchases are discounted.
	Convention string
	// Expected is the value in money: margin · spend · Σ purchases of step i /
	// (1+discount)ⁱ.
	Expected float64
	// Purchases is the expected number of purchases in the horizon, not discounted.
	// It is a count that may exceed 1, not a probability.
	Purchases float64
	// Spend is the mean spend per purchase that the customer is expected to have.
	Spend float64
	// Alive is P(alive) now.
	Alive float64
}

// LifetimeValue returns what a customer is expected to spend over a horizon, from
// a model of purchases and one of spend. The first purchase is past: it is not in
// the value, and neither in Monetary.
//
// Source: Fader, Hardie and Lee, "RFM and CLV: Using Iso-Value Curves for Customer Base
// Analysis", Journal of Marketing Research 42 (2005), step by step instead of by
// [DERT].
func LifetimeValue(m Model, g GammaGamma, c Customer, h Horizon) (Value, error) {
	if err := checkBoth(m, c); err != nil {
		return Value{}, err
	}
	if err := h.check(); err != nil {
		return Value{}, err
	}
	spend, err := g.MeanOf(c)
	if err != nil {
		return Value{}, err
	}
	alive, next := m.posterior(c)
	discounted, all := h.purchases(next)
	expected, err := finite(h.margin()*spend*alive*discounted, "the lifetime value")
	if err != nil {
		return Value{}, err
	}
	return Value{
		ID: c.ID, Horizon: h, Convention: m.Name() + " and " + g.Name() + ", each step discounted at its end",
		Expected: expected, Purchases: alive * all, Spend: spend, Alive: alive,
	}, nil
}

func (h Horizon) purchases(next process) (discounted, all float64) {
	factor := 1.0
	for i := 1; i <= h.Steps; i++ {
		factor /= 1 + h.Discount
		until := next.expected(float64(i) * h.Step)
		discounted += (until - all) * factor
		all = until
	}
	return discounted, all
}

// IntervalOptions are the options of intervals around a lifetime value. A nil
// pointer means all defaults.
type IntervalOptions struct {
	// Level is the confidence of the intervals. Zero means 0.95.
	Level float64
	// Draws is how many futures of the customer are drawn. Zero means 1000.
	Draws int
	// Seed starts the drawing. The same seed, customer and fit give the same draws,
	// in whatever order customers are asked for.
	Seed uint64
}

// Forecast is a lifetime value with how sure it is.
type Forecast struct {
	Value
	// Level is the confidence of both intervals.
	Level float64
	// Lower and Upper are around the expected value, for what the fits do not know
	// of the parameters: the delta method on its logarithm. MeanKnown is false, and they
	// are 0, where a fit has no covariance.
	Lower, Upper float64
	MeanKnown    bool
	// Low and High are what this one customer will spend, for the chance in their
	// buying, leaving and spending: quantiles of the futures that were drawn. Low is
	// 0 where the customer may well have left.
	Low, High float64
}

// Predict returns a customer's [LifetimeValue] with an interval around the
// expectation and one around what this customer will really spend.
func Predict[M Model](purchases Fit[M], spend SpendFit, c Customer, h Horizon, o *IntervalOptions) (Forecast, error) {
	if o == nil {
		o = &IntervalOptions{}
	}
	level, err := (&FitOptions{Level: o.Level}).level()
	if err != nil {
		return Forecast{}, err
	}
	var p problems
	if o.Draws < 0 {
		p.add(-1, "", "Draws", float64(o.Draws), "a number of draws is 0, for 1000, or more")
	}
	if err := p.err(); err != nil {
		return Forecast{}, err
	}
	v, err := LifetimeValue(purchases.Model, spend.Model, c, h)
	if err != nil {
		return Forecast{}, err
	}
	f := Forecast{Value: v, Level: level}
	f.around(purchases.Model, purchases.Covariance, spend, c)
	f.draw(purchases.Model, spend.Model, c, o)
	return f, nil
}

// around sets the interval of the expectation. The two fits are of different
// figures, and independent by the assumption of the Gamma-Gamma model.
func (f *Forecast) around(m Model, covariance [][]float64, spend SpendFit, c Customer) {
	if covariance == nil || spend.Covariance == nil || f.Expected <= 0 {
		return
	}
	variance, ok := spread(covariance, m.Params(), func(v []float64) (float64, error) {
		value, err := LifetimeValue(m.with(v), spend.Model, c, f.Horizon)
		return value.Expected, err
	})
	more, okSpend := spread(spend.Covariance, spend.Model.Params(), func(v []float64) (float64, error) {
		return GammaGamma{v[0], v[1], v[2]}.MeanOf(c)
	})
	width := math.Sqrt2 * math.Erfinv(f.Level) * math.Sqrt(variance+more)
	lower, upper := f.Expected*math.Exp(-width), f.Expected*math.Exp(width)
	if ok && okSpend && isFinite(upper) {
		f.Lower, f.Upper, f.MeanKnown = lower, upper, true
	}
}

// spread is the variance of ln f where the logarithms of its parameters have the
// given covariance.
func spread(covariance [][]float64, params []Param, f func(v []float64) (float64, error)) (float64, bool) {
	const step = 1e-4
	slope := make([]float64, len(params))
	for i := range params {
		var side [2]float64
		for k, by := range [2]float64{-step, step} {
			v := make([]float64, len(params))
			for j := range params {
				v[j] = params[j].Value
			}
			v[i] *= math.Exp(by)
			value, err := f(v)
			if err != nil || value <= 0 {
				return 0, false
			}
			side[k] = math.Log(value)
		}
		slope[i] = (side[1] - side[0]) / (2 * step)
	}
	variance := 0.0
	for i := range slope {
		for j := range slope {
			variance += slope[i] * slope[j] * covariance[i][j]
		}
	}
	return max(0, variance), true
}

// draw sets the interval of what the customer will spend.
func (f *Forecast) draw(m Model, g GammaGamma, c Customer, o *IntervalOptions) {
	draws := o.Draws
	if draws == 0 {
		draws = 1000
	}
	name := fnv.New64a()
	_, _ = name.Write([]byte(c.ID))
	rng := rand.New(rand.NewPCG(o.Seed, name.Sum64()))
	alive, next := m.posterior(c)
	h, x := f.Horizon, c.spends()
	values := make([]float64, draws)
	for i := range values {
		if rng.Float64() >= alive {
			continue
		}
		scale := (g.V + x*c.Monetary) / drawGamma(rng, g.Q+g.P*x)
		next.walk(rng, h.Step*float64(h.Steps), func(at float64) {
			due := max(1, math.Ceil(at/h.Step))
			values[i] += drawGamma(rng, g.P) * scale * h.margin() * math.Pow(1+h.Discount, -due)
		})
	}
	slices.Sort(values)
	ends := stats.Quantiles(values, (1-f.Level)/2, (1+f.Level)/2) // of type 7
	for i, end := range ends {
		if !isFinite(end) {
			ends[i] = math.MaxFloat64
		}
	}
	f.Low, f.High = ends[0], ends[1]
}
