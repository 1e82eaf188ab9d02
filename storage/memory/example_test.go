package memory_test

import (
	"context"
	"fmt"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

func Example() {
	ctx := context.Background()
	store := memory.New()

	outcomes, err := store.Commit(ctx, []storage.Batch{{
		Program: "cafe",
		Legs: []storage.Leg{{
			Account: storage.Account{
				Program: "cafe", Member: "ada", Kind: storage.Person, Version: 1, Status: storage.Active,
				Balances: []points.Balance{{Unit: "bean", Available: 120}},
				DueAt:    points.Never,
			},
			Operation: storage.Operation{Program: "cafe", Member: "ada", Version: 1, Key: "sale-1", Type: "earn"},
			Lots: []storage.Lot{{Program: "cafe", Member: "ada", Lot: points.Lot{
				ID: 1, Unit: "bean", State: points.LotOpen, Original: 120, Remaining: 120, ExpiresAt: points.Never,
			}}},
		}},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("commit:", outcomes[0].Status)

	snapshots, err := store.Load(ctx, []storage.LoadRequest{{
		Program: "cafe", Member: "ada", Key: "sale-1",
		Debits: []storage.Debit{{Unit: "bean", Amount: 50, Limit: 8}},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	ada := snapshots[0]
	fmt.Println("version", ada.Account.Version, "by", ada.Operation.Type)
	fmt.Println("lot", ada.Lots[0].ID, "has", ada.Lots[0].Remaining)
	// Output:
	// commit: ok
	// version 1 by earn
	// lot 1 has 120
}
