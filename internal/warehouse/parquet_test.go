//go:build warehouse && cgo && linux

package warehouse_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/warehouse/orderlog"
	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/parquet"
	"github.com/loyaltykit/loyaltykit/kpi/sqlkpi"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

func TestEnginesReadTheOrdersOfAFile(t *testing.T) {
	columns, err := orderlog.New(10_000)
	require.NoError(t, err)
	path := asFile(t, t.TempDir(), "orders.parquet", func(w io.Writer) error {
		_, err := parquet.WriteOrders(w, kpi.Orders(columns.All()), "EUR")
		return err
	})
	want, err := columns.Cohorts(nil)
	require.NoError(t, err)
	for _, e := range inProcess {
		t.Run(e.name, func(t *testing.T) {
			db := e.open(t)
			view := "CREATE OR REPLACE VIEW filed AS SELECT * FROM read_parquet('" + path + "')"
			if e.dialect == sqlkpi.ClickHouse {
				view = "CREATE OR REPLACE VIEW filed AS SELECT * FROM file('" + path + "', 'Parquet')"
			}
			exec(t, db, view)
			table := sqlkpi.Table{Dialect: e.dialect, Name: "filed", Where: map[string]string{"currency": "EUR"}}
			got, err := table.Cohorts(t.Context(), db, nil)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
}

func TestDuckDBsOwnFileIsRead(t *testing.T) {
	db := openDuckDB(t)
	path := filepath.Join(t.TempDir(), "orders.parquet")
	exec(t, db, `COPY (SELECT 'member-' || i % 100 AS member, TIMESTAMPTZ '2027-01-01 00:00:00+00' + INTERVAL (i) MINUTE AS occurred_at,
		CAST(i AS DECIMAL(18, 2)) / 4 * 1 AS rough, CAST(i * 25 AS DECIMAL(18, 2)) AS amount FROM range(100000) AS r(i)) TO '`+path+`' (FORMAT parquet)`)
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	info, err := file.Stat()
	require.NoError(t, err)
	columns, err := kpi.Collect(parquet.ReadOrders(file, info.Size(), nil))
	require.NoError(t, err)
	assert.Equal(t, 100_000, columns.Len())
	assert.Equal(t, 100, columns.Members())
	var total kpi.Amount
	for o := range columns.All() {
		total = total.Add(o.Amount)
	}
	assert.Equal(t, "124998750000", total.String())
}

func TestDuckDBReadsSummariesAndCohorts(t *testing.T) {
	columns, err := orderlog.New(5_000)
	require.NoError(t, err)
	summaries, err := columns.Summaries(&kpi.SummaryOptions{AsOf: middle, HoldoutEnd: middle.AddDate(0, 6, 0)})
	require.NoError(t, err)
	matrix, err := columns.Cohorts(nil)
	require.NoError(t, err)
	dir := t.TempDir()
	asFile(t, dir, "summaries.parquet", func(w io.Writer) error {
		_, err := parquet.WriteSummaries(w, func(yield func(kpi.CustomerSummary, error) bool) {
			for _, c := range summaries.Customers {
				if !yield(c, nil) {
					return
				}
			}
		})
		return err
	})
	asFile(t, dir, "cohorts.parquet", func(w io.Writer) error { return parquet.WriteCohorts(w, matrix) })
	var repeats, active int
	var spend, revenue kpi.Amount
	for _, c := range summaries.Customers {
		repeats += c.Repeats
		spend = spend.Add(c.HoldoutSpend)
	}
	for _, c := range matrix.Cohorts {
		for _, cell := range c.Cells {
			active += cell.Active
			revenue = revenue.Add(cell.Revenue)
		}
	}
	db := openDuckDB(t)
	var count, n int
	var sum string
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT count(*), sum(repeats)::BIGINT, sum(holdout_spend)::VARCHAR FROM read_parquet('"+dir+"/summaries.parquet')").Scan(&count, &n, &sum))
	assert.Equal(t, len(summaries.Customers), count)
	assert.Equal(t, repeats, n)
	got, err := kpi.ParseTotal(sum)
	require.NoError(t, err)
	assert.Equal(t, spend, got)
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT count(DISTINCT cohort), sum(active)::BIGINT, sum(revenue)::VARCHAR FROM read_parquet('"+dir+"/cohorts.parquet')").Scan(&count, &n, &sum))
	assert.Equal(t, len(matrix.Cohorts), count)
	assert.Equal(t, active, n)
	got, err = kpi.ParseTotal(sum)
	require.NoError(t, err)
	assert.Equal(t, revenue, got)
}

func TestDuckDBSumsALedgerAsTheStoreDoes(t *testing.T) {
	store := beans(t, memory.New())
	dir := t.TempDir()
	parts, err := parquet.WriteLedger(t.Context(), store, parquet.LedgerOptions{Program: "beans"}, func(name string) (io.WriteCloser, error) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, err
		}
		return os.Create(path)
	})
	require.NoError(t, err)
	require.NotEmpty(t, parts)
	want, err := storage.Totals(t.Context(), store, "beans")
	require.NoError(t, err)

	db := openDuckDB(t)
	rows, err := db.QueryContext(t.Context(), `SELECT unit, kind, from_bucket, to_bucket, sum(amount)::BIGINT, count(*) FROM
		read_parquet('`+dir+`/*/*/*.parquet', hive_partitioning = true) WHERE month LIKE '2027-%' GROUP BY ALL ORDER BY unit, kind, from_bucket, to_bucket`)
	require.NoError(t, err)
	defer rows.Close()
	var got []storage.Total
	for rows.Next() {
		var total storage.Total
		var from, to string
		require.NoError(t, rows.Scan(&total.Unit, &total.Kind, &from, &to, &total.Amount, &total.Entries))
		require.NoError(t, total.From.UnmarshalText([]byte(from)))
		require.NoError(t, total.To.UnmarshalText([]byte(to)))
		got = append(got, total)
	}
	require.NoError(t, rows.Err())
	assert.ElementsMatch(t, want, got)
}

func TestEveryEngineSumsPointsByKindAndMonth(t *testing.T) {
	store, vienna := beans(t, memory.New()), zone(t, "Europe/Vienna")
	dir := t.TempDir()
	_, err := parquet.WriteLedger(t.Context(), store, parquet.LedgerOptions{Program: "beans"}, func(name string) (io.WriteCloser, error) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, err
		}
		return os.Create(path)
	})
	require.NoError(t, err)
	type key struct {
		month                string
		unit, kind, from, to string
	}
	named, numbered := map[key][2]int64{}, map[key][2]int64{}
	var rows []string
	for account, err := range storage.AllAccounts(t.Context(), store, storage.AccountQuery{Program: "beans"}) {
		require.NoError(t, err)
		for e, err := range storage.AllEntries(t.Context(), store, storage.MemberQuery{Program: "beans", Member: account.Member}) {
			require.NoError(t, err)
			k := key{e.OccurredAt.In(vienna).Format("2006-01"), e.Unit, string(e.Kind), e.From.String(), e.To.String()}
			named[k] = [2]int64{named[k][0] + int64(e.Amount), named[k][1] + 1}
			k.from, k.to = fmt.Sprint(uint8(e.From)), fmt.Sprint(uint8(e.To))
			numbered[k] = [2]int64{numbered[k][0] + int64(e.Amount), numbered[k][1] + 1}
			rows = append(rows, fmt.Sprintf("('beans', '%s', '%s', %d, %d, %d, %d)", e.Unit, e.Kind, e.From, e.To, e.Amount, e.OccurredAt.UnixMicro()))
		}
	}
	require.Greater(t, len(named), 6)
	for _, e := range engines() {
		t.Run(e.name, func(t *testing.T) {
			db, want := e.open(t), named
			ledger := sqlkpi.Ledger{Dialect: e.dialect, Name: "entries", Program: "beans"}
			switch e.dialect {
			case sqlkpi.DuckDB:
				exec(t, db, "CREATE VIEW entries AS SELECT * FROM read_parquet('"+dir+"/*/*/*.parquet')")
			case sqlkpi.ClickHouse:
				exec(t, db, "CREATE OR REPLACE VIEW entries AS SELECT * FROM file('"+dir+"/*/*/*.parquet', 'Parquet')")
			default: // as the stores' tables are
				ledger.Micros, want = true, numbered
				exec(t, db, "CREATE TABLE entries (program text, unit text, kind text, from_bucket smallint, to_bucket smallint, amount bigint, occurred_at bigint)")
				exec(t, db, "INSERT INTO entries VALUES "+strings.Join(rows, ", "))
			}
			totals, err := ledger.Totals(t.Context(), db, vienna)
			require.NoError(t, err)
			got := map[key][2]int64{}
			for _, p := range totals {
				got[key{p.Month.Start.In(vienna).Format("2006-01"), p.Unit, p.Kind, p.From, p.To}] = [2]int64{p.Points, p.Entries}
			}
			assert.Equal(t, want, got)
			assert.Len(t, totals, len(want))
			ledger.Program = "other"
			none, err := ledger.Totals(t.Context(), db, nil)
			require.NoError(t, err)
			assert.Empty(t, none)
		})
	}
}
