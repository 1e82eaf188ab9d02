package loyalty_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// TestAMergeEndsNoTierEarlier lets two members live and become one, who has at least the tier
// that each of them had until it would have ended: a tier without an end of its own, when it
// would have been lost if nothing more had happened.
func TestAMergeEndsNoTierEarlier(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := time.Date(2027, 1, 31, 0, 30, 0, 0, time.UTC)
		ladder, merged := drawRungs(t), rapid.IntRange(1, 250).Draw(t, "merged")
		if ladder.Window.Kind != tiers.TierAnniversary && rapid.Bool().Draw(t, "while held") {
			ladder.Start, ladder.End, ladder.Lasts, ladder.Down = tiers.AtOnce, tiers.WhileHeld, tiers.Span{}, tiers.Recompute
		}
		c := &chain{stay: openStay(t, ladder, start), start: start}
		later := rapid.IntRange(0, merged).Draw(t, "bert joins")
		lists := map[string][]happening{}
		for _, member := range []string{"anna", "bert"} {
			for i, h := range drawHappenings(t, start) {
				h.id = fmt.Sprint(member, i)
				h.at = start.AddDate(0, 0, int(h.at.Sub(start).Hours()/24)%(merged+1))
				if first := start.AddDate(0, 0, later); member == "bert" && h.at.Before(first) {
					h.at = first
				}
				lists[member] = append(lists[member], h)
			}
		}
		for day := range merged + 1 {
			c.at(day, 1)
			if day == later {
				c.do(loyalty.Enroll{Member: "bert", Key: "enroll"})
			}
			c.live("anna", day, lists, nil)
			c.live("bert", day, lists, nil)
		}
		c.settles(merged)
		afters := []int{0, 1, 10, 20, 30, 45, 60, 90, 120, 180, 250, 365}
		least := make([]int, len(afters))
		for _, member := range []string{"anna", "bert"} {
			for i, rank := range c.keeps(ladder, member, merged, afters) {
				least[i] = max(least[i], rank)
			}
		}
		c.do(loyalty.Merge{Member: "bert", Key: "merge", From: "anna"})
		for i, after := range afters {
			c.settles(merged + after)
			has, _, _ := c.stands("bert")
			_, rank := ladder.Find(has.Tier)
			require.GreaterOrEqual(t, rank, least[i]-1, "after %d days", after)
		}
	})
}

// keeps is which tier a member keeps some days after one, by its place from 1: the one that
// they have then until it is to end, or until it is lost where it has no end.
func (c *chain) keeps(ladder tiers.Ladder, member string, from int, afters []int) []int {
	tier, _, _ := c.stands(member)
	_, rank := ladder.Find(tier.Tier)
	kept := make([]int, len(afters))
	for i, after := range afters {
		at := c.start.AddDate(0, 0, from+after).Add(23 * time.Hour)
		if !points.IsNever(tier.Until) && !tier.Until.After(at) {
			break
		}
		if points.IsNever(tier.Until) {
			then, err := c.MemberAt(c.t.Context(), member, at)
			require.NoError(c.t, err)
			if _, left := ladder.Find(then.Tiers[0].Tier); left < rank {
				break
			}
		}
		kept[i] = rank + 1
	}
	return kept
}
