package faults

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/servers"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/sqlite"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// crowd is a database in which the rows of two members stand for those of many: of a
// hundred, 99 live as the one and one as the other.
type crowd struct {
	store storage.Store
	db    *sql.DB
	// number counts from 0 to less than a parameter, and name is the id of a number.
	number, name string
	columns      string
	// size is how many bytes it all takes.
	size func(t *testing.T) int64
}

const (
	oftenDue = 37
	perCrowd = 100
)

func nameOf(i int) string { return fmt.Sprintf("member-%07d", i) }

func crowdInFile(t *testing.T) *crowd {
	path := filepath.Join(t.TempDir(), "shop.db")
	store, err := sqlite.Open(path, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return &crowd{
		store: store, db: store.DB(), name: "printf('member-%07d', n)", columns: "SELECT name FROM pragma_table_info($1)",
		number: "WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < $1)",
		size: func(t *testing.T) int64 {
			var total int64
			for _, name := range []string{path, path + "-wal"} {
				if info, err := os.Stat(name); err == nil {
					total += info.Size()
				}
			}
			return total
		},
	}
}

func crowdOnPostgres(t *testing.T) *crowd {
	database := servers.Postgres(t).NewDatabase(t)
	onPostgres.migrate(t, database)
	db, err := sql.Open("pgx", database)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return &crowd{
		store: onPostgres.open(t, database), db: db, name: "'member-' || lpad(n::text, 7, '0')",
		columns: "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1",
		number:  "WITH numbers(n) AS (SELECT generate_series(0, $1::int - 1))",
		size: func(t *testing.T) (total int64) {
			require.NoError(t, db.QueryRowContext(t.Context(), "SELECT pg_database_size(current_database())").Scan(&total))
			return total
		},
	}
}

// multiply copies the rows of a member for every number of the crowd that is so.
func (c *crowd) multiply(t *testing.T, member, so string, members int) (rows int64) {
	t.Helper()
	for _, table := range []string{"accounts", "operations", "entries", "lots", "records", "events"} {
		table = "loyalty_" + table
		columns := c.columnsOf(t, table)
		values := slices.Clone(columns)
		for i, column := range columns {
			if column == "member" {
				values[i] = c.name
			}
		}
		result, err := c.db.ExecContext(t.Context(), fmt.Sprintf("%s INSERT INTO %s (%s) SELECT %s FROM %s, numbers WHERE program = 'shop' AND member = $2 AND %s",
			c.number, table, strings.Join(columns, ", "), strings.Join(values, ", "), table, so), members, member)
		require.NoError(t, err)
		n, err := result.RowsAffected()
		require.NoError(t, err)
		rows += n
	}
	return rows
}

func (c *crowd) columnsOf(t *testing.T, table string) (columns []string) {
	t.Helper()
	names, err := c.db.QueryContext(t.Context(), c.columns, table)
	require.NoError(t, err)
	defer func() { require.NoError(t, names.Close()) }()
	for names.Next() {
		var column string
		require.NoError(t, names.Scan(&column))
		columns = append(columns, column)
	}
	require.NoError(t, names.Err())
	return columns
}

// regulars lets the euros of a calendar year lead to a tier that ends with it.
func regulars() loyalty.Revisions {
	return loyalty.Revisions{{
		ID: "shop", Zone: "Europe/Vienna",
		Units: []points.Unit{{Code: "point", Expiry: points.NeverExpire()}, {Code: "euro", Kind: points.Metric}},
		Earning: []points.Rule{
			{Code: "base", Unit: "point", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}},
			{Code: "counts", Unit: "euro", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}},
		},
		Ladders: []tiers.Ladder{{
			Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}},
			Tiers: []tiers.Tier{{Code: "silver", Enter: tiers.Condition{All: []tiers.Need{{Metric: "euro", AtLeast: 100}}}}},
		}},
	}}
}

// Of many members one in a hundred has a status that ends with the year. RunDue loads and
// writes each of those once, and nobody else.
func TestRunDueTouchesOnlyMembersThatAreDue(t *testing.T) {
	members := size(20_000, 20_000, 1_000_000)
	for name, open := range map[string]func(*testing.T) *crowd{"SQLite": crowdInFile, "PostgreSQL": crowdOnPostgres} {
		t.Run(name, func(t *testing.T) {
			c := open(t)
			loaded, written, loads, commits := map[string]int{}, map[string]int{}, 0, 0
			var mu sync.Mutex
			store := &storagetest.Hooked{
				Store: c.store,
				OnLoad: func(ctx context.Context, requests []storage.LoadRequest, next storagetest.LoadFunc) ([]storage.Snapshot, error) {
					mu.Lock()
					loads++
					for i := range requests {
						loaded[requests[i].Member]++
					}
					mu.Unlock()
					return next(ctx, requests)
				},
				OnCommit: func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
					mu.Lock()
					commits++
					for i := range batches {
						written[batches[i].Legs[0].Account.Member]++
					}
					mu.Unlock()
					return next(ctx, batches)
				},
			}
			clock := noon
			engine, err := loyalty.New(regulars(), store, &loyalty.Options{Clock: func() time.Time { return clock }, Secret: secret})
			require.NoError(t, err)
			for member, euros := range map[string]int64{"seldom": 5, "often": 120} {
				_, err := engine.Do(t.Context(), loyalty.Enroll{Member: member, Key: "enroll"})
				require.NoError(t, err)
				order := points.Order{ID: member, Currency: "EUR", Lines: []points.Line{{Amount: decimal.NewFromInt(euros)}}}
				_, err = engine.Do(t.Context(), loyalty.Earn{Member: member, Key: "earn", Order: order})
				require.NoError(t, err)
			}
			rows := c.multiply(t, "seldom", fmt.Sprintf("n %% %d <> %d", perCrowd, oftenDue), members)
			rows += c.multiply(t, "often", fmt.Sprintf("n %% %d = %d", perCrowd, oftenDue), members)

			clear(loaded)
			clear(written)
			loads, commits = 0, 0
			clock = time.Date(clock.Year()+1, time.January, 1, 3, 0, 0, 0, time.UTC)
			began := time.Now()
			report, err := engine.RunDue(t.Context(), nil)
			took := time.Since(began)
			require.NoError(t, err)
			require.Empty(t, report.Failed)
			due := members/perCrowd + 1
			assert.Equal(t, due, report.Settled)
			assert.Len(t, loaded, due)
			assert.Len(t, written, due)
			for i := oftenDue; i < members; i += perCrowd {
				require.Equal(t, 1, loaded[nameOf(i)], nameOf(i))
				require.Equal(t, 1, written[nameOf(i)], nameOf(i))
			}
			pages := due/256 + 1
			assert.Equal(t, pages, loads, "a load for every 256 of those who are due")
			assert.LessOrEqual(t, commits, 4*pages)

			clear(loaded)
			_, err = engine.RunDue(t.Context(), nil)
			require.NoError(t, err)
			assert.Empty(t, loaded, "nobody is due any more")
			t.Logf("figure RunDue: of %d members (%d rows, %d MB on %s) %d were due, and only those were loaded, in %d loads, and written, in %d commits, in %s",
				members, rows, c.size(t)>>20, name, due, loads, commits, took.Round(time.Millisecond))
		})
	}
}
