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

// A program changes by a further revision: from June on coffee earns twice as much.
func ExampleRevisions() {
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		log.Fatal(err)
	}
	spend := func(beans points.Amount) []points.Rule {
		return []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: beans, Per: decimal.NewFromInt(1), Currency: "EUR"}}}
	}
	program := loyalty.Program{
		ID: "beans", Zone: "Europe/Vienna",
		Units:   []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(1, points.Years)}},
		Earning: spend(1),
	}
	now := time.Date(2027, time.May, 31, 23, 58, 0, 0, vienna)
	store, options := memory.New(), &loyalty.Options{Clock: func() time.Time { return now }}

	next := program
	next.EffectiveAt = time.Date(2027, time.June, 1, 0, 0, 0, 0, vienna)
	next.Earning = spend(2)
	engine, err := loyalty.New(loyalty.Revisions{program, next}, store, options)
	if err != nil {
		log.Fatal(err)
	}

	ctx := context.Background()
	commands := []loyalty.Command{
		loyalty.Enroll{Member: "m-7301", Key: "signup"},
		loyalty.Earn{Member: "m-7301", Key: "order-1001", Order: latteFor("1001")},
		loyalty.Earn{Member: "m-7301", Key: "order-1002", Order: latteFor("1002")},
	}
	for _, command := range commands {
		receipt, err := engine.Do(ctx, command)
		if err != nil {
			log.Fatal(err)
		}
		for _, award := range receipt.Awards {
			fmt.Println(receipt.RecordedAt.In(vienna).Format("2 Jan 15:04"), award.Points, "beans")
		}
		now = now.Add(time.Minute)
	}
	// Output:
	// 31 May 23:59 5 beans
	// 1 Jun 00:00 10 beans
}

func latteFor(id string) points.Order {
	return points.Order{ID: id, Currency: "EUR", Lines: []points.Line{{Item: "latte", Amount: decimal.NewFromInt(5)}}}
}
