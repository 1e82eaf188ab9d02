package main

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/sqlite"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// yearly lets the euros of a calendar year lead to a tier that ends with it.
func yearly(p *loyalty.Program) {
	countEuros(p)
	p.Ladders = []tiers.Ladder{{
		Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}},
		Tiers: []tiers.Tier{
			{Code: "silver", Enter: tiers.Condition{All: []tiers.Need{{Metric: euros, AtLeast: 10}}}},
			{Code: "gold", Enter: tiers.Condition{All: []tiers.Need{{Metric: euros, AtLeast: 1000}}}},
		},
	}}
	p.Units[0].Expiry = points.NeverExpire()
}

// BenchmarkPeriodEnd ends the year of b.N members who have a tier, half of whom keep it,
// on SQLite with an fsync for every commit, and compares with how many of their orders
// DoAll stored a second just before:
//
//	go test ./internal/bench -run XXX -bench PeriodEnd -benchtime 100000x
func BenchmarkPeriodEnd(b *testing.B) {
	store, err := sqlite.Open(filepath.Join(b.TempDir(), "shop.db"), nil)
	require.NoError(b, err)
	defer func() { require.NoError(b, store.Close()) }()
	clock := opening
	p := program()
	yearly(&p)
	counted := &counter{Store: store}
	engine, err := loyalty.New(loyalty.Revisions{p}, counted, &loyalty.Options{Clock: func() time.Time { return clock }, Secret: []byte("beans and more beans")})
	require.NoError(b, err)
	all := func(commands []loyalty.Command) time.Duration {
		began := time.Now()
		for _, err := range engine.DoAll(b.Context(), slices.Values(commands), nil) {
			require.NoError(b, err)
		}
		return time.Since(began)
	}
	all(each(enroll)(b.N))
	orders := all(each(func(i int) loyalty.Command { return earn(i, orderID(i)) })(b.N))
	before := counted.rows.Load()
	clock = time.Date(2028, time.January, 1, 3, 0, 0, 0, time.UTC)

	b.ResetTimer()
	report, err := engine.RunDue(b.Context(), nil)
	b.StopTimer()
	require.NoError(b, err)
	require.Empty(b, report.Failed)
	require.Equal(b, b.N, report.Settled)
	elapsed := b.Elapsed()
	b.ReportMetric(float64(b.N)/orders.Seconds(), "orders/s")
	b.ReportMetric(float64(b.N)/elapsed.Seconds(), "ends/s")
	b.ReportMetric(orders.Seconds()/elapsed.Seconds(), "ends/order")
	b.ReportMetric(float64(counted.rows.Load()-before)/float64(b.N), "rows/end")
	var one loyalty.Member
	one, err = engine.Member(b.Context(), member(0))
	require.NoError(b, err)
	require.Len(b, one.Tiers, 1)
}
