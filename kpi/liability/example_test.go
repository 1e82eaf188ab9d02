package liability_test

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/liability"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// Illustrative example 52 of IFRS 15: customers buy for 100,000 and earn 10,000
// points, of which 9,500 are expected to be redeemed, later 9,700. The standard
// rounds to whole units, so these books do.
func Example() {
	unit := decimal.NewFromInt(1)
	n := decimal.NewFromInt
	split := must(liability.Allocate(liability.Sale{
		Price: n(100_000), Goods: n(100_000), Points: n(10_000), PointValue: n(1), Redemption: decimal.RequireFromString("0.95"),
	}, unit))
	fmt.Println("goods", split.Goods, "points", split.Points)

	roll := must(liability.RollForward(liability.Policy{Method: liability.Proportional, Currency: "CU", Step: unit}, []liability.State{
		{Period: year(2027), Deferred: split.Points, Issued: n(10_000), Redeemed: n(4_500), Expected: n(9_500)},
		{Period: year(2028), Deferred: split.Points, Issued: n(10_000), Redeemed: n(8_500), Expected: n(9_700)},
	}))
	for _, m := range roll.Movements {
		fmt.Println("recognized", m.Recognized, "of it catching up", m.CatchUp, "owed", m.Closing)
	}
	for _, line := range roll.Movements[1].Journal("CU") {
		fmt.Printf("%-19s %-18s %5s %5s\n", line.Reason, line.Account, line.Debit, line.Credit)
	}
	// Output:
	// goods 91324 points 8676
	// recognized 4110 of it catching up 0 owed 4566
	// recognized 3493 of it catching up -85 owed 1073
	// recognition         contract_liability  3578     0
	// recognition         points_revenue         0  3578
	// change_in_estimate  points_revenue        85     0
	// change_in_estimate  contract_liability     0    85
}

func year(y int) kpi.Period {
	return kpi.Period{Start: time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC), End: time.Date(y+1, 1, 1, 0, 0, 0, 0, time.UTC), Zone: time.UTC}
}

func ExampleAllocate() {
	price := decimal.RequireFromString("12.40")
	split := must(liability.Allocate(liability.Sale{
		Price: price, Goods: price, Points: decimal.NewFromInt(12),
		PointValue: decimal.RequireFromString("0.05"), Redemption: decimal.RequireFromString("0.8"),
	}, decimal.RequireFromString("0.01")))
	fmt.Println(split.Goods, split.Points)
	// Output: 11.94 0.46
}

func ExampleRollForward() {
	n := decimal.NewFromInt
	roll := must(liability.RollForward(liability.Policy{Method: liability.Remote, Currency: "EUR"}, []liability.State{
		{Period: month(time.January), Deferred: n(900), Issued: n(10_000), Redeemed: n(2_000)},
		{Period: month(time.February), Deferred: n(900), Issued: n(10_000), Redeemed: n(5_000)},
		{Period: month(time.March), Deferred: n(900), Issued: n(10_000), Redeemed: n(6_000), Expired: n(4_000)},
	}))
	for _, m := range roll.Movements {
		fmt.Println(m.Opening, "+", m.Deferred, "−", m.Recognized, "=", m.Closing, "breakage", m.Breakage)
	}
	// Output:
	// 0 + 900 − 180 = 720 breakage 0
	// 720 + 0 − 270 = 450 breakage 0
	// 450 + 0 − 450 = 0 breakage 360
}

func ExampleTotal() {
	n := decimal.NewFromInt
	policy := liability.Policy{Method: liability.Remote, Currency: "EUR"}
	january := must(liability.RollForward(policy, []liability.State{
		{Period: month(time.January), Deferred: n(100), Issued: n(1000)},
		{Period: month(time.February), Deferred: n(100), Issued: n(1000), Redeemed: n(300)},
	}))
	february := must(liability.RollForward(policy, []liability.State{
		{Period: month(time.February), Deferred: n(80), Issued: n(800), Redeemed: n(100)},
	}))
	for _, m := range must(liability.Total(january, february)).Movements {
		fmt.Println(m.Opening, "+", m.Deferred, "−", m.Recognized, "=", m.Closing)
	}
	// Output:
	// 0 + 100 − 0 = 100
	// 100 + 80 − 40 = 140
}

func ExampleGiftCards() {
	cards := liability.Prepaid{Paid: decimal.NewFromInt(100_000), Redeemed: decimal.NewFromInt(45_000), Breakage: decimal.RequireFromString("0.1")}
	position := must(liability.GiftCards(liability.Policy{Method: liability.Proportional}, cards))
	fmt.Println("revenue", position.Revenue, "of it breakage", position.Breakage, "owed", position.Liability)
	// Output: revenue 50000 of it breakage 5000 owed 50000
}

func ExampleCostAccrual() {
	points := kpi.PointCounts{Issued: 100_000, Redeemed: 45_000, Expired: 5_000}
	accrual := must(liability.CostAccrual(points, decimal.RequireFromString("0.75"), decimal.RequireFromString("0.01"), "EUR"))
	fmt.Println(accrual.FuturePoints, "points cost", accrual.Liability, accrual.Currency, "-", accrual.Model)
	// Output: 30000 points cost 300 EUR - cost accrual, not IFRS 15
}
