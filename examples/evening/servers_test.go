package main

import (
	"database/sql"
	"os"
	"testing"

	_ "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/servers"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/postgres"
	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
)

func onPostgres(t *testing.T) storage.Store {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), servers.Postgres(t).NewDatabase(t))
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	require.NoError(t, postgres.Migrate(t.Context(), pool))
	return postgres.New(pool, nil)
}

func onMariaDB(t *testing.T) storage.Store {
	t.Helper()
	source, err := servers.DSN(servers.MariaDB(t).NewDatabase(t))
	require.NoError(t, err)
	db, err := sql.Open("mysql", source)
	require.NoError(t, err)
	require.NoError(t, sqlstore.Migrate(t.Context(), db, sqlstore.MySQL))
	store := sqlstore.New(db, sqlstore.MySQL, nil)
	t.Cleanup(func() {
		require.NoError(t, store.Close())
		require.NoError(t, db.Close())
	})
	return store
}

// size is how many members and seats an evening on a database has: few in a plain run, all
// of them with LOYALTYKIT_PROVE.
func size(few settings) settings {
	if os.Getenv("LOYALTYKIT_PROVE") != "" || os.Getenv("LOYALTYKIT_PROVE_FULL") != "" {
		few.members, few.seats = 5000, 200
	}
	return few
}
