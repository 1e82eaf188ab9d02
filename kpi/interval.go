package kpi

import "math"

// DefaultLevel is the confidence level that 0 stands for.
const DefaultLevel = 0.95

// Interval is a confidence interval, in the unit of its figure.
type Interval struct {
	Lower float64 `json:"lower"`
	Upper float64 `json:"upper"`
	// Level is the confidence level, such as 0.95.
	Level float64 `json:"level"`
	// Method names how it was made: "wilson".
	Method string `json:"method"`
}

func (i *Interval) finite() bool { return finite(i.Lower) && finite(i.Upper) && finite(i.Level) }

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// Wilson is the score interval of a proportion: hits of total independent trials.
// A total of 0 is an error: nothing was sampled. The level is 0 for 0.95.
//
// Source: E. B. Wilson, Probable inference, the law of succession, and statistical
// inference, JASA 22 (1927), without continuity correction.
func Wilson(hits, total int64, level float64) (Interval, error) {
	var problems Problems
	level = checkLevel(&problems, level)
	checkShare(&problems, "hits", hits, "total", total)
	if len(problems) == 0 && total == 0 {
		problems.Add("total", "must be at least 1")
	}
	if err := problems.Err(); err != nil {
		return Interval{}, err
	}
	lower, upper := wilson(float64(hits), float64(total), twoSided(level))
	return Interval{Lower: lower, Upper: upper, Level: level, Method: "wilson"}, nil
}

// wilson is exactly 0 below no hits and exactly 1 above nothing but hits.
func wilson(hits, total, z float64) (lower, upper float64) {
	z2 := z * z
	center := (hits + z2/2) / (total + z2)
	half := z / (total + z2) * math.Sqrt(hits*(total-hits)/total+z2/4)
	lower, upper = max(center-half, 0), min(center+half, 1)
	if hits == 0 {
		lower = 0
	}
	if hits == total {
		upper = 1
	}
	return lower, upper
}

func checkLevel(problems *Problems, level float64) float64 {
	if level == 0 {
		return DefaultLevel
	}
	if !(level > 0 && level < 1) {
		problems.Add("level", "must be above 0 and below 1, such as 0.95, is %v", level)
	}
	return level
}
