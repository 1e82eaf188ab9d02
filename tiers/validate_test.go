package tiers_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/tiers"
)

func TestEveryProblemOfALadderIsNamedWithItsPath(t *testing.T) {
	good := func() tiers.Ladder {
		return tiers.Ladder{
			Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}},
			Tiers: []tiers.Tier{{Code: "base"}, {Code: "gold", Enter: tiers.Condition{All: []tiers.Need{{Metric: "night", AtLeast: 10}}}}},
		}
	}
	for name, c := range map[string]struct {
		spoil func(l *tiers.Ladder)
		path  string
	}{
		"no code":                   {func(l *tiers.Ladder) { l.Code = "" }, "ladders[0].code"},
		"an unknown window":         {func(l *tiers.Ladder) { l.Window.Kind = "fortnight" }, "ladders[0].window.kind"},
		"a calendar of five months": {func(l *tiers.Ladder) { l.Window.Span.Months = 5 }, "ladders[0].window.span.months"},
		"a cycle without a start":   {func(l *tiers.Ladder) { l.Window.Kind = tiers.Cycle }, "ladders[0].window.from"},
		"a span of days and months": {func(l *tiers.Ladder) {
			l.Window = tiers.Window{Kind: tiers.Anniversary, Span: tiers.Span{Days: 1, Months: 1}}
		}, "ladders[0].window.span"},
		"no end of a rolling window":     {func(l *tiers.Ladder) { l.Window.Kind = tiers.Rolling }, "ladders[0].end"},
		"an end that lasts no time":      {func(l *tiers.Ladder) { l.End = tiers.AfterSpan }, "ladders[0].lasts"},
		"a length without its end":       {func(l *tiers.Ladder) { l.Lasts.Days = 3 }, "ladders[0].lasts"},
		"negative grace":                 {func(l *tiers.Ladder) { l.Grace = -1 }, "ladders[0].grace"},
		"a rollover of nothing known":    {func(l *tiers.Ladder) { l.Rollover = []tiers.Rollover{{Metric: "mile"}} }, "ladders[0].rollover[0].metric"},
		"a rollover with grace":          {func(l *tiers.Ladder) { l.Rollover, l.Grace = []tiers.Rollover{{Metric: "night"}}, 5 }, "ladders[0].grace"},
		"eleven leads":                   {func(l *tiers.Ladder) { l.Remind = make([]tiers.Span, 11) }, "ladders[0].remind"},
		"a lead of two years":            {func(l *tiers.Ladder) { l.Remind = []tiers.Span{{Months: 24}} }, "ladders[0].remind[0].months"},
		"a lead of a thousand days":      {func(l *tiers.Ladder) { l.Remind = []tiers.Span{{Days: 1000}} }, "ladders[0].remind[0].days"},
		"a lead of no time":              {func(l *tiers.Ladder) { l.Remind = []tiers.Span{{Days: 7}, {}} }, "ladders[0].remind[1]"},
		"a lead twice":                   {func(l *tiers.Ladder) { l.Remind = []tiers.Span{{Days: 7}, {Days: 7}} }, "ladders[0].remind[1]"},
		"a soft landing every day":       {func(l *tiers.Ladder) { l.Down, l.End = tiers.OneStep, tiers.WhileHeld }, "ladders[0].down"},
		"no tiers":                       {func(l *tiers.Ladder) { l.Tiers = nil }, "ladders[0].tiers"},
		"a tier twice":                   {func(l *tiers.Ladder) { l.Tiers[1].Code = "base" }, "ladders[0].tiers[1].code"},
		"a high tier that takes anybody": {func(l *tiers.Ladder) { l.Tiers[1].Enter = tiers.Condition{} }, "ladders[0].tiers[1].enter"},
		"a threshold of 0":               {func(l *tiers.Ladder) { l.Tiers[1].Enter.All[0].AtLeast = 0 }, "ladders[0].tiers[1].enter.all[0].atLeast"},
		"a metric that there is not":     {func(l *tiers.Ladder) { l.Tiers[1].Enter.All[0].Metric = "mile" }, "ladders[0].tiers[1].enter.all[0].metric"},
		"points of 0 on entering":        {func(l *tiers.Ladder) { l.Tiers[1].Benefits.Points = map[string]int64{"bean": 0} }, "ladders[0].tiers[1].benefits.points.bean"},
	} {
		l := good()
		c.spoil(&l)
		problems := tiers.ValidateLadders("ladders", []tiers.Ladder{l}, []string{"night"})
		if assert.NotEmpty(t, problems, name) {
			assert.Equal(t, c.path, problems[0].Path, name)
		}
	}
	assert.Empty(t, tiers.ValidateLadders("ladders", []tiers.Ladder{good()}, []string{"night"}))
}

