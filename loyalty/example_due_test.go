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

// monthlyBeans is a program whose beans are good for a month.
func monthlyBeans() loyalty.Program {
	return loyalty.Program{
		ID: "beans", Zone: "Europe/Vienna",
		Units: []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(1, points.Months)}},
	}
}

// RunDue books what time has made true: here that beans have expired. A host runs
// it from its own scheduler, as seldom as it likes. Balances are right without.
func ExampleEngine_RunDue() {
	ctx, now := context.Background(), time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	engine, err := loyalty.New(loyalty.Revisions{monthlyBeans()}, memory.New(), &loyalty.Options{
		Clock: func() time.Time { return now },
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, member := range []string{"anna", "ben", "cleo"} {
		for _, cmd := range []loyalty.Command{
			loyalty.Enroll{Member: member, Key: "signup"},
			loyalty.Adjust{Member: member, Key: "welcome", Unit: "bean", Points: 10, Reason: "welcome", Actor: "shop"},
		} {
			if _, err := engine.Do(ctx, cmd); err != nil {
				log.Fatal(err)
			}
		}
	}
	if _, err := engine.Do(ctx, loyalty.Spend{Member: "cleo", Key: "latte", Unit: "bean", Points: 10}); err != nil {
		log.Fatal(err)
	}

	now = now.AddDate(0, 0, 40)
	anna, err := engine.Member(ctx, "anna")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("anna has", anna.Balance("bean").Available, "before anything ran")
	for range 2 {
		report, err := engine.RunDue(ctx, nil)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("visited %d, settled %d, failed %d\n", report.Visited, report.Settled, len(report.Failed))
	}
	totals, err := engine.Totals(ctx)
	if err != nil {
		log.Fatal(err)
	}
	for _, total := range totals {
		fmt.Printf("%s %d %s in %d entries: %s to %s\n", total.Kind, total.Amount, total.Unit, total.Entries, total.From, total.To)
	}
	// Output:
	// anna has 0 before anything ran
	// visited 3, settled 3, failed 0
	// visited 0, settled 0, failed 0
	// adjust 30 bean in 3 entries: adjusted to available
	// expire 20 bean in 2 entries: available to expired
	// spend 10 bean in 1 entries: available to redeemed
}
