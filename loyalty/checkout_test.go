package loyalty_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
)

// openTill opens a shop where a euro earns a point, what points paid earns nothing, and
// 100 points pay a euro, up to half of an order. Anna has 2,000 points.
func openTill(t *testing.T, change ...func(*loyalty.Program)) *shop {
	program := beans(points.ExpireAfter(12, points.Months))
	program.Earning = []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}}}
	program.Catalog = rewards.Catalog{
		{Code: "cash", Type: rewards.TypeCashBack, Exchange: &rewards.Exchange{
			Unit: "bean", Points: 100, Money: eur("1"), Currency: "EUR", Minimum: 100, Step: 10, Share: eur("50"),
		}},
		{Code: "mug", Type: rewards.TypeCustom, Prices: []rewards.Price{{Unit: "bean", Points: 10}}},
	}
	for _, f := range change {
		f(&program)
	}
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Adjust{Member: "anna", Key: "gift", Unit: "bean", Points: 2000, Reason: "gift", Actor: "shop"})
	return s
}

// tillOrder is an order of 20.00 for goods, with 4.00 of tax, and 6.00 for shipping.
func tillOrder(pay loyalty.PayPoints) loyalty.Earn {
	return loyalty.Earn{Member: "anna", Key: "checkout", Pay: &pay, Order: points.Order{
		ID: "1001", Currency: "EUR", Shipping: eur("6"), Channel: "web",
		Lines: []points.Line{
			{ID: "beans", Item: "beans", Quantity: 3, Amount: eur("15"), Tax: eur("3")},
			{ID: "cup", Item: "cup", Amount: eur("5"), Tax: eur("1")},
		},
	}}
}

func TestPointsPayAPartOfAnOrderAndTheRestEarns(t *testing.T) {
	s := openTill(t)
	cmd := tillOrder(loyalty.PayPoints{Reward: "cash", Points: 900, Worth: eur("9")})
	quote, err := s.Quote(t.Context(), cmd)
	require.NoError(t, err)
	loads, commits := s.count()
	receipt := s.must(cmd)
	require.Equal(t, [2]int{1, 1}, [2]int{*loads, *commits})
	require.Equal(t, quote.String(), receipt.String())
	require.Equal(t, quote.Payment, receipt.Payment)
	require.Equal(t, "900 9 EUR, rest 21", fmt.Sprintf("%d %s %s, rest %s", receipt.Payment.Points, receipt.Payment.Money, receipt.Payment.Currency, receipt.Payment.Rest))
	// 9 of 30 euros are paid with points, so of the goods' 20 euros 14 earn.
	require.EqualValues(t, 14, receipt.Awards[0].Points)
	require.Contains(t, receipt.String(), "900 bean pay EUR 9, EUR 21 are left to pay")
	require.EqualValues(t, 2000-900+14, s.balance().Available)

	require.True(t, s.must(cmd).Replayed)
	again := cmd
	again.Key = "again"
	s.refuses(again, loyalty.ErrOrderEarned)
	require.EqualValues(t, 1114, s.balance().Available, "who asks again under another key pays nothing again")
	s.verify()
}

func TestACheckoutThatCannotBePaidSoChangesNothing(t *testing.T) {
	day := points.PerDay
	s := openTill(t, func(p *loyalty.Program) {
		p.Catalog[0].Limits = []rewards.Limit{{Times: 1, Per: day}}
		p.Catalog[0].Only.Channels = []string{"web"}
		p.Limits = []loyalty.Limit{{Code: "spends", Commands: []string{"spend"}, By: loyalty.ByMember, Per: loyalty.Day, Unit: "bean", Points: 1800}}
	})
	with := func(change func(*loyalty.Earn)) loyalty.Earn {
		cmd := tillOrder(loyalty.PayPoints{Reward: "cash", Points: 900})
		change(&cmd)
		return cmd
	}
	before := s.balance()
	for name, test := range map[string]struct {
		cmd  loyalty.Earn
		want error
	}{
		"no such reward":           {with(func(c *loyalty.Earn) { c.Pay.Reward = "gold" }), loyalty.ErrUnknownReward},
		"a reward with a price":    {with(func(c *loyalty.Earn) { c.Pay.Reward = "mug" }), loyalty.ErrInvalid},
		"another currency":         {with(func(c *loyalty.Earn) { c.Order.Currency = "CHF" }), loyalty.ErrInvalid},
		"fewer than are exchanged": {with(func(c *loyalty.Earn) { c.Pay.Points = 99 }), loyalty.ErrInvalid},
		"another worth than shown": {with(func(c *loyalty.Earn) { c.Pay.Worth = eur("10") }), loyalty.ErrPrice},
		"another channel":          {with(func(c *loyalty.Earn) { c.Order.Channel = "app" }), loyalty.ErrNotEligible},
		"half a cent":              {with(func(c *loyalty.Earn) { c.Order.Shipping = eur("6.005") }), loyalty.ErrInvalid},
		"a points tender of its own": {with(func(c *loyalty.Earn) {
			c.Order.Tenders = []points.Tender{{Kind: points.PointsTender, Amount: eur("1")}}
		}), loyalty.ErrInvalid},
		"a currency that no rule takes": {with(func(c *loyalty.Earn) { c.Order.Currency = "USD" }), loyalty.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			_, quoted := s.Quote(t.Context(), test.cmd)
			_, err := s.Do(t.Context(), test.cmd)
			require.ErrorIs(t, err, test.want)
			require.EqualError(t, quoted, err.Error())
			require.Equal(t, before, s.balance())
		})
	}
	s.must(tillOrder(loyalty.PayPoints{Reward: "cash", Points: 900}))
	second := tillOrder(loyalty.PayPoints{Reward: "cash", Points: 900})
	second.Key, second.Order.ID = "second", "1002"
	s.refuses(second, loyalty.ErrLimit)
	s.must(loyalty.Refund{Member: "anna", Key: "all", Order: "1001", Full: true})
	s.must(second)
	third := loyalty.Spend{Member: "anna", Key: "third", Unit: "bean", Points: 10}
	s.refuses(third, loyalty.ErrLimit)
	s.verify()
}

