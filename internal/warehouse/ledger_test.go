package warehouse_test

import (
	"crypto/rand"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi/sqlkpi"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
)

// beans puts three members into a store who earned and spent over some months.
func beans(t *testing.T, store storage.Store) storage.Store {
	t.Helper()
	now := time.Date(2027, time.January, 4, 9, 0, 0, 0, time.UTC)
	program := loyalty.Program{
		ID: "beans", Zone: "UTC", Units: []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(1, points.Years)}},
		Earning: []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}}},
	}
	engine, err := loyalty.New(loyalty.Revisions{program}, store, &loyalty.Options{Clock: func() time.Time { return now }})
	require.NoError(t, err)
	do := func(command loyalty.Command) {
		_, err := engine.Do(t.Context(), command)
		require.NoError(t, err)
	}
	for _, member := range []string{"anna", "ben", "carl"} {
		do(loyalty.Enroll{Member: member, Key: "e"})
		for _, order := range []string{"-1", "-2", "-3"} {
			do(loyalty.Earn{Member: member, Key: order, Order: points.Order{ID: member + order, Currency: "EUR", Lines: []points.Line{{Amount: decimal.NewFromInt(60)}}}})
			do(loyalty.Spend{Member: member, Key: "s" + order, Unit: "bean", Points: 25})
			now = now.AddDate(0, 0, 20)
		}
	}
	return store
}

// The tables of a store on PostgreSQL are read where they are.
func TestTheLedgerOfAStoreIsSummedInItsDatabase(t *testing.T) {
	db := postgres.open(t)
	require.NoError(t, sqlstore.Migrate(t.Context(), db, sqlstore.PostgreSQL))
	store := beans(t, sqlstore.New(db, sqlstore.PostgreSQL, nil))
	vienna := zone(t, "Europe/Vienna")
	type key struct {
		month, unit, kind string
		from, to          points.Bucket
	}
	want := map[key][2]int64{}
	for account, err := range storage.AllAccounts(t.Context(), store, storage.AccountQuery{Program: "beans"}) {
		require.NoError(t, err)
		for e, err := range storage.AllEntries(t.Context(), store, storage.MemberQuery{Program: "beans", Member: account.Member}) {
			require.NoError(t, err)
			k := key{e.OccurredAt.In(vienna).Format("2006-01"), e.Unit, string(e.Kind), e.From, e.To}
			want[k] = [2]int64{want[k][0] + int64(e.Amount), want[k][1] + 1}
		}
	}
	require.Greater(t, len(want), 6)
	ledger := sqlkpi.Ledger{Name: "loyalty_entries", Program: "beans", Micros: true}
	totals, err := ledger.Totals(t.Context(), db, vienna)
	require.NoError(t, err)
	got, sums := map[key][2]int64{}, map[key][2]int64{}
	add := func(to map[key][2]int64, k key, amount, entries int64) {
		to[k] = [2]int64{to[k][0] + amount, to[k][1] + entries}
	}
	bucket := func(number string) points.Bucket {
		n, err := strconv.ParseUint(number, 10, 8)
		require.NoError(t, err)
		return points.Bucket(n)
	}
	for _, p := range totals {
		k := key{p.Month.Start.In(vienna).Format("2006-01"), p.Unit, p.Kind, bucket(p.From), bucket(p.To)}
		add(got, k, p.Points, p.Entries)
		k.month = ""
		add(sums, k, p.Points, p.Entries)
	}
	assert.Equal(t, want, got)
	all, err := storage.Totals(t.Context(), store, "beans")
	require.NoError(t, err)
	whole := map[key][2]int64{}
	for _, total := range all {
		add(whole, key{"", total.Unit, string(total.Kind), total.From, total.To}, int64(total.Amount), total.Entries)
	}
	assert.Equal(t, whole, sums, "over all months they are the totals of the store")
}

// Who reports needs to read two tables; who lists, to read all of them.
func TestReportsAndListingsNeedNoMoreThanToRead(t *testing.T) {
	db := postgres.open(t)
	db.SetMaxOpenConns(1) // whose role is set
	require.NoError(t, sqlstore.Migrate(t.Context(), db, sqlstore.PostgreSQL))
	beans(t, sqlstore.New(db, sqlstore.PostgreSQL, nil))
	exec := func(statement string) {
		_, err := db.ExecContext(t.Context(), statement)
		require.NoError(t, err, statement)
	}
	role := "analyst_" + strings.ToLower(rand.Text()[:10])
	exec("CREATE ROLE " + role)
	defer func() {
		exec("RESET ROLE")
		exec("DROP OWNED BY " + role)
		exec("DROP ROLE " + role)
	}()
	exec("GRANT SELECT ON loyalty_entries, loyalty_lots TO " + role)
	exec("SET ROLE " + role)
	ledger := sqlkpi.Ledger{Name: "loyalty_entries", Lots: "loyalty_lots", Program: "beans", Micros: true}
	totals, err := ledger.Totals(t.Context(), db, time.UTC)
	require.NoError(t, err)
	assert.NotEmpty(t, totals)
	_, err = ledger.PointCohorts(t.Context(), db, "bean", time.Date(2028, time.January, 1, 0, 0, 0, 0, time.UTC), time.UTC)
	require.NoError(t, err)
	refused := func(statements ...string) {
		for _, statement := range statements {
			_, err := db.ExecContext(t.Context(), statement)
			require.ErrorContains(t, err, "permission denied", statement)
		}
	}
	refused("SELECT * FROM loyalty_operations", "SELECT * FROM loyalty_records", "SELECT * FROM loyalty_accounts", "DELETE FROM loyalty_entries")

	exec("RESET ROLE")
	exec("GRANT SELECT ON ALL TABLES IN SCHEMA public TO " + role)
	exec("SET ROLE " + role)
	store := sqlstore.New(db, sqlstore.PostgreSQL, nil)
	accounts, err := store.Accounts(t.Context(), storage.AccountQuery{Program: "beans"})
	require.NoError(t, err)
	assert.Len(t, accounts.Items, 3)
	_, err = store.Load(t.Context(), []storage.LoadRequest{{Program: "beans", Member: "anna", Debits: []storage.Debit{{Limit: 9}}}})
	require.NoError(t, err)
	_, err = storage.Totals(t.Context(), store, "beans")
	require.NoError(t, err)
	err = store.PutRevision(t.Context(), storage.Revision{Program: "beans", Number: 9, Text: []byte("{}"), EffectiveAt: points.Never})
	require.ErrorContains(t, err, "permission denied")
	refused("UPDATE loyalty_accounts SET version = 9", "DELETE FROM loyalty_claims", "INSERT INTO loyalty_schema VALUES (9)")
}
