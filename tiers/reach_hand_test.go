package tiers_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/tiers"
)

func TestReachByHand(t *testing.T) {
	at := tiers.Date(2028, 5, 10)
	state := tiers.State{Tier: "gold", Highest: "gold", Since: tiers.Date(2028, 3, 7), Until: tiers.Date(2029, 1, 1), At: at}
	lapsed := state
	lapsed.Lapsed, lapsed.Until = tiers.Date(2028, 1, 1), at+5
	later := state
	later.At = tiers.Date(2028, 6, 5)
	calendar := tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}}
	four := tiers.Window{Kind: tiers.TierAnniversary, Span: tiers.Span{Months: 4}}
	grant := func(from, until tiers.Day, c tiers.Condition) []tiers.Grant {
		return []tiers.Grant{{Tier: "gold", From: from, Until: until, Challenge: c}}
	}
	for name, c := range map[string]struct {
		window tiers.Window
		state  tiers.State
		grants []tiers.Grant
		want   tiers.Day
	}{
		"the year":                               {calendar, state, nil, tiers.Date(2028, 1, 1)},
		"the year that ended before the grace":   {calendar, lapsed, nil, tiers.Date(2027, 1, 1)},
		"twelve months with today":               {tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Months: 12}}, state, nil, tiers.Date(2027, 5, 11)},
		"the totals of a lifetime":               {tiers.Window{Kind: tiers.Lifetime}, state, nil, at},
		"the months since enrollment, if longer": {four, state, nil, tiers.Date(2028, 1, 31)},
		"the months since the tier, if longer":   {four, later, nil, tiers.Date(2028, 3, 7)},
		"a challenge from before":                {calendar, state, grant(tiers.Date(2027, 11, 2), at+1, nights(3)), tiers.Date(2027, 11, 2)},
		"a challenge from within":                {calendar, state, grant(tiers.Date(2028, 2, 2), at+1, nights(3)), tiers.Date(2028, 1, 1)},
		"a challenge that is decided":            {calendar, state, grant(tiers.Date(2027, 11, 2), at, nights(3)), tiers.Date(2028, 1, 1)},
		"a grant without a challenge":            {calendar, state, grant(tiers.Date(2027, 11, 2), at+1, tiers.Condition{}), tiers.Date(2028, 1, 1)},
	} {
		l := tiers.Ladder{Code: "status", Window: c.window, Tiers: []tiers.Tier{{Code: "gold", Enter: nights(5)}}}
		m := &tiers.Member{Enrolled: tiers.Date(2027, 1, 31), Grants: c.grants}
		require.Equal(t, c.want.String(), l.Reach(c.state, m).String(), name)
	}
}

// TestTheEasiestWayToHoldATierIsMissing has a member of whom everything leaves the window on
// 31 January: what is missing then is to keep the tier or to get in, whichever is less.
func TestTheEasiestWayToHoldATierIsMissing(t *testing.T) {
	night := func(n int64) tiers.Need { return tiers.Need{Metric: "night", AtLeast: n} }
	spend := func(n int64) tiers.Need { return tiers.Need{Metric: "spend", AtLeast: n} }
	all := func(needs ...tiers.Need) tiers.Condition { return tiers.Condition{All: needs} }
	some := func(needs ...tiers.Need) tiers.Condition { return tiers.Condition{Any: needs} }
	first := tiers.Date(2027, 1, 1)
	for name, c := range map[string]struct {
		keep, enter, reenter tiers.Condition
		want                 tiers.Condition
	}{
		"to keep asks for less":                        {keep: all(night(4)), enter: all(night(10)), want: all(night(4))},
		"to get in asks for less":                      {keep: all(spend(100)), enter: all(night(3)), want: all(night(3))},
		"to get in again asks for less":                {keep: all(spend(100)), enter: all(night(10)), reenter: all(night(2)), want: all(night(2))},
		"to get in asks for less than again":           {keep: all(spend(100)), enter: all(night(3)), reenter: all(night(20)), want: all(night(3))},
		"both ask for as much":                         {keep: all(night(3), spend(4)), enter: all(night(7)), want: all(night(3), spend(4))},
		"all together count":                           {keep: all(night(4), spend(4)), enter: all(night(7)), want: all(night(7))},
		"the most of a metric that is asked for twice": {keep: all(night(5), night(3)), enter: all(night(6)), want: all(night(5), night(3))},
		"the least of some":                            {keep: some(night(9), spend(5)), enter: all(night(6)), want: some(night(9), spend(5))},
		"the least of some is more":                    {keep: some(night(9), spend(5)), enter: all(night(4)), want: all(night(4))},
		"some beside all": {
			keep: tiers.Condition{All: all(night(3)).All, Any: all(night(5), spend(4)).All}, enter: all(night(6)),
			want: tiers.Condition{All: all(night(3)).All, Any: all(night(5), spend(4)).All},
		},
		"some beside all is more": {
			keep: tiers.Condition{All: all(night(3)).All, Any: all(night(5), spend(4)).All}, enter: all(night(4)), want: all(night(4)),
		},
		"some that all hold already": {
			keep: tiers.Condition{All: all(night(5)).All, Any: all(night(2)).All}, enter: all(night(4)), want: all(night(4)),
		},
		"the most of a metric is more than to get in": {keep: all(night(5), night(3)), enter: all(night(4)), want: all(night(4))},
		"some that all hold already add nothing": {
			keep: tiers.Condition{All: all(night(5)).All, Any: all(night(2)).All}, enter: all(night(5)),
			want: tiers.Condition{All: all(night(5)).All, Any: all(night(2)).All},
		},
		"more than there can be": {keep: all(spend(5)), enter: all(night(math.MaxInt64), spend(math.MaxInt64)), want: all(spend(5))},
	} {
		t.Run(name, func(t *testing.T) {
			l := tiers.Ladder{
				Code: "status", Window: tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Days: 30}}, End: tiers.WhileHeld,
				Tiers: []tiers.Tier{{Code: "gold", Enter: c.enter, Keep: c.keep, Reenter: c.reenter}},
			}
			m := &tiers.Member{Enrolled: first, Counts: tiers.Counts{}}
			require.NoError(t, m.Counts.Add("night", first, 100))
			require.NoError(t, m.Counts.Add("spend", first, 100))
			s := tiers.State{Tier: "gold", Highest: "gold", Since: first, Until: tiers.LastDay, At: first}
			ending, ends := l.Ending(s, m)
			require.True(t, ends)
			var want []tiers.Missing
			for _, n := range c.want.All {
				want = append(want, tiers.Missing{Metric: n.Metric, Need: n.AtLeast, Left: n.AtLeast})
			}
			for _, n := range c.want.Any {
				want = append(want, tiers.Missing{Metric: n.Metric, Need: n.AtLeast, Left: n.AtLeast, Any: true})
			}
			require.Equal(t, tiers.Ending{Tier: "gold", Day: first + 30, Missing: want, From: first + 1}, ending)
		})
	}
}
