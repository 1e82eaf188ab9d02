package servertest

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
)

func shop(t testing.TB, store storage.Store, combining bool) *loyalty.Engine {
	t.Helper()
	engine, err := loyalty.New(loyalty.Revisions{{
		ID: "beans", Zone: "Europe/Vienna",
		Units: []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(12, points.Months).At(points.EndOfMonth)}},
		Earning: []points.Rule{
			{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}},
		},
	}}, store, &loyalty.Options{
		Clock: func() time.Time { return march }, Secret: []byte("beans and more beans"), NoCombining: !combining,
	})
	require.NoError(t, err)
	return engine
}

func shopper(i int) string { return fmt.Sprintf("member-%05d", i) }

func enroll(i int) loyalty.Command { return loyalty.Enroll{Member: shopper(i), Key: "enroll"} }

func latte(member, order int) loyalty.Earn {
	id := fmt.Sprintf("order-%06d", order)
	return loyalty.Earn{Member: shopper(member), Key: "earn-" + id, Order: points.Order{
		ID: id, Currency: "EUR", Lines: []points.Line{{Item: "latte", Amount: decimal.RequireFromString("12.40")}},
	}}
}

func runAll(t testing.TB, engine *loyalty.Engine, n int, command func(i int) loyalty.Command) {
	t.Helper()
	for _, err := range engine.DoAll(t.Context(), func(yield func(loyalty.Command) bool) {
		for i := range n {
			if !yield(command(i)) {
				return
			}
		}
	}, nil) {
		require.NoError(t, err)
	}
}

// bytes is what tables and indexes take, without the rows that an update left behind.
// An earn changes an account and else only adds rows, so that PostgreSQL's accounts are
// written anew first: how many of their old rows it finds room for depends on what else
// it has to do, and is bounded by the members.
func bytes(t testing.TB, p place, db *sql.DB) (size int64) {
	t.Helper()
	query := "SELECT CAST(SUM(pg_total_relation_size(oid)) AS bigint) FROM pg_class WHERE relkind = 'r' AND relname LIKE 'loyalty%'"
	if p.dialect == sqlstore.MySQL {
		_, err := db.ExecContext(t.Context(), "ANALYZE TABLE loyalty_accounts, loyalty_operations, loyalty_entries, loyalty_lots, loyalty_records, loyalty_events, loyalty_claims")
		require.NoError(t, err)
		query = "SELECT CAST(SUM(data_length + index_length) AS SIGNED) FROM information_schema.tables WHERE table_schema = DATABASE()"
	} else {
		for _, statement := range []string{"VACUUM", "VACUUM FULL loyalty_accounts"} {
			_, err := db.ExecContext(t.Context(), statement)
			require.NoError(t, err)
		}
	}
	require.NoError(t, db.QueryRowContext(t.Context(), query).Scan(&size))
	return size
}

// rebuild writes MySQL's tables anew: random keys leave InnoDB's pages two thirds full.
func rebuild(t testing.TB, db *sql.DB) {
	t.Helper()
	for table := range spreadBy {
		_, err := db.ExecContext(t.Context(), "OPTIMIZE TABLE "+table)
		require.NoError(t, err)
	}
}

// TestAnEarnTakesLittleRoom measures what an earn of a one-line order under one rule
// leaves behind in tables and indexes. With LOYALTYKIT_PROVE there are more earns, so
// that the extents of 1 MiB by which InnoDB's indexes grow count for less.
func TestAnEarnTakesLittleRoom(t *testing.T) {
	const aim = 3072.0
	earns, roomOnMySQL := 4000, 5120.0
	many := os.Getenv("LOYALTYKIT_PROVE") != ""
	if many {
		earns, roomOnMySQL = 40_000, aim
	}
	members := earns / 8
	eachServer(t, func(t *testing.T, p place) {
		s := p.openStore(t)
		engine := shop(t, s, true)
		runAll(t, engine, members, enroll)
		runAll(t, engine, members, func(i int) loyalty.Command { return latte(i, i) })
		before := bytes(t, p, s.db)
		perEarn := func() float64 { return float64(bytes(t, p, s.db)-before) / float64(earns) }
		runAll(t, engine, earns, func(i int) loyalty.Command { return latte(i*379%members, members+i) })
		grown := perEarn()
		t.Logf("%.0f bytes an earn, with indexes", grown)
		if p.dialect != sqlstore.MySQL {
			assert.LessOrEqual(t, grown, aim)
			return
		}
		assert.LessOrEqual(t, grown, roomOnMySQL)
		if many {
			rebuild(t, s.db)
			t.Logf("%.0f bytes an earn, in tables that were rebuilt", perEarn())
			assert.LessOrEqual(t, perEarn(), aim)
		}
	})
}

// trips counts statements of a store's transactions.
type trips struct {
	*recorder
	n int
}

func (c *trips) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	c.n++
	return c.Tx.ExecContext(ctx, query, args...)
}

func (c *trips) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	c.n++
	return c.Tx.QueryContext(ctx, query, args...)
}

// TestManyEarnsTakeFewStatements counts statements of an earn by itself, and of 40
// in one commit.
func TestManyEarnsTakeFewStatements(t *testing.T) {
	eachServer(t, func(t *testing.T, p place) {
		s := p.openStore(t)
		tx, err := s.db.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		defer func() { require.NoError(t, tx.Rollback()) }()
		counted := &trips{recorder: &recorder{Tx: tx}}
		store := sqlstore.Bind(counted, p.dialect)
		statements := func(expect int64, members int) int {
			var batches []storage.Batch
			for i := range members {
				batches = append(batches, earn(shopper(i), expect, fmt.Sprintf("order-%d", expect)))
			}
			before := counted.n
			outcomes, err := store.Commit(t.Context(), batches)
			require.NoError(t, err)
			for _, outcome := range outcomes {
				require.Equal(t, storage.OK, outcome.Status)
			}
			return counted.n - before - 2 // the savepoint
		}
		assert.Equal(t, 7, statements(0, 40), "40 new members: a statement for each table")
		assert.Equal(t, 7, statements(1, 40), "40 that exist")
		assert.Equal(t, 7, statements(2, 1), "one")
	})
}
