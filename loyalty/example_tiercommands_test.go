package loyalty_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/memory"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// hotel is an engine whose guests are silver with 5 nights of a year from their
// anniversary and gold with 20, until the end of the next such year.
func hotel(clock func() time.Time) *loyalty.Engine {
	nights := func(n int64) tiers.Condition {
		return tiers.Condition{All: []tiers.Need{{Metric: "night", AtLeast: n}}}
	}
	program := loyalty.Program{
		ID: "inn", Zone: "Europe/Vienna", Units: []points.Unit{{Code: "night", Kind: points.Metric}},
		Ladders: []tiers.Ladder{{
			Code: "status", Window: tiers.Window{Kind: tiers.Anniversary, Span: tiers.Span{Months: 12}}, End: tiers.EndOfNextPeriod,
			Tiers: []tiers.Tier{
				{Code: "silver", Enter: nights(5), Benefits: tiers.Benefits{Custom: map[string]string{"breakfast": "free"}}},
				{Code: "gold", Enter: nights(20), Benefits: tiers.Benefits{Custom: map[string]string{"checkout": "16:00"}}},
			},
		}},
	}
	engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), &loyalty.Options{Clock: clock})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := engine.Do(context.Background(), loyalty.Enroll{Member: "m-7301", Key: "signup"}); err != nil {
		log.Fatal(err)
	}
	return engine
}

// told runs commands and prints how the guest stands after each.
func told(engine *loyalty.Engine, commands ...loyalty.Command) {
	ctx := context.Background()
	for _, cmd := range commands {
		if _, err := engine.Do(ctx, cmd); err != nil {
			log.Fatal(err)
		}
		member, err := engine.Member(ctx, "m-7301")
		if err != nil {
			log.Fatal(err)
		}
		status := member.Tier("status")
		if status.Tier == "" {
			fmt.Println("no tier")
			continue
		}
		fmt.Printf("%s until %s\n", status.Tier, status.Until.Format(time.DateOnly))
	}
}

// A guest who is gold elsewhere is gold for 90 days, and with 8 nights in them also when
// they are over.
func ExampleMatchTier() {
	now := time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	engine := hotel(func() time.Time { return now })
	told(engine, loyalty.MatchTier{
		Member: "m-7301", Key: "match", Ladder: "status", Tier: "gold", Days: 90, Reference: "their card, seen",
		Challenge: tiers.Condition{All: []tiers.Need{{Metric: "night", AtLeast: 8}}},
	})
	now = now.AddDate(0, 1, 0)
	told(engine, loyalty.Fact{Member: "m-7301", Key: "stay-1", Activity: "night", Amount: 8})
	now = now.AddDate(0, 2, 0)
	told(engine, loyalty.Fact{Member: "m-7301", Key: "stay-2", Activity: "night", Amount: 1})
	// Output:
	// gold until 2027-05-29
	// gold until 2027-05-29
	// gold until 2029-02-28
}

// The manager makes good for a spoilt stay with gold until the summer is over, and
// takes it back when it turns out that it was somebody else's.
func ExampleOverrideTier() {
	now := time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	engine := hotel(func() time.Time { return now })
	told(
		engine,
		loyalty.Fact{Member: "m-7301", Key: "stay-1", Activity: "night", Amount: 5},
		loyalty.OverrideTier{
			Member: "m-7301", Key: "sorry", Ladder: "status", Tier: "gold", Until: time.Date(2027, time.August, 31, 12, 0, 0, 0, time.UTC),
			Reason: "no hot water", Actor: "manager",
		},
		loyalty.RevokeTier{Member: "m-7301", Key: "mistaken", Ladder: "status", Reason: "it was room 12", Actor: "manager"},
	)
	// Output:
	// silver until 2029-02-28
	// gold until 2027-08-31
	// silver until 2029-02-28
}

// A guest has been one for years before the program had accounts: years of status
// count from the day of the first stay.
func ExampleSetAnniversary() {
	now := time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	engine := hotel(func() time.Time { return now })
	told(
		engine,
		loyalty.SetAnniversary{Member: "m-7301", Key: "since", Day: tiers.Date(2019, time.June, 15)},
		loyalty.Fact{Member: "m-7301", Key: "stay-1", Activity: "night", Amount: 5},
	)
	// Output:
	// no tier
	// silver until 2028-06-14
}

// What a guest still needs, and what the tiers give and by which of them.
func ExampleMember_Tier() {
	now := time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	engine := hotel(func() time.Time { return now })
	told(engine, loyalty.Fact{Member: "m-7301", Key: "stay-1", Activity: "night", Amount: 12})
	member, err := engine.Member(context.Background(), "m-7301")
	if err != nil {
		log.Fatal(err)
	}
	status := member.Tier("status")
	for _, m := range status.Missing {
		fmt.Printf("%d of %d %ss for %s, %d to go\n", m.Have, m.Need, m.Metric, status.Next, m.Left)
	}
	breakfast, by := member.Benefits.Custom("breakfast")
	fmt.Printf("breakfast is %s, being %s\n", breakfast, by.Tier)
	// Output:
	// silver until 2029-02-28
	// 12 of 20 nights for gold, 8 to go
	// breakfast is free, being silver
}
