package sqlkpi_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/sqlkpi"
)

// A shop's own table, with customers and totals of its own names.
func Example() {
	table := sqlkpi.Table{Schema: "shop", Name: "orders", Member: "customer_id", At: "paid_at", Amount: "total"}
	// table.Cohorts(ctx, db, options) runs the statements and returns what package kpi would.
	query, err := table.CohortQuery(&kpi.CohortOptions{Bucket: kpi.Yearly}, sqlkpi.Extent{
		First: time.Date(2026, time.March, 1, 9, 0, 0, 0, time.UTC), Last: time.Date(2026, time.March, 31, 18, 0, 0, 0, time.UTC),
	})
	if err != nil {
		panic(err)
	}
	for _, line := range strings.SplitN(query, "\n", 3)[:2] {
		fmt.Println(line)
	}
	// Output:
	// WITH orders AS (SELECT (raw_member)::text AS member, raw_at AS ordered_at, raw_amount AS amount FROM (SELECT "customer_id" AS raw_member, "paid_at" AS raw_at, "total" AS raw_amount FROM "shop"."orders") AS raw),
	// dated AS (SELECT member, CASE WHEN ordered_at < '2026-01-01 00:00:00.000000+00'::timestamptz THEN 2025 ELSE CASE WHEN ordered_at < '2027-01-01 00:00:00.000000+00'::timestamptz THEN 2026 ELSE 2027 END END AS bucket, amount FROM orders),
}

// Cents in one currency of a table with several.
func ExampleTable() {
	table := sqlkpi.Table{
		Dialect: sqlkpi.ClickHouse, Name: "payments", Member: "user", At: "time", Amount: "cents",
		Decimals: 2, Where: map[string]string{"currency": "EUR"},
	}
	query, err := table.ExtentQuery()
	if err != nil {
		panic(err)
	}
	first, _, _ := strings.Cut(query, "\n")
	fmt.Println(first)

	table.Dialect, table.Decimals = "oracle", 20
	_, err = table.ExtentQuery()
	fmt.Println(err)
	// Output:
	// WITH orders AS (SELECT toString(raw_member) AS member, toUnixTimestamp64Micro(toDateTime64(raw_at, 6)) AS ordered_at, toInt128(raw_amount) AS amount FROM (SELECT "user" AS raw_member, "time" AS raw_at, "cents" AS raw_amount FROM "payments" WHERE toString("currency") = 'EUR') AS raw)
	// dialect: "oracle" is no dialect: use postgresql, duckdb or clickhouse; decimals: must be 0 to 12, is 20
}

// database is the host's own; its driver is imported by the host.
func database() *sql.DB { return nil }

// Customer summaries as models of repeat buying take them: frequency, recency, age and
// mean money. Source of the definition: P. Fader, B. Hardie, K. Lee, Counting your
// customers the easy way (2005).
func ExampleTable_Summaries() {
	table := sqlkpi.Table{Dialect: sqlkpi.DuckDB, Name: "orders"}
	show := func(ctx context.Context) error {
		summaries, err := table.Summaries(ctx, database(), &kpi.SummaryOptions{Unit: kpi.InWeeks})
		if err != nil {
			return err
		}
		for _, c := range summaries.Customers {
			fmt.Println(c.Member, c.Repeats, c.Recency, c.Age, c.Monetary)
		}
		return nil
	}
	_ = show
}

// A monthly cohort matrix in Vienna's calendar.
func ExampleTable_Cohorts() {
	table := sqlkpi.Table{Dialect: sqlkpi.ClickHouse, Name: "orders"}
	show := func(ctx context.Context) error {
		vienna, err := time.LoadLocation("Europe/Vienna")
		if err != nil {
			return err
		}
		matrix, err := table.Cohorts(ctx, database(), &kpi.CohortOptions{Zone: vienna})
		if err != nil {
			return err
		}
		for i := range matrix.Cohorts {
			rate, ok := matrix.Cohorts[i].Retention(1)
			fmt.Println(matrix.Cohorts[i].Start, rate, ok)
		}
		return nil
	}
	_ = show
}

