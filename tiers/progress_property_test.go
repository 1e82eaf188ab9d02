package tiers_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/internal/enginetest/ladders"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// needed is what has to be counted of each metric so that all of All and one of Any is no
// more missing: the one that asks for least beside the others.
func needed(missing []tiers.Missing) map[string]int64 {
	need := map[string]int64{}
	for _, m := range missing {
		if !m.Any {
			need[m.Metric] = max(need[m.Metric], m.Left)
		}
	}
	var one *tiers.Missing
	for i, m := range missing {
		if m.Any && (one == nil || m.Left-need[m.Metric] < one.Left-need[one.Metric]) {
			one = &missing[i]
		}
	}
	if one != nil {
		need[one.Metric] = max(need[one.Metric], one.Left)
	}
	return need
}

// asked is a member of whom progress was asked at the end of a day.
type asked struct {
	ladder   tiers.Ladder
	member   *tiers.Member
	facts    []ladders.Fact
	day      tiers.Day
	state    tiers.State
	progress tiers.Progress
}

func drawAsked(t *rapid.T) asked {
	a := asked{ladder: drawLadder(t)}
	enrolled := tiers.Date(2027, 1, 31) + tiers.Day(rapid.IntRange(0, 800).Draw(t, "enrolled"))
	a.day = enrolled + tiers.Day(rapid.IntRange(0, 900).Draw(t, "day"))
	a.facts = slices.DeleteFunc(drawFacts(t, enrolled), func(f ladders.Fact) bool { return f.Day > a.day })
	a.member = &tiers.Member{Enrolled: enrolled, Counts: counted(t, a.facts)}
	a.state, _ = a.ladder.Evaluate(tiers.State{}, a.member, a.day)
	a.progress = a.ladder.Progress(a.state, a.member, a.day)
	return a
}

// with is what becomes of the member who also does something on a day, by the end of
// another one, and the changes since the day that was asked about.
func (a *asked) with(t *rapid.T, need map[string]int64, on, to tiers.Day) (tiers.State, []tiers.Change) {
	counts := counted(t, a.facts)
	for metric, n := range need {
		if n > 0 {
			require.NoError(t, counts.Add(metric, on, n))
		}
	}
	m := &tiers.Member{Enrolled: a.member.Enrolled, Counts: counts}
	s, changes := a.ladder.Evaluate(tiers.State{}, m, to)
	return s, slices.DeleteFunc(changes, func(c tiers.Change) bool { return c.Day < on })
}

// lost reports whether the tier that was asked about is not kept on the day that a state is of.
func (a *asked) lost(s tiers.State) bool {
	is, was := rankIn(a.ladder, s.Tier), rankIn(a.ladder, a.state.Tier)
	return is < was || is == was && a.state.Lapsed == 0 && s.Lapsed == s.At
}

// oneLess lists what is needed with one less of one metric.
func oneLess(need map[string]int64) []map[string]int64 {
	var list []map[string]int64
	for _, metric := range []string{"nights", "spend"} {
		if need[metric] > 0 {
			less := map[string]int64{"nights": need["nights"], "spend": need["spend"]}
			less[metric]--
			list = append(list, less)
		}
	}
	return list
}

// TestWhatIsMissingToKeepATierKeepsItAndOneLessDoesNot counts what Progress says on some day
// of the days that it names.
func TestWhatIsMissingToKeepATierKeepsItAndOneLessDoesNot(t *testing.T) {
	asked, kept := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		a := drawAsked(t)
		p := &a.progress
		if a.state.Tier == "" || a.state.Until == tiers.LastDay {
			require.Empty(t, p.Keeping)
			return
		}
		if len(p.Keeping) == 0 {
			require.Zero(t, p.KeepFrom)
			require.Zero(t, p.KeepUntil)
			s, _ := a.with(t, nil, a.day, a.state.Until)
			require.False(t, a.lost(s), "nothing is missing")
			kept++
			return
		}
		asked++
		require.Equal(t, a.state.Until, p.KeepUntil)
		need, last := needed(p.Keeping), p.KeepUntil-1
		on := max(p.KeepFrom, a.day)
		on += tiers.Day(rapid.IntRange(0, int(last-on)).Draw(t, "after"))
		s, changes := a.with(t, need, on, p.KeepUntil)
		require.False(t, a.lost(s), "%v on %s, %v", need, on, changes)
		if a.ladder.End == tiers.WhileHeld {
			on = last // What leaves the window until then is missing on the last day only.
		}
		for _, less := range oneLess(need) {
			s, changes := a.with(t, less, on, p.KeepUntil)
			require.True(t, a.lost(s) || promoted(changes), "%v of %v on %s, %v", less, need, on, changes)
		}
	})
	if !testing.Short() {
		require.Positive(t, asked)
		require.Positive(t, kept)
	}
}

func promoted(changes []tiers.Change) bool {
	return slices.ContainsFunc(changes, func(c tiers.Change) bool { return c.Kind == tiers.Promoted })
}

// TestWhatIsMissingToTheNextTierIsEnoughAndOneLessIsNot counts what Progress says on the day
// itself.
func TestWhatIsMissingToTheNextTierIsEnoughAndOneLessIsNot(t *testing.T) {
	asked := 0
	rapid.Check(t, func(t *rapid.T) {
		a := drawAsked(t)
		if a.progress.Next == "" || len(a.progress.Missing) == 0 || a.state.Since == a.day {
			return // What is counted on a day may still keep a tier that ends with it.
		}
		asked++
		need := needed(a.progress.Missing)
		_, next := a.ladder.Find(a.progress.Next)
		reached := func(s tiers.State) bool {
			_, is := a.ladder.Find(s.Tier)
			_, starts := a.ladder.Find(s.Next)
			return max(is, starts) >= next
		}
		s, _ := a.with(t, need, a.day, a.day)
		require.True(t, reached(s), "%v is enough", need)
		for _, less := range oneLess(need) {
			s, _ := a.with(t, less, a.day, a.day)
			if reached(s) {
				// A tier above asks for less of something.
				require.Greater(t, max(rankIn(a.ladder, s.Tier), rankIn(a.ladder, s.Next)), next, "%v of %v", less, need)
			}
		}
	})
	if !testing.Short() {
		require.Positive(t, asked)
	}
}

func rankIn(l tiers.Ladder, code string) int {
	_, rank := l.Find(code)
	return rank
}
