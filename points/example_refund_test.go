package points_test

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/points"
)

// An order comes back in pieces: a bag, some money for a dent, then the rest. The
// points that it earned go back to the last one, and no more.
func ExampleOrderState_Refund() {
	euros := func(text string) decimal.Decimal { return decimal.RequireFromString(text) }
	bean := points.Unit{Code: "bean", Expiry: points.NeverExpire()}
	rules := []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 1, Per: euros("1"), Currency: "EUR"}}}
	order := points.Order{ID: "1001", Currency: "EUR", Lines: []points.Line{
		{ID: "filter", Quantity: 3, Amount: euros("25.00")},
		{ID: "grinder", Amount: euros("89.90")},
	}}
	awards, err := points.Evaluate(rules, []points.Unit{bean}, order, points.Env{At: time.Date(2027, time.March, 1, 9, 30, 0, 0, time.UTC)})
	if err != nil {
		fmt.Println(err)
		return
	}
	state := points.NewOrderState(order, awards)
	fmt.Println("earned", awards[0].Points)

	for _, refund := range []points.Refund{
		{Lines: []points.RefundLine{{Line: "filter", Quantity: 1}}},
		{Lines: []points.RefundLine{{Line: "grinder", Amount: euros("15.00")}}},
		{Lines: []points.RefundLine{{Line: "filter", Quantity: 3}}},
		{Full: true},
	} {
		takes, err := state.Refund(refund)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println("takes", takes[0].Points)
	}

	// Output:
	// earned 114
	// takes 8
	// takes 15
	// points: refund of more than is left: of line "filter" 2 pieces, or money of 16.666666, are left
	// takes 91
}
