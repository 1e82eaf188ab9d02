package points_test

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/points"
)

// Two rates, a tier's boost, Mondays and a welcome bonus come together on one
// order. Points are rounded once, and the shares add up to them.
func ExampleEvaluate() {
	euros := func(text string) decimal.Decimal { return decimal.RequireFromString(text) }
	star := points.Unit{Code: "star", Scale: 1, Expiry: points.NeverExpire()}
	rules := []points.Rule{
		{Code: "base", Spend: &points.SpendRate{Points: 10, Per: euros("1"), Currency: "EUR"}},
		{
			Code: "beans", Match: points.Match{Categories: []string{"beans"}},
			Spend: &points.SpendRate{Points: 20, Per: euros("1"), Currency: "EUR"},
		},
		{Code: "monday", When: points.When{Weekdays: points.Mon}, Multiply: euros("2")},
		{Code: "welcome", Bonus: 500},
	}
	order := points.Order{ID: "1001", Currency: "EUR", Lines: []points.Line{
		{ID: "filter", Category: "beans", Amount: euros("12.40")},
		{ID: "cake", Category: "food", Amount: euros("3.99")},
		{ID: "voucher", Amount: euros("50.00"), StoredValue: true},
	}}

	awards, err := points.Evaluate(rules, []points.Unit{star}, order, points.Env{
		At:    time.Date(2027, time.March, 1, 9, 30, 0, 0, time.UTC),
		Boost: map[string]decimal.Decimal{"star": euros("1.25")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, award := range awards {
		fmt.Printf("%s stars\n", star.Format(award.Points))
		for _, share := range award.Shares {
			fmt.Printf("  %-8s %-7s %6s\n", share.Rule, share.Line, star.Format(share.Points))
		}
	}

	// Output:
	// 121.9 stars
	//   base     cake       4.0
	//   beans    filter    24.8
	//   boost    filter     6.2
	//   boost    cake       1.0
	//   monday   filter    31.0
	//   monday   cake       4.9
	//   welcome  filter    37.8
	//   welcome  cake      12.2
}
