package loyalty_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// wideMenu has n rewards of all sorts: a third with stock, a third with limits of their
// own, a third for tiers and a season.
func wideMenu(n int) rewards.Catalog {
	var catalog rewards.Catalog
	for i := range n {
		r := rewards.Reward{
			Code: fmt.Sprintf("reward-%d", i), Type: rewards.TypeFreeProduct, Benefit: rewards.Benefit{Items: []string{"latte"}},
			Prices: []rewards.Price{{Unit: "bean", Points: points.Amount(1 + i)}, {Unit: "bean", Points: points.Amount(1+i) / 2, Tiers: []string{"gold"}}},
		}
		switch i % 3 {
		case 0:
			r.Stock = int64(100 + i)
		case 1:
			r.Limits = []rewards.Limit{{Times: 1, Per: points.PerMonth}, {Times: 1000, Per: points.PerWeek, All: true}}
		default:
			r.Only.Tiers = []string{"silver", "gold"}
			r.When = points.When{Weekdays: points.Mon | points.Fri, From: time.Date(2027, time.January, 1, 0, 0, 0, 0, time.UTC)}
		}
		if r.Prices[1].Points == 0 {
			r.Prices = r.Prices[:1]
		}
		catalog = append(catalog, r)
	}
	return catalog
}

func BenchmarkRewardsOfAThousand(b *testing.B) {
	now := time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	program := beans(points.ExpireAfter(12, points.Months))
	program.Catalog = wideMenu(1000)
	engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), &loyalty.Options{Clock: func() time.Time { return now }})
	require.NoError(b, err)
	for _, cmd := range []loyalty.Command{
		loyalty.Enroll{Member: "anna", Key: "enroll"},
		loyalty.Adjust{Member: "anna", Key: "gift", Unit: "bean", Points: 500, Reason: "gift", Actor: "shop"},
		loyalty.Redeem{Member: "anna", Key: "one", Redemption: "one", Reward: "reward-1"},
	} {
		_, err := engine.Do(b.Context(), cmd)
		require.NoError(b, err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := engine.Rewards(b.Context(), "anna", nil); err != nil {
			b.Fatal(err)
		}
	}
}
