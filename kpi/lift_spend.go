package kpi

import (
	"fmt"
	"math"
)

// SpendLiftResult compares a mean amount between those with a program and those
// without.
type SpendLiftResult struct {
	Treated Figure `json:"treated"`
	Control Figure `json:"control"`
	// Difference is the difference of the means, with Welch's interval.
	Difference Figure `json:"difference"`
	// T is Welch's statistic, with DegreesOfFreedom after Welch and Satterthwaite,
	// and PValue its two-sided p value.
	T                Figure `json:"t"`
	DegreesOfFreedom Figure `json:"degrees_of_freedom"`
	PValue           Figure `json:"p_value"`
	Design           Design `json:"design"`
}

// SpendLift compares the mean spend of two independent groups, whose variances may
// differ. It needs two members in each.
//
// Source: B. L. Welch, The generalization of Student's problem when several
// different population variances are involved, Biometrika 34 (1947).
func SpendLift(treated, control *Spend, options *LiftOptions) (SpendLiftResult, error) {
	var problems Problems
	level, design := options.check(&problems)
	if treated == nil || control == nil {
		problems.Add("treated", "and control must not be nil")
	}
	if err := problems.Err(); err != nil {
		return SpendLiftResult{}, err
	}
	out := SpendLiftResult{Design: design}
	var err error
	if out.Treated, err = treated.Mean(level); err != nil {
		return SpendLiftResult{}, err
	}
	if out.Control, err = control.Mean(level); err != nil {
		return SpendLiftResult{}, err
	}
	out.welch(treated.moments, control.moments, level)
	out.Difference = out.Difference.Noted("%s", design.note())
	return out, nil
}

func (r *SpendLiftResult) welch(treated, control sampleMoments, level float64) {
	vt, okT := treated.variance()
	vc, okC := control.variance()
	means, okD := meanDifference(treated, control)
	reason := ""
	switch {
	case !okT || !okC || !okD:
		reason = "one of the groups has fewer than 2 members"
	case vt == 0 && vc == 0:
		reason = "all members of each group spent the same"
	}
	const convention = "treated mean − control mean, Welch interval"
	if okD {
		r.Difference = Estimate("spend_difference", Money, means).As(convention)
	} else {
		r.Difference = Undefined("spend_difference", Money, "one of the groups is empty").As(convention)
	}
	if reason != "" {
		r.T = Undefined("spend_t", Multiple, reason).As("Welch")
		r.DegreesOfFreedom = Undefined("spend_degrees_of_freedom", Count, reason).As("Welch-Satterthwaite")
		r.PValue = Undefined("spend_p_value", Fraction, reason).As("two-sided, Welch")
		return
	}
	st, sc := vt/float64(treated.n), vc/float64(control.n)
	se := math.Sqrt(st + sc)
	// With shares of the variance instead of squares of it, nothing overflows.
	wt, wc := st/(st+sc), sc/(st+sc)
	df := 1 / (wt*wt/float64(treated.n-1) + wc*wc/float64(control.n-1))
	half := studentQuantile(level, df) * se
	r.Difference = r.Difference.With(Interval{Lower: means - half, Upper: means + half, Level: level, Method: "welch"})
	r.T = Estimate("spend_t", Multiple, means/se).As("Welch")
	r.DegreesOfFreedom = Estimate("spend_degrees_of_freedom", Count, df).As("Welch-Satterthwaite")
	r.PValue = Estimate("spend_p_value", Fraction, studentTails(means/se, df)).As(fmt.Sprintf("two-sided, t with %s degrees of freedom", short(df, 2)))
}

// meanDifference is exact up to its last rounding.
func meanDifference(a, b sampleMoments) (float64, bool) {
	if a.n == 0 || b.n == 0 {
		return 0, false
	}
	na, nb := count(a.n), count(b.n)
	return divide(a.sum.Mul(nb).Sub(b.sum.Mul(na)), na.Mul(nb), false)
}

// meanHalfWidth is half the t interval of a sample's expectation.
func meanHalfWidth(m sampleMoments, level float64) (float64, bool) {
	variance, ok := m.variance()
	if !ok {
		return 0, false
	}
	return studentQuantile(level, float64(m.n-1)) * math.Sqrt(variance/float64(m.n)), true
}
