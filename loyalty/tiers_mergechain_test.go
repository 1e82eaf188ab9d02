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

var chained = []string{"anna", "bert", "carl"}

// chain is a shop at which three members buy who become one, one after the other.
type chain struct {
	*stay
	start time.Time
}

// given is what one of them has of the house: a match with a challenge, an override or an
// anniversary of their own.
type given struct {
	day  int
	what string
}

func (c *chain) at(day, hour int) {
	c.now = c.start.AddDate(0, 0, day).Add(time.Duration(hour) * time.Hour)
}

func (c *chain) live(member string, day int, lists map[string][]happening, gifts map[string]given) {
	for _, h := range lists[member] {
		if int(h.at.Sub(c.start).Hours()/24) != day {
			continue
		}
		if h.nights > 0 {
			c.do(loyalty.Fact{Member: member, Key: h.id, Activity: "night", Amount: points.Amount(h.nights), OccurredAt: h.at})
		} else {
			c.do(loyalty.Earn{Member: member, Key: h.id, Order: bought(h.id, h.euros), OccurredAt: h.at})
		}
	}
	if gifts[member].day != day {
		return
	}
	switch gifts[member].what {
	case "match":
		c.do(loyalty.MatchTier{Member: member, Key: "gift", Ladder: "status", Tier: "gold", Days: 60})
	case "challenge":
		c.do(loyalty.MatchTier{Member: member, Key: "gift", Ladder: "status", Tier: "gold", Days: 60, Challenge: of("night", 4)})
	case "override":
		c.do(loyalty.OverrideTier{Member: member, Key: "gift", Ladder: "status", Tier: "silver", Until: c.now.AddDate(0, 0, 90), Reason: "sorry", Actor: "ada"})
	case "anniversary":
		c.do(loyalty.SetAnniversary{Member: member, Key: "gift", Day: tiers.Date(2026, 11, 12)})
	}
}

// stands is how a member stands, the days that count, and their points.
func (c *chain) stands(member string) (loyalty.MemberTier, []storage.DayCount, points.Amount) {
	m, err := c.Member(c.t.Context(), member)
	require.NoError(c.t, err)
	snaps, err := c.store.Load(c.t.Context(), []storage.LoadRequest{{Program: "beans", Member: member}})
	require.NoError(c.t, err)
	b := m.Balance("bean")
	return m.Tiers[0], snaps[0].Account.Days, b.Available - b.Debt
}

func (c *chain) settles(day int) {
	c.at(day, 23)
	_, err := c.RunDue(c.t.Context(), nil)
	require.NoError(c.t, err)
	report, err := c.Verify(c.t.Context(), nil)
	require.NoError(c.t, err)
	require.Empty(c.t, report.Problems)
}

// becomeOne merges two members, the survivor of whom has a tier that is no lower than the
// one of who goes.
func (c *chain) becomeOne(ladder tiers.Ladder, merge loyalty.Merge) {
	goes, _, _ := c.stands(merge.From)
	c.do(merge)
	stays, _, _ := c.stands(merge.Member)
	_, had := ladder.Find(goes.Tier)
	_, has := ladder.Find(stays.Tier)
	require.GreaterOrEqual(c.t, has, had, "%s had %s", merge.From, goes.Tier)
}

// TestMembersWhoWereMergedInAChainStandApartAgainAsIfTheyHadNeverBeenOne merges anna into
// bert and bert into carl, with what they have by matches, overrides and anniversaries, and
// undoes it: at once and for the year after all three stand and count as three whom nobody
// ever merged, and have the points that they have. Whoever goes loses no tier by it.
func TestMembersWhoWereMergedInAChainStandApartAgainAsIfTheyHadNeverBeenOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := time.Date(2027, 1, 31, 0, 30, 0, 0, time.UTC)
		ladder := drawRungs(t)
		first := rapid.IntRange(1, 250).Draw(t, "first merge")
		second := first + rapid.IntRange(0, 40).Draw(t, "second merge after")
		apart := second + rapid.IntRange(0, 60).Draw(t, "apart after")
		kinds := []string{"", "match", "override", "anniversary"}
		if ladder.End != tiers.WhileHeld {
			kinds = append(kinds, "challenge")
		}
		lists, gifts := map[string][]happening{}, map[string]given{}
		for _, member := range chained {
			for i, h := range drawHappenings(t, start) {
				h.id = fmt.Sprint(member, i)
				h.at = start.AddDate(0, 0, int(h.at.Sub(start).Hours()/24)%(first+1))
				lists[member] = append(lists[member], h)
			}
			gifts[member] = given{rapid.IntRange(0, first).Draw(t, "gift on"), rapid.SampledFrom(kinds).Draw(t, "gift")}
		}
		open := func() *chain {
			c := &chain{stay: openStay(t, ladder, start), start: start}
			for _, member := range chained[1:] {
				c.do(loyalty.Enroll{Member: member, Key: "enroll"})
			}
			for day := range first + 1 {
				c.at(day, 1)
				for _, member := range chained {
					c.live(member, day, lists, gifts)
				}
			}
			c.settles(first)
			return c
		}
		merged, never := open(), open()
		undo := start.AddDate(5, 0, 0)
		merged.at(first, 23)
		merged.becomeOne(ladder, loyalty.Merge{Member: "bert", Key: "merge", From: "anna", UndoUntil: undo})
		merged.settles(second)
		never.settles(second)
		merged.becomeOne(ladder, loyalty.Merge{Member: "carl", Key: "merge", From: "bert", UndoUntil: undo})
		merged.settles(apart)
		never.settles(apart)
		_, err := merged.Do(t.Context(), loyalty.UnMerge{Member: "bert", Key: "early", From: "anna"})
		require.Error(t, err, "who was merged herself gives nobody back")
		merged.do(loyalty.UnMerge{Member: "carl", Key: "undo", From: "bert"})
		merged.do(loyalty.UnMerge{Member: "bert", Key: "undo", From: "anna"})
		for _, after := range []int{0, 1, 40, 120, 380} {
			merged.settles(apart + after)
			never.settles(apart + after)
			for _, member := range chained {
				wantTier, wantDays, wantPoints := never.stands(member)
				tier, days, beans := merged.stands(member)
				require.Equal(t, wantTier, tier, "%s after %d days", member, after)
				require.Equal(t, wantDays, days, member)
				require.Equal(t, wantPoints, beans, member)
			}
		}
	})
}
