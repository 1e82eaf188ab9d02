package loyalty_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func TestPointsPayForNoLineThatTheirExchangeExcludes(t *testing.T) {
	noCups := func(p *loyalty.Program) {
		p.Catalog[0].Exchange.Exclude = points.Match{Items: []string{"cup"}}
		p.Catalog[0].Exchange.Share = eur("100")
	}
	s := openTill(t, noCups)
	many := tillOrder(loyalty.PayPoints{Reward: "cash"})
	many.Order.Lines[0].Amount, many.Order.Lines[0].Tax, many.Order.Shipping = eur("10"), eur("2"), eur("0")
	quote, err := s.Quote(t.Context(), many)
	require.NoError(t, err)
	receipt := s.must(many)
	require.Equal(t, quote.Payment, receipt.Payment)
	require.Equal(t, "1200 12, rest 6", fmt.Sprintf("%d %s, rest %s", receipt.Payment.Points, receipt.Payment.Money, receipt.Payment.Rest), "the beans with their tax, and no cup")

	cup := s.must(loyalty.Refund{Member: "anna", Key: "cup", Order: "1001", Lines: []points.RefundLine{{Line: "cup"}}})
	require.Equal(t, "0 6 0", fmt.Sprintf("%s %s %s", cup.Split.Money, cup.Split.Cash, cup.Split.GiftCard), "it was paid in money")
	require.Empty(t, cup.PointsBack)
	third := s.must(loyalty.Refund{Member: "anna", Key: "piece", Order: "1001", Lines: []points.RefundLine{{Line: "beans", Quantity: 1}}})
	require.Equal(t, "4 0 0", fmt.Sprintf("%s %s %s", third.Split.Money, third.Split.Cash, third.Split.GiftCard), "they were paid with points")
	s.must(loyalty.Refund{Member: "anna", Key: "rest", Order: "1001", Amount: eur("8")})
	require.EqualValues(t, 2000, s.balance().Available)
	s.verify()

	s = openTill(t, noCups)
	card := tillOrder(loyalty.PayPoints{Reward: "cash"})
	card.Order.Shipping, card.Order.Tenders = eur("0"), []points.Tender{{Kind: points.GiftCardTender, Amount: eur("7")}}
	receipt = s.must(card)
	require.Equal(t, "1700 17, rest 0", fmt.Sprintf("%d %s, rest %s", receipt.Payment.Points, receipt.Payment.Money, receipt.Payment.Rest), "the gift card paid for the cup, and a euro of the beans")
	back := s.must(loyalty.Refund{Member: "anna", Key: "cup", Order: "1001", Lines: []points.RefundLine{{Line: "cup"}}})
	require.Equal(t, "0 0 6", fmt.Sprintf("%s %s %s", back.Split.Money, back.Split.Cash, back.Split.GiftCard))

	s = openTill(t, noCups)
	cups := tillOrder(loyalty.PayPoints{Reward: "cash", Points: 100})
	cups.Order.Shipping, cups.Order.Lines = eur("0"), cups.Order.Lines[1:]
	s.refuses(cups, loyalty.ErrInvalid)
	cups.Pay.Points = 0
	require.Zero(t, s.must(cups).Payment.Points, "it is an order like any other")
	require.EqualValues(t, 2005, s.balance().Available)
}

func TestAnOrderWithTaxInMillsComesBackWhole(t *testing.T) {
	s := openTill(t)
	cmd := tillOrder(loyalty.PayPoints{Reward: "cash", Points: 900})
	cmd.Order.Lines[0].Tax, cmd.Order.Tenders = eur("3.005"), []points.Tender{{Kind: points.GiftCardTender, Amount: eur("10.005")}}
	s.must(cmd)
	back := s.must(loyalty.Refund{Member: "anna", Key: "back", Order: "1001", Full: true})
	require.Equal(t, "9 11 10.005", fmt.Sprintf("%s %s %s", back.Split.Money, back.Split.Cash, back.Split.GiftCard))
	require.EqualValues(t, 2000, s.balance().Available)
}

func TestARateMayBeForOrdersWithoutPointsOnly(t *testing.T) {
	s := openTill(t, func(p *loyalty.Program) {
		p.Earning[0].Only = &points.Only{NotPaidBy: []points.TenderKind{points.PointsTender}}
	})
	cmd := tillOrder(loyalty.PayPoints{Reward: "cash", Points: 900})
	quote, err := s.Quote(t.Context(), cmd)
	require.NoError(t, err)
	require.Empty(t, quote.Awards, "the quote shows it")
	require.Empty(t, s.must(cmd).Awards)
	in := cmd
	in.Key, in.Order.ID, in.Pay = "money", "1002", nil
	require.EqualValues(t, 20, s.must(in).Awards[0].Points)
	s.verify()
}

func TestLinesForWhichPointsMayNotPayEarnAsIfNoneHadPaid(t *testing.T) {
	cup := points.Match{Items: []string{"cup"}}
	open := func(change func(*loyalty.Program)) *shop {
		return openTill(t, func(p *loyalty.Program) {
			p.Catalog[0].Exchange.Exclude, p.Catalog[0].Exchange.Share = cup, eur("100")
			change(p)
		})
	}
	sells := func(s *shop, order points.Order) points.Amount {
		cmd := loyalty.Earn{Member: "anna", Key: "checkout", Order: order, Pay: &loyalty.PayPoints{Reward: "cash"}}
		quote, err := s.Quote(t.Context(), cmd)
		require.NoError(t, err)
		receipt := s.must(cmd)
		require.Equal(t, quote.Awards, receipt.Awards)
		var sum points.Amount
		for _, award := range receipt.Awards {
			sum += award.Points
		}
		return sum
	}
	order := points.Order{ID: "1001", Currency: "EUR", Lines: []points.Line{
		{ID: "beans", Item: "beans", Amount: eur("12")}, {ID: "cup", Item: "cup", Amount: eur("8")},
	}}

	// The cup earns nothing and was paid in money; the beans would earn and were paid with points.
	s := open(func(p *loyalty.Program) { p.Earning[0].Spend.Basis.Exclude = cup })
	require.Zero(t, sells(s, order))
	require.EqualValues(t, 800, s.balance().Available)

	// All goods earn: the money for the cup does, and it comes off with the cup alone.
	s = open(func(*loyalty.Program) {})
	require.EqualValues(t, 8, sells(s, order))
	s.must(loyalty.Refund{Member: "anna", Key: "beans", Order: "1001", Lines: []points.RefundLine{{Line: "beans"}}})
	require.EqualValues(t, 2008, s.balance().Available, "the points that paid are back, and the cup's stay")
	s.must(loyalty.Refund{Member: "anna", Key: "cup", Order: "1001", Lines: []points.RefundLine{{Line: "cup"}}})
	require.EqualValues(t, 2000, s.balance().Available)
	s.verify()

	// A gift card pays for the cup first, and then for beans.
	s = open(func(*loyalty.Program) {})
	order.Tenders = []points.Tender{{Kind: points.GiftCardTender, Amount: eur("9")}}
	s.spends("anna", "before", 1400)
	require.EqualValues(t, 5, sells(s, order), "6 of 12 euros of beans were paid with points and one by the card")
	s.verify()
}
