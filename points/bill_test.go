package points_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
)

func one(kind points.TenderKind, amount string) points.Tender {
	return points.Tender{Kind: kind, Amount: dec(amount)}
}

// TestPointsPayForSomeLines has a coffee for 30.00 and a mug for 10.00 for which points
// do not pay.
func TestPointsPayForSomeLines(t *testing.T) {
	mugs := points.Match{Items: []string{"mug"}}
	for _, c := range []struct {
		name         string
		points, card string
		tax          string
		shares       string
	}{
		{"points lower the coffee alone", "15", "0", "0", "base coffee 15 of 15; base mug 10 of 10; "},
		{"a gift card pays for the mug first", "15", "4", "0", "base coffee 15 of 15; base mug 6 of 6; "},
		{"it pays all of the mug", "15", "10", "0", "base coffee 15 of 15; "},
		{"and what is over goes to the coffee", "15", "14", "0", "base coffee 11 of 11; "},
		{"a card of 6 is half of the mug with its tax", "15", "6", "2", "base coffee 15 of 15; base mug 5 of 5; "},
		{"points pay all of the coffee", "30", "0", "0", "base mug 10 of 10; "},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := order(line("coffee", "30"), points.Line{ID: "mug", Item: "mug", Amount: dec("10"), Tax: dec(c.tax)})
			paid := one(points.PointsTender, c.points)
			paid.Exclude = mugs
			o.Tenders = []points.Tender{paid, one(points.GiftCardTender, c.card)}
			require.NoError(t, o.Validate())
			awards, err := points.Evaluate([]points.Rule{{Code: "base", Spend: eur(1, "1")}}, []points.Unit{bean}, o, points.Env{At: monday})
			require.NoError(t, err)
			assert.Equal(t, c.shares, shares(awards[0]))
		})
	}
	o := order(line("coffee", "30"), points.Line{ID: "mug", Item: "mug", Amount: dec("10")})
	o.Tenders = []points.Tender{{Kind: points.PointsTender, Amount: dec("30.01"), Exclude: mugs}}
	_, err := points.Evaluate([]points.Rule{{Code: "base", Spend: eur(1, "1")}}, []points.Unit{bean}, o, points.Env{At: monday})
	require.ErrorContains(t, err, "points that pay 30.01 are more than the 30 of the lines that they pay for")
}

// TestTheLastMillionthOfATender has three lines of 1.00, of which a tender takes 0.333333
// each and the first of them 0.000001 more.
func TestTheLastMillionthOfATender(t *testing.T) {
	item := func(id, item string) points.Line { return points.Line{ID: id, Item: item, Amount: dec("1")} }
	stored := item("gift", "a")
	stored.StoredValue = true
	for _, c := range []struct {
		name  string
		lines []points.Line
		first string
	}{
		{"the item that sorts first", []points.Line{item("x", "c"), item("y", "a"), item("z", "b")}, "y"},
		{"goods before stored value", []points.Line{stored, item("y", "a"), item("z", "b")}, "y"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range c.lines {
				c.lines = append(c.lines[1:], c.lines[0])
				o := order(slices.Clone(c.lines)...)
				o.Tenders = []points.Tender{one(points.PointsTender, "1")}
				assert.Equal(t, c.first, lowered(t, o))
			}
		})
	}
	o := order(line("zoo", "1"))
	o.Shipping, o.Fees = dec("1"), dec("1")
	o.Tenders = []points.Tender{one(points.PointsTender, "1")}
	assert.Equal(t, "zoo", lowered(t, o), "goods before charges")
	o.Lines[0].Amount = dec("0")
	o.Shipping, o.Fees = dec("1"), dec("2")
	assert.Empty(t, lowered(t, o), "0.333333 of shipping, 0.666667 of fees")
}

// lowered is the line of which a money of 0.666666 counts.
func lowered(t *testing.T, o points.Order) string {
	t.Helper()
	rate := eur(1_000_000, "1")
	rate.Basis = points.Basis{Shipping: true, Fees: true, StoredValue: true}
	awards, err := points.Evaluate([]points.Rule{{Code: "base", Spend: rate}}, []points.Unit{bean}, o, points.Env{At: monday})
	require.NoError(t, err)
	for _, share := range awards[0].Shares {
		if share.Eligible.String() == "0.666666" {
			return share.Line
		}
	}
	return ""
}

func TestEveryMoneyOfAnOrderHasItsOwnDecimals(t *testing.T) {
	o := order(points.Line{ID: "a", Amount: dec("1"), Discount: dec("0.125"), Tax: dec("0.0625")})
	o.Shipping, o.Fees = dec("0.03125"), dec("0.015625")
	rate := eur(1_000_000, "1")
	rate.Basis = points.Basis{BeforeDiscounts: true, Tax: true, Shipping: true, Fees: true}
	evaluate := func(o points.Order) string {
		awards, err := points.Evaluate([]points.Rule{{Code: "base", Spend: rate}}, []points.Unit{bean}, o, points.Env{At: monday})
		require.NoError(t, err)
		return shares(awards[0])
	}
	require.Equal(t, "base a 1187500 of 1.1875; base shipping 31250 of 0.03125; base fees 15625 of 0.015625; ", evaluate(o))
	for _, c := range []struct {
		change func(*points.Order)
		want   string
	}{
		{func(o *points.Order) { o.Fees = dec("0") }, "base a 1187500 of 1.1875; base shipping 31250 of 0.03125; "},
		{func(o *points.Order) { o.Shipping = dec("0") }, "base a 1187500 of 1.1875; "},
		{func(o *points.Order) { o.Lines[0].Tax = dec("0") }, "base a 1125000 of 1.125; "},
	} {
		c.change(&o)
		require.Equal(t, c.want, evaluate(o))
	}
	o = order(line("a", "1"))
	o.Tenders = []points.Tender{one(points.GiftCardTender, "0.50000005")}
	require.Equal(t, "base a 499999 of 0.49999995; ", evaluate(o))
}
