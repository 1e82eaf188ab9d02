package kpi_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
)

func TestAGoalIsOnTrackOrNotAndSaysWhy(t *testing.T) {
	day := func(month time.Month, d int) time.Time { return time.Date(2027, month, d, 0, 0, 0, 0, time.UTC) }
	churn := kpi.Goal{Key: "churn_rate", Baseline: 0.10, Target: 0.06, Start: day(1, 1), Due: day(12, 27)} // 360 days
	for name, c := range map[string]struct {
		value float64
		at    time.Time
		state kpi.GoalState
		why   string
	}{
		"before it starts":          {0.10, day(1, 1).Add(-1), kpi.GoalNotStarted, "it starts on 2027-01-01 from 10 %"},
		"on the line":               {0.08, day(6, 30), kpi.GoalOnTrack, "8 % is at or beyond the 8 % expected on 2027-06-30, on the way to 6 % by 2027-12-27"},
		"above the line":            {0.081, day(6, 30), kpi.GoalBehind, "8.1 % is short of the 8 % expected on 2027-06-30, on the way to 6 % by 2027-12-27"},
		"early":                     {0.059, day(2, 1), kpi.GoalReached, "5.9 % reaches the target of 6 %"},
		"due and short":             {0.061, day(12, 27), kpi.GoalMissed, "6.1 % does not reach the target of 6 %, due 2027-12-27"},
		"due and met to the digit":  {0.06, day(12, 28), kpi.GoalReached, "6 % reaches the target of 6 %"},
		"the wrong way but in time": {0.12, day(1, 1), kpi.GoalBehind, "12 % is short of the 10 % expected on 2027-01-01, on the way to 6 % by 2027-12-27"},
	} {
		got, err := churn.Standing(kpi.Estimate("churn_rate", kpi.Fraction, c.value), c.at)
		require.NoError(t, err, name)
		assert.Equal(t, c.state, got.State, name)
		assert.Equal(t, c.why, got.Reason, name)
		assert.Equal(t, c.state == kpi.GoalReached || c.state == kpi.GoalOnTrack, got.OnTrack(), name)
	}
}

func TestAGoalWithinTheErrorSaysSo(t *testing.T) {
	start := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	goal := kpi.Goal{Key: "nps", Baseline: 20, Target: 40, Start: start, Due: start.AddDate(0, 0, 100)}
	nps, err := kpi.NPSOfOpinions(kpi.Opinions{Detractors: 22, Passives: 29, Promoters: 50}, nil)
	require.NoError(t, err)
	got, err := goal.Standing(nps.Score, start.AddDate(0, 0, 50))
	require.NoError(t, err)
	assert.Equal(t, kpi.GoalBehind, got.State)
	assert.True(t, got.WithinError)
	assert.Equal(t, "27.7 is short of the 30 expected on 2027-02-20, on the way to 40 by 2027-04-11; the interval from 11.6 to 42.2 allows the contrary", got.Reason)
	assert.InDelta(t, 0.386, defined(t, got.Progress), 0.001)
}

func TestAGoalOfAnUndefinedFigureIsUnknown(t *testing.T) {
	start := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	goal := kpi.Goal{Key: "nps", Baseline: 20, Target: 40, Start: start, Due: start.AddDate(1, 0, 0)}
	got, err := goal.Standing(kpi.Undefined("nps", kpi.Score, "nobody answered"), start)
	require.NoError(t, err)
	assert.Equal(t, kpi.GoalUnknown, got.State)
	assert.Equal(t, "nps is undefined: nobody answered", got.Reason)
	assert.False(t, got.OnTrack())
	_, err = goal.Standing(kpi.Estimate("csat", kpi.Fraction, 1), start)
	assert.ErrorIs(t, err, kpi.ErrInvalid)
	_, err = kpi.Goal{Baseline: 1, Target: 1}.Standing(kpi.Figure{}, start)
	assert.Len(t, err, 3)
}
