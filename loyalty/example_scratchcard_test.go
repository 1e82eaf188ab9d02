package loyalty_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// ScratchCard is a command of a shop's own: a member scratches once a day and may
// win some beans.
type ScratchCard struct {
	Member string `json:"member"`
	Key    string `json:"key"`
}

// Plan implements loyalty.Command.
func (c ScratchCard) Plan() loyalty.Plan {
	return loyalty.Plan{Member: c.Member, Key: c.Key, Records: loyalty.OncePer("scratch", loyalty.Day)}
}

// Apply implements loyalty.Command.
func (c ScratchCard) Apply(_ context.Context, tx *loyalty.Tx) error {
	if err := tx.CanEarn(); err != nil {
		return err
	}
	if err := tx.Once("scratch", loyalty.Day); err != nil {
		return err
	}
	won := tx.Rand().Choose(0, 0, 5, 20)
	if err := tx.Credit("bean", won, loyalty.From("scratch-card"), loyalty.Reason("scratch card")); err != nil {
		return err
	}
	return tx.Answer(map[string]points.Amount{"won": won})
}

// A command of one's own is stored, retried, explained and audited like those of
// the library.
func ExampleCommand() {
	ctx, now := context.Background(), time.Date(2027, time.March, 8, 9, 30, 0, 0, time.UTC)
	program := loyalty.Program{
		ID: "beans", Zone: "Europe/Vienna",
		Units: []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(6, points.Months)}},
	}
	engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), &loyalty.Options{
		Clock: func() time.Time { return now }, Secret: []byte("what the draws depend on"),
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := engine.Do(ctx, loyalty.Enroll{Member: "m-7301", Key: "signup"}); err != nil {
		log.Fatal(err)
	}
	scratch := func(key string) {
		receipt, err := engine.Do(ctx, ScratchCard{Member: "m-7301", Key: key})
		done, early := errors.AsType[*loyalty.AlreadyDoneError](err)
		switch {
		case early:
			fmt.Printf("%s: no card left for %s, again from %s\n", key, done.Period, done.Again.Format(time.DateTime))
		case err != nil:
			log.Fatal(err)
		default:
			fmt.Printf("%s: %s, replayed %t\n", key, receipt.Result, receipt.Replayed)
		}
	}
	scratch("monday")
	scratch("monday") // the network failed, and the app asks again
	scratch("monday-too")
	for _, day := range []string{"tuesday", "wednesday", "thursday"} {
		now = now.AddDate(0, 0, 1)
		scratch(day)
	}
	member, err := engine.Member(ctx, "m-7301")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(member.Balance("bean").Available, "beans")
	// Output:
	// monday: {"won":0}, replayed false
	// monday: {"won":0}, replayed true
	// monday-too: no card left for 2027-03-08, again from 2027-03-08 23:00:00
	// tuesday: {"won":20}, replayed false
	// wednesday: {"won":5}, replayed false
	// thursday: {"won":5}, replayed false
	// 30 beans
}
