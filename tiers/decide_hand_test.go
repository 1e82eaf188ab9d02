package tiers_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/tiers"
)

var calendarYear = tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}}

func TestWhatALadderAdoptsByHand(t *testing.T) {
	silver, gold, black := tiers.Tier{Code: "silver", Enter: nights(10)}, tiers.Tier{Code: "gold", Enter: nights(25)}, tiers.Tier{Code: "black", Enter: nights(60)}
	before := tiers.Ladder{Code: "status", Window: calendarYear, Tiers: []tiers.Tier{silver, gold, black}}
	july, next := tiers.Date(2027, 7, 1), tiers.Date(2028, 1, 1)
	held := tiers.State{Tier: "gold", Highest: "black", Since: tiers.Date(2027, 3, 1), Until: next, At: july - 1}
	with := func(change func(s *tiers.State)) tiers.State {
		s := held
		change(&s)
		return s
	}
	of := func(tiers ...tiers.Tier) tiers.Ladder {
		l := before
		l.Tiers = tiers
		return l
	}
	while := before
	while.End = tiers.WhileHeld
	waits := with(func(s *tiers.State) { s.Next, s.NextFrom = "black", next })
	lapsed := with(func(s *tiers.State) { s.Lapsed, s.Until = july-30, july+14 })
	carries := with(func(s *tiers.State) {
		s.Carried, s.CarriedTo = []tiers.Need{{Metric: "night", AtLeast: 3}}, tiers.Date(2027, 1, 1)
	})
	lowest := with(func(s *tiers.State) { s.Tier, s.Highest = "silver", "silver" })
	decided := with(func(s *tiers.State) { s.At = july })
	for name, c := range map[string]struct {
		state  tiers.State
		nights int64
		after  tiers.Ladder
		want   func(s *tiers.State)
		to     string // where the tier is gone
	}{
		"a next tier that stays":    {waits, 30, before, func(*tiers.State) {}, "gold"},
		"a next tier that is gone":  {waits, 30, of(silver, gold), func(s *tiers.State) { s.Highest, s.Next, s.NextFrom = "gold", "", 0 }, "gold"},
		"what was carried over":     {carries, 22, before, func(*tiers.State) {}, "gold"},
		"a tier that is gone":       {held, 30, of(silver, black), func(s *tiers.State) { s.Tier, s.Since = "silver", july }, "silver"},
		"a tier in grace is gone":   {lapsed, 0, of(silver, black), func(s *tiers.State) { s.Tier, s.Since, s.Until, s.Lapsed = "silver", july, next, 0 }, "silver"},
		"all above silver are gone": {held, 30, of(silver), func(s *tiers.State) { s.Tier, s.Highest, s.Since = "silver", "silver", july }, "silver"},
		"no tier is left": {held, 30, of(tiers.Tier{Code: "platinum", Enter: nights(50)}), func(s *tiers.State) {
			s.Tier, s.Highest, s.Since, s.Until = "", "", july, tiers.LastDay
		}, ""},
		"grace, where tiers last while they hold": {lapsed, 0, while, func(*tiers.State) {}, "gold"},
		"tiers last while they hold":              {held, 30, while, func(s *tiers.State) { s.Until = tiers.LastDay }, "gold"},
		"a tier that everybody has now":           {lowest, 0, of(tiers.Tier{Code: "silver"}, gold), func(s *tiers.State) { s.Until = tiers.LastDay }, "silver"},
		"a day that is decided":                   {decided, 30, of(silver, black), func(*tiers.State) {}, "gold"},
	} {
		t.Run(name, func(t *testing.T) {
			m := &tiers.Member{Enrolled: tiers.Date(2027, 1, 5), Counts: tiers.Counts{}}
			require.NoError(t, m.Counts.Add("night", tiers.Date(2027, 2, 1), c.nights))
			want := c.state
			want.At = july
			c.want(&want)
			got, changes := c.after.Adopt(c.state, &before, m, july)
			require.Equal(t, want, got)
			if c.to == c.state.Tier {
				require.Empty(t, changes)
				return
			}
			require.Equal(t, []tiers.Change{{Day: july, Kind: tiers.Demoted, From: "gold", To: c.to, Until: want.Until}}, changes)
		})
	}
	m := &tiers.Member{Enrolled: tiers.Date(2027, 1, 5), Counts: tiers.Counts{"night": {{Day: tiers.Date(2027, 2, 1), Total: 30}}}}
	got, _ := before.Adopt(tiers.State{}, &before, m, july)
	require.Equal(t, tiers.Date(2027, 2, 1), got.Since, "before the first decision nothing is adopted")
}

func TestWhatIsCountedLateTellsOnTheDayThatIsDecided(t *testing.T) {
	l := tiers.Ladder{
		Code: "status", Window: calendarYear,
		Tiers: []tiers.Tier{{Code: "base"}, {Code: "silver", Enter: nights(10)}, {Code: "gold", Enter: nights(25)}},
	}
	enrolled, tenth := tiers.Date(2027, 1, 5), tiers.Date(2027, 3, 10)
	m := &tiers.Member{Enrolled: enrolled, Counts: tiers.Counts{}}
	s, changes := l.Decide(tiers.State{}, m, enrolled-1)
	require.Empty(t, changes)
	require.Zero(t, s.At, "nothing is decided before the member enrolled")
	s, _ = l.Decide(s, m, tenth)
	require.Equal(t, "base", s.Tier)

	require.NoError(t, m.Counts.Add("night", tiers.Date(2027, 3, 1), 12))
	require.NoError(t, m.Counts.Add("night", tenth+3, 13))
	for _, day := range []tiers.Day{tenth - 1, tenth} {
		same, changes := l.Decide(s, m, day)
		require.Empty(t, changes)
		require.Equal(t, s, same, "days that are decided stay so")
	}
	still, changes := l.Evaluate(s, m, tenth+2)
	require.Empty(t, changes)
	require.Equal(t, "base", still.Tier)
	now, changes := l.Decide(s, m, tenth+2)
	require.Equal(t, []string{"2027-03-12 promoted base silver 2028-01-01"}, logged(changes))
	require.Equal(t, tenth+2, now.At)
}

