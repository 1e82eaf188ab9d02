package loyalty_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

func TestTheBoundsOfABudgetsShardsAddUpToTheBudget(t *testing.T) {
	const total = 3*1024 + 2 // does not divide by its three shards
	s := ruled(t, points.Rule{Code: "gift", Bonus: 50, Budgets: []points.Cap{{Points: total, Per: points.Lifetime}}})
	bounds := map[int]int64{}
	next := s.store.OnCommit
	s.store.OnCommit = func(ctx context.Context, batches []storage.Batch, commit storagetest.CommitFunc) ([]storage.Outcome, error) {
		for i := range batches {
			for _, change := range batches[i].Counters {
				bounds[change.Shard] = max(bounds[change.Shard], change.Bound)
			}
		}
		return next(ctx, batches, commit)
	}
	var given points.Amount
	for i := range 70 {
		member := fmt.Sprint("m-", i)
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
		given += s.must(loyalty.Earn{Member: member, Key: "earn", Order: coffees(member, 1)}).Awards[0].Points
	}
	require.EqualValues(t, total, given)
	var sum int64
	for _, bound := range bounds {
		sum += bound
	}
	require.Len(t, bounds, 3)
	require.EqualValues(t, total, sum, "whoever takes of whichever shard at once, they never give more")
	s.verify()
}
