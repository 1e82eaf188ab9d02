package clv

import (
	"cmp"
	"iter"
	"math"
	"slices"
)

// SpendFit is a fitted [GammaGamma].
type SpendFit struct {
	Fit[GammaGamma]
	// Correlation is Pearson's, of the number of repeat purchases and their mean
	// spend, which the model takes to be 0. It is only there if CorrelationKnown:
	// where all bought as often, or spend the same, there is none.
	Correlation      float64
	CorrelationKnown bool
	// Dependent warns of a correlation beyond ±0.3: values that multiply this
	// model's mean spend with a number of purchases are then off.
	Dependent bool
}

const (
	noSpend   = "no customer has a repeat purchase, so nothing tells what a repeat purchase is worth"
	sameSpend = "the mean spend of customers differs no more than that of purchases, or less, so the parameters grow together without bound: take the mean spend of all customers instead"
)

// FitGammaGamma fits a [GammaGamma] by maximum likelihood to the customers with a
// repeat purchase; the others are counted as skipped. A mean spend of 0 or less is
// an error that names the customers, unless the options skip them.
func FitGammaGamma(customers iter.Seq[Customer], o *FitOptions) (SpendFit, error) {
	level, err := o.level()
	if err != nil {
		return SpendFit{}, err
	}
	spends, rows, skipped, err := readSpends(customers, o != nil && o.SkipNonPositive)
	if err != nil {
		return SpendFit{}, err
	}
	var weight, paid, repeats float64
	for _, s := range spends {
		weight, repeats, paid = weight+s.weight, repeats+s.weight*s.x, paid+s.weight*s.x*s.mean
	}
	f := SpendFit{}
	if len(spends) == 0 {
		f.Rows, f.Skipped = rows, skipped
		return f, &NoOptimumError{Model: GammaGamma{}.Name(), Reason: noSpend}
	}
	unit, shift := paid/repeats, 0.0
	for i := range spends {
		spends[i].mean /= unit
		shift -= spends[i].weight * math.Log(unit)
	}
	l := spendLikelihood{spends}
	starts := logsOf([]float64{4, 4, 0.75}, []float64{1, 2, 1}, []float64{10, 15, 1.5}, []float64{0.5, 10, 10})
	peak := maximize(l, coarseSpends(l), starts, float64(len(spends))/weight)
	judge := func([]float64) verdict { return verdict{reason: sameSpend} }
	build := func(v []float64) GammaGamma { return GammaGamma{v[0], v[1], v[2]} }
	f.Fit, err = finish(peak, []string{"p", "q", "v"}, []float64{1, 1, unit}, shift, level, build, judge)
	f.Rows, f.Groups, f.Skipped, f.Weight = rows, len(spends), skipped, weight
	f.Gradient /= weight
	f.Correlation, f.CorrelationKnown = correlation(spends, weight)
	f.Dependent = f.CorrelationKnown && math.Abs(f.Correlation) > 0.3
	return f, err
}

func readSpends(customers iter.Seq[Customer], skip bool) (spends []spend, rows, skipped int, err error) {
	var p problems
	for c := range customers {
		row := rows
		rows++
		if c.Frequency == 0 || skip && c.Frequency > 0 && c.Monetary <= 0 {
			skipped++
			continue
		}
		spendProblems(c, row, &p)
		spends = append(spends, spend{c.spends(), c.Monetary, c.weight()})
	}
	slices.SortFunc(spends, func(a, b spend) int {
		return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(a.mean, b.mean), cmp.Compare(a.weight, b.weight))
	})
	same := func(i int) bool { return spends[i].x == spends[i-1].x && spends[i].mean == spends[i-1].mean }
	kept := 0
	for i := range spends {
		if i > 0 && same(i) {
			spends[kept-1].weight += spends[i].weight
			spends[i].mean = spends[kept-1].mean
			continue
		}
		spends[kept] = spends[i]
		kept++
	}
	return spends[:kept], rows, skipped, p.err()
}

func coarseSpends(l spendLikelihood) spendLikelihood {
	if len(l.spends) <= 2*coarseRows {
		return l
	}
	var c spendLikelihood
	stride := (len(l.spends) + 2*coarseRows - 1) / (2 * coarseRows)
	for i := stride / 2; i < len(l.spends); i += stride {
		c.spends = append(c.spends, l.spends[i])
	}
	return c
}

func correlation(spends []spend, weight float64) (float64, bool) {
	var x, m, xx, mm, xm float64
	for _, s := range spends {
		x += s.weight * s.x / weight
		m += s.weight * s.mean / weight
	}
	for _, s := range spends {
		xx += s.weight * (s.x - x) * (s.x - x)
		mm += s.weight * (s.mean - m) * (s.mean - m)
		xm += s.weight * (s.x - x) * (s.mean - m)
	}
	if xx <= 1e-24*weight*x*x || mm <= 1e-24*weight*m*m {
		return 0, false
	}
	return max(-1, min(1, xm/math.Sqrt(xx)/math.Sqrt(mm))), true
}
