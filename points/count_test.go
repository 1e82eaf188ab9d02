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