func TestWhoHasTooFewPointsForWhatTheyChoseKeepsThem(t *testing.T) {
	s := openTill(t)
	s.must(loyalty.Spend{Member: "anna", Key: "spend", Unit: "bean", Points: 1500})
	s.refuses(tillOrder(loyalty.PayPoints{Reward: "cash", Points: 900}), loyalty.ErrInsufficientPoints)
	receipt := s.must(tillOrder(loyalty.PayPoints{Reward: "cash"}))
	require.EqualValues(t, 500, receipt.Payment.Points, "as many as there are")
	require.Equal(t, "5", receipt.Payment.Money.String())

	poor := tillOrder(loyalty.PayPoints{Reward: "cash"})
	poor.Key, poor.Order.ID = "poor", "1002"
	receipt = s.must(poor)
	require.Equal(t, "0 30", fmt.Sprintf("%d %s", receipt.Payment.Points, receipt.Payment.Rest), "too few to exchange: it is an order like any other")
	require.EqualValues(t, 20, receipt.Awards[0].Points)
	s.must(loyalty.Refund{Member: "anna", Key: "back", Order: "1002", Full: true})
	s.verify()
}

func TestARefundOfACheckoutComesBackInPointsAndMoney(t *testing.T) {
	s := openTill(t)
	s.must(tillOrder(loyalty.PayPoints{Reward: "cash", Points: 900}))
	refused := loyalty.Refund{Member: "anna", Key: "mine", Order: "1001", Lines: []points.RefundLine{{Line: "cup"}}, PointsBack: []loyalty.PointsBack{{Unit: "bean", Points: 1}}}
	s.refuses(refused, loyalty.ErrInvalid)

	// A cup of 6.00 with its tax: 30 % of it was paid with points.
	cup := s.must(loyalty.Refund{Member: "anna", Key: "cup", Order: "1001", Lines: []points.RefundLine{{Line: "cup"}}})
	require.Equal(t, "1.8 4.2 0 EUR", fmt.Sprintf("%s %s %s %s", cup.Split.Money, cup.Split.Cash, cup.Split.GiftCard, cup.Split.Currency))
	require.Equal(t, []loyalty.PointsBack{{Unit: "bean", Points: 180}}, cup.PointsBack)
	require.Contains(t, cup.String(), "EUR 1.8 come back in points, EUR 4.2 in money")
	rest := s.must(loyalty.Refund{Member: "anna", Key: "rest", Order: "1001", Full: true})
	require.Equal(t, "7.2 16.8", fmt.Sprintf("%s %s", rest.Split.Money, rest.Split.Cash))
	require.EqualValues(t, 720, rest.PointsBack[0].Points)
	require.EqualValues(t, 2000, s.balance().Available, "as if nothing had been")
	s.verify()
}

func TestAGiftCardAndTheLastFractionOfACheckout(t *testing.T) {
	s := openTill(t, func(p *loyalty.Program) {
		x := p.Catalog[0].Exchange
		x.Share, x.Minimum, x.Step, x.Fraction, x.Points = decimal.Decimal{}, 0, 0, rewards.FractionForgive, 3
	})
	cmd := tillOrder(loyalty.PayPoints{Reward: "cash"})
	cmd.Order.Shipping = eur("6.10")
	cmd.Order.Tenders = []points.Tender{{Kind: points.GiftCardTender, Amount: eur("10")}}
	receipt := s.must(cmd)
	// 3 points are worth a euro, 1 point 0.33: 60 points pay 20.00 of 20.10, and 0.10 is let go.
	require.Equal(t, "60 20 0 0.1", fmt.Sprintf("%d %s %s %s", receipt.Payment.Points, receipt.Payment.Money, receipt.Payment.Rest, receipt.Payment.Forgiven))
	require.EqualValues(t, 0, receipt.Awards[0].Points, "nothing was paid in money")
	back := s.must(loyalty.Refund{Member: "anna", Key: "back", Order: "1001", Full: true})
	require.Equal(t, "20 0 10", fmt.Sprintf("%s %s %s", back.Split.Money, back.Split.Cash, back.Split.GiftCard))
	require.EqualValues(t, 2000, s.balance().Available)
	s.verify()
}

