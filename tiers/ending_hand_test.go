package tiers_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/tiers"
)

func TestEndingsByHand(t *testing.T) {
	l := tiers.Ladder{Code: "status", Window: calendarYear, Tiers: []tiers.Tier{
		{Code: "base"}, {Code: "silver", Enter: nights(10)}, {Code: "gold", Enter: nights(25)}, {Code: "black", Enter: nights(60)},
	}}
	grace := l
	grace.Grace = 30
	march, july := tiers.Date(2027, 3, 1), tiers.Date(2027, 7, 1)
	may, next := tiers.Date(2028, 5, 1), tiers.Date(2029, 1, 1)
	lacks := []tiers.Missing{{Metric: "night", Need: 10, Left: 10}}
	gold := tiers.Grant{Tier: "gold", From: march, Until: july}
	asked := gold
	asked.Challenge = nights(20)
	byGrant := tiers.Ending{Tier: "gold", To: "silver", Day: july, Granted: true}
	byChallenge := byGrant
	byChallenge.Missing, byChallenge.From = []tiers.Missing{{Metric: "night", Have: 12, Need: 20, Left: 8}}, march
	none := tiers.Ending{}
	for name, c := range map[string]struct {
		ladder tiers.Ladder
		day    tiers.Day
		grants []tiers.Grant
		want   tiers.Ending
	}{
		"before the first decision":          {l, tiers.Date(2026, 12, 1), nil, none},
		"what everybody has":                 {l, march - 1, nil, none},
		"what the year keeps":                {l, july, nil, none},
		"what the year does not keep":        {l, may, nil, tiers.Ending{Tier: "silver", To: "base", Day: next, Missing: lacks, From: tiers.Date(2028, 1, 1)}},
		"grace begins":                       {grace, may, nil, tiers.Ending{Tier: "silver", To: "silver", Day: next, Missing: lacks, From: tiers.Date(2028, 1, 1)}},
		"grace ends":                         {grace, next + 9, nil, tiers.Ending{Tier: "silver", To: "base", Day: next + 30, Missing: lacks, From: tiers.Date(2028, 1, 1)}},
		"grace beneath a grant":              {grace, may, []tiers.Grant{{Tier: "silver", From: next - 31, Until: next + 60}}, none},
		"a grant goes on where it ends":      {l, may, []tiers.Grant{{Tier: "silver", From: next - 31, Until: next + 60}}, none},
		"a grant":                            {l, march, []tiers.Grant{gold}, byGrant},
		"a challenge":                        {l, march, []tiers.Grant{asked}, byChallenge},
		"another grant begins where it ends": {l, march, []tiers.Grant{gold, {Tier: "gold", From: july, Until: july + 9}}, none},
		"a longer one begins before":         {l, march, []tiers.Grant{gold, {Tier: "gold", From: july - 9, Until: july + 9}}, none},
		"a longer one began already":         {l, march, []tiers.Grant{gold, {Tier: "gold", From: march - 9, Until: july + 9}}, none},
		"a higher one begins before":         {l, march, []tiers.Grant{gold, {Tier: "black", From: july - 9, Until: july}}, none},
		"a lower one begins before":          {l, march, []tiers.Grant{gold, {Tier: "silver", From: july - 9, Until: july + 9}}, byGrant},
		"a grant of what there is not":       {l, march - 1, []tiers.Grant{{Tier: "iron", From: march - 9, Until: july}}, none},
	} {
		t.Run(name, func(t *testing.T) {
			m := &tiers.Member{Enrolled: tiers.Date(2027, 1, 1), Counts: tiers.Counts{}, Grants: c.grants}
			if c.day >= march {
				require.NoError(t, m.Counts.Add("night", march, 12))
			}
			s, _ := c.ladder.Decide(tiers.State{}, m, c.day)
			ending, ends := c.ladder.Ending(s, m)
			require.Equal(t, c.want.Day != 0, ends)
			if ends {
				require.Equal(t, c.want, ending)
			}
		})
	}
}

func TestOfLeadsOnOneDayTheOneInDaysCounts(t *testing.T) {
	end := tiers.Date(2028, 3, 31)
	month, days := tiers.Span{Months: 1}, tiers.Span{Days: 31}
	for _, leads := range [][]tiers.Span{{month, days}, {days, month}} {
		l := tiers.Ladder{Remind: leads}
		lead, next := l.Lead(end, tiers.Date(2028, 2, 29))
		require.Equal(t, days, lead)
		require.Equal(t, tiers.LastDay, next)
	}
	require.False(t, tiers.Span{}.Nearer(tiers.Span{}, end))
}

func TestMetricsOfALadderAreThoseOfAllItsConditions(t *testing.T) {
	some := func(metric string) tiers.Condition {
		return tiers.Condition{Any: []tiers.Need{{Metric: metric, AtLeast: 1}}}
	}
	l := tiers.Ladder{Tiers: []tiers.Tier{
		{Code: "silver", Enter: nights(3), Keep: some("spend")},
		{Code: "gold", Enter: some("mile"), Reenter: nights(1)},
		{Code: "black", Enter: nights(9), Reenter: some("leg")},
	}}
	require.Equal(t, []string{"leg", "mile", "night", "spend"}, l.Metrics())
	for _, metric := range l.Metrics() {
		require.True(t, l.Counts(metric), metric)
	}
	require.False(t, l.Counts("visit"))
}

func TestNextChangesByHand(t *testing.T) {
	l := tiers.Ladder{Code: "status", Window: calendarYear, Tiers: []tiers.Tier{{Code: "silver", Enter: nights(10)}}}
	enrolled, march, next := tiers.Date(2027, 1, 5), tiers.Date(2027, 3, 1), tiers.Date(2028, 1, 1)
	without := tiers.State{Since: enrolled, At: march}
	silver := tiers.State{Tier: "silver", Highest: "silver", Since: march, Until: next, At: march}
	waits := tiers.State{Since: enrolled, Next: "silver", NextFrom: next, At: march}
	for name, c := range map[string]struct {
		state       tiers.State
		from, until tiers.Day // of a grant
		ahead       tiers.Day // of ten nights
		want        tiers.Day
	}{
		"enrollment":                       {want: enrolled},
		"a grant before enrollment":        {from: enrolled - 2, until: march, want: enrolled - 2},
		"a grant after enrollment":         {from: enrolled + 2, until: march, want: enrolled},
		"nothing ever":                     {state: without, want: tiers.LastDay},
		"a grant that began today":         {state: without, from: march, until: march + 8, want: march + 8},
		"what is counted ahead":            {state: without, ahead: march + 19, want: march + 19},
		"a tier that starts":               {state: waits, want: next},
		"a tier that ends":                 {state: silver, want: next},
		"a grant before a tier ends":       {state: silver, from: next - 9, until: next + 9, want: next - 9},
		"a grant on the day a tier ends":   {state: silver, from: next, until: next + 9, want: next},
		"a grant after what counted ahead": {state: without, ahead: march + 19, from: march + 20, until: march + 30, want: march + 19},
	} {
		m := &tiers.Member{Enrolled: enrolled, Counts: tiers.Counts{}}
		if c.until != 0 {
			m.Grants = []tiers.Grant{{Tier: "silver", From: c.from, Until: c.until}}
		}
		if c.ahead != 0 {
			require.NoError(t, m.Counts.Add("night", c.ahead-2, 1), "which changes nothing yet")
			require.NoError(t, m.Counts.Add("night", c.ahead, 9))
		}
		require.Equal(t, c.want.String(), l.NextChange(c.state, m).String(), name)
	}
}
