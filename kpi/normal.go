package kpi

import "math"

// normalCDF is the probability that a standard normal variable is at most z.
func normalCDF(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

// twoSided is the standard normal quantile of a two-sided interval of a level, finite
// for every level below 1.
func twoSided(level float64) float64 { return math.Sqrt2 * math.Erfcinv(1-level) }

// bothTails is the two-sided p value of a standard normal statistic.
func bothTails(z float64) float64 { return math.Erfc(math.Abs(z) / math.Sqrt2) }