// Scores of recency, frequency and money. Sources of the definition: J. R. Bult, T. Wansbeek,
// Optimal selection for direct mail (1995); quantiles of type 7 of R. Hyndman,
// Y. Fan, Sample quantiles in statistical packages (1996).
func ExampleTable_RFM() {
	table := sqlkpi.Table{Name: "orders"}
	show := func(ctx context.Context) error {
		scores, err := table.RFM(ctx, database(), &kpi.RFMOptions{Method: kpi.ByRank})
		if err != nil {
			return err
		}
		for _, c := range scores.Customers {
			fmt.Println(c.Member, c.Code(), scores.SegmentName(&c))
		}
		return nil
	}
	_ = show
}

// How soon customers come again, and how many of them.
func ExampleTable_SecondPurchases() {
	table := sqlkpi.Table{Name: "orders"}
	show := func(ctx context.Context) error {
		again, err := table.SecondPurchases(ctx, database(), time.Date(2027, time.April, 1, 0, 0, 0, 0, time.UTC), nil, nil)
		if err != nil {
			return err
		}
		fmt.Println(again.Median(), again.Within(90))
		return nil
	}
	_ = show
}

// In how many months customers bought, as BG/BB takes them. Source of the definition: P. Fader,
// B. Hardie, J. Shang, Customer-base analysis in a discrete-time noncontractual setting (2010).
func ExampleTable_Occasions() {
	table := sqlkpi.Table{Dialect: sqlkpi.ClickHouse, Name: "orders"}
	show := func(ctx context.Context) error {
		members, err := table.Occasions(ctx, database(), &kpi.CohortOptions{Bucket: kpi.Monthly})
		if err != nil {
			return err
		}
		for _, m := range members {
			fmt.Println(m.Member, m.Frequency, m.Last, m.Number)
		}
		return nil
	}
	_ = show
}

// New and returning customers of a month.
func ExampleTable_Returning() {
	table := sqlkpi.Table{Dialect: sqlkpi.DuckDB, Name: "orders"}
	show := func(ctx context.Context) error {
		customers, err := table.Returning(ctx, database(), kpi.CalendarMonth(2027, time.March, nil))
		if err != nil {
			return err
		}
		share, err := customers.NewShare()
		if err != nil {
			return err
		}
		fmt.Println(customers.New, customers.Returned, share)
		return nil
	}
	_ = show
}

// Orders, customers and money of a month, and how many bought on more than one day.
func ExampleTable_Purchases() {
	table := sqlkpi.Table{Name: "orders"}
	show := func(ctx context.Context) error {
		bought, err := table.Purchases(ctx, database(), kpi.CalendarMonth(2027, time.March, nil), kpi.ByDay)
		if err != nil {
			return err
		}
		value, err := bought.AverageOrderValue("EUR")
		if err != nil {
			return err
		}
		fmt.Println(bought.Orders, bought.Customers, value)
		return nil
	}
	_ = show
}

// Churn of a month, where a customer is who has bought once.
func ExampleTable_Customers() {
	table := sqlkpi.Table{Dialect: sqlkpi.ClickHouse, Name: "orders"}
	show := func(ctx context.Context) error {
		customers, err := table.Customers(ctx, database(), kpi.CalendarMonth(2027, time.March, nil))
		if err != nil {
			return err
		}
		churn, err := kpi.Churn(customers, kpi.LostFromStart)
		if err != nil {
			return err
		}
		fmt.Println(churn)
		return nil
	}
	_ = show
}

