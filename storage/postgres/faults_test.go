package postgres_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/postgres"
)

func version(t testing.TB, store storage.Store, member string) int64 {
	t.Helper()
	snapshots, err := store.Load(t.Context(), []storage.LoadRequest{{Program: "cafe", Member: member}})
	require.NoError(t, err)
	if snapshots[0].Account == nil {
		return 0
	}
	return snapshots[0].Account.Version
}

func statuses(outcomes []storage.Outcome) []storage.Status {
	var all []storage.Status
	for _, o := range outcomes {
		all = append(all, o.Status)
	}
	return all
}

// A server that lost its last commits, after a failover, is behind what an engine
// has read from the one before.
func TestACommitThatIsAheadOfTheDatabaseIsAConflict(t *testing.T) {
	pool := connect(t, database(t), nil)
	store := postgres.New(pool, nil)
	stored(t, store, latteFor("anna", 0), latteFor("anna", 1))
	assert.Equal(t, storage.Conflict, commit(t, store, latteFor("anna", 5))[0].Status, "the account is behind")
	assert.Equal(t, storage.Conflict, commit(t, store, latteFor("ben", 5))[0].Status, "there is no account")
	assert.Equal(t,
		[]storage.Status{storage.OK, storage.Conflict, storage.OK, storage.Conflict},
		statuses(commit(t, store, latteFor("carl", 0), latteFor("ben", 3), latteFor("carl", 1), latteFor("anna", 9))))
	assert.Equal(t, int64(2), version(t, store, "anna"))
	assert.Equal(t, int64(0), version(t, store, "ben"))
	assert.Equal(t, int64(2), version(t, store, "carl"))
	for _, table := range []string{"operations", "entries", "lots", "records", "events"} {
		var n int
		require.NoError(t, pool.QueryRow(t.Context(), "SELECT count(*) FROM loyalty_"+table).Scan(&n))
		assert.Equal(t, 4, n, table)
	}
}

func TestALostAnswerIsAnUnknownOutcomeAndTheKeyTells(t *testing.T) {
	w := &wire{}
	store := postgres.New(connect(t, database(t), w.on), nil)
	stored(t, store, latteFor("anna", 0))
	w.breaks("order-anna-2", true)
	outcome := commit(t, store, latteFor("anna", 1))[0]
	require.Equal(t, 1, w.cuts)
	require.Equal(t, storage.Unknown, outcome.Status)
	require.Error(t, outcome.Err)
	require.EventuallyWithT(t, func(t *assert.CollectT) {
		snapshots, err := store.Load(context.Background(), []storage.LoadRequest{{Program: "cafe", Member: "anna", Key: "order-anna-2"}})
		require.NoError(t, err)
		assert.Equal(t, int64(2), snapshots[0].Account.Version)
		assert.NotNil(t, snapshots[0].Operation)
	}, 5*time.Second, time.Millisecond)
	assert.Equal(t, storage.DuplicateKey, commit(t, store, latteFor("anna", 1))[0].Status)
}

func TestACommitThatWasNeverSentIsSentOnAnotherConnection(t *testing.T) {
	w := &wire{}
	store := postgres.New(connect(t, database(t), w.on), nil)
	stored(t, store, latteFor("anna", 0))
	w.breaks("order-anna-2", false)
	stored(t, store, latteFor("anna", 1))
	assert.Equal(t, 1, w.cuts)
	assert.Equal(t, int64(2), version(t, store, "anna"))
}

func TestALoadSurvivesALostConnection(t *testing.T) {
	w := &wire{}
	store := postgres.New(connect(t, database(t), w.on), nil)
	stored(t, store, latteFor("anna", 0))
	w.breaks("anna", true)
	assert.Equal(t, int64(1), version(t, store, "anna"))
	assert.Equal(t, 1, w.cuts)
}

func TestOfOneOrderAtTwoTillsOneEarns(t *testing.T) {
	store := postgres.New(connect(t, database(t), nil), nil)
	const tills = 8
	var outcomes [tills]storage.Outcome
	var wg sync.WaitGroup
	for i := range tills {
		batch := latteFor(string(rune('a'+i)), 0)
		batch.Claims[0].Key = "receipt-4711"
		wg.Go(func() {
			all, err := store.Commit(t.Context(), []storage.Batch{batch})
			if assert.NoError(t, err) {
				outcomes[i] = all[0]
			}
		})
	}
	wg.Wait()
	earned := ""
	for i, o := range outcomes {
		if o.Status == storage.OK {
			assert.Empty(t, earned)
			earned = string(rune('a' + i))
		}
	}
	for _, o := range outcomes {
		if o.Status != storage.OK {
			assert.Equal(t, storage.Claimed, o.Status)
			assert.Equal(t, earned, o.Claim.Holder)
		}
	}
}

func TestABatchThatFailsTakesNoOtherWithIt(t *testing.T) {
	store := postgres.New(connect(t, database(t), nil), nil)
	stored(t, store, many(0)...)
	batches := many(1)
	batches[3].Legs[0].Operation.Key = "order-member-03-1"
	batches[7] = latteFor("member-07", 0)
	batches[7].Legs[0].Operation.Key = "another"
	batches[11].Claims[0].Key = "order-member-00-1"
	batches[15].Counters = []storage.CounterChange{{CounterKey: storage.CounterKey{Key: "budget"}, Delta: 3, Bound: 2}}
	want := make([]storage.Status, len(batches))
	for i := range want {
		want[i] = storage.OK
	}
	want[3], want[7], want[11], want[15] = storage.DuplicateKey, storage.Conflict, storage.Claimed, storage.BoundExceeded
	outcomes := commit(t, store, batches...)
	assert.Equal(t, want, statuses(outcomes))
	assert.Equal(t, "member-00", outcomes[11].Claim.Holder)
	assert.Equal(t, int64(2), version(t, store, "member-19"))
	assert.Equal(t, int64(1), version(t, store, "member-11"))
}

func TestASharedBudgetOfOneCommitIsAddedUp(t *testing.T) {
	store := postgres.New(connect(t, database(t), nil), nil)
	budget := storage.CounterKey{Key: "budget"}
	earns := func(version int64, deltas ...int64) []storage.Batch {
		var batches []storage.Batch
		for i, delta := range deltas {
			b := latteFor("anna", version+int64(i))
			b.Counters = []storage.CounterChange{{CounterKey: budget, Delta: delta, Bound: 10}}
			batches = append(batches, b)
		}
		return batches
	}
	used := func() int64 {
		snapshots, err := store.Load(t.Context(), []storage.LoadRequest{{Program: "cafe", Member: "anna", Counters: []storage.CounterKey{budget}}})
		require.NoError(t, err)
		require.Len(t, snapshots[0].Counters, 1)
		return snapshots[0].Counters[0].Used
	}
	stored(t, store, earns(0, 4, 6, -3, 2)...)
	assert.Equal(t, int64(9), used())
	outcomes := commit(t, store, earns(4, -9, 10, 1)...)
	assert.Equal(t, []storage.Status{storage.OK, storage.OK, storage.BoundExceeded}, statuses(outcomes))
	assert.Equal(t, int64(10), outcomes[2].Counter.Used)
	assert.Equal(t, int64(10), used())
	assert.Equal(t, []storage.Status{storage.BoundExceeded}, statuses(commit(t, store, earns(6, -11)...)))
}
