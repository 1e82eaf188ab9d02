package whatif_test

import (
	"context"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/whatif"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// What would it have meant to give half as much again?
func Example() {
	ctx := context.Background()
	now := time.Date(2027, time.March, 8, 9, 0, 0, 0, time.UTC)
	program := loyalty.Program{
		ID: "beans", Zone: "Europe/Vienna", Units: []points.Unit{{Code: "bean", Expiry: points.NeverExpire()}},
		Earning: []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 2, Per: decimal.NewFromInt(1), Currency: "EUR"}}},
	}
	store := memory.New()
	engine, err := loyalty.New(loyalty.Revisions{program}, store, &loyalty.Options{Clock: func() time.Time { return now }})
	if err != nil {
		panic(err)
	}
	for _, cmd := range []loyalty.Command{
		loyalty.Enroll{Member: "m-7301", Key: "signup"},
		loyalty.Earn{Member: "m-7301", Key: "order-1001", Order: points.Order{
			ID: "1001", Currency: "EUR", Lines: []points.Line{{Amount: decimal.RequireFromString("120.00")}},
		}},
	} {
		if _, err := engine.Do(ctx, cmd); err != nil {
			panic(err)
		}
	}

	proposed := program
	proposed.Earning = []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 3, Per: decimal.NewFromInt(1), Currency: "EUR"}}}
	report, err := whatif.Compare(ctx, whatif.History(ctx, engine, store), loyalty.Revisions{program}, loyalty.Revisions{proposed},
		func() (storage.Store, error) { return memory.New(), nil }, &whatif.Options{Names: [2]string{"today", "proposed"}})
	if err != nil {
		panic(err)
	}
	beans := report.Units[0]
	fmt.Printf("issued %d, would have been %d; %d member gains, the most %d\n",
		beans.Books[0].Issued, beans.Books[1].Issued, beans.Gain, beans.Gainers[0].Gain())
	// Output: issued 240, would have been 360; 1 member gains, the most 120
}
