package loyalty_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// forged is a store in which somebody has edited the ledger: ben's welcome is ten
// times what was booked.
type forged struct{ storage.Store }

func (f forged) Entries(ctx context.Context, query storage.MemberQuery) (storage.Page[storage.Entry], error) {
	page, err := f.Store.Entries(ctx, query)
	for i := range page.Items {
		if page.Items[i].Member == "ben" {
			page.Items[i].Amount *= 10
		}
	}
	return page, err
}

// Verify walks the hash chain of every account and recomputes balances and lots.
// It names the row that does not fit.
func ExampleEngine_Verify() {
	ctx, store := context.Background(), memory.New()
	program := loyalty.Program{
		ID: "beans", Zone: "Europe/Vienna",
		Units: []points.Unit{{Code: "bean", Expiry: points.NeverExpire()}},
	}
	engine, err := loyalty.New(loyalty.Revisions{program}, store, &loyalty.Options{
		Clock: func() time.Time { return time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC) },
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, member := range []string{"anna", "ben"} {
		for _, cmd := range []loyalty.Command{
			loyalty.Enroll{Member: member, Key: "signup"},
			loyalty.Adjust{Member: member, Key: "welcome", Unit: "bean", Points: 10, Reason: "welcome", Actor: "shop"},
		} {
			if _, err := engine.Do(ctx, cmd); err != nil {
				log.Fatal(err)
			}
		}
	}
	for _, books := range []storage.Store{store, forged{store}} {
		report, err := engine.WithStore(books).Verify(ctx, nil)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d accounts, %d operations, %d entries: ok %t\n", report.Accounts, report.Operations, report.Entries, report.OK())
		for _, problem := range report.Problems {
			fmt.Println(problem.Error())
		}
	}
	// Output:
	// 2 accounts, 4 operations, 2 entries: ok true
	// 2 accounts, 3 operations, 1 entries: ok false
	// member "ben": entry 2.0: is not what was written
}
