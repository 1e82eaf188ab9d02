package main

import (
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// seconds follows customers from their first purchase to the next day on which they
// bought. The log may come in any order.
type seconds struct {
	zone *time.Location
	end  time.Time
	days map[string]firstTwo
}

// firstTwo has the first two days with a purchase; 0 is none.
type firstTwo struct{ first, second int32 }

func (s *seconds) Add(o kpi.Order) error {
	if o.Amount.Sign() < 0 || !o.At.Before(s.end) {
		return nil
	}
	day, was := dayNumber(o.At, s.zone), s.days[o.Member]
	switch {
	case was.first == 0:
		was.first = day
	case day == was.first || day == was.second:
		return nil
	case day < was.first:
		was = firstTwo{first: day, second: was.first}
	case was.second == 0 || day < was.second:
		was.second = day
	default:
		return nil
	}
	s.days[o.Member] = was
	return nil
}

// dayNumber counts dates of a zone, whatever its clocks do: 1 is 1899-12-31, the
// first that an order of 1900 can have in some zone.
func dayNumber(at time.Time, zone *time.Location) int32 {
	y, m, d := at.In(zone).Date()
	const until1970 = 25569
	return int32(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix()/(24*60*60)) + until1970
}

// figures are the median time to the second purchase, and who made one within 90
// days, by Kaplan and Meier: who has not come again yet is not counted as lost.
func (s *seconds) figures(r *report) error {
	var curve kpi.SurvivalAccumulator
	last := dayNumber(s.end.Add(-time.Nanosecond), s.zone)
	for _, d := range s.days {
		life := kpi.Lifetime{Exit: float64(last - d.first)}
		if d.second > 0 {
			life = kpi.Lifetime{Exit: float64(d.second - d.first), Event: true}
		}
		if err := curve.Add(life); err != nil {
			return err
		}
	}
	const method = "Kaplan-Meier, log-log interval; a customer who has not come again yet is censored"
	const medianKey, withinKey = "second_purchase_median_days", "second_purchase_within_90_days"
	got, err := curve.Result(&kpi.SurvivalOptions{Level: r.level})
	if err != nil {
		return err
	}
	median := kpi.Undefined(medianKey, kpi.Days, "fewer than half have been seen to come again")
	if days, ok := got.Median(); ok {
		median = kpi.Estimate(medianKey, kpi.Days, days)
	}
	r.add(medianKey, median.As(method).In(r.period))
	const within = 90
	share := kpi.Undefined(withinKey, kpi.Fraction, "nobody was observed for so long")
	if stay, ok := got.At(within); ok {
		share = kpi.Estimate(withinKey, kpi.Fraction, 1-stay)
		if p := at(got.Points, within); p != nil && stay > 0 && stay < 1 {
			share = share.With(kpi.Interval{Lower: 1 - p.Upper, Upper: 1 - p.Lower, Level: r.level, Method: "log_log"})
		}
	}
	r.add(withinKey, share.As(method).In(r.period))
	return nil
}

// at is the last point of a curve up to a time, nil before the first.
func at(points []kpi.SurvivalPoint, time float64) *kpi.SurvivalPoint {
	var found *kpi.SurvivalPoint
	for i := range points {
		if points[i].Time <= time {
			found = &points[i]
		}
	}
	return found
}
