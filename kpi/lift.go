package kpi

import (
	"cmp"
	"math"
)

// Design says how those without the program were chosen, which decides whether a
// difference is due to the program.
type Design string

// The designs of a comparison.
const (
	// Observed compares members with others as they are. Who joins differs from who
	// does not, so a difference is not the program's effect. It is the default, "".
	Observed Design = "observed"
	// Randomized compares groups that chance made.
	Randomized Design = "randomized"
	// Holdout compares with customers whom chance kept out.
	Holdout Design = "holdout"
)

// note is what a reader must know of the design.
func (d Design) note() string {
	if d == Observed {
		return "not causal: members and others differ in more than the program"
	}
	return "causal estimate: " + string(d) + " control"
}

// LiftOptions says how a comparison was designed; nil is [Observed] at 95 %.
type LiftOptions struct {
	// Level is the confidence level, 0 for 0.95.
	Level  float64
	Design Design
}

func (o *LiftOptions) check(problems *Problems) (float64, Design) {
	if o == nil {
		o = &LiftOptions{}
	}
	design := cmp.Or(o.Design, Observed)
	if design != Observed && design != Randomized && design != Holdout {
		problems.Add("design", "%q is none of %s, %s, %s", string(design), Observed, Randomized, Holdout)
	}
	return checkLevel(problems, o.Level), design
}

// Arm is a group of customers, of whom Hits did what is counted, such as buying
// again.
type Arm struct {
	Hits  int64 `json:"hits"`
	Total int64 `json:"total"`
}

// ProportionLiftResult compares a share between those with a program and those
// without.
type ProportionLiftResult struct {
	// Treated and Control are the shares, with Wilson's intervals.
	Treated Figure `json:"treated"`
	Control Figure `json:"control"`
	// Difference is their difference, with Newcombe's hybrid score interval.
	Difference Figure `json:"difference"`
	// Ratio is their ratio, with Katz's log interval, which needs hits in both, and
	// somebody without.
	Ratio Figure `json:"ratio"`
	// Relative is the ratio less 1.
	Relative Figure `json:"relative"`
	// Incremental is the hits of the treated beyond what the control's share of them
	// would be, with the interval of the difference.
	Incremental Figure `json:"incremental"`
	// Z is the statistic of the pooled test, PValue its two-sided p value and
	// PValueLarger that against the alternative that the treated share is larger.
	Z            Figure `json:"z"`
	PValue       Figure `json:"p_value"`
	PValueLarger Figure `json:"p_value_larger"`
	Design       Design `json:"design"`
}

// ProportionLift compares the shares of two independent groups.
//
// Sources: R. G. Newcombe, Interval estimation for the difference between
// independent proportions, Statistics in Medicine 17 (1998), method 10; D. Katz et
// al., Obtaining confidence intervals for the risk ratio in cohort studies,
// Biometrics 34 (1978).
func ProportionLift(treated, control Arm, options *LiftOptions) (ProportionLiftResult, error) {
	var problems Problems
	level, design := options.check(&problems)
	checkShare(&problems, "treated.hits", treated.Hits, "treated.total", treated.Total)
	checkShare(&problems, "control.hits", control.Hits, "control.total", control.Total)
	for _, path := range []struct {
		path string
		n    int64
	}{{"treated.total", treated.Total}, {"control.total", control.Total}} {
		if path.n > mostAnswers {
			problems.Add(path.path, "must be at most %d", int64(mostAnswers))
		}
	}
	if err := problems.Err(); err != nil {
		return ProportionLiftResult{}, err
	}
	l := proportions{treated: treated, control: control, level: level, design: design}
	return l.result(), nil
}

// proportions compares two checked groups.
type proportions struct {
	treated, control Arm
	level            float64
	design           Design
}

func (l *proportions) rate(key string, a Arm) Figure {
	f := Quotient(key, Fraction, count(a.Hits), count(a.Total)).As("hits / total of the group, Wilson interval")
	if a.Total == 0 {
		return f
	}
	lower, upper := wilson(float64(a.Hits), float64(a.Total), twoSided(l.level))
	return f.With(l.interval(lower, upper, "wilson"))
}

func (l *proportions) interval(lower, upper float64, method string) Interval {
	return Interval{Lower: lower, Upper: upper, Level: l.level, Method: method}
}

