package tiers_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/internal/enginetest/ladders"
	"github.com/loyaltykit/loyaltykit/tiers"
)

func drawSpan(t *rapid.T, what string) tiers.Span {
	if rapid.Bool().Draw(t, what+" in months") {
		return tiers.Span{Months: rapid.IntRange(1, 14).Draw(t, what)}
	}
	return tiers.Span{Days: rapid.IntRange(1, 400).Draw(t, what)}
}

func drawCondition(t *rapid.T, most int64) tiers.Condition {
	need := rapid.Custom(func(t *rapid.T) tiers.Need {
		return tiers.Need{
			Metric: rapid.SampledFrom([]string{"nights", "spend"}).Draw(t, "metric"), AtLeast: rapid.Int64Range(1, most).Draw(t, "at least"),
		}
	})
	return tiers.Condition{
		All: rapid.SliceOfN(need, 0, 2).Draw(t, "all"),
		Any: rapid.SliceOfN(need, 0, 2).Draw(t, "any"),
	}
}

func drawLadder(t *rapid.T) tiers.Ladder {
	l := tiers.Ladder{Code: "status"}
	l.Window.Kind = rapid.SampledFrom([]tiers.WindowKind{
		tiers.Lifetime, tiers.Rolling, tiers.Calendar, tiers.Anniversary, tiers.TierAnniversary, tiers.Cycle,
	}).Draw(t, "window")
	switch l.Window.Kind {
	case tiers.Calendar:
		l.Window.Span.Months = rapid.SampledFrom([]int{1, 3, 6, 12}).Draw(t, "months")
	case tiers.Rolling, tiers.Anniversary, tiers.TierAnniversary:
		l.Window.Span = drawSpan(t, "span")
	case tiers.Cycle:
		l.Window.Span, l.Window.From = drawSpan(t, "span"), tiers.Date(2027, 2, 28)
	}
	periodic := l.Window.Kind != tiers.Lifetime && l.Window.Kind != tiers.Rolling
	ends := []tiers.End{tiers.AfterSpan, tiers.WhileHeld}
	if periodic {
		l.Start = rapid.SampledFrom([]tiers.Start{tiers.AtOnce, tiers.NextPeriod}).Draw(t, "start")
		ends = []tiers.End{tiers.EndOfPeriod, tiers.EndOfNextPeriod, tiers.AfterSpan, tiers.WhileHeld}
		if l.Start == tiers.NextPeriod || l.Window.Kind == tiers.TierAnniversary {
			ends = ends[:3]
		}
	}
	if l.End = rapid.SampledFrom(ends).Draw(t, "end"); l.End == tiers.AfterSpan {
		l.Lasts = drawSpan(t, "lasts")
	}
	if l.End != tiers.WhileHeld {
		l.Down = rapid.SampledFrom([]tiers.Down{tiers.Recompute, tiers.OneStep}).Draw(t, "down")
	}
	l.Grace = rapid.SampledFrom([]int{0, 0, 1, 30}).Draw(t, "grace")
	if periodic && l.Grace == 0 && rapid.Bool().Draw(t, "rolls over") {
		l.Rollover = []tiers.Rollover{{Metric: "nights", Most: rapid.Int64Range(0, 5).Draw(t, "most")}}
	}
	for i, code := range []string{"bronze", "silver", "gold"}[:rapid.IntRange(1, 3).Draw(t, "tiers")] {
		tier := tiers.Tier{Code: code, Enter: drawCondition(t, int64(4+4*i)), Keep: drawCondition(t, int64(3+3*i)), Reenter: drawCondition(t, int64(2+2*i))}
		if tier.Enter.IsZero() && i > 0 {
			tier.Enter.All = []tiers.Need{{Metric: "nights", AtLeast: int64(5 * i)}}
		}
		if tier.Enter.IsZero() {
			tier.Keep = tiers.Condition{}
		}
		l.Tiers = append(l.Tiers, tier)
	}
	return l
}

func drawFacts(t *rapid.T, enrolled tiers.Day) []ladders.Fact {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) ladders.Fact {
		return ladders.Fact{
			Day:    enrolled + tiers.Day(rapid.IntRange(0, 900).Draw(t, "day")),
			Metric: rapid.SampledFrom([]string{"nights", "spend"}).Draw(t, "metric"),
			Amount: rapid.Int64Range(0, 4).Draw(t, "amount"),
		}
	}), 0, 40).Draw(t, "facts")
}

