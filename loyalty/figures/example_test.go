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
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
	"github.com/loyaltykit/loyaltykit/tiers"
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

// café is a shop with one tier, in which anna earned 120 beans in January and spent 30
// in February, and bruno left.
func café() (context.Context, *loyalty.Engine, storage.Store, time.Time) {
	ctx, store := context.Background(), memory.New()
	now := time.Date(2027, time.January, 4, 9, 0, 0, 0, time.UTC)
	perEuro := &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}
	program := loyalty.Program{
		ID: "beans", Zone: "UTC",
		Units:   []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(1, points.Years)}, {Code: "euro", Kind: points.Metric}},
		Earning: []points.Rule{{Code: "base", Spend: perEuro}, {Code: "counts", Unit: "euro", Spend: perEuro}},
		Ladders: []tiers.Ladder{{
			Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}}, End: tiers.EndOfNextPeriod,
			Tiers: []tiers.Tier{{Code: "regular", Enter: tiers.Condition{All: []tiers.Need{{Metric: "euro", AtLeast: 100}}}}},
		}},
		Catalog: rewards.Catalog{{
			Code: "card", Type: rewards.TypeGiftCard, Benefit: rewards.Benefit{Amount: decimal.NewFromInt(10), Currency: "EUR"},
			Prices: []rewards.Price{{Unit: "bean", Points: 50}}, Voucher: &rewards.Voucher{},
		}},
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
	order := points.Order{ID: "1", Currency: "EUR", Lines: []points.Line{{Amount: decimal.NewFromInt(120)}}}
	do(loyalty.Enroll{Member: "anna", Key: "e"}, loyalty.Enroll{Member: "bruno", Key: "e"}, loyalty.Earn{Member: "anna", Key: "1", Order: order})
	now = now.AddDate(0, 1, 0)
	do(loyalty.Spend{Member: "anna", Key: "s", Unit: "bean", Points: 30}, loyalty.Close{Member: "bruno", Key: "c"})
	return ctx, engine, store, now.AddDate(0, 0, 1)
}

func ExampleOrders() {
	ctx, engine, store, _ := café()
	for order, err := range figures.Orders(ctx, engine, store, figures.OrderOptions{Currency: "EUR"}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(order.Member, order.At.Format(time.DateOnly), order.Amount)
	}
	// Output:
	// anna 2027-01-04 120
}

func ExamplePointCohorts() {
	ctx, engine, store, until := café()
	report, err := figures.PointCohorts(ctx, engine, store, figures.PointOptions{Unit: "bean", Until: until})
	if err != nil {
		log.Fatal(err)
	}
	january := report.Cohorts[0]
	fmt.Println(january.Issued, "issued in January,", january.Months[1].Redeemed, "of them redeemed in February")
	roll, err := report.RollForward(liability.Policy{Method: liability.Remote, Currency: "EUR"}, decimal.RequireFromString("0.01"), 0)
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range roll.Movements {
		fmt.Println(m.Period.Start.Format("January"), "owed", m.Closing.StringFixed(2))
	}
	// Output:
	// 120 issued in January, 30 of them redeemed in February
	// January owed 1.20
	// February owed 0.90
}

// Anna has a gift card for 50 of her beans and pays 4 euros with it.
func ExampleGiftCards() {
	ctx, engine, store, until := café()
	for _, command := range []loyalty.Command{
		loyalty.Redeem{Member: "anna", Key: "r", Redemption: "r-1", Reward: "card"},
		loyalty.UseVoucher{Member: "anna", Key: "u", Redemption: "r-1", Money: decimal.NewFromInt(4)},
	} {
		if _, err := engine.Do(ctx, command); err != nil {
			log.Fatal(err)
		}
	}
	report, err := figures.GiftCards(ctx, engine, store, figures.GiftCardOptions{Currency: "EUR", Until: until})
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range report.Cohorts {
		fmt.Println(c.Period.Start.Format("January")+":", c.Issued, "issued,", c.Used, "used,", c.Outstanding, "outstanding")
	}
	position, err := liability.GiftCards(liability.Policy{Method: liability.Remote, Currency: "EUR"}, report.Prepaid(decimal.Zero))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("owed:", position.Policy.Currency, position.Liability)
	// Output:
	// February: 10 issued, 4 used, 6 outstanding
	// owed: EUR 6
}

func ExampleTierMoves() {
	ctx, engine, store, until := café()
	period := kpi.Period{Start: time.Date(2027, time.January, 1, 0, 0, 0, 0, time.UTC), End: until}
	moves, err := figures.TierMoves(ctx, engine, store, figures.TierOptions{Period: period})
	if err != nil {
		log.Fatal(err)
	}
	m := moves.Migration(period)
	fmt.Println(m.Counts[1][0], "joined and is", m.Ladder[0])
	// Output:
	// 1 joined and is regular
}

func ExampleLifetimes() {
	ctx, engine, store, until := café()
	for life, err := range figures.Lifetimes(ctx, engine, store, until) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%.0f days, left: %t\n", life.Exit, life.Event)
	}
	// Output:
	// 32 days, left: false
	// 31 days, left: true
}

func ExampleCustomers() {
	ctx, engine, store, until := café()
	members, err := figures.Customers(ctx, engine, store, kpi.Period{Start: until.AddDate(0, 0, -20), End: until, Zone: time.UTC})
	if err != nil {
		log.Fatal(err)
	}
	retention, err := kpi.Retention(members)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(retention.Numerator, "of", retention.Denominator, "stayed")
	// Output:
	// 1 of 2 stayed
}

// A database that holds the ledger has summed it by month, as sqlkpi.Ledger does.
func ExamplePointReportOf() {
	until := time.Date(2027, time.March, 1, 0, 0, 0, 0, time.UTC)
	sums, err := kpi.NewPointAccumulator(until, time.UTC)
	if err != nil {
		log.Fatal(err)
	}
	january, february := time.Date(2027, time.January, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, time.February, 1, 0, 0, 0, 0, time.UTC)
	for _, move := range []kpi.PointMove{
		{Earned: january, At: january, From: kpi.IssuedPoints, To: kpi.AvailablePoints, Points: 120},
		{Earned: january, At: february, From: kpi.AvailablePoints, To: kpi.RedeemedPoints, Points: 30},
	} {
		if err := sums.Add(move); err != nil {
			log.Fatal(err)
		}
	}
	report, err := figures.PointReportOf(sums.Result(), figures.PointOptions{Unit: "bean", Until: until})
	if err != nil {
		log.Fatal(err)
	}
	roll, err := report.RollForward(liability.Policy{Method: liability.Remote}, decimal.RequireFromString("0.01"), 0)
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range roll.Movements {
		fmt.Printf("%s: owed %s\n", m.Period.Start.Format("January"), m.Closing.StringFixed(2))
	}
	// Output:
	// January: owed 1.20
	// February: owed 0.90
}
