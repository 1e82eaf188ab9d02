package postgres_test

import (
	"crypto/rand"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/servers"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/postgres"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

func mode(mode pgx.QueryExecMode) func(*pgxpool.Config) {
	return func(c *pgxpool.Config) { c.ConnConfig.DefaultQueryExecMode = mode }
}

// run runs the cases of some groups of the suite: those that differ by how
// statements and values travel.
func run(t *testing.T, store storage.Store, groups ...string) {
	t.Helper()
	ran := 0
	for _, c := range storagetest.Cases() {
		if !slices.Contains(groups, c.Group) {
			continue
		}
		ran++
		env := &storagetest.Env{Store: store, Program: strings.ToLower(rand.Text()), Callers: 12}
		assert.NoError(t, c.Run(t.Context(), env), c.Name)
	}
	require.Positive(t, ran)
}

func TestTheContractIsKeptInEveryModeOfPgx(t *testing.T) {
	url := database(t)
	for _, m := range []pgx.QueryExecMode{
		pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
	} {
		t.Run(m.String(), func(t *testing.T) {
			pool := connect(t, url, mode(m))
			run(t, postgres.New(pool, nil), storagetest.Contract, storagetest.Precision, storagetest.Pages)
			run(t, postgres.Bind(begin(t, pool, pgx.TxOptions{})), storagetest.Precision)
		})
	}
}

func TestTheContractIsKeptThroughPgBouncer(t *testing.T) {
	server := servers.Postgres(t)
	behind := database(t)
	bouncer := servers.NewPooled(t, server, &servers.Options{Settings: map[string]string{"default_pool_size": "6"}})
	for _, m := range []pgx.QueryExecMode{pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		t.Run(m.String(), func(t *testing.T) {
			pool := connect(t, pooled(t, bouncer, behind), mode(m))
			run(t, postgres.New(pool, nil), storagetest.Contract, storagetest.Idempotency, storagetest.Concurrency)
			run(t, postgres.Bind(begin(t, pool, pgx.TxOptions{})), storagetest.Idempotency)
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

func TestTheContractIsKeptOnASpreadDatabase(t *testing.T) {
	store := postgres.New(connect(t, database(t), nil), &postgres.Options{Spread: true})
	run(t, store, storagetest.Contract, storagetest.Idempotency, storagetest.Concurrency)
}
