package figures_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/liability"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/figures"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

func Example() {
	ctx, store := context.Background(), memory.New()
	now := time.Date(2027, time.January, 4, 9, 0, 0, 0, time.UTC)
	program := loyalty.Program{
		ID: "beans", Zone: "UTC", Units: []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(1, points.Years)}},
		Earning: []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}}},
	}
	engine, err := loyalty.New(loyalty.Revisions{program}, store, &loyalty.Options{Clock: func() time.Time { return now }})
	if err != nil {
		log.Fatal(err)
	}
	do := func(commands ...loyalty.Command) {
		for _, command := range commands {
			if _, err := engine.Do(ctx, command); err != nil {
				log.Fatal(err)
			}
		}
	}
	order := func(id string) points.Order {
		return points.Order{ID: id, Currency: "EUR", Lines: []points.Line{{Amount: decimal.NewFromInt(60)}}}
	}
	do(loyalty.Enroll{Member: "anna", Key: "e"}, loyalty.Earn{Member: "anna", Key: "1", Order: order("1")})
	do(loyalty.Enroll{Member: "bruno", Key: "e"}, loyalty.Earn{Member: "bruno", Key: "2", Order: order("2")})
	now = now.AddDate(0, 1, 0)
	do(loyalty.Earn{Member: "anna", Key: "3", Order: order("3")}, loyalty.Spend{Member: "anna", Key: "s", Unit: "bean", Points: 30})

	cohorts, err := kpi.NewCohortAccumulator(nil)
	if err != nil {
		log.Fatal(err)
	}
	if err := kpi.Feed(cohorts, figures.Orders(ctx, engine, store, figures.OrderOptions{Currency: "EUR"})); err != nil {
		log.Fatal(err)
	}
	january := cohorts.Result().Cohorts[0]
	rate, _ := january.Retention(1)
	fmt.Printf("of %d members, %.0f %% came back in February\n", january.Size, 100*rate)

	report, err := figures.PointCohorts(ctx, engine, store, figures.PointOptions{Unit: "bean", Until: now.AddDate(0, 0, 1)})
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range report.Cohorts {
		// Each point was allocated 1 cent of its sale, and 80 % are expected to be used.
		issued := decimal.NewFromInt(c.Issued)
		state := c.State(c.Period, issued.Shift(-2), issued.Mul(decimal.RequireFromString("0.8")))
		roll, err := liability.RollForward(liability.Policy{Method: liability.Proportional}, []liability.State{state})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %d issued, %d redeemed, liability %s\n", c.Period.Start.Format("January"), c.Issued, c.Redeemed, roll.Movements[0].Closing.StringFixed(2))
	}
	// Output:
	// of 2 members, 50 % came back in February
	// January: 120 issued, 30 redeemed, liability 0.82
	// February: 60 issued, 0 redeemed, liability 0.60
}
