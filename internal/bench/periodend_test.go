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

// BenchmarkPeriodEnd ends the year of b.N members who have a tier, on SQLite with an fsync
// for every commit, and compares with how many of their orders DoAll stored a second just
// before, and with the processor time that they took:
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
	all := func(commands []loyalty.Command) (took, busy time.Duration) {
		began, used := time.Now(), cpuTime()
		for _, err := range engine.DoAll(b.Context(), slices.Values(commands), nil) {
			require.NoError(b, err)
		}
		return time.Since(began), cpuTime() - used
	}
	all(each(enroll)(b.N))
	orders, ordersBusy := all(each(func(i int) loyalty.Command { return earn(i, orderID(i)) })(b.N))
	before := counted.rows.Load()
	clock = time.Date(2028, time.January, 1, 3, 0, 0, 0, time.UTC)

	b.ResetTimer()
	used := cpuTime()
	report, err := engine.RunDue(b.Context(), nil)
	endsBusy := cpuTime() - used
	b.StopTimer()
	require.NoError(b, err)
	require.Empty(b, report.Failed)
	require.Equal(b, b.N, report.Settled)
	elapsed := b.Elapsed()
	b.ReportMetric(float64(b.N)/orders.Seconds(), "orders/s")
	b.ReportMetric(float64(b.N)/elapsed.Seconds(), "ends/s")
	b.ReportMetric(orders.Seconds()/elapsed.Seconds(), "ends/order")
	b.ReportMetric(ordersBusy.Seconds()/endsBusy.Seconds(), "ends/order-cpu")
	b.ReportMetric(endsBusy.Seconds()/float64(b.N)*1e6, "cpu-µs/end")
	b.ReportMetric(float64(counted.rows.Load()-before)/float64(b.N), "rows/end")
	var one loyalty.Member
	one, err = engine.Member(b.Context(), member(0))
	require.NoError(b, err)
	require.Len(b, one.Tiers, 1)
}
