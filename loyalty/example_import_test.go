package loyalty_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"log"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

const orderLog = `1001,m-1,2026-01-05T08:10:00Z,12.50
1002,m-2,2026-01-05T09:00:00Z,8.00
1003,m-1,2026-02-11T08:05:00Z,31.90
1003,m-1,2026-02-11T08:05:00Z,31.90
1001,m-2,2026-02-12T10:30:00Z,4.20
`

// commandsOf turns an order log into commands: each member enrolls with the first
// order. Keys come from the log, so that running it again does nothing twice.
func commandsOf(rows io.Reader) iter.Seq[loyalty.Command] {
	return func(yield func(loyalty.Command) bool) {
		seen := map[string]bool{}
		for r := csv.NewReader(rows); ; {
			row, err := r.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				log.Fatal(err)
			}
			id, member, amount := row[0], row[1], decimal.RequireFromString(row[3])
			at, err := time.Parse(time.RFC3339, row[2])
			if err != nil {
				log.Fatal(err)
			}
			if !seen[member] && !yield(loyalty.Enroll{Member: member, Key: "import", OccurredAt: at}) {
				return
			}
			seen[member] = true
			order := points.Order{ID: id, Currency: "EUR", Lines: []points.Line{{Amount: amount}}}
			if !yield(loyalty.Earn{Member: member, Key: "order-" + id, Order: order, OccurredAt: at}) {
				return
			}
		}
	}
}

// A shop's past is imported as if it happened again. A row that is refused stops no
// other, and a run that was stopped can be repeated from the start.
func ExampleEngine_DoAll() {
	ctx := context.Background()
	program := loyalty.Program{
		ID: "beans", Zone: "Europe/Vienna",
		Units:   []points.Unit{{Code: "bean", Expiry: points.NeverExpire()}},
		Earning: []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}}},
	}
	engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), &loyalty.Options{
		Clock: func() time.Time { return time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC) },
	})
	if err != nil {
		log.Fatal(err)
	}
	for run := range 2 {
		applied, replayed := 0, 0
		for receipt, err := range engine.DoAll(ctx, commandsOf(strings.NewReader(orderLog)), &loyalty.AllOptions{FollowLog: true}) {
			switch {
			case err != nil:
				fmt.Println("refused:", err)
			case receipt.Replayed:
				replayed++
			default:
				applied++
			}
		}
		fmt.Printf("run %d: %d applied, %d were there\n", run+1, applied, replayed)
	}
	for _, id := range []string{"m-1", "m-2"} {
		m, err := engine.Member(ctx, id)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(m.ID, m.EnrolledAt.Format(time.DateOnly), m.Balance("bean").Available)
	}
	// Output:
	// refused: loyalty: earn of member "m-2" with key "order-1001": the order has earned already: "1001", by "m-1"
	// run 1: 5 applied, 1 were there
	// refused: loyalty: earn of member "m-2" with key "order-1001": the order has earned already: "1001", by "m-1"
	// run 2: 0 applied, 6 were there
	// m-1 2026-01-05 43
	// m-2 2026-01-05 8
}
