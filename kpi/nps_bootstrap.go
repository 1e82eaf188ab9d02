package kpi

import (
	"math"
	"math/rand/v2"
	"slices"

	"golang.org/x/exp/stats"
)

// bootstrap is the percentile interval of the scores of resamples. Each resample
// is two binomial draws, so that its cost grows with the square root of the
// answers, not with the answers.
func bootstrap(t trinomial, level float64, resamples int, seed uint64) bounds {
	random := rand.New(rand.NewPCG(seed, 0x6e7073))
	n := int64(t.total())
	scores := make([]float64, resamples)
	promoters := newBinomial(n, t.up/t.total())
	for i := range scores {
		up := promoters.draw(random)
		var down int64
		if rest := t.down + t.none; rest > 0 {
			draws := newBinomial(n-up, t.down/rest)
			down = draws.draw(random)
		}
		scores[i] = float64(up-down) / float64(n)
	}
	slices.Sort(scores)
	ends := stats.Quantiles(scores, (1-level)/2, (1+level)/2) // of type 7
	return bounds{lower: ends[0], upper: ends[1]}
}

// binomial draws numbers of hits in n trials by walking outward from the mode,
// where most of the probability is.
type binomial struct {
	n    int64
	odds float64
	mode int64
	// atMode is the probability of the mode.
	atMode float64
	// sure is set where every draw is mode.
	sure bool
}

func newBinomial(n int64, p float64) binomial {
	switch {
	case n == 0 || p <= 0:
		return binomial{n: n, sure: true}
	case p >= 1:
		return binomial{n: n, mode: n, sure: true}
	}
	mode := min(int64(float64(n+1)*p), n)
	all, _ := math.Lgamma(float64(n) + 1)
	hits, _ := math.Lgamma(float64(mode) + 1)
	misses, _ := math.Lgamma(float64(n-mode) + 1)
	log := all - hits - misses + float64(mode)*math.Log(p) + float64(n-mode)*math.Log1p(-p)
	return binomial{n: n, odds: p / (1 - p), mode: mode, atMode: math.Exp(log)}
}

func (b *binomial) draw(random *rand.Rand) int64 {
	if b.sure {
		return b.mode
	}
	left := random.Float64() - b.atMode
	low, high := b.mode, b.mode
	atLow, atHigh := b.atMode, b.atMode
	for left > 0 && (low > 0 || high < b.n) {
		if high < b.n {
			atHigh *= float64(b.n-high) / float64(high+1) * b.odds
			high++
			if left -= atHigh; left <= 0 {
				return high
			}
		}
		if low > 0 {
			atLow *= float64(low) / (float64(b.n-low+1) * b.odds)
			low--
			if left -= atLow; left <= 0 {
				return low
			}
		}
		if atLow == 0 && atHigh == 0 {
			break
		}
	}
	return b.mode
}
