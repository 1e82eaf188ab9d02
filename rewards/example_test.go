package rewards_test

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
)

// A member asks what 80 beans are good for.
func Example() {
	catalog := rewards.Catalog{
		{
			Code: "free-coffee", Type: rewards.TypeFreeProduct, Benefit: rewards.Benefit{Items: []string{"espresso", "latte"}},
			Prices: []rewards.Price{{Unit: "bean", Points: 50}, {Unit: "bean", Points: 40, Tiers: []string{"gold"}}},
			Limits: []rewards.Limit{{Times: 1, Per: points.PerDay}},
		},
		{
			Code: "grinder", Type: rewards.TypePointsAndCash, Benefit: rewards.Benefit{Items: []string{"grinder"}},
			Prices: []rewards.Price{{Unit: "bean", Points: 300, Cash: decimal.NewFromInt(25), Currency: "EUR"}},
			Only:   rewards.Only{Tiers: []string{"silver", "gold"}}, Stock: 10,
		},
	}
	env := rewards.Env{
		At:       time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC),
		Balances: []points.Balance{{Unit: "bean", Available: 80, Pending: 30}},
	}
	for _, offer := range rewards.Evaluate(catalog, &env) {
		fmt.Println(offer.Reward, "for", offer.Costs[0].Words(points.Unit{}))
		for _, reason := range offer.Reasons {
			fmt.Println(" ", reason)
		}
	}
	// Output:
	// free-coffee for 50 bean
	// grinder for 300 bean and EUR 25
	//   is for the tiers silver, gold
	//   costs 300 bean, of which 220 are missing
}
