package loyalty_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

// narrow takes one batch to a commit.
type narrow struct{ *storagetest.Hooked }

func (narrow) Limits() storage.Limits { return storage.Limits{Rows: 1, Bytes: 1 << 20, Calls: 1} }

func TestWhatBuildsOnALostCommitIsNotCommittedInTheNextCall(t *testing.T) {
	s := openShop(t, beans(points.NeverExpire()))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	other, gift := s.Engine, func(key string) loyalty.Command {
		return loyalty.Adjust{Member: "anna", Key: key, Unit: "bean", Points: 1, Reason: "gift", Actor: "shop"}
	}
	raced := false
	store := narrow{&storagetest.Hooked{Store: s.store}}
	store.OnCommit = func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
		require.Len(t, batches, 1)
		if !raced {
			raced = true
			_, err := other.Do(ctx, gift("another's"))
			require.NoError(t, err)
		}
		return next(ctx, batches)
	}
	var cmds []loyalty.Command
	for i := range 5 {
		cmds = append(cmds, gift(fmt.Sprint("mine ", i)))
	}
	for _, err := range other.WithStore(store).DoAll(t.Context(), slices.Values(cmds), nil) {
		require.NoError(t, err)
	}
	require.True(t, raced)
	require.Equal(t, points.Amount(6), s.balance().Available)
	s.verify()
}