// Who has not bought for 90 days.
func ExampleTable_Inactivity() {
	table := sqlkpi.Table{Dialect: sqlkpi.DuckDB, Name: "orders"}
	show := func(ctx context.Context) error {
		inactive, err := table.Inactivity(ctx, database(), time.Date(2027, time.April, 1, 0, 0, 0, 0, time.UTC), 90, nil)
		if err != nil {
			return err
		}
		fmt.Println(inactive)
		return nil
	}
	_ = show
}

// Retention of a quarter, where a customer is who has bought in the 90 days before.
func ExampleTable_Retention() {
	table := sqlkpi.Table{Name: "orders"}
	show := func(ctx context.Context) error {
		quarter := kpi.Period{Start: time.Date(2027, time.January, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2027, time.April, 1, 0, 0, 0, 0, time.UTC), Zone: time.UTC}
		customers, err := table.Retention(ctx, database(), quarter, 90)
		if err != nil {
			return err
		}
		rate, err := kpi.Retention(customers)
		if err != nil {
			return err
		}
		fmt.Println(rate)
		return nil
	}
	_ = show
}

// A log-rank test of whether customers of two channels come again at one rate. Source of
// the definition: N. Mantel, Evaluation of survival data and two new rank order statistics
// arising in its consideration (1966).
func ExampleTable_SecondPurchaseGroups() {
	table := sqlkpi.Table{Dialect: sqlkpi.DuckDB, Name: "orders"}
	show := func(ctx context.Context) error {
		channel := func(label string, _ time.Time) string { return label }
		names, groups, err := table.SecondPurchaseGroups(ctx, database(), time.Date(2027, time.April, 1, 0, 0, 0, 0, time.UTC), nil, "channel", channel)
		if err != nil {
			return err
		}
		test, err := kpi.LogRank(groups...)
		if err != nil {
			return err
		}
		fmt.Println(names, test.ChiSquare, test.P)
		return nil
	}
	_ = show
}

// The first and the last order of a log.
func ExampleTable_Extent() {
	table := sqlkpi.Table{Name: "orders"}
	show := func(ctx context.Context) error {
		extent, err := table.Extent(ctx, database())
		if err != nil {
			return err
		}
		fmt.Println(extent.First, extent.Last)
		return nil
	}
	_ = show
}

// Points by kind and month, from the tables of a store.
func ExampleLedger_Totals() {
	ledger := sqlkpi.Ledger{Name: "entries", Program: "beans", Micros: true}
	show := func(ctx context.Context) error {
		totals, err := ledger.Totals(ctx, database(), nil)
		if err != nil {
			return err
		}
		for _, t := range totals {
			fmt.Println(t.Month, t.Unit, t.Kind, t.Points)
		}
		return nil
	}
	_ = show
}

// What became of the points of each month; figures.PointReportOf makes the report of it.
func ExampleLedger_PointCohorts() {
	ledger := sqlkpi.Ledger{Name: "entries", Lots: "lots", Program: "beans", Micros: true}
	show := func(ctx context.Context) error {
		history, err := ledger.PointCohorts(ctx, database(), "bean", time.Date(2027, time.April, 1, 0, 0, 0, 0, time.UTC), nil)
		if err != nil {
			return err
		}
		for _, m := range history.Months {
			fmt.Println(m.Earned, m.Moved, m.Issued, m.Redeemed, m.Expired)
		}
		return nil
	}
	_ = show
}

// Kaplan-Meier curves of a table of memberships. Source of the definition: E. L. Kaplan,
// P. Meier, Nonparametric estimation from incomplete observations (1958).
func ExampleLifetimes_Groups() {
	members := sqlkpi.Lifetimes{Dialect: sqlkpi.DuckDB, Name: "memberships", Exit: "days", Event: "has_left", Group: "plan"}
	show := func(ctx context.Context) error {
		names, groups, err := members.Groups(ctx, database())
		if err != nil {
			return err
		}
		for i, name := range names {
			curve, err := groups[i].Result(nil)
			if err != nil {
				return err
			}
			fmt.Println(name, curve.N, curve.Events)
		}
		return nil
	}
	_ = show
}
