package sqlkpi_test

import (
	"fmt"
	"strings"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/sqlkpi"
)

func Example() {
	table := sqlkpi.Table{Schema: "shop", Name: "orders", Member: "customer_id", At: "paid_at", Amount: "total"}
	// table.Cohorts(ctx, db, options) runs the query and returns what package kpi would.
	query, err := table.CohortQuery(&kpi.CohortOptions{Bucket: kpi.Quarterly})
	if err != nil {
		panic(err)
	}
	first, _, _ := strings.Cut(query.Text, "\n")
	fmt.Println(first)
	fmt.Println(query.Args)
	// Output:
	// WITH orders AS (SELECT "customer_id" AS member, "paid_at" AS at, "total" AS amount FROM "shop"."orders"),
	// [UTC]
}
