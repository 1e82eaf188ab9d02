package keyfigures

import (
	"math"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/clv"
	"github.com/loyaltykit/loyaltykit/kpi/report"
)

// visits keep the dates on which each customer bought, for the tracking plot.
type visits struct {
	zone *time.Location
	end  time.Time
	days map[string][]int32
}

// Add implements [kpi.Adder].
func (v *visits) Add(o kpi.Order) error {
	if o.Amount.Sign() < 0 || !o.At.Before(v.end) {
		return nil
	}
	day := dayNumber(o.At, v.zone)
	if days := v.days[o.Member]; len(days) == 0 || days[len(days)-1] != day {
		v.days[o.Member] = append(days, day)
	}
	return nil
}

// dayNumber counts dates, whatever the clocks of their zone do.
func dayNumber(at time.Time, zone *time.Location) int32 {
	y, m, d := at.In(zone).Date()
	return int32(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}

// track sets what a model of the calibration expects of its customers against what
// came, period by period from the first purchase of all, to the end of the log.
func (v *visits) track(m clv.Model, s *kpi.Summaries, name string) (*report.Tracking, error) {
	calibration := dayNumber(s.AsOf, v.zone)
	first, last := calibration, dayNumber(v.end.Add(-time.Nanosecond), v.zone)
	for member, days := range v.days {
		slices.Sort(days)
		v.days[member] = slices.Compact(days)
		first = min(first, days[0])
	}
	in := func(days int32) float64 { return float64(days) / float64(s.Unit) }
	periods := int(in(last - first))
	if periods < 1 {
		return nil, nil
	}
	actual := make([]float64, periods)
	for _, days := range v.days {
		if days[0] > calibration {
			continue
		}
		for _, day := range days[1:] {
			if i := int(math.Ceil(in(day-first))) - 1; i < periods {
				actual[max(i, 0)]++
			}
		}
	}
	for i := 1; i < periods; i++ {
		actual[i] += actual[i-1]
	}
	expected, err := clv.Track(m, clv.Customers(s), 1, periods)
	if err != nil {
		return nil, err
	}
	return &report.Tracking{Period: name, Expected: expected, Actual: actual, Calibration: min(periods, int(in(calibration-first)))}, nil
}
