package raffle_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/raffle"
	"github.com/loyaltykit/loyaltykit/points"
	draw "github.com/loyaltykit/loyaltykit/rewards/experience/raffle"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// roastery is a shop with a clock to move, where "anna" and "ben" have 100 beans each.
type roastery struct {
	*loyalty.Engine
	store storage.Store
	now   time.Time
}

func openRoastery() *roastery {
	r := &roastery{now: time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC), store: memory.New()}
	shop := loyalty.Program{ID: "beans", Zone: "Europe/Vienna", Units: []points.Unit{{Code: "bean", Expiry: points.NeverExpire()}}}
	engine, err := loyalty.New(loyalty.Revisions{shop}, r.store, &loyalty.Options{
		Clock:    func() time.Time { return r.now },
		Features: []loyalty.Feature{raffle.Feature{Salt: []byte("sixteen bytes or more, kept secret")}},
	})
	if err != nil {
		log.Fatal(err)
	}
	r.Engine = engine
	for _, member := range []string{"anna", "ben"} {
		r.run(loyalty.Enroll{Member: member, Key: "signup"})
		r.run(loyalty.Adjust{Member: member, Key: "welcome", Unit: "bean", Points: 100, Reason: "welcome", Actor: "shop"})
	}
	return r
}

// run does a command.
func (r *roastery) run(cmd loyalty.Command) loyalty.Receipt {
	receipt, err := r.Do(context.Background(), cmd)
	if err != nil {
		log.Fatal(err)
	}
	return receipt
}

// entry does a command of a member, and returns what it answers.
func (r *roastery) entry(cmd loyalty.Command) raffle.Entry {
	entry, err := raffle.Of(r.run(cmd))
	if err != nil {
		log.Fatal(err)
	}
	return entry
}

// secret is the seed of an example. A shop draws its own from crypto/rand, and keeps it to
// itself until the draw.
var secret = bytes.Repeat([]byte{42}, draw.SeedSize)

// spring is a raffle of two prizes for 10 beans a ticket, drawn after a week.
func spring() raffle.Terms {
	rules := draw.Rules{Raffle: "spring", Winners: 2, Beacon: "the lottery of 9 March"}
	commitment, err := draw.Commitment(rules, secret)
	if err != nil {
		log.Fatal(err)
	}
	opens := time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	return raffle.Terms{
		ID: rules.Raffle, Title: "Spring raffle", Opens: opens, Closes: opens.AddDate(0, 0, 7), DrawBy: opens.AddDate(0, 0, 14),
		Unit: "bean", Points: 10, MaxTickets: 3, Winners: rules.Winners, Beacon: rules.Beacon, Commitment: commitment,
	}
}

// The terms that members see have the commitment to the seed: the shop cannot choose another
// one later.
func ExampleOpen() {
	r := openRoastery()
	r.run(raffle.Open{Key: "open", Raffle: spring(), Actor: "shop"})
	shown, err := raffle.Read(context.Background(), r.store, "beans", "spring")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(shown.Terms.Title, "is", shown.Status, "with", shown.Tickets, "tickets")
	fmt.Println("committed to", shown.Terms.Commitment)
	// Output:
	// Spring raffle is running with 0 tickets
	// committed to 3a137ab33f5a0e12953a001f2e510bbf103fadfd162e8557a92180ebfa3f7da2
}

// Tickets have numbers, and are published under a pseudonym of the member's.
func ExampleEnter() {
	ctx, r := context.Background(), openRoastery()
	r.run(raffle.Open{Key: "open", Raffle: spring()})
	mine := r.entry(raffle.Enter{Member: "anna", Key: "k-1", Raffle: "spring", Tickets: 2, Unit: "bean", Points: 20})
	fmt.Println("anna has the tickets", mine.Tickets)
	_, err := r.Do(ctx, raffle.Enter{Member: "anna", Key: "k-2", Raffle: "spring", Tickets: 2, Unit: "bean", Points: 20})
	fmt.Println("four are too many:", errors.Is(err, raffle.ErrTickets))
	fmt.Println("ben has the ticket", r.entry(raffle.Enter{Member: "ben", Key: "k-1", Raffle: "spring", Tickets: 1, Unit: "bean", Points: 10}).Tickets)
	// Output:
	// anna has the tickets [1 2]
	// four are too many: true
	// ben has the ticket [3]
}