func (l *proportions) result() ProportionLiftResult {
	out := ProportionLiftResult{Treated: l.rate("treated_rate", l.treated), Control: l.rate("control_rate", l.control), Design: l.design}
	if l.treated.Total == 0 || l.control.Total == 0 {
		return l.empty(out)
	}
	n := float64(l.treated.Total)
	pt, pc := float64(l.treated.Hits)/n, float64(l.control.Hits)/float64(l.control.Total)
	difference := out.newcombe(pt, pc)
	out.Difference = Estimate("lift_difference", Fraction, pt-pc).
		With(l.interval(difference.lower, difference.upper, "newcombe"))
	out.Incremental = Estimate("incremental_hits", Count, float64(l.treated.Hits)-n*pc).
		With(l.interval(n*difference.lower, n*difference.upper, "newcombe"))
	l.ratio(&out)
	l.test(&out, pt-pc)
	return l.labelled(out)
}

// newcombe combines Wilson's intervals of the two shares.
func (r *ProportionLiftResult) newcombe(pt, pc float64) bounds {
	t, c := r.Treated.Interval, r.Control.Interval
	return bounds{
		lower: pt - pc - math.Hypot(pt-t.Lower, c.Upper-pc),
		upper: pt - pc + math.Hypot(t.Upper-pt, pc-c.Lower),
	}
}

func (l *proportions) ratio(out *ProportionLiftResult) {
	numerator, denominator := count(l.treated.Hits).Mul(count(l.control.Total)), count(l.control.Hits).Mul(count(l.treated.Total))
	out.Ratio = Quotient("lift_ratio", Multiple, numerator, denominator)
	out.Relative = Quotient("relative_lift", Fraction, numerator.Sub(denominator), denominator)
	if l.control.Hits == 0 {
		reason := "the control's rate is 0"
		out.Ratio.reason, out.Relative.reason = reason, reason
		return
	}
	ratio, ok := out.Ratio.Value()
	if l.treated.Hits == 0 || !ok {
		out.Ratio = out.Ratio.Noted("no interval: nobody of the treated did it")
		return
	}
	missing := func(a Arm) float64 { return float64(a.Total-a.Hits) / (float64(a.Hits) * float64(a.Total)) }
	half := twoSided(l.level) * math.Sqrt(missing(l.treated)+missing(l.control))
	if half == 0 {
		const note = "no interval: all of both groups did it"
		out.Ratio, out.Relative = out.Ratio.Noted(note), out.Relative.Noted(note)
		return
	}
	lower, upper := ratio*math.Exp(-half), ratio*math.Exp(half)
	out.Ratio = out.Ratio.With(l.interval(lower, upper, "katz_log"))
	out.Relative = out.Relative.With(l.interval(lower-1, upper-1, "katz_log"))
}

// test is the z test with the pooled share.
func (l *proportions) test(out *ProportionLiftResult, difference float64) {
	t, c := float64(l.treated.Total), float64(l.control.Total)
	hits := float64(l.treated.Hits + l.control.Hits)
	pooled := hits / (t + c)
	se := math.Sqrt(pooled * ((t + c - hits) / (t + c)) * (1/t + 1/c))
	if se == 0 {
		l.untested(out, "all of both groups did the same")
		return
	}
	z := difference / se
	out.Z = Estimate("lift_z", Multiple, z)
	out.PValue = Estimate("lift_p_value", Fraction, bothTails(z))
	out.PValueLarger = Estimate("lift_p_value_larger", Fraction, normalCDF(-z))
}

func (l *proportions) untested(out *ProportionLiftResult, reason string) {
	out.Z = Undefined("lift_z", Multiple, reason)
	out.PValue = Undefined("lift_p_value", Fraction, reason)
	out.PValueLarger = Undefined("lift_p_value_larger", Fraction, reason)
}

func (l *proportions) empty(out ProportionLiftResult) ProportionLiftResult {
	reason := "one of the groups is empty"
	out.Difference = Undefined("lift_difference", Fraction, reason)
	out.Ratio = Undefined("lift_ratio", Multiple, reason)
	out.Relative = Undefined("relative_lift", Fraction, reason)
	out.Incremental = Undefined("incremental_hits", Count, reason)
	l.untested(&out, reason)
	return l.labelled(out)
}

// labelled says of every figure its definition, and of every comparison what its design
// allows to conclude.
func (l *proportions) labelled(out ProportionLiftResult) ProportionLiftResult {
	out.Difference.Convention = "treated − control, Newcombe interval"
	out.Ratio.Convention = "treated rate / control rate, Katz log interval"
	out.Relative.Convention = "treated rate / control rate − 1"
	out.Incremental.Convention = "treated hits − treated total × control rate"
	out.Z.Convention, out.PValue.Convention, out.PValueLarger.Convention = "pooled two-sample z", "two-sided", "one-sided, treated larger"
	for _, f := range []*Figure{&out.Difference, &out.Ratio, &out.Relative, &out.Incremental} {
		*f = f.Noted("%s", l.design.note())
	}
	return out
}
