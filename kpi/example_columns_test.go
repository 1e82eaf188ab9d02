package kpi_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// columns is the café's log in memory.
func columns() *kpi.Columns { return must(kpi.Collect(kpi.ReadCSV(strings.NewReader(cafe), nil))) }

func ExampleColumns_Summaries() {
	s := must(columns().Summaries(&kpi.SummaryOptions{AsOf: time.Date(2027, 3, 31, 0, 0, 0, 0, time.UTC), Unit: kpi.InWeeks}))
	for _, c := range s.Customers {
		fmt.Printf("%s: %d repeats in %.1f weeks\n", c.Member, c.Repeats, c.Age)
	}
	// Output:
	// anna: 2 repeats in 12.3 weeks
	// bruno: 1 repeats in 11.3 weeks
	// carla: 0 repeats in 8.1 weeks
}

func ExampleColumns_Cohorts() {
	m := must(columns().Cohorts(&kpi.CohortOptions{Until: march.End}))
	january := m.Cohorts[0]
	fmt.Println(january.Size, "members,", january.Cells[1].Active, "came in February for", january.Cells[1].Revenue)
	// Output:
	// 2 members, 1 came in February for 11.4
}

func ExampleColumns_RFM() {
	r := must(columns().RFM(&kpi.RFMOptions{Method: kpi.ByRank, Groups: 3}))
	best := r.Top(1)[0]
	fmt.Println(best.Member, best.Code(), best.Spent)
	// Output:
	// bruno 321 17
}

func ExampleUltimateOf() {
	points := kpi.PointCounts{Issued: 1000, Matured: 1000, Redeemed: 400, Expired: 100}
	u := must(kpi.UltimateOf(points, eur("650")))
	fmt.Println(u.Redemption.Shown(), "of all points,", u.OfOutstanding.Shown(), "of those that are left")
	// Output:
	// 65 % of all points, 50 % of those that are left
}
