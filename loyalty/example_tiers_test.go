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
	"github.com/loyaltykit/loyaltykit/tiers"
)

// A coffee shop has regulars: who spends 100 euros in a calendar year is one to the end
// of the next, gets 50 beans on becoming one, and earns half as many again.
func Example_promotion() {
	perEuro := &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}
	program := loyalty.Program{
		ID: "beans", Zone: "Europe/Vienna",
		Units:   []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(1, points.Years)}, {Code: "euro", Kind: points.Metric}},
		Earning: []points.Rule{{Code: "base", Spend: perEuro}, {Code: "counts", Unit: "euro", Spend: perEuro}},
		Ladders: []tiers.Ladder{{
			Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}}, End: tiers.EndOfNextPeriod,
			Tiers: []tiers.Tier{{
				Code: "regular", Enter: tiers.Condition{All: []tiers.Need{{Metric: "euro", AtLeast: 100}}},
				Benefits: tiers.Benefits{Points: map[string]int64{"bean": 50}, Earn: map[string]decimal.Decimal{"bean": decimal.RequireFromString("1.5")}},
			}},
		}},
	}
	ctx, now := context.Background(), time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), &loyalty.Options{Clock: func() time.Time { return now }})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := engine.Do(ctx, loyalty.Enroll{Member: "m-7301", Key: "signup"}); err != nil {
		log.Fatal(err)
	}
	for _, order := range []struct {
		id    string
		euros int64
	}{{"1001", 60}, {"1002", 40}, {"1003", 10}} {
		lines := []points.Line{{Item: "coffee machine", Amount: decimal.NewFromInt(order.euros)}}
		receipt, err := engine.Do(ctx, loyalty.Earn{Member: "m-7301", Key: order.id, Order: points.Order{ID: order.id, Currency: "EUR", Lines: lines}})
		if err != nil {
			log.Fatal(err)
		}
		for _, change := range receipt.Tiers {
			fmt.Printf("%s with order %s: %s\n", change.Kind, order.id, change.To)
		}
	}
	member, err := engine.Member(ctx, "m-7301")
	if err != nil {
		log.Fatal(err)
	}
	status := member.Tier("status")
	fmt.Printf("%s until %s, %d beans\n", status.Tier, status.Until.Format(time.DateOnly), member.Balance("bean").Available)
	// Output:
	// promoted with order 1002: regular
	// regular until 2028-12-31, 165 beans
}
