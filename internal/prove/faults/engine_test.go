package faults

import (
	"context"
	"os"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/internal/servers"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
	"github.com/loyaltykit/loyaltykit/storage/postgres"
)

// The state machine, races and histories on PostgreSQL through pgx. What goes through
// database/sql is tried in the same way elsewhere.
func TestTheEngineKeepsItsWordOnPostgres(t *testing.T) {
	options := &enginetest.Options{Sequences: 6, Rounds: 1, Histories: 3, Stream: 80, Tampers: 60, Seeds: 3}
	if os.Getenv("LOYALTYKIT_PROVE") != "" {
		options = &enginetest.Options{Sequences: 100, Rounds: 3, Histories: 20, Stream: 600, Tampers: 500, Seeds: 30}
	}
	options.Against = func(testing.TB) storage.Store { return memory.New() }
	enginetest.Core(t, reused(t), options)
}

// reused opens empty stores in few databases: what a test has left is emptied for the
// next one, since to make a database takes a second.
func reused(t *testing.T) enginetest.Open {
	server := servers.Postgres(t)
	fresh := func() *pgxpool.Pool {
		config, err := pgxpool.ParseConfig(server.NewDatabase(t))
		require.NoError(t, err)
		config.MaxConns = 20
		// What is acknowledged here need not survive a power cut: that is proved beside this.
		config.ConnConfig.RuntimeParams["synchronous_commit"] = "off"
		pool, err := pgxpool.NewWithConfig(t.Context(), config)
		require.NoError(t, err)
		t.Cleanup(pool.Close)
		require.NoError(t, postgres.Migrate(t.Context(), pool))
		return pool
	}
	var mu sync.Mutex
	var free []*pgxpool.Pool
	take := func() *pgxpool.Pool {
		mu.Lock()
		defer mu.Unlock()
		if len(free) == 0 {
			return nil
		}
		pool := free[len(free)-1]
		free = free[:len(free)-1]
		return pool
	}
	return func(inner testing.TB) storage.Store {
		inner.Helper()
		pool := take()
		if pool == nil {
			pool = fresh()
		}
		inner.Cleanup(func() {
			var empty string
			for _, table := range []string{"accounts", "operations", "entries", "lots", "records", "events", "claims", "counters", "revisions"} {
				empty += "DELETE FROM loyalty_" + table + ";"
			}
			_, err := pool.Exec(context.Background(), empty)
			require.NoError(inner, err)
			mu.Lock()
			defer mu.Unlock()
			free = append(free, pool)
		})
		return postgres.New(pool, nil)
	}
}
