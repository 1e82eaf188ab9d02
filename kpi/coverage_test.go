package kpi_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
)

func binomial(n, k int64, p float64) float64 {
	lgamma := func(x int64) float64 { v, _ := math.Lgamma(float64(x) + 1); return v }
	return math.Exp(lgamma(n) - lgamma(k) - lgamma(n-k) + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
}

// The share of samples whose interval holds the truth, over all samples with their
// probabilities: no simulation. Score intervals hold about 95 %, in the mean over
// truths; one truth alone may be a little below.
func TestIntervalsOfSharesCoverWhatTheyPromise(t *testing.T) {
	const n = 40
	var covered, truths float64
	for p := 0.02; p < 0.99; p += 0.02 {
		one := 0.0
		for k := range int64(n + 1) {
			i, err := kpi.Wilson(k, n, 0)
			require.NoError(t, err)
			if i.Lower <= p && p <= i.Upper {
				one += binomial(n, k, p)
			}
		}
		assert.Greater(t, one, 0.9, "p = %v", p)
		covered, truths = covered+one, truths+1
	}
	assert.InDelta(t, 0.95, covered/truths, 0.01)
}

func TestIntervalsOfLiftCoverWhatTheyPromise(t *testing.T) {
	const nt, nc = 30, 20
	for _, truth := range [][2]float64{{0.5, 0.4}, {0.2, 0.2}, {0.9, 0.6}, {0.1, 0.05}} {
		var difference, ratio, hasRatio float64
		for xt := range int64(nt + 1) {
			for xc := range int64(nc + 1) {
				chance := binomial(nt, xt, truth[0]) * binomial(nc, xc, truth[1])
				got, err := kpi.ProportionLift(kpi.Arm{Hits: xt, Total: nt}, kpi.Arm{Hits: xc, Total: nc}, nil)
				require.NoError(t, err)
				if i := got.Difference.Interval; i.Lower <= truth[0]-truth[1] && truth[0]-truth[1] <= i.Upper {
					difference += chance
				}
				if i := got.Ratio.Interval; i != nil {
					hasRatio += chance
					if i.Lower <= truth[0]/truth[1] && truth[0]/truth[1] <= i.Upper {
						ratio += chance
					}
				}
			}
		}
		assert.Greater(t, difference, 0.935, "Newcombe at %v", truth)
		assert.Greater(t, ratio/hasRatio, 0.93, "Katz, which is a little short in small groups, at %v", truth)
	}
}
