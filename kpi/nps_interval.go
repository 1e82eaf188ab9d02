package kpi

import (
	"cmp"
	"math"
)

// NPSMethod names the interval of a Net Promoter Score.
type NPSMethod string

// The intervals of a Net Promoter Score. An interval of Wilson does not apply: the
// score is the difference of two of three shares, not a proportion.
const (
	// AdjustedWald adds 0.75 detractors, 1.5 passives and 0.75 promoters, and is
	// then Wald's. It is the default, "", and the best of the six that its source
	// compares. B. Rocks, Interval estimation for the Net Promoter Score, The
	// American Statistician 70 (2016).
	AdjustedWald NPSMethod = "adjusted_wald"
	// Wald takes the variance p + d − (p − d)² of the shares as seen. Where all
	// answer alike it has no width, which nobody should believe.
	Wald NPSMethod = "wald"
	// ScoreTest holds the scores that a score test would not reject, with the
	// variance of the most likely shares that have that score: the iterative score
	// method of the same source.
	ScoreTest NPSMethod = "score_test"
	// Bootstrap holds the middle of the scores of seeded resamples. Where all answer
	// alike it has no width.
	Bootstrap NPSMethod = "bootstrap"
)

// bounds is an interval in fractions.
type bounds struct{ lower, upper float64 }

func (b bounds) clamped(most float64) bounds {
	return bounds{lower: max(b.lower, -most), upper: min(b.upper, most)}
}

type intervalMaker func(t trinomial, level float64, resamples int, seed uint64) bounds

func (o *NPSOptions) method() NPSMethod { return cmp.Or(o.Method, AdjustedWald) }

// interval returns what makes the interval, and checks the options.
func (o *NPSOptions) interval(problems *Problems) (intervalMaker, int) {
	const usual, most = 10_000, 10_000_000
	resamples := cmp.Or(o.Resamples, usual)
	if resamples < 100 || resamples > most {
		problems.Add("resamples", "must be from 100 to %d, is %d", most, resamples)
	}
	switch o.method() {
	case AdjustedWald:
		return func(t trinomial, level float64, _ int, _ uint64) bounds {
			return t.adjusted().wald(twoSided(level)).clamped(1)
		}, resamples
	case Wald:
		return func(t trinomial, level float64, _ int, _ uint64) bounds { return t.wald(twoSided(level)).clamped(1) }, resamples
	case ScoreTest:
		return func(t trinomial, level float64, _ int, _ uint64) bounds { return t.scoreTest(twoSided(level)) }, resamples
	case Bootstrap:
		return bootstrap, resamples
	}
	problems.Add("method", "%q is none of %s, %s, %s, %s", string(o.Method), AdjustedWald, Wald, ScoreTest, Bootstrap)
	return nil, 0
}

// trinomial is a sample of answers that count -1, 0 or 1.
type trinomial struct{ down, none, up float64 }

func trinomialOf(o Opinions) trinomial {
	return trinomial{down: float64(o.Detractors), none: float64(o.Passives), up: float64(o.Promoters)}
}

func (t trinomial) total() float64 { return t.down + t.none + t.up }

func (t trinomial) score() float64 { return (t.up - t.down) / t.total() }

// adjusted adds the prior answers of the adjusted Wald interval.
func (t trinomial) adjusted() trinomial {
	return trinomial{down: t.down + 0.75, none: t.none + 1.5, up: t.up + 0.75}
}

// standardError is that of the score, sqrt((p + d − (p − d)²)/n). The variance is
// taken as p·(1−p) + d·(1−d) + 2pd, a sum without cancellation.
func (t trinomial) standardError() float64 {
	n := t.total()
	p, d := t.up/n, t.down/n
	variance := p*(t.none+t.down)/n + d*(t.none+t.up)/n + 2*p*d
	return math.Sqrt(variance / n)
}

func (t trinomial) wald(z float64) bounds {
	score, half := t.score(), z*t.standardError()
	return bounds{lower: score - half, upper: score + half}
}

// scoreTest finds the two scores at which the test statistic is ±z.
func (t trinomial) scoreTest(z float64) bounds {
	seen := t.score()
	accepted := func(score float64) bool {
		return math.Abs(seen-score) <= z*math.Sqrt(t.varianceAt(score)/t.total())
	}
	edge := func(out float64) float64 {
		if seen == out || accepted(out) {
			return out
		}
		in := seen
		for {
			mid := in + (out-in)/2
			if mid == in || mid == out {
				return mid
			}
			if accepted(mid) {
				in = mid
			} else {
				out = mid
			}
		}
	}
	return bounds{lower: edge(-1), upper: edge(1)}
}

// varianceAt is the variance of one answer under the most likely shares that have
// a given score. They solve a quadratic equation; its larger root is the share of
// detractors. Below 0 detractors and promoters change places.
func (t trinomial) varianceAt(score float64) float64 {
	down, up := t.down, t.up
	if score < 0 {
		score, down, up = -score, up, down
	}
	a := 2 * t.total()
	b := 2*(down+t.none)*score - (up+down)*(1-score)
	c := down * score * (1 - score)
	root := math.Sqrt(b*b + 4*a*c)
	share := (root - b) / (2 * a)
	if b > 0 {
		share = 2 * c / (root + b)
	}
	return max(2*share+score*(1-score), 0)
}
