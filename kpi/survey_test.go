package kpi_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/kpi"
)

func TestAScoreOutsideOfTheScaleIsNamedByItsPlace(t *testing.T) {
	_, err := kpi.NPS([]int{10, 11, 7, -1}, nil)
	assert.ErrorIs(t, err, kpi.ErrInvalid)
	assert.EqualError(t, err, "scores[1]: must be from 0 to 10, is 11; scores[3]: must be from 0 to 10, is -1")
	_, err = kpi.NPS(slices.Repeat([]int{12}, 1000), nil)
	assert.Less(t, len(err.Error()), 2000, "an error never repeats a long input")
}

func TestAScoreOfNobodyIsUndefined(t *testing.T) {
	got, err := kpi.NPS(nil, nil)
	require.NoError(t, err)
	assert.ErrorIs(t, got.Score.Err(), kpi.ErrUndefined)
	assert.Equal(t, "NPS undefined: its denominator is 0", got.String())
	assert.Nil(t, got.Score.Interval)
}

func TestThoseWhoGaveNoAnswerAreLeftOutAndCounted(t *testing.T) {
	a := answers(t, kpi.Recommend, map[int]int64{9: 3, 6: 1})
	require.NoError(t, a.AddMissing(6))
	got, err := kpi.NPSOf(a, nil)
	require.NoError(t, err)
	exactly(t, 50, defined(t, got.Score))
	assert.Equal(t, int64(6), got.Opinions.Missing)
	assert.Equal(t, []string{"6 without an answer are left out"}, got.Score.Notes)
}

func TestAScoreIsShownRoundedHalfAwayFromZero(t *testing.T) {
	for _, c := range []struct {
		promoters, detractors, passives int64
		want                            float64
	}{{5, 1, 3, 44}, {5, 4, 191, 1}, {4, 5, 191, -1}} {
		got, err := kpi.NPSOfOpinions(kpi.Opinions{Promoters: c.promoters, Detractors: c.detractors, Passives: c.passives}, nil)
		require.NoError(t, err)
		rounded, ok := got.Score.Rounded()
		assert.True(t, ok)
		exactly(t, c.want, rounded)
		shown := fmt.Sprintf("%.0f", c.want)
		assert.Equal(t, shown, got.Score.Shown())
		assert.Contains(t, got.Score.String(), "nps "+shown+" (")
		assert.Contains(t, got.String(), "NPS "+shown+" (")
	}
}

func TestEveryIntervalHoldsItsScoreAndMirrors(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(0, 300)
		o := kpi.Opinions{Detractors: n.Draw(t, "detractors"), Passives: n.Draw(t, "passives"), Promoters: n.Draw(t, "promoters")}
		if o.Answered() == 0 {
			return
		}
		mirror := kpi.Opinions{Detractors: o.Promoters, Passives: o.Passives, Promoters: o.Detractors}
		for _, method := range []kpi.NPSMethod{kpi.AdjustedWald, kpi.Wald, kpi.ScoreTest} {
			got, err := kpi.NPSOfOpinions(o, &kpi.NPSOptions{Method: method})
			require.NoError(t, err)
			value, _ := got.Score.Value()
			i := got.Score.Interval
			require.False(t, math.IsNaN(i.Lower) || math.IsNaN(i.Upper), "%s of %+v", method, o)
			require.True(t, -100 <= i.Lower && i.Upper <= 100, "%s of %+v is %+v", method, o, *i)
			if method != kpi.AdjustedWald {
				require.True(t, i.Lower <= value+1e-9 && value <= i.Upper+1e-9, "%s of %+v is %+v", method, o, *i)
			}
			other, err := kpi.NPSOfOpinions(mirror, &kpi.NPSOptions{Method: method})
			require.NoError(t, err)
			require.InDelta(t, i.Lower, -other.Score.Interval.Upper, 1e-9, method)
			require.InDelta(t, i.Upper, -other.Score.Interval.Lower, 1e-9, method)
		}
	})
}

func TestTheScoreTestHasItsRootsWhereTheStatisticIsTheQuantile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 300)
		o := kpi.Opinions{Detractors: n.Draw(t, "detractors"), Passives: n.Draw(t, "passives"), Promoters: n.Draw(t, "promoters")}
		got, err := kpi.NPSOfOpinions(o, &kpi.NPSOptions{Method: kpi.ScoreTest})
		require.NoError(t, err)
		value, _ := got.Score.Value()
		for _, bound := range []float64{got.Score.Interval.Lower, got.Score.Interval.Upper} {
			require.InDelta(t, 1.959963984540054, scoreStatistic(o, value/100, bound/100), 1e-9, "%+v", o)
		}
	})
}

