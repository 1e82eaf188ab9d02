package points_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
)

var walk = points.Activity{Code: "walk", Amount: 7}

func TestAFormulaIsAskedAboutWhatHappened(t *testing.T) {
	var asked points.Occasion
	formulas := map[string]points.Formula{"luck": func(o points.Occasion) (points.Amount, error) {
		asked = o
		return 4, nil
	}}
	env := points.Env{At: monday, Formulas: formulas, Tiers: []string{"gold"}, Segments: []string{"vip"}}
	o := order(points.Line{ID: "a", Quantity: 3, Amount: dec("9")})
	rule := points.Rule{Code: "luck", Formula: true, Count: &points.Count{Every: 1, Pieces: true}}
	awards, err := points.Evaluate([]points.Rule{rule}, []points.Unit{bean}, o, env)
	require.NoError(t, err)
	require.Equal(t, "luck a 12; ", shares(awards[0]), "4 for each of three pieces")
	require.Equal(t, &o, asked.Order)
	require.Nil(t, asked.Activity)
	require.Equal(t, []string{"gold"}, asked.Tiers)
	require.Equal(t, []string{"vip"}, asked.Segments)
	require.Equal(t, monday, asked.At)

	rule = points.Rule{Code: "luck", Formula: true, Activity: "walk"}
	result, err := points.EvaluateFact([]points.Rule{rule}, []points.Unit{bean}, walk, env)
	require.NoError(t, err)
	require.Equal(t, "luck  4; ", shares(result.Awards[0]))
	require.Equal(t, &walk, asked.Activity)
	require.Nil(t, asked.Order)
}

func TestWhatAFormulaMayGive(t *testing.T) {
	const most = 1_000_000_000_000_000
	broken := errors.New("no luck")
	for _, c := range []struct {
		name   string
		gives  points.Amount
		err    error
		awards int
		says   string
	}{
		{"nothing is no award", 0, nil, 0, ""},
		{"one point", 1, nil, 1, ""},
		{"the most", most, nil, 1, ""},
		{"more", most + 1, nil, 0, `points: rule "luck": its formula gave 1000000000000001, want 0 to 1000000000000000`},
		{"less than nothing", -1, nil, 0, `points: rule "luck": its formula gave -1, want 0 to 1000000000000000`},
		{"an error", 5, broken, 0, `points: rule "luck": its formula: no luck`},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := points.Env{At: monday, Formulas: map[string]points.Formula{"luck": func(points.Occasion) (points.Amount, error) { return c.gives, c.err }}}
			check := func(awards []points.Award, err error) {
				t.Helper()
				if c.says != "" {
					require.EqualError(t, err, c.says)
					require.Nil(t, awards)
					return
				}
				require.NoError(t, err)
				require.Len(t, awards, c.awards)
				if c.awards > 0 {
					require.Equal(t, c.gives, awards[0].Points)
				}
			}
			check(points.Evaluate([]points.Rule{{Code: "luck", Formula: true}}, []points.Unit{bean}, order(line("a", "1")), env))
			check(points.EvaluateActivity([]points.Rule{{Code: "luck", Formula: true, Activity: "walk"}}, []points.Unit{bean}, "walk", env))
		})
	}
	_, err := points.Evaluate([]points.Rule{{Code: "luck", Formula: true}}, []points.Unit{bean}, order(line("a", "1")), points.Env{At: monday})
	require.EqualError(t, err, `points: rule "luck": there is no formula for it`)
	pieces := points.Count{Every: 1, Pieces: true}
	_, err = points.EvaluateFact([]points.Rule{{Code: "steps", Activity: "walk", Bonus: most, Count: &pieces}}, []points.Unit{bean}, points.Activity{Code: "walk", Amount: 10_000}, points.Env{At: monday})
	require.ErrorIs(t, err, points.ErrOverflow, "ten thousand times the most")
}

