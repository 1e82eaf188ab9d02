package kpi_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// cafe is the log of a café, as its till exports it.
const cafe = `order_id,member,occurred_at,amount,currency
1,anna,2027-01-04,12.50,EUR
2,anna,2027-01-04,3.20,EUR
3,bruno,2027-01-11,8.00,EUR
4,anna,2027-01-18,15.00,EUR
5,carla,2027-02-02,40.00,EUR
6,anna,2027-02-15,11.40,EUR
7,bruno,2027-03-01,9.00,EUR
8,carla,2027-03-02,-5.00,EUR
`

// read gives an accumulator the log of the café.
func read[A kpi.Adder](a A, err error) A {
	if err == nil {
		err = kpi.Feed(a, kpi.ReadCSV(strings.NewReader(cafe), nil))
	}
	if err != nil {
		panic(err)
	}
	return a
}

func ExampleSummaryAccumulator() {
	a := read(kpi.NewSummaryAccumulator(&kpi.SummaryOptions{AsOf: time.Date(2027, 3, 31, 0, 0, 0, 0, time.UTC), Unit: kpi.InWeeks}))
	for _, c := range a.Result().Customers {
		fmt.Printf("%s came back %d times, last after %.1f of %.1f weeks, for %.2f on average\n", c.Member, c.Repeats, c.Recency, c.Age, c.Monetary)
	}
	// Output:
	// anna came back 2 times, last after 6.0 of 12.3 weeks, for 13.20 on average
	// bruno came back 1 times, last after 7.0 of 11.3 weeks, for 9.00 on average
	// carla came back 0 times, last after 0.0 of 8.1 weeks, for 0.00 on average
}

func ExampleCohortAccumulator() {
	a := read(kpi.NewCohortAccumulator(&kpi.CohortOptions{Bucket: kpi.Monthly, Until: time.Date(2027, 4, 1, 0, 0, 0, 0, time.UTC)}))
	for _, cohort := range a.Result().Cohorts {
		fmt.Printf("%s, %d members:", cohort.Start.Format("January"), cohort.Size)
		for offset := range cohort.Cells {
			rate, _ := cohort.Retention(offset)
			fmt.Printf(" %3.0f %%", 100*rate)
		}
		fmt.Println()
	}
	// Output:
	// January, 2 members: 100 %  50 %  50 %
	// February, 1 members: 100 %   0 %
}

func ExampleRFMAccumulator() {
	a := read(kpi.NewRFMAccumulator(&kpi.RFMOptions{AsOf: time.Date(2027, 3, 31, 0, 0, 0, 0, time.UTC), Method: kpi.ByRank, Groups: 3}))
	for _, c := range a.Result().Customers {
		fmt.Printf("%s: %d days ago, %d orders, %s in all: %d\n", c.Member, c.Days, c.Orders, c.Spent, c.Code())
	}
	// Output:
	// anna: 44 days ago, 4 orders, 42.1 in all: 233
	// bruno: 30 days ago, 2 orders, 17 in all: 321
	// carla: 57 days ago, 1 orders, 35 in all: 112
}

func ExamplePurchaseAccumulator() {
	quarter := kpi.Period{Start: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2027, 4, 1, 0, 0, 0, 0, time.UTC)}
	p := read(kpi.NewPurchaseAccumulator(quarter, kpi.ByDay)).Result()
	fmt.Println(p.Customers, "customers,", p.Orders, "orders,", p.Repeating, "came on another day")
	rate, err := p.RepeatPurchaseRate()
	if err != nil {
		panic(err)
	}
	fmt.Println(rate)
	// Output:
	// 3 customers, 7 orders, 2 came on another day
	// repeat purchase rate 66.67 %, 2 of 3, from 2027-01-01 until before 2027-04-01 UTC; customers with 2 purchase periods or more / customers with 1 or more
}

func ExampleInactivityAccumulator() {
	a := read(kpi.NewInactivityAccumulator(time.Date(2027, 4, 1, 0, 0, 0, 0, time.UTC), 45, nil))
	rate, _ := a.Result().Value()
	fmt.Printf("%.0f %% bought nothing for 45 days\n", 100*rate)
	// Output:
	// 33 % bought nothing for 45 days
}

