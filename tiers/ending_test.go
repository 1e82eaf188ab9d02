package tiers_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/internal/enginetest/ladders"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// loses walks on day by day and says when the tier is lost if nothing more happens, and the
// tier then.
func loses(n *ladders.Paper, last tiers.Day) (lost tiers.Day, to string, found bool) {
	had, _, until, granted := n.Holding()
	lapsed := n.Lapsed()
	for had != "" && n.At() < last {
		n.To(n.At() + 1)
		has, _, end, byGrant := n.Holding()
		grace := lapsed == 0 && n.Lapsed() != 0 && !granted && !byGrant && has == had
		switch {
		case rankIn(n.Ladder, has) < rankIn(n.Ladder, had), grace && grantedTo(n) < rankIn(n.Ladder, had):
			return n.At(), has, true
		case has != had || byGrant != granted || end != until:
			return 0, "", false
		}
	}
	return 0, "", false
}

// grantedTo is the highest tier that is granted on the last day that was decided.
func grantedTo(n *ladders.Paper) int {
	best := -1
	for _, g := range n.Grants {
		if g.From <= n.At() && n.At() < g.Until {
			best = max(best, rankIn(n.Ladder, g.Tier))
		}
	}
	return best
}

func drawGrants(t *rapid.T, l tiers.Ladder, enrolled tiers.Day) []tiers.Grant {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) tiers.Grant {
		from := enrolled + tiers.Day(rapid.IntRange(0, 600).Draw(t, "from"))
		g := tiers.Grant{
			Tier: rapid.SampledFrom(l.Tiers).Draw(t, "granted").Code, From: from,
			Until: from + tiers.Day(rapid.IntRange(1, 300).Draw(t, "for")),
		}
		if l.End != tiers.WhileHeld && rapid.Bool().Draw(t, "challenged") {
			g.Challenge = drawCondition(t, 6)
		}
		return g
	}), 0, 3).Draw(t, "grants")
}

func TestAnEndingIsWhatComesIfNothingMoreHappens(t *testing.T) {
	losses, kept, granted, grace := 0, 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		l := drawLadder(t)
		enrolled := tiers.Date(2027, 1, 31) + tiers.Day(rapid.IntRange(0, 800).Draw(t, "enrolled"))
		day := enrolled + tiers.Day(rapid.IntRange(0, 900).Draw(t, "day"))
		facts := slices.DeleteFunc(drawFacts(t, enrolled), func(f ladders.Fact) bool { return f.Day > day })
		grants := drawGrants(t, l, enrolled)
		m := &tiers.Member{Enrolled: enrolled, Counts: counted(t, facts), Grants: grants}
		s, _ := l.Decide(tiers.State{}, m, day)
		ending, ends := l.Ending(s, m)

		paper := ladders.Paper{Ladder: l, Enrolled: enrolled, Facts: facts, Grants: grants}
		paper.To(day)
		lost, to, found := loses(&paper, day+1000)
		if !found {
			if ends {
				require.Greater(t, ending.Day, day+1000)
			}
			kept++
			return
		}
		losses++
		require.True(t, ends, "lost on %s", lost)
		require.Equal(t, []string{lost.String(), to}, []string{ending.Day.String(), ending.To})
		if ending.Granted {
			granted++
		}
		if ending.To == ending.Tier {
			grace++
		}
	})
	if !testing.Short() {
		for _, n := range []int{losses, kept, granted, grace} {
			require.Positive(t, n)
		}
	}
}

// TestWhatIsMissingByAnEndingPutsItOff counts what the ending says on one of its days.
func TestWhatIsMissingByAnEndingPutsItOff(t *testing.T) {
	asked := 0
	rapid.Check(t, func(t *rapid.T) {
		l := drawLadder(t)
		enrolled := tiers.Date(2027, 1, 31) + tiers.Day(rapid.IntRange(0, 800).Draw(t, "enrolled"))
		day := enrolled + tiers.Day(rapid.IntRange(0, 900).Draw(t, "day"))
		facts := slices.DeleteFunc(drawFacts(t, enrolled), func(f ladders.Fact) bool { return f.Day > day })
		m := &tiers.Member{Enrolled: enrolled, Counts: counted(t, facts), Grants: drawGrants(t, l, enrolled)}
		s, _ := l.Decide(tiers.State{}, m, day)
		ending, ends := l.Ending(s, m)
		if !ends || len(ending.Missing) == 0 {
			require.Zero(t, ending.From)
			return
		}
		asked++
		on := max(ending.From, day)
		on += tiers.Day(rapid.IntRange(0, int(ending.Day-1-on)).Draw(t, "after"))
		for metric, n := range needed(ending.Missing) {
			require.NoError(t, m.Counts.Add(metric, on, n))
		}
		now, _ := l.Decide(tiers.State{}, m, ending.Day)
		tier, _, _, _ := l.Holding(now, m, ending.Day)
		require.GreaterOrEqual(t, rankIn(l, tier), rankIn(l, ending.Tier), "%v on %s", ending.Missing, on)
		if now.Tier == ending.Tier && !ending.Granted && s.Lapsed == 0 {
			require.NotEqual(t, now.Lapsed, ending.Day)
		}
	})
	if !testing.Short() {
		require.Positive(t, asked)
	}
}

func TestTheLeadThatIsNearestToTheEndCounts(t *testing.T) {
	l := tiers.Ladder{Remind: []tiers.Span{{Days: 7}, {Months: 2}, {Months: 1}, {Days: 1}}}
	end := tiers.Date(2028, 3, 31)
	for _, c := range []struct {
		by   string
		lead tiers.Span
		next string
	}{
		{"2028-01-30", tiers.Span{}, "2028-01-31"},
		{"2028-01-31", tiers.Span{Months: 2}, "2028-02-29"},
		{"2028-02-28", tiers.Span{Months: 2}, "2028-02-29"},
		{"2028-02-29", tiers.Span{Months: 1}, "2028-03-24"},
		{"2028-03-26", tiers.Span{Days: 7}, "2028-03-30"},
		{"2028-03-30", tiers.Span{Days: 1}, "9999-12-31"},
		{"2028-03-31", tiers.Span{}, "9999-12-31"},
	} {
		var by tiers.Day
		require.NoError(t, by.UnmarshalText([]byte(c.by)))
		lead, next := l.Lead(end, by)
		require.Equal(t, c.lead, lead, c.by)
		require.Equal(t, c.next, next.String(), c.by)
	}
	require.True(t, tiers.Span{Days: 29}.Nearer(tiers.Span{Months: 1}, end))
	require.False(t, tiers.Span{Days: 31}.Nearer(tiers.Span{Months: 1}, end), "on 29 February both")
	require.True(t, tiers.Span{Days: 31}.Nearer(tiers.Span{}, end))
	require.False(t, tiers.Span{}.Nearer(tiers.Span{Days: 31}, end))
	lead, next := l.Lead(tiers.LastDay, end)
	require.Zero(t, lead, "what never ends has none")
	require.Equal(t, tiers.LastDay, next)
}
