package points_test

import (
	"cmp"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
)

// Points wait for the return window to pass and are then valid for a year.
func ExampleExpiry() {
	pending := points.For(14, points.Days)
	earned := time.Date(2027, time.January, 31, 16, 45, 0, 0, time.UTC)
	from := pending.From(earned, time.UTC)
	fmt.Println("usable from", from.Format(time.DateTime))

	for _, boundary := range []points.Boundary{points.Exact, points.EndOfDay, points.EndOfMonth, points.EndOfQuarter, points.EndOfYear} {
		expiry := points.ExpireAfter(1, points.Months).At(boundary)
		fmt.Println(expiry.From(earned, time.UTC).Format(time.DateTime), cmp.Or(boundary, "end-of-day, the default"))
	}
	fiscal := points.ExpireOn(time.March, 31, 1)
	fmt.Println(fiscal.From(earned, time.UTC).Format(time.DateTime), "31 March of next year")
	fmt.Println(points.IsNever(points.NeverExpire().From(earned, time.UTC)))

	// Output:
	// usable from 2027-02-15 00:00:00
	// 2027-02-28 16:45:00 exact
	// 2027-03-01 00:00:00 end-of-day, the default
	// 2027-03-01 00:00:00 end-of-month
	// 2027-04-01 00:00:00 end-of-quarter
	// 2028-01-01 00:00:00 end-of-year
	// 2028-04-01 00:00:00 31 March of next year
	// true
}
