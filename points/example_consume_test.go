package points_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
)

// Points that expire soonest are spent first, and expired ones never, whether or
// not anybody has booked their expiry.
func ExampleConsume() {
	date := func(month time.Month, day int) time.Time { return time.Date(2027, month, day, 0, 0, 0, 0, time.UTC) }
	lots := []points.Lot{
		{ID: 1, State: points.LotOpen, Remaining: 500, AvailableFrom: date(time.January, 1), ExpiresAt: points.Never},
		{ID: 2, State: points.LotOpen, Remaining: 80, AvailableFrom: date(time.January, 1), ExpiresAt: date(time.June, 1)},
		{ID: 3, State: points.LotOpen, Remaining: 30, AvailableFrom: date(time.January, 1), ExpiresAt: date(time.April, 1)},
		{ID: 4, State: points.LotPending, Remaining: 20, AvailableFrom: date(time.May, 1), ExpiresAt: date(time.May, 20)},
	}
	slices.SortFunc(lots, points.ConsumptionOrder)
	for _, at := range []time.Time{date(time.March, 1), date(time.April, 1), date(time.May, 1)} {
		parts, missing, err := points.Consume(lots, 120, at)
		fmt.Println(at.Format(time.DateOnly), parts, missing, err)
	}

	// Output:
	// 2027-03-01 [{3 30} {2 80} {1 10}] 0 <nil>
	// 2027-04-01 [{2 80} {1 40}] 0 <nil>
	// 2027-05-01 [{4 20} {2 80} {1 20}] 0 <nil>
}
