package tiers_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/tiers"
)

func TestAProjectionHoldsAGrantThatOutlastsThePeriod(t *testing.T) {
	ladder := tiers.Ladder{
		Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}},
		Tiers: []tiers.Tier{{Code: "gold", Enter: tiers.Condition{All: []tiers.Need{{Metric: "nights", AtLeast: 10}}}}},
	}
	day := tiers.Date(2027, time.November, 1)
	m := &tiers.Member{
		Enrolled: tiers.Date(2027, time.January, 1),
		Grants:   []tiers.Grant{{Tier: "gold", From: day, Until: tiers.Date(2028, time.March, 1)}},
	}
	s, _ := ladder.Evaluate(tiers.State{}, m, day)
	p := ladder.Progress(s, m, day)
	require.Equal(t, tiers.Date(2028, time.January, 1), p.PeriodEnd)
	require.Equal(t, "gold", p.Projected)
}

func TestWhatIsMissingNamesOnlyWhatIsMissing(t *testing.T) {
	need := func(metric string, n int64) tiers.Need { return tiers.Need{Metric: metric, AtLeast: n} }
	l := tiers.Ladder{
		Code: "status", Window: calendarYear,
		Tiers: []tiers.Tier{{Code: "gold", Enter: tiers.Condition{
			All: []tiers.Need{need("night", 10), need("spend", 100)}, Any: []tiers.Need{need("mile", 5), need("leg", 2)},
		}}},
	}
	day := tiers.Date(2027, time.May, 1)
	spend := tiers.Missing{Metric: "spend", Have: 40, Need: 100, Left: 60}
	some := []tiers.Missing{{Metric: "mile", Have: 1, Need: 5, Left: 4, Any: true}, {Metric: "leg", Need: 2, Left: 2, Any: true}}
	for _, c := range []struct {
		spend, legs int64
		want        []tiers.Missing
	}{
		{40, 2, []tiers.Missing{spend}},
		{100, 0, some},
		{40, 0, append([]tiers.Missing{spend}, some...)},
	} {
		m := &tiers.Member{Enrolled: day, Counts: tiers.Counts{}}
		for metric, n := range map[string]int64{"night": 10, "spend": c.spend, "mile": 1, "leg": c.legs} {
			require.NoError(t, m.Counts.Add(metric, day, n))
		}
		s, _ := l.Evaluate(tiers.State{}, m, day)
		require.Equal(t, c.want, l.Progress(s, m, day).Missing)
	}
}

func TestWhatKeepsATierByHand(t *testing.T) {
	year := tiers.Ladder{Code: "status", Window: calendarYear, Tiers: []tiers.Tier{{Code: "silver", Enter: nights(10)}, {Code: "gold", Enter: nights(25)}}}
	grace, rolls, held := year, year, year
	grace.Grace, rolls.Rollover = 30, []tiers.Rollover{{Metric: "night"}}
	held.Window, held.End, held.Grace = tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Days: 30}}, tiers.WhileHeld, 10
	first, next := tiers.Date(2028, 1, 1), tiers.Date(2029, 1, 1)
	for name, c := range map[string]struct {
		ladder           tiers.Ladder
		day, from, until tiers.Day
		have             int64
	}{
		"the year":                       {year, first + 120, first, next, 0},
		"with what was carried over":     {rolls, first + 120, first, next, 3},
		"the year before, in grace":      {grace, next + 9, first, next + 30, 0},
		"thirty days, in grace":          {held, tiers.Date(2027, 2, 3), tiers.Date(2027, 1, 11), tiers.Date(2027, 2, 10), 0},
		"the year that is kept, early":   {year, first - 1, 0, 0, 0},
		"the first day of the next year": {year, first, first, next, 0},
	} {
		m := &tiers.Member{Enrolled: tiers.Date(2027, 1, 1), Counts: tiers.Counts{}}
		require.NoError(t, m.Counts.Add("night", tiers.Date(2027, 1, 1), 13))
		s, _ := c.ladder.Evaluate(tiers.State{}, m, c.day)
		p := c.ladder.Progress(s, m, c.day)
		require.Equal(t, []tiers.Day{c.from, c.until}, []tiers.Day{p.KeepFrom, p.KeepUntil}, name)
		if c.until != 0 {
			require.Equal(t, []tiers.Missing{{Metric: "night", Have: c.have, Need: 10, Left: 10 - c.have}}, p.Keeping, name)
		}
	}

	// A grant ends while the tier beneath it still holds, which is lost later in the year.
	m := &tiers.Member{Enrolled: tiers.Date(2027, 1, 1), Counts: tiers.Counts{}}
	require.NoError(t, m.Counts.Add("night", tiers.Date(2027, 1, 1), 13))
	gold := tiers.Grant{Tier: "gold", From: first + 60, Until: first + 180}
	silver := tiers.Grant{Tier: "silver", From: first, Until: first + 300}
	for _, grants := range [][]tiers.Grant{{gold, silver}, {silver, gold}} {
		m.Grants = grants
		s, _ := year.Evaluate(tiers.State{}, m, first+120)
		p := year.Progress(s, m, first+120)
		require.Equal(t, []string{"gold", "silver"}, []string{p.Tier, p.Projected})
	}
	m = &tiers.Member{Enrolled: first, Grants: []tiers.Grant{{Tier: "iron", From: first, Until: next}}}
	s, _ := year.Evaluate(tiers.State{}, m, first)
	require.Empty(t, year.Effective(s, m, first), "a grant of a tier that there is not")
	tier, _, _, granted := year.Holding(s, m, first)
	require.Empty(t, tier)
	require.False(t, granted)
	require.False(t, year.Progress(s, m, first).Granted)
}

func TestNothingIsMissingToKeepATierBelowOneThatWaits(t *testing.T) {
	next := tiers.Date(2028, time.January, 1)
	l := tiers.Ladder{
		Code: "status", Window: calendarYear, Start: tiers.NextPeriod,
		Tiers: []tiers.Tier{{Code: "silver", Enter: nights(10), Keep: atLeast("spend", 100)}, {Code: "gold", Enter: nights(25)}},
	}
	m := &tiers.Member{Enrolled: next - 300, Counts: tiers.Counts{}}
	s := tiers.State{Tier: "silver", Highest: "silver", Since: next - 100, Until: next, At: next - 50}
	require.Equal(t, []tiers.Missing{{Metric: "spend", Need: 100, Left: 100}}, l.Progress(s, m, s.At).Keeping)
	s.Next, s.NextFrom = "gold", next
	p := l.Progress(s, m, s.At)
	require.Empty(t, p.Keeping)
	require.Zero(t, p.KeepUntil)
	require.Equal(t, "gold", p.Projected)
}
