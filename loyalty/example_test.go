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

func Example() {
	program := loyalty.Program{
		ID: "beans", Zone: "Europe/Vienna",
		Units: []points.Unit{{Code: "bean", Pending: points.For(14, points.Days), Expiry: points.ExpireAfter(1, points.Years)}},
		Earning: []points.Rule{
			{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}},
			{Code: "monday", When: points.When{Weekdays: points.Mon}, Multiply: decimal.NewFromInt(2)},
		},
	}
	ctx := context.Background()
	clock := func() time.Time { return time.Date(2027, time.February, 22, 9, 30, 0, 0, time.UTC) }
	engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), &loyalty.Options{Clock: clock})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := engine.Do(ctx, loyalty.Enroll{Member: "m-7301", Key: "signup"}); err != nil {
		log.Fatal(err)
	}
	latte := points.Line{Item: "latte", Amount: decimal.RequireFromString("12.40")}
	order := points.Order{ID: "1001", Currency: "EUR", Lines: []points.Line{latte}}
	receipt, err := engine.Do(ctx, loyalty.Earn{Member: "m-7301", Key: "order-1001", Order: order})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(receipt)
	// Output:
	// earn 1001
	// earned 24 bean, usable from 9 Mar 2027
	//   base         12  1 bean per EUR 1 on EUR 12.40
	//   monday       12  × 2 on mon
	// balance 0 bean available, 24 pending
}