// The draw reveals the seed, and adds the value of the beacon, which nobody could know when
// tickets were sold. Anyone can check what the shop publishes.
func ExampleDraw() {
	ctx, r := context.Background(), openRoastery()
	r.run(raffle.Open{Key: "open", Raffle: spring()})
	r.run(raffle.Enter{Member: "anna", Key: "k-1", Raffle: "spring", Tickets: 2, Unit: "bean", Points: 20})
	r.run(raffle.Enter{Member: "ben", Key: "k-1", Raffle: "spring", Tickets: 3, Unit: "bean", Points: 30})
	reveal := raffle.Draw{Key: "draw", Raffle: "spring", Seed: secret, Value: []byte("4 8 15 16 23 42"), Actor: "notary"}
	_, err := r.Do(ctx, reveal)
	fmt.Println("too early:", errors.Is(err, raffle.ErrNotDrawn))
	r.now = spring().Closes.AddDate(0, 0, 1)
	reveal.Key = "draw in time"
	r.run(reveal)
	proof, err := raffle.ProofOf(ctx, r.store, "beans", "spring")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("of", len(proof.Labels), "tickets win", proof.Winners)
	fmt.Println("checked:", proof.Verify() == nil)
	proof.Winners[0], proof.Winners[1] = proof.Winners[1], proof.Winners[0]
	fmt.Println("other winners are noticed:", proof.Verify() != nil)
	// Output:
	// too early: true
	// of 5 tickets win [3 5]
	// checked: true
	// other winners are noticed: true
}

// A member learns, once, what the tickets have won: the host hands out the prizes by rank.
func ExampleCollect() {
	ctx, r := context.Background(), openRoastery()
	r.run(raffle.Open{Key: "open", Raffle: spring()})
	r.run(raffle.Enter{Member: "anna", Key: "k-1", Raffle: "spring", Tickets: 2, Unit: "bean", Points: 20})
	r.run(raffle.Enter{Member: "ben", Key: "k-1", Raffle: "spring", Tickets: 3, Unit: "bean", Points: 30})
	r.now = spring().Closes.AddDate(0, 0, 1)
	r.run(raffle.Draw{Key: "draw", Raffle: "spring", Seed: secret, Value: []byte("4 8 15 16 23 42")})
	for _, member := range []string{"anna", "ben"} {
		won := r.entry(raffle.Collect{Member: member, Key: "k-2", Raffle: "spring"})
		fmt.Println(member, "has the tickets", won.Tickets, "and the ranks", won.Ranks)
	}
	_, err := r.Do(ctx, raffle.Collect{Member: "anna", Key: "k-3", Raffle: "spring"})
	fmt.Println("a second time is refused:", errors.Is(err, loyalty.ErrAlreadyDone))
	// Output:
	// anna has the tickets [1 2] and the ranks []
	// ben has the tickets [3 4 5] and the ranks [1 2]
	// a second time is refused: true
}

// A raffle that is called off gives the points of its tickets back, to each member by a
// Collect.
func ExampleCallOff() {
	ctx, r := context.Background(), openRoastery()
	r.run(raffle.Open{Key: "open", Raffle: spring()})
	r.run(raffle.Enter{Member: "anna", Key: "k-1", Raffle: "spring", Tickets: 2, Unit: "bean", Points: 20})
	r.run(raffle.CallOff{Key: "no prizes", Raffle: "spring", Reason: "the prizes did not come", Actor: "shop"})
	back := r.entry(raffle.Collect{Member: "anna", Key: "k-2", Raffle: "spring"})
	fmt.Println(back.Raffle, "is", back.Status, "and gives back", back.Returned, "beans")
	member, err := r.Member(ctx, "anna")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(member.Balance("bean").Available, "beans")
	// Output:
	// spring is called-off and gives back 20 beans
	// 100 beans
}
