package clv

import (
	"iter"
	"math"
)

type kind int

const (
	kindNBD kind = iota
	kindBG
	kindMBG
	kindPareto
)

func (k kind) names() []string {
	switch k {
	case kindNBD:
		return []string{"r", "alpha"}
	case kindPareto:
		return []string{"r", "alpha", "s", "beta"}
	default:
		return []string{"r", "alpha", "a", "b"}
	}
}

func (k kind) on(s *sample) likelihood {
	switch k {
	case kindPareto:
		return paretoLikelihood{s}
	default:
		return geometricLikelihood{s, k}
	}
}

const (
	noRepeats   = "no customer has a repeat purchase, so nothing tells how often customers buy: observe for longer, or take in more customers"
	sameRates   = "customers differ no more in how often they buy than chance alone makes them, so r and alpha grow together without bound: their ratio, the rate, is all that these customers tell"
	sameLeaving = "customers differ no more in how soon they leave than chance alone makes them, so both parameters of leaving grow together without bound: choose NBD, or take in more customers"
	allLeave    = "every customer seems to leave at once, so the parameters of leaving have no finite estimate: take in customers who were observed for longer"
)

// coarseRows is how many groups the first climb reads.
const coarseRows = 256

func fitTransactions[M Model](customers iter.Seq[Customer], o *FitOptions, k kind, build func([]float64) M) (Fit[M], error) {
	level, err := o.level()
	if err != nil {
		return Fit[M]{}, err
	}
	s, err := readSample(customers)
	if err != nil {
		return Fit[M]{}, err
	}
	names := k.names()
	scales := []float64{1, s.unit, 1, 1}
	if k == kindPareto {
		scales[3] = s.unit
	}
	f, err := climb(s, k, names, scales, level, build)
	f.Rows, f.Groups, f.Weight = s.rows, len(s.groups), s.weight
	f.Gradient /= s.weight
	return f, err
}

func climb[M Model](s *sample, k kind, names []string, scales []float64, level float64, build func([]float64) M) (Fit[M], error) {
	shift := -s.repeats * math.Log(s.unit)
	if s.repeats == 0 {
		start := startsOf(s, k)[0]
		p := peak{logs: start, at: evaluate(k.on(s), start, 1), climbs: true}
		return finish(p, names, scales, shift, level, build, func([]float64) verdict { return verdict{reason: noRepeats} })
	}
	rows := float64(s.rows) / s.weight
	p := maximize(k.on(s), k.on(s.coarse(coarseRows)), startsOf(s, k), rows)
	return finish(p, names, scales, shift, level, build, func(v []float64) verdict { return k.judge(v) })
}

// startsOf returns logarithms to start from: from a mean rate of purchases, with
// much and little difference between customers, and slow and fast leaving.
func startsOf(s *sample, k kind) [][]float64 {
	rate := max(s.repeats, 0.5*s.weight/float64(s.rows)) / s.ages
	if k == kindNBD {
		return logsOf([]float64{0.5, 0.5 / rate}, []float64{5, 5 / rate})
	}
	nbd := maximize(kindNBD.on(s.coarse(coarseRows)), kindNBD.on(s.coarse(coarseRows)), startsOf(s, kindNBD), float64(s.rows)/s.weight)
	r := min(math.Exp(nbd.logs[0]), 20)
	alpha := r / rate
	if k == kindPareto {
		return logsOf(
			[]float64{r, alpha, 0.5, 0.5},
			[]float64{2 * r, alpha, 1, 0.2},
			[]float64{r, alpha, 0.5, 5},
		)
	}
	return logsOf(
		[]float64{r, alpha / 2, 1, 3},
		[]float64{2 * r, alpha, 0.3, 0.3},
		[]float64{r, alpha, 1, 30},
	)
}

func logsOf(points ...[]float64) [][]float64 {
	for _, p := range points {
		for i := range p {
			p[i] = math.Log(p[i])
		}
	}
	return points
}

// judge names the limit that the parameters, in scaled units, went to.
func (k kind) judge(v []float64) verdict {
	const large = 1e4
	if k == kindNBD {
		return verdict{reason: sameRates}
	}
	leaving := v[2] / (v[2] + v[3])
	if k == kindPareto {
		leaving = v[2] / v[3]
	}
	switch {
	case leaving < 1e-4 && v[0] < large:
		return verdict{boundaries: []string{
			k.names()[2] + " goes to 0 against " + k.names()[3] + ": nobody leaves, and NBD describes these customers as well",
		}}
	case v[0] >= large:
		return verdict{reason: sameRates}
	case k != kindPareto && leaving > 1-1e-4, k == kindPareto && leaving > large:
		return verdict{reason: allLeave}
	default:
		return verdict{reason: sameLeaving}
	}
}
