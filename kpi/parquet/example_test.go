package parquet_test

import (
	"bytes"
	"fmt"
	"log"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/parquet"
)

// A log goes into a file and from there into a cohort matrix, as one from a CSV file would.
func Example() {
	price, err := kpi.ParseAmount("12.50")
	if err != nil {
		log.Fatal(err)
	}
	orders := []kpi.Order{
		{Member: "anna", At: time.Date(2027, time.January, 4, 9, 0, 0, 0, time.UTC), Amount: price},
		{Member: "ben", At: time.Date(2027, time.January, 9, 9, 0, 0, 0, time.UTC), Amount: price},
		{Member: "anna", At: time.Date(2027, time.February, 1, 9, 0, 0, 0, time.UTC), Amount: price},
	}
	var file bytes.Buffer
	if _, err := parquet.WriteOrders(&file, kpi.Orders(slices.Values(orders)), "EUR"); err != nil {
		log.Fatal(err)
	}

	cohorts, err := kpi.NewCohortAccumulator(nil)
	if err != nil {
		log.Fatal(err)
	}
	if err := kpi.Feed(cohorts, parquet.ReadOrders(bytes.NewReader(file.Bytes()), int64(file.Len()), nil)); err != nil {
		log.Fatal(err)
	}
	january := cohorts.Result().Cohorts[0]
	rate, _ := january.Retention(1)
	fmt.Printf("of %d members, %.0f %% came back in February\n", january.Size, 100*rate)
	// Output:
	// of 2 members, 50 % came back in February
}
