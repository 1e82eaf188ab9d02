package loyalty_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// TestAMergeEndsNoTierEarlier lets two members live and become one, who has at least the tier
// that each of them had until it would have ended.
func TestAMergeEndsNoTierEarlier(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := time.Date(2027, 1, 31, 0, 30, 0, 0, time.UTC)
		ladder, merged := drawRungs(t), rapid.IntRange(1, 250).Draw(t, "merged")
		c := &chain{stay: openStay(t, ladder, start), start: start}
		c.do(loyalty.Enroll{Member: "bert", Key: "enroll"})
		lists := map[string][]happening{}
		for _, member := range []string{"anna", "bert"} {
			for i, h := range drawHappenings(t, start) {
				h.id = fmt.Sprint(member, i)
				h.at = start.AddDate(0, 0, int(h.at.Sub(start).Hours()/24)%(merged+1))
				lists[member] = append(lists[member], h)
			}
		}
		for day := range merged + 1 {
			c.at(day, 1)
			c.live("anna", day, lists, nil)
			c.live("bert", day, lists, nil)
		}
		c.settles(merged)
		var had []loyalty.MemberTier
		for _, member := range []string{"anna", "bert"} {
			tier, _, _ := c.stands(member)
			had = append(had, tier)
		}
		c.do(loyalty.Merge{Member: "bert", Key: "merge", From: "anna"})
		for _, after := range []int{0, 1, 10, 20, 30, 45, 60, 90, 120, 180, 250, 365} {
			c.settles(merged + after)
			has, _, _ := c.stands("bert")
			_, rank := ladder.Find(has.Tier)
			for _, tier := range had {
				if points.IsNever(tier.Until) || !tier.Until.After(c.now) {
					continue
				}
				_, least := ladder.Find(tier.Tier)
				require.GreaterOrEqual(t, rank, least, "%s was to last until %s", tier.Tier, tier.Until)
			}
		}
	})
}
