package points_test

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
)

func TestPiecesOfAnActivityAreItsAmount(t *testing.T) {
	rules := []points.Rule{{Code: "steps", Activity: "walk", Bonus: 5, Count: &points.Count{Every: 10, Pieces: true}}}
	var usage points.Usage
	for i, c := range []struct{ amount, want points.Amount }{{4, 0}, {5, 0}, {0, 5}, {25, 10}, {5, 5}} {
		env := points.Env{At: monday, Usage: &usage}
		result, err := points.EvaluateFact(rules, []points.Unit{bean}, points.Activity{Code: "walk", Amount: c.amount}, env)
		require.NoError(t, err)
		var earned points.Amount
		for _, award := range result.Awards {
			earned += award.Points
		}
		require.Equal(t, c.want, earned, "walk %d: an amount of 0 is one", i+1)
		usage = usage.Add(rules, result.Uses, monday, nil)
	}
}

func TestGiftCardsAndWhatIsFreeDoNotCount(t *testing.T) {
	gift := points.Line{ID: "gift", Quantity: 3, Amount: dec("30"), StoredValue: true}
	free := points.Line{ID: "free", Quantity: 3, Amount: decimal.Zero}
	latte := points.Line{ID: "latte", Quantity: 2, Amount: dec("9")}
	for _, c := range []struct {
		name           string
		order          points.Order
		orders, pieces int64
	}{
		{"an order of gift cards", order(gift), 0, 0},
		{"an order of free lines", order(free), 0, 0},
		{"an order of both", order(gift, free), 0, 0},
		{"an order with something else counts, and of its pieces those", order(gift, latte, free), 1, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			rules := []points.Rule{
				{Code: "orders", Bonus: 1, Count: &points.Count{Nth: 100}},
				{Code: "pieces", Bonus: 1, Count: &points.Count{Every: 100, Pieces: true}},
			}
			result, err := points.EvaluateOrder(rules, []points.Unit{bean}, c.order, points.Env{At: monday})
			require.NoError(t, err)
			counted := map[string]int64{}
			for _, use := range result.Uses {
				counted[use.Rule] = use.Counted
			}
			require.Equal(t, [2]int64{c.orders, c.pieces}, [2]int64{counted["orders"], counted["pieces"]})
		})
	}
}

func TestALineThatIsPartlyRefundedStillCounts(t *testing.T) {
	bought := order(points.Line{ID: "latte", Quantity: 3, Amount: dec("9")}, points.Line{ID: "cake", Amount: dec("4")})
	bought.Shipping = dec("5")
	byLine := func(line string, quantity int64, amount string) points.Refund {
		return points.Refund{Lines: []points.RefundLine{{Line: line, Quantity: quantity, Amount: dec(amount)}}}
	}
	for _, c := range []struct {
		name    string
		refunds []points.Refund
		pieces  int64
		orders  int64
	}{
		{"a part of a piece counts as one that was kept", []points.Refund{byLine("latte", 0, "2.99")}, 0, 0},
		{"as soon as it is whole it does not", []points.Refund{byLine("latte", 0, "2.99"), byLine("latte", 0, "0.01")}, 1, 0},
		{"two pieces, one by name and one by money", []points.Refund{byLine("latte", 1, "0"), byLine("latte", 0, "3")}, 2, 0},
		{"half of every piece is one of three, and none of one", []points.Refund{{Amount: dec("9")}}, 1, 0},
		{"all but a cent is an order still", []points.Refund{byLine("latte", 3, "0"), byLine("cake", 0, "3.99")}, 3, 0},
		{"nothing of the lines is left, though shipping is", []points.Refund{byLine("latte", 3, "0"), byLine("cake", 0, "4")}, 4, 1},
		{"shipping only", []points.Refund{byLine("shipping", 0, "5")}, 0, 0},
		{"all", []points.Refund{{Full: true}}, 4, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			state := points.NewOrderState(bought, nil)
			for _, refund := range c.refunds {
				_, err := state.Refund(refund)
				require.NoError(t, err)
			}
			require.Equal(t, c.pieces, state.Uncounted(true, []int{0, 1}))
			require.Equal(t, c.orders, state.Uncounted(false, []int{0, 1}))
		})
	}
}

func TestLinesThatAnOrderDoesNotHaveUncountNothing(t *testing.T) {
	state := points.NewOrderState(order(line("a", "1")), nil)
	_, err := state.Refund(points.Refund{Full: true})
	require.NoError(t, err)
	require.EqualValues(t, 1, state.Uncounted(true, []int{-1, 0, 1}))
}

func TestAnActivitysSharesAreSortedHoweverItsRulesAreListed(t *testing.T) {
	rules := []points.Rule{
		{Code: "c", Activity: "review", Bonus: 3}, {Code: "a", Activity: "review", Bonus: 1}, {Code: "b", Activity: "review", Bonus: 2},
	}
	for range len(rules) {
		rules = append(rules[1:], rules[0])
		result, err := points.EvaluateFact(rules, []points.Unit{bean}, points.Activity{Code: "review"}, points.Env{At: monday})
		require.NoError(t, err)
		require.Equal(t, []points.Share{{Rule: "a", Points: 1}, {Rule: "b", Points: 2}, {Rule: "c", Points: 3}}, result.Awards[0].Shares)
	}
}
