package servertest

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
)

func eachServer(t *testing.T, test func(t *testing.T, p place)) {
	t.Helper()
	for _, p := range []place{postgres, mariadb} {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			test(t, p)
		})
	}
}

// tables are the tables of a migrated database, with their columns and indexes.
func tables(t *testing.T, p place, db *sql.DB) []string {
	t.Helper()
	schema, indexes := "current_schema()", "SELECT tablename, indexname FROM pg_indexes WHERE schemaname = current_schema() AND tablename"
	if p.dialect == sqlstore.MySQL {
		schema = "DATABASE()"
		indexes = "SELECT DISTINCT table_name, index_name FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name"
	}
	rows, err := db.QueryContext(t.Context(), "SELECT table_name, column_name FROM information_schema.columns"+
		" WHERE table_schema = "+schema+" AND table_name LIKE 'loyalty%' UNION ALL "+indexes+" LIKE 'loyalty%' ORDER BY 1, 2")
	require.NoError(t, err)
	defer rows.Close()
	var all []string
	for rows.Next() {
		var table, column string
		require.NoError(t, rows.Scan(&table, &column))
		all = append(all, table+"."+column)
	}
	require.NoError(t, rows.Err())
	return all
}

// works commits to a store and reads it back.
func works(t *testing.T, store storage.Store) {
	t.Helper()
	require.NoError(t, store.PutRevision(t.Context(), storage.Revision{Program: "beans", Number: 1, Text: []byte("{}")}))
	batch := earn("m-7301", 0, "order-1001")
	outcomes, err := store.Commit(t.Context(), []storage.Batch{batch})
	require.NoError(t, err)
	require.Equal(t, storage.OK, outcomes[0].Status)
	snapshots, err := store.Load(t.Context(), []storage.LoadRequest{{Program: "beans", Member: "m-7301", Key: "order-1001"}})
	require.NoError(t, err)
	require.NotNil(t, snapshots[0].Operation)
}

func TestMigrationsRunTwice(t *testing.T) {
	eachServer(t, func(t *testing.T, p place) {
		db := p.connect(t, p.database(t))
		require.NoError(t, sqlstore.Migrate(t.Context(), db, p.dialect))
		before := tables(t, p, db)
		works(t, p.storeOn(t, db))
		require.NoError(t, sqlstore.Migrate(t.Context(), db, p.dialect))
		assert.Equal(t, before, tables(t, p, db))
	})
}

func TestAStoreWithoutTablesSaysToMigrate(t *testing.T) {
	eachServer(t, func(t *testing.T, p place) {
		store := p.storeOn(t, p.connect(t, p.database(t)))
		require.ErrorContains(t, store.PutRevision(t.Context(), storage.Revision{Program: "beans", Number: 1, Text: []byte("{}")}), "call Migrate first")
		_, err := store.Revisions(t.Context(), "beans")
		require.ErrorContains(t, err, "call Migrate first")
	})
}

// migrator is set in the environment of a test binary that only migrates: its
// value is the dialect and the URL.
const migrator = "LOYALTYKIT_TEST_MIGRATE"

