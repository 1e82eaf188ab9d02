package kpi

import "math"

// normalCDF is the probability that a standard normal variable is at most z.
func normalCDF(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

// normalQuantile is the inverse of normalCDF, for 0 < p < 1.
func normalQuantile(p float64) float64 { return -math.Sqrt2 * math.Erfcinv(2*p) }

// twoSided is the standard normal quantile of a two-sided interval of a level.
func twoSided(level float64) float64 { return normalQuantile(0.5 + level/2) }

// bothTails is the two-sided p value of a standard normal statistic.
func bothTails(z float64) float64 { return math.Erfc(math.Abs(z) / math.Sqrt2) }
