package keyfigures_test

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/examples/keyfigures"
	"github.com/loyaltykit/loyaltykit/kpi"
)

const café = `member,occurred_at,amount,currency
anna,2027-01-04,12.50,EUR
bruno,2027-01-11,8.00,EUR
anna,2027-01-18,15.00,EUR
carla,2027-02-02,40.00,EUR
`

func cafeLog() *keyfigures.Log {
	currency := ""
	return &keyfigures.Log{
		Name: "café.csv",
		Each: func(_ string, take func(kpi.Order) error) (int, error) {
			options := &kpi.CSVOptions{CurrencyFound: func(found string) { currency = found }}
			for order, err := range kpi.ReadCSV(strings.NewReader(café), options) {
				if err != nil {
					return 0, err
				}
				if err := take(order); err != nil {
					return 0, err
				}
			}
			return 0, nil
		},
		Currency: func() string { return currency },
	}
}

func Example() {
	report, err := keyfigures.Compute(cafeLog(), keyfigures.Options{
		Zone: time.UTC, Unit: kpi.InWeeks, UnitName: "week", InactiveDays: 14, Level: 0.95, Warnings: io.Discard,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, key := range []string{"customers", "average_order_value", "repeat_purchase_rate"} {
		fmt.Printf("%s: %s\n", key, report.Figures[key].Shown())
	}
	// Output:
	// customers: 3
	// average_order_value: 18.88 EUR
	// repeat_purchase_rate: 33.33 %
}
