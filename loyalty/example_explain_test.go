package loyalty_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/memory"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// "Why do I have these points?" Each lot says which orders and rules are behind it, with
// the days of the program's zone: shortly before midnight in UTC it is the next day in
// Vienna.
func ExampleEngine_Explain() {
	ctx, now := context.Background(), time.Date(2027, time.March, 6, 23, 30, 0, 0, time.UTC)
	program := loyalty.Program{
		ID: "beans", Zone: "Europe/Vienna",
		Units: []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(12, points.Months)}},
		Earning: []points.Rule{
			{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}},
			{Code: "weekend", When: points.When{Weekdays: points.Sat | points.Sun}, Multiply: decimal.NewFromInt(2)},
		},
	}
	engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), &loyalty.Options{Clock: func() time.Time { return now }})
	if err != nil {
		log.Fatal(err)
	}
	for _, cmd := range []loyalty.Command{
		loyalty.Enroll{Member: "m-7301", Key: "signup"},
		loyalty.Earn{Member: "m-7301", Key: "order-1", Order: coffeeOver("1", "12.40")},
		loyalty.Spend{Member: "m-7301", Key: "voucher-1", Unit: "bean", Points: 20},
		loyalty.Adjust{Member: "m-7301", Key: "ticket-88", Unit: "bean", Points: 5, Reason: "the grinder came late", Actor: "clerk-4"},
	} {
		if _, err := engine.Do(ctx, cmd); err != nil {
			log.Fatal(err)
		}
	}
	explanation, err := engine.Explain(ctx, "m-7301", loyalty.Question{Unit: "bean"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(explanation)
	// Output:
	// m-7301 has 9 bean available
	// lot 20000: 4 of 24 left, open, until 8 Mar 2028 00:00 CET
	//   12 from earn 1 of m-7301 on 7 Mar 2027: rule base of revision 1, 1 bean per EUR 1 on EUR 12.40
	//   12 from earn 1 of m-7301 on 7 Mar 2027: rule weekend of revision 1, × 2 on sat,sun
	// lot 40000: 5 of 5 left, open, until 8 Mar 2028 00:00 CET
	//   5 from adjust of m-7301 on 7 Mar 2027 (the grinder came late), by clerk-4
}

// A member asks for what is kept about them, and to be forgotten. The points stay on the
// books until they expire; who earned them is not told any more.
func ExampleErase() {
	ctx, now := context.Background(), time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	engine := supportCase(&now)
	var file bytes.Buffer
	if err := engine.Export(ctx, "m-7301", &file); err != nil {
		log.Fatal(err)
	}
	fmt.Println("the export names the clerk:", strings.Contains(file.String(), "clerk-4"))
	if _, err := engine.Do(ctx, loyalty.Erase{Member: "m-7301", Key: "request-12", Reason: "GDPR, article 17"}); err != nil {
		log.Fatal(err)
	}
	_, err := engine.Member(ctx, "m-7301")
	fmt.Println(errors.Is(err, loyalty.ErrErased))
	report, err := engine.Verify(ctx, nil)
	fmt.Println("problems:", len(report.Problems), err)
	// Output:
	// the export names the clerk: true
	// true
	// problems: 0 <nil>
}

// A hotel counts nights, and gold begins at ten of them. A metric is counted by a Fact of
// its own code, without a rule. A rule for that activity gives points, or counts besides.
func ExampleFact() {
	ctx := context.Background()
	program := loyalty.Program{
		ID: "stays", Zone: "Europe/Vienna",
		Units: []points.Unit{
			{Code: "point", Expiry: points.ExpireAfter(2, points.Years)},
			{Code: "night", Kind: points.Metric},
		},
		Earning: []points.Rule{{Code: "stay", Label: "for a stay", Activity: "night", Bonus: 100}},
		Ladders: []tiers.Ladder{{
			Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}}, End: tiers.EndOfNextPeriod,
			Tiers: []tiers.Tier{{Code: "gold", Enter: tiers.Condition{All: []tiers.Need{{Metric: "night", AtLeast: 10}}}}},
		}},
	}
	clock := func() time.Time { return time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC) }
	engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), &loyalty.Options{Clock: clock})
	if err != nil {
		log.Fatal(err)
	}
	for _, cmd := range []loyalty.Command{
		loyalty.Enroll{Member: "m-7301", Key: "signup"},
		loyalty.Fact{Member: "m-7301", Key: "stay-1", Activity: "night", Amount: 6, Reference: "stay 1"},
		loyalty.Fact{Member: "m-7301", Key: "stay-2", Activity: "night", Amount: 5, Reference: "stay 2"},
	} {
		receipt, err := engine.Do(ctx, cmd)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(receipt)
	}
	// Output:
	// enroll
	// fact stay 1
	// earned 100 point, usable from 1 Mar 2027
	//   stay        100  for a stay: bonus for night
	// counted 6 night
	// balance 6 night counted
	// balance 100 point available
	// fact stay 2
	// earned 100 point, usable from 1 Mar 2027
	//   stay        100  for a stay: bonus for night
	// counted 5 night
	// status: promoted to gold, until 1 Jan 2029 00:00
	// balance 11 night counted
	// balance 200 point available
}