func TestHeadroomByHand(t *testing.T) {
	march, next := tiers.Date(2027, 3, 1), tiers.Date(2028, 1, 1)
	l := tiers.Ladder{Code: "status", Window: calendarYear, Tiers: []tiers.Tier{{Code: "silver", Enter: nights(10)}, {Code: "gold", Enter: nights(25)}}}
	with := func(change func(l *tiers.Ladder)) tiers.Ladder {
		other := l
		change(&other)
		return other
	}
	since := with(func(l *tiers.Ladder) { l.Window.Kind = tiers.TierAnniversary })
	rolls := with(func(l *tiers.Ladder) { l.Rollover = []tiers.Rollover{{Metric: "night"}} })
	waits := with(func(l *tiers.Ladder) { l.Start = tiers.NextPeriod })
	early := with(func(l *tiers.Ladder) { l.End = tiers.EndOfNextPeriod })
	life := with(func(l *tiers.Ladder) { l.Window, l.End = tiers.Window{Kind: tiers.Lifetime}, tiers.WhileHeld })
	grace := with(func(l *tiers.Ladder) { l.Grace = 30 })
	room := func(n int64) []tiers.Need { return []tiers.Need{{Metric: "night", AtLeast: n}} }
	for name, c := range map[string]struct {
		ladder tiers.Ladder
		nights int64 // on 1 March
		day    tiers.Day
		room   []tiers.Need
		until  tiers.Day
	}{
		"to the lowest tier, or any":               {l, 4, march, room(6), next},
		"to the next tier":                         {l, 12, march, room(13), next},
		"at the top":                               {l, 30, march, nil, next},
		"before the first decision":                {l, 4, tiers.Date(2026, 12, 31), nil, 0},
		"in grace":                                 {grace, 12, tiers.Date(2029, 1, 10), nil, tiers.Date(2029, 1, 10)},
		"what may be carried over":                 {rolls, 12, march, nil, march},
		"nothing is carried over without a tier":   {rolls, 4, march, room(6), next},
		"a tier that waits for the next year":      {waits, 12, march, room(13), next},
		"the day on which a tier starts":           {since, 12, march, nil, march},
		"the day after":                            {since, 0, march + 1, room(10), next},
		"a year that was kept early":               {early, 12, march, room(13), next},
		"what keeps early is nearer than the next": {early, 12, tiers.Date(2028, 5, 1), room(10), tiers.Date(2029, 1, 1)},
		"what keeps at the end does not matter":    {l, 12, tiers.Date(2028, 5, 1), room(25), tiers.Date(2029, 1, 1)},
		"before the first decision, with nothing":  {l, 0, tiers.Date(2026, 12, 31), nil, 0},
		"a tier that waited for the year":          {waits, 12, tiers.Date(2028, 5, 1), room(25), tiers.Date(2029, 1, 1)},
		"no tier that could be kept early":         {early, 4, march, room(6), next},
		"a lifetime":                               {life, 12, march, room(13), tiers.LastDay},
	} {
		t.Run(name, func(t *testing.T) {
			m := &tiers.Member{Enrolled: tiers.Date(2027, 1, 1), Counts: tiers.Counts{}}
			if c.nights > 0 {
				require.NoError(t, m.Counts.Add("night", march, c.nights))
			}
			s, _ := c.ladder.Decide(tiers.State{}, m, c.day)
			got, until := c.ladder.Headroom(s, m)
			require.Equal(t, c.room, got)
			require.Equal(t, c.until.String(), until.String())
		})
	}
	m := &tiers.Member{Enrolled: tiers.Date(2027, 1, 1), Counts: tiers.Counts{}}
	s, _ := l.Decide(tiers.State{}, m, march)
	m.Grants = []tiers.Grant{{Tier: "gold", From: march + 4, Until: march + 9}}
	_, until := l.Headroom(s, m)
	require.Equal(t, march+4, until, "a grant begins before the year ends")
	require.NoError(t, m.Counts.Add("night", march-1, 12))
	_, until = l.Headroom(s, m)
	require.Equal(t, march, until, "what was counted late takes effect on the next day that is decided")
}

func TestADecidedDayCarriesOverOnce(t *testing.T) {
	l := tiers.Ladder{
		Code: "status", Window: calendarYear, Rollover: []tiers.Rollover{{Metric: "night"}},
		Tiers: []tiers.Tier{{Code: "silver", Enter: nights(10)}, {Code: "gold", Enter: nights(25)}},
	}
	m := &tiers.Member{Enrolled: tiers.Date(2027, 1, 1), Counts: tiers.Counts{}}
	require.NoError(t, m.Counts.Add("night", tiers.Date(2027, 3, 1), 30))
	require.NoError(t, m.Counts.Add("night", tiers.Date(2028, 3, 1), 13))
	s, _ := l.Decide(tiers.State{}, m, tiers.Date(2028, 1, 1))
	require.Equal(t, []tiers.Need{{Metric: "night", AtLeast: 5}}, s.Carried, "30 are 5 beyond gold")
	s, changes := l.Decide(s, m, tiers.Date(2029, 1, 1))
	require.Equal(t, []string{"2029-01-01 demoted gold silver 2030-01-01"}, logged(changes))
	require.Empty(t, s.Carried, "18 are beyond silver, but gold ended")
}
