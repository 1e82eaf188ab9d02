package servertest

import (
	"database/sql"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
)

// counted returns a count that the server keeps of the only connection of a database.
func counted(t *testing.T, db *sql.DB, what string) (n int) {
	t.Helper()
	var name string
	require.NoError(t, db.QueryRowContext(t.Context(), "SHOW SESSION STATUS LIKE '"+what+"'").Scan(&name, &n))
	return n
}

func TestAnEarnIsOneStatementOfATransactionOnMariaDB(t *testing.T) {
	for _, c := range []struct {
		name       string
		place      place
		spread     bool
		statements int
	}{
		{"prepared", mariadb, false, 3},
		{"with its arguments in the text", mariadb.with("interpolateParams", "interpolateParams", "true"), false, 3},
		{"spread", mariadb, true, 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			db := c.place.connect(t, c.place.database(t))
			db.SetMaxOpenConns(1)
			require.NoError(t, sqlstore.Migrate(t.Context(), db, sqlstore.MySQL))
			store := sqlstore.New(db, sqlstore.MySQL, &sqlstore.Options{Spread: c.spread})
			t.Cleanup(func() { require.NoError(t, store.Close()) })
			for version := range int64(3) {
				stores(t, store, earn("m-7301", version, fmt.Sprintf("order-%d", version)))
			}
			prepared, before := counted(t, db, "Com_stmt_prepare"), counted(t, db, "Questions")
			stores(t, store, earn("m-7301", 3, "order-3"))
			assert.Equal(t, c.statements, counted(t, db, "Questions")-before-1)
			assert.Equal(t, prepared, counted(t, db, "Com_stmt_prepare"))
		})
	}
}

// A block that is refused half-way leaves nothing of what it wrote, and nothing open on
// its connection.
func TestABlockThatIsRefusedLeavesNothing(t *testing.T) {
	s := mariadb.openStore(t)
	s.db.SetMaxOpenConns(1)
	stores(t, s, earn("m-7301", 0, "order-1"))
	taken := earn("m-7302", 0, "order-1")
	taken.Claims[0].Key = "m-7301order-1" // which the last statement of the block is refused for
	for _, c := range []struct {
		name  string
		batch storage.Batch
		want  storage.Status
	}{
		{"a version that has passed", earn("m-7301", 0, "order-2"), storage.Conflict},
		{"a version that is to come", earn("m-7301", 2, "order-2"), storage.Conflict},
		{"a member who does not exist", earn("nobody", 4, "order-1"), storage.Conflict},
		{"a key that was used", earn("m-7301", 1, "order-1"), storage.DuplicateKey},
		{"a claim that another holds", taken, storage.Claimed},
	} {
		outcomes, err := s.Commit(t.Context(), []storage.Batch{c.batch})
		require.NoError(t, err, c.name)
		assert.Equal(t, c.want, outcomes[0].Status, c.name)
		var open bool
		require.NoError(t, s.db.QueryRowContext(t.Context(), "SELECT @@in_transaction").Scan(&open))
		assert.False(t, open, c.name)
	}
	for _, table := range []string{"accounts", "operations", "entries", "lots", "records", "events", "claims"} {
		var rows int
		require.NoError(t, s.db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM loyalty_"+table).Scan(&rows))
		assert.Equal(t, 1, rows, table)
	}
	stores(t, s, earn("m-7301", 1, "order-2"))
}
