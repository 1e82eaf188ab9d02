package postgres_test

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/servers"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/postgres"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

// database makes an empty database with the tables.
func database(t testing.TB) string {
	t.Helper()
	url := servers.Postgres(t).NewDatabase(t)
	require.NoError(t, postgres.Migrate(t.Context(), connect(t, url, nil)))
	return url
}

// connect opens a pool on a database. It is closed before the database goes.
func connect(t testing.TB, url string, change func(*pgxpool.Config)) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(url)
	require.NoError(t, err)
	config.MaxConns = 12
	if change != nil {
		change(config)
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// isolation makes a level the default of a pool's connections.
func isolation(level string) func(*pgxpool.Config) {
	return func(c *pgxpool.Config) { c.ConnConfig.RuntimeParams["default_transaction_isolation"] = level }
}

func bindOn(pool *pgxpool.Pool) func(context.Context, storage.Store) (storagetest.Transaction, error) {
	return func(ctx context.Context, _ storage.Store) (storagetest.Transaction, error) {
		tx, err := pool.BeginTx(ctx, pgx.TxOptions{})
		if err != nil {
			return storagetest.Transaction{}, err
		}
		return storagetest.Transaction{
			Store:    postgres.Bind(tx),
			Commit:   func() error { return tx.Commit(context.WithoutCancel(ctx)) },
			Rollback: func() error { return tx.Rollback(context.WithoutCancel(ctx)) },
		}, nil
	}
}

func TestTheContractIsKeptUnderEveryIsolation(t *testing.T) {
	for _, level := range []string{"read committed", "repeatable read", "serializable"} {
		t.Run(level, func(t *testing.T) {
			pool := connect(t, database(t), isolation(level))
			open := func(testing.TB) storage.Store { return postgres.New(pool, nil) }
			options := &storagetest.Options{Bind: bindOn(pool)}
			if os.Getenv("LOYALTYKIT_PROVE") == "" {
				options.Callers = 24
			}
			storagetest.Run(t, open, options)
		})
	}
}