func ExampleCollect() {
	columns, err := kpi.Collect(kpi.ReadCSV(strings.NewReader(cafe), nil))
	if err != nil {
		panic(err)
	}
	summaries, err := columns.Summaries(nil)
	if err != nil {
		panic(err)
	}
	fmt.Println(columns.Len(), "orders of", columns.Members(), "members, up to", summaries.AsOf.Format(time.DateOnly))
	// Output:
	// 8 orders of 3 members, up to 2027-03-02
}

func ExampleCollectCSV() {
	columns, err := kpi.CollectCSV(strings.NewReader(cafe), &kpi.CSVOptions{Currency: "EUR"})
	if err != nil {
		panic(err)
	}
	fmt.Println(columns.Len(), "orders of", columns.Members(), "members")
	// Output:
	// 8 orders of 3 members
}

func ExampleSurvivalAccumulator() {
	// Months for which subscribers stayed; some still do.
	var a kpi.SurvivalAccumulator
	for _, l := range []kpi.Lifetime{
		{Exit: 2, Event: true},
		{Exit: 5},
		{Exit: 6, Event: true},
		{Exit: 9, Event: true},
		{Exit: 12},
	} {
		if err := a.Add(l); err != nil {
			panic(err)
		}
	}
	s, err := a.Result(nil)
	if err != nil {
		panic(err)
	}
	for _, p := range s.Points {
		fmt.Printf("month %2.0f: %.2f stay (%.2f to %.2f)\n", p.Time, p.Survival, p.Lower, p.Upper)
	}
	median, _ := s.Median()
	fmt.Println("half are gone after month", median)
	// Output:
	// month  2: 0.80 stay (0.20 to 0.97)
	// month  5: 0.80 stay (0.20 to 0.97)
	// month  6: 0.53 stay (0.07 to 0.86)
	// month  9: 0.27 stay (0.01 to 0.69)
	// month 12: 0.27 stay (0.01 to 0.69)
	// half are gone after month 9
}

func ExampleLogRank() {
	var paper, app kpi.SurvivalAccumulator
	for month := range 8 {
		_ = paper.Add(kpi.Lifetime{Exit: float64(month + 1), Event: true})
		_ = app.Add(kpi.Lifetime{Exit: float64(2*month + 3), Event: month%2 == 0})
	}
	r, err := kpi.LogRank(&paper, &app)
	if err != nil {
		panic(err)
	}
	fmt.Printf("chi-square %.2f, p %.4f\n", r.ChiSquare, r.P)
	// Output:
	// chi-square 9.17, p 0.0025
}

func ExampleOrders() {
	a, err := kpi.NewRFMAccumulator(nil)
	if err != nil {
		panic(err)
	}
	paid, err := kpi.NewAmount(1250, 2)
	if err != nil {
		panic(err)
	}
	orders := []kpi.Order{{Member: "anna", At: time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC), Amount: paid}}
	if err := kpi.Feed(a, kpi.Orders(slices.Values(orders))); err != nil {
		panic(err)
	}
	fmt.Println(a.Result().Customers[0].Spent)
	// Output:
	// 12.5
}

func ExampleQuantiles() {
	fmt.Println(kpi.Quantiles([]float64{1, 2, 4, 8, 16, 32}, 5))
	// Output:
	// [2 4 8 16]
}

func ExamplePointAccumulator() {
	day := func(month time.Month, day int) time.Time { return time.Date(2027, month, day, 0, 0, 0, 0, time.UTC) }
	a, err := kpi.NewPointAccumulator(day(time.April, 1), nil)
	if err != nil {
		panic(err)
	}
	for _, m := range []kpi.PointMove{
		{Earned: day(time.January, 4), At: day(time.January, 4), From: kpi.IssuedPoints, To: kpi.AvailablePoints, Points: 120},
		{Earned: day(time.January, 4), At: day(time.March, 9), From: kpi.AvailablePoints, To: kpi.RedeemedPoints, Points: 30},
		{Earned: day(time.March, 9), At: day(time.March, 9), From: kpi.IssuedPoints, To: kpi.AvailablePoints, Points: 15},
	} {
		if err := a.Add(m); err != nil {
			panic(err)
		}
	}
	for _, m := range a.Result().Months {
		fmt.Printf("%s's points in %s: %d issued, %d redeemed\n", m.Earned.Start.Month(), m.Moved.Start.Month(), m.Issued, m.Redeemed)
	}
	// Output:
	// January's points in January: 120 issued, 0 redeemed
	// January's points in March: 0 issued, 30 redeemed
	// March's points in March: 15 issued, 0 redeemed
}