// TestEveryLimitOfALadderHoldsExactly spoils a ladder by one step beyond each limit; at the
// limit it is good.
func TestEveryLimitOfALadderHoldsExactly(t *testing.T) {
	needs := func(n int) []tiers.Need {
		return slices.Repeat([]tiers.Need{{Metric: "night", AtLeast: 1}}, n)
	}
	gold := func(l *tiers.Ladder) *tiers.Tier { return &l.Tiers[1] }
	window := func(l *tiers.Ladder, kind tiers.WindowKind, s tiers.Span) { l.Window.Kind, l.Window.Span = kind, s }
	earn := func(l *tiers.Ladder, factor string) {
		gold(l).Benefits.Earn = map[string]decimal.Decimal{"bean": decimal.RequireFromString(factor)}
	}
	type change func(l *tiers.Ladder)
	for _, c := range []struct {
		path      string
		good, bad change
	}{
		{"code", func(l *tiers.Ladder) { l.Code = strings.Repeat("a", 64) }, func(l *tiers.Ladder) { l.Code = strings.Repeat("a", 65) }},
		{"code", nil, func(l *tiers.Ladder) { l.Code = "a/b" }},
		{"grace", func(l *tiers.Ladder) { l.Grace = 366 }, func(l *tiers.Ladder) { l.Grace = 367 }},
		{
			"rollover[0].most", func(l *tiers.Ladder) { l.Rollover = []tiers.Rollover{{Metric: "night"}} },
			func(l *tiers.Ladder) { l.Rollover = []tiers.Rollover{{Metric: "night", Most: -1}} },
		},
		{"rollover", nil, func(l *tiers.Ladder) {
			l.Rollover = []tiers.Rollover{{Metric: "night"}}
			window(l, tiers.Rolling, tiers.Span{Days: 9})
			l.End = tiers.WhileHeld
		}},
		{"grace", nil, func(l *tiers.Ladder) { l.Rollover, l.Grace = []tiers.Rollover{{Metric: "night"}}, 1 }},
		{"tiers", func(l *tiers.Ladder) { l.Tiers = many(50) }, func(l *tiers.Ladder) { l.Tiers = many(51) }},
		{"window.span", nil, func(l *tiers.Ladder) { l.Window.Kind, l.End = tiers.Lifetime, tiers.WhileHeld }},
		{"window.span.months", nil, func(l *tiers.Ladder) { l.Window.Span = tiers.Span{Months: 12, Days: 1} }},
		{
			"window.span.days", func(l *tiers.Ladder) { window(l, tiers.Anniversary, tiers.Span{Days: 36600}) },
			func(l *tiers.Ladder) { window(l, tiers.Anniversary, tiers.Span{Days: 36601}) },
		},
		{"window.span.days", nil, func(l *tiers.Ladder) { window(l, tiers.Anniversary, tiers.Span{Days: -1}) }},
		{
			"window.span.months", func(l *tiers.Ladder) { window(l, tiers.Anniversary, tiers.Span{Months: 1200}) },
			func(l *tiers.Ladder) { window(l, tiers.Anniversary, tiers.Span{Months: 1201}) },
		},
		{"window.span.months", nil, func(l *tiers.Ladder) { window(l, tiers.Anniversary, tiers.Span{Months: -1}) }},
		{
			"window.from", func(l *tiers.Ladder) { l.Window = cycleFrom(tiers.LastDay) },
			func(l *tiers.Ladder) { l.Window = cycleFrom(tiers.LastDay + 1) },
		},
		{"window.from", func(l *tiers.Ladder) { l.Window = cycleFrom(1) }, func(l *tiers.Ladder) { l.Window = cycleFrom(-1) }},
		{"start", nil, func(l *tiers.Ladder) { l.Start = "tomorrow" }},
		{"start", nil, func(l *tiers.Ladder) {
			window(l, tiers.Rolling, tiers.Span{Days: 9})
			l.Start, l.End, l.Lasts = tiers.NextPeriod, tiers.AfterSpan, tiers.Span{Days: 9}
		}},
		{"end", nil, func(l *tiers.Ladder) { l.End = "someday" }},
		{"end", func(l *tiers.Ladder) { l.End = tiers.WhileHeld }, func(l *tiers.Ladder) { l.Start, l.End = tiers.NextPeriod, tiers.WhileHeld }},
		{"end", nil, func(l *tiers.Ladder) { l.Window.Kind, l.End = tiers.TierAnniversary, tiers.WhileHeld }},
		{"down", func(l *tiers.Ladder) { l.Down = tiers.OneStep }, func(l *tiers.Ladder) { l.Down = "two-steps" }},
		{"remind[0].days", func(l *tiers.Ladder) { l.Remind = []tiers.Span{{Days: 366}} }, func(l *tiers.Ladder) { l.Remind = []tiers.Span{{Days: 367}} }},
		{"remind[0].months", func(l *tiers.Ladder) { l.Remind = []tiers.Span{{Months: 12}} }, func(l *tiers.Ladder) { l.Remind = []tiers.Span{{Months: 13}} }},
		{"tiers[0].keep", nil, func(l *tiers.Ladder) { l.Tiers[0].Keep.All = needs(1) }},
		{"tiers[1].enter.all", func(l *tiers.Ladder) { gold(l).Enter.All = needs(20) }, func(l *tiers.Ladder) { gold(l).Enter.All = needs(21) }},
		{"tiers[1].keep.any", func(l *tiers.Ladder) { gold(l).Keep.Any = needs(20) }, func(l *tiers.Ladder) { gold(l).Keep.Any = needs(21) }},
		{"tiers[1].reenter.all", func(l *tiers.Ladder) { gold(l).Reenter.All = needs(20) }, func(l *tiers.Ladder) { gold(l).Reenter.All = needs(21) }},
		{"tiers[1].benefits.earn.bean", func(l *tiers.Ladder) { earn(l, "1000") }, func(l *tiers.Ladder) { earn(l, "1000.000001") }},
		{"tiers[1].benefits.earn.bean", func(l *tiers.Ladder) { earn(l, "0.000001") }, func(l *tiers.Ladder) { earn(l, "0.0000001") }},
		{"tiers[1].benefits.earn.bean", func(l *tiers.Ladder) { earn(l, "1") }, func(l *tiers.Ladder) { earn(l, "0") }},
		{
			"tiers[1].benefits.earlyAccess", func(l *tiers.Ladder) { gold(l).Benefits.EarlyAccess = 8784 },
			func(l *tiers.Ladder) { gold(l).Benefits.EarlyAccess = 8785 },
		},
		{"tiers[1].benefits.earlyAccess", nil, func(l *tiers.Ladder) { gold(l).Benefits.EarlyAccess = -1 }},
		{
			"tiers[1].benefits.points.bean",
			func(l *tiers.Ladder) {
				gold(l).Benefits.Points = map[string]int64{"bean": 1, "leaf": int64(points.MaxAmount)}
			},
			func(l *tiers.Ladder) { gold(l).Benefits.Points = map[string]int64{"bean": -1} },
		},
	} {
		ladder := func(change change) points.Problems {
			l := tiers.Ladder{
				Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}},
				Tiers: []tiers.Tier{{Code: "base"}, {Code: "gold", Enter: tiers.Condition{All: needs(1)}}},
			}
			change(&l)
			return tiers.ValidateLadders("l", []tiers.Ladder{l}, []string{"night"})
		}
		if c.good != nil {
			assert.Empty(t, ladder(c.good), c.path)
		}
		if problems := ladder(c.bad); assert.Len(t, problems, 1, c.path) {
			assert.Equal(t, "l[0]."+c.path, problems[0].Path)
		}
	}
}

func cycleFrom(day tiers.Day) tiers.Window {
	return tiers.Window{Kind: tiers.Cycle, Span: tiers.Span{Months: 6}, From: day}
}

// many are tiers that each take one night more.
func many(n int) []tiers.Tier {
	list := make([]tiers.Tier, n)
	for i := range list {
		list[i] = tiers.Tier{Code: strconv.Itoa(i), Enter: tiers.Condition{All: []tiers.Need{{Metric: "night", AtLeast: int64(i) + 1}}}}
	}
	return list
}
