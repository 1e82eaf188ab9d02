package kpi_test

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// A figure carries what made it, and what cannot be computed says so.
func Example() {
	march := kpi.CalendarMonth(2027, time.March, time.UTC)
	returned := kpi.Quotient("return_rate", kpi.Fraction, decimal.NewFromInt(312), decimal.NewFromInt(1200)).In(march)
	fmt.Println(returned)

	nobody := kpi.Quotient("return_rate", kpi.Fraction, decimal.Zero, decimal.Zero)
	_, ok := nobody.Value()
	fmt.Println(ok, nobody.Err())
	// Output:
	// return rate 26 %, 312 of 1200, from 2027-03-01 until before 2027-04-01 UTC
	// false return_rate is undefined: its denominator is 0
}

func ExampleWilson() {
	interval, err := kpi.Wilson(320, 2000, 0.95)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%.4f to %.4f\n", interval.Lower, interval.Upper)
	// Output: 0.1446 to 0.1767
}

func ExampleFigure_OfSample() {
	asked := kpi.Quotient("would_return", kpi.Fraction, decimal.NewFromInt(41), decimal.NewFromInt(50))
	asked, err := asked.OfSample(0.95)
	if err != nil {
		panic(err)
	}
	fmt.Println(asked)
	// Output: would return 82 % (95 % 69.2 % to 90.23 %), 41 of 50
}

func ExampleFigure_MarshalJSON() {
	figure := kpi.Quotient("average_order_value", kpi.Money, decimal.RequireFromString("10250.40"), decimal.NewFromInt(320)).Priced("EUR")
	if err := json.NewEncoder(os.Stdout).Encode(figure); err != nil {
		panic(err)
	}
	// Output: {"key":"average_order_value","value":32.0325,"unit":"money","currency":"EUR","numerator":10250.4,"denominator":320,"interval":null}
}
