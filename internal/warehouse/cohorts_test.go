package warehouse_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/warehouse/orderlog"
	"github.com/loyaltykit/loyaltykit/kpi/liability"
	"github.com/loyaltykit/loyaltykit/kpi/parquet"
	"github.com/loyaltykit/loyaltykit/kpi/sqlkpi"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/figures"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
)

// beansEngine asks a store with the program of [beans].
func beansEngine(t *testing.T, store storage.Store, more ...points.Unit) *loyalty.Engine {
	t.Helper()
	units := append([]points.Unit{{Code: "bean", Expiry: points.ExpireAfter(1, points.Years)}}, more...)
	program := loyalty.Program{ID: "beans", Zone: "UTC", Units: units}
	engine, err := loyalty.New(loyalty.Revisions{program}, store, nil)
	require.NoError(t, err)
	return engine
}

// pointTables puts the entries and lots of a store where an engine finds them: as files in
// Parquet, or as tables such as the stores have on PostgreSQL.
func pointTables(t *testing.T, e *engine, db *sql.DB, store storage.Store, dir string) *sqlkpi.Ledger {
	t.Helper()
	ledger := &sqlkpi.Ledger{Dialect: e.dialect, Name: "entries", Lots: "lots", Program: "beans"}
	if e.dialect == sqlkpi.PostgreSQL {
		ledger.Micros = true
		exec(t, db, "CREATE TABLE entries (program text, member text, unit text, kind text, lot bigint, into_lot bigint, from_bucket smallint, to_bucket smallint, amount bigint, occurred_at bigint)")
		exec(t, db, "CREATE TABLE lots (program text, member text, lot bigint, unit text, earned_at bigint)")
		copyPoints(t, db, store)
		exec(t, db, "ANALYZE")
		return ledger
	}
	for view, files := range map[string]string{"entries": dir + "/*/*/*.parquet", "lots": dir + "/lots.parquet"} {
		from := "read_parquet('" + files + "')"
		if e.dialect == sqlkpi.ClickHouse {
			from = "file('" + files + "', 'Parquet')"
		}
		exec(t, db, "CREATE OR REPLACE VIEW "+view+" AS SELECT * FROM "+from)
	}
	return ledger
}

// pointFiles writes a store's ledger and lots in Parquet.
func pointFiles(t *testing.T, store storage.Store, dir string) {
	t.Helper()
	options := parquet.LedgerOptions{Program: "beans", Buckets: 1, Open: 64}
	_, err := parquet.WriteLedger(t.Context(), store, options, func(name string) (io.WriteCloser, error) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, err
		}
		return os.Create(path)
	})
	require.NoError(t, err)
	asFile(t, dir, "lots.parquet", func(w io.Writer) error {
		_, err := parquet.WriteLots(t.Context(), w, store, "beans")
		return err
	})
}

// copyPoints fills the tables of PostgreSQL.
func copyPoints(t *testing.T, db *sql.DB, store storage.Store) {
	t.Helper()
	connection, err := db.Conn(t.Context())
	require.NoError(t, err)
	defer connection.Close()
	write := func(table string, rows func(w io.Writer, query storage.MemberQuery) error) {
		in, out := io.Pipe()
		go func() {
			w := bufio.NewWriterSize(out, 1<<20)
			var err error
			for account, failed := range storage.AllAccounts(context.Background(), store, storage.AccountQuery{Program: "beans", Limit: 1000}) {
				if err = failed; err != nil {
					break
				}
				if err = rows(w, storage.MemberQuery{Program: "beans", Member: account.Member, Limit: 1000}); err != nil {
					break
				}
			}
			if err == nil {
				err = w.Flush()
			}
			_ = out.CloseWithError(err)
		}()
		require.NoError(t, connection.Raw(func(driver any) error {
			_, err := driver.(*stdlib.Conn).Conn().PgConn().CopyFrom(context.Background(), in, "COPY "+table+" FROM STDIN (FORMAT csv)")
			return err
		}))
	}
	write("entries", func(w io.Writer, query storage.MemberQuery) error {
		for e, err := range storage.AllEntries(context.Background(), store, query) {
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(w, "%s,%s,%s,%s,%d,%d,%d,%d,%d,%d\n", e.Program, e.Member, e.Unit, e.Kind, e.Lot, e.Into, e.From, e.To, e.Amount, e.OccurredAt.UnixMicro()); err != nil {
				return err
			}
		}
		return nil
	})
	write("lots", func(w io.Writer, query storage.MemberQuery) error {
		for l, err := range storage.AllLots(context.Background(), store, query) {
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(w, "%s,%s,%d,%s,%d\n", l.Program, l.Member, l.ID, l.Unit, l.EarnedAt.UnixMicro()); err != nil {
				return err
			}
		}
		return nil
	})
}

