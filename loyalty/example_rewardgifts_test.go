package loyalty_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
)

// Two bags of coffee are handed over at the counter, where the redemption is used.
func ExampleRedeem_freeProduct() {
	engine := roastery(rewards.Reward{
		Code: "bag", Type: rewards.TypeFreeProduct, Label: "A bag of coffee",
		Benefit: rewards.Benefit{Items: []string{"espresso", "filter"}},
		Prices:  []rewards.Price{{Unit: "bean", Points: 300}},
		Limits:  []rewards.Limit{{Times: 2, Per: points.PerMonth}},
	})
	r := run(engine, loyalty.Redeem{Member: "anna", Key: "k-1", Redemption: "r-1", Reward: "bag", Quantity: 2})
	fmt.Println(r, "for", r.Price.Points, "beans: one of", r.Benefit.Items, "each")
	_, err := engine.Do(context.Background(), loyalty.Redeem{Member: "anna", Key: "k-2", Redemption: "r-2", Reward: "bag"})
	fmt.Println("a third one this month is refused:", errors.Is(err, loyalty.ErrNotEligible))
	fmt.Println(run(engine, loyalty.UseVoucher{Member: "anna", Key: "k-3", Redemption: "r-1", Actor: "counter 2"}))
	// Output:
	// 2 × bag is issued for 600 beans: one of [espresso filter] each
	// a third one this month is refused: true
	// 2 × bag is used
}

