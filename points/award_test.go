package points_test

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
)

func TestACombinationsBonusBelongsToItsLines(t *testing.T) {
	item := func(id, code, amount string) points.Line { return points.Line{ID: id, Item: code, Amount: dec(amount)} }
	part := func(code string) points.Pieces { return points.Pieces{Match: points.Match{Items: []string{code}}} }
	rules := []points.Rule{
		{Code: "base", Spend: eur(1, "1")},
		{Code: "breakfast", Bonus: 10, Only: &points.Only{Combination: []points.Pieces{part("latte"), part("roll")}}},
	}
	o := order(item("a", "latte", "4"), item("b", "mug", "20"), item("c", "roll", "1"))
	awards, err := points.Evaluate(rules, []points.Unit{bean}, o, points.Env{At: monday})
	require.NoError(t, err)
	require.Equal(t, "base a 4 of 4; base b 20 of 20; base c 1 of 1; breakfast a 8; breakfast c 2; ", shares(awards[0]))

	state := points.NewOrderState(o, awards)
	takes, err := state.Refund(pieces("b", 1))
	require.NoError(t, err)
	require.EqualValues(t, 20, takes[0].Points, "the mug was no part of the breakfast")
}

func TestABonusIsNotSpreadOverCharges(t *testing.T) {
	o := order(line("a", "10"))
	o.Shipping, o.Fees = dec("5"), dec("5")
	rate := eur(1, "1")
	rate.Basis.Shipping, rate.Basis.Fees = true, true
	rules := []points.Rule{{Code: "base", Spend: rate}, {Code: "welcome", Bonus: 50}}
	awards, err := points.Evaluate(rules, []points.Unit{bean}, o, points.Env{At: monday})
	require.NoError(t, err)
	require.Equal(t, "base a 10 of 10; base shipping 5 of 5; base fees 5 of 5; welcome a 50; ", shares(awards[0]))
}

func TestNoRuleThatAppliesIsNoAward(t *testing.T) {
	tea := points.Match{Items: []string{"tea"}}
	none := map[string]points.Formula{"luck": func(points.Occasion) (points.Amount, error) { return 0, nil }}
	for name, rule := range map[string]points.Rule{
		"a bonus without a line to match": {Code: "tea", Bonus: 5, Match: tea},
		"a rate without one":              {Code: "tea", Spend: eur(1, "1"), Match: tea},
		"a multiplier without a rate":     {Code: "twice", Multiply: dec("2")},
		"a formula that gives nothing":    {Code: "luck", Formula: true},
	} {
		awards, err := points.Evaluate([]points.Rule{rule}, []points.Unit{bean}, order(line("a", "10")), points.Env{At: monday, Formulas: none})
		require.NoError(t, err)
		assert.Empty(t, awards, name)
	}
}

func TestTheOddPointOfTwoRatesIsTheFirstCodes(t *testing.T) {
	a, b := points.Line{ID: "a", Item: "roll", Amount: dec("1.50")}, points.Line{ID: "b", Item: "latte", Amount: dec("1.50")}
	rules := []points.Rule{
		{Code: "rolls", Spend: eur(1, "1"), Match: points.Match{Items: []string{"roll"}}},
		{Code: "lattes", Spend: eur(1, "1"), Match: points.Match{Items: []string{"latte"}}},
	}
	for _, o := range []points.Order{order(a, b), order(b, a)} {
		awards, err := points.Evaluate(rules, []points.Unit{bean}, o, points.Env{At: monday})
		require.NoError(t, err)
		require.Equal(t, "lattes b 2 of 1.5; rolls a 1 of 1.5; ", shares(awards[0]), "of 3 in all")
	}
}

func TestAStackedMultiplierOfOneUnitLeavesTheOthers(t *testing.T) {
	units := []points.Unit{bean, {Code: "star", Expiry: points.NeverExpire()}}
	rules := []points.Rule{
		{Code: "base", Spend: eur(1, "1")},
		{Code: "stars", Unit: "star", Spend: eur(1, "1")},
		{Code: "happy", Multiply: dec("2"), Stack: "hours"},
		{Code: "sunny", Multiply: dec("3"), Stack: "days"},
	}
	awards, err := points.Evaluate(rules, units, order(line("a", "10")), points.Env{At: monday})
	require.NoError(t, err)
	require.Len(t, awards, 2)
	require.Equal(t, "base a 10 of 10; happy a 30 of 10; sunny a 20 of 10; ", shares(awards[0]), "days before hours")
	require.Equal(t, "stars a 10 of 10; ", shares(awards[1]))
}

func TestTheBoundsOfAFactor(t *testing.T) {
	for _, c := range []struct {
		factor decimal.Decimal
		want   points.Amount // of 1,000,000 points; 0 is refused
	}{
		{decimal.New(1, 3), 1_000_000_000},
		{decimal.New(1, 2), 100_000_000},
		{dec("1000.000000"), 1_000_000_000},
		{dec("0.000001"), 1},
		{dec("2.500000"), 2_500_000},
		{dec("1000.000001"), 0},
		{decimal.New(1, 4), 0},
		{dec("0.0000001"), 0},
		{dec("340282366920938463463374607431768211457"), 0}, // 2^128 + 1
		{decimal.New(0, 1_000_000), 0},
	} {
		env := points.Env{At: monday, Boost: map[string]decimal.Decimal{"bean": c.factor}}
		awards, err := points.Evaluate([]points.Rule{{Code: "base", Spend: eur(1, "1")}}, []points.Unit{bean}, order(line("a", "1000000")), env)
		if c.want == 0 {
			require.EqualError(t, err, `points: boost of unit "bean": must be above 0, at most 1000, with at most 6 decimals`, c.factor)
			continue
		}
		require.NoError(t, err, c.factor)
		require.Equal(t, c.want, awards[0].Points, c.factor)
	}
}
