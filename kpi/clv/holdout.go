package clv

import (
	"cmp"
	"iter"
	"math"
	"slices"
)

// Observed is a customer as seen to the end of the calibration, and the number of
// purchases in the holdout after it.
type Observed struct {
	Customer
	// Holdout counts purchases after the end of the calibration, in the grain of
	// Frequency.
	Holdout int
}

// Holdout says how well a model that was fitted to a calibration period foresees
// the time after it.
type Holdout struct {
	// Duration is the length of the holdout in the unit of the model.
	Duration float64
	// Convention names the model.
	Convention string
	// Customers is the weighted number of customers.
	Customers float64
	// Actual and Expected count all purchases in the holdout.
	Actual, Expected float64
	// MAE and RMSE are of the count per customer.
	MAE, RMSE float64
	// Correlation is Pearson's, between the actual and the expected count. It is
	// there if CorrelationKnown.
	Correlation      float64
	CorrelationKnown bool
	// ByFrequency has a row for each number of repeat purchases in the calibration;
	// the last takes all from there on.
	ByFrequency []FrequencyRow
}

// FrequencyRow compares customers with the same number of repeat purchases in the
// calibration.
type FrequencyRow struct {
	// Frequency is that number, and AndMore whether the row takes higher ones too.
	Frequency int
	AndMore   bool
	// Customers is their weighted number.
	Customers float64
	// Actual and Expected are means per customer in the holdout. Known is false, and
	// they are 0 and mean nothing, where there are no such customers.
	Actual, Expected float64
	Known            bool
}

// Evaluate compares what a model expects of each customer in a holdout of the
// given duration with what came. Rows go by frequency up to most, at least 1;
// seven is usual.
//
// Source: the holdout validation of Fader, Hardie and Lee, Marketing Science 24 (2005).
func Evaluate(m Model, customers iter.Seq[Observed], duration float64, most int) (Holdout, error) {
	if err := checkParams(m.Params()); err != nil {
		return Holdout{}, err
	}
	var p problems
	if !isFinite(duration) || duration <= 0 {
		p.add(-1, "", "duration", duration, "a holdout lasts longer than no time, in the unit of the model")
	}
	if most < 1 {
		p.add(-1, "", "most", float64(most), "rows go at least to one repeat purchase")
	}
	h := Holdout{Duration: duration, Convention: m.Name() + ", purchases expected of each customer after the calibration"}
	for i := range max(most, 0) + 1 {
		h.ByFrequency = append(h.ByFrequency, FrequencyRow{Frequency: i, AndMore: i == most})
	}
	if err := p.err(); err != nil {
		return Holdout{}, err
	}
	var of pairs
	row := 0
	for c := range customers {
		before := p.found.Total
		c.problems(row, &p)
		if c.Holdout < 0 {
			p.add(row, c.ID, "Holdout", float64(c.Holdout), "a count of purchases is 0 or more")
		}
		row++
		if p.found.Total > before {
			continue
		}
		alive, next := m.posterior(c.Customer)
		h.take(c, alive*next.expected(duration), &of)
	}
	if row == 0 {
		p.add(-1, "", "customers", 0, "an evaluation needs customers")
	}
	if err := p.err(); err != nil {
		return Holdout{}, err
	}
	return h.close(&of)
}

func (h *Holdout) take(c Observed, expected float64, of *pairs) {
	w, actual := c.weight(), float64(c.Holdout)
	h.Customers += w
	h.Actual += w * actual
	h.Expected += w * expected
	h.MAE += w * math.Abs(actual-expected)
	h.RMSE += w * (actual - expected) * (actual - expected)
	of.add(actual, expected, w)
	r := &h.ByFrequency[min(c.Frequency, len(h.ByFrequency)-1)]
	r.Customers += w
	r.Actual += w * actual
	r.Expected += w * expected
}

func (h *Holdout) close(of *pairs) (Holdout, error) {
	h.MAE /= h.Customers
	h.RMSE = math.Sqrt(h.RMSE / h.Customers)
	h.Correlation, h.CorrelationKnown = of.correlation()
	for i := range h.ByFrequency {
		if r := &h.ByFrequency[i]; r.Customers > 0 {
			r.Actual /= r.Customers
			r.Expected /= r.Customers
			r.Known = true
		}
	}
	if _, err := finite(h.RMSE+h.Expected, "the error of the holdout"); err != nil {
		return Holdout{}, err
	}
	return *h, nil
}

// pairs are running moments of two figures (West 1979).
type pairs struct{ w, x, y, xx, yy, xy float64 }

func (p *pairs) add(x, y, w float64) {
	p.w += w
	dx, dy := x-p.x, y-p.y
	p.x += dx * w / p.w
	p.y += dy * w / p.w
	p.xx += w * dx * (x - p.x)
	p.yy += w * dy * (y - p.y)
	p.xy += w * dx * (y - p.y)
}

func (p *pairs) correlation() (float64, bool) {
	if p.xx <= 0 || p.yy <= 0 {
		return 0, false
	}
	return max(-1, min(1, p.xy/math.Sqrt(p.xx)/math.Sqrt(p.yy))), true
}

// Track returns the cumulative number of repeat purchases that a model expects of
// all customers together at the end of each of so many periods of the given
// length. Time 0 is the first purchase of the customer who was observed longest;
// everybody counts from their own first purchase on. Beside the actual cumulative
// number it shows how well a fit tracks, in its calibration and after it.
//
// Source: the tracking plots of Fader, Hardie and Lee, Marketing Science 24 (2005).
func Track(m Model, customers iter.Seq[Customer], period float64, periods int) ([]float64, error) {
	if err := checkParams(m.Params()); err != nil {
		return nil, err
	}
	var p problems
	if !isFinite(period) || period <= 0 {
		p.add(-1, "", "period", period, "a period is longer than no time, in the unit of the model")
	}
	if periods < 1 {
		p.add(-1, "", "periods", float64(periods), "at least one period")
	}
	born := map[float64]float64{} // weight by age
	row := 0
	for c := range customers {
		c.problems(row, &p)
		row++
		born[c.Age] += c.weight()
	}
	if row == 0 {
		p.add(-1, "", "customers", 0, "tracking needs customers")
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	ages := make([]group, 0, len(born))
	for age, weight := range born {
		ages = append(ages, group{age: age, weight: weight})
	}
	slices.SortFunc(ages, func(a, b group) int { return cmp.Compare(b.age, a.age) })
	alive, next := m.start()
	track := make([]float64, periods)
	for i := range track {
		for _, a := range ages {
			if since := period*float64(i+1) - (ages[0].age - a.age); since > 0 {
				track[i] += a.weight * alive * next.expected(since)
			}
		}
		if _, err := finite(track[i], "the expected number of purchases"); err != nil {
			return nil, err
		}
	}
	return track, nil
}
