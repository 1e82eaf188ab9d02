package kpi

import (
	"fmt"
	"math"
)

// NPSDifference is the difference of two scores, of two samples that have no
// customer in common.
type NPSDifference struct {
	// Difference is the first score minus the second, from -200 to 200, with the
	// interval of the method.
	Difference Figure `json:"difference"`
	// StandardError is in the unit of the difference; nil where that is undefined.
	StandardError *float64 `json:"standard_error,omitempty"`
	// PValue is two-sided: how likely a difference as large as this is where there
	// is none. It is undefined where the standard error is 0.
	PValue Figure `json:"p_value"`
}

// CompareNPS tests whether two scores differ, with the standard error
// sqrt(se1² + se2²). The methods are [AdjustedWald], which centers interval and
// test on the adjusted scores, and [Wald].
//
// Source: the standard errors are those of B. Rocks, Interval estimation for the Net
// Promoter Score, The American Statistician 70 (2016), of independent samples.
func CompareNPS(first, second Opinions, options *NPSOptions) (NPSDifference, error) {
	if options == nil {
		options = &NPSOptions{}
	}
	var problems Problems
	validateBoth(&problems, first, second)
	level := checkLevel(&problems, options.Level)
	method := options.method()
	if method != AdjustedWald && method != Wald {
		problems.Add("method", "%q does not compare two scores; choose %s or %s", string(method), AdjustedWald, Wald)
	}
	if err := problems.Err(); err != nil {
		return NPSDifference{}, err
	}
	const key, pKey = "nps_difference", "nps_difference_p_value"
	convention, pConvention := fmt.Sprintf("first minus second, %s", method), "two-sided, "+string(method)
	if first.Answered() == 0 || second.Answered() == 0 {
		reason := "one of the scores has no answers"
		return NPSDifference{Difference: Undefined(key, Score, reason).As(convention), PValue: Undefined(pKey, Fraction, reason).As(pConvention)}, nil
	}
	one, two := trinomialOf(first), trinomialOf(second)
	f := Estimate(key, Score, 100*(one.score()-two.score())).As(convention)
	if method == AdjustedWald {
		one, two = one.adjusted(), two.adjusted()
	}
	center, se := one.score()-two.score(), math.Hypot(one.standardError(), two.standardError())
	half := twoSided(level) * se
	around := bounds{lower: center - half, upper: center + half}.clamped(2)
	result := NPSDifference{
		Difference:    f.With(Interval{Lower: 100 * around.lower, Upper: 100 * around.upper, Level: level, Method: string(method)}),
		StandardError: new(100 * se),
		PValue:        Undefined(pKey, Fraction, "all answers of both are alike, so the standard error is 0").As(pConvention),
	}
	if se > 0 {
		result.PValue = Estimate(pKey, Fraction, bothTails(center/se)).As(pConvention)
	}
	return result, nil
}

func validateBoth(problems *Problems, first, second Opinions) {
	for _, sample := range []struct {
		name     string
		opinions Opinions
	}{{"first", first}, {"second", second}} {
		var of Problems
		sample.opinions.validate(&of)
		for _, p := range of {
			problems.Add(sample.name+"."+p.Path, "%s", p.Message)
		}
	}
}
