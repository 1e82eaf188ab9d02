package sqlite_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/sqlite"
)

func Example() {
	dir, err := os.MkdirTemp("", "shop")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()

	store, err := sqlite.Open(filepath.Join(dir, "shop.db"), nil)
	if err != nil {
		log.Fatal(err)
	}
	// An engine is made with loyalty.New(revisions, store, nil). Nobody has
	// enrolled yet.
	page, err := store.Accounts(context.Background(), storage.AccountQuery{Program: "coffee"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(page.Items), "members")
	if err := store.Close(); err != nil {
		log.Fatal(err)
	}
	// Output: 0 members
}
