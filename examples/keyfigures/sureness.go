package keyfigures

import (
	"cmp"
	"math"
	"slices"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/clv"
)

// sureness is how sure a model is of what it expects, for what its fit does not know of
// the parameters: half the width of an interval, in logarithms.
type sureness struct {
	half  float64
	known bool
}

// byDelta names the interval of what a model expects.
const byDelta = "delta"

func surenessOf(lower, upper float64, known bool) sureness {
	if !known || !(lower > 0) {
		return sureness{}
	}
	return sureness{half: math.Log(upper/lower) / 2, known: true}
}

// and is the sureness of a product of figures of independent fits.
func (s sureness) and(other sureness) sureness {
	return sureness{half: math.Hypot(s.half, other.half), known: s.known && other.known}
}

// around puts the interval around a figure that is never above most.
func (s sureness) around(f kpi.Figure, level, most float64) kpi.Figure {
	value, defined := f.Value()
	switch {
	case !defined:
		return f
	case !s.known:
		return f.Noted("no interval: the fit tells none")
	}
	return f.With(kpi.Interval{Lower: value * math.Exp(-s.half), Upper: min(most, value*math.Exp(s.half)), Level: level, Method: byDelta})
}

// estimated is what a fit expects as a figure that is never above most, with its
// interval.
func estimated[M any](of kpi.Figure, fit clv.Fit[M], figure func(M) (float64, error), most float64) kpi.Figure {
	value, err := figure(fit.Model)
	if err != nil {
		return kpi.Undefined(of.Key, of.Unit, err.Error())
	}
	return surenessOf(fit.Around(figure)).around(kpi.Estimate(of.Key, of.Unit, value), fit.Level, most)
}

// mostSketched is how many customers stand for all in an interval, whose width the
// others hardly change.
const mostSketched = 4000

// sketchOf are customers who stand for all: those in the middle of as many neighbors each.
func sketchOf(people []clv.Customer) []clv.Customer {
	sorted := slices.Clone(people)
	slices.SortFunc(sorted, func(a, b clv.Customer) int {
		return cmp.Or(cmp.Compare(a.Frequency, b.Frequency), cmp.Compare(a.Age, b.Age), cmp.Compare(a.Recency, b.Recency), cmp.Compare(a.Monetary, b.Monetary))
	})
	n := len(sorted)
	few := make([]clv.Customer, min(n, mostSketched))
	for i := range few {
		from, to := n*i/len(few), n*(i+1)/len(few)
		few[i] = sorted[(from+to)/2]
		few[i].Weight = float64(to - from)
	}
	return few
}

// total sums a figure of customers, each with its weight.
func total(people []clv.Customer, figure func(clv.Customer) (float64, error)) (sum float64, err error) {
	for _, c := range people {
		value, err := figure(c)
		if err != nil {
			return 0, err
		}
		sum += c.Weight * value
	}
	return sum, nil
}

// sureness is that of a figure of all customers together.
func (m *fitted) sureness(people []clv.Customer, figure func(clv.Model, clv.Customer) (float64, error)) sureness {
	return surenessOf(m.around(func(model clv.Model) (float64, error) {
		return total(people, func(c clv.Customer) (float64, error) { return figure(model, c) })
	}))
}

// sureOfValue is the sureness of what customers are expected to spend, without those
// whose repeat orders were free.
func (m *fitted) sureOfValue(spend clv.SpendFit, people []clv.Customer, h clv.Horizon) sureness {
	paying := slices.DeleteFunc(slices.Clone(people), func(c clv.Customer) bool { return c.Frequency > 0 && c.Monetary <= 0 })
	of := func(model clv.Model, g clv.GammaGamma) (float64, error) {
		return total(paying, func(c clv.Customer) (float64, error) {
			v, err := clv.LifetimeValue(model, g, c, h)
			return v.Expected, err
		})
	}
	buying := surenessOf(m.around(func(model clv.Model) (float64, error) { return of(model, spend.Model) }))
	return buying.and(surenessOf(spend.Around(func(g clv.GammaGamma) (float64, error) { return of(m.model, g) })))
}

// sureOfNew is the sureness of what a new customer brings after a first order.
func (m *fitted) sureOfNew(spend clv.SpendFit, first float64, h clv.Horizon) sureness {
	of := func(model clv.Model, g clv.GammaGamma) (float64, error) {
		repeats, err := clv.Expected(model, h.Step*float64(h.Steps))
		if err != nil {
			return 0, err
		}
		mean, err := g.Mean()
		return first + repeats*mean, err
	}
	buying := surenessOf(m.around(func(model clv.Model) (float64, error) { return of(model, spend.Model) }))
	return buying.and(surenessOf(spend.Around(func(g clv.GammaGamma) (float64, error) { return of(m.model, g) })))
}

// lost is the share of so many customers who are not among the active ones.
func lost(active kpi.Figure, n float64) kpi.Figure {
	value, _ := active.Value()
	f := kpi.Estimate("churn_risk_mean", kpi.Fraction, 1-value/n)
	if i := active.Interval; i != nil {
		return f.With(kpi.Interval{Lower: 1 - i.Upper/n, Upper: 1 - i.Lower/n, Level: i.Level, Method: i.Method})
	}
	return f
}

// times is a figure and its interval, multiplied.
func times(f kpi.Figure, key string, by float64) kpi.Figure {
	value, _ := f.Value()
	out := kpi.Estimate(key, f.Unit, value*by)
	if i := f.Interval; i != nil {
		out = out.With(kpi.Interval{Lower: by * i.Lower, Upper: by * i.Upper, Level: i.Level, Method: i.Method})
	}
	return out
}
