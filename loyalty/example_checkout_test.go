package loyalty_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// Points pay for a part of an order, and the rest earns, in one commit. What is returned
// comes back in the proportion in which it was paid.
func ExampleEarn_checkout() {
	now := time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	program := loyalty.Program{
		ID: "beans", Zone: "Europe/Vienna",
		Units:   []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(12, points.Months)}},
		Earning: []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}}},
		Catalog: rewards.Catalog{{Code: "pay", Type: rewards.TypeCashBack, Exchange: &rewards.Exchange{
			Unit: "bean", Points: 100, Money: decimal.NewFromInt(1), Currency: "EUR", Share: decimal.NewFromInt(50),
		}}},
	}
	engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), &loyalty.Options{Clock: func() time.Time { return now }})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	commands := []loyalty.Command{
		loyalty.Enroll{Member: "m-7301", Key: "enroll"},
		loyalty.Adjust{Member: "m-7301", Key: "welcome", Unit: "bean", Points: 1500, Reason: "welcome", Actor: "shop"},
		loyalty.Earn{
			Member: "m-7301", Key: "order 1001", Pay: &loyalty.PayPoints{Reward: "pay", Points: 1000},
			Order: points.Order{ID: "1001", Currency: "EUR", Lines: []points.Line{
				{ID: "grinder", Amount: decimal.NewFromInt(32)}, {ID: "beans", Amount: decimal.NewFromInt(8)},
			}},
		},
		loyalty.Refund{Member: "m-7301", Key: "return 1001", Order: "1001", Lines: []points.RefundLine{{Line: "beans"}}},
	}
	for _, cmd := range commands[:2] {
		if _, err := engine.Do(ctx, cmd); err != nil {
			log.Fatal(err)
		}
	}
	for _, cmd := range commands[2:] {
		receipt, err := engine.Do(ctx, cmd)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(receipt)
	}
	// Output:
	// earn 1001
	// earned 30 bean, usable from 1 Mar 2027
	//   base         30  1 bean per EUR 1 on EUR 30.00
	//     grinder    24  on EUR 24.00 of line grinder
	//     beans       6  on EUR 6.00 of line beans
	// 1000 bean pay EUR 10, EUR 30 are left to pay
	// balance 530 bean available
	// refund 1001
	// EUR 2 come back in points, EUR 6 in money
	// reverse 6 bean: available to reversed
	// return 200 bean: redeemed to available
	// balance 724 bean available
}
