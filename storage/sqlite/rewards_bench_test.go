package sqlite_test

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/storage/sqlite"
)

// claimants is how many members claim the hot reward in turn.
const claimants = 1000

// BenchmarkAHotReward compares what 32 callers reach: claims of one reward with a stock
// by many members, the same by one member, and plain spends on one member.
func BenchmarkAHotReward(b *testing.B) {
	store, err := sqlite.Open(filepath.Join(b.TempDir(), "shop.db"), nil)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, store.Close()) })
	program := shop
	program.Catalog = rewards.Catalog{
		{Code: "mug", Type: rewards.TypeCustom, Prices: []rewards.Price{{Unit: "bean", Points: 1}}, Stock: 1_000_000_000},
	}
	now := time.Date(2027, time.March, 8, 9, 0, 0, 0, time.UTC)
	engine, err := loyalty.New(loyalty.Revisions{program}, store, &loyalty.Options{Clock: func() time.Time { return now }})
	require.NoError(b, err)
	for _, err := range engine.DoAll(b.Context(), func(yield func(loyalty.Command) bool) {
		for i := range claimants {
			for _, cmd := range []loyalty.Command{
				loyalty.Enroll{Member: member(i), Key: "signup"},
				loyalty.Adjust{Member: member(i), Key: "gift", Unit: "bean", Points: 1_000_000_000, Reason: "gift", Actor: "shop"},
			} {
				if !yield(cmd) {
					return
				}
			}
		}
	}, nil) {
		require.NoError(b, err)
	}
	var n atomic.Int64
	for _, race := range []struct {
		name string
		next func(i int) loyalty.Command
	}{
		{"spends of one member", func(i int) loyalty.Command {
			return loyalty.Spend{Member: member(0), Key: fmt.Sprint(i), Unit: "bean", Points: points.Amount(1)}
		}},
		{"claims by many members", func(i int) loyalty.Command {
			return loyalty.Redeem{Member: member(i % claimants), Key: fmt.Sprint(i), Redemption: fmt.Sprint(i), Reward: "mug"}
		}},
		{"claims by one member", func(i int) loyalty.Command {
			return loyalty.Redeem{Member: member(0), Key: fmt.Sprint(i), Redemption: fmt.Sprint(i), Reward: "mug"}
		}},
	} {
		b.Run(race.name, func(b *testing.B) {
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := engine.Do(b.Context(), race.next(int(n.Add(1)))); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
