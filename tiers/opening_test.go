package tiers_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/tiers"
)

// TestAStateThatALadderCameToIsAGoodOpening evaluates a ladder to some day, and opens it with
// the state of that day: nothing is missing or changed, also where what can be filled in is
// left out.
func TestAStateThatALadderCameToIsAGoodOpening(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawLadder(t)
		enrolled := tiers.Date(2027, 1, 31)
		m := &tiers.Member{Enrolled: enrolled, Counts: counted(t, drawFacts(t, enrolled))}
		day := enrolled + tiers.Day(rapid.IntRange(0, 900).Draw(t, "day"))
		state, changes := l.Evaluate(tiers.State{}, m, day)
		opened, problems := l.Opening("state", state, m)
		require.Empty(t, problems)
		require.Equal(t, state, opened)

		sparse := state
		if sparse.Highest == sparse.Tier {
			sparse.Highest = ""
		}
		if n := len(changes); n > 0 && changes[n-1].Kind == tiers.Promoted && changes[n-1].Day == state.Since && state.Lapsed == 0 {
			sparse.Until = 0
		}
		if from := periodOf(l.Window, day, enrolled, state); from == sparse.CarriedTo && len(sparse.Carried) > 0 {
			sparse.CarriedTo = 0
		}
		if sparse.Tier != "" && sparse.Since == sparse.At {
			sparse.Since = 0
		}
		opened, problems = l.Opening("state", sparse, m)
		require.Empty(t, problems)
		require.Equal(t, state, opened)
	})
}

// TestAStateThatAnotherTextLeftIsAGoodOpening evaluates a ladder to some day, lets another
// text take its place, with other days of grace, and goes on: what came of it moves
// elsewhere as it is, to a ladder that never had the first text.
func TestAStateThatAnotherTextLeftIsAGoodOpening(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, after := drawLadder(t), drawLadder(t)
		if rapid.Bool().Draw(t, "only the grace is gone") {
			after = before
			after.Grace = 0
		}
		enrolled := tiers.Date(2027, 1, 31)
		m := &tiers.Member{Enrolled: enrolled, Counts: counted(t, drawFacts(t, enrolled))}
		day := enrolled + tiers.Day(rapid.IntRange(0, 900).Draw(t, "day"))
		_, changes := before.Evaluate(tiers.State{}, m, day)
		lapses := slices.DeleteFunc(changes, func(c tiers.Change) bool { return c.Kind != tiers.Lapsing })
		if len(lapses) > 0 {
			day = rapid.SampledFrom(lapses).Draw(t, "lapses").Day + tiers.Day(rapid.IntRange(0, before.Grace-1).Draw(t, "of grace"))
		}
		state, _ := before.Evaluate(tiers.State{}, m, day)
		state, _ = after.Adopt(state, &before, m, day+1)
		state, _ = after.Evaluate(state, m, day+1+tiers.Day(rapid.IntRange(0, 40).Draw(t, "later")))
		opened, problems := after.Opening("state", state, m)
		require.Empty(t, problems)
		require.Equal(t, state, opened)
		next := state.At + tiers.Day(rapid.IntRange(1, 400).Draw(t, "next"))
		want, changes := after.Evaluate(state, m, next)
		got, same := after.Evaluate(opened, m, next)
		require.Equal(t, want, got)
		require.Equal(t, logged(changes), logged(same))
	})
}

func TestDaysOfGraceOfAnEarlierTextAreAGoodOpening(t *testing.T) {
	before := tiers.Ladder{
		Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}}, Grace: 30,
		Tiers: []tiers.Tier{{Code: "silver", Enter: nights(10)}},
	}
	after := before
	after.Grace = 0
	m := &tiers.Member{Enrolled: tiers.Date(2025, 1, 1), Counts: tiers.Counts{"night": {{Day: tiers.Date(2025, 5, 1), Total: 10}}}}
	state, _ := before.Evaluate(tiers.State{}, m, tiers.Date(2027, 1, 5))
	state, _ = after.Adopt(state, &before, m, tiers.Date(2027, 1, 6))
	require.Equal(t, []tiers.Day{tiers.Date(2027, 1, 1), tiers.Date(2027, 1, 31)}, []tiers.Day{state.Lapsed, state.Until})
	opened, problems := after.Opening("state", state, m)
	require.Empty(t, problems)
	require.Equal(t, state, opened)
	end, changes := after.Evaluate(opened, m, tiers.Date(2027, 1, 31))
	require.Empty(t, end.Tier)
	require.Equal(t, tiers.Date(2027, 1, 31), changes[0].Day)
}

