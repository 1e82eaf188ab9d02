package faults

import (
	"database/sql"
	"net/url"
	"os"
	"testing"

	_ "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/servers"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/postgres"
	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
)

// shop is an adapter and the server that it needs.
type shop struct {
	name    string
	engine  servers.Engine
	migrate func(t testing.TB, database string)
	// open opens a store with connections of its own, as one host does.
	open func(t testing.TB, database string) storage.Store
}

var (
	onPostgres = shop{"PostgreSQL", servers.PostgreSQL, migratePostgres, openPostgres}
	onPGX      = shop{"PostgreSQL through database/sql", servers.PostgreSQL, migratePGX, openPGX}
	onMariaDB  = shop{"MariaDB", servers.MySQL, migrateMySQL, openMySQL}
)

func migratePostgres(t testing.TB, database string) {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), database)
	require.NoError(t, err)
	defer pool.Close()
	require.NoError(t, postgres.Migrate(t.Context(), pool))
}

func openPostgres(t testing.TB, database string) storage.Store {
	t.Helper()
	config, err := pgxpool.ParseConfig(database)
	require.NoError(t, err)
	config.MaxConns = 8
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return postgres.New(pool, nil)
}

func migratePGX(t testing.TB, database string) {
	t.Helper()
	migrateSQL(t, "pgx", database, sqlstore.PostgreSQL)
}

func openPGX(t testing.TB, database string) storage.Store {
	t.Helper()
	return openSQL(t, "pgx", database, sqlstore.PostgreSQL)
}

func migrateMySQL(t testing.TB, database string) {
	t.Helper()
	migrateSQL(t, "mysql", dsn(t, database), sqlstore.MySQL)
}

func openMySQL(t testing.TB, database string) storage.Store {
	t.Helper()
	return openSQL(t, "mysql", dsn(t, database), sqlstore.MySQL)
}

func dsn(t testing.TB, database string) string {
	t.Helper()
	text, err := servers.DSN(database)
	require.NoError(t, err)
	return text
}

func migrateSQL(t testing.TB, driver, source string, dialect sqlstore.Dialect) {
	t.Helper()
	db, err := sql.Open(driver, source)
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, sqlstore.Migrate(t.Context(), db, dialect))
}

func openSQL(t testing.TB, driver, source string, dialect sqlstore.Dialect) storage.Store {
	t.Helper()
	db, err := sql.Open(driver, source)
	require.NoError(t, err)
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	store := sqlstore.New(db, dialect, nil)
	t.Cleanup(func() {
		// Of a server that was killed its connections are dead.
		_ = store.Close()
		_ = db.Close()
	})
	return store
}

// server is the one that all tests share and nobody kills.
func (s shop) server(t testing.TB) *servers.Server {
	t.Helper()
	if s.engine == servers.MySQL {
		return servers.MariaDB(t)
	}
	return servers.Postgres(t)
}

// database makes a database with the tables of a shop on the server that all share.
func (s shop) database(t testing.TB) string {
	t.Helper()
	database := s.server(t).NewDatabase(t)
	s.migrate(t, database)
	return database
}

// through is the URL of a database at another address, such as a proxy's.
func through(t testing.TB, database, address string) string {
	t.Helper()
	u, err := url.Parse(database)
	require.NoError(t, err)
	u.Host = address
	return u.String()
}

// size picks how much is tried: by a plain test run, by the proofs of every change, and
// by those of the night.
func size(plain, prove, full int) int {
	switch {
	case os.Getenv("LOYALTYKIT_PROVE_FULL") != "":
		return full
	case os.Getenv("LOYALTYKIT_PROVE") != "":
		return prove
	default:
		return plain
	}
}
