package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/postgres"
)

// anchor is the fastest statement that a shop would write by hand for an earn: the
// key, a line of the ledger and the balance, prepared, in one round trip.
const anchor = `WITH key AS (
  INSERT INTO anchor_keys (member, key) VALUES ($1, $2)
), line AS (
  INSERT INTO anchor_ledger (member, key, points, at) VALUES ($1, $2, $3, $4)
)
UPDATE anchor_balances SET points = points + $3 WHERE member = $1`

const anchorTables = `
CREATE TABLE anchor_keys (member text COLLATE "C", key text COLLATE "C", PRIMARY KEY (member, key));
CREATE TABLE anchor_ledger (member text COLLATE "C", key text COLLATE "C", points bigint NOT NULL, at bigint NOT NULL, PRIMARY KEY (member, key));
CREATE TABLE anchor_balances (member text COLLATE "C" PRIMARY KEY, points bigint NOT NULL);
INSERT INTO anchor_balances SELECT 'member-' || lpad(i::text, 5, '0'), 0 FROM generate_series(0, 9999) AS i;
ANALYZE;`

const crowd = 10000

func memberID(i int) string { return fmt.Sprintf("member-%05d", i%crowd) }

func latte(id string) points.Order {
	return points.Order{ID: id, Currency: "EUR", Lines: []points.Line{{Item: "latte", Amount: decimal.RequireFromString("12.40")}}}
}

func beans(tb testing.TB, store storage.Store, options *loyalty.Options) *loyalty.Engine {
	tb.Helper()
	engine, err := loyalty.New(loyalty.Revisions{{
		ID: "beans", Zone: "Europe/Vienna",
		Units: []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(12, points.Months).At(points.EndOfMonth)}},
		Earning: []points.Rule{
			{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}},
		},
	}}, store, options)
	require.NoError(tb, err)
	return engine
}

func enroll(tb testing.TB, engine *loyalty.Engine, n int) {
	tb.Helper()
	commands := func(yield func(loyalty.Command) bool) {
		for i := range n {
			if !yield(loyalty.Enroll{Member: memberID(i), Key: "enroll"}) {
				return
			}
		}
	}
	for _, err := range engine.DoAll(tb.Context(), commands, nil) {
		require.NoError(tb, err)
	}
}

// shop is a database with members for both ways to earn.
type shop struct {
	pool   *pgxpool.Pool
	engine *loyalty.Engine
	next   atomic.Int64
}

func newShop(tb testing.TB) *shop {
	pool := connect(tb, database(tb), func(c *pgxpool.Config) { c.MaxConns = 40 })
	_, err := pool.Exec(tb.Context(), anchorTables)
	require.NoError(tb, err)
	s := &shop{pool: pool, engine: beans(tb, postgres.New(pool, nil), nil)}
	enroll(tb, s.engine, crowd)
	_, err = pool.Exec(tb.Context(), "ANALYZE")
	require.NoError(tb, err)
	return s
}

func (s *shop) earn(ctx context.Context, member string, n int64) error {
	id := fmt.Sprintf("order-%d", n)
	_, err := s.engine.Do(ctx, loyalty.Earn{Member: member, Key: id, Order: latte(id)})
	return err
}

func (s *shop) anchor(ctx context.Context, member string, n int64) error {
	_, err := s.pool.Exec(ctx, anchor, member, fmt.Sprintf("order-%d", n), int64(12), int64(1700000000000000))
	return err
}

// rate runs calls for a while and returns how many were done in a second.
func (s *shop) rate(tb testing.TB, callers, members int, call func(context.Context, string, int64) error, during time.Duration) float64 {
	var done atomic.Int64
	var wg sync.WaitGroup
	begin := time.Now()
	for range callers {
		wg.Go(func() {
			for time.Since(begin) < during {
				n := s.next.Add(1)
				if err := call(tb.Context(), memberID(int(n*7919)%members), n); err != nil {
					tb.Error(err)
					return
				}
				done.Add(1)
			}
		})
	}
	wg.Wait()
	return float64(done.Load()) / time.Since(begin).Seconds()
}

// BenchmarkEarn compares earning through the whole library with the anchor, which is
// measured before and after.
func BenchmarkEarn(b *testing.B) {
	s := newShop(b)
	for _, c := range []struct{ callers, members int }{{1, crowd}, {8, crowd}, {32, crowd}, {32, 1}} {
		b.Run(fmt.Sprintf("%d callers, %d members", c.callers, c.members), func(b *testing.B) {
			var ratio, rate, before float64
			for b.Loop() {
				before = s.rate(b, c.callers, c.members, s.anchor, time.Second)
				rate = s.rate(b, c.callers, c.members, s.earn, time.Second)
				after := s.rate(b, c.callers, c.members, s.anchor, time.Second)
				ratio = 2 * rate / (before + after)
			}
			b.ReportMetric(ratio, "of-anchor")
			b.ReportMetric(rate, "earns/s")
			b.ReportMetric(before, "anchors/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkImport streams orders of many members.
func BenchmarkImport(b *testing.B) {
	s := newShop(b)
	begin, n := time.Now(), 0
	for b.Loop() {
		commands := func(yield func(loyalty.Command) bool) {
			for range 20000 {
				id := fmt.Sprintf("order-%d", s.next.Add(1))
				n++
				if !yield(loyalty.Earn{Member: memberID(n * 7919), Key: id, Order: latte(id)}) {
					return
				}
			}
		}
		for _, err := range s.engine.DoAll(b.Context(), commands, nil) {
			require.NoError(b, err)
		}
	}
	b.ReportMetric(float64(n)/time.Since(begin).Seconds(), "orders/s")
}
