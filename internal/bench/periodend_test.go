package main

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
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

// periodEnd is a shop whose members have a tier that ends with the year, on SQLite.
type periodEnd struct {
	engine *loyalty.Engine
	store  *periodStore
	clock  time.Time
}

func openPeriodEnd(tb testing.TB, durability sqlite.Synchronous) *periodEnd {
	tb.Helper()
	store, err := sqlite.Open(filepath.Join(tb.TempDir(), "shop.db"), &sqlite.Options{Synchronous: durability})
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, store.Close()) })
	e := &periodEnd{store: &periodStore{counter: counter{Store: store}}, clock: opening}
	p := program()
	yearly(&p)
	options := &loyalty.Options{Clock: func() time.Time { return e.clock }, Secret: []byte("beans and more beans")}
	e.engine, err = loyalty.New(loyalty.Revisions{p}, e.store, options)
	require.NoError(tb, err)
	return e
}

// all runs commands and tells how long that took, and how much processor time.
func (e *periodEnd) all(tb testing.TB, commands []loyalty.Command) (took, busy time.Duration) {
	tb.Helper()
	began, used := time.Now(), cpuTime()
	for _, err := range e.engine.DoAll(tb.Context(), slices.Values(commands), nil) {
		require.NoError(tb, err)
	}
	return time.Since(began), cpuTime() - used
}

// ends ends the year of so many members.
func (e *periodEnd) ends(tb testing.TB, n int) (busy time.Duration) {
	tb.Helper()
	e.clock = time.Date(2028, time.January, 1, 3, 0, 0, 0, time.UTC)
	used := cpuTime()
	report, err := e.engine.RunDue(tb.Context(), nil)
	busy = cpuTime() - used
	require.NoError(tb, err)
	require.Empty(tb, report.Failed)
	require.Equal(tb, n, report.Settled)
	return busy
}

// periodStore counts what is written, and tells of loads and commits.
type periodStore struct {
	counter
	onLoad   func([]storage.LoadRequest)
	onCommit func(context.Context) error
}

func (s *periodStore) Load(ctx context.Context, requests []storage.LoadRequest) ([]storage.Snapshot, error) {
	if s.onLoad != nil {
		s.onLoad(requests)
	}
	return s.counter.Load(ctx, requests)
}

func (s *periodStore) Commit(ctx context.Context, batches []storage.Batch) ([]storage.Outcome, error) {
	if s.onCommit != nil {
		if err := s.onCommit(ctx); err != nil {
			return nil, err
		}
	}
	return s.counter.Commit(ctx, batches)
}

// TestAPeriodEndWritesFiveRowsAndReadsNobodyElse ends the year of members, who have kept their
// tier, among others who have none.
func TestAPeriodEndWritesFiveRowsAndReadsNobodyElse(t *testing.T) {
	const due, idle = 600, 300
	e := openPeriodEnd(t, sqlite.Normal)
	e.all(t, each(enroll)(due+idle))
	e.all(t, each(func(i int) loyalty.Command { return earn(i, orderID(i)) })(due))
	rows := e.store.rows.Load()
	read := map[string]int{}
	var mu sync.Mutex
	e.store.onLoad = func(requests []storage.LoadRequest) {
		mu.Lock()
		defer mu.Unlock()
		for _, r := range requests {
			read[r.Member]++
		}
	}
	e.ends(t, due)
	require.LessOrEqual(t, float64(e.store.rows.Load()-rows)/due, 5.0, "rows a member")
	require.Len(t, read, due)
	for i := range due {
		require.Equal(t, 1, read[member(i)], "loads of %s", member(i))
	}
	for i, want := range map[int]string{0: "silver", due - 1: "silver", due: "", due + idle - 1: ""} {
		m, err := e.engine.Member(t.Context(), member(i))
		require.NoError(t, err)
		require.Equal(t, want, m.Tier("status").Tier)
		require.Equal(t, want != "", m.Tier("status").Until.After(e.clock.AddDate(0, 11, 0)))
	}
}

