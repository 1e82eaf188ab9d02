package rewards_test

import (
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/canon"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
)

func units() []points.Unit {
	return []points.Unit{{Code: "bean", Expiry: points.NeverExpire()}, {Code: "visit", Kind: points.Metric}}
}

// full has a reward of every type, and every field somewhere.
func full() rewards.Catalog {
	price := []rewards.Price{{Unit: "bean", Points: 100}}
	item := rewards.Benefit{Items: []string{"latte"}, Pieces: 2}
	x := &rewards.Exchange{
		Unit: "bean", Points: 100, Money: eur("1"), Currency: "EUR", Smallest: eur("0.05"), Minimum: 10, Maximum: 1000, Step: 10,
		Share: eur("50"), Fraction: rewards.FractionForgive,
	}
	return rewards.Catalog{
		{
			Code: "money-off", Type: rewards.TypeMoneyOff, Label: "Five off", Prices: price, Categories: []string{"coffee"},
			Benefit: rewards.Benefit{Amount: eur("5"), Currency: "EUR", MinimumOrder: eur("20")},
			Only:    rewards.Only{Tiers: []string{"gold"}, Segments: []string{"new"}, Channels: []string{"app"}, Enrolled: points.Span{N: 1, Unit: points.Months}},
			When:    points.When{From: time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC), Weekdays: points.Mon},
			Early:   []rewards.Early{{Tiers: []string{"gold"}, From: time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC)}},
			Limits:  []rewards.Limit{{Times: 1, Per: points.PerDay}, {Times: 100, Per: points.PerDay, All: true}}, Stock: 50, Shards: 4,
			Voucher: &rewards.Voucher{Prefix: "FF", Length: 16}, Valid: points.ExpireAfter(30, points.Days), Lapse: rewards.LapseReturns,
			CancelWithin: points.Span{N: 3, Unit: points.Days}, Reserve: points.Span{N: 1, Unit: points.Days},
		},
		{Code: "percent-off", Type: rewards.TypePercentOff, Prices: price, Benefit: rewards.Benefit{Percent: eur("12.5"), AtMost: eur("30"), Currency: "EUR"}, Final: true},
		{Code: "product", Type: rewards.TypeFreeProduct, Prices: price, Benefit: item, Withdrawn: true},
		{Code: "shipping", Type: rewards.TypeFreeShipping, Prices: price},
		{Code: "voucher", Type: rewards.TypeVoucher, Prices: price, Voucher: &rewards.Voucher{Host: true}, Benefit: rewards.Benefit{Partner: "Odeon"}},
		{Code: "card", Type: rewards.TypeGiftCard, Prices: price, Voucher: &rewards.Voucher{}, Benefit: rewards.Benefit{Amount: eur("10"), Currency: "EUR"}},
		{Code: "cash-back", Type: rewards.TypeCashBack, Exchange: x},
		{Code: "mixed", Type: rewards.TypePointsAndCash, Benefit: item, Prices: []rewards.Price{
			{Option: "half", Unit: "bean", Points: 50, Cash: eur("3"), Currency: "EUR", Tiers: []string{"gold"}, When: points.When{Months: []int{12}}},
		}},
		{Code: "donation", Type: rewards.TypeDonation, Exchange: x, Benefit: rewards.Benefit{Cause: "trees"}},
		{Code: "evening", Type: rewards.TypeExperience, Prices: price, Benefit: rewards.Benefit{Event: "latte-art"}},
		{Code: "raffle", Type: rewards.TypeSweepstake, Prices: price, Benefit: rewards.Benefit{Event: "spring", Pieces: 3}},
		{Code: "custom", Type: rewards.TypeCustom, Benefit: rewards.Benefit{Attributes: map[string]string{"color": "red"}}},
	}
}

func TestACatalogTravelsAsJSON(t *testing.T) {
	require.Empty(t, rewards.Validate("catalog", full(), units()))
	text, err := canon.Append(nil, full())
	require.NoError(t, err)
	var back rewards.Catalog
	require.NoError(t, canon.Decode(text, &back))
	again, err := canon.Append(nil, back)
	require.NoError(t, err)
	require.Equal(t, string(text), string(again))
	require.Error(t, canon.Decode([]byte(`[{"code":"a","prize":1}]`), &back), "an unknown field is refused")
	bare, err := canon.Append(nil, rewards.Reward{Code: "a", Type: rewards.TypeCustom})
	require.NoError(t, err)
	require.JSONEq(t, `{"code":"a","type":"custom"}`, string(bare), "what is not said is not written")
}

