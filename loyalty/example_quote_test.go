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

// basket is what lies in a customer's basket.
func basket() points.Order {
	return points.Order{ID: "basket-17", Currency: "EUR", Lines: []points.Line{
		{Item: "latte", Category: "coffee", Quantity: 2, Amount: decimal.RequireFromString("9.80")},
		{Item: "beans 1 kg", Category: "retail", Amount: decimal.RequireFromString("24.90")},
	}}
}

// A quote answers what a command would do, and stores nothing: what a basket page
// shows before the order is paid.
func ExampleEngine_Quote() {
	ctx, now := context.Background(), time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	program := loyalty.Program{
		ID: "beans", Zone: "Europe/Vienna",
		Units: []points.Unit{{Code: "bean", Expiry: points.NeverExpire()}},
		Earning: []points.Rule{
			{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}},
			{Code: "coffee", Match: points.Match{Categories: []string{"coffee"}}, Multiply: decimal.NewFromInt(3)},
			{Code: "thanks", Bonus: 5},
		},
	}
	engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), &loyalty.Options{Clock: func() time.Time { return now }})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := engine.Do(ctx, loyalty.Enroll{Member: "m-7301", Key: "signup"}); err != nil {
		log.Fatal(err)
	}
	quote, err := engine.Quote(ctx, loyalty.Earn{Member: "m-7301", Key: "quote", Order: basket()})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(quote)
	member, err := engine.Member(ctx, "m-7301")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("stored so far:", member.Balance("bean").Available)
	// Output:
	// earn basket-17
	// earned 59 bean, usable from 1 Mar 2027
	//   base         35  1 bean per EUR 1 on EUR 34.70
	//     1          10  on EUR 9.80 of line 1
	//     2          25  on EUR 24.90 of line 2
	//   coffee       19  × 3
	//   thanks        5  bonus
	//     1           1  for line 1
	//     2           4  for line 2
	// balance 59 bean available
	// stored so far: 0
}
