package kpi_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
)

func TestAllAllocatesNothingPerOrder(t *testing.T) {
	columns := func(orders int) *kpi.Columns {
		member, at, amounts := make([]uint32, orders), make([]int64, orders), make([]int64, orders)
		for i := range orders {
			member[i], at[i], amounts[i] = uint32(i%2), int64(i)*3_600_000_000, int64(i)-500
		}
		c, err := kpi.NewColumns([]string{"anna", "bert"}, member, at, amounts, 2)
		require.NoError(t, err)
		return c
	}
	few, many := columns(100), columns(5_000)
	count := func(c *kpi.Columns) float64 {
		return testing.AllocsPerRun(3, func() {
			n := 0
			for o, err := range kpi.Orders(c.All()) {
				if err == nil && o.Member != "" {
					n++
				}
			}
			if n != c.Len() {
				t.Errorf("%d of %d orders", n, c.Len())
			}
		})
	}
	assert.InDelta(t, count(few), count(many), 0, "fifty times the orders")
}

// What is fed twice costs no more than what is fed once: members and their days are
// known by then, so that every further order is free.
func TestFeedingASequenceAllocatesNothingPerOrder(t *testing.T) {
	orders := make([]kpi.Order, 2000)
	at := time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	for i := range orders {
		orders[i] = kpi.Order{Member: "anna", At: at.AddDate(0, 0, i/500), Amount: amount(t, "4.50")}
	}
	march := kpi.CalendarMonth(2027, time.March, nil)
	for name, a := range map[string]kpi.Adder{
		"summaries":       must(kpi.NewSummaryAccumulator(nil)),
		"cohorts":         must(kpi.NewCohortAccumulator(nil)),
		"rfm":             must(kpi.NewRFMAccumulator(nil)),
		"purchases":       must(kpi.NewPurchaseAccumulator(march, "")),
		"inactivity":      must(kpi.NewInactivityAccumulator(march.End, 30, nil)),
		"retention":       must(kpi.NewRetentionAccumulator(march, 30)),
		"returning":       must(kpi.NewReturningAccumulator(march)),
		"second purchase": must(kpi.NewSecondPurchaseAccumulator(march.End, nil)),
	} {
		sequence := kpi.Orders(slices.Values(orders))
		require.NoError(t, kpi.Feed(a, sequence))
		few := testing.AllocsPerRun(3, func() { _ = kpi.Feed(a, kpi.Orders(slices.Values(orders[1500:]))) })
		many := testing.AllocsPerRun(3, func() { _ = kpi.Feed(a, kpi.Orders(slices.Values(orders[1500:1600]))) })
		assert.LessOrEqual(t, few, 10.0, name)
		assert.InDelta(t, many, few, 0, "%s: five times the orders", name)
	}
}
