package loyalty_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// cupboard is what a punch card, a daily cap and a budget should do, from the list of
// all orders: the card goes by the coffees that were kept and by the cards that are
// with orders that were kept, the cap and the budget by all that was ever earned.
type cupboard struct{ orders []sold }

type sold struct {
	member  string
	day     string
	coffees int64
	back    int64
	base    points.Amount
	drop    points.Amount
	cards   int64
}

const (
	cardSize  = 5
	dailyCap  = 30
	dropTotal = 100
)

func (c *cupboard) earn(member, day string, coffees int64) sold {
	s := sold{member: member, day: day, coffees: coffees, base: points.Amount(3 * coffees), drop: 7}
	kept, cards := coffees, int64(0)
	var today, dropped points.Amount
	for _, o := range c.orders {
		dropped += o.drop
		if o.member != member {
			continue
		}
		kept += o.coffees - o.back
		if o.back < o.coffees {
			cards += o.cards
		}
		if o.day == day {
			today += o.base
		}
	}
	s.cards = max(0, kept/cardSize-cards)
	s.base, s.drop = min(s.base, dailyCap-today), min(s.drop, dropTotal-dropped)
	c.orders = append(c.orders, s)
	return s
}

func TestCardsCapsAndBudgetsThroughOrdersAndRefunds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		program := beans(points.NeverExpire())
		base, card := euroRate(), punchCard()
		base.Caps, card.Count.Every, card.Bonus = []points.Cap{{Points: dailyCap, Per: points.PerDay}}, cardSize, 50
		program.Earning = []points.Rule{base, card, {Code: "drop", Bonus: 7, Budgets: []points.Cap{{Points: dropTotal, Per: points.Lifetime}}}}
		now := time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
		engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), &loyalty.Options{Clock: func() time.Time { return now }})
		require.NoError(rt, err)
		for _, member := range []string{"anna", "ben"} {
			_, err := engine.Do(t.Context(), loyalty.Enroll{Member: member, Key: "enroll"})
			require.NoError(rt, err)
		}
		var model cupboard
		for i := range rapid.IntRange(1, 30).Draw(rt, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 9).Draw(rt, "hours")) * time.Hour)
			key := fmt.Sprint("key ", i)
			if n := len(model.orders); n > 0 && rapid.IntRange(0, 2).Draw(rt, "refund") == 0 {
				at := rapid.IntRange(0, n-1).Draw(rt, "order")
				order := &model.orders[at]
				if order.back == order.coffees {
					continue
				}
				pieces := rapid.Int64Range(1, order.coffees-order.back).Draw(rt, "pieces")
				_, err := engine.Do(t.Context(), loyalty.Refund{
					Member: order.member, Key: key, Order: fmt.Sprint(at), Lines: []points.RefundLine{{Line: "1", Quantity: pieces}},
				})
				require.NoError(rt, err)
				order.back += pieces
				continue
			}
			who, coffeesNow := rapid.SampledFrom([]string{"anna", "ben"}).Draw(rt, "who"), rapid.Int64Range(1, 12).Draw(rt, "coffees")
			want := model.earn(who, now.In(vienna(rt)).Format("2006-01-02"), coffeesNow)
			cmd := loyalty.Earn{Member: who, Key: key, Order: coffees(fmt.Sprint(len(model.orders)-1), coffeesNow)}
			quote, err := engine.Quote(t.Context(), cmd)
			require.NoError(rt, err)
			award, err := engine.Do(t.Context(), cmd)
			require.NoError(rt, err)
			require.Equal(rt, quote, award)
			given := map[string]points.Amount{}
			for _, rule := range award.Awards[0].Rules {
				given[rule.Rule] = rule.Points
			}
			require.Equal(rt, want.base, given["base"])
			require.Equal(rt, points.Amount(50*want.cards), given["card"])
			require.Equal(rt, want.drop, given["drop"])
		}
		report, err := engine.Verify(t.Context(), nil)
		require.NoError(rt, err)
		require.Empty(rt, report.Problems)
	})
}

func vienna(t require.TestingT) *time.Location {
	zone, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	return zone
}