func TestEveryProblemOfACatalogIsNamedWithItsPath(t *testing.T) {
	at := func(change func(r *rewards.Reward)) rewards.Catalog {
		catalog := full()
		change(&catalog[0])
		return catalog
	}
	tests := map[string]struct {
		catalog rewards.Catalog
		want    []string
	}{
		"codes":          {at(func(r *rewards.Reward) { r.Code = "Money Off" }), []string{"c[0].code"}},
		"a code twice":   {at(func(r *rewards.Reward) { r.Code = "custom" }), []string{"c[11].code"}},
		"types":          {at(func(r *rewards.Reward) { r.Type = "gold-bar" }), []string{"c[0].type"}},
		"labels":         {at(func(r *rewards.Reward) { r.Label = strings.Repeat("x", 201) }), []string{"c[0].label"}},
		"no benefit":     {at(func(r *rewards.Reward) { r.Benefit = rewards.Benefit{} }), []string{"c[0].benefit.amount"}},
		"other benefits": {at(func(r *rewards.Reward) { r.Benefit.Percent = eur("5") }), []string{"c[0].benefit.percent"}},
		"currencies":     {at(func(r *rewards.Reward) { r.Benefit.Currency = "euro" }), []string{"c[0].benefit.currency"}},
		"money":          {at(func(r *rewards.Reward) { r.Benefit.Amount = eur("-5") }), []string{"c[0].benefit.amount"}},
		"huge money":     {at(func(r *rewards.Reward) { r.Benefit.Amount = decimal.New(1, 1_000_000) }), []string{"c[0].benefit.amount"}},
		"percentages": {func() rewards.Catalog {
			c := full()
			c[1].Benefit.Percent = eur("100.5")
			return c
		}(), []string{"c[1].benefit.percent"}},
		"prices": {at(func(r *rewards.Reward) {
			r.Prices = []rewards.Price{{}, {Unit: "mile", Points: 1}, {Unit: "visit", Points: 1}, {Unit: "bean", Points: -1}, {Unit: "bean"}, {Cash: eur("1")}, {Option: "A B", Unit: "bean", Points: 1}}
		}), []string{"c[0].prices[0]", "c[0].prices[1].unit", "c[0].prices[2].unit", "c[0].prices[3].points", "c[0].prices[4].unit", "c[0].prices[4]", "c[0].prices[5].currency", "c[0].prices[6].option"}},
		"an exchange of what has prices": {at(func(r *rewards.Reward) { r.Exchange = full()[6].Exchange }), []string{"c[0].exchange", "c[0].prices"}},
		"exchanges": {func() rewards.Catalog {
			c := full()
			c[6].Exchange = &rewards.Exchange{Minimum: -1, Share: eur("101"), Fraction: "maybe", Smallest: eur("-1")}
			return c
		}(), []string{"c[6].exchange.unit", "c[6].exchange.unit", "c[6].exchange.points", "c[6].exchange.currency", "c[6].exchange.money", "c[6].exchange.smallest", "c[6].exchange.minimum", "c[6].exchange.share", "c[6].exchange.fraction"}},
		"a maximum below the minimum": {func() rewards.Catalog {
			c := full()
			x := *c[6].Exchange
			x.Maximum = 5
			c[6].Exchange = &x
			return c
		}(), []string{"c[6].exchange.maximum"}},
		"conditions":       {at(func(r *rewards.Reward) { r.Only.Tiers, r.Only.Enrolled.N = []string{""}, -1 }), []string{"c[0].only.tiers[0]", "c[0].only.enrolled.n"}},
		"early access":     {at(func(r *rewards.Reward) { r.Early[0] = rewards.Early{From: r.When.From} }), []string{"c[0].early[0].tiers", "c[0].early[0].from"}},
		"early of always":  {at(func(r *rewards.Reward) { r.When.From = time.Time{} }), []string{"c[0].early[0]"}},
		"limits":           {at(func(r *rewards.Reward) { r.Limits = []rewards.Limit{{Per: "fortnight"}, {Times: 1, Per: "fortnight"}} }), []string{"c[0].limits[0].times", "c[0].limits[0].per", "c[0].limits[1].per", "c[0].limits[1]"}},
		"stock":            {at(func(r *rewards.Reward) { r.Stock, r.Shards = -1, 65 }), []string{"c[0].stock", "c[0].shards"}},
		"vouchers":         {at(func(r *rewards.Reward) { r.Voucher = &rewards.Voucher{Prefix: "O0", Length: 9} }), []string{"c[0].voucher.length", "c[0].voucher.prefix"}},
		"the host's":       {at(func(r *rewards.Reward) { r.Voucher = &rewards.Voucher{Host: true, Length: 12} }), []string{"c[0].voucher"}},
		"a card sans code": {func() rewards.Catalog { c := full(); c[5].Voucher = nil; return c }(), []string{"c[5].voucher"}},
		"times":            {at(func(r *rewards.Reward) { r.Valid.After.N = -1; r.Reserve.Unit = "eon"; r.Lapse = "burn" }), []string{"c[0].reserve.unit", "c[0].valid.after.n", "c[0].lapse"}},
		"final and not":    {at(func(r *rewards.Reward) { r.Final = true }), []string{"c[0].cancelWithin"}},
		"mixed without cash": {func() rewards.Catalog {
			c := full()
			c[7].Prices[0].Cash = decimal.Zero
			c[7].Prices[0].Currency = ""
			return c
		}(), []string{"c[7].prices[0]"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var paths []string
			for _, problem := range rewards.Validate("c", test.catalog, units()) {
				paths = append(paths, problem.Path)
				require.NotEmpty(t, problem.Message)
			}
			require.Equal(t, test.want, paths)
		})
	}
}
