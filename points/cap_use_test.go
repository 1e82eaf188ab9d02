package points_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
)

// stamps is an order of three pieces on one line for 30.00, each of which earns a bonus
// of 10 by stampRule.
func stamps() points.Order {
	return order(points.Line{ID: "a", Quantity: 3, Amount: dec("30")})
}

func stampRule(caps ...points.Cap) points.Rule {
	return points.Rule{Code: "stamps", Bonus: 10, Count: &points.Count{Every: 1, Pieces: true}, Caps: caps}
}

func TestWhatAnOrderUsesOfCaps(t *testing.T) {
	day, month := points.Cap{Points: 15, Per: points.PerDay}, points.Cap{Times: 2, Per: points.PerMonth}
	many := points.Cap{Times: 9, Per: points.PerDay}
	double := points.Rule{Code: "double", Multiply: dec("2"), Count: &points.Count{Every: 1, Pieces: true}, Caps: []points.Cap{many}}
	base := points.Rule{Code: "base", Spend: eur(1, "1")}
	for _, c := range []struct {
		name   string
		rules  []points.Rule
		points points.Amount
		uses   []points.Use
	}{
		{"under a cap nothing is cut", []points.Rule{stampRule(many)}, 30, []points.Use{{Rule: "stamps", Times: 3, Points: 30}}},
		{"a cap of points leaves the number of times", []points.Rule{stampRule(points.Cap{Points: 2, Per: points.PerDay})}, 2, []points.Use{
			{Rule: "stamps", Times: 3, Points: 2, Cuts: []points.Cut{{Cap: points.Cap{Points: 2, Per: points.PerDay}, Points: 28}}},
		}},
		{"two times of 10 are more than the 15 that the day left", []points.Rule{stampRule(month, day)}, 15, []points.Use{
			{Rule: "stamps", Times: 2, Points: 15, Cuts: []points.Cut{{Cap: day, Points: 15}}},
		}},
		{"a multiplier is given once for an order, however many pieces count", []points.Rule{base, double}, 60, []points.Use{
			{Rule: "double", Times: 1, Points: 30},
		}},
		{"a rule without caps uses none", []points.Rule{base, {Code: "gift", Bonus: 1, Caps: []points.Cap{many}}}, 31, []points.Use{
			{Rule: "gift", Times: 1, Points: 1},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			result, err := points.EvaluateOrder(c.rules, []points.Unit{bean}, stamps(), points.Env{At: monday})
			require.NoError(t, err)
			require.Len(t, result.Awards, 1)
			assert.Equal(t, c.points, result.Awards[0].Points)
			for i := range result.Uses {
				result.Uses[i].Counted, result.Uses[i].Lines, result.Uses[i].Completed = 0, nil, 0
			}
			assert.Equal(t, c.uses, result.Uses)
		})
	}
}

func TestWhatIsUsedBeyondACapLeavesNothing(t *testing.T) {
	used := &points.Usage{Marks: []points.Mark{{Rule: "stamps", Period: "2027-03", End: points.Never, Times: 5, Points: 50}}}
	for _, c := range []struct {
		name   string
		rule   points.Rule
		usage  *points.Usage
		budget int64
	}{
		{"of times, as two members had who became one", stampRule(points.Cap{Times: 4, Per: points.PerMonth}), used, 0},
		{"of points, as before a smaller cap came into force", stampRule(points.Cap{Points: 40, Per: points.PerMonth}), used, 0},
		{"of a budget of points", points.Rule{Code: "stamps", Bonus: 10, Budgets: []points.Cap{{Points: 100, Per: points.PerDay}}}, nil, -5},
		{"of a budget of times", points.Rule{Code: "stamps", Bonus: 10, Budgets: []points.Cap{{Times: 100, Per: points.PerDay}}}, nil, -5},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := points.Env{At: monday, Usage: c.usage, Left: func(string, points.Cap) (int64, error) { return c.budget, nil }}
			result, err := points.EvaluateOrder([]points.Rule{c.rule}, []points.Unit{bean}, stamps(), env)
			require.NoError(t, err)
			require.Len(t, result.Awards, 1)
			assert.Zero(t, result.Awards[0].Points)
			assert.Zero(t, result.Uses[0].Times)
		})
	}
}

