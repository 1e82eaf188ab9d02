package loyalty_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// supportCase is what a support clerk looks into.
func supportCase(now *time.Time) *loyalty.Engine {
	program := loyalty.Program{
		ID: "beans", Zone: "Europe/Vienna",
		Units: []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(1, points.Months)}},
	}
	engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), &loyalty.Options{Clock: func() time.Time { return *now }})
	if err != nil {
		log.Fatal(err)
	}
	for _, cmd := range []loyalty.Command{
		loyalty.Enroll{Member: "m-7301", Key: "signup"},
		loyalty.Adjust{Member: "m-7301", Key: "ticket-88", Unit: "bean", Points: 50, Reason: "the grinder came late", Actor: "clerk-4"},
		loyalty.Spend{Member: "m-7301", Key: "voucher-1", Unit: "bean", Points: 20, Reference: "voucher-1"},
	} {
		if _, err := engine.Do(context.Background(), cmd); err != nil {
			log.Fatal(err)
		}
		*now = now.Add(time.Hour)
	}
	return engine
}

// Every movement says when, why and by whom.
func ExampleEngine_History() {
	ctx, now := context.Background(), time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	engine := supportCase(&now)
	now = now.AddDate(0, 2, 0)
	if _, err := engine.RunDue(ctx, nil); err != nil {
		log.Fatal(err)
	}
	for op, err := range engine.History(ctx, "m-7301") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d. %s %s", op.Version, op.OccurredAt.Format("2 Jan 15:04"), op.Type)
		if op.Actor != "" {
			fmt.Printf(" by %s: %s", op.Actor, op.Reason)
		}
		fmt.Println()
		for _, e := range op.Entries {
			fmt.Printf("    %s %d %s: %s to %s\n", e.Kind, e.Amount, e.Unit, e.From, e.To)
		}
	}
	// Output:
	// 1. 1 Mar 09:00 enroll
	// 2. 1 Mar 10:00 adjust by clerk-4: the grinder came late
	//     adjust 50 bean: adjusted to available
	// 3. 1 Mar 11:00 spend
	//     spend 20 bean: available to redeemed
	// 4. 1 Apr 22:00 settle
	//     expire 30 bean: available to expired
}
