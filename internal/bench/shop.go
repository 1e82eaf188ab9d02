package main

import (
	"context"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

const (
	programID = "beans"
	unit      = "bean"
	// lotSize is what one latte earns.
	lotSize = 12
)

var opening = time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)

// program has one rule, without cap or metric.
func program() loyalty.Program {
	return loyalty.Program{
		ID: programID, Zone: "Europe/Vienna",
		Units: []points.Unit{{Code: unit, Expiry: points.ExpireAfter(12, points.Months).At(points.EndOfMonth)}},
		Earning: []points.Rule{
			{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}},
		},
	}
}

// newEngine makes an engine that decides the same whatever store it is on: its
// clock stands still, so that the rows of one run are those of another.
func newEngine(store storage.Store, combining bool) (*loyalty.Engine, error) {
	return engineFor(program(), store, combining)
}

func engineFor(p loyalty.Program, store storage.Store, combining bool) (*loyalty.Engine, error) {
	return loyalty.New(loyalty.Revisions{p}, store, &loyalty.Options{
		Clock: func() time.Time { return opening }, Secret: []byte("beans and more beans"),
		NoCombining: !combining, Features: []loyalty.Feature{stocking{}},
	})
}

func member(i int) string { return fmt.Sprintf("member-%05d", i) }

func enroll(i int) loyalty.Command { return loyalty.Enroll{Member: member(i), Key: "enroll"} }

func earn(i int, id string) loyalty.Command { return earnOf(member(i), id) }

func earnOf(who, id string) loyalty.Command {
	return loyalty.Earn{Member: who, Key: "earn-" + id, Order: points.Order{
		ID: id, Currency: "EUR", Lines: []points.Line{{Item: "latte", Amount: decimal.RequireFromString("12.40")}},
	}}
}

func orderID(i int) string { return fmt.Sprintf("order-%06d", i) }

// stocking is a feature that fills members with lots quickly.
type stocking struct{}

func (stocking) Name() string                { return "stocking" }
func (stocking) Kinds() []string             { return nil }
func (stocking) Commands() []loyalty.Command { return []loyalty.Command{stock{}, churn{}} }

// stock credits a number of lots of one latte each.
type stock struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	Lots   int    `json:"lots"`
}

// Plan implements loyalty.Command.
func (c stock) Plan() loyalty.Plan { return loyalty.Plan{Member: c.Member, Key: c.Key} }

// Apply implements loyalty.Command.
func (c stock) Apply(_ context.Context, tx *loyalty.Tx) error {
	for i := range c.Lots {
		if err := tx.Credit(unit, lotSize, loyalty.From(fmt.Sprintf("%s/%d", c.Key, i))); err != nil {
			return err
		}
	}
	return nil
}

// churn credits lots that expire sooner than any other and takes them at once: two
// entries for each lot, and no lot is open after it that was not before.
type churn struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	Lots   int    `json:"lots"`
}

// Plan implements loyalty.Command.
func (c churn) Plan() loyalty.Plan { return loyalty.Plan{Member: c.Member, Key: c.Key} }

// Apply implements loyalty.Command.
func (c churn) Apply(_ context.Context, tx *loyalty.Tx) error {
	soon := loyalty.ExpiresAt(tx.Now().Add(time.Hour))
	for range c.Lots {
		if err := tx.Credit(unit, lotSize, soon); err != nil {
			return err
		}
	}
	return tx.Debit(unit, points.Amount(c.Lots*lotSize))
}
