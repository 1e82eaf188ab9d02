package kpi_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
)

func TestTheMeanLifetimeWithoutAnEndIsThatOfAllWhoLeft(t *testing.T) {
	var left, stay kpi.SurvivalAccumulator
	for _, exit := range []float64{1, 2, 6} {
		require.NoError(t, left.Add(kpi.Lifetime{Exit: exit, Event: true}))
		require.NoError(t, stay.Add(kpi.Lifetime{Exit: exit}))
	}
	curve, err := left.Result(nil)
	require.NoError(t, err)
	mean, _, ok := curve.RestrictedMean(math.Inf(1))
	assert.True(t, ok)
	assert.InDelta(t, 3, mean, 1e-12)
	curve, err = stay.Result(nil)
	require.NoError(t, err)
	_, _, ok = curve.RestrictedMean(math.Inf(1))
	assert.False(t, ok)
}

func TestGroupsThatAreNilAreNotCompared(t *testing.T) {
	_, err := kpi.LogRank(nil, nil)
	require.ErrorIs(t, err, kpi.ErrInvalid)
	assert.Len(t, err, 2)
}

func TestAnEmptyLogIsAsOfNoTime(t *testing.T) {
	scores, err := kpi.NewRFMAccumulator(nil)
	require.NoError(t, err)
	assert.Zero(t, scores.Result().AsOf)
	summaries, err := kpi.NewSummaryAccumulator(nil)
	require.NoError(t, err)
	assert.Zero(t, summaries.Result().AsOf)
	asked := time.Date(2027, 3, 8, 0, 0, 0, 0, time.UTC)
	scores, err = kpi.NewRFMAccumulator(&kpi.RFMOptions{AsOf: asked})
	require.NoError(t, err)
	assert.True(t, asked.Equal(scores.Result().AsOf))
}

func TestAComparisonWithNobodyHasNoStandardError(t *testing.T) {
	some := kpi.Opinions{Promoters: 5, Passives: 2, Detractors: 1}
	for _, second := range []kpi.Opinions{{}, some} {
		got, err := kpi.CompareNPS(some, second, nil)
		require.NoError(t, err)
		text, err := json.Marshal(got)
		require.NoError(t, err)
		if second == some {
			assert.Contains(t, string(text), "standard_error")
		} else {
			assert.NotContains(t, string(text), "standard_error")
		}
	}
}

func TestWhereAllAreAlikeThereIsNoIntervalWithoutWidth(t *testing.T) {
	lift, err := kpi.ProportionLift(kpi.Arm{Hits: 5, Total: 5}, kpi.Arm{Hits: 7, Total: 7}, nil)
	require.NoError(t, err)
	for _, f := range []kpi.Figure{lift.Ratio, lift.Relative} {
		assert.Nil(t, f.Interval)
		assert.Contains(t, f.Notes, "no interval: all of both groups did it")
	}
	answers, err := kpi.NewAnswers(kpi.Ease7)
	require.NoError(t, err)
	for range 3 {
		require.NoError(t, answers.Add(5))
	}
	ces, err := kpi.CES(answers, nil)
	require.NoError(t, err)
	assert.Nil(t, ces.Mean.Interval)
	assert.Contains(t, ces.Mean.Notes, "no interval: all answers are alike")
}

func TestOrdersAfterTheInstantOfInactivityAreReported(t *testing.T) {
	asOf := time.Date(2027, 3, 8, 0, 0, 0, 0, time.UTC)
	a, err := kpi.NewInactivityAccumulator(asOf, 30, nil)
	require.NoError(t, err)
	for _, day := range []int{-40, -1, 0, 5} {
		require.NoError(t, a.Add(kpi.Order{Member: "anna", At: asOf.AddDate(0, 0, day)}))
	}
	assert.Contains(t, a.Result().Notes, "2 orders at or after the end are left out")
}

func TestAMemberWithoutAnOrderIsInNoCountOfScores(t *testing.T) {
	at := time.Date(2027, 3, 8, 9, 0, 0, 0, time.UTC).UnixMicro()
	columns, err := kpi.NewColumns([]string{"anna", "bert", "carl"}, []uint32{0, 2}, []int64{at, at}, []int64{500, -500}, 2)
	require.NoError(t, err)
	accumulator, err := kpi.NewRFMAccumulator(nil)
	require.NoError(t, err)
	for o := range columns.All() {
		require.NoError(t, accumulator.Add(o))
	}
	scores, err := columns.RFM(nil)
	require.NoError(t, err)
	assert.Equal(t, accumulator.Result(), scores)
	assert.Equal(t, 1, scores.WithoutPurchase)
}
