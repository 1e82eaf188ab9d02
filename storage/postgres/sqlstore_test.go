package postgres_test

import (
	"database/sql"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/postgres"
	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
)

// everything lists what a member of the café has.
func everything(t testing.TB, store storage.Store, member string) []any {
	t.Helper()
	query := storage.MemberQuery{Program: "cafe", Member: member}
	var all []any
	add := func(page any, err error) {
		require.NoError(t, err)
		all = append(all, page)
	}
	accounts, err := store.Accounts(t.Context(), storage.AccountQuery{Program: "cafe"})
	add(accounts.Items, err)
	lots, err := store.Lots(t.Context(), query)
	add(lots, err)
	entries, err := store.Entries(t.Context(), query)
	add(entries, err)
	operations, err := store.Operations(t.Context(), query)
	add(operations, err)
	records, err := store.Records(t.Context(), storage.RecordQuery{Program: "cafe", Member: member})
	add(records, err)
	events, err := store.Events(t.Context(), storage.EventQuery{Program: "cafe", Bucket: storage.Bucket(member)})
	add(events.Items, err)
	return all
}

// full adds what a plain latte does not have to a batch.
func full(b storage.Batch) storage.Batch {
	leg := &b.Legs[0]
	at := points.Never.AddDate(-7000, 0, 0)
	leg.Account.Balances = []points.Balance{{Unit: "bean", Available: 12, Held: 3}}
	leg.Account.Standing = []storage.Standing{{Ladder: "status", Tier: "gold", Since: at, Until: points.Never}}
	leg.Account.Days = []storage.DayCount{{Metric: "spend", Day: 20270308, Amount: 450}, {Metric: "visits", Day: 20270308, Amount: 1}}
	leg.Account.RetryAt, leg.Account.Data, leg.Account.Hash = at, []byte(`{"gate":true}`), []byte{0, 1, 255}
	leg.Operation.Receipt, leg.Operation.Salt = []byte("{}"), []byte{7}
	leg.Lots[0].Qualifies, leg.Lots[0].Source = true, "A-1001"
	leg.Records[0].Reference, leg.Records[0].Lots = "A-1001", []points.LotID{1, 2}
	leg.Events[0].Data, leg.Events[0].RecordedAt = []byte("{}"), at
	return b
}

func TestThroughDatabaseSQLTheSameTablesServe(t *testing.T) {
	url := database(t)
	native := postgres.New(connect(t, url, nil), nil)
	db, err := sql.Open("pgx", url)
	require.NoError(t, err)
	portable := sqlstore.New(db, sqlstore.PostgreSQL, nil)
	t.Cleanup(func() {
		require.NoError(t, portable.Close())
		require.NoError(t, db.Close())
	})
	stores := []storage.Store{native, portable}
	for version := range int64(6) {
		stored(t, stores[version%2], full(latteFor("anna", version)))
		assert.Equal(t, everything(t, native, "anna"), everything(t, portable, "anna"), "after version %d", version+1)
	}
	for _, store := range stores {
		assert.Equal(t, storage.DuplicateKey, commit(t, store, latteFor("anna", 3))[0].Status)
		late := latteFor("anna", 3)
		late.Legs[0].Operation.Key = "another"
		assert.Equal(t, storage.Conflict, commit(t, store, late)[0].Status)
		ben := latteFor("ben", 0)
		ben.Claims[0].Key = "order-anna-4"
		outcome := commit(t, store, ben)[0]
		assert.Equal(t, storage.Claimed, outcome.Status)
		assert.Equal(t, "anna", outcome.Claim.Holder)
	}
	page, err := native.Entries(t.Context(), storage.MemberQuery{Program: "cafe", Member: "anna", Limit: 2})
	require.NoError(t, err)
	next, err := portable.Entries(t.Context(), storage.MemberQuery{Program: "cafe", Member: "anna", Limit: 2, After: page.Next})
	require.NoError(t, err)
	require.Len(t, next.Items, 2)
	assert.Equal(t, int64(3), next.Items[0].Version, "a cursor of one goes on in the other")
}
