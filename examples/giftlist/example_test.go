package giftlist_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/loyaltykit/loyaltykit/examples/giftlist"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// Anna wishes for a grinder, and her friends put their beans together.
func Example() {
	ctx, store := context.Background(), memory.New()
	now := time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	shop := loyalty.Program{
		ID: "beans", Zone: "Europe/Vienna",
		Units: []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(12, points.Months)}},
	}
	engine, err := loyalty.New(loyalty.Revisions{shop}, store, &loyalty.Options{
		Clock:    func() time.Time { return now },
		Features: []loyalty.Feature{giftlist.Feature{MaxOpen: 1000}},
	})
	if err != nil {
		log.Fatal(err)
	}
	do := func(cmd loyalty.Command) {
		if _, err := engine.Do(ctx, cmd); err != nil {
			log.Fatal(err)
		}
	}
	for _, member := range []string{"anna", "ben", "cleo"} {
		do(loyalty.Enroll{Member: member, Key: "signup"})
		do(loyalty.Adjust{Member: member, Key: "welcome", Unit: "bean", Points: 100, Reason: "welcome", Actor: "shop"})
	}

	do(giftlist.Create{
		Member: "anna", Key: "list-1", Code: "ANNA-30", Title: "A grinder for Anna's 30th",
		Unit: "bean", Wanted: 150, Deadline: now.AddDate(0, 0, 10),
	})
	do(giftlist.Give{Member: "ben", Key: "gift-1", Owner: "anna", Code: "ANNA-30", Unit: "bean", Points: 90})

	// Cleo opens the page that Anna shared, and gives too.
	list, err := giftlist.Find(ctx, store, "beans", "ANNA-30")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: %d of %d %s, until %s\n", list.Title, list.Given, list.Wanted, list.Unit, list.Deadline.Format("2 Jan"))
	_, err = engine.Do(ctx, giftlist.Give{Member: "cleo", Key: "gift-1", Owner: "anna", Code: "ANNA-30", Unit: list.Unit, Points: 70})
	if much, ok := errors.AsType[*giftlist.TooMuchError](err); ok {
		fmt.Println(much)
	}
	do(giftlist.Give{Member: "cleo", Key: "gift-2", Owner: "anna", Code: "ANNA-30", Unit: list.Unit, Points: list.Missing()})

	for list, err := range giftlist.Lists(ctx, store, "beans", "anna") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s is %s with %d gifts\n", list.Code, list.Status, list.Gifts)
	}
	for _, member := range []string{"anna", "ben", "cleo"} {
		m, err := engine.Member(ctx, member)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s has %d beans\n", m.ID, m.Balance("bean").Available)
	}
	// Output:
	// A grinder for Anna's 30th: 90 of 150 bean, until 11 Mar
	// gift list ANNA-30 takes at most 60 bean more
	// ANNA-30 is full with 2 gifts
	// anna has 250 beans
	// ben has 10 beans
	// cleo has 40 beans
}
