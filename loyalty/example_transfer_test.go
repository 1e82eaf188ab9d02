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

// expiring prints what a member has, and when it expires.
func expiring(engine *loyalty.Engine, member string) {
	m, err := engine.Member(context.Background(), member)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s has %d\n", m.ID, m.Balance("bean").Available)
	for _, part := range m.Expiring {
		fmt.Printf("  %d until %s\n", part.Points, part.At.Format(time.DateTime))
	}
}

// Points that are given to another member go soonest expiry first, and expire
// there when they would have expired here.
func ExampleTransfer() {
	ctx, now := context.Background(), time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	program := loyalty.Program{
		ID: "beans", Zone: "UTC",
		Units: []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(12, points.Months)}},
	}
	engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), &loyalty.Options{Clock: func() time.Time { return now }})
	if err != nil {
		log.Fatal(err)
	}
	do := func(cmd loyalty.Command) {
		if _, err := engine.Do(ctx, cmd); err != nil {
			log.Fatal(err)
		}
	}
	do(loyalty.Enroll{Member: "anna", Key: "signup"})
	do(loyalty.Enroll{Member: "ben", Key: "signup"})
	do(loyalty.Adjust{Member: "anna", Key: "march", Unit: "bean", Points: 30, Reason: "promotion", Actor: "shop"})
	now = now.AddDate(0, 1, 0)
	do(loyalty.Adjust{Member: "anna", Key: "april", Unit: "bean", Points: 30, Reason: "promotion", Actor: "shop"})

	do(loyalty.Transfer{Member: "anna", Key: "to-ben", To: "ben", Unit: "bean", Points: 40})
	expiring(engine, "anna")
	expiring(engine, "ben")

	_, err = engine.Do(ctx, loyalty.Transfer{Member: "anna", Key: "more", To: "ben", Unit: "bean", Points: 40})
	if short, ok := errors.AsType[*loyalty.InsufficientPointsError](err); ok {
		fmt.Println("refused:", short)
	}
	// Output:
	// anna has 20
	//   20 until 2028-04-02 00:00:00
	// ben has 40
	//   30 until 2028-03-02 00:00:00
	//   10 until 2028-04-02 00:00:00
	// refused: 40 bean needed, 20 available
}
