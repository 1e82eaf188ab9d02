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

// checkout is a shop that takes points for a part of an order: it holds them while
// the customer pays, and captures or voids the hold when it knows the outcome.
type checkout struct {
	engine *loyalty.Engine
}

func (c checkout) do(cmd loyalty.Command) {
	receipt, err := c.engine.Do(context.Background(), cmd)
	if errors.Is(err, loyalty.ErrHoldClosed) {
		fmt.Println("refused:", errors.Unwrap(err))
		return
	}
	if err != nil {
		log.Fatal(err)
	}
	member, err := c.engine.Member(context.Background(), "m-7301")
	if err != nil {
		log.Fatal(err)
	}
	balance := member.Balance("bean")
	fmt.Printf("%-8s %3d available, %2d held\n", receipt.Command, balance.Available, balance.Held)
}

func ExampleHold() {
	now := time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	program := loyalty.Program{
		ID: "beans", Zone: "Europe/Vienna",
		Units: []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(12, points.Months)}},
	}
	engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), &loyalty.Options{Clock: func() time.Time { return now }})
	if err != nil {
		log.Fatal(err)
	}
	till, soon := checkout{engine: engine}, now.Add(30*time.Minute)
	till.do(loyalty.Enroll{Member: "m-7301", Key: "signup"})
	till.do(loyalty.Adjust{Member: "m-7301", Key: "welcome", Unit: "bean", Points: 100, Reason: "welcome", Actor: "shop"})

	// The order comes out smaller than was held: the rest is given back.
	till.do(loyalty.Hold{Member: "m-7301", Key: "hold-1", ID: "order-1", Unit: "bean", Points: 60, Until: soon})
	till.do(loyalty.Capture{Member: "m-7301", Key: "capture-1", Hold: "order-1", Points: 45})

	// The payment fails.
	till.do(loyalty.Hold{Member: "m-7301", Key: "hold-2", ID: "order-2", Unit: "bean", Points: 55, Until: soon})
	till.do(loyalty.Void{Member: "m-7301", Key: "void-2", Hold: "order-2"})
	till.do(loyalty.Capture{Member: "m-7301", Key: "capture-2", Hold: "order-2"})

	// The customer walks away: the hold lapses by itself.
	till.do(loyalty.Hold{Member: "m-7301", Key: "hold-3", ID: "order-3", Unit: "bean", Points: 55, Until: soon})
	now = now.Add(time.Hour)
	member, err := engine.Member(context.Background(), "m-7301")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("later,", member.Balance("bean").Available, "available")
	// Output:
	// enroll     0 available,  0 held
	// adjust   100 available,  0 held
	// hold      40 available, 60 held
	// capture   55 available,  0 held
	// hold       0 available, 55 held
	// void      55 available,  0 held
	// refused: the hold is closed: "order-2" was voided
	// hold       0 available, 55 held
	// later, 55 available
}