func TestACheckoutGoesAlongWithAMergeAndAnErasure(t *testing.T) {
	s := openTill(t)
	s.must(tillOrder(loyalty.PayPoints{Reward: "cash", Points: 900}))
	s.must(loyalty.Enroll{Member: "ben", Key: "enroll"})
	s.must(loyalty.Merge{Member: "ben", Key: "merge", From: "anna"})
	back := s.must(loyalty.Refund{Member: "anna", Key: "back", Order: "1001", Full: true})
	require.Equal(t, "9 21", fmt.Sprintf("%s %s", back.Split.Money, back.Split.Cash))
	m, err := s.Member(t.Context(), "ben")
	require.NoError(t, err)
	require.EqualValues(t, 2000, m.Balance("bean").Available)
	s.verify()
	s.must(loyalty.Erase{Member: "ben", Key: "erase", Reason: "asked", Actor: "shop"})
	s.verify()
}

// However an order is refunded, by pieces, lines and money, points and money come back
// that add up to it, and in the end exactly what was paid; nothing of that depends on the
// steps.
func TestHoweverACheckoutIsRefundedItAddsUp(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := openTill(t, func(p *loyalty.Program) {
			x := p.Catalog[0].Exchange
			x.Points, x.Share = points.Amount(rapid.IntRange(1, 300).Draw(r, "rate")), decimal.NewFromInt(int64(rapid.IntRange(0, 99).Draw(r, "share")))
			x.Minimum, x.Step = 0, points.Amount(rapid.IntRange(0, 7).Draw(r, "step"))
			if rapid.Bool().Draw(r, "not for cups") {
				x.Exclude = points.Match{Items: []string{"cup"}}
			}
			x.Fraction = rapid.SampledFrom([]rewards.Fraction{rewards.FractionCash, rewards.FractionRoundUp, rewards.FractionForgive}).Draw(r, "fraction")
		})
		cent := func(label string, most int) decimal.Decimal {
			return decimal.New(int64(rapid.IntRange(0, most).Draw(r, label)), -2)
		}
		cmd := tillOrder(loyalty.PayPoints{Reward: "cash"})
		cmd.Order.Shipping = cent("shipping", 900)
		cmd.Order.Lines[0].Amount, cmd.Order.Lines[0].Tax = cent("beans", 3000).Add(eur("0.01")), cent("tax", 500)
		cmd.Order.Lines[1].Amount = cent("cup", 3000).Add(eur("0.01"))
		total := cmd.Order.Shipping.Add(cmd.Order.Lines[0].Amount).Add(cmd.Order.Lines[0].Tax).Add(cmd.Order.Lines[1].Amount).Add(cmd.Order.Lines[1].Tax)
		if rapid.Bool().Draw(r, "gift card") {
			cmd.Order.Tenders = []points.Tender{{Kind: points.GiftCardTender, Amount: decimal.Min(total, cent("gift card", 1000))}}
		}
		quote, err := s.Quote(t.Context(), cmd)
		require.NoError(r, err)
		receipt := s.must(cmd)
		require.Equal(r, quote.String(), receipt.String())
		if receipt.Payment.Points == 0 {
			return
		}
		sum := decimal.Zero
		back := func(key string, refund loyalty.Refund) {
			refund.Member, refund.Key, refund.Order = "anna", key, "1001"
			receipt, err := s.Do(t.Context(), refund)
			if err != nil {
				require.ErrorIs(r, err, loyalty.ErrOverRefund)
				return
			}
			if split := receipt.Split; split != nil {
				for _, part := range []decimal.Decimal{split.Money, split.Cash, split.GiftCard} {
					require.False(r, part.IsNegative(), "%+v", split)
					sum = sum.Add(part)
				}
			}
		}
		for i := range rapid.IntRange(0, 5).Draw(r, "refunds") {
			back(fmt.Sprint("part ", i), rapid.SampledFrom([]loyalty.Refund{
				{Lines: []points.RefundLine{{Line: "beans", Quantity: 1}}},
				{Lines: []points.RefundLine{{Line: "cup", Amount: eur("0.01")}}},
				{Lines: []points.RefundLine{{Line: "cup"}}},
				{Amount: eur("0.07")},
				{Lines: []points.RefundLine{{Line: "beans", Quantity: 2}}, Amount: eur("0.5")},
			}).Draw(r, "refund"))
		}
		back("all", loyalty.Refund{Full: true})
		require.True(r, total.Sub(receipt.Payment.Forgiven).Equal(sum), "%s came back of %s, %s was let go", sum, total, receipt.Payment.Forgiven)
		require.EqualValues(r, 2000, s.balance().Available)
		s.now = s.now.Add(time.Minute)
		s.verify()
	})
}
