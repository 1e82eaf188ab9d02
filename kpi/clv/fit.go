package clv

import (
	"iter"
	"math"
)

// FitOptions are the options of a fit. A nil pointer means all defaults.
type FitOptions struct {
	// Level is the confidence of the intervals. Zero means 0.95.
	Level float64
	// SkipNonPositive leaves out customers with a repeat purchase whose Monetary is
	// 0 or less, which [FitGammaGamma] otherwise refuses. Fit.Skipped counts them.
	SkipNonPositive bool
}

func (o *FitOptions) level() (float64, error) {
	if o == nil || o.Level == 0 {
		return 0.95, nil
	}
	var p problems
	if !(o.Level > 0 && o.Level < 1) {
		p.add(-1, "", "Level", o.Level, "a confidence level is between 0 and 1, such as 0.95")
	}
	return o.Level, p.err()
}

// Estimate is one fitted parameter.
type Estimate struct {
	Name  string
	Value float64
	// Known is whether there are a standard error and an interval. There are none
	// at a boundary, or where the likelihood has no finite maximum.
	Known bool
	// SE is the standard error, by the delta method from the curvature of the
	// log-likelihood in the logarithms of the parameters.
	SE float64
	// Lower and Upper are the interval exp(ln Value ± z·SE/Value).
	Lower, Upper float64
}

// Fit is a model fitted by maximum likelihood.
type Fit[M any] struct {
	// Model has the estimates as its parameters.
	Model M
	// LogLikelihood is the weighted sum at the estimates.
	LogLikelihood float64
	// Estimates are the parameters in the order of Params.
	Estimates []Estimate
	// Covariance is of the logarithms of the parameters; nil where not known.
	Covariance [][]float64
	// Level is the confidence of the intervals.
	Level float64
	// Converged is whether a maximum, or a limit at a boundary, was reached.
	Converged bool
	// Boundaries say which parameters went to the edge of their range, so that a
	// simpler model describes these customers as well. Nil for an ordinary maximum.
	Boundaries []string
	// Rows counts customers or cohorts that were read, Groups the distinct ones, and
	// Skipped those that say nothing to this model. Weight is the sum of weights.
	Rows, Groups, Skipped int
	Weight                float64
	// Evaluations counts evaluations of the log-likelihood.
	Evaluations int
	// Gradient is the largest derivative of the log-likelihood by a logarithm of a
	// parameter, at the estimates and per row.
	Gradient float64
}

// AIC returns the information criterion of Akaike, 2k − 2·LogLikelihood: of models
// of the same customers the one with the smallest is to be preferred.
func (f Fit[M]) AIC() float64 { return 2*float64(len(f.Estimates)) - 2*f.LogLikelihood }

// verdict is what a model makes of a slope that flattens.
type verdict struct {
	boundaries []string
	reason     string
}

// finish turns a peak into a fit. Scales multiply the parameters back into the
// caller's units, and shift the log-likelihood.
func finish[M any](p peak, names []string, scales []float64, shift, level float64, build func(v []float64) M, judge func(v []float64) verdict) (Fit[M], error) {
	n := len(names)
	values := make([]float64, n)
	f := Fit[M]{Estimates: make([]Estimate, n), Evaluations: p.evaluations, Level: level, LogLikelihood: p.at.ll + shift}
	for i := range values {
		values[i] = math.Exp(p.logs[i]) * scales[i]
		f.Estimates[i] = Estimate{Name: names[i], Value: values[i]}
		f.Gradient = max(f.Gradient, math.Abs(p.at.g[i]))
	}
	f.Model = build(values)
	if p.climbs {
		return f.limit(p, names, values, judge)
	}
	z := math.Sqrt2 * math.Erfinv(level)
	f.Converged = true
	f.Covariance = make([][]float64, n)
	for i := range f.Estimates {
		f.Covariance[i] = make([]float64, n)
		for j := range n {
			f.Covariance[i][j] = p.covariance.At(i, j)
		}
		e, se := &f.Estimates[i], math.Sqrt(p.covariance.At(i, i))
		e.Known, e.SE = true, e.Value*se
		e.Lower, e.Upper = e.Value*math.Exp(-z*se), e.Value*math.Exp(z*se)
	}
	return f, nil
}

func (f Fit[M]) limit(p peak, names []string, values []float64, judge func([]float64) verdict) (Fit[M], error) {
	plain := make([]float64, len(values))
	for i := range plain {
		plain[i] = math.Exp(p.logs[i])
	}
	v := judge(plain)
	if v.reason == "" {
		f.Converged, f.Boundaries = true, v.boundaries
		return f, nil
	}
	e := &NoOptimumError{Reason: v.reason, LogLikelihood: f.LogLikelihood}
	for i, name := range names {
		e.Best = append(e.Best, Param{name, values[i]})
	}
	if m, ok := any(f.Model).(interface{ Name() string }); ok {
		e.Model = m.Name()
	}
	return f, e
}

// FitNBD fits an [NBD] by maximum likelihood. The log-likelihood is that of the
// times of the purchases, comparable with the other models; that of the counts
// alone is the sum of the logarithms of [Probability].
func FitNBD(customers iter.Seq[Customer], o *FitOptions) (Fit[NBD], error) {
	return fitTransactions(customers, o, kindNBD, func(v []float64) NBD { return NBD{v[0], v[1]} })
}

// FitBGNBD fits a [BGNBD] by maximum likelihood. Customers may come in any order;
// equal ones are taken together. The likelihood is the numerically stable form of
// Hardie's note 027.
//
// Where the data has no finite maximum the error is a [*NoOptimumError], and the
// fit holds the best point. Where nobody seems ever to leave, the fit is at a
// boundary, which is no error and said in Boundaries.
func FitBGNBD(customers iter.Seq[Customer], o *FitOptions) (Fit[BGNBD], error) {
	return fitTransactions(customers, o, kindBG, func(v []float64) BGNBD { return BGNBD{v[0], v[1], v[2], v[3]} })
}

// FitMBGNBD fits an [MBGNBD] by maximum likelihood, as [FitBGNBD] does.
func FitMBGNBD(customers iter.Seq[Customer], o *FitOptions) (Fit[MBGNBD], error) {
	return fitTransactions(customers, o, kindMBG, func(v []float64) MBGNBD { return MBGNBD{v[0], v[1], v[2], v[3]} })
}

// FitParetoNBD fits a [ParetoNBD] by maximum likelihood, as [FitBGNBD] does.
func FitParetoNBD(customers iter.Seq[Customer], o *FitOptions) (Fit[ParetoNBD], error) {
	return fitTransactions(customers, o, kindPareto, func(v []float64) ParetoNBD { return ParetoNBD{v[0], v[1], v[2], v[3]} })
}
