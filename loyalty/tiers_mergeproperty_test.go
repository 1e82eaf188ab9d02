package loyalty_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// couple is a shop at which two members buy who become one.
type couple struct {
	*stay
	ladder tiers.Ladder
	start  time.Time
	merged int
	lists  map[string][]happening
	// chained has anna become one with carl on the same day, until the end.
	chained bool
}

// live lets everything happen by an end. Orders that are refunded after the merge are left
// out where they never were.
func (c *couple) live(end int, never bool) {
	c.do(loyalty.Enroll{Member: "twin", Key: "enroll twin"})
	for day := range end {
		c.now = c.start.AddDate(0, 0, day).Add(15 * time.Hour)
		for _, member := range []string{"anna", "twin"} {
			for _, h := range c.lists[member] {
				if never && h.refunded > 0 {
					continue
				}
				switch day {
				case int(h.at.Sub(c.start).Hours() / 24):
					c.happenTo(member, h)
				case c.merged + h.refunded:
					if h.refunded > 0 {
						c.do(loyalty.Refund{Member: member, Key: "refund " + h.id, Order: h.id, Full: true})
					}
				}
			}
		}
		if day == c.merged {
			c.do(loyalty.Merge{Member: "anna", Key: "merge", From: "twin", UndoUntil: c.start.AddDate(5, 0, 0)})
			if c.chained {
				c.do(loyalty.Enroll{Member: "carl", Key: "enroll carl"})
				c.do(loyalty.Merge{Member: "carl", Key: "merge", From: "anna", UndoUntil: c.start.AddDate(5, 0, 0)})
			}
		}
	}
	if c.chained {
		c.do(loyalty.UnMerge{Member: "carl", Key: "apart", From: "anna"})
		_, err := c.RunDue(c.t.Context(), nil)
		require.NoError(c.t, err)
	}
}

func (c *couple) happenTo(member string, h happening) {
	if h.nights > 0 {
		c.do(loyalty.Fact{Member: member, Key: h.id, Activity: "night", Amount: points.Amount(h.nights), OccurredAt: h.at})
		return
	}
	c.do(loyalty.Earn{Member: member, Key: h.id, Order: bought(h.id, h.euros), OccurredAt: h.at})
}

// stands is how a member stands, and the days that count.
func (c *couple) stands(member string) (loyalty.MemberTier, []storage.DayCount, points.Amount) {
	m, err := c.Member(c.t.Context(), member)
	require.NoError(c.t, err)
	report, err := c.Verify(c.t.Context(), nil)
	require.NoError(c.t, err)
	require.Empty(c.t, report.Problems)
	snaps, err := c.store.Load(c.t.Context(), []storage.LoadRequest{{Program: "beans", Member: member}})
	require.NoError(c.t, err)
	b := m.Balance("bean")
	return m.Tiers[0], snaps[0].Account.Days, b.Available - b.Debt
}

// TestARefundAfterAMergeLeavesTheStandingAsIfTheOrderHadNeverBeen lets two members live, be
// merged, at times into a third one as well, have orders of both refunded, and be two again, and compares them with two who
// never had these orders.
func TestARefundAfterAMergeLeavesTheStandingAsIfTheOrderHadNeverBeen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := time.Date(2027, 1, 31, 8, 0, 0, 0, time.UTC)
		ladder, merged := drawRungs(t), rapid.IntRange(1, 300).Draw(t, "merged")
		chained := rapid.Bool().Draw(t, "chained")
		lists := map[string][]happening{}
		for _, member := range []string{"anna", "twin"} {
			for i, h := range drawHappenings(t, start) {
				h.id = fmt.Sprint(member, i)
				h.at = start.AddDate(0, 0, int(h.at.Sub(start).Hours()/24)%(merged+1))
				lists[member] = append(lists[member], h)
			}
		}
		end := merged + 45
		was := &couple{stay: openStay(t, ladder, start), ladder: ladder, start: start, merged: merged, lists: lists, chained: chained}
		was.live(end, false)
		never := &couple{stay: openStay(t, ladder, start), ladder: ladder, start: start, merged: merged, lists: lists, chained: chained}
		never.live(end, true)
		require.Equal(t, never.now, was.now)

		wantTier, wantDays, wantPoints := never.stands("anna")
		tier, days, beans := was.stands("anna")
		require.Equal(t, wantTier, tier)
		require.Equal(t, wantDays, days)
		require.Equal(t, wantPoints, beans)

		for _, c := range []*couple{was, never} {
			c.do(loyalty.UnMerge{Member: "anna", Key: "undo", From: "twin"})
			_, err := c.RunDue(t.Context(), nil)
			require.NoError(t, err)
		}
		for _, member := range []string{"anna", "twin"} {
			wantTier, wantDays, wantPoints := never.stands(member)
			tier, days, beans := was.stands(member)
			require.Equal(t, wantTier, tier, member)
			require.Equal(t, wantDays, days, member)
			require.Equal(t, wantPoints, beans, member)
		}
	})
}
