package postgres_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/servers"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/postgres"
	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
)

func TestSeveralProcessesMigrateAtOnce(t *testing.T) {
	pool := connect(t, servers.Postgres(t).NewDatabase(t), nil)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { assert.NoError(t, postgres.Migrate(t.Context(), pool)) })
	}
	wg.Wait()
	require.NoError(t, postgres.Migrate(t.Context(), pool))
	stored(t, postgres.New(pool, nil), latteFor("anna", 0))
}

func TestAStoreWithoutTablesSaysToMigrate(t *testing.T) {
	store := postgres.New(connect(t, servers.Postgres(t).NewDatabase(t), nil), nil)
	require.ErrorContains(t, store.PutRevision(t.Context(), storage.Revision{Program: "beans", Number: 1, Text: []byte("{}")}), "call Migrate first")
	_, err := store.Revisions(t.Context(), "beans")
	require.ErrorContains(t, err, "call Migrate first")
}

func TestMigrationsAreFilesForTheHostsTool(t *testing.T) {
	names, err := fs.Glob(postgres.Migrations(), "*.sql")
	require.NoError(t, err)
	assert.Contains(t, names, "00001_ledger.sql")
}

// grants is what the comment of the package tells hosts to grant.
const grants = `
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO %[1]s;
GRANT DELETE ON loyalty_claims, loyalty_events TO %[1]s;
REVOKE UPDATE ON loyalty_entries, loyalty_revisions FROM %[1]s;
REVOKE INSERT, UPDATE ON loyalty_schema FROM %[1]s;`

func TestTheGrantsAreThoseOfTheDocumentation(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	var documented strings.Builder
	for line := range strings.Lines(string(text)) {
		if line, ok := strings.CutPrefix(line, "//\t"); ok && (strings.HasPrefix(line, "GRANT") || strings.HasPrefix(line, "REVOKE")) {
			documented.WriteString("\n" + strings.TrimSpace(line))
		}
	}
	in := strings.NewReplacer("loyalty.loyalty_", "loyalty_", "SCHEMA loyalty ", "SCHEMA public ", " shop;", " %[1]s;")
	assert.Equal(t, grants, in.Replace(documented.String()))
}

// Those of sqlstore, whose tables these are, leave out what makes the chain of hashes, too.
func TestTheLeastPrivilegesAreEnough(t *testing.T) {
	t.Run("granted table by table", func(t *testing.T) { enough(t, grants) })
	t.Run("granted column by column", func(t *testing.T) {
		text, err := sqlstore.Grants(sqlstore.PostgreSQL, "%[1]s")
		require.NoError(t, err)
		enough(t, text, "UPDATE loyalty_operations SET hash = NULL", "UPDATE loyalty_operations SET fingerprint = NULL", "UPDATE loyalty_claims SET holder = ''")
	})
}

func enough(t *testing.T, grants string, refused ...string) {
	t.Helper()
	url := database(t)
	owner := connect(t, url, nil)
	role := fmt.Sprintf("till_%d", owner.Config().ConnConfig.Port)
	_, err := owner.Exec(t.Context(), "CREATE ROLE "+role)
	require.NoError(t, err)
	t.Cleanup(func() {
		for _, statement := range []string{"DROP OWNED BY " + role, "DROP ROLE " + role} {
			_, err := owner.Exec(context.Background(), statement)
			assert.NoError(t, err)
		}
	})
	_, err = owner.Exec(t.Context(), fmt.Sprintf(grants, role), pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	till := connect(t, url, func(c *pgxpool.Config) {
		c.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, "SET ROLE "+role)
			return err
		}
	})
	for _, statement := range append(refused,
		"UPDATE loyalty_entries SET amount = 1", "DELETE FROM loyalty_entries", "TRUNCATE loyalty_entries", "DROP TABLE loyalty_entries",
		"DELETE FROM loyalty_operations", "DELETE FROM loyalty_accounts", "DELETE FROM loyalty_lots", "DELETE FROM loyalty_records",
		"UPDATE loyalty_revisions SET text = NULL", "UPDATE loyalty_schema SET version = 0", "CREATE TABLE loyalty_more (a integer)",
	) {
		_, err := till.Exec(t.Context(), statement)
		require.Error(t, err, statement)
		assert.Regexp(t, "permission denied|must be owner", err.Error(), statement)
	}
	store := postgres.New(till, nil)
	require.NoError(t, postgres.Migrate(t.Context(), till), "it only reads")
	earned := latteFor("anna", 0)
	earned.Counters = []storage.CounterChange{{CounterKey: storage.CounterKey{Key: "budget"}, Delta: 2, Bound: 9}}
	stored(t, store, earned)
	next := latteFor("anna", 1)
	released := earned.Claims[0]
	released.Release = true
	next.Claims = append(next.Claims, released)
	next.Counters = []storage.CounterChange{{CounterKey: storage.CounterKey{Key: "budget"}, Delta: -1}}
	next.Legs[0].Scrub = storage.Scrub{
		Operations: []int64{1}, Records: []storage.RecordKey{{Kind: "order", ID: "order-anna-1"}},
		Events: []storage.EventID{{Member: "anna", Version: 1}},
	}
	stored(t, store, next)
	require.NoError(t, store.Ack(t.Context(), "cafe", []storage.EventID{{Member: "anna", Version: 1}}))
	_, err = store.Prune(t.Context(), storage.PruneRequest{
		Program: "cafe", EventsBefore: points.Never, BodiesBefore: points.Never, KeysBefore: points.Never,
	})
	require.NoError(t, err)
	require.NoError(t, store.PutRevision(t.Context(), storage.Revision{Program: "cafe", Number: 1, Text: []byte("one"), EffectiveAt: points.Never}))
	bound := lotsOf("anna")
	bound[0].Lock = true
	_, err = postgres.Bind(begin(t, till, pgx.TxOptions{})).Load(t.Context(), bound)
	require.NoError(t, err)
}
