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

// coffeeOver is an order of one line over an amount.
func coffeeOver(id, amount string) points.Order {
	return points.Order{ID: id, Currency: "EUR", Lines: []points.Line{{Amount: decimal.RequireFromString(amount)}}}
}

// memberPage prints what a member page shows as of an instant.
func memberPage(engine *loyalty.Engine, at time.Time) {
	m, err := engine.MemberAt(context.Background(), "m-7301", at)
	if err != nil {
		log.Fatal(err)
	}
	zone, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		log.Fatal(err)
	}
	balance := m.Balance("bean")
	fmt.Printf("%s: %d available, %d pending\n", m.At.In(zone).Format("2 Jan 2006"), balance.Available, balance.Pending)
	for _, part := range m.Maturing {
		fmt.Printf("  %3d usable from %s\n", part.Points, part.At.In(zone).Format("2 Jan 2006 15:04"))
	}
	for _, part := range m.Expiring {
		fmt.Printf("  %3d until before %s\n", part.Points, part.At.In(zone).Format("2 Jan 2006 15:04"))
	}
}

// A member page as of now, of a day in the past, and of one to come. Nothing has to
// run for that: points mature and expire by themselves.
func ExampleEngine_MemberAt() {
	ctx, now := context.Background(), time.Date(2027, time.January, 11, 9, 0, 0, 0, time.UTC)
	program := loyalty.Program{
		ID: "beans", Zone: "Europe/Vienna",
		Units: []points.Unit{{
			Code:    "bean",
			Expiry:  points.ExpireAfter(6, points.Months).At(points.EndOfMonth),
			Pending: points.For(14, points.Days),
		}},
		Earning: []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}}},
	}
	engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), &loyalty.Options{Clock: func() time.Time { return now }})
	if err != nil {
		log.Fatal(err)
	}
	do := func(cmd loyalty.Command) {
		if _, err := engine.Do(ctx, cmd); err != nil {
			log.Fatal(err)
		}
	}
	do(loyalty.Enroll{Member: "m-7301", Key: "signup"})
	do(loyalty.Earn{Member: "m-7301", Key: "order-1", Order: coffeeOver("1", "40.00")})
	now = time.Date(2027, time.March, 3, 9, 0, 0, 0, time.UTC)
	do(loyalty.Earn{Member: "m-7301", Key: "order-2", Order: coffeeOver("2", "25.00")})
	now = time.Date(2027, time.April, 1, 9, 0, 0, 0, time.UTC)
	do(loyalty.Earn{Member: "m-7301", Key: "order-3", Order: coffeeOver("3", "12.00")})

	memberPage(engine, now)
	memberPage(engine, time.Date(2027, time.January, 20, 9, 0, 0, 0, time.UTC))
	memberPage(engine, time.Date(2027, time.August, 15, 9, 0, 0, 0, time.UTC))
	// Output:
	// 1 Apr 2027: 65 available, 12 pending
	//    12 usable from 16 Apr 2027 00:00
	//    40 until before 1 Aug 2027 00:00
	//    25 until before 1 Oct 2027 00:00
	// 20 Jan 2027: 0 available, 40 pending
	//    40 usable from 26 Jan 2027 00:00
	// 15 Aug 2027: 37 available, 0 pending
	//    25 until before 1 Oct 2027 00:00
	//    12 until before 1 Nov 2027 00:00
}
