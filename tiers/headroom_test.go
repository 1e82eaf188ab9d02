package tiers_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/tiers"
)

// TestWithinTheHeadroomNothingChanges counts less than the room that is left, on any days
// before the end that is named, and finds the state as it was.
func TestWithinTheHeadroomNothingChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawLadder(t)
		enrolled := tiers.Date(2027, 1, 31) + tiers.Day(rapid.IntRange(0, 400).Draw(t, "enrolled"))
		m := &tiers.Member{Enrolled: enrolled, Counts: counted(t, drawFacts(t, enrolled))}
		if rapid.Bool().Draw(t, "granted") {
			from := enrolled + tiers.Day(rapid.IntRange(0, 300).Draw(t, "from"))
			m.Grants = []tiers.Grant{{
				Tier: l.Tiers[len(l.Tiers)-1].Code, From: from, Until: from + tiers.Day(rapid.IntRange(1, 120).Draw(t, "days")),
				Challenge: drawCondition(t, 6),
			}}
		}
		today := enrolled + tiers.Day(rapid.IntRange(0, 1000).Draw(t, "today"))
		if _, changes := l.Decide(tiers.State{}, m, enrolled+1000); len(changes) > 0 && rapid.Bool().Draw(t, "on a day of a change") {
			today = rapid.SampledFrom(changes).Draw(t, "change").Day
		}
		s, _ := l.Decide(tiers.State{}, m, today)
		room, until := l.Headroom(s, m)
		if until <= today {
			return
		}
		last, due := min(until-1, today+500), l.NextChange(s, m)
		for _, metric := range []string{"nights", "spend"} {
			left := int64(20)
			for _, n := range room {
				if n.Metric == metric {
					left = n.AtLeast - 1
				}
			}
			for left > 0 {
				amount := rapid.Int64Range(1, left).Draw(t, metric)
				day := today + tiers.Day(rapid.IntRange(0, int(last-today)).Draw(t, metric+" day"))
				require.NoError(t, m.Counts.Add(metric, day, amount))
				left -= amount
			}
		}
		want := s
		want.At = last
		now, changes := l.Decide(s, m, last)
		require.Empty(t, logged(changes))
		require.Equal(t, want, now)
		require.GreaterOrEqual(t, l.NextChange(now, m), due, "what is added brings nothing forward")
		fresh, _ := l.Decide(tiers.State{}, m, today)
		require.Equal(t, s, fresh, "also by what is counted on the day itself, decided anew")
		if again, changes := l.Decide(s, m, today); last > today {
			require.Empty(t, logged(changes))
			require.Equal(t, s.Tier, again.Tier)
		}
	})
}

func TestTheHeadroomEndsExactlyAtAThreshold(t *testing.T) {
	l := tiers.Ladder{
		Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}}, End: tiers.EndOfNextPeriod,
		Tiers: []tiers.Tier{
			{Code: "silver", Enter: tiers.Condition{All: []tiers.Need{{Metric: "nights", AtLeast: 10}}}},
			{Code: "gold", Enter: tiers.Condition{Any: []tiers.Need{{Metric: "nights", AtLeast: 40}, {Metric: "spend", AtLeast: 500}}}},
		},
	}
	m := &tiers.Member{Enrolled: tiers.Date(2027, 1, 1), Counts: tiers.Counts{}}
	march := tiers.Date(2027, 3, 1)
	require.NoError(t, m.Counts.Add("nights", march, 12))
	s, _ := l.Decide(tiers.State{}, m, march)
	room, until := l.Headroom(s, m)
	require.Equal(t, []tiers.Need{{Metric: "nights", AtLeast: 28}, {Metric: "spend", AtLeast: 500}}, room)
	require.Equal(t, tiers.Date(2028, 1, 1), until)

	require.NoError(t, m.Counts.Add("nights", march+9, 28))
	_, changes := l.Decide(s, m, march+9)
	require.Len(t, changes, 1)
}
