package points_test

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
)

// TestWhatIsEligibleOfAnOrderGoesDownWithItsRefunds has a mug of 12.00, two cakes of 9.00 and
// a gift card of 50.00, which earns nothing; shipping is 3.00.
func TestWhatIsEligibleOfAnOrderGoesDownWithItsRefunds(t *testing.T) {
	d := decimal.RequireFromString
	order := points.Order{ID: "1", Currency: "EUR", Shipping: d("3.00"), Lines: []points.Line{
		{ID: "mug", Amount: d("12.00"), Tax: d("2.40")},
		{ID: "cakes", Quantity: 2, Amount: d("9.00")},
		{ID: "card", Amount: d("50.00"), StoredValue: true},
	}}
	rules := []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 1, Per: d("1"), Currency: "EUR"}}}
	result, err := points.EvaluateOrder(rules, []points.Unit{{Code: "bean"}}, order, points.Env{})
	require.NoError(t, err)
	state := points.NewOrderState(order, result.Awards)
	left := func() string { return state.EligibleLeft().String() }
	require.Equal(t, "21", left(), "no shipping, no gift card, no tax")
	refund := func(r points.Refund) {
		_, err := state.Refund(r)
		require.NoError(t, err)
	}
	refund(points.Refund{Lines: []points.RefundLine{{Line: "cakes", Quantity: 1}}})
	require.Equal(t, "16.5", left())
	refund(points.Refund{Lines: []points.RefundLine{{Line: "card"}}})
	require.Equal(t, "16.5", left())
	refund(points.Refund{Amount: d("7.30")})
	require.Equal(t, "11", left(), "7.30 of 21.90 that are left is a third of each line")
	refund(points.Refund{Full: true})
	require.Equal(t, "0", left())
}