func counted(t require.TestingT, facts []ladders.Fact) tiers.Counts {
	counts := tiers.Counts{}
	for _, f := range facts {
		require.NoError(t, counts.Add(f.Metric, f.Day, f.Amount))
	}
	return counts
}

func logged(changes []tiers.Change) []string {
	var lines []string
	for _, c := range changes {
		lines = append(lines, c.Day.String()+" "+string(c.Kind)+" "+c.From+" "+c.To+" "+c.Until.String())
	}
	return lines
}

func TestEvaluateAgreesWithANaiveModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawLadder(t)
		require.Empty(t, tiers.ValidateLadders("ladders", []tiers.Ladder{l}, []string{"nights", "spend"}))
		enrolled := tiers.Date(2027, 1, 31) + tiers.Day(rapid.IntRange(0, 800).Draw(t, "enrolled"))
		facts := drawFacts(t, enrolled)
		var grants []tiers.Grant
		if rapid.Bool().Draw(t, "granted") {
			from := enrolled + tiers.Day(rapid.IntRange(0, 300).Draw(t, "from"))
			grants = []tiers.Grant{{
				Tier: l.Tiers[len(l.Tiers)-1].Code, From: from, Until: from + tiers.Day(rapid.IntRange(1, 120).Draw(t, "days")),
				Challenge: drawCondition(t, 6),
			}}
		}
		to := enrolled + tiers.Day(rapid.IntRange(0, 1000).Draw(t, "to"))
		model := ladders.Paper{Ladder: l, Enrolled: enrolled, Facts: facts, Grants: grants}
		model.To(to)

		m := &tiers.Member{Enrolled: enrolled, Counts: counted(t, facts), Grants: grants}
		state, changes := l.Evaluate(tiers.State{}, m, to)
		require.Equal(t, model.Log, logged(changes))
		require.Equal(t, model.Tier(), state.Tier)

		// In steps, forgetting what cannot matter any more, it comes to the same.
		var steps []tiers.Change
		var s tiers.State
		for day := enrolled; day < to; day += tiers.Day(rapid.IntRange(1, 200).Draw(t, "step")) {
			var more []tiers.Change
			s, more = l.Evaluate(s, m, day)
			steps = append(steps, more...)
			m.Counts.Forget(l.Reach(s, m))
		}
		s, more := l.Evaluate(s, m, to)
		require.Equal(t, logged(changes), logged(append(steps, more...)))
		require.Equal(t, state, s)
	})
}

func TestWhatCountsOnceATierIsLostIsWithinReach(t *testing.T) {
	l := tiers.Ladder{
		Code: "status", Window: tiers.Window{Kind: tiers.TierAnniversary, Span: tiers.Span{Months: 4}}, End: tiers.AfterSpan, Lasts: tiers.Span{Months: 2},
		Tiers: []tiers.Tier{{Code: "silver", Enter: nights(1)}, {Code: "gold", Enter: nights(6)}},
	}
	m := &tiers.Member{Enrolled: tiers.Date(2027, 1, 31), Counts: tiers.Counts{}}
	require.NoError(t, m.Counts.Add("night", tiers.Date(2027, 1, 31), 4))
	require.NoError(t, m.Counts.Add("night", tiers.Date(2028, 3, 6), 2))
	held := tiers.State{Tier: "silver", Highest: "silver", Since: tiers.Date(2028, 3, 7), Until: tiers.Date(2028, 5, 7), At: tiers.Date(2028, 4, 5)}
	m.Counts.Forget(l.Reach(held, m))
	s, _ := l.Evaluate(held, m, tiers.Date(2028, 6, 1))
	require.Equal(t, "silver", s.Tier, "of the days since 31 January 2028 there are two nights")
}

func TestTheOrderOfFactsMakesNoDifference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := drawFacts(t, tiers.Date(2027, 1, 1))
		require.Equal(t, sums(counted(t, facts)), sums(counted(t, rapid.Permutation(facts).Draw(t, "order"))))
	})
}

// sums drops days that came to nothing and says what each metric had by each day.
func sums(c tiers.Counts) map[string][]tiers.Mark {
	all := map[string][]tiers.Mark{}
	for metric, marks := range c {
		all[metric] = append([]tiers.Mark{}, marks...)
	}
	return all
}
