package kpi

import (
	"math"
	"sort"
)

// SurvivalInterval is how the confidence interval of a survival curve is made.
type SurvivalInterval string

// The intervals of survival curves.
const (
	// LogLog is the interval of log(−log S), which stays between 0 and 1. It is the
	// default.
	LogLog SurvivalInterval = "log-log"
	// Log is the interval of log S, cut at 1.
	Log SurvivalInterval = "log"
	// Plain is S ± z standard errors, cut at 0 and 1.
	Plain SurvivalInterval = "plain"
)

// SurvivalOptions say how a curve is estimated; nil is the default of each.
type SurvivalOptions struct {
	// Level is the confidence level; 0 is 0.95.
	Level float64
	// Interval is how the interval is made; empty is [LogLog].
	Interval SurvivalInterval
	// MidpointMedian takes the middle of the time for which the curve is exactly at
	// the quantile, as R does, in place of its start.
	MidpointMedian bool
}

// SurvivalPoint is a time at which somebody left or was last seen.
type SurvivalPoint struct {
	Time float64
	// AtRisk are those observed just before, Events of them left, Censored were last
	// seen.
	AtRisk, Events, Censored int
	// Survival is the share that stays beyond the time.
	Survival float64
	// StdErr is Greenwood's standard error of Survival; 0 where that is 0 or 1, for
	// which there is no estimate.
	StdErr float64
	// Lower and Upper are the interval; both are Survival where that is 0 or 1.
	Lower, Upper float64
	// CumulativeHazard is the estimate of Nelson and Aalen.
	CumulativeHazard float64

	// risk is the sum of d/(n(n−d)) up to the point.
	risk float64
}

// Survival is a survival curve by Kaplan and Meier.
type Survival struct {
	// N is the number of lifetimes, Events how many of them ended with the event.
	N, Events int
	// Points are in order of time.
	Points   []SurvivalPoint
	Level    float64
	Interval SurvivalInterval

	midpoint bool
}

// Result estimates the curve. Events precede censorings at the same time. More may
// be added after it. An error wraps [ErrInvalid].
//
// Source: E. Kaplan, P. Meier, Nonparametric estimation from incomplete observations
// (1958); M. Greenwood (1926) for the variance; J. Kalbfleisch, R. Prentice, The
// Statistical Analysis of Failure Time Data, for the intervals.
func (a *SurvivalAccumulator) Result(o *SurvivalOptions) (*Survival, error) {
	var options SurvivalOptions
	if o != nil {
		options = *o
	}
	var problems Problems
	s := &Survival{N: a.n, Level: checkLevel(&problems, options.Level), Interval: options.Interval, midpoint: options.MidpointMedian}
	switch s.Interval {
	case "":
		s.Interval = LogLog
	case LogLog, Log, Plain:
	default:
		problems.Add("interval", "%q is none: use log-log, log or plain", s.Interval)
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	z := twoSided(s.Level)
	risk := newRiskSet(a)
	survival, hazard, sum := 1.0, 0.0, 0.0
	for _, at := range risk.times {
		e := a.exits[at]
		n, d := float64(risk.at(at)), float64(e.events)
		if e.events > 0 {
			survival *= (n - d) / n
			hazard += d / n
			sum += d / (n * (n - d))
		}
		p := SurvivalPoint{
			Time: at, AtRisk: int(n), Events: e.events, Censored: e.censored,
			Survival: survival, CumulativeHazard: hazard, risk: sum,
		}
		p.Lower, p.Upper = s.bounds(survival, sum, z)
		if survival > 0 && survival < 1 {
			p.StdErr = survival * math.Sqrt(sum)
		}
		s.Events += e.events
		s.Points = append(s.Points, p)
	}
	return s, nil
}

func (s *Survival) bounds(survival, sum, z float64) (lower, upper float64) {
	if survival <= 0 || survival >= 1 {
		return survival, survival
	}
	half := z * math.Sqrt(sum)
	switch s.Interval {
	case Plain:
		return max(survival-half*survival, 0), min(survival+half*survival, 1)
	case Log:
		return survival * math.Exp(-half), min(survival*math.Exp(half), 1)
	default:
		log := math.Log(survival)
		spread := half / log
		return math.Exp(log * math.Exp(-spread)), math.Exp(log * math.Exp(spread))
	}
}

// At returns the share that stays beyond a time, and whether somebody was observed
// for so long.
func (s *Survival) At(t float64) (survival float64, ok bool) {
	i := sort.Search(len(s.Points), func(i int) bool { return s.Points[i].Time > t })
	if len(s.Points) == 0 || t < 0 || math.IsNaN(t) {
		return 0, false
	}
	if i == 0 {
		return 1, true
	}
	last := &s.Points[i-1]
	return last.Survival, i < len(s.Points) || t == last.Time || last.Survival == 0
}

// atQuantile is how near to a quantile counts as at it: products of many fractions
// round.
const atQuantile = 1e-12

// Median is the first time at which half or fewer stay, and whether it was reached.
func (s *Survival) Median() (t float64, ok bool) { return s.Quantile(0.5) }

// Quantile is the first time by which a share p has left, and whether it was
// reached.
func (s *Survival) Quantile(p float64) (t float64, ok bool) {
	if !(p > 0 && p < 1) {
		return 0, false
	}
	for i := range s.Points {
		if s.Points[i].Survival > 1-p+atQuantile {
			continue
		}
		if s.midpoint && s.Points[i].Survival >= 1-p-atQuantile {
			for j := i + 1; j < len(s.Points); j++ {
				if s.Points[j].Survival < s.Points[i].Survival {
					return (s.Points[i].Time + s.Points[j].Time) / 2, true
				}
			}
		}
		return s.Points[i].Time, true
	}
	return 0, false
}

// RestrictedMean is the mean lifetime up to a time tau, which is the area under the
// curve, with its standard error. It is not ok where nobody was observed for so long
// and not all had left.
//
// Source: P. Royston, M. Parmar, Restricted mean survival time (2013).
func (s *Survival) RestrictedMean(tau float64) (mean, stdErr float64, ok bool) {
	if _, ok := s.At(tau); !ok || tau <= 0 {
		return 0, 0, false
	}
	var variance, area float64
	end := tau
	for i := len(s.Points) - 1; i >= 0; i-- {
		p := &s.Points[i]
		if p.Time > tau {
			continue
		}
		if p.Survival > 0 {
			area += p.Survival * (end - p.Time)
		}
		end = p.Time
		if p.Survival > 0 && p.Events > 0 {
			n, d := float64(p.AtRisk), float64(p.Events)
			variance += area * area * d / (n * (n - d))
		}
	}
	return area + end, math.Sqrt(variance), true
}
