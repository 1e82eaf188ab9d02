package kpi_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/kpi"
)

func drawLifetimes(t *rapid.T, truncated bool) []kpi.Lifetime {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) kpi.Lifetime {
		l := kpi.Lifetime{Exit: float64(rapid.IntRange(0, 12).Draw(t, "exit")) / 2, Event: rapid.Bool().Draw(t, "event")}
		if truncated && l.Exit > 0 {
			l.Entry = float64(rapid.IntRange(0, int(l.Exit*2)-1).Draw(t, "entry")) / 2
		}
		return l
	}), 0, 40).Draw(t, "lifetimes")
}

func survivalOf(t require.TestingT, lifetimes []kpi.Lifetime) *kpi.SurvivalAccumulator {
	var a kpi.SurvivalAccumulator
	for _, l := range lifetimes {
		require.NoError(t, a.Add(l))
	}
	return &a
}

func TestSurvivalIsTheProductOverRiskSets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lifetimes := drawLifetimes(t, true)
		s, err := survivalOf(t, lifetimes).Result(nil)
		require.NoError(t, err)
		survival := 1.0
		for _, p := range s.Points {
			risk, events := 0, 0
			for _, l := range lifetimes {
				if (l.Entry < p.Time || l.Entry == 0) && l.Exit >= p.Time {
					risk++
				}
				if l.Exit == p.Time && l.Event {
					events++
				}
			}
			survival *= 1 - float64(events)/float64(risk)
			assert.Equal(t, risk, p.AtRisk)
			assert.Equal(t, events, p.Events)
			assert.InDelta(t, survival, p.Survival, 1e-12)
			assert.False(t, math.IsNaN(p.StdErr+p.Lower+p.Upper+p.CumulativeHazard) || math.IsInf(p.CumulativeHazard, 0))
			assert.True(t, 0 <= p.Lower && p.Lower <= p.Survival && p.Survival <= p.Upper && p.Upper <= 1, "%+v", p)
		}
	})
}

func TestSurvivalDoesNotDependOnTheOrderOfAddingAndMerging(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lifetimes := drawLifetimes(t, true)
		whole := survivalOf(t, lifetimes)
		shuffled := rapid.Permutation(lifetimes).Draw(t, "shuffled")
		at := rapid.IntRange(0, len(shuffled)).Draw(t, "at")
		first, second := survivalOf(t, shuffled[:at]), survivalOf(t, shuffled[at:])
		state, err := second.MarshalBinary()
		require.NoError(t, err)
		var read kpi.SurvivalAccumulator
		require.NoError(t, read.UnmarshalBinary(state))
		require.NoError(t, first.Merge(&read))
		want, err := whole.MarshalBinary()
		require.NoError(t, err)
		got, err := first.MarshalBinary()
		require.NoError(t, err)
		assert.Equal(t, want, got)
	})
}

func TestTheRestrictedMeanIsTheMeanOfWhatIsAllSeen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lifetimes := drawLifetimes(t, false)
		tau, sum := float64(rapid.IntRange(1, 14).Draw(t, "tau"))/2, 0.0
		for i := range lifetimes {
			lifetimes[i].Event = true
			sum += min(lifetimes[i].Exit, tau)
		}
		s, err := survivalOf(t, lifetimes).Result(nil)
		require.NoError(t, err)
		mean, stdErr, ok := s.RestrictedMean(tau)
		require.Equal(t, len(lifetimes) > 0, ok)
		if ok {
			assert.InDelta(t, sum/float64(len(lifetimes)), mean, 1e-9)
			assert.False(t, math.IsNaN(stdErr))
		}
	})
}

func TestWhatWasNotObservedIsNotSaid(t *testing.T) {
	a := survivalOf(t, []kpi.Lifetime{{Exit: 3, Event: true}, {Exit: 5}, {Exit: 8}})
	s, err := a.Result(nil)
	require.NoError(t, err)
	_, ok := s.Median()
	assert.False(t, ok, "two in three stay")
	_, ok = s.At(8.5)
	assert.False(t, ok, "nobody was observed for so long")
	_, _, ok = s.RestrictedMean(9)
	assert.False(t, ok)
	share, ok := s.At(4)
	assert.True(t, ok)
	assert.InDelta(t, 2.0/3, share, 1e-12)
	first, ok := s.Quantile(0.25)
	assert.True(t, ok)
	assert.InDelta(t, 3, first, 0)
	var none kpi.SurvivalAccumulator
	s, err = none.Result(nil)
	require.NoError(t, err)
	assert.Empty(t, s.Points)
	_, ok = s.At(0)
	assert.False(t, ok)
}

