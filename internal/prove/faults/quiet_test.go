package faults

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/sqlite"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

// quiet is a load on a database that nothing happens to.
func quiet(t *testing.T) (*load, storage.Store) {
	t.Helper()
	store := newFile(t)
	l := &load{stores: []storage.Store{store, store}, callers: 8, members: 6, lines: 2000, seed: 2027}
	l.opens(t)
	require.NoError(t, l.run(t.Context()))
	return l, store
}

func newFile(t *testing.T) storage.Store {
	t.Helper()
	store, err := sqlite.Open(filepath.Join(t.TempDir(), "shop.db"), nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}

func TestTheAuditorFindsNothingWrongWhereNothingHappenedAndSeesWhatWasChanged(t *testing.T) {
	l, store := quiet(t)
	t.Run("nothing happened", func(t *testing.T) {
		found := l.audits(t, store)
		found.requireNone(t)
		require.GreaterOrEqual(t, found.acknowledged, 2000)
		require.Greater(t, found.stored, found.acknowledged)
	})
	t.Run("nothing was stored", func(t *testing.T) {
		found := l.audits(t, newFile(t))
		require.Equal(t, found.acknowledged, found.lost)
		require.NotZero(t, found.unbalanced)
	})
	t.Run("nothing is in the book", func(t *testing.T) {
		without := *l
		without.book = newBook()
		found := without.audits(t, store)
		require.NotZero(t, found.unexplained)
		require.NotZero(t, found.unbalanced)
	})
	t.Run("another receipt", func(t *testing.T) {
		for _, line := range l.book.lines {
			line.receipt[0] ^= 1
		}
		require.NotZero(t, l.audits(t, store).altered)
	})
}

func TestTheAuditorSeesOverspendingWhereVersionsAreNotChecked(t *testing.T) {
	require.NotZero(t, overspends(t, func() (one, other storage.Store) {
		store := newFile(t)
		return store, store
	}))
}

// overspends runs callers on two hosts' stores that do not check versions, so that of
// those who decide at once the last one wins, and returns how many members had less than
// nothing. No points expire meanwhile. Members whose lots no longer fit their balance
// end it early, perhaps before anybody overspends: then it begins anew.
func overspends(t *testing.T, open func() (one, other storage.Store)) int {
	t.Helper()
	now := fastClock()()
	for seed := range uint64(20) {
		one, other := open()
		l := &load{
			stores: []storage.Store{unguarded(one), unguarded(other)}, callers: 16, members: 8, lines: 500, seed: seed,
			plain: true, patience: time.Second, clock: func() time.Time { return now },
		}
		l.opens(t)
		if err := l.run(t.Context()); err != nil {
			t.Logf("the load ended early: %v", err)
		}
		if found := l.audits(t, one); found.overspent > 0 {
			return found.overspent
		}
	}
	return 0
}

// unguarded is a store that forgets which version was expected.
func unguarded(inside storage.Store) storage.Store {
	return &storagetest.Hooked{Store: inside, OnCommit: func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
		var outcomes []storage.Outcome
		for _, batch := range batches {
			for i := range batch.Legs {
				if err := enginetest.Rebase(ctx, inside, &batch.Legs[i]); err != nil {
					return nil, err
				}
			}
			outcome, err := next(ctx, []storage.Batch{batch})
			if err != nil {
				return nil, err
			}
			outcomes = append(outcomes, outcome...)
		}
		return outcomes, nil
	}}
}
