package rewards_test

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
)

func eur(text string) decimal.Decimal { return decimal.RequireFromString(text) }

func TestTheLastFractionOfABill(t *testing.T) {
	// 3 points are worth 5 cents: 1 point is a cent, 2 are three, 3 are five.
	base := rewards.Exchange{Unit: "bean", Points: 3, Money: eur("0.05"), Currency: "EUR"}
	tests := []struct {
		name      string
		change    func(x *rewards.Exchange)
		total     string
		available points.Amount
		points    points.Amount
		money     string
		rest      string
		forgiven  string
	}{
		{"is paid in money", nil, "9.99", 5000, 599, "9.98", "0.01", "0"},
		{"takes one point more, which then is worth less", func(x *rewards.Exchange) { x.Fraction = rewards.FractionRoundUp }, "9.99", 5000, 600, "9.99", "0", "0"},
		{"is not rounded up where the points are gone", func(x *rewards.Exchange) { x.Fraction = rewards.FractionRoundUp }, "9.99", 599, 599, "9.98", "0.01", "0"},
		{"is let go", func(x *rewards.Exchange) { x.Fraction = rewards.FractionForgive }, "9.99", 599, 599, "9.98", "0", "0.01"},
		{"is not let go where the points are simply too few", func(x *rewards.Exchange) { x.Fraction = rewards.FractionForgive }, "9.99", 300, 300, "5", "4.99", "0"},
		{"is nothing where points fit", func(x *rewards.Exchange) { x.Fraction = rewards.FractionForgive }, "10.00", 5000, 600, "10", "0", "0"},
		{"a share bounds what points pay", func(x *rewards.Exchange) { x.Share = eur("50") }, "9.99", 5000, 299, "4.98", "5.01", "0"},
		{"below the minimum nothing is paid", func(x *rewards.Exchange) { x.Minimum = 1000 }, "9.99", 5000, 0, "0", "9.99", "0"},
		{"the maximum bounds it", func(x *rewards.Exchange) { x.Maximum = 100 }, "9.99", 5000, 100, "1.66", "8.33", "0"},
		{"points go in steps", func(x *rewards.Exchange) { x.Step = 100 }, "9.99", 5000, 500, "8.33", "1.66", "0"},
		{"a maximum above what is there", func(x *rewards.Exchange) { x.Maximum = 100 }, "9.99", 50, 50, "0.83", "9.16", "0"},
		{"no point more is taken where points fit", func(x *rewards.Exchange) { x.Fraction = rewards.FractionRoundUp }, "10.00", 5000, 600, "10", "0", "0"},
		{"the last point there is is taken", func(x *rewards.Exchange) { x.Fraction = rewards.FractionRoundUp }, "9.99", 600, 600, "9.99", "0", "0"},
		{"but none above the maximum", func(x *rewards.Exchange) { x.Fraction, x.Maximum = rewards.FractionRoundUp, 599 }, "9.99", 5000, 599, "9.98", "0.01", "0"},
		{"what a share leaves is not let go", func(x *rewards.Exchange) { x.Fraction, x.Share, x.Step = rewards.FractionForgive, eur("99"), 100 }, "9.99", 5000, 500, "8.33", "1.66", "0"},
		{"nor does it take a step more", func(x *rewards.Exchange) { x.Fraction, x.Share, x.Step = rewards.FractionRoundUp, eur("99"), 100 }, "9.99", 5000, 500, "8.33", "1.66", "0"},
		{"no fewer points than the minimum", func(x *rewards.Exchange) { x.Minimum, x.Smallest = 100, eur("0.05") }, "1.65", 5000, 100, "1.65", "0", "0"},
		{"one point is worth a cent", nil, "0.01", 5000, 1, "0.01", "0", "0"},
		{"so much money that no points are worth it", func(x *rewards.Exchange) { x.Points = 1_000_000_000_000_000 }, "1000000", 3_000_000_000_000_000, 3_000_000_000_000_000, "0.15", "999999.85", "0"},
		{"nothing is due", nil, "0", 5000, 0, "0", "0", "0"},
		{"where the smallest coin is 5 cents", func(x *rewards.Exchange) { x.Smallest = eur("0.05") }, "9.95", 5000, 597, "9.95", "0", "0"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			x := base
			if test.change != nil {
				test.change(&x)
			}
			require.Empty(t, rewards.ValidateExchange("x", &x))
			pay, err := x.Pay(eur(test.total), test.available)
			require.NoError(t, err)
			require.Equal(t, test.points, pay.Points)
			for _, money := range []struct {
				want string
				have decimal.Decimal
			}{{test.money, pay.Money}, {test.rest, pay.Rest}, {test.forgiven, pay.Forgiven}} {
				require.True(t, eur(money.want).Equal(money.have), "want %s, have %s in %+v", money.want, money.have, pay)
			}
		})
	}
	_, err := base.Pay(eur("9.995"), 100)
	require.ErrorIs(t, err, rewards.ErrExchange, "a total that nobody can be charged")
	_, err = base.Pay(eur("-1"), 100)
	require.ErrorIs(t, err, rewards.ErrExchange)
}

