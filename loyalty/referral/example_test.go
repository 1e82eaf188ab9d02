package referral_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/referral"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// roastery is a shop with a clock to move, where "anna", "ben" and "cleo" are members.
type roastery struct {
	*loyalty.Engine
	*referral.Desk
	now time.Time
}

// openRoastery gives 500 beans for a friend, up to five times a year, and 200 to the friend,
// for an order of 20 euros within 30 days that was kept for 14.
func openRoastery() *roastery {
	r := &roastery{now: time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)}
	feature, err := referral.New(referral.Terms{Offer: referral.Offer{
		Minimum:     []referral.Minimum{{Currency: "EUR", Amount: decimal.NewFromInt(20)}},
		OrderWithin: points.Span{N: 30, Unit: points.Days}, CoolingOff: points.Span{N: 14, Unit: points.Days},
		Referrer: "referral-made", Friend: "referral-joined",
	}})
	if err != nil {
		log.Fatal(err)
	}
	store := memory.New()
	r.Engine, err = loyalty.New(loyalty.Revisions{{
		ID: "beans", Zone: "Europe/Vienna", Units: []points.Unit{{Code: "bean", Expiry: points.NeverExpire()}},
		Earning: []points.Rule{
			{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}},
			{Code: "made", Activity: "referral-made", Bonus: 500, Caps: []points.Cap{{Times: 5, Per: points.PerYear}}},
			{Code: "joined", Activity: "referral-joined", Bonus: 200},
		},
	}}, store, &loyalty.Options{Clock: func() time.Time { return r.now }, Secret: []byte("a secret of the shop"), Features: []loyalty.Feature{feature}})
	if err != nil {
		log.Fatal(err)
	}
	r.Desk = referral.NewDesk(r.Engine, store)
	for _, member := range []string{"anna", "ben", "cleo"} {
		r.run(loyalty.Enroll{Member: member, Key: "signup"})
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

// referral does a command, and returns the referral that it answers.
func (r *roastery) referral(cmd loyalty.Command) referral.Referral {
	answer, err := referral.Of(r.run(cmd))
	if err != nil {
		log.Fatal(err)
	}
	return answer
}

func (r *roastery) buys(member, id string, euros int64) {
	order := points.Order{ID: id, Currency: "EUR", Lines: []points.Line{{Amount: decimal.NewFromInt(euros)}}}
	r.run(loyalty.Earn{Member: member, Key: "order/" + id, Order: order})
}

func (r *roastery) beans(member string) points.Amount {
	m, err := r.Member(context.Background(), member)
	if err != nil {
		log.Fatal(err)
	}
	return m.Balance("bean").Available
}

// A friend accepts a code and orders. Two weeks later, with nothing sent back, both get what
// the rules of the program say.
func Example() {
	ctx, shop := context.Background(), openRoastery()
	shop.run(referral.Issue{Member: "anna", Key: "code", Code: "ANNA-COFFEE"})

	// On the page where ben has typed a code:
	referrer, err := shop.Find(ctx, "anna coffee")
	if err != nil {
		log.Fatal(err)
	}
	accepted := shop.referral(referral.Accept{Member: "ben", Key: "accept", Referrer: referrer, Code: "anna coffee"})
	fmt.Println("ben", accepted)

	// Where orders are paid, or where the event of the Earn arrives:
	shop.now = shop.now.AddDate(0, 0, 2)
	shop.buys("ben", "1001", 25)
	if _, err := shop.Ordered(ctx, "ben", "1001", "EUR", shop.now); err != nil {
		log.Fatal(err)
	}
	for made, err := range shop.Made(ctx, "anna") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("anna's friend", made)
	}

	// Every hour:
	shop.now = shop.now.AddDate(0, 0, 14)
	done, err := shop.Desk.RunDue(ctx, shop.now)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(done.Reviewed, "decided:", "anna has", shop.beans("anna"), "and ben", shop.beans("ben"))
	// Output:
	// ben waits for an order before 2027-03-31T08:00:00Z
	// anna's friend ordered, cooling off until 2027-03-17T09:00:00Z
	// 1 decided: anna has 500 and ben 225
}

// Each step is a command by itself. The friend's reward comes with its decision, and the
// referrer's by a Pay.
func ExampleReview() {
	shop := openRoastery()
	code, err := referral.CodeOf(shop.run(referral.Issue{Member: "anna", Key: "code"}))
	if err != nil {
		log.Fatal(err)
	}
	shop.run(referral.Accept{Member: "ben", Key: "accept", Referrer: "anna", Code: code.Code, Fingerprints: []string{"card 81c3f0"}})
	shop.buys("ben", "1001", 25)
	qualified := shop.referral(referral.Qualify{Member: "ben", Key: "1001", Referrer: "anna", Order: "1001", Currency: "EUR"})
	fmt.Println(qualified)
	shop.now = qualified.PayAt
	fmt.Println("ben:", shop.referral(referral.Review{Member: "ben", Key: "review", Referrer: "anna"}))
	fmt.Println("anna:", shop.referral(referral.Pay{Member: "anna", Key: "pay", Friend: "ben"}))
	// Output:
	// ordered, cooling off until 2027-03-15T09:00:00Z
	// ben: paid 200 bean
	// anna: paid 500 bean
}

// What comes back within the cooling-off withdraws the referral, on both sides.
func ExampleDesk_Returned() {
	ctx, shop := context.Background(), openRoastery()
	shop.run(referral.Issue{Member: "anna", Key: "code", Code: "ANNA-COFFEE"})
	shop.run(referral.Accept{Member: "ben", Key: "accept", Referrer: "anna", Code: "ANNA-COFFEE"})
	shop.buys("ben", "1001", 25)
	if _, err := shop.Ordered(ctx, "ben", "1001", "EUR", shop.now); err != nil {
		log.Fatal(err)
	}
	shop.run(loyalty.Refund{Member: "ben", Key: "refund", Order: "1001", Full: true})
	if _, err := shop.Returned(ctx, "ben", "1001"); err != nil {
		log.Fatal(err)
	}
	joined, err := shop.Joined(ctx, "ben")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(joined[0])
	// Output:
	// the order came back; waits for another one before 2027-03-31T08:00:00Z
}

// Support takes a code away, and ends a referral that it does not believe in.
func ExampleDeny() {
	shop := openRoastery()
	shop.run(referral.Issue{Member: "anna", Key: "code", Code: "ANNA-COFFEE"})
	shop.run(referral.Accept{Member: "ben", Key: "accept", Referrer: "anna", Code: "ANNA-COFFEE"})
	fmt.Println(shop.referral(referral.Deny{Member: "ben", Key: "deny", Referrer: "anna", Reason: "one household", Actor: "mia"}))
	shop.run(referral.Revoke{Member: "anna", Key: "revoke", Reason: "one household", Actor: "mia"})
	_, err := shop.Find(context.Background(), "ANNA-COFFEE")
	fmt.Println(err)
	// Output:
	// denied: support
	// nobody has the referral code
}