// A code of a partner: Options.VoucherCode draws it from the partner's codes, and the shop
// shows it to the member.
func ExampleRedeem_voucher() {
	engine := roastery(rewards.Reward{
		Code: "cinema", Type: rewards.TypeVoucher, Benefit: rewards.Benefit{Partner: "Odeon"},
		Prices:  []rewards.Price{{Unit: "bean", Points: 900}},
		Voucher: &rewards.Voucher{Host: true}, Final: true,
	})
	r := run(engine, loyalty.Redeem{Member: "anna", Key: "k-1", Redemption: "r-1", Reward: "cinema"})
	fmt.Println(r, "of", r.Benefit.Partner)
	_, err := engine.Do(context.Background(), loyalty.CancelRedemption{Member: "anna", Key: "k-2", Redemption: "r-1"})
	fmt.Println("a code that is out is final:", errors.Is(err, loyalty.ErrForbidden))
	used, err := engine.UseVoucher(context.Background(), loyalty.UseVoucher{Key: "odeon 5521", Code: r.Code, Actor: "Odeon"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(used.Redemption)
	// Output:
	// cinema is issued, code ODEON-r-1 of Odeon
	// a code that is out is final: true
	// cinema is used, code ODEON-r-1
}

// A donation: the member says how many points, the shop gives what they are worth to the
// cause, and notes the transfer.
func ExampleRedeem_donation() {
	engine := roastery(rewards.Reward{
		Code: "trees", Type: rewards.TypeDonation, Benefit: rewards.Benefit{Cause: "trees"}, Final: true,
		Exchange: &rewards.Exchange{Unit: "bean", Points: 50, Money: decimal.NewFromInt(1), Currency: "EUR"},
	})
	r := run(engine, loyalty.Redeem{Member: "anna", Key: "k-1", Redemption: "r-1", Reward: "trees", Points: 250})
	fmt.Println(r, "-", r.Currency, r.Money, "for", r.Benefit.Cause)
	r = run(engine, loyalty.FulfillRedemption{Member: "anna", Key: "k-2", Redemption: "r-1", Result: "transfer-2027-03"})
	fmt.Println(r, "by", r.Result)
	// Output:
	// trees is issued - EUR 5 for trees
	// trees is fulfilled by transfer-2027-03
}

// An experience without sessions of its own: the shop agrees to each wish by hand. Where it
// has dates, seats and a wait list, see package booking.
func ExampleRedeem_experience() {
	engine := roastery(rewards.Reward{
		Code: "roast-along", Type: rewards.TypeExperience, Benefit: rewards.Benefit{Event: "roast-along"}, Stock: 2,
		Prices:  []rewards.Price{{Unit: "bean", Points: 700}},
		Reserve: points.Span{N: 7, Unit: points.Days},
	})
	fmt.Println(run(engine, loyalty.Redeem{Member: "anna", Key: "k-1", Redemption: "r-1", Reward: "roast-along"}))
	fmt.Println(run(engine, loyalty.RejectRedemption{
		Member: "anna", Key: "k-2", Redemption: "r-1", Reason: "the roaster is being serviced", Actor: "roaster",
	}))
	fmt.Println(run(engine, loyalty.Redeem{Member: "anna", Key: "k-3", Redemption: "r-2", Reward: "roast-along"}))
	fmt.Println(run(engine, loyalty.IssueRedemption{Member: "anna", Key: "k-4", Redemption: "r-2", Actor: "roaster"}))
	fmt.Println(run(engine, loyalty.UseVoucher{Member: "anna", Key: "k-5", Redemption: "r-2", Actor: "door"}))
	// Output:
	// roast-along is reserved
	// roast-along is rejected
	// roast-along is reserved
	// roast-along is issued
	// roast-along is used
}

// Entries of a raffle that somebody else draws: the shop enters them, and notes their
// numbers. For a draw that anyone can check, see package loyalty/raffle.
func ExampleRedeem_sweepstake() {
	engine := roastery(rewards.Reward{
		Code: "spring", Type: rewards.TypeSweepstake, Benefit: rewards.Benefit{Event: "spring", Pieces: 3},
		Prices: []rewards.Price{{Unit: "bean", Points: 50}},
	})
	r := run(engine, loyalty.Redeem{Member: "anna", Key: "k-1", Redemption: "r-1", Reward: "spring", Quantity: 4})
	fmt.Println(r, "-", r.Quantity*r.Benefit.Pieces, "entries for", r.Price.Points, "beans")
	r = run(engine, loyalty.FulfillRedemption{Member: "anna", Key: "k-2", Redemption: "r-1", Result: "entries 101 to 112"})
	fmt.Println(r, "with", r.Result)
	// Output:
	// 4 × spring is issued - 12 entries for 200 beans
	// 4 × spring is fulfilled with entries 101 to 112
}

// Anything else: Attributes tell the shop what to do. The price is snapshotted, and the work
// is found in RedemptionsOf.
func ExampleRedeem_custom() {
	engine := roastery(rewards.Reward{
		Code: "name-a-blend", Type: rewards.TypeCustom, Benefit: rewards.Benefit{Attributes: map[string]string{"letters": "20"}},
		Prices: []rewards.Price{{Unit: "bean", Points: 1000}},
	})
	run(engine, loyalty.Redeem{Member: "anna", Key: "k-1", Redemption: "r-1", Reward: "name-a-blend"})
	for r, err := range engine.RedemptionsOf(context.Background(), "name-a-blend", rewards.Issued) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("to do for", r.Member+":", r.Reward, "of", r.Benefit.Attributes["letters"], "letters")
	}
	fmt.Println(run(engine, loyalty.FulfillRedemption{Member: "anna", Key: "k-2", Redemption: "r-1", Result: "Anna's Sunday"}))
	// Output:
	// to do for anna: name-a-blend of 20 letters
	// name-a-blend is fulfilled
}

// mug is what several examples give.
var mug = rewards.Benefit{Items: []string{"mug"}}

// The money has come in: the points on hold are taken, and the reward gets its code.
func ExampleIssueRedemption() {
	engine := roastery(rewards.Reward{
		Code: "tasting", Type: rewards.TypeVoucher, Voucher: &rewards.Voucher{Prefix: "TEST"},
		Prices:  []rewards.Price{{Unit: "bean", Points: 200, Cash: decimal.NewFromInt(10), Currency: "EUR"}},
		Reserve: points.Span{N: 1, Unit: points.Days},
	})
	r := run(engine, loyalty.Redeem{Member: "anna", Key: "k-1", Redemption: "r-1", Reward: "tasting"})
	fmt.Println(r.State, "with a code:", r.Code != "")
	r = run(engine, loyalty.IssueRedemption{Member: "anna", Key: "k-2", Redemption: "r-1"})
	fmt.Println(r.State, "with a code:", r.Code != "")
	// Output:
	// reserved with a code: false
	// issued with a code: true
}

// What was sent is noted with its parcel. It can be cancelled still, as goods that come
// back, but not be sent again.
func ExampleFulfillRedemption() {
	engine := roastery(rewards.Reward{Code: "mug", Type: rewards.TypeFreeProduct, Benefit: mug, Prices: []rewards.Price{{Unit: "bean", Points: 200}}})
	run(engine, loyalty.Redeem{Member: "anna", Key: "k-1", Redemption: "r-1", Reward: "mug"})
	r := run(engine, loyalty.FulfillRedemption{Member: "anna", Key: "k-2", Redemption: "r-1", Result: "parcel-3", Actor: "warehouse"})
	fmt.Println(r, "by", r.Result)
	_, err := engine.Do(context.Background(), loyalty.FulfillRedemption{Member: "anna", Key: "k-3", Redemption: "r-1", Result: "parcel-4"})
	if refused, ok := errors.AsType[*rewards.TransitionError](err); ok {
		fmt.Println("refused:", refused)
	}
	// Output:
	// mug is fulfilled by parcel-3
	// refused: the redemption is fulfilled: "fulfill" is not possible, only: use part, use, cancel, expire
}

// An operator refuses: the member has the points back, and stock and limits are free again.
func ExampleRejectRedemption() {
	engine := roastery(rewards.Reward{Code: "mug", Type: rewards.TypeFreeProduct, Benefit: mug, Stock: 1, Prices: []rewards.Price{{Unit: "bean", Points: 200}}})
	run(engine, loyalty.Redeem{Member: "anna", Key: "k-1", Redemption: "r-1", Reward: "mug"})
	fmt.Println(run(engine, loyalty.RejectRedemption{Member: "anna", Key: "k-2", Redemption: "r-1", Reason: "the last one broke", Actor: "warehouse"}))
	fmt.Println(beansOf(engine), "beans left")
	// Output:
	// mug is rejected
	// 1000 beans left
}

// A gift of an operator costs no points and asks for no conditions, but never goes beyond
// the stock.
func ExampleGrantReward() {
	engine := roastery(rewards.Reward{Code: "mug", Type: rewards.TypeFreeProduct, Benefit: mug, Stock: 1, Prices: []rewards.Price{{Unit: "bean", Points: 200}}})
	gift := loyalty.GrantReward{Member: "anna", Key: "k-1", Redemption: "sorry-1", Reward: "mug", Reason: "spilled coffee", Actor: "floor"}
	fmt.Println(run(engine, gift))
	gift.Key, gift.Redemption = "k-2", "sorry-2"
	_, err := engine.Do(context.Background(), gift)
	fmt.Println("another one is refused:", errors.Is(err, loyalty.ErrOutOfStock))
	fmt.Println(beansOf(engine), "beans left")
	// Output:
	// mug is issued
	// another one is refused: true
	// 1000 beans left
}

// A member's page shows every reward: what can be had now, and else what is in the way.
func ExampleEngine_Rewards() {
	engine := roastery(
		rewards.Reward{Code: "mug", Type: rewards.TypeFreeProduct, Benefit: mug, Stock: 3, Prices: []rewards.Price{{Unit: "bean", Points: 200}}},
		rewards.Reward{Code: "machine", Type: rewards.TypeFreeProduct, Benefit: rewards.Benefit{Items: []string{"machine"}}, Prices: []rewards.Price{{Unit: "bean", Points: 9000}}},
		rewards.Reward{Code: "club", Type: rewards.TypeCustom, Only: rewards.Only{Channels: []string{"app"}}},
	)
	offers, err := engine.Rewards(context.Background(), "anna", &loyalty.RewardsQuery{Channel: "web"})
	if err != nil {
		log.Fatal(err)
	}
	for _, offer := range offers {
		fmt.Println(offer.Reward, offer.Redeemable, offer.Reasons)
	}
	// Output:
	// mug true []
	// machine false [costs 9000 bean, of which 8000 are missing]
	// club false [is for the channels app]
}

// A redemption tells what has happened to it, and who did it.
func ExampleEngine_Redemption() {
	engine := roastery(rewards.Reward{Code: "mug", Type: rewards.TypeFreeProduct, Benefit: mug, Prices: []rewards.Price{{Unit: "bean", Points: 200}}})
	run(engine, loyalty.Redeem{Member: "anna", Key: "k-1", Redemption: "r-1", Reward: "mug", Actor: "anna"})
	run(engine, loyalty.FulfillRedemption{Member: "anna", Key: "k-2", Redemption: "r-1", Actor: "warehouse"})
	r, err := engine.Redemption(context.Background(), "anna", "r-1")
	if err != nil {
		log.Fatal(err)
	}
	for _, step := range r.Steps {
		fmt.Println(step.Action, "by", step.Actor)
	}
	_, err = engine.Redemption(context.Background(), "anna", "r-9")
	fmt.Println("r-9 is unknown:", errors.Is(err, loyalty.ErrUnknownRedemption))
	// Output:
	// issue by anna
	// fulfill by warehouse
	// r-9 is unknown: true
}

// Support finds who has a code, and what it is still good for. What was typed is parsed
// first: a misread letter is found without a look-up.
func ExampleEngine_Voucher() {
	engine := roastery(rewards.Reward{
		Code: "gift-card", Type: rewards.TypeGiftCard, Benefit: rewards.Benefit{Amount: decimal.NewFromInt(25), Currency: "EUR"},
		Voucher: &rewards.Voucher{}, Prices: []rewards.Price{{Unit: "bean", Points: 1000}},
	})
	card := run(engine, loyalty.Redeem{Member: "anna", Key: "k-1", Redemption: "r-1", Reward: "gift-card"})
	typed := card.Code[:4] + " " + card.Code[4:8] + " " + card.Code[8:]
	code, err := rewards.ParseCode(typed)
	if err != nil {
		log.Fatal(err)
	}
	found, err := engine.Voucher(context.Background(), code)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(found.Member, "has", found.Reward, found.ID, "with", found.Currency, found.Left, "left")
	// Output:
	// anna has gift-card r-1 with EUR 25 left
}
