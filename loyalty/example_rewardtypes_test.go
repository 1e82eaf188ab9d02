package loyalty_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// roastery is a shop with the rewards, and a member "anna" with 1000 beans.
func roastery(catalog ...rewards.Reward) *loyalty.Engine {
	program := loyalty.Program{
		ID: "beans", Zone: "Europe/Vienna", Units: []points.Unit{{Code: "bean", Expiry: points.NeverExpire()}}, Catalog: catalog,
	}
	engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), &loyalty.Options{
		Clock: func() time.Time { return time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC) },
		VoucherCode: func(_ context.Context, r loyalty.VoucherRequest) (string, error) {
			return "ODEON-" + r.Redemption, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	run(engine, loyalty.Enroll{Member: "anna", Key: "signup"})
	run(engine, loyalty.Adjust{Member: "anna", Key: "welcome", Unit: "bean", Points: 1000, Reason: "welcome", Actor: "shop"})
	return engine
}

// run does a command, and returns the redemption that it was about.
func run(engine *loyalty.Engine, cmd loyalty.Command) loyalty.Redemption {
	receipt, err := engine.Do(context.Background(), cmd)
	if err != nil {
		log.Fatal(err)
	}
	if receipt.Redemption == nil {
		return loyalty.Redemption{}
	}
	return *receipt.Redemption
}

// beansOf is what anna can spend.
func beansOf(engine *loyalty.Engine) points.Amount {
	member, err := engine.Member(context.Background(), "anna")
	if err != nil {
		log.Fatal(err)
	}
	return member.Balance("bean").Available
}

// Five euros off an order: the checkout takes Benefit.Amount off, and uses the redemption
// for the order.
func ExampleRedeem_moneyOff() {
	engine := roastery(rewards.Reward{
		Code: "five-off", Type: rewards.TypeMoneyOff,
		Benefit: rewards.Benefit{Amount: decimal.NewFromInt(5), Currency: "EUR", MinimumOrder: decimal.NewFromInt(20)},
		Prices:  []rewards.Price{{Unit: "bean", Points: 400}},
	})
	r := run(engine, loyalty.Redeem{Member: "anna", Key: "k-1", Redemption: "r-1", Reward: "five-off"})
	fmt.Println(r, "- of an order of", r.Benefit.MinimumOrder, "or more,", r.Benefit.Currency, r.Benefit.Amount, "off")
	r = run(engine, loyalty.UseVoucher{Member: "anna", Key: "k-2", Redemption: "r-1", Order: "o-1001"})
	fmt.Println(r)
	fmt.Println(beansOf(engine), "beans left")
	// Output:
	// five-off is issued - of an order of 20 or more, EUR 5 off
	// five-off is used
	// 600 beans left
}

// A tenth off an order, at most EUR 15: the checkout computes what it is worth. A member who
// does not buy after all cancels.
func ExampleRedeem_percentOff() {
	engine := roastery(rewards.Reward{
		Code: "tenth-off", Type: rewards.TypePercentOff,
		Benefit: rewards.Benefit{Percent: decimal.NewFromInt(10), AtMost: decimal.NewFromInt(15), Currency: "EUR"},
		Prices:  []rewards.Price{{Unit: "bean", Points: 500}},
	})
	r := run(engine, loyalty.Redeem{Member: "anna", Key: "k-1", Redemption: "r-1", Reward: "tenth-off"})
	order := decimal.NewFromInt(240)
	off := decimal.Min(order.Mul(r.Benefit.Percent).Shift(-2), r.Benefit.AtMost)
	fmt.Println(r, "- of an order of", order, "it takes", off)
	fmt.Println(run(engine, loyalty.CancelRedemption{Member: "anna", Key: "k-2", Redemption: "r-1"}))
	fmt.Println(beansOf(engine), "beans left")
	// Output:
	// tenth-off is issued - of an order of 240 it takes 15
	// tenth-off is cancelled
	// 1000 beans left
}

// Free shipping: the checkout pays for it up to Benefit.AtMost, and uses the redemption for
// the order.
func ExampleRedeem_freeShipping() {
	engine := roastery(rewards.Reward{
		Code: "no-postage", Type: rewards.TypeFreeShipping,
		Benefit: rewards.Benefit{AtMost: decimal.NewFromInt(6), Currency: "EUR"},
		Prices:  []rewards.Price{{Unit: "bean", Points: 250}},
	})
	r := run(engine, loyalty.Redeem{Member: "anna", Key: "k-1", Redemption: "r-1", Reward: "no-postage"})
	postage := decimal.RequireFromString("8.50")
	fmt.Println(r, "- anna pays", postage.Sub(decimal.Min(postage, r.Benefit.AtMost)).StringFixed(2), "of", postage.StringFixed(2))
	fmt.Println(run(engine, loyalty.UseVoucher{Member: "anna", Key: "k-2", Redemption: "r-1", Order: "o-1001"}))
	// Output:
	// no-postage is issued - anna pays 2.50 of 8.50
	// no-postage is used
}