func TestABootstrapRepeatsWithItsSeedAndAgreesWithTheOthers(t *testing.T) {
	o := kpi.Opinions{Detractors: 2000, Passives: 3000, Promoters: 5000}
	first, err := kpi.NPSOfOpinions(o, &kpi.NPSOptions{Method: kpi.Bootstrap, Seed: 7})
	require.NoError(t, err)
	again, err := kpi.NPSOfOpinions(o, &kpi.NPSOptions{Method: kpi.Bootstrap, Seed: 7})
	require.NoError(t, err)
	assert.Equal(t, first, again)
	other, err := kpi.NPSOfOpinions(o, &kpi.NPSOptions{Method: kpi.Bootstrap, Seed: 8})
	require.NoError(t, err)
	assert.NotEqual(t, first.Score.Interval, other.Score.Interval)
	wald, err := kpi.NPSOfOpinions(o, &kpi.NPSOptions{Method: kpi.Wald})
	require.NoError(t, err)
	assert.InDelta(t, wald.Score.Interval.Lower, first.Score.Interval.Lower, 0.08)
	assert.InDelta(t, wald.Score.Interval.Upper, first.Score.Interval.Upper, 0.08)
	for _, alike := range []kpi.Opinions{{Promoters: 9}, {Passives: 9}, {Detractors: 9}} {
		got, err := kpi.NPSOfOpinions(alike, &kpi.NPSOptions{Method: kpi.Bootstrap})
		require.NoError(t, err)
		exactly(t, got.Score.Interval.Lower, got.Score.Interval.Upper)
	}
}

// The share of samples whose interval holds the truth, over all samples of 25
// answers with their probabilities: no simulation.
func TestAdjustedWaldCoversWhatItPromises(t *testing.T) {
	const n = 25
	lgamma := func(k int64) float64 { v, _ := math.Lgamma(float64(k) + 1); return v }
	coverage := func(method kpi.NPSMethod, down, none, up float64) float64 {
		covered := 0.0
		for d := range int64(n + 1) {
			for u := range n - d + 1 {
				p := n - d - u
				got, err := kpi.NPSOfOpinions(kpi.Opinions{Detractors: d, Passives: p, Promoters: u}, &kpi.NPSOptions{Method: method})
				require.NoError(t, err)
				if truth := 100 * (up - down); got.Score.Interval.Lower <= truth && truth <= got.Score.Interval.Upper {
					covered += math.Exp(lgamma(n) - lgamma(d) - lgamma(p) - lgamma(u) +
						float64(d)*math.Log(down) + float64(p)*math.Log(none) + float64(u)*math.Log(up))
				}
			}
		}
		return covered
	}
	for _, truth := range [][3]float64{{0.2, 0.3, 0.5}, {0.05, 0.15, 0.8}, {0.4, 0.3, 0.3}, {0.02, 0.08, 0.9}} {
		assert.Greater(t, coverage(kpi.AdjustedWald, truth[0], truth[1], truth[2]), 0.935, "%v", truth)
		assert.Greater(t, coverage(kpi.ScoreTest, truth[0], truth[1], truth[2]), 0.93, "%v", truth)
	}
	assert.Less(t, coverage(kpi.Wald, 0.02, 0.08, 0.9), 0.93, "the interval that is not the default falls short")
}

func TestAnswersToDifferentQuestionsAreNeverPooled(t *testing.T) {
	ease, effort := answers(t, kpi.Ease7, map[int]int64{7: 1}), answers(t, kpi.Effort5, map[int]int64{1: 1})
	assert.ErrorIs(t, ease.Merge(effort), kpi.ErrInvalid)
	_, err := kpi.CES(effort, nil)
	assert.ErrorIs(t, err, kpi.ErrInvalid)
	_, err = kpi.CustomerEffort1(ease, nil)
	assert.ErrorIs(t, err, kpi.ErrInvalid)
	_, err = kpi.CSAT(effort, nil)
	assert.ErrorIs(t, err, kpi.ErrInvalid, "the same range is not the same question")
	_, err = kpi.NPSOf(nil, nil)
	assert.ErrorIs(t, err, kpi.ErrInvalid)
	_, err = kpi.NewAnswers("stars")
	assert.ErrorIs(t, err, kpi.ErrInvalid)
	low, high, known := kpi.Scale("stars").Bounds()
	assert.Equal(t, []any{0, 0, false}, []any{low, high, known})
}

func TestAMeanOfOneAnswerHasNoInterval(t *testing.T) {
	got, err := kpi.CustomerEffort1(answers(t, kpi.Effort5, map[int]int64{2: 1}), nil)
	require.NoError(t, err)
	exactly(t, 2, defined(t, got))
	assert.Nil(t, got.Interval)
}
