package servertest

import (
	"context"
	"database/sql"
	"maps"
	"net/url"
	"strings"
	"sync"
	"testing"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/servers"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

// place is a kind of database with settings for its connections.
type place struct {
	name     string
	dialect  sqlstore.Dialect
	settings url.Values
	// isolation is that of transactions of the host.
	isolation sql.IsolationLevel
}

// What is acknowledged here need not survive a power cut: that is proved elsewhere.
var (
	postgres = place{name: "PostgreSQL", dialect: sqlstore.PostgreSQL, settings: url.Values{"synchronous_commit": {"off"}}}
	mariadb  = place{name: "MariaDB", dialect: sqlstore.MySQL}
)

// with returns the place with a setting for every connection.
func (p place) with(name, key, value string) place {
	settings := url.Values{}
	maps.Copy(settings, p.settings)
	settings.Set(key, value)
	p.name, p.settings = p.name+" "+name, settings
	return p
}

func (p place) binding(level sql.IsolationLevel) place {
	p.isolation = level
	return p
}

// database makes an empty database and returns its URL.
func (p place) database(t testing.TB) string {
	t.Helper()
	if p.dialect == sqlstore.MySQL {
		return servers.MariaDB(t).NewDatabase(t)
	}
	return servers.Postgres(t).NewDatabase(t)
}

// source returns the driver and what it takes for a database's URL.
func (p place) source(database string) (driver, source string, err error) {
	u, err := url.Parse(database)
	if err != nil {
		return "", "", err
	}
	query := u.Query()
	maps.Copy(query, p.settings)
	u.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20")
	if p.dialect == sqlstore.MySQL {
		source, err = servers.DSN(u.String())
		return "mysql", source, err
	}
	return "pgx", u.String(), nil
}

// connect opens a database by URL.
func (p place) connect(t testing.TB, database string) *sql.DB {
	t.Helper()
	driver, source, err := p.source(database)
	require.NoError(t, err)
	db, err := sql.Open(driver, source)
	require.NoError(t, err)
	db.SetMaxOpenConns(20)
	db.SetMaxIdleConns(20)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// store is a store with its database, for transactions of the host.
type store struct {
	*sqlstore.Store
	db *sql.DB
}

// open opens an empty store with tables.
func (p place) open(t testing.TB) storage.Store { return p.openStore(t) }

func (p place) openStore(t testing.TB) *store {
	t.Helper()
	db := p.connect(t, p.database(t))
	require.NoError(t, sqlstore.Migrate(t.Context(), db, p.dialect))
	return p.storeOn(t, db)
}

func (p place) storeOn(t testing.TB, db *sql.DB) *store {
	t.Helper()
	s := sqlstore.New(db, p.dialect, nil)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return &store{Store: s, db: db}
}

// emptied is a function that opens empty stores in few databases: what a test has
// left is emptied for the next one, since to make a database takes seconds.
func (p place) emptied(t testing.TB) func(testing.TB) storage.Store {
	t.Helper()
	fresh := func() *sql.DB {
		db := p.connect(t, p.database(t))
		require.NoError(t, sqlstore.Migrate(t.Context(), db, p.dialect))
		return db
	}
	var mu sync.Mutex
	free := []*sql.DB{fresh()} // which skips the whole test where there is no server
	take := func() *sql.DB {
		mu.Lock()
		defer mu.Unlock()
		if len(free) == 0 {
			return nil
		}
		db := free[len(free)-1]
		free = free[:len(free)-1]
		return db
	}
	return func(inner testing.TB) storage.Store {
		inner.Helper()
		db := take()
		if db == nil {
			db = fresh()
		}
		inner.Cleanup(func() {
			p.empty(inner, db)
			mu.Lock()
			defer mu.Unlock()
			free = append(free, db)
		})
		return p.storeOn(inner, db)
	}
}

func (p place) empty(t testing.TB, db *sql.DB) {
	t.Helper()
	tx, err := db.Begin()
	require.NoError(t, err)
	for _, table := range []string{"accounts", "operations", "entries", "lots", "records", "events", "claims", "counters", "revisions"} {
		_, err := tx.Exec("DELETE FROM loyalty_" + table)
		require.NoError(t, err)
	}
	require.NoError(t, tx.Commit())
}

// bind begins a transaction of the host.
func (p place) bind(ctx context.Context, on storage.Store) (storagetest.Transaction, error) {
	tx, err := on.(*store).db.BeginTx(ctx, &sql.TxOptions{Isolation: p.isolation})
	if err != nil {
		return storagetest.Transaction{}, err
	}
	return storagetest.Transaction{Store: sqlstore.Bind(tx, p.dialect), Commit: tx.Commit, Rollback: tx.Rollback}, nil
}
