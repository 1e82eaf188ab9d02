package booking_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/booking"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// An evening for one is sold out; who waits gets the seat of who cancels.
func Example() {
	ctx, store := context.Background(), memory.New()
	now := time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	shop := loyalty.Program{ID: "beans", Zone: "Europe/Vienna", Units: []points.Unit{{Code: "bean", Expiry: points.NeverExpire()}}}
	engine, err := loyalty.New(loyalty.Revisions{shop}, store, &loyalty.Options{
		Clock:    func() time.Time { return now },
		Features: []loyalty.Feature{booking.Feature{}},
	})
	if err != nil {
		log.Fatal(err)
	}
	desk := booking.NewDesk(engine, store)
	do := func(cmd loyalty.Command) loyalty.Receipt {
		receipt, err := desk.Do(ctx, cmd)
		if err != nil {
			log.Fatal(err)
		}
		return receipt
	}
	for _, member := range []string{"anna", "ben"} {
		do(loyalty.Enroll{Member: member, Key: "signup"})
		do(loyalty.Adjust{Member: member, Key: "welcome", Unit: "bean", Points: 500, Reason: "welcome", Actor: "shop"})
	}
	start := time.Date(2027, time.March, 12, 18, 0, 0, 0, time.UTC)
	do(booking.Open{Key: "open", Session: experience.Session{
		ID: "tasting", Title: "Tasting with the roaster", Zone: "Europe/Vienna", Start: start, End: start.Add(time.Hour),
		Capacity: 1, Unit: "bean", Prices: []experience.Price{{Points: 300}},
		List: &experience.List{OfferMinutes: 24 * 60},
	}})

	tell := func(receipt loyalty.Receipt) {
		b, err := booking.Of(receipt)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(receipt.Member+":", b)
	}
	tell(do(booking.Book{Member: "anna", Key: "k1", Session: "tasting", Party: 1, Unit: "bean", Points: 300}))
	_, err = desk.Do(ctx, booking.Book{Member: "ben", Key: "k1", Session: "tasting", Party: 1, Unit: "bean", Points: 300})
	fmt.Println(err)
	tell(do(booking.Join{Member: "ben", Key: "k2", Session: "tasting", Party: 1, Unit: "bean", Points: 300}))
	tell(do(booking.Cancel{Member: "anna", Key: "k2", Session: "tasting"}))
	for b, err := range desk.Bookings(ctx, "ben", now) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("ben:", b)
	}
	tell(do(booking.Confirm{Member: "ben", Key: "k3", Session: "tasting"}))
	// Output:
	// anna: 1 seat for Tasting with the roaster, 12 Mar 2027 19:00: booked, for 300 bean
	// loyalty: booking-book of member "ben" with key "k1": 1 seats wanted, 0 free, 0 parties wait
	// ben: 1 seat for Tasting with the roaster, 12 Mar 2027 19:00: on the list, class 1, number 1
	// anna: 1 seat for Tasting with the roaster, 12 Mar 2027 19:00: cancelled
	// ben: 1 seat for Tasting with the roaster, 12 Mar 2027 19:00: yours if you confirm before 2 Mar 2027 10:00, for 300 bean
	// ben: 1 seat for Tasting with the roaster, 12 Mar 2027 19:00: booked, for 300 bean
}
