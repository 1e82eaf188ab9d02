package postgres_test

import (
	"context"
	"database/sql"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/postgres"
	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
)

// refusals calls free when a server has refused a connection twice.
type refusals struct {
	mu   sync.Mutex
	seen int
	free func()
}

func (r *refusals) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

func (r *refusals) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (r *refusals) TraceConnectStart(ctx context.Context, _ pgx.TraceConnectStartData) context.Context {
	return ctx
}

func (r *refusals) TraceConnectEnd(_ context.Context, data pgx.TraceConnectEndData) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if data.Err == nil {
		return
	}
	if r.seen++; r.seen == 2 {
		r.free()
	}
}

// A server without a free connection has one again when another caller is done.
func TestBothAdaptersWaitForAServerThatHasNoConnectionLeft(t *testing.T) {
	owner := database(t)
	pool := connect(t, owner, nil)
	name := "few_" + strings.TrimPrefix(mustParse(t, owner).Path, "/loyaltykit_")
	for _, text := range []string{
		"CREATE ROLE " + name + " LOGIN PASSWORD 'beans' CONNECTION LIMIT 1",
		"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO " + name,
	} {
		_, err := pool.Exec(t.Context(), text)
		require.NoError(t, err, text)
	}
	t.Cleanup(func() {
		for _, text := range []string{"DROP OWNED BY " + name, "DROP ROLE " + name} {
			_, err := pool.Exec(context.Background(), text)
			assert.NoError(t, err, text)
		}
	})
	few := mustParse(t, owner)
	few.User = url.UserPassword(name, "beans")
	for adapter, open := range map[string]func(*pgx.ConnConfig) storage.Store{
		"postgres": func(config *pgx.ConnConfig) storage.Store {
			return postgres.New(connect(t, few.String(), func(c *pgxpool.Config) { c.ConnConfig.Tracer = config.Tracer }), nil)
		},
		"sqlstore": func(config *pgx.ConnConfig) storage.Store {
			db := stdlib.OpenDB(*config)
			db.SetMaxOpenConns(1)
			t.Cleanup(func() { require.NoError(t, db.Close()) })
			store := sqlstore.New(db, sqlstore.PostgreSQL, nil)
			t.Cleanup(func() { require.NoError(t, store.Close()) })
			return store
		},
	} {
		t.Run(adapter, func(t *testing.T) {
			only, err := pgx.Connect(t.Context(), few.String())
			require.NoError(t, err)
			refused := &refusals{free: func() { assert.NoError(t, only.Close(context.Background())) }}
			config, err := pgx.ParseConfig(few.String())
			require.NoError(t, err)
			config.Tracer = refused
			stored(t, open(config), latteFor("anna of "+adapter, 0))
			assert.GreaterOrEqual(t, refused.seen, 2)
			_, err = pool.Exec(t.Context(), "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE usename = $1", name)
			require.NoError(t, err)
		})
	}
}

// A pool whose connections all lead to a server that was demoted is replaced one by one:
// the store goes on with the server to which new ones lead.
func TestBothAdaptersLeaveAServerThatOnlyReads(t *testing.T) {
	address := database(t)
	const demote, connections = "SET default_transaction_read_only = on", 3
	for adapter, open := range map[string]func() storage.Store{
		"postgres": func() storage.Store {
			pool := connect(t, address, func(c *pgxpool.Config) { c.MaxConns = connections })
			var held [connections]*pgxpool.Conn
			for i := range held {
				conn, err := pool.Acquire(t.Context())
				require.NoError(t, err)
				_, err = conn.Exec(t.Context(), demote)
				require.NoError(t, err)
				held[i] = conn
			}
			for _, conn := range held {
				conn.Release()
			}
			return postgres.New(pool, nil)
		},
		"sqlstore": func() storage.Store {
			db, err := sql.Open("pgx", address)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, db.Close()) })
			db.SetMaxOpenConns(connections)
			db.SetMaxIdleConns(connections)
			var held [connections]*sql.Conn
			for i := range held {
				held[i], err = db.Conn(t.Context())
				require.NoError(t, err)
				_, err = held[i].ExecContext(t.Context(), demote)
				require.NoError(t, err)
			}
			for _, conn := range held {
				require.NoError(t, conn.Close())
			}
			store := sqlstore.New(db, sqlstore.PostgreSQL, nil)
			t.Cleanup(func() { require.NoError(t, store.Close()) })
			return store
		},
	} {
		t.Run(adapter+", a statement", func(t *testing.T) { stored(t, open(), latteFor(adapter, 0)) })
		t.Run(adapter+", a transaction", func(t *testing.T) {
			counting := latteFor(adapter, 1)
			counting.Counters = []storage.CounterChange{{CounterKey: storage.CounterKey{Key: "budget"}, Delta: 1, Bound: 9}}
			stored(t, open(), counting)
		})
	}
}

func mustParse(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	require.NoError(t, err)
	return u
}

// To run a transaction that only reads once more does not help.
func TestAHostsTransactionThatOnlyReadsIsNotToBeRunAgain(t *testing.T) {
	address := database(t)
	db, err := sql.Open("pgx", address)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	native, err := connect(t, address, nil).BeginTx(t.Context(), pgx.TxOptions{AccessMode: pgx.ReadOnly})
	require.NoError(t, err)
	defer func() { require.NoError(t, native.Rollback(t.Context())) }()
	portable, err := db.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
	require.NoError(t, err)
	defer func() { require.NoError(t, portable.Rollback()) }()
	for name, store := range map[string]storage.Store{
		"postgres": postgres.Bind(native), "sqlstore": sqlstore.Bind(portable, sqlstore.PostgreSQL),
	} {
		_, err := store.Commit(t.Context(), []storage.Batch{latteFor("anna", 0)})
		require.ErrorContains(t, err, "read-only", name)
		assert.NotErrorIs(t, err, storage.ErrRetryTransaction, name)
	}
}