// A gift card is used piece by piece, by its code alone, as long as something is left.
func ExampleRedeem_giftCard() {
	engine := roastery(rewards.Reward{
		Code: "gift-card", Type: rewards.TypeGiftCard,
		Benefit: rewards.Benefit{Amount: decimal.NewFromInt(25), Currency: "EUR"},
		Prices:  []rewards.Price{{Unit: "bean", Points: 1000}},
		Voucher: &rewards.Voucher{Length: 16},
	})
	card := run(engine, loyalty.Redeem{Member: "anna", Key: "k-1", Redemption: "r-1", Reward: "gift-card"})
	fmt.Println("EUR", card.Left, "on a card, whose code has", len(card.Code), "characters")
	for _, sale := range []struct {
		order  string
		amount int64
	}{{"o-1001", 9}, {"o-1002", 20}, {"o-1003", 16}} {
		receipt, err := engine.UseVoucher(context.Background(), loyalty.UseVoucher{
			Key: sale.order, Code: card.Code, Money: decimal.NewFromInt(sale.amount), Order: sale.order,
		})
		switch {
		case errors.Is(err, loyalty.ErrOverUse):
			fmt.Println(sale.order, "refused: less than", sale.amount, "is left")
		case err != nil:
			log.Fatal(err)
		default:
			fmt.Println(sale.order, "takes", sale.amount, "and leaves", receipt.Redemption.Left, "-", receipt.Redemption.State)
		}
	}
	// Output:
	// EUR 25 on a card, whose code has 16 characters
	// o-1001 takes 9 and leaves 16 - issued
	// o-1002 refused: less than 20 is left
	// o-1003 takes 16 and leaves 0 - used
}

// Cash-back: the member says how many points, the exchange what they are worth, and the shop
// pays the money out and notes how. Worth says what the member was shown.
func ExampleRedeem_cashBack() {
	engine := roastery(rewards.Reward{
		Code: "cash", Type: rewards.TypeCashBack,
		Exchange: &rewards.Exchange{Unit: "bean", Points: 100, Money: decimal.NewFromInt(1), Currency: "EUR", Minimum: 500, Step: 100},
	})
	r := run(engine, loyalty.Redeem{
		Member: "anna", Key: "k-1", Redemption: "r-1", Reward: "cash", Points: 700, Worth: decimal.NewFromInt(7),
	})
	fmt.Println(r, "- pay out", r.Currency, r.Money)
	r = run(engine, loyalty.FulfillRedemption{Member: "anna", Key: "k-2", Redemption: "r-1", Result: "transfer-88", Actor: "treasury"})
	fmt.Println(r, "by", r.Result)
	fmt.Println(beansOf(engine), "beans left")
	// Output:
	// cash is issued - pay out EUR 7
	// cash is fulfilled by transfer-88
	// 300 beans left
}

// Points and cash: the points are on hold until the money has come in, and the reward is
// issued then. If it does not come the reservation lapses, and the points are back.
func ExampleRedeem_pointsAndCash() {
	engine := roastery(rewards.Reward{
		Code: "grinder", Type: rewards.TypePointsAndCash, Benefit: rewards.Benefit{Items: []string{"grinder"}}, Stock: 5,
		Prices:  []rewards.Price{{Unit: "bean", Points: 800, Cash: decimal.NewFromInt(25), Currency: "EUR"}},
		Reserve: points.Span{N: 2, Unit: points.Days},
	})
	r := run(engine, loyalty.Redeem{
		Member: "anna", Key: "k-1", Redemption: "r-1", Reward: "grinder",
		Price: &rewards.Cost{Unit: "bean", Points: 800, Cash: decimal.NewFromInt(25), Currency: "EUR"},
	})
	fmt.Println(r, "until", r.Until.Format(time.DateOnly), "- collect", r.Price.Currency, r.Price.Cash)
	fmt.Println(run(engine, loyalty.IssueRedemption{Member: "anna", Key: "k-2", Redemption: "r-1", Reason: "payment p-17", Actor: "checkout"}))
	fmt.Println(run(engine, loyalty.FulfillRedemption{Member: "anna", Key: "k-3", Redemption: "r-1", Result: "parcel-3"}))
	fmt.Println(beansOf(engine), "beans left")
	// Output:
	// grinder is reserved until 2027-03-03 - collect EUR 25
	// grinder is issued
	// grinder is fulfilled
	// 200 beans left
}
