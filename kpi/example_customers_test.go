package kpi_test

import (
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// months of the café's log.
var (
	february = kpi.CalendarMonth(2027, time.February, nil)
	march    = kpi.CalendarMonth(2027, time.March, nil)
)

func ExampleRetentionAccumulator() {
	customers := read(kpi.NewRetentionAccumulator(march, 30)).Result()
	fmt.Println(must(kpi.Retention(customers)))
	fmt.Println(customers.New, "came back or were new")
	// Output:
	// retention rate 0 %, 0 of 2, from 2027-03-01 until before 2027-04-01 UTC; set-based: of those at the start, who are there at the end; a customer has bought in the 30 days before
	// 1 came back or were new
}

func ExampleReturningAccumulator() {
	r := read(kpi.NewReturningAccumulator(february)).Result()
	fmt.Println(r.New, "new,", r.Returned, "of", r.Before, "came again")
	fmt.Println(must(r.ReturnRate()))
	// Output:
	// 1 new, 1 of 2 came again
	// period return rate 50 %, 1 of 2, from 2027-02-01 until before 2027-03-01 UTC; customers before the period who bought in it / customers before it
}

func ExampleSecondPurchaseAccumulator() {
	s, err := read(kpi.NewSecondPurchaseAccumulator(march.End, nil)).Result(nil)
	if err != nil {
		panic(err)
	}
	fmt.Println(s.Again, "of", s.Customers, "came again, half of them within", s.Median().Shown())
	fmt.Println("within 30 days", s.Within(30).Shown())
	// Output:
	// 2 of 3 came again, half of them within 49 days
	// within 30 days 33.33 %
}

func ExampleCustomerAccumulator() {
	// Two branches list their subscribers; who moved is one customer.
	north, south := must(kpi.NewCustomerAccumulator(march)), must(kpi.NewCustomerAccumulator(march))
	for _, id := range []string{"ann", "bob"} {
		_ = north.AddStart(id)
	}
	_ = south.AddStart("cem")
	_ = south.AddJoined("dia")
	for _, id := range []string{"ann", "cem", "dia"} {
		_ = south.AddEnd(id)
	}
	if err := north.Merge(south); err != nil {
		panic(err)
	}
	customers := must(north.Result())
	fmt.Println(must(kpi.Retention(customers)))
	// Output:
	// retention rate 66.67 %, 2 of 3, from 2027-03-01 until before 2027-04-01 UTC; set-based: of those at the start, who are there at the end
}
