package loyalty_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

// manyExpire is a store of members whose points expired long ago, and an engine on another
// one that passes calls on to it.
func manyExpire(t *testing.T, members int, over func(storage.Store) storage.Store) (*loyalty.Engine, storage.Store) {
	t.Helper()
	program := beans(points.ExpireAfter(10, points.Days))
	program.Zone = "UTC"
	now := time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	options := &loyalty.Options{Clock: func() time.Time { return now }, Secret: []byte("beans")}
	store := memory.New()
	engine, err := loyalty.New(loyalty.Revisions{program}, store, options)
	require.NoError(t, err)
	var commands []loyalty.Command
	for i := range members {
		member := fmt.Sprintf("m-%04d", i)
		commands = append(commands, loyalty.Enroll{Member: member, Key: "enroll"},
			loyalty.Adjust{Member: member, Key: "gift", Unit: "bean", Points: 5, Reason: "gift", Actor: "ada"})
	}
	for _, err := range engine.DoAll(t.Context(), slices.Values(commands), nil) {
		require.NoError(t, err)
	}
	now = now.AddDate(0, 0, 20)
	return engine.WithStore(over(store)), store
}

// due is how many accounts are due yet.
func due(t *testing.T, store storage.Store) int {
	t.Helper()
	n := 0
	query := storage.AccountQuery{Program: "beans", DueBy: time.Date(2027, time.March, 22, 0, 0, 0, 0, time.UTC)}
	for _, err := range storage.AllAccounts(t.Context(), store, query) {
		require.NoError(t, err)
		n++
	}
	return n
}

func TestRunDueDecidesAPageWhileTheOneBeforeIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := &gated{gate: make(chan struct{})}
		engine, _ := manyExpire(t, 1000, func(store storage.Store) storage.Store {
			gate.Store = store
			return gate
		})
		var report loyalty.DueReport
		var err error
		var told []int
		go func() {
			report, err = engine.RunDue(t.Context(), &loyalty.DueOptions{Progress: func(r loyalty.DueReport) { told = append(told, r.Visited) }})
		}()
		synctest.Wait()
		assert.Greater(t, len(gate.loads()), 1, "pages were loaded and none is written")
		assert.Empty(t, told)
		close(gate.gate)
		synctest.Wait()
		require.NoError(t, err)
		require.Equal(t, 1000, report.Settled)
		require.Equal(t, []int{256, 512, 768, 1000}, told)
		seen := map[string]int{}
		for _, load := range gate.loads() {
			for _, member := range load {
				seen[member]++
			}
		}
		require.Len(t, seen, 1000)
		for member, times := range seen {
			require.Equal(t, 1, times, member)
		}
	})
}

func TestRunDueThatIsStoppedLeavesWhatItReportsAndAnotherGoesOn(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	commits := 0
	var mu sync.Mutex
	engine, store := manyExpire(t, 1500, func(store storage.Store) storage.Store {
		return &storagetest.Hooked{Store: store, OnCommit: func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
			mu.Lock()
			defer mu.Unlock()
			if commits++; commits == 3 {
				defer cancel()
			}
			return next(ctx, batches)
		}}
	})
	report, err := engine.RunDue(ctx, nil)
	require.ErrorIs(t, err, context.Canceled)
	left := due(t, store)
	require.Positive(t, left)
	require.Positive(t, report.Settled)
	require.LessOrEqual(t, report.Settled, 1500-left, "what is reported is done")
	report, err = engine.RunDue(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, left, report.Settled)
	require.Zero(t, due(t, store))
}

func TestOneAccountThatCannotBeSettledStopsOnlyItself(t *testing.T) {
	engine, store := manyExpire(t, 700, func(store storage.Store) storage.Store {
		return &storagetest.Hooked{Store: store, OnLoad: func(ctx context.Context, requests []storage.LoadRequest, next storagetest.LoadFunc) ([]storage.Snapshot, error) {
			snaps, err := next(ctx, requests)
			for i := range snaps {
				if requests[i].Member == "m-0300" {
					snaps[i].Account.Data = []byte(`{"life":5}`)
				}
			}
			return snaps, err
		}}
	})
	report, err := engine.RunDue(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, report.Failed, 1)
	failed, found := errors.AsType[*loyalty.CommandError](report.Failed[0])
	require.True(t, found)
	require.Equal(t, "m-0300", failed.Member)
	require.Equal(t, 699, report.Settled)
	require.Equal(t, 700, report.Visited)
	require.LessOrEqual(t, due(t, store), 1)
}

func TestALimitHoldsThoughPagesAreSettledAtOnce(t *testing.T) {
	engine, store := manyExpire(t, 900, func(store storage.Store) storage.Store { return store })
	report, err := engine.RunDue(t.Context(), &loyalty.DueOptions{Limit: 600})
	require.NoError(t, err)
	require.Equal(t, 600, report.Settled)
	require.True(t, report.More)
	require.Equal(t, 300, due(t, store))
	report, err = engine.RunDue(t.Context(), &loyalty.DueOptions{Limit: 300})
	require.NoError(t, err)
	require.Equal(t, 300, report.Settled)
	require.False(t, report.More, "nothing is left")
}

func TestSeveralWorkersAtOnceSettleEverybodyOnce(t *testing.T) {
	written := map[string]int{}
	var mu sync.Mutex
	engine, store := manyExpire(t, 1200, func(store storage.Store) storage.Store {
		return &storagetest.Hooked{Store: store, OnCommit: func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
			outcomes, err := next(ctx, batches)
			mu.Lock()
			defer mu.Unlock()
			for i := range outcomes {
				if outcomes[i].Status == storage.OK {
					written[batches[i].Legs[0].Account.Member]++
				}
			}
			return outcomes, err
		}}
	})
	var workers sync.WaitGroup
	for range 3 {
		workers.Go(func() {
			report, err := engine.RunDue(t.Context(), nil)
			assert.NoError(t, err)
			assert.Empty(t, report.Failed)
		})
	}
	workers.Wait()
	require.Zero(t, due(t, store))
	require.Len(t, written, 1200)
	for member, times := range written {
		require.Equal(t, 1, times, member)
	}
}
