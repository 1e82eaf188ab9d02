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