func TestWhichPointsAnExchangeTakes(t *testing.T) {
	bounds := rewards.Exchange{Unit: "bean", Points: 3, Money: eur("0.05"), Currency: "EUR", Minimum: 45, Maximum: 200, Step: 10}
	for amount, says := range map[points.Amount]string{
		50: "", 60: "", 200: "",
		0:   "points: 0: at least 50 are exchanged",
		49:  "points: 49: at least 50 are exchanged",
		55:  "points: 55: must be a multiple of 10",
		201: "points: 201: at most 200 are exchanged at once",
		210: "points: 210: at most 200 are exchanged at once",
	} {
		err := bounds.Check(amount)
		if says == "" {
			require.NoError(t, err, amount)
			continue
		}
		require.ErrorIs(t, err, rewards.ErrExchange)
		require.ErrorContains(t, err, says)
	}
	plain := rewards.Exchange{Unit: "bean", Points: 3, Money: eur("0.05"), Currency: "EUR"}
	require.NoError(t, plain.Check(1))
	require.NoError(t, plain.Check(points.MaxAmount))
	require.ErrorContains(t, plain.Check(0), "points: 0: at least 1 are exchanged")

	for money, want := range map[string]points.Amount{"0": 0, "0.01": 10, "0.16": 10, "0.17": 20, "0.34": 30} {
		have, err := bounds.For(eur(money)) // 0.6, 9.6, 10.2 and 20.4 points
		require.NoError(t, err)
		require.Equal(t, want, have, money)
	}
	for _, money := range []string{"-0.05", "153722867280912930.2"} { // 2^63 points and a little
		_, err := plain.For(eur(money))
		require.ErrorIs(t, err, rewards.ErrExchange, money)
	}
}

func TestRefundsThatAnExchangeCannotSplit(t *testing.T) {
	x := rewards.Exchange{Unit: "bean", Points: 3, Money: eur("0.05"), Currency: "EUR"}
	pay, err := x.Pay(eur("9.99"), 240)
	require.NoError(t, err)
	for name, money := range map[string][2]string{
		"of nothing":              {"1", "0"},
		"of less than nothing":    {"1", "-1"},
		"after less than nothing": {"-1", "2"},
		"of more than is left":    {"5", "5"},
		"of half a cent":          {"1", "0.005"},
		"after half a cent":       {"0.005", "1"},
	} {
		back, err := x.Refund(pay, eur("9.99"), eur(money[0]), eur(money[1]))
		require.ErrorIs(t, err, rewards.ErrExchange, name)
		require.Equal(t, rewards.Back{}, back)
	}
	back, err := x.Refund(pay, eur("9.99"), eur("5"), eur("4.99"))
	require.NoError(t, err)
	require.EqualValues(t, 120, back.Points, "of 240 came back 120 for 5.00")
	require.Equal(t, "1.99", back.Money.String(), "of 4.00 came back 2.01")
	require.Equal(t, "3", back.Cash.String(), "of 5.99 came back 2.99")
}

func exchanges(r *rapid.T) rewards.Exchange {
	return rewards.Exchange{
		Unit: "bean", Currency: "EUR", Points: points.Amount(rapid.IntRange(1, 300).Draw(r, "points")),
		Money:    decimal.New(int64(rapid.IntRange(1, 500).Draw(r, "money")), -2),
		Smallest: decimal.New(int64(rapid.SampledFrom([]int{1, 5, 100}).Draw(r, "smallest")), -2),
		Minimum:  points.Amount(rapid.IntRange(0, 50).Draw(r, "minimum")),
		Step:     points.Amount(rapid.IntRange(0, 12).Draw(r, "step")),
		Share:    decimal.NewFromInt(int64(rapid.IntRange(0, 100).Draw(r, "share"))),
		Fraction: rapid.SampledFrom([]rewards.Fraction{rewards.FractionCash, rewards.FractionRoundUp, rewards.FractionForgive}).Draw(r, "fraction"),
	}
}

