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

// fiveOff is a shop that gives five euros off for 50 beans, and a member with 120.
func fiveOff() *loyalty.Engine {
	program := loyalty.Program{
		ID: "beans", Zone: "Europe/Vienna",
		Units: []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(12, points.Months)}},
		Catalog: rewards.Catalog{{
			Code: "five-off", Type: rewards.TypeMoneyOff,
			Benefit: rewards.Benefit{Amount: decimal.NewFromInt(5), Currency: "EUR"},
			Prices:  []rewards.Price{{Unit: "bean", Points: 50}},
			Voucher: &rewards.Voucher{Prefix: "FF"}, Valid: points.ExpireAfter(30, points.Days),
		}},
	}
	engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), &loyalty.Options{
		Clock: func() time.Time { return time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC) },
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, cmd := range []loyalty.Command{
		loyalty.Enroll{Member: "m-7301", Key: "signup"},
		loyalty.Adjust{Member: "m-7301", Key: "welcome", Unit: "bean", Points: 120, Reason: "welcome", Actor: "shop"},
	} {
		if _, err := engine.Do(context.Background(), cmd); err != nil {
			log.Fatal(err)
		}
	}
	return engine
}

// A member takes a reward for points: it costs what the catalog says, and has a code.
func ExampleRedeem() {
	ctx, engine := context.Background(), fiveOff()
	for _, id := range []string{"r-1", "r-2", "r-3"} {
		receipt, err := engine.Do(ctx, loyalty.Redeem{Member: "m-7301", Key: "redeem " + id, Redemption: id, Reward: "five-off"})
		var missing *loyalty.InsufficientPointsError
		switch {
		case errors.As(err, &missing):
			fmt.Println("refused:", missing)
		case err != nil:
			log.Fatal(err)
		default:
			r := receipt.Redemption
			fmt.Println(r.Reward, "is", r.State, "until", r.Until.Format(time.DateOnly), "with a code:", r.Code != "")
		}
	}
	// Output:
	// five-off is issued until 2027-03-31 with a code: true
	// five-off is issued until 2027-03-31 with a code: true
	// refused: 50 bean needed, 20 available
}

// A till knows nothing but the code that it scanned. A repeated call gives the same
// receipt, another one is refused.
func ExampleEngine_UseVoucher() {
	ctx, engine := context.Background(), fiveOff()
	redeemed, err := engine.Do(ctx, loyalty.Redeem{Member: "m-7301", Key: "redeem", Redemption: "r-1", Reward: "five-off"})
	if err != nil {
		log.Fatal(err)
	}
	code := redeemed.Redemption.Code
	for _, key := range []string{"sale-1001", "sale-1001", "sale-1002"} {
		receipt, err := engine.UseVoucher(ctx, loyalty.UseVoucher{Key: key, Code: code})
		switch {
		case errors.Is(err, rewards.ErrTransition):
			fmt.Println(key, "refused: it was used already")
		case err != nil:
			log.Fatal(err)
		default:
			r := receipt.Redemption
			fmt.Println(key, "takes", r.Benefit.Currency, r.Benefit.Amount, "off, replayed:", receipt.Replayed)
		}
	}
	_, err = engine.Voucher(ctx, "FF-GUESSED")
	fmt.Println("a guess is unknown:", errors.Is(err, loyalty.ErrUnknownVoucher))
	// Output:
	// sale-1001 takes EUR 5 off, replayed: false
	// sale-1001 takes EUR 5 off, replayed: true
	// sale-1002 refused: it was used already
	// a guess is unknown: true
}

// What was not used can be cancelled: the points go back to where they came from, and the
// code is worth nothing any more.
func ExampleCancelRedemption() {
	ctx, engine := context.Background(), fiveOff()
	redeemed, err := engine.Do(ctx, loyalty.Redeem{Member: "m-7301", Key: "redeem", Redemption: "r-1", Reward: "five-off"})
	if err != nil {
		log.Fatal(err)
	}
	cancelled, err := engine.Do(ctx, loyalty.CancelRedemption{Member: "m-7301", Key: "cancel", Redemption: "r-1"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("r-1 is", cancelled.Redemption.State)
	member, err := engine.Member(ctx, "m-7301")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(member.Balance("bean").Available, "beans available")
	_, err = engine.UseVoucher(ctx, loyalty.UseVoucher{Key: "sale-1001", Code: redeemed.Redemption.Code})
	fmt.Println("the code is refused:", errors.Is(err, rewards.ErrTransition))
	// Output:
	// r-1 is cancelled
	// 120 beans available
	// the code is refused: true
}
