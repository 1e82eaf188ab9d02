package points_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/points"
)

// A coffee shop gives beans: one for a euro, two on Mondays, to be spent within
// a year. Ines buys coffee on a Monday, buys more in summer, spends, brings some
// of it back, and forgets the rest.
func Example() {
	bean := points.Unit{Code: "bean", Expiry: points.ExpireAfter(12, points.Months).At(points.EndOfMonth)}
	rules := []points.Rule{
		{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}},
		{Code: "monday", When: points.When{Weekdays: points.Mon}, Multiply: decimal.NewFromInt(2)},
	}
	balance := points.Balance{Unit: bean.Code}
	book := func(from, to points.Bucket, amount points.Amount) {
		if amount == 0 {
			return
		}
		if err := balance.Apply(points.Entry{Unit: bean.Code, From: from, To: to, Amount: amount}); err != nil {
			fmt.Println(err)
		}
	}

	var lots []points.Lot
	earn := func(order points.Order, at time.Time) points.OrderState {
		awards, err := points.Evaluate(rules, []points.Unit{bean}, order, points.Env{At: at, Zone: time.UTC})
		if err != nil {
			fmt.Println(err)
			return points.OrderState{}
		}
		for _, award := range awards {
			lots = append(lots, points.Lot{
				ID: points.LotID(len(lots) + 1), Unit: award.Unit, State: points.LotOpen, Source: order.ID,
				Original: award.Points, Remaining: award.Points,
				EarnedAt: at, AvailableFrom: at, ExpiresAt: bean.Expiry.From(at, time.UTC),
			})
			book(points.Issued, points.Available, award.Points)
			fmt.Printf("order %s earns %s beans until %s\n", order.ID, bean.Format(award.Points),
				lots[len(lots)-1].ExpiresAt.Format(time.DateOnly))
		}
		return points.NewOrderState(order, awards)
	}
	march := time.Date(2027, time.March, 1, 9, 30, 0, 0, time.UTC)
	earn(points.Order{ID: "1001", Currency: "EUR", Lines: []points.Line{{ID: "filter", Quantity: 2, Amount: decimal.RequireFromString("24.80")}}}, march)
	july := time.Date(2027, time.July, 6, 17, 0, 0, 0, time.UTC)
	second := earn(points.Order{ID: "1002", Currency: "EUR", Lines: []points.Line{{ID: "espresso", Quantity: 4, Amount: decimal.RequireFromString("36.00")}}}, july)

	slices.SortFunc(lots, points.ConsumptionOrder)
	parts, missing, err := points.Consume(lots, 60, july)
	if err != nil || missing > 0 {
		fmt.Println("missing", missing, err)
		return
	}
	for _, part := range parts {
		lot := &lots[slices.IndexFunc(lots, func(l points.Lot) bool { return l.ID == part.Lot })]
		lot.Remaining -= part.Amount
		book(points.Available, points.Redeemed, part.Amount)
		fmt.Printf("60 beans take %s from order %s\n", bean.Format(part.Amount), lot.Source)
	}

	takes, err := second.Refund(points.Refund{Lines: []points.RefundLine{{Line: "espresso", Quantity: 1}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	lots[1].Remaining -= takes[0].Points
	book(points.Available, points.Reversed, takes[0].Points)
	fmt.Printf("a bag comes back and takes %s\n", bean.Format(takes[0].Points))

	nextYear := time.Date(2028, time.August, 1, 0, 0, 0, 0, time.UTC)
	for _, lot := range lots {
		if lot.State == points.LotOpen && !nextYear.Before(lot.DueAt()) {
			book(points.Available, points.Expired, lot.Remaining)
			fmt.Printf("on %s expire %s of order %s\n", lot.ExpiresAt.Format(time.DateOnly), bean.Format(lot.Remaining), lot.Source)
		}
	}
	fmt.Println("nothing left:", balance.Zero())

	// Output:
	// order 1001 earns 49 beans until 2028-04-01
	// order 1002 earns 36 beans until 2028-08-01
	// 60 beans take 49 from order 1001
	// 60 beans take 11 from order 1002
	// a bag comes back and takes 9
	// on 2028-08-01 expire 16 of order 1002
	// nothing left: true
}
