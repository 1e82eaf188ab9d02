package kpi

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/shopspring/decimal"
)

// LogRankResult is a test of whether groups leave at one rate.
type LogRankResult struct {
	// ChiSquare has DF degrees of freedom, one fewer than groups, and P is the chance
	// of as large a one where the groups do not differ.
	ChiSquare float64
	DF        int
	P         float64
	// Observed and Expected are the events of each group, and those expected of it if
	// the groups did not differ.
	Observed, Expected []float64
}

// LogRank tests whether two or more groups leave at one rate, each time weighing the
// same. An error wraps [ErrInvalid]: there are too few groups, or nothing happened
// that could tell them apart.
//
// Source: N. Mantel, Evaluation of survival data and two new rank order statistics
// (1966), with the hypergeometric variance.
func LogRank(groups ...*SurvivalAccumulator) (*LogRankResult, error) {
	var problems Problems
	if len(groups) < 2 || len(groups) > 1000 {
		problems.Add("groups", "must be 2 to 1000, are %d", len(groups))
		return nil, problems.Err()
	}
	for i, g := range groups {
		if g == nil {
			problems.Add(fmt.Sprintf("groups[%d]", i), "must not be nil")
		}
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	times := map[float64]int{}
	risks := make([]*riskSet, len(groups))
	for i, g := range groups {
		risks[i] = newRiskSet(g)
		for at, e := range g.exits {
			if e.events > 0 {
				times[at] += e.events
			}
		}
	}
	k := len(groups)
	r := &LogRankResult{DF: k - 1, Observed: make([]float64, k), Expected: make([]float64, k)}
	covariance := make([][]float64, k)
	for i := range covariance {
		covariance[i] = make([]float64, k)
	}
	for _, at := range slices.Sorted(maps.Keys(times)) {
		r.tally(groups, risks, at, float64(times[at]), covariance)
	}
	difference := make([]float64, k-1)
	for i := range difference {
		difference[i] = r.Observed[i] - r.Expected[i]
		covariance[i] = covariance[i][:k-1]
	}
	chi, ok := quadratic(covariance[:k-1], difference)
	if !ok {
		problems.Add("groups", "cannot be told apart: at no time with an event were all of them at risk")
		return nil, problems.Err()
	}
	r.ChiSquare, r.P = chi, chiSquareAbove(chi, r.DF)
	return r, nil
}

// Ratio is how many times as fast the first of two groups leaves as the second: the
// ratio of their observed to expected events, with its interval on the scale of
// logarithms. It is undefined where a group has no event, or there are not two groups. An
// error wraps [ErrInvalid]. The level is 0 for 0.95.
//
// Source: M. C. Pike, in the discussion of R. Peto, J. Peto, Asymptotically efficient
// rank invariant test procedures (1972); D. Machin, M. J. Gardner, Calculating
// confidence intervals for survival time analyses (1988), for the interval.
func (r *LogRankResult) Ratio(level float64) (Figure, error) {
	const key, convention = "hazard_ratio", "(observed / expected of the first) / (observed / expected of the second), log-rank"
	var problems Problems
	level = checkLevel(&problems, level)
	if err := problems.Err(); err != nil {
		return Figure{}, err
	}
	if len(r.Observed) != 2 || len(r.Expected) != 2 {
		return Undefined(key, Multiple, fmt.Sprintf("it compares two groups, and there are %d", len(r.Observed))).As(convention), nil
	}
	above, below := r.Observed[0]*r.Expected[1], r.Observed[1]*r.Expected[0]
	if !(above > 0 && below > 0) || !finite(above) || !finite(below) {
		return Undefined(key, Multiple, "nobody of a group has left").As(convention), nil
	}
	f := Quotient(key, Multiple, decimal.NewFromFloat(above), decimal.NewFromFloat(below)).As(convention)
	half := twoSided(level) * math.Sqrt(1/r.Expected[0]+1/r.Expected[1])
	value, _ := f.Value()
	return f.With(Interval{Lower: value * math.Exp(-half), Upper: value * math.Exp(half), Level: level, Method: "log-rank"}), nil
}

// tally adds the events of one time.
func (r *LogRankResult) tally(groups []*SurvivalAccumulator, risks []*riskSet, at, events float64, covariance [][]float64) {
	n := make([]float64, len(groups))
	total := 0.0
	for i := range groups {
		n[i] = float64(risks[i].at(at))
		total += n[i]
		r.Observed[i] += float64(groups[i].exits[at].events)
	}
	for i := range groups {
		r.Expected[i] += events * n[i] / total
		if total < 2 {
			continue
		}
		factor := events * (total - events) / (total - 1) * n[i] / total
		for j := range groups {
			if i == j {
				covariance[i][j] += factor * (1 - n[j]/total)
			} else {
				covariance[i][j] -= factor * n[j] / total
			}
		}
	}
}

// quadratic is vᵀ A⁻¹ v by elimination with pivots; A is symmetric.
func quadratic(a [][]float64, v []float64) (float64, bool) {
	n := len(v)
	x := slices.Clone(v)
	scale := 0.0
	for i := range a {
		a[i] = slices.Clone(a[i])
		scale = max(scale, a[i][i])
	}
	for i := range n {
		pivot := i
		for row := i; row < n; row++ {
			if math.Abs(a[row][i]) > math.Abs(a[pivot][i]) {
				pivot = row
			}
		}
		if math.Abs(a[pivot][i]) <= 1e-12*scale || scale == 0 {
			return 0, false
		}
		a[i], a[pivot], x[i], x[pivot] = a[pivot], a[i], x[pivot], x[i]
		for row := i + 1; row < n; row++ {
			factor := a[row][i] / a[i][i]
			for column := i; column < n; column++ {
				a[row][column] -= factor * a[i][column]
			}
			x[row] -= factor * x[i]
		}
	}
	result := 0.0
	for i := n - 1; i >= 0; i-- {
		for column := i + 1; column < n; column++ {
			x[i] -= a[i][column] * x[column]
		}
		x[i] /= a[i][i]
		result += v[i] * x[i]
	}
	return result, true
}

// chiSquareAbove is the chance of a chi-square above x: the upper incomplete gamma
// function Q(df/2, x/2), from its closed forms at 1/2 and 1 by its recurrence.
func chiSquareAbove(x float64, df int) float64 {
	if x <= 0 {
		return 1
	}
	x /= 2
	a, q := 1.0, math.Exp(-x)
	if df%2 == 1 {
		a, q = 0.5, math.Erfc(math.Sqrt(x))
	}
	for ; a < float64(df)/2; a++ {
		gamma, _ := math.Lgamma(a + 1)
		q += math.Exp(a*math.Log(x) - x - gamma)
	}
	return min(q, 1)
}
