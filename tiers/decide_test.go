package tiers_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/tiers"
)

// drawn is a ladder with a member, as the properties below need them.
func drawn(t *rapid.T) (tiers.Ladder, *tiers.Member, tiers.Day) {
	l := drawLadder(t)
	enrolled := tiers.Date(2027, 1, 31) + tiers.Day(rapid.IntRange(0, 800).Draw(t, "enrolled"))
	m := &tiers.Member{Enrolled: enrolled, Counts: counted(t, drawFacts(t, enrolled))}
	if rapid.Bool().Draw(t, "granted") {
		from := enrolled + tiers.Day(rapid.IntRange(0, 300).Draw(t, "from"))
		m.Grants = []tiers.Grant{{
			Tier: l.Tiers[len(l.Tiers)-1].Code, From: from, Until: from + tiers.Day(rapid.IntRange(1, 120).Draw(t, "days")),
			Challenge: drawCondition(t, 6),
		}}
	}
	return l, m, enrolled + tiers.Day(rapid.IntRange(0, 1000).Draw(t, "day"))
}

func TestDecidingADayOnWhichNothingHappenedChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, m, day := drawn(t)
		want, changes := l.Evaluate(tiers.State{}, m, day)
		got, same := l.Decide(tiers.State{}, m, day)
		require.Equal(t, want, got)
		require.Equal(t, logged(changes), logged(same))
	})
}

func TestNothingChangesBeforeTheNextChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, m, day := drawn(t)
		s, _ := l.Evaluate(tiers.State{}, m, day)
		next := l.NextChange(s, m)
		require.Greater(t, next, s.At)
		before, changes := l.Evaluate(s, m, min(next, s.At+4000)-1)
		require.Empty(t, changes)
		for at := s.At + 1; at < min(next, s.At+500); at++ {
			require.Equal(t, l.Effective(s, m, s.At), l.Effective(before, m, at), at.String())
		}
	})
}

func TestALadderThatTakesItsOwnPlaceChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, m, day := drawn(t)
		s, _ := l.Evaluate(tiers.State{}, m, day)
		if s.At == 0 {
			return
		}
		want, changes := l.Evaluate(s, m, day+1)
		got, same := l.Adopt(s, &l, m, day+1)
		require.Equal(t, want, got)
		require.Equal(t, logged(changes), logged(same))
	})
}

func TestAnotherTextOfALadderTakesItsPlace(t *testing.T) {
	nights := func(n int64) tiers.Condition {
		return tiers.Condition{All: []tiers.Need{{Metric: "nights", AtLeast: n}}}
	}
	before := tiers.Ladder{
		Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}},
		Tiers: []tiers.Tier{{Code: "silver", Enter: nights(10)}, {Code: "gold", Enter: nights(25)}, {Code: "black", Enter: nights(60)}},
	}
	m := &tiers.Member{Enrolled: tiers.Date(2027, 1, 5), Counts: tiers.Counts{}}
	require.NoError(t, m.Counts.Add("nights", tiers.Date(2027, 2, 1), 20))
	july := tiers.Date(2027, 7, 1)
	s, _ := before.Evaluate(tiers.State{}, m, july-1)
	require.Equal(t, "silver", s.Tier)

	t.Run("whom a lower threshold takes in comes in on its first day", func(t *testing.T) {
		after := before
		after.Tiers = []tiers.Tier{{Code: "silver", Enter: nights(10)}, {Code: "gold", Enter: nights(20)}}
		got, changes := after.Adopt(s, &before, m, july)
		require.Equal(t, "gold", got.Tier)
		require.Len(t, changes, 1)
		require.Equal(t, []string{"gold"}, changes[0].Entered)
	})
	t.Run("who has a tier that is gone comes to the one below", func(t *testing.T) {
		after := before
		after.Tiers = []tiers.Tier{{Code: "member"}, {Code: "platinum", Enter: nights(50)}}
		got, _ := after.Adopt(s, &before, m, july)
		require.Equal(t, "member", got.Tier)
	})
	t.Run("a tier that never ended ends with the period", func(t *testing.T) {
		held := before
		held.End, held.Window.Kind, held.Window.Span = tiers.WhileHeld, tiers.Lifetime, tiers.Span{}
		s, _ := held.Evaluate(tiers.State{}, m, july-1)
		require.Equal(t, tiers.LastDay, s.Until)
		got, _ := before.Adopt(s, &held, m, july)
		require.Equal(t, tiers.Date(2028, 1, 1), got.Until)
	})
	t.Run("what was carried into a period counts in none where there are none any more", func(t *testing.T) {
		rolls, rolling := before, before
		rolls.Rollover = []tiers.Rollover{{Metric: "nights"}}
		rolling.Window, rolling.End = tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Months: 12}}, tiers.WhileHeld
		s, _ := rolls.Evaluate(tiers.State{}, m, tiers.Date(2028, 6, 30))
		require.Equal(t, tiers.Date(2028, 1, 1), s.CarriedTo)
		require.NotEmpty(t, s.Carried)
		require.NoError(t, m.Counts.Add("nights", tiers.Date(2028, 7, 5), 16))
		s, _ = rolling.Adopt(s, &rolls, m, tiers.Date(2028, 7, 1))
		s, changes := rolling.Evaluate(s, m, tiers.Date(2029, 6, 30))
		require.Empty(t, s.Carried)
		for _, c := range changes {
			require.NotEqual(t, "gold", c.To, "16 nights are not 25")
		}
	})
}
