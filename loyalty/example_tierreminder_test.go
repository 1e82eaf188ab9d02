package loyalty_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/memory"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// A hotel writes to guests two months and two weeks before they lose a tier, with the nights
// that would keep it.
func ExampleTierReminder() {
	nights := func(n int64) tiers.Condition {
		return tiers.Condition{All: []tiers.Need{{Metric: "night", AtLeast: n}}}
	}
	program := loyalty.Program{
		ID: "inn", Zone: "Europe/Vienna", Units: []points.Unit{{Code: "night", Kind: points.Metric}},
		Ladders: []tiers.Ladder{{
			Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}}, End: tiers.EndOfNextPeriod,
			Remind: []tiers.Span{{Months: 2}, {Days: 14}},
			Tiers:  []tiers.Tier{{Code: "silver", Enter: nights(5)}, {Code: "gold", Enter: nights(20)}},
		}},
	}
	ctx, now := context.Background(), time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), &loyalty.Options{Clock: func() time.Time { return now }})
	if err != nil {
		log.Fatal(err)
	}
	for _, cmd := range []loyalty.Command{
		loyalty.Enroll{Member: "m-7301", Key: "signup"},
		loyalty.Fact{Member: "m-7301", Key: "stay-1", Activity: "night", Amount: 20},
	} {
		if _, err := engine.Do(ctx, cmd); err != nil {
			log.Fatal(err)
		}
	}
	for now.Year() < 2029 { // as a job of every night would
		now = now.AddDate(0, 0, 1)
		if _, err := engine.RunDue(ctx, nil); err != nil {
			log.Fatal(err)
		}
	}
	send := func(_ context.Context, event loyalty.Event) error {
		if event.Type != "loyaltykit."+loyalty.TierReminderEvent {
			return nil
		}
		var soon loyalty.TierReminders
		if err := json.Unmarshal(event.Data, &soon); err != nil {
			return err
		}
		for _, r := range soon.Reminders {
			fmt.Printf("%s: %s ends %s, %d nights keep it\n", event.Time.Format(time.DateOnly), r.Tier, r.Ends.Format(time.DateOnly), r.Keeping[0].Left)
		}
		return nil
	}
	if _, err := engine.Deliver(ctx, send, nil); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 2028-11-01: gold ends 2028-12-31, 20 nights keep it
	// 2028-12-18: gold ends 2028-12-31, 20 nights keep it
}
