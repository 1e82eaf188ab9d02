package points_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
)

func TestUsageOfTwoMembersWhoBecomeOneAddsUp(t *testing.T) {
	march, april := monday.AddDate(0, 1, 0), monday.AddDate(0, 2, 0)
	one := points.Usage{Dropped: march, Marks: []points.Mark{{Rule: "walk", Period: "2027-05", End: april, Count: 3, Done: 1, Times: 1, Points: 10}}}
	other := points.Usage{Dropped: march.Add(time.Hour), Marks: []points.Mark{
		{Rule: "card", Period: "lifetime", End: points.Never, Count: 9},
		{Rule: "walk", Period: "2027-05", End: april, Count: 4, Done: 2, Times: 2, Points: 7},
	}}
	want := points.Usage{Dropped: march.Add(time.Hour), Marks: []points.Mark{
		{Rule: "card", Period: "lifetime", End: points.Never, Count: 9},
		{Rule: "walk", Period: "2027-05", End: april, Count: 7, Done: 3, Times: 3, Points: 17},
	}}
	require.Equal(t, want, one.Merge(other))
	require.Equal(t, want, other.Merge(one))
}

func TestAnEvaluationInAPeriodThatIsNoLongerKeptIsRefused(t *testing.T) {
	mark := func(rule, period string, end time.Time) points.Mark {
		return points.Mark{Rule: rule, Period: period, End: end, Times: 1}
	}
	first, second, third := monday.AddDate(0, 0, 1), monday.AddDate(0, 0, 2), monday.AddDate(0, 0, 3)
	usage := points.Usage{Marks: []points.Mark{mark("a", "1", first), mark("b", "2", second), mark("c", "3", third)}}
	kept := usage.Prune(second)
	require.Equal(t, points.Usage{Dropped: second, Marks: []points.Mark{mark("c", "3", third)}}, kept, "what ended at the instant has ended")

	capped := []points.Rule{{Code: "walk", Activity: "walk", Bonus: 1, Caps: []points.Cap{{Times: 1, Per: points.PerDay}}}}
	counted := []points.Rule{{Code: "walk", Activity: "walk", Bonus: 1, Count: &points.Count{Nth: 1, Per: points.PerDay}}}
	for _, rules := range [][]points.Rule{capped, counted} {
		for at, gone := range map[time.Time]bool{monday: true, second.Add(-13 * time.Hour): true, second: false} {
			_, err := points.EvaluateFact(rules, []points.Unit{bean}, points.Activity{Code: "walk"}, points.Env{At: at, Usage: &kept})
			if gone {
				require.ErrorIs(t, err, points.ErrUsageGone, at)
			} else {
				require.NoError(t, err, at)
			}
		}
	}
}

func TestWhatIsTakenBackOfACountEarnsNoSecondTime(t *testing.T) {
	rules := []points.Rule{{Code: "card", Bonus: 5, Count: &points.Count{Every: 3}}}
	var usage points.Usage
	buy := func() points.Amount {
		result, err := points.EvaluateOrder(rules, []points.Unit{bean}, order(line("a", "1")), points.Env{At: monday, Usage: &usage})
		require.NoError(t, err)
		usage = usage.Add(rules, result.Uses, monday, nil)
		if len(result.Awards) == 0 {
			return 0
		}
		return result.Awards[0].Points
	}
	require.Equal(t, []points.Amount{0, 0, 5}, []points.Amount{buy(), buy(), buy()})
	usage = usage.Uncount("card", "lifetime", 1, 0) // one of the first two is refunded
	require.Equal(t, []points.Amount{0, 0, 0, 5}, []points.Amount{buy(), buy(), buy(), buy()}, "the third of again three")
	usage = usage.Uncount("card", "lifetime", 100, 100)
	require.Equal(t, []points.Mark{{Rule: "card", Period: "lifetime", End: points.Never}}, usage.Marks, "never below nothing")
}

func TestAnOrderUsesNothingOfWhatAnActivityEarns(t *testing.T) {
	rules := []points.Rule{{Code: "walks", Activity: "walk", Bonus: 5, Count: &points.Count{Nth: 1}}}
	result, err := points.EvaluateOrder(rules, []points.Unit{bean}, order(line("a", "1")), points.Env{At: monday})
	require.NoError(t, err)
	require.Empty(t, result.Uses)
	require.Empty(t, result.Awards)
}

func TestAWeekEndsWithItsSunday(t *testing.T) {
	for day := range 7 {
		name, end := points.PerWeek.On(monday.AddDate(0, 0, day), nil)
		require.Equal(t, "2027-W09", name)
		require.Equal(t, time.Date(2027, time.March, 8, 0, 0, 0, 0, time.UTC), end.UTC(), "day %d", day)
	}
}

func TestAFormulaGivesNothingBelowZero(t *testing.T) {
	rules := []points.Rule{{Code: "luck", Formula: true}}
	formulas := map[string]points.Formula{"luck": func(points.Occasion) (points.Amount, error) { return -1, nil }}
	_, err := points.Evaluate(rules, []points.Unit{bean}, order(line("a", "1")), points.Env{At: monday, Formulas: formulas})
	require.ErrorContains(t, err, `rule "luck": its formula gave -1`)
}
