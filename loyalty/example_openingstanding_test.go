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

// A hotel moves in with a guest who is gold until the end of the year, by 26 nights of last
// year. The three nights of this one count towards keeping it.
func ExampleOpeningStanding() {
	nights := func(n int64) tiers.Condition {
		return tiers.Condition{All: []tiers.Need{{Metric: "night", AtLeast: n}}}
	}
	program := loyalty.Program{
		ID: "inn", Zone: "Europe/Vienna", Units: []points.Unit{{Code: "night", Kind: points.Metric}},
		Ladders: []tiers.Ladder{{
			Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}}, End: tiers.EndOfNextPeriod,
			Tiers: []tiers.Tier{{Code: "silver", Enter: nights(10)}, {Code: "gold", Enter: nights(25)}},
		}},
	}
	ctx := context.Background()
	engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), &loyalty.Options{
		Clock: func() time.Time { return time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC) },
	})
	if err != nil {
		log.Fatal(err)
	}
	receipt, err := engine.Do(ctx, loyalty.Import{
		Member: "m-7301", Key: "move-in", EnrolledAt: time.Date(2019, time.June, 15, 0, 0, 0, 0, time.UTC),
		Standing: &loyalty.OpeningStanding{
			Counts: []loyalty.OpeningCount{
				{Metric: "night", Day: tiers.Date(2026, time.September, 4), Amount: 26},
				{Metric: "night", Day: tiers.Date(2027, time.January, 20), Amount: 3},
			},
			Ladders: []loyalty.OpeningLadder{{Ladder: "status", State: tiers.State{
				Tier: "gold", Since: tiers.Date(2026, time.September, 4), Until: tiers.Date(2028, time.January, 1),
			}}},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(receipt.Tiers[0].Kind, receipt.Tiers[0].To)
	member, err := engine.Member(ctx, "m-7301")
	if err != nil {
		log.Fatal(err)
	}
	status := member.Tier("status")
	fmt.Printf("%s from %s until %s\n", status.Tier, status.Since.Format(time.DateOnly), status.Until.Format(time.DateOnly))
	fmt.Printf("%d of %d nights to keep it\n", status.Keeping[0].Have, status.Keeping[0].Need)
	// Output:
	// opened gold
	// gold from 2026-09-03 until 2027-12-31
	// 3 of 25 nights to keep it
}