// TestOneRoundOfAPeriodEndIsDecidedWhileTheOneBeforeIsWritten lets no commit begin but the
// last before the members of the next round are read.
func TestOneRoundOfAPeriodEndIsDecidedWhileTheOneBeforeIsWritten(t *testing.T) {
	const round, rounds = 256, 3
	e := openPeriodEnd(t, sqlite.Normal)
	e.all(t, each(enroll)(rounds*round))
	e.all(t, each(func(i int) loyalty.Command { return earn(i, orderID(i)) })(rounds*round))
	loaded := make(chan struct{}, 10*rounds)
	e.store.onLoad = func([]storage.LoadRequest) { loaded <- struct{}{} }
	e.clock = time.Date(2028, time.January, 1, 3, 0, 0, 0, time.UTC)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	commits := 0
	e.store.onCommit = func(ctx context.Context) error {
		if commits++; commits == 1 {
			<-loaded // its own
		}
		if commits >= rounds {
			return nil
		}
		select {
		case <-loaded:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	report, err := e.engine.RunDue(ctx, nil)
	require.NoError(t, err, "no round was read while the one before was written")
	require.Equal(t, rounds*round, report.Settled)
	require.Equal(t, rounds, commits)
}

// TestAPeriodEndTakesAboutTheProcessorTimeOfAnOrder compares turns of orders with turns of
// members whose year ends, by the least of some tries. It is about 1; 2 is twice the work.
func TestAPeriodEndTakesAboutTheProcessorTimeOfAnOrder(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: seconds of orders")
	}
	if cpuTime() == 0 {
		t.Skip("the system does not tell the processor time")
	}
	const members, most = 1024, 1.6
	least := math.Inf(1)
	for range 7 { // of which one must be quiet
		e := openPeriodEnd(t, sqlite.Normal)
		e.all(t, each(enroll)(members))
		_, order := e.all(t, each(func(i int) loyalty.Command { return earn(i, orderID(i)) })(members))
		end := e.ends(t, members)
		least = min(least, end.Seconds()/order.Seconds())
		t.Logf("%.2f times the processor time of an order, at least %.2f", end.Seconds()/order.Seconds(), least)
		if least <= most {
			return
		}
	}
	t.Errorf("%.2f times the processor time of an order", least)
}

// BenchmarkPeriodEnd ends the year of b.N members who have a tier, on SQLite with an fsync
// for every commit, and compares with how many of their orders DoAll stored a second just
// before, and with the processor time that they took:
//
//	go test ./internal/bench -run XXX -bench PeriodEnd -benchtime 100000x
func BenchmarkPeriodEnd(b *testing.B) {
	e := openPeriodEnd(b, sqlite.Full)
	e.all(b, each(enroll)(b.N))
	orders, ordersBusy := e.all(b, each(func(i int) loyalty.Command { return earn(i, orderID(i)) })(b.N))
	before := e.store.rows.Load()

	b.ResetTimer()
	endsBusy := e.ends(b, b.N)
	b.StopTimer()
	elapsed := b.Elapsed()
	b.ReportMetric(float64(b.N)/orders.Seconds(), "orders/s")
	b.ReportMetric(float64(b.N)/elapsed.Seconds(), "ends/s")
	b.ReportMetric(orders.Seconds()/elapsed.Seconds(), "ends/order")
	b.ReportMetric(ordersBusy.Seconds()/endsBusy.Seconds(), "ends/order-cpu")
	b.ReportMetric(endsBusy.Seconds()/float64(b.N)*1e6, "cpu-µs/end")
	b.ReportMetric(float64(e.store.rows.Load()-before)/float64(b.N), "rows/end")
	one, err := e.engine.Member(b.Context(), member(0))
	require.NoError(b, err)
	require.Len(b, one.Tiers, 1)
}
