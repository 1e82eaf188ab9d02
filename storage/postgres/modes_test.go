package postgres_test

import (
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/servers"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/postgres"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

func mode(mode pgx.QueryExecMode) func(*pgxpool.Config) {
	return func(c *pgxpool.Config) { c.ConnConfig.DefaultQueryExecMode = mode }
}

func TestTheContractIsKeptInEveryModeOfPgx(t *testing.T) {
	for _, m := range []pgx.QueryExecMode{
		pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
	} {
		t.Run(m.String(), func(t *testing.T) {
			pool := connect(t, database(t), mode(m))
			open := func(testing.TB) storage.Store { return postgres.New(pool, nil) }
			storagetest.Run(t, open, &storagetest.Options{Bind: bindOn(pool), Callers: 12})
		})
	}
}

func TestTheContractIsKeptThroughPgBouncer(t *testing.T) {
	server := servers.Postgres(t)
	behind := server.NewDatabase(t)
	bouncer := servers.NewPooled(t, server, &servers.Options{Settings: map[string]string{"default_pool_size": "6"}})
	for _, m := range []pgx.QueryExecMode{pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		t.Run(m.String(), func(t *testing.T) {
			pool := connect(t, pooled(t, bouncer, behind), mode(m))
			require.NoError(t, postgres.Migrate(t.Context(), pool))
			open := func(testing.TB) storage.Store { return postgres.New(pool, nil) }
			storagetest.Run(t, open, &storagetest.Options{Bind: bindOn(pool), Callers: 12})
		})
	}
}

// pooled returns the URL of a database behind PgBouncer.
func pooled(t testing.TB, bouncer *servers.Server, behind string) string {
	t.Helper()
	through, err := url.Parse(bouncer.URL)
	require.NoError(t, err)
	direct, err := url.Parse(behind)
	require.NoError(t, err)
	through.Path = direct.Path
	return through.String()
}

// hidden is a store without its optional abilities.
type hidden struct{ storage.Store }

func TestTheContractIsKeptWithoutTheAbilities(t *testing.T) {
	pool := connect(t, database(t), nil)
	storagetest.Run(t, func(testing.TB) storage.Store { return hidden{postgres.New(pool, nil)} }, nil)
}
