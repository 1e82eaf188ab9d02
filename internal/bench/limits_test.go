package main

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/storage/sqlite"
)

// untilUsedUp is a timing that ends with the operations.
var untilUsedUp = timing{length: time.Hour}

// tables are the tables that commands write.
var tables = []string{
	"loyalty_accounts", "loyalty_operations", "loyalty_entries", "loyalty_lots", "loyalty_records", "loyalty_events",
	"loyalty_claims", "loyalty_counters", "loyalty_revisions",
}

func fileGround(t testing.TB) *sqliteGround {
	return &sqliteGround{dir: t.TempDir(), options: &sqlite.Options{Synchronous: sqlite.Normal}}
}

func TestTheSameRowsLimitLeavesWhatTheEngineLeaves(t *testing.T) {
	for _, name := range []string{"earn", "earn-hot", "spend", "hold", "capture", "void"} {
		t.Run(name, func(t *testing.T) {
			const operations = 400
			s, err := prepare(t.Context(), name, operations)
			require.NoError(t, err)
			ground := fileGround(t)

			theirs, finish, err := ground.open(t.Context(), s)
			require.NoError(t, err)
			w, err := s.onEngine(t.Context(), theirs, 1, untilUsedUp)
			require.NoError(t, err)
			require.Equal(t, operations, w.operations)
			want := contents(t, theirs.DB())
			require.NoError(t, finish())

			ours, finish, err := ground.open(t.Context(), s)
			require.NoError(t, err)
			pool, err := connect(t.Context(), ours.DB(), 1)
			require.NoError(t, err)
			work, err := pool.work(t.Context(), s, sameRows)
			require.NoError(t, err)
			_, err = measure(1, operations, untilUsedUp, func(i int) error {
				return pool.use(func(c *connection) error { return work(c, i) })
			})
			require.NoError(t, err)
			require.NoError(t, pool.close())
			got := contents(t, ours.DB())
			require.NoError(t, finish())

			for i, table := range tables {
				assert.Equal(t, want[i].rows, got[i].rows, "rows of %s", table)
				assert.Equal(t, want[i].digest, got[i].digest, "content of %s", table)
				assert.InEpsilon(t, want[i].bytes, got[i].bytes, 0.03, "bytes of %s with its indexes", table)
			}
		})
	}
}

// content is what a table holds, and the bytes of its pages and of its indexes.
type content struct {
	rows   int
	bytes  int64
	digest string
}

func contents(t *testing.T, db *sql.DB) []content {
	t.Helper()
	var all []content
	for _, table := range tables {
		c := content{bytes: pageBytes(t, db, table)}
		c.rows, c.digest = digest(t, db, table)
		all = append(all, c)
	}
	return all
}

func pageBytes(t *testing.T, db *sql.DB, table string) int64 {
	t.Helper()
	var size int64
	require.NoError(t, db.QueryRowContext(t.Context(), `SELECT SUM(pgsize) FROM dbstat WHERE name IN
		(SELECT name FROM sqlite_schema WHERE tbl_name = ?)`, table).Scan(&size))
	return size
}

// digest reads a table in the order of its first columns, which are its key.
func digest(t *testing.T, db *sql.DB, table string) (count int, sum string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+table+" ORDER BY 1, 2, 3, 4, 5, 6")
	if err != nil {
		rows, err = db.QueryContext(t.Context(), "SELECT * FROM "+table+" ORDER BY 1, 2, 3, 4")
	}
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	columns, err := rows.Columns()
	require.NoError(t, err)
	hash := sha256.New()
	values, targets := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		targets[i] = &values[i]
	}
	for ; rows.Next(); count++ {
		require.NoError(t, rows.Scan(targets...))
		fmt.Fprintf(hash, "%q\n", values)
	}
	require.NoError(t, rows.Err())
	return count, hex.EncodeToString(hash.Sum(nil))
}

func TestEveryCaseRunsOnEveryStoreAndIsReported(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: every case beside its limits on two stores")
	}
	for _, store := range []string{"memory", "sqlite"} {
		t.Run(store, func(t *testing.T) {
			var out bytes.Buffer
			require.NoError(t, run(t.Context(), []string{"-store", store, "-clients", "2", "-seconds", "0.03", "-json", "-dir", t.TempDir()}, &out))
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			require.Len(t, lines, len(caseNames()))
			for i, name := range caseNames() {
				var r map[string]any
				require.NoError(t, json.Unmarshal([]byte(lines[i]), &r))
				for _, field := range []string{
					"case", "clients", "ops_per_second", "limit_per_second", "same_rows_limit_per_second", "ratio", "same_rows_ratio",
					"p50_ms", "p99_ms", "rows_per_op", "allocs_per_op",
				} {
					assert.Contains(t, r, field)
				}
				assert.Equal(t, name, r["case"])
				assert.Positive(t, r["ops_per_second"])
				if name == "earn-tier" {
					assert.Equal(t, "earn-count", r["against"])
					assert.Positive(t, r["times_against"])
				}
				if name == "earn-count" || name == "earn-tier" {
					continue // Hand-written limits know nothing of metrics.
				}
				assert.Positive(t, r["limit_per_second"])
				assert.Positive(t, r["same_rows_limit_per_second"])
			}
		})
	}
}

func TestExplainShowsTheStatementsOfBothLimits(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"-store", "sqlite", "-explain", "-dir", t.TempDir()}, &out))
	for _, text := range append([]string{beginSQL, bareKey, bareEntry, bareBalance, commitSQL, readOperation, readLots}, writerSQL[:]...) {
		assert.Contains(t, out.String(), text)
	}
	out.Reset()
	require.NoError(t, run(t.Context(), []string{"-store", "memory", "-explain", "-dir", t.TempDir()}, &out))
	assert.Contains(t, out.String(), "mutex")
}

func TestAnOperationIsComparedWithAnotherTurnByTurn(t *testing.T) {
	turn := func(perSecond int, processor time.Duration) window {
		return window{operations: perSecond, elapsed: time.Second, processor: time.Duration(perSecond) * processor}
	}
	mine := []window{turn(100, 30*time.Microsecond), turn(50, 24*time.Microsecond), turn(200, 90*time.Microsecond)}
	others := []window{turn(150, 25*time.Microsecond), turn(100, 20*time.Microsecond), turn(220, 16*time.Microsecond)}
	wall, processor := times(mine, others)
	assert.InDelta(t, 1.5, wall, 1e-9)
	assert.InDelta(t, 1.5, processor, 1e-9)
}

func TestATripleCountsOnlyIfItsTwoLimitsAgree(t *testing.T) {
	rate := func(perSecond int) window { return window{operations: perSecond, elapsed: time.Second} }
	anchors := []anchor{{rate(1000), rate(100)}, {rate(1100), rate(50)}, {rate(800), rate(50)}, {rate(900), rate(60)}}
	windows := []window{rate(500), rate(10), rate(425)}
	assert.Equal(t, []int{0, 2}, steady(anchors, minimal))
	assert.Equal(t, []int{1}, steady(anchors, sameRows))
	assert.InDelta(t, (500/1050.0+425/850.0)/2, *ratio(windows, anchors, minimal), 1e-9)
	assert.InDelta(t, 10/50.0, *ratio(windows, anchors, sameRows), 1e-9)
	assert.Nil(t, ratio(windows[:1], anchors[:2], sameRows))
}
