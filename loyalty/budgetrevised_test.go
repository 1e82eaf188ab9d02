package loyalty_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

// TestABudgetThatIsRevisedIsGivenOutAndNoMore lowers a budget below and not below what was
// given of it, and raises it again.
func TestABudgetThatIsRevisedIsGivenOutAndNoMore(t *testing.T) {
	for _, lowered := range []int64{0, 1500, 2048, 3000, 3500, 5000, 6144} {
		t.Run(fmt.Sprint("to ", lowered), func(t *testing.T) {
			totals := []int64{8192, lowered + 1, 10_240}
			start := time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
			var revisions []loyalty.Program
			for i, total := range totals {
				program := beans(points.NeverExpire())
				program.EffectiveAt = start.AddDate(0, i, 0)
				program.Earning = []points.Rule{{Code: "gift", Bonus: 500, Budgets: []points.Cap{{Points: points.Amount(total), Per: points.Lifetime}}}}
				revisions = append(revisions, program)
			}
			revisions[0].EffectiveAt = time.Time{}
			s := openShop(t, revisions[0])
			s.revise(revisions...)
			used, sum, total := map[int]int64{}, int64(0), int64(0)
			next := s.store.OnCommit
			s.store.OnCommit = func(ctx context.Context, batches []storage.Batch, commit storagetest.CommitFunc) ([]storage.Outcome, error) {
				for i := range batches {
					for _, change := range batches[i].Counters {
						require.LessOrEqual(t, change.Bound+sum-used[change.Shard], total, "shard %d could give more than is left", change.Shard)
						used[change.Shard] += change.Delta
						sum += change.Delta
					}
				}
				return next(ctx, batches, commit)
			}
			given := int64(0)
			for i, of := range totals {
				s.now, total = start.AddDate(0, i, 1), of
				orders := map[int]int{0: 6, 1: 20, 2: 30}[i]
				for n := range orders {
					member := fmt.Sprintf("m-%d-%d", i, n)
					s.must(loyalty.Enroll{Member: member, Key: "enroll"})
					earn := loyalty.Earn{Member: member, Key: "earn", Order: coffees(member, 1)}
					quote, err := s.Quote(t.Context(), earn)
					require.NoError(t, err)
					got := s.must(earn).Awards[0].Points
					require.Equal(t, quote.Awards[0].Points, got)
					require.EqualValues(t, min(500, max(0, of-given)), got, "%s", member)
					given += int64(got)
				}
				require.Equal(t, sum, given)
			}
			require.EqualValues(t, 10_240, given)
			s.verify()
		})
	}
}
