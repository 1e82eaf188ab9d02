package points_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
)

func TestCapsTakeOffBeforeBudgetsAndNarrowPeriodsBeforeWide(t *testing.T) {
	day, month := points.Cap{Points: 15, Per: points.PerDay}, points.Cap{Points: 12, Per: points.PerMonth}
	budget := points.Cap{Points: 5, Per: points.PerDay}
	rules := []points.Rule{{Code: "gift", Bonus: 20, Caps: []points.Cap{month, day}, Budgets: []points.Cap{budget}}}
	result, err := points.EvaluateOrder(rules, []points.Unit{bean}, order(line("a", "10")), points.Env{At: monday})
	require.NoError(t, err)
	require.EqualValues(t, 5, result.Awards[0].Points)
	require.Equal(t, []points.Cut{{Cap: day, Points: 5}, {Cap: month, Points: 3}, {Cap: budget, Budget: true, Points: 7}}, result.Uses[0].Cuts)
}

func TestWhatACapLeavesOverSeveralLinesAddsUpToTheCap(t *testing.T) {
	rules := []points.Rule{{Code: "welcome", Bonus: 30, Caps: []points.Cap{{Points: 10, Per: points.PerEvent}}}}
	result, err := points.EvaluateOrder(rules, []points.Unit{bean}, order(line("a", "1"), line("b", "1"), line("c", "1")), points.Env{At: monday})
	require.NoError(t, err)
	require.Equal(t, "welcome a 4; welcome b 3; welcome c 3; ", shares(result.Awards[0]))
	require.EqualValues(t, 10, result.Awards[0].Points)
}

func TestEveryPeriodOfARulesCapsCountsWhatWasGiven(t *testing.T) {
	rules := []points.Rule{{Code: "walk", Activity: "walk", Bonus: 10, Caps: []points.Cap{
		{Times: 1, Per: points.PerDay}, {Points: 25, Per: points.PerMonth}, {Times: 4, Per: points.Lifetime},
	}}}
	var usage points.Usage
	for i, want := range []points.Amount{10, 0, 10, 0, 5, 0, 0, 10, 0} {
		at := monday.AddDate(0, 0, i/2).Add(time.Duration(i%2) * time.Hour)
		if i >= 7 {
			at = at.AddDate(0, 1, 0)
		}
		result, err := points.EvaluateFact(rules, []points.Unit{bean}, points.Activity{Code: "walk"}, points.Env{At: at, Usage: &usage})
		require.NoError(t, err)
		require.Len(t, result.Awards, 1)
		require.Equal(t, want, result.Awards[0].Points, "walk %d, at %s", i+1, at)
		usage = usage.Add(rules, result.Uses, at, nil)
	}
}

func TestOfOnePeriodTimesAreToldBeforePoints(t *testing.T) {
	caps := []points.Cap{{Points: 5, Per: points.PerDay}, {Times: 1, Per: points.PerDay}}
	for range 2 {
		rules := []points.Rule{{Code: "stamps", Bonus: 10, Count: &points.Count{Every: 1, Pieces: true}, Caps: caps}}
		three := points.Line{ID: "a", Quantity: 3, Amount: dec("3")}
		result, err := points.EvaluateOrder(rules, []points.Unit{bean}, order(three), points.Env{At: monday})
		require.NoError(t, err)
		require.Equal(t, []points.Cut{
			{Cap: points.Cap{Times: 1, Per: points.PerDay}, Points: 20}, {Cap: points.Cap{Points: 5, Per: points.PerDay}, Points: 5},
		}, result.Uses[0].Cuts)
		slices.Reverse(caps)
	}
}
