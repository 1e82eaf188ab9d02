package points_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/points"
)

func BenchmarkEvaluate(b *testing.B) {
	units := []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(12, points.Months)}}
	base := points.Rule{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}}
	monday := points.Rule{Code: "monday", When: points.When{Weekdays: points.Mon}, Multiply: decimal.NewFromInt(2)}
	welcome := points.Rule{Code: "welcome", Bonus: 50}
	env := points.Env{At: time.Date(2027, time.March, 1, 12, 0, 0, 0, time.UTC), Zone: time.UTC}
	order := func(amounts ...string) points.Order {
		o := points.Order{ID: "1001", Currency: "EUR"}
		for _, amount := range amounts {
			o.Lines = append(o.Lines, points.Line{Amount: decimal.RequireFromString(amount)})
		}
		return o
	}
	tendered := order("12.40", "3.10")
	tendered.Tenders = []points.Tender{{Kind: points.GiftCardTender, Amount: decimal.RequireFromString("5.00")}}
	for _, c := range []struct {
		name  string
		rules []points.Rule
		order points.Order
	}{
		{"one line under one rule", []points.Rule{base}, order("12.40")},
		{"one line doubled on Mondays", []points.Rule{base, monday}, order("12.40")},
		{"four lines under three rules", []points.Rule{base, monday, welcome}, order("12.40", "3.10", "7.99", "0.50")},
		{"two lines partly paid by gift card", []points.Rule{base}, tendered},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := points.Evaluate(c.rules, units, c.order, env); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOrder(b *testing.B) {
	order := points.Order{ID: "1001", Currency: "EUR", Lines: []points.Line{{ID: "filter-1", Item: "filter", Quantity: 2, Amount: decimal.RequireFromString("12.40")}}}
	awards := []points.Award{{Unit: "bean", Points: 12, Shares: []points.Share{{Rule: "base", Line: "filter-1", Points: 12, Eligible: order.Lines[0].Amount}}}}
	b.Run("validate", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := order.Validate(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("keep for refunds", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			points.NewOrderState(order, awards)
		}
	})
	b.Run("refund a piece", func(b *testing.B) {
		b.ReportAllocs()
		state := points.NewOrderState(order, awards)
		for b.Loop() {
			again := state
			if _, err := again.Refund(points.Refund{Lines: []points.RefundLine{{Line: "filter-1", Quantity: 1}}}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
