package loyalty_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

func euros(text string) decimal.Decimal { return decimal.RequireFromString(text) }

// allRules is a program with every kind of rule and condition, in two units, a metric
// and two currencies.
func allRules() loyalty.Program {
	rate := func(code, unit, currency string, n points.Amount, per string, rounding points.Rounding) points.Rule {
		return points.Rule{Code: code, Unit: unit, Spend: &points.SpendRate{Points: n, Per: euros(per), Currency: currency, Rounding: rounding}}
	}
	beansRule := rate("beans", "bean", "EUR", 5, "1.3", points.HalfEven)
	beansRule.Match, beansRule.Caps = points.Match{Items: []string{"beans"}}, []points.Cap{{Points: 40, Per: points.PerEvent}}
	groups := rate("groups", "star", "EUR", 1, "2.5", points.Floor)
	groups.Spend.Grouping, groups.Spend.Basis = points.WholeGroups, points.Basis{BeforeDiscounts: true, PointsTender: true, Shipping: true}
	groups.Caps = []points.Cap{{Points: 60, Per: points.PerDay}}
	app := points.Rule{Code: "app", Multiply: euros("1.5"), Stack: "channel", Only: &points.Only{Channels: []string{"app"}}}
	night := points.Rule{Code: "night", Multiply: euros("2"), When: points.When{Hours: []points.Hours{{From: 20 * 60, Until: 6 * 60}}}}
	monday := points.Rule{Code: "monday", Multiply: euros("3"), Priority: 1, When: points.When{Weekdays: points.Mon}}
	return loyalty.Program{
		ID: "all", Zone: "Europe/Vienna", Debt: loyalty.AllowDebt,
		Units: []points.Unit{
			{Code: "bean", Expiry: points.ExpireAfter(12, points.Months)},
			{Code: "star", Expiry: points.NeverExpire()},
			{Code: "spent", Kind: points.Metric, Scale: 2},
		},
		Earning: []points.Rule{
			rate("base", "bean", "EUR", 1, "1", points.Floor), rate("dollars", "bean", "USD", 9, "10", points.HalfUp),
			beansRule, groups, rate("spent", "spent", "EUR", 100, "1", points.Floor), app, night, monday,
			{Code: "mug", Bonus: 5, Match: points.Match{Tags: []string{"mug"}}, Budgets: []points.Cap{{Points: 23, Per: points.PerMonth}}},
			{Code: "gold", Unit: "star", Bonus: 4, Only: &points.Only{Tiers: []string{"gold"}, Stores: []string{"main"}}},
			{Code: "big", Bonus: 11, Only: &points.Only{Minimum: []points.Minimum{{Amount: euros("30"), Currency: "EUR"}}}, Caps: []points.Cap{{Times: 2, Per: points.PerWeek}}},
			{Code: "both", Bonus: 6, Only: &points.Only{Combination: []points.Pieces{
				{Match: points.Match{Items: []string{"latte"}}, Quantity: 2}, {Match: points.Match{Categories: []string{"food"}}},
			}}},
			{Code: "cash", Unit: "star", Bonus: 2, Only: &points.Only{NotPaidBy: []points.TenderKind{points.PointsTender}}},
			{Code: "first", Bonus: 20, Count: &points.Count{Nth: 1}},
			{Code: "card", Unit: "star", Bonus: 10, Match: points.Match{Items: []string{"latte"}}, Count: &points.Count{Every: 5, Pieces: true}},
			{Code: "third", Multiply: euros("2"), Stack: "visits", Count: &points.Count{Nth: 3, Per: points.PerMonth}},
			{Code: "fibonacci", Formula: true, Expiry: points.ExpireAfter(1, points.Months)},
			{Code: "review", Activity: "review", Bonus: 7, Only: &points.Only{Attributes: map[string][]string{"stars": {"4", "5"}}}, Caps: []points.Cap{{Times: 1, Per: points.PerDay}}},
			{Code: "visits", Activity: "visit", Unit: "star", Bonus: 3, Count: &points.Count{Every: 2}},
		},
	}
}

// opensAll makes an engine on an empty store for members anna and ben.
func opensAll(t *rapid.T, program loyalty.Program, now *time.Time) *loyalty.Engine {
	engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), &loyalty.Options{
		Clock: func() time.Time { return *now },
		Profile: func(_ context.Context, member string, _ time.Time) (loyalty.Profile, error) {
			if member == "anna" {
				return loyalty.Profile{Tiers: []string{"gold"}, Boost: map[string]decimal.Decimal{"bean": euros("1.25")}}, nil
			}
			return loyalty.Profile{}, nil
		},
		Formulas: map[string]points.Formula{"fibonacci": func(o points.Occasion) (points.Amount, error) {
			if o.Order == nil {
				return 0, nil
			}
			return []points.Amount{1, 1, 2, 3, 5, 8}[len(o.Order.Lines)], nil
		}},
	})
	require.NoError(t, err)
	for _, member := range []string{"anna", "ben"} {
		_, err := engine.Do(t.Context(), loyalty.Enroll{Member: member, Key: "enroll"})
		require.NoError(t, err)
	}
	return engine
}