// periodOf is the day on which the period of a ladder's window begins that a day is in.
func periodOf(w tiers.Window, day, enrolled tiers.Day, s tiers.State) tiers.Day {
	base := enrolled
	switch {
	case w.Kind == tiers.Cycle:
		base = w.From
	case w.Kind == tiers.TierAnniversary && s.Tier != "":
		base = s.Since
	case w.Kind == tiers.Calendar:
		base = tiers.Date(2000, 1, 1)
	}
	from := base
	for n := -1000; n < 1000; n++ {
		start := base + tiers.Day(n*w.Span.Days)
		if w.Span.Months != 0 {
			start = base.AddMonths(n * w.Span.Months)
		}
		if start <= day {
			from = start
		}
	}
	return from
}

func TestEveryProblemOfAnOpeningIsNamedWithItsPath(t *testing.T) {
	l := tiers.Ladder{
		Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}}, Grace: 30,
		Tiers: []tiers.Tier{{Code: "base"}, {Code: "silver", Enter: nights(10)}, {Code: "gold", Enter: nights(25)}},
	}
	lifelong := tiers.Ladder{
		Code: "life", Window: tiers.Window{Kind: tiers.Lifetime}, End: tiers.WhileHeld,
		Tiers: []tiers.Tier{{Code: "silver", Enter: nights(10)}},
	}
	m := &tiers.Member{Enrolled: tiers.Date(2025, 1, 1)}
	good := tiers.State{Tier: "silver", Since: tiers.Date(2026, 5, 1), Until: tiers.Date(2027, 6, 1), At: tiers.Date(2027, 3, 1)}
	for name, c := range map[string]struct {
		ladder tiers.Ladder
		spoil  func(s *tiers.State)
		path   string
	}{
		"a tier that there is not":            {l, func(s *tiers.State) { s.Tier = "iron" }, "state.tier"},
		"a highest tier that there is not":    {l, func(s *tiers.State) { s.Highest = "iron" }, "state.highest"},
		"a highest tier below the one held":   {l, func(s *tiers.State) { s.Highest = "base" }, "state.highest"},
		"a next tier that there is not":       {l, func(s *tiers.State) { s.Next, s.NextFrom = "iron", tiers.Date(2028, 1, 1) }, "state.next"},
		"a next tier that is held":            {l, func(s *tiers.State) { s.Next, s.NextFrom = "silver", tiers.Date(2028, 1, 1) }, "state.next"},
		"a next tier without its day":         {l, func(s *tiers.State) { s.Next = "gold" }, "state.nextFrom"},
		"a next tier of yesterday":            {l, func(s *tiers.State) { s.Next, s.NextFrom = "gold", s.At }, "state.nextFrom"},
		"an end of no tier":                   {l, func(s *tiers.State) { s.Tier = "" }, "state.tier"},
		"a day before the member was one":     {l, func(s *tiers.State) { s.At = tiers.Date(2024, 12, 31) }, "state.at"},
		"a start before the member was one":   {l, func(s *tiers.State) { s.Since = tiers.Date(2024, 12, 31) }, "state.since"},
		"a start that is not past":            {l, func(s *tiers.State) { s.Since = s.At + 1 }, "state.since"},
		"an end that is past":                 {l, func(s *tiers.State) { s.Until = s.At }, "state.until"},
		"an end that is left out and is past": {l, func(s *tiers.State) { s.Until = 0 }, "state.until"},
		"an end of what everybody has":        {l, func(s *tiers.State) { s.Tier = "base" }, "state.until"},
		"an end of what lasts while it holds": {lifelong, func(*tiers.State) {}, "state.until"},
		"an end after all days":               {l, func(s *tiers.State) { s.Until = tiers.LastDay + 1 }, "state.until"},
		"grace of a ladder without":           {lifelong, func(s *tiers.State) { s.Lapsed, s.Until = s.At, 0 }, "state.lapsed"},
		"grace of more than a year":           {lifelong, func(s *tiers.State) { s.Lapsed, s.Until = s.At, s.At+367 }, "state.until"},
		"grace that has not begun":            {l, func(s *tiers.State) { s.Lapsed = s.At + 1 }, "state.lapsed"},
		"grace from before the tier":          {l, func(s *tiers.State) { s.Lapsed = s.Since - 1 }, "state.lapsed"},
		"nothing that is carried over":        {l, func(s *tiers.State) { s.Carried = []tiers.Need{{Metric: "night"}} }, "state.carried[0].atLeast"},
		"what a lifetime carries over":        {lifelong, func(s *tiers.State) { s.Carried = []tiers.Need{{Metric: "night", AtLeast: 1}} }, "state.carried"},
	} {
		t.Run(name, func(t *testing.T) {
			s := good
			c.spoil(&s)
			_, problems := c.ladder.Opening("state", s, m)
			require.NotEmpty(t, problems)
			require.Equal(t, c.path, problems[0].Path)
		})
	}
}

func nights(n int64) tiers.Condition {
	return tiers.Condition{All: []tiers.Need{{Metric: "night", AtLeast: n}}}
}