func TestMain(m *testing.M) {
	if name, url, ok := strings.Cut(os.Getenv(migrator), " "); ok {
		if err := migrateOnly(name, url); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func migrateOnly(name, url string) error {
	p := postgres
	if name == mariadb.name {
		p = mariadb
	}
	driver, source, err := p.source(url)
	if err != nil {
		return err
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // the process ends
	return sqlstore.Migrate(context.Background(), db, p.dialect)
}

func TestMigrationsRunInTwoProcessesAtOnce(t *testing.T) {
	eachServer(t, func(t *testing.T, p place) {
		self, err := os.Executable()
		require.NoError(t, err)
		for range 3 {
			database := p.database(t)
			var processes []*exec.Cmd
			var outputs []*strings.Builder
			for range 3 {
				cmd := exec.CommandContext(t.Context(), self)
				cmd.Env = append(os.Environ(), migrator+"="+p.name+" "+database)
				out := &strings.Builder{}
				cmd.Stdout, cmd.Stderr = out, out
				require.NoError(t, cmd.Start())
				processes, outputs = append(processes, cmd), append(outputs, out)
			}
			for i, cmd := range processes {
				require.NoError(t, cmd.Wait(), outputs[i])
			}
			works(t, p.storeOn(t, p.connect(t, database)))
		}
	})
}

func TestMigrationsRunByGooseAreSeenAsDone(t *testing.T) {
	eachServer(t, func(t *testing.T, p place) {
		db := p.connect(t, p.database(t))
		files, err := sqlstore.Migrations(p.dialect)
		require.NoError(t, err)
		dialect := goose.DialectPostgres
		if p.dialect == sqlstore.MySQL {
			dialect = goose.DialectMySQL
		}
		provider, err := goose.NewProvider(dialect, db, files)
		require.NoError(t, err)
		results, err := provider.Up(t.Context())
		require.NoError(t, err)
		assert.NotEmpty(t, results)
		before := tables(t, p, db)

		counted := &refusesDDL{db: db}
		require.NoError(t, counted.migrate(t, p))
		assert.Equal(t, before, tables(t, p, db))
		works(t, p.storeOn(t, db))

		_, err = provider.DownTo(t.Context(), 0)
		require.NoError(t, err)
		assert.Empty(t, tables(t, p, db))
	})
}

// refusesDDL migrates as a user who may read the version and make nothing.
type refusesDDL struct{ db *sql.DB }

func (r *refusesDDL) migrate(t *testing.T, p place) error {
	t.Helper()
	database := newRole(t, p, r.db, "GRANT SELECT ON {schema}loyalty_schema TO {role}")
	return sqlstore.Migrate(t.Context(), p.connect(t, database), p.dialect)
}

func TestMigrationsThatWereCutOffAreResumed(t *testing.T) {
	eachServer(t, func(t *testing.T, p place) {
		up := upStatements(t, p)
		db := p.connect(t, p.database(t))
		require.NoError(t, sqlstore.Migrate(t.Context(), db, p.dialect))
		want := tables(t, p, db)
		for done := range up {
			dropAll(t, p, db)
			for _, statement := range up[:done] {
				_, err := db.ExecContext(t.Context(), statement)
				require.NoError(t, err)
			}
			require.NoError(t, sqlstore.Migrate(t.Context(), db, p.dialect), "after %d of %d statements", done, len(up))
			assert.Equal(t, want, tables(t, p, db), "after %d of %d statements", done, len(up))
			works(t, p.storeOn(t, db))
		}
	})
}

// dropAll leaves no table of a migrated database.
func dropAll(t *testing.T, p place, db *sql.DB) {
	t.Helper()
	dropped := map[string]bool{}
	for _, column := range tables(t, p, db) {
		table, _, _ := strings.Cut(column, ".")
		if !dropped[table] {
			_, err := db.ExecContext(t.Context(), "DROP TABLE "+table)
			require.NoError(t, err)
		}
		dropped[table] = true
	}
	require.Empty(t, tables(t, p, db))
}

// upStatements returns the statements of all migrations, in order.
func upStatements(t testing.TB, p place) []string {
	t.Helper()
	files, err := sqlstore.Migrations(p.dialect)
	require.NoError(t, err)
	names, err := fs.Glob(files, "*.sql")
	require.NoError(t, err)
	slices.Sort(names)
	var all []string
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		require.NoError(t, err)
		_, up, _ := strings.Cut(string(text), "-- +goose Up\n")
		up, _, _ = strings.Cut(up, "-- +goose Down\n")
		for statement := range strings.SplitSeq(up, ";\n") {
			if statement = strings.TrimSpace(statement); statement != "" {
				all = append(all, statement)
			}
		}
	}
	return all
}
