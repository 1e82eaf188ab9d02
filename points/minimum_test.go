package points_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
)

// TestAMinimumCountsTheMoneyOfItsOwnBasis asks an order for 30 euros.
func TestAMinimumCountsTheMoneyOfItsOwnBasis(t *testing.T) {
	coffee := func(amount string) points.Line {
		return points.Line{ID: "coffee", Category: "coffee", Amount: dec(amount), Discount: dec("2"), Tax: dec("3")}
	}
	gift := points.Line{ID: "gift", Amount: dec("5"), StoredValue: true}
	paid := func(kind points.TenderKind) points.Order {
		o := order(coffee("30"))
		o.Tenders = []points.Tender{{Kind: kind, Amount: dec("3.30")}}
		return o
	}
	delivered := order(coffee("28"))
	delivered.Shipping, delivered.Fees = dec("1"), dec("1")
	for _, c := range []struct {
		name  string
		order points.Order
		basis points.Basis
		match points.Match
		want  bool
	}{
		{"exactly the minimum is enough", order(coffee("30")), points.Basis{}, points.Match{}, true},
		{"a cent less is not", order(coffee("29.99")), points.Basis{}, points.Match{}, false},
		{"with tax it may be", order(coffee("27")), points.Basis{Tax: true}, points.Match{}, true},
		{"or before discounts", order(coffee("28")), points.Basis{BeforeDiscounts: true}, points.Match{}, true},
		{"shipping does not count", delivered, points.Basis{Fees: true}, points.Match{}, false},
		{"unless it says so", delivered, points.Basis{Fees: true, Shipping: true}, points.Match{}, true},
		{"a gift card does not count", order(coffee("25"), gift), points.Basis{}, points.Match{}, false},
		{"unless it says so, too", order(coffee("25"), gift), points.Basis{StoredValue: true}, points.Match{}, true},
		{"nor does what points paid", paid(points.PointsTender), points.Basis{GiftCardTender: true}, points.Match{}, false},
		{"unless it does", paid(points.PointsTender), points.Basis{PointsTender: true}, points.Match{}, true},
		{"nor what a gift card paid", paid(points.GiftCardTender), points.Basis{PointsTender: true}, points.Match{}, false},
		{"unless that does", paid(points.GiftCardTender), points.Basis{GiftCardTender: true}, points.Match{}, true},
		{"what is excluded does not", order(coffee("30")), points.Basis{Exclude: points.Match{Categories: []string{"coffee"}}}, points.Match{}, false},
		{"of lines that the rule does not take nothing counts", order(coffee("29"), line("mug", "10")), points.Basis{}, points.Match{Categories: []string{"coffee"}}, false},
		{"of those that it takes all does", order(coffee("30"), line("mug", "10")), points.Basis{}, points.Match{Categories: []string{"coffee"}}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.NoError(t, c.order.Validate())
			rule := points.Rule{Code: "big", Bonus: 5, Match: c.match, Only: &points.Only{Minimum: []points.Minimum{
				{Amount: dec("30"), Currency: "EUR", Basis: c.basis}, {Amount: dec("1"), Currency: "USD"},
			}}}
			awards, err := points.Evaluate([]points.Rule{rule}, []points.Unit{bean}, c.order, points.Env{At: monday})
			require.NoError(t, err)
			require.Equal(t, c.want, len(awards) == 1)
			other := c.order
			other.Currency = "GBP"
			awards, err = points.Evaluate([]points.Rule{rule}, []points.Unit{bean}, other, points.Env{At: monday})
			require.NoError(t, err)
			require.Empty(t, awards, "there is no minimum in this currency")
		})
	}
}
