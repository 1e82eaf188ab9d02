package clv

import "math"

// Around returns the interval, of the fit's level, of a figure that the parameters
// make, such as what a model expects of all customers together. It is for what the fit
// does not know of the parameters, and not for the chance in what customers then do: the
// delta method on the figure's logarithm, whose slope is taken from the figure at
// parameters nearby. It is known where the fit has a covariance and the figure is above 0.
func (f Fit[M]) Around(figure func(m M) (float64, error)) (lower, upper float64, known bool) {
	value, err := figure(f.Model)
	if err != nil || f.Covariance == nil || !(value > 0) {
		return 0, 0, false
	}
	params := make([]Param, len(f.Estimates))
	for i, e := range f.Estimates {
		params[i] = Param{e.Name, e.Value}
	}
	variance, ok := spread(f.Covariance, params, func(v []float64) (float64, error) {
		m, ok := rebuilt(f.Model, v)
		if !ok {
			return 0, ErrInvalid
		}
		return figure(m)
	})
	width := math.Sqrt2 * math.Erfinv(f.Level) * math.Sqrt(variance)
	lower, upper = value*math.Exp(-width), value*math.Exp(width)
	if !ok || !isFinite(upper) {
		return 0, 0, false
	}
	return lower, upper, true
}

// rebuilt is a model of the same kind with other parameters; there is none of a kind
// that this package does not fit.
func rebuilt[M any](m M, v []float64) (M, bool) {
	var other any
	switch m := any(m).(type) {
	case Model:
		other = m.with(v)
	case GammaGamma:
		other = GammaGamma{v[0], v[1], v[2]}
	case SBG:
		other = SBG{v[0], v[1]}
	case BGBB:
		other = BGBB{v[0], v[1], v[2], v[3]}
	}
	made, ok := other.(M)
	return made, ok
}