func TestAnActivityEarnsEachUnitByItsOwnRules(t *testing.T) {
	units := []points.Unit{bean, {Code: "visits", Kind: points.Metric}, {Code: "nights", Kind: points.Metric}}
	rules := []points.Rule{
		{Code: "steps", Activity: "walk", Bonus: 5},
		{Code: "visit", Unit: "visits", Activity: "walk", Bonus: 1},
		{Code: "night", Unit: "nights", Activity: "sleep", Bonus: 1},
	}
	result, err := points.EvaluateFact(rules, units, walk, points.Env{At: monday})
	require.NoError(t, err)
	require.Equal(t, []points.Award{
		{Unit: "bean", Points: 5, Shares: []points.Share{{Rule: "steps", Points: 5}}},
		{Unit: "visits", Points: 1, Shares: []points.Share{{Rule: "visit", Points: 1}}},
	}, result.Awards)
}

func TestAnActivityHasTheAttributesThatARuleAsksFor(t *testing.T) {
	rule := points.Rule{Code: "survey", Activity: "survey", Bonus: 5, Only: &points.Only{
		Attributes: map[string][]string{"stars": {"4", "5"}, "language": {"de"}},
	}}
	for _, c := range []struct {
		name       string
		attributes map[string]string
		want       int
	}{
		{"both", map[string]string{"stars": "5", "language": "de", "age": "40"}, 1},
		{"one with another value", map[string]string{"stars": "3", "language": "de"}, 0},
		{"one alone", map[string]string{"stars": "4"}, 0},
		{"none", nil, 0},
	} {
		result, err := points.EvaluateFact([]points.Rule{rule}, []points.Unit{bean}, points.Activity{Code: "survey", Attributes: c.attributes}, points.Env{At: monday})
		require.NoError(t, err)
		assert.Len(t, result.Awards, c.want, c.name)
	}
}

func TestWhatAnActivityUsesOfCapsAndBudgets(t *testing.T) {
	limit, budget := points.Cap{Points: 4, Per: points.PerDay}, points.Cap{Points: 3, Per: points.PerDay}
	rules := []points.Rule{
		{Code: "b", Activity: "walk", Bonus: 10, Caps: []points.Cap{limit}, Budgets: []points.Cap{budget}},
		{Code: "a", Activity: "walk", Bonus: 10, Caps: []points.Cap{limit}},
		{Code: "card", Bonus: 1, Count: &points.Count{Every: 2}},
	}
	usage := points.Usage{Marks: []points.Mark{{Rule: "a", Period: "2027-03-01", End: monday.AddDate(0, 0, 1), Times: 1, Points: 4}}}
	result, err := points.EvaluateFact(rules, []points.Unit{bean}, walk, points.Env{At: monday, Usage: &usage})
	require.NoError(t, err)
	require.Equal(t, "a  0; b  3; ", shares(result.Awards[0]))
	require.Equal(t, []points.Use{
		{Rule: "a", Cuts: []points.Cut{{Cap: limit, Points: 10}}},
		{Rule: "b", Times: 1, Points: 3, Cuts: []points.Cut{{Cap: limit, Points: 6}, {Cap: budget, Budget: true, Points: 1}}},
	}, result.Uses, "by the rules' codes")
}

func TestARateOfAnotherCurrencyCountsNothing(t *testing.T) {
	rate := *eur(1, "1")
	rate.Currency = "USD"
	rules := []points.Rule{{Code: "base", Spend: eur(1, "1")}, {Code: "usd", Spend: &rate, Count: &points.Count{Nth: 2}}}
	result, err := points.EvaluateOrder(rules, []points.Unit{bean}, order(line("a", "1")), points.Env{At: monday})
	require.NoError(t, err)
	require.Empty(t, result.Uses)
}

func TestALineWithoutAQuantityIsOnePieceOfACombination(t *testing.T) {
	pair := points.Rule{Code: "pair", Bonus: 10, Only: &points.Only{Combination: []points.Pieces{{Quantity: 2}}}}
	charged := order(line("a", "1"))
	charged.Shipping, charged.Fees = dec("1"), dec("1")
	for _, c := range []struct {
		name  string
		order points.Order
		want  int
	}{
		{"one line", order(line("a", "1")), 0},
		{"nor is a charge a piece", charged, 0},
		{"two lines", order(line("a", "1"), line("b", "1")), 1},
		{"one line of two", order(points.Line{ID: "a", Quantity: 2, Amount: dec("1")}), 1},
	} {
		awards, err := points.Evaluate([]points.Rule{pair}, []points.Unit{bean}, c.order, points.Env{At: monday})
		require.NoError(t, err)
		assert.Len(t, awards, c.want, c.name)
	}
}
