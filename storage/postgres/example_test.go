package postgres_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/postgres"
)

// cafe is a program with one rule: a bean for each euro.
var cafe = loyalty.Revisions{{
	ID: "cafe", Zone: "Europe/Vienna",
	Units: []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(12, points.Months)}},
	Earning: []points.Rule{
		{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}},
	},
}}

func Example() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	if err := postgres.Migrate(ctx, pool); err != nil {
		log.Fatal(err)
	}
	engine, err := loyalty.New(cafe, postgres.New(pool, nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	receipt, err := engine.Do(ctx, loyalty.Enroll{Member: "anna", Key: "enroll"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(receipt.Replayed)
}

// The points are stored if the order is.
func ExampleBind() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	engine, err := loyalty.New(cafe, postgres.New(pool, nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	tx, err := pool.Begin(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	if _, err := tx.Exec(ctx, "INSERT INTO orders (id, total) VALUES ($1, $2)", "A-1001", "12.40"); err != nil {
		log.Fatal(err)
	}
	order := points.Order{ID: "A-1001", Currency: "EUR", Lines: []points.Line{{Item: "latte", Amount: decimal.RequireFromString("12.40")}}}
	// loyalty.ErrRetryTransaction asks for all of this again.
	if _, err := engine.WithStore(postgres.Bind(tx)).Do(ctx, loyalty.Earn{Member: "anna", Key: "earn/A-1001", Order: order}); err != nil {
		log.Fatal(err)
	}
	if err := tx.Commit(ctx); err != nil {
		log.Fatal(err)
	}
}