func TestWhatPointsPayIsTheMostThatTheyMay(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		x := exchanges(r)
		total := x.Smallest.Mul(decimal.NewFromInt(int64(rapid.IntRange(0, 300).Draw(r, "total"))))
		available := points.Amount(rapid.IntRange(0, 400).Draw(r, "available"))
		pay, err := x.Pay(total, available)
		require.NoError(r, err)
		require.True(r, pay.Money.Add(pay.Rest).Add(pay.Forgiven).Equal(total), "%+v", pay)
		require.False(r, pay.Rest.IsNegative())
		require.LessOrEqual(r, pay.Points, available)
		if pay.Points > 0 {
			require.NoError(r, x.Check(pay.Points))
			require.True(r, x.Worth(pay.Points).GreaterThanOrEqual(pay.Money))
		}
		// By trying every number of points.
		limit := total
		if !x.Share.IsZero() {
			limit = total.Mul(x.Share).Div(decimal.NewFromInt(100))
		}
		best, fewest := decimal.Zero, points.Amount(0)
		for p := points.Amount(1); p <= available; p++ {
			if x.Check(p) == nil && x.Worth(p).LessThanOrEqual(limit) && x.Worth(p).GreaterThan(best) {
				best, fewest = x.Worth(p), p
			}
		}
		if x.Fraction == rewards.FractionCash || pay.Rest.IsPositive() {
			require.True(r, best.Equal(pay.Money), "by trial %s with %d, have %+v", best, fewest, pay)
			require.Equal(r, fewest, pay.Points, "with the fewest points, and none for nothing")
		}
		require.True(r, pay.Money.GreaterThanOrEqual(best))
	})
}

func TestARefundSplitsAsThePaymentDidHoweverItIsCut(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		x := exchanges(r)
		total := x.Smallest.Mul(decimal.NewFromInt(int64(rapid.IntRange(1, 300).Draw(r, "total"))))
		pay, err := x.Pay(total, points.Amount(rapid.IntRange(0, 400).Draw(r, "available")))
		require.NoError(r, err)
		before, sum := decimal.Zero, rewards.Back{}
		for before.LessThan(total) {
			left := total.Sub(before).Div(x.Smallest).IntPart()
			refund := x.Smallest.Mul(decimal.NewFromInt(int64(rapid.IntRange(1, int(left)).Draw(r, "refund"))))
			back, err := x.Refund(pay, total, before, refund)
			require.NoError(r, err)
			require.GreaterOrEqual(r, back.Points, points.Amount(0))
			require.False(r, back.Money.IsNegative())
			require.False(r, back.Cash.IsNegative(), "%+v of %+v", back, pay)
			sum.Points += back.Points
			sum.Money, sum.Cash = sum.Money.Add(back.Money), sum.Cash.Add(back.Cash)
			before = before.Add(refund)
		}
		require.Equal(r, pay.Points, sum.Points, "all points come back in the end")
		require.True(r, sum.Money.Equal(pay.Money))
		require.True(r, sum.Cash.Equal(pay.Rest), "no money comes back for what points paid, nor for what was forgiven")
		_, err = x.Refund(pay, total, before, x.Smallest)
		require.ErrorIs(r, err, rewards.ErrExchange)
	})
}

func TestARefundReturnsNoMoneyForTheFractionThatWasLetGo(t *testing.T) {
	rate := rewards.Exchange{Unit: "bean", Points: 3, Money: eur("0.05"), Currency: "EUR", Fraction: rewards.FractionForgive}
	pay, err := rate.Pay(eur("9.99"), 599)
	require.NoError(t, err)
	require.Equal(t, "0.01", pay.Forgiven.String())
	half, err := rate.Refund(pay, eur("9.99"), eur("0"), eur("5.00"))
	require.NoError(t, err)
	rest, err := rate.Refund(pay, eur("9.99"), eur("5.00"), eur("4.99"))
	require.NoError(t, err)
	require.EqualValues(t, 299, half.Points, "599 × 5.00 ÷ 9.99, rounded down")
	require.EqualValues(t, 300, rest.Points)
	for _, back := range []rewards.Back{half, rest} {
		require.True(t, back.Cash.IsZero(), "%+v", back)
	}
	require.Equal(t, "9.98", half.Money.Add(rest.Money).String())
}
