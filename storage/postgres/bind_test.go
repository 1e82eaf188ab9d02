package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/postgres"
)

// begin begins a transaction of a host, which is rolled back after the test.
func begin(t testing.TB, pool *pgxpool.Pool, options pgx.TxOptions) pgx.Tx {
	t.Helper()
	tx, err := pool.BeginTx(t.Context(), options)
	require.NoError(t, err)
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	return tx
}

func lotsOf(member string) []storage.LoadRequest {
	return []storage.LoadRequest{{Program: "cafe", Member: member, Debits: []storage.Debit{{Limit: 9}}}}
}

func TestABoundLoadSaysThatOthersOvertookIt(t *testing.T) {
	pool := connect(t, database(t), nil)
	store := postgres.New(pool, nil)
	stored(t, store, latteFor("anna", 0))
	tx := &overtaking{
		Tx:      begin(t, pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}),
		between: func() { stored(t, store, latteFor("anna", 1)) },
	}
	snapshots, err := postgres.Bind(tx).Load(t.Context(), lotsOf("anna"))
	require.NoError(t, err)
	assert.True(t, snapshots[0].Mixed)
	assert.Len(t, snapshots[0].Lots, 2)
	assert.Equal(t, int64(1), snapshots[0].Account.Version)

	tx.between = func() {}
	snapshots, err = postgres.Bind(tx).Load(t.Context(), lotsOf("anna"))
	require.NoError(t, err)
	assert.False(t, snapshots[0].Mixed)
}

// overtaking lets something happen after the account is read and before the rest,
// by sending the statements apart.
type overtaking struct {
	pgx.Tx
	between func()
}

func (o *overtaking) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	rest := &pgx.Batch{QueuedQueries: b.QueuedQueries[2:]}
	return &apart{
		BatchResults: o.Tx.SendBatch(ctx, &pgx.Batch{QueuedQueries: b.QueuedQueries[:2]}), left: 2,
		next: func() pgx.BatchResults {
			o.between()
			return o.Tx.SendBatch(ctx, rest)
		},
	}
}

type apart struct {
	pgx.BatchResults
	left int
	next func() pgx.BatchResults
}

func (a *apart) turn() {
	if a.left--; a.left == -1 {
		_ = a.Close()
		a.BatchResults = a.next()
	}
}

func (a *apart) Exec() (pgconn.CommandTag, error) {
	a.turn()
	return a.BatchResults.Exec()
}

func (a *apart) Query() (pgx.Rows, error) {
	a.turn()
	return a.BatchResults.Query()
}

func TestABoundLoadThatLocksKeepsOthersWaiting(t *testing.T) {
	pool := connect(t, database(t), nil)
	store := postgres.New(pool, nil)
	stored(t, store, latteFor("anna", 0))
	tx := begin(t, pool, pgx.TxOptions{})
	bound := postgres.Bind(tx)
	locking := lotsOf("anna")
	locking[0].Lock = true
	_, err := bound.Load(t.Context(), locking)
	require.NoError(t, err)
	ended := make(chan storage.Status)
	go func() {
		outcomes, err := store.Commit(context.Background(), []storage.Batch{latteFor("anna", 1)})
		assert.NoError(t, err)
		ended <- outcomes[0].Status
	}()
	waiting(t, pool)
	stored(t, bound, latteFor("anna", 1))
	require.NoError(t, tx.Commit(t.Context()))
	assert.Equal(t, storage.DuplicateKey, <-ended)
}

// waiting returns when a connection of the database waits for a lock.
func waiting(t testing.TB, pool *pgxpool.Pool) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		var n int
		err := pool.QueryRow(context.Background(), "SELECT count(*) FROM pg_stat_activity"+
			" WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&n)
		assert.NoError(c, err)
		assert.Equal(c, 1, n)
	}, 10*time.Second, time.Millisecond)
}

func TestATransactionThatOnlyReadsCanLoad(t *testing.T) {
	pool := connect(t, database(t), nil)
	stored(t, postgres.New(pool, nil), latteFor("anna", 0))
	bound := postgres.Bind(begin(t, pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}))
	locking := lotsOf("anna")
	locking[0].Lock = true
	snapshots, err := bound.Load(t.Context(), locking)
	require.NoError(t, err)
	assert.Len(t, snapshots[0].Lots, 1)
}

func TestAHostWhoseTransactionIsTooOldRunsItAgain(t *testing.T) {
	pool := connect(t, database(t), nil)
	store := postgres.New(pool, nil)
	stored(t, store, latteFor("anna", 0))
	for _, level := range []pgx.TxIsoLevel{pgx.RepeatableRead, pgx.Serializable} {
		t.Run(string(level), func(t *testing.T) {
			at := version(t, store, "anna")
			tx := begin(t, pool, pgx.TxOptions{IsoLevel: level})
			bound := postgres.Bind(tx)
			require.Equal(t, at, version(t, bound, "anna"))
			stored(t, store, latteFor("anna", at))
			late := latteFor("anna", at)
			late.Legs[0].Operation.Key = "another"
			_, err := bound.Commit(t.Context(), []storage.Batch{late})
			require.ErrorIs(t, err, storage.ErrRetryTransaction)
			claimed := latteFor("ben", 0)
			claimed.Claims[0].Key = late.Claims[0].Key
			_, err = bound.Commit(t.Context(), []storage.Batch{claimed})
			require.ErrorIs(t, err, storage.ErrRetryTransaction, "who holds the claim is hidden from this transaction")
			require.Equal(t, at, version(t, bound, "anna"), "what the host does without the store still works")
		})
	}
}
