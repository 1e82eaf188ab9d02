package tiers_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

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