func TestAnOrderInAPeriodThatIsNoLongerKeptIsRefused(t *testing.T) {
	usage := &points.Usage{Dropped: monday.AddDate(0, 0, 1)}
	evaluate := func(rule points.Rule) ([]points.Award, error) {
		return points.Evaluate([]points.Rule{rule}, []points.Unit{bean}, stamps(), points.Env{At: monday, Usage: usage})
	}
	day := []points.Cap{{Points: 5, Per: points.PerDay}}
	for name, rule := range map[string]points.Rule{
		"the cap of a rate": {Code: "base", Spend: eur(1, "1"), Caps: day},
		"a bonus's":         {Code: "gift", Bonus: 10, Caps: day},
		"a count":           {Code: "card", Bonus: 10, Count: &points.Count{Nth: 1, Per: points.PerDay}},
	} {
		awards, err := evaluate(rule)
		require.ErrorIs(t, err, points.ErrUsageGone, name)
		require.Nil(t, awards)
	}
	awards, err := evaluate(points.Rule{Code: "gift", Bonus: 10, Caps: []points.Cap{{Points: 5, Per: points.PerEvent}}})
	require.NoError(t, err, "of one order no more is to be kept")
	require.EqualValues(t, 5, awards[0].Points)
}

func TestABudgetThatCannotBeAskedGivesNothingAway(t *testing.T) {
	broken := errors.New("no answer")
	env := points.Env{At: monday, Left: func(string, points.Cap) (int64, error) { return 9, broken }}
	rules := []points.Rule{{Code: "gift", Bonus: 10, Budgets: []points.Cap{{Points: 5, Per: points.PerDay}}}}
	awards, err := points.Evaluate(rules, []points.Unit{bean}, stamps(), env)
	require.ErrorIs(t, err, broken)
	require.Nil(t, awards)
}

func TestOfWhatACapLeavesTheLargestFractionGetsTheOddPoint(t *testing.T) {
	rules := []points.Rule{{Code: "base", Spend: eur(1, "1"), Caps: []points.Cap{{Points: 10, Per: points.PerEvent}}}}
	awards, err := points.Evaluate(rules, []points.Unit{bean}, order(line("a", "11"), line("b", "10")), points.Env{At: monday})
	require.NoError(t, err)
	require.Equal(t, "base a 5 of 11; base b 5 of 10; ", shares(awards[0]), "of 21 are left 10: 5 5/21 and 4 16/21")
}

func TestCutWords(t *testing.T) {
	for want, cut := range map[string]points.Cut{
		"30 bean less by the cap of 100 bean a day":    {Cap: points.Cap{Points: 100, Per: points.PerDay}, Points: 30},
		"1 bean less by the cap of once in a lifetime": {Cap: points.Cap{Times: 1, Per: points.Lifetime}, Points: 1},
		"2 bean less by the budget of 5 times a month": {Cap: points.Cap{Times: 5, Per: points.PerMonth}, Budget: true, Points: 2},
		"3 bean less by the budget of 7 bean at once":  {Cap: points.Cap{Points: 7, Per: points.PerEvent}, Budget: true, Points: 3},
	} {
		require.Equal(t, want, cut.Words(bean))
	}
}

func TestEvaluateRefusesCountsAndCapsWithoutOneNumber(t *testing.T) {
	for _, count := range []points.Count{{}, {Nth: -1}, {Every: -1}, {Nth: 1, Every: 1}} {
		rules := []points.Rule{{Code: "card", Bonus: 1, Count: &count}}
		_, err := points.Evaluate(rules, []points.Unit{bean}, stamps(), points.Env{At: monday})
		require.EqualError(t, err, `points: rule "card": its count must have one number above 0`, "%+v", count)
	}
	for _, bound := range []points.Cap{{}, {Times: -1}, {Points: -1}, {Times: 1, Points: 1}} {
		bound.Per = points.PerDay
		for _, rule := range []points.Rule{{Code: "gift", Bonus: 1, Caps: []points.Cap{bound}}, {Code: "gift", Bonus: 1, Budgets: []points.Cap{bound}}} {
			_, err := points.Evaluate([]points.Rule{rule}, []points.Unit{bean}, stamps(), points.Env{At: monday})
			require.EqualError(t, err, `points: rule "gift": a cap must have either times or points above 0`, "%+v", bound)
		}
	}
}
