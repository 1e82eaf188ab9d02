package loyalty_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
)

// However an order is refunded that points paid a part of, and not for all lines, it ends
// with what was there before, and no points come back for a line for which they did not pay.
func TestAnOrderThatPointsPaidInPartComesBackWholeHoweverItIsSplit(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cents := func(label string, most int64) decimal.Decimal {
			return decimal.New(rapid.Int64Range(0, most).Draw(rt, label), -2)
		}
		s := openTill(t, func(p *loyalty.Program) {
			p.Debt = loyalty.AllowDebt
			p.Catalog[0].Exchange = &rewards.Exchange{
				Unit: "bean", Points: points.Amount(rapid.Int64Range(1, 300).Draw(rt, "points")), Money: eur("1"), Currency: "EUR",
				Share: decimal.NewFromInt(rapid.Int64Range(1, 100).Draw(rt, "share")), Exclude: points.Match{Items: []string{"cup"}},
				Fraction: rapid.SampledFrom([]rewards.Fraction{rewards.FractionCash, rewards.FractionRoundUp, rewards.FractionForgive}).Draw(rt, "fraction"),
			}
		})
		order := points.Order{ID: "1001", Currency: "EUR", Shipping: cents("shipping", 500)}
		total := order.Shipping
		for i := range rapid.IntRange(1, 4).Draw(rt, "lines") {
			line := points.Line{
				ID: fmt.Sprint("line ", i), Item: rapid.SampledFrom([]string{"cup", "beans"}).Draw(rt, "item"),
				Quantity: rapid.Int64Range(1, 3).Draw(rt, "pieces"), Amount: cents("amount", 2000), Tax: cents("tax", 300),
			}
			total = total.Add(line.Amount).Add(line.Tax)
			order.Lines = append(order.Lines, line)
		}
		if card := decimal.Min(total, cents("card", 1500)); card.IsPositive() {
			order.Tenders = []points.Tender{{Kind: points.GiftCardTender, Amount: card}}
		}
		before := s.balance()
		sold, err := s.Do(t.Context(), loyalty.Earn{Member: "anna", Key: "sale", Order: order, Pay: &loyalty.PayPoints{Reward: "cash"}})
		require.NoError(rt, err)
		var split loyalty.RefundSplit
		var back points.Amount
		named := true // every refund so far names its line
		refund := func(c loyalty.Refund) {
			c.Member, c.Order = "anna", order.ID
			receipt, err := s.Do(t.Context(), c)
			if errors.Is(err, loyalty.ErrOverRefund) {
				return
			}
			require.NoError(rt, err)
			excluded := len(c.Lines) == 1 && order.Lines[c.Lines[0].Line[5]-'0'].Item == "cup"
			named = named && len(c.Lines) > 0
			require.False(rt, named && excluded && len(receipt.PointsBack) > 0, "%+v", receipt)
			for _, b := range receipt.PointsBack {
				back += b.Points
			}
			if part := receipt.Split; part != nil {
				require.False(rt, part.Money.IsNegative() || part.Cash.IsNegative() || part.GiftCard.IsNegative(), "%+v", part)
				split.Money, split.Cash, split.GiftCard = split.Money.Add(part.Money), split.Cash.Add(part.Cash), split.GiftCard.Add(part.GiftCard)
			}
		}
		for i := range rapid.IntRange(0, 6).Draw(rt, "refunds") {
			c := loyalty.Refund{Key: fmt.Sprint("part ", i), Amount: cents("money", 900)}
			if line := rapid.IntRange(-1, len(order.Lines)-1).Draw(rt, "line"); line >= 0 {
				c.Lines = []points.RefundLine{{Line: order.Lines[line].ID, Quantity: 1}}
				if c.Amount.IsPositive() && rapid.Bool().Draw(rt, "by money") {
					c.Lines[0].Quantity, c.Lines[0].Amount = 0, c.Amount
				}
				c.Amount = decimal.Decimal{}
			} else if c.Amount.IsZero() {
				continue
			}
			refund(c)
		}
		refund(loyalty.Refund{Key: "rest", Full: true})
		require.Equal(rt, before, s.balance())
		if paid := sold.Payment; paid != nil && paid.Points > 0 {
			require.Equal(rt, paid.Points, back)
			require.True(rt, split.Money.Equal(paid.Money), "%s of %s", split.Money, paid.Money)
			require.True(rt, split.Cash.Equal(paid.Rest), "%s of %s", split.Cash, paid.Rest)
			require.True(rt, split.Money.Add(split.Cash).Add(split.GiftCard).Add(paid.Forgiven).Equal(total))
		}
	})
}