// agreeOnPoints compares what became of a store's points by the month in which they were
// earned, cohort by cohort and month by month.
func agreeOnPoints(t *testing.T, store storage.Store, cases ...figures.PointOptions) {
	t.Helper()
	dir := t.TempDir()
	pointFiles(t, store, dir)
	wants := make([]*figures.PointReport, len(cases))
	for i, o := range cases {
		var err error
		wants[i], err = figures.PointCohorts(t.Context(), beansEngine(t, store, points.Unit{Code: "leaf", Expiry: points.NeverExpire()}), store, o)
		require.NoError(t, err)
	}
	require.Greater(t, len(wants[0].Cohorts), 12)
	require.NotZero(t, wants[0].Debt)
	for _, e := range engines() {
		t.Run(e.name, func(t *testing.T) {
			db := e.open(t)
			ledger := pointTables(t, &e, db, store, dir)
			for i, o := range cases {
				start := time.Now()
				history, err := ledger.PointCohorts(t.Context(), db, o.Unit, o.Until, o.Zone)
				require.NoError(t, err)
				t.Logf("%.2f s", time.Since(start).Seconds())
				got, err := figures.PointReportOf(history, o)
				require.NoError(t, err)
				equalRows(t, wants[i].Cohorts, got.Cohorts)
				assert.Equal(t, wants[i], got)
			}
		})
	}
}

func TestEveryEngineCountsPointsByTheMonthInWhichTheyWereEarned(t *testing.T) {
	agreeOnPoints(
		t, &pointLog{Store: memory.New(), members: 1000},
		figures.PointOptions{Unit: "bean", Until: middle, Zone: zone(t, "Europe/Vienna")},
		figures.PointOptions{Unit: "leaf", Until: middle.AddDate(4, 0, 0)},
		// where October came twice, and where a day was left out
		figures.PointOptions{Unit: "bean", Until: time.Date(2009, time.November, 1, 2, 45, 0, 0, time.UTC), Zone: zone(t, "America/St_Johns")},
		figures.PointOptions{Unit: "bean", Until: middle.AddDate(4, 0, 0), Zone: zone(t, "Pacific/Apia")},
		figures.PointOptions{Unit: "bean", Until: orderlog.Start},
	)
}

func TestTheLotsOfALargeLedgerAreCountedRowForRow(t *testing.T) {
	log := &pointLog{Store: memory.New(), members: largeSize(t) / 10}
	agreeOnPoints(t, log, figures.PointOptions{Unit: "bean", Until: middle, Zone: zone(t, "Europe/Vienna")})
}

func TestTheLotsOfAStoreAreCountedInItsDatabase(t *testing.T) {
	db := postgres.open(t)
	require.NoError(t, sqlstore.Migrate(t.Context(), db, sqlstore.PostgreSQL))
	store := beans(t, sqlstore.New(db, sqlstore.PostgreSQL, nil))
	o := figures.PointOptions{Unit: "bean", Until: time.Date(2028, time.January, 1, 0, 0, 0, 0, time.UTC), Zone: zone(t, "Europe/Vienna")}
	want, err := figures.PointCohorts(t.Context(), beansEngine(t, store), store, o)
	require.NoError(t, err)
	ledger := sqlkpi.Ledger{Name: "loyalty_entries", Lots: "loyalty_lots", Program: "beans", Micros: true}
	history, err := ledger.PointCohorts(t.Context(), db, o.Unit, o.Until, o.Zone)
	require.NoError(t, err)
	got, err := figures.PointReportOf(history, o)
	require.NoError(t, err)
	assert.Equal(t, want, got)
	require.Len(t, got.Cohorts, 6)
	total, err := got.Total()
	require.NoError(t, err)
	assert.EqualValues(t, 540, total.Issued)
	assert.EqualValues(t, 225, total.Redeemed)
	policy, cent := liability.Policy{Method: liability.Proportional}, decimal.New(1, -2)
	wantRoll, err := want.RollForward(policy, cent, 0)
	require.NoError(t, err)
	roll, err := got.RollForward(policy, cent, 0)
	require.NoError(t, err)
	assert.Equal(t, wantRoll, roll, "what is owed follows from it")

	exec(t, db, "DELETE FROM loyalty_lots WHERE member = 'ben'")
	_, err = ledger.PointCohorts(t.Context(), db, o.Unit, o.Until, o.Zone)
	require.ErrorContains(t, err, "lots that are not in the table of lots")
}
