package loyalty_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// grinderOrder is an order of a grinder and two bags of coffee.
func grinderOrder() points.Order {
	return points.Order{ID: "1001", Currency: "EUR", Lines: []points.Line{
		{ID: "grinder", Amount: decimal.RequireFromString("89.00")},
		{ID: "coffee", Quantity: 2, Amount: decimal.RequireFromString("25.80")},
	}}
}

// A member spends the points of an order and then sends part of the order back.
// What is left of them is taken; the rest is reported, so that the shop can pay
// back less money.
func ExampleRefund() {
	ctx, now := context.Background(), time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	program := loyalty.Program{
		ID: "beans", Zone: "Europe/Vienna",
		Units:   []points.Unit{{Code: "bean", Expiry: points.NeverExpire()}},
		Earning: []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}}},
	}
	engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), &loyalty.Options{Clock: func() time.Time { return now }})
	if err != nil {
		log.Fatal(err)
	}
	for _, cmd := range []loyalty.Command{
		loyalty.Enroll{Member: "m-7301", Key: "signup"},
		loyalty.Earn{Member: "m-7301", Key: "order-1001", Order: grinderOrder()},
		loyalty.Spend{Member: "m-7301", Key: "voucher-1", Unit: "bean", Points: 80, Reference: "voucher-1"},
		loyalty.Refund{
			Member: "m-7301", Key: "refund-1", Order: "1001", Reason: "one bag was torn",
			Lines: []points.RefundLine{{Line: "coffee", Quantity: 1}},
		},
		loyalty.Refund{Member: "m-7301", Key: "refund-2", Order: "1001", Full: true, Reason: "sent back"},
	} {
		receipt, err := engine.Do(ctx, cmd)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(receipt)
	}
	// Output:
	// enroll
	// earn 1001
	// earned 114 bean, usable from 1 Mar 2027
	//   base        114  1 bean per EUR 1 on EUR 114.80
	//     grinder    89  on EUR 89.00 of line grinder
	//     coffee     25  on EUR 25.80 of line coffee
	// balance 114 bean available
	// spend voucher-1
	// spend 80 bean: available to redeemed
	// balance 34 bean available
	// refund 1001
	// reverse 12 bean: available to reversed
	// balance 22 bean available
	// refund 1001
	// reverse 22 bean: available to reversed
	// missing 80 bean that could not be taken back
	// balance 0 bean available
}