func drawOrder(t *rapid.T, id string) points.Order {
	pick := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
	order := points.Order{ID: id, Currency: pick("currency", "EUR", "EUR", "USD"), Channel: pick("channel", "app", "web", ""), Store: pick("store", "main", "")}
	for range rapid.IntRange(1, 4).Draw(t, "lines") {
		line := points.Line{Item: pick("item", "latte", "beans", "cup"), Amount: euros(pick("price", "4.50", "12.40", "0.99", "38", "0"))}
		line.Quantity = rapid.Int64Range(1, 4).Draw(t, "pieces")
		line.Category, line.Tags = pick("category", "food", ""), []string{pick("tag", "mug", "new")}
		line.Discount, line.Tax = euros(pick("discount", "0", "1.10")), euros(pick("tax", "0", "0.90"))
		line.StoredValue = pick("gift card", "no", "no", "no", "yes") == "yes"
		order.Lines = append(order.Lines, line)
	}
	order.Shipping = euros(pick("shipping", "0", "4.90"))
	total := order.Shipping
	for _, line := range order.Lines {
		total = total.Add(line.Amount).Add(line.Tax)
	}
	if kind := pick("tender", "", "points", "gift-card"); kind != "" && !total.IsZero() {
		share := rapid.Int64Range(1, 100).Draw(t, "share")
		order.Tenders = []points.Tender{{Kind: points.TenderKind(kind), Amount: total.Mul(decimal.New(share, -2)).RoundDown(2)}}
	}
	return order
}

func TestWhateverTheRulesAQuoteIsTheAwardInAnyOrderAndRefundsMaySplit(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		now := time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
		shuffled := allRules()
		shuffled.Earning = rapid.Permutation(shuffled.Earning).Draw(rt, "rules")
		whole, split := opensAll(rt, allRules(), &now), opensAll(rt, shuffled, &now)
		var orders []loyalty.Earn
		for i := range rapid.IntRange(1, 10).Draw(rt, "events") {
			now = now.Add(time.Duration(rapid.IntRange(0, 40).Draw(rt, "hours")) * time.Hour)
			who, key := rapid.SampledFrom([]string{"anna", "ben"}).Draw(rt, "who"), fmt.Sprint("key ", i)
			earn := loyalty.Earn{Member: who, Key: key, Order: drawOrder(rt, fmt.Sprint(i))}
			var cmd loyalty.Command = earn
			switch rapid.IntRange(0, 5).Draw(rt, "kind") {
			case 0:
				cmd = loyalty.Fact{Member: who, Key: key, Activity: "visit"}
			case 1:
				cmd = loyalty.Fact{Member: who, Key: key, Activity: "review", Attributes: map[string]string{"stars": rapid.SampledFrom([]string{"1", "4"}).Draw(rt, "stars")}}
			default:
				orders = append(orders, earn)
			}
			quote, quoteErr := whole.Quote(t.Context(), cmd)
			award, err := whole.Do(t.Context(), cmd)
			require.Equal(rt, quoteErr == nil, err == nil)
			require.Equal(rt, quote, award)
			other, otherErr := split.Do(t.Context(), cmd)
			require.Equal(rt, err == nil, otherErr == nil)
			require.Equal(rt, award, other, "the order in which rules are listed makes no difference")
			if err != nil {
				require.ErrorIs(rt, err, loyalty.ErrInvalid)
				continue
			}
			for _, a := range award.Awards {
				sum := points.Amount(0)
				for _, rule := range a.Rules {
					sum += rule.Points
				}
				require.Equal(rt, a.Points, sum, "%s: %+v", a.Unit, a.Rules)
			}
			require.NotEmpty(rt, award.String())
		}
		for _, earn := range orders {
			refundBoth(rt, whole, split, earn)
		}
		for _, member := range []string{"anna", "ben"} {
			a, err := whole.Member(t.Context(), member)
			require.NoError(rt, err)
			b, err := split.Member(t.Context(), member)
			require.NoError(rt, err)
			require.Equal(rt, a.Balances, b.Balances)
			require.Equal(rt, a.Progress, b.Progress)
		}
		report, err := split.Verify(t.Context(), nil)
		require.NoError(rt, err)
		require.Empty(rt, report.Problems)
	})
}

// refundBoth refunds pieces of an order at once on one engine, and one by one on the
// other.
func refundBoth(t *rapid.T, whole, split *loyalty.Engine, earn loyalty.Earn) {
	var lines []points.RefundLine
	for i, line := range earn.Order.Lines {
		if n := rapid.Int64Range(0, line.Quantity).Draw(t, "back"); n > 0 {
			lines = append(lines, points.RefundLine{Line: fmt.Sprint(i + 1), Quantity: n})
		}
	}
	if len(lines) == 0 {
		return
	}
	_, err := whole.Do(t.Context(), loyalty.Refund{Member: earn.Member, Key: "back " + earn.Key, Order: earn.Order.ID, Lines: lines})
	require.NoError(t, err)
	var pieces []points.RefundLine
	for _, line := range lines {
		pieces = append(pieces, slices.Repeat([]points.RefundLine{{Line: line.Line, Quantity: 1}}, int(line.Quantity))...)
	}
	for i, piece := range rapid.Permutation(pieces).Draw(t, "pieces") {
		_, err := split.Do(t.Context(), loyalty.Refund{
			Member: earn.Member, Key: fmt.Sprintf("back %s %d", earn.Key, i), Order: earn.Order.ID, Lines: []points.RefundLine{piece},
		})
		require.NoError(t, err)
	}
}