func TestTheMedianOfAFlatHalf(t *testing.T) {
	a := survivalOf(t, []kpi.Lifetime{{Exit: 1, Event: true}, {Exit: 2, Event: true}, {Exit: 4, Event: true}, {Exit: 5, Event: true}})
	s, err := a.Result(nil)
	require.NoError(t, err)
	median, _ := s.Median()
	assert.InDelta(t, 2, median, 0)
	s, err = a.Result(&kpi.SurvivalOptions{MidpointMedian: true})
	require.NoError(t, err)
	median, _ = s.Median()
	assert.InDelta(t, 3, median, 0, "as R has it")
}

func TestWhatIsNoLifetimeIsRefused(t *testing.T) {
	var a kpi.SurvivalAccumulator
	for _, l := range []kpi.Lifetime{
		{Exit: -1},
		{Entry: -1, Exit: 2},
		{Entry: 3, Exit: 2},
		{Entry: 3, Exit: 3},
		{Exit: math.NaN()},
		{Exit: math.Inf(1)},
		{Entry: math.NaN(), Exit: 2},
	} {
		require.ErrorIs(t, a.Add(l), kpi.ErrLifetime, "%+v", l)
	}
	_, err := a.Result(&kpi.SurvivalOptions{Interval: "wide", Level: 2})
	require.ErrorIs(t, err, kpi.ErrInvalid)
	_, err = kpi.LogRank(&a)
	require.ErrorIs(t, err, kpi.ErrInvalid)
	_, err = kpi.LogRank(&a, &a)
	require.ErrorIs(t, err, kpi.ErrInvalid, "nothing happened")
}

func TestTheLogRankTestOfThreeGroups(t *testing.T) {
	group := func(times ...float64) *kpi.SurvivalAccumulator {
		lifetimes := make([]kpi.Lifetime, 0, len(times))
		for _, at := range times {
			lifetimes = append(lifetimes, kpi.Lifetime{Exit: math.Abs(at), Event: at > 0})
		}
		return survivalOf(t, lifetimes)
	}
	groups := []*kpi.SurvivalAccumulator{group(1, 3, 4, -6, 7), group(2, 5, 8, 9, -10), group(1, 2, 2, 3, -4)}
	r, err := kpi.LogRank(groups...)
	require.NoError(t, err)
	assert.Equal(t, 2, r.DF)
	assert.InDelta(t, math.Exp(-r.ChiSquare/2), r.P, 1e-12, "of two degrees of freedom")
	slices.Reverse(groups)
	again, err := kpi.LogRank(groups...)
	require.NoError(t, err)
	assert.InDelta(t, r.ChiSquare, again.ChiSquare, 1e-9, "the order of groups changes nothing")
	same, err := kpi.LogRank(groups[0], groups[0])
	require.NoError(t, err)
	assert.InDelta(t, 0, same.ChiSquare, 1e-12)
	assert.InDelta(t, 1, same.P, 1e-12)
}

func TestGroupedLifetimesCountAsTheyWouldOneByOne(t *testing.T) {
	var one, grouped kpi.SurvivalAccumulator
	for _, l := range []kpi.Lifetime{{Exit: 3, Event: true}, {Exit: 3}, {Entry: 1, Exit: 7, Event: true}} {
		for range 5 {
			require.NoError(t, one.Add(l))
		}
		require.NoError(t, grouped.AddN(l, 2))
		require.NoError(t, grouped.AddN(l, 3))
		require.NoError(t, grouped.AddN(l, 0))
		require.ErrorIs(t, grouped.AddN(l, -1), kpi.ErrLifetime)
	}
	require.NoError(t, grouped.AddN(kpi.Lifetime{Exit: 90}, 0))
	want, err := one.MarshalBinary()
	require.NoError(t, err)
	got, err := grouped.MarshalBinary()
	require.NoError(t, err)
	assert.Equal(t, want, got)
}
