package storage_test

import (
	"context"
	"fmt"
	"log"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// Two callers saw a member who did not exist. Both commit what they decided in one
// call: the first wins, the second is told to look again, and nothing of it is
// stored.
func ExampleStore() {
	ctx := context.Background()
	store := memory.New()
	enroll := func(key string) storage.Batch {
		return storage.Batch{Program: "beans", Legs: []storage.Leg{{
			Expect:    0,
			Account:   storage.Account{Program: "beans", Member: "m-7301", Version: 1},
			Operation: storage.Operation{Program: "beans", Member: "m-7301", Version: 1, Key: key, Type: "enroll"},
		}}}
	}
	outcomes, err := store.Commit(ctx, []storage.Batch{enroll("signup in the shop"), enroll("signup in the app")})
	if err != nil {
		log.Fatal(err)
	}
	for _, outcome := range outcomes {
		fmt.Println(outcome.Status)
	}
	snapshots, err := store.Load(ctx, []storage.LoadRequest{
		{Program: "beans", Member: "m-7301", Key: "signup in the shop"},
		{Program: "beans", Member: "m-7301", Key: "signup in the app"},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, snapshot := range snapshots {
		fmt.Println("version", snapshot.Account.Version, "- the key was used:", snapshot.Operation != nil)
	}
	// Output:
	// ok
	// conflict
	// version 1 - the key was used: true
	// version 1 - the key was used: false
}

// A listing comes in pages, which the All functions put together.
func ExampleAllAccounts() {
	ctx := context.Background()
	store := memory.New()
	for _, member := range []string{"zoe", "ada", "ben"} {
		if _, err := store.Commit(ctx, []storage.Batch{{Program: "beans", Legs: []storage.Leg{{
			Account:   storage.Account{Program: "beans", Member: member, Version: 1},
			Operation: storage.Operation{Program: "beans", Member: member, Version: 1, Key: "signup"},
		}}}}); err != nil {
			log.Fatal(err)
		}
	}
	for account, err := range storage.AllAccounts(ctx, store, storage.AccountQuery{Program: "beans", Limit: 2}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(account.Member)
	}
	// Output:
	// ada
	// ben
	// zoe
}
