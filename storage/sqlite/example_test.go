package sqlite_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/sqlite"
)

// The shop closes in the evening and opens in the morning: what was earned is in
// the file.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "shop")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "shop.db")
	program := loyalty.Program{
		ID: "beans", Zone: "Europe/Vienna",
		Units: []points.Unit{{Code: "bean", Expiry: points.NeverExpire()}},
		Earning: []points.Rule{
			{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}},
		},
	}
	open := func(work func(engine *loyalty.Engine) error) {
		store, err := sqlite.Open(file, nil)
		if err != nil {
			log.Fatal(err)
		}
		defer store.Close()
		engine, err := loyalty.New(loyalty.Revisions{program}, store, nil)
		if err != nil {
			log.Fatal(err)
		}
		if err := work(engine); err != nil {
			log.Fatal(err)
		}
	}
	ctx := context.Background()
	latte := points.Order{ID: "1001", Currency: "EUR", Lines: []points.Line{{Amount: decimal.RequireFromString("12.40")}}}

	open(func(engine *loyalty.Engine) error {
		if _, err := engine.Do(ctx, loyalty.Enroll{Member: "m-7301", Key: "signup"}); err != nil {
			return err
		}
		_, err := engine.Do(ctx, loyalty.Earn{Member: "m-7301", Key: "order-1001", Order: latte})
		return err
	})
	open(func(engine *loyalty.Engine) error {
		member, err := engine.Member(ctx, "m-7301")
		fmt.Println(member.Balance("bean").Available)
		return err
	})
	// Output:
	// 12
}
