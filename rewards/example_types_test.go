package rewards_test

import (
	"bytes"
	"fmt"
	"log"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
)

// One reward of every type, as a coffee shop could have them.
func ExampleCatalog() {
	euro := func(n int64) decimal.Decimal { return decimal.NewFromInt(n) }
	beans := func(n points.Amount) []rewards.Price { return []rewards.Price{{Unit: "bean", Points: n}} }
	rate := &rewards.Exchange{Unit: "bean", Points: 100, Money: euro(1), Currency: "EUR", Minimum: 500, Step: 100}
	catalog := rewards.Catalog{
		{Code: "five-off", Type: rewards.TypeMoneyOff, Benefit: rewards.Benefit{Amount: euro(5), Currency: "EUR", MinimumOrder: euro(20)}, Prices: beans(400)},
		{Code: "tenth-off", Type: rewards.TypePercentOff, Benefit: rewards.Benefit{Percent: euro(10), AtMost: euro(15), Currency: "EUR"}, Prices: beans(500)},
		{Code: "latte", Type: rewards.TypeFreeProduct, Benefit: rewards.Benefit{Items: []string{"latte"}}, Prices: beans(300)},
		{Code: "no-postage", Type: rewards.TypeFreeShipping, Benefit: rewards.Benefit{AtMost: euro(6), Currency: "EUR"}, Prices: beans(250)},
		{Code: "cinema", Type: rewards.TypeVoucher, Benefit: rewards.Benefit{Partner: "Odeon"}, Prices: beans(900), Voucher: &rewards.Voucher{Host: true}},
		{Code: "gift-card", Type: rewards.TypeGiftCard, Benefit: rewards.Benefit{Amount: euro(10), Currency: "EUR"}, Prices: beans(1000), Voucher: &rewards.Voucher{}},
		{Code: "cash", Type: rewards.TypeCashBack, Exchange: rate},
		{
			Code: "grinder", Type: rewards.TypePointsAndCash, Benefit: rewards.Benefit{Items: []string{"grinder"}},
			Prices: []rewards.Price{{Unit: "bean", Points: 800, Cash: euro(25), Currency: "EUR"}},
		},
		{Code: "trees", Type: rewards.TypeDonation, Benefit: rewards.Benefit{Cause: "trees"}, Exchange: rate},
		{Code: "latte-art", Type: rewards.TypeExperience, Benefit: rewards.Benefit{Event: "latte-art"}, Prices: beans(700)},
		{Code: "raffle", Type: rewards.TypeSweepstake, Benefit: rewards.Benefit{Event: "spring", Pieces: 3}, Prices: beans(50)},
		{Code: "name-a-blend", Type: rewards.TypeCustom, Benefit: rewards.Benefit{Attributes: map[string]string{"letters": "20"}}, Prices: beans(5000)},
	}
	fmt.Println("problems:", len(rewards.Validate("catalog", catalog, []points.Unit{{Code: "bean"}})))
	env := rewards.Env{Balances: []points.Balance{{Unit: "bean", Available: 450}}}
	for _, offer := range rewards.Evaluate(catalog, &env) {
		if offer.Redeemable {
			fmt.Println(offer.Type, offer.Reward)
		}
	}
	// Output:
	// problems: 0
	// money-off five-off
	// free-product latte
	// free-shipping no-postage
	// sweepstake raffle
}

// A member pays a bill of 9.99 with points that are worth three for five cents, and
// later gives half of it back.
func ExampleExchange_Pay() {
	rate := rewards.Exchange{
		Unit: "bean", Points: 3, Money: decimal.RequireFromString("0.05"), Currency: "EUR", Fraction: rewards.FractionRoundUp,
	}
	total := decimal.RequireFromString("9.99")
	full, err := rate.Pay(total, 1000)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d beans pay %s, %s is left\n", full.Points, full.Money, full.Rest)
	some, err := rate.Pay(total, 240)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d beans pay %s, %s is left\n", some.Points, some.Money, some.Rest)
	back, err := rate.Refund(some, total, decimal.Zero, decimal.RequireFromString("5.00"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("a refund of 5.00 gives back %d beans and EUR %s\n", back.Points, back.Cash)
	// Output:
	// 600 beans pay 9.99, 0 is left
	// 240 beans pay 4, 5.99 is left
	// a refund of 5.00 gives back 120 beans and EUR 2.99
}

// A code that was misread at the till is found without asking anybody.
func ExampleNewCode() {
	source := bytes.NewReader([]byte("use crypto/rand.Reader, or the Rand of a command, instead"))
	code, err := rewards.NewCode(source, &rewards.Voucher{Prefix: "MUG"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(code, rewards.CheckCode(code) == nil)
	_, err = rewards.ParseCode("mug ggE6 eghge")
	fmt.Println(err)
	_, err = rewards.ParseCode("mug gg6e eghge")
	fmt.Println(err)
	// Output:
	// MUGGGE6EGHGE true
	// <nil>
	// rewards: this is no code: it was misread or mistyped
}

// What may happen to a redemption is one table.
func ExampleState_Next() {
	next, err := rewards.Reserved.Next(rewards.Cancel)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(next.To, next.Returns)
	_, err = rewards.Used.Next(rewards.Cancel)
	fmt.Println(err)
	// Output:
	// cancelled gives back
	// the redemption is used: "cancel" is not possible, nor is anything else
}

// A member who agreed to it is shown what is near to what they buy.
func ExampleRecommend() {
	price := func(n points.Amount) []rewards.Price { return []rewards.Price{{Unit: "bean", Points: n}} }
	catalog := rewards.Catalog{
		{Code: "scone", Type: rewards.TypeFreeProduct, Prices: price(40), Categories: []string{"cake"}},
		{Code: "latte", Type: rewards.TypeFreeProduct, Prices: price(50), Categories: []string{"coffee"}},
		{Code: "grinder", Type: rewards.TypeFreeProduct, Prices: price(120), Categories: []string{"coffee", "gear"}},
	}
	env := rewards.Env{At: time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC), Balances: []points.Balance{{Unit: "bean", Available: 90}}}
	taste := rewards.Taste{Consent: true, Bought: map[string]int64{"coffee": 9, "cake": 1}}
	for _, r := range rewards.Recommend(catalog, rewards.Evaluate(catalog, &env), taste, 2) {
		fmt.Println(r)
	}
	// Output:
	// latte: 90 % of what was bought is coffee, it can be redeemed now
	// grinder: 90 % of what was bought is coffee, only 30 bean are missing
}
