package tiers_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/tiers"
)

// written is a member's life on a ladder of which each change was worked out by hand.
type written struct {
	window   tiers.Window
	change   func(l *tiers.Ladder)
	enrolled tiers.Day
	// anniversary is set where it is not the day of enrollment.
	anniversary tiers.Day
	did         []did
	grants      []tiers.Grant
	to          tiers.Day
	// want are lines of day, kind, tier before, tier after and until.
	want []string
}

// check evaluates in one step, and from day to day.
func (w *written) check(t *testing.T) {
	t.Helper()
	l := tiers.Ladder{Code: "status", Window: w.window, Tiers: []tiers.Tier{
		{Code: "silver", Enter: atLeast("night", 10)}, {Code: "gold", Enter: atLeast("night", 25)},
	}}
	if w.change != nil {
		w.change(&l)
	}
	require.Empty(t, tiers.ValidateLadders("ladders", []tiers.Ladder{l}, []string{"night", "spend"}))
	m := &tiers.Member{Enrolled: w.enrolled, Anniversary: w.anniversary, Counts: tiers.Counts{}, Grants: w.grants}
	for _, d := range w.did {
		require.NoError(t, m.Counts.Add(d.metric, d.on, d.amount))
	}
	whole, changes := l.Evaluate(tiers.State{}, m, w.to)
	require.Equal(t, w.want, logged(changes))
	var daily tiers.State
	var lines []string
	for day := min(w.enrolled, w.to) - 3; day <= w.to; day++ {
		var more []tiers.Change
		daily, more = l.Evaluate(daily, m, day)
		lines = append(lines, logged(more)...)
	}
	require.Equal(t, w.want, lines, "day by day")
	require.Equal(t, whole, daily, "day by day")
}

func held(l *tiers.Ladder) { l.End = tiers.WhileHeld }

func TestWindowsByHand(t *testing.T) {
	months := func(kind tiers.WindowKind, n int) tiers.Window {
		return tiers.Window{Kind: kind, Span: tiers.Span{Months: n}}
	}
	inDays := func(kind tiers.WindowKind, n int) tiers.Window {
		return tiers.Window{Kind: kind, Span: tiers.Span{Days: n}}
	}
	may20 := tiers.Date(2027, 5, 20)
	for name, w := range map[string]written{
		"a lifetime counts what was before enrollment, from the day of enrollment on": {
			window: tiers.Window{Kind: tiers.Lifetime}, change: held, enrolled: tiers.Date(2027, 3, 1),
			did: []did{{tiers.Date(2020, 1, 1), "night", 10}, {tiers.Date(2040, 1, 1), "night", 15}},
			to:  tiers.Date(2050, 1, 1), want: []string{"2027-03-01 promoted  silver 9999-12-31", "2040-01-01 promoted silver gold 9999-12-31"},
		},
		"nothing is decided before enrollment": {
			window: tiers.Window{Kind: tiers.Lifetime}, change: held, enrolled: tiers.Date(2027, 3, 1),
			did: []did{{tiers.Date(2020, 1, 1), "night", 10}}, to: tiers.Date(2027, 2, 28),
		},
		"30 rolling days": {
			window: inDays(tiers.Rolling, 30), change: held, enrolled: tiers.Date(2027, 1, 1),
			did: []did{{tiers.Date(2027, 1, 10), "night", 15}, {tiers.Date(2027, 1, 20), "night", 10}}, to: tiers.Date(2027, 4, 1),
			want: []string{
				"2027-01-10 promoted  silver 9999-12-31", "2027-01-20 promoted silver gold 9999-12-31",
				"2027-02-09 demoted gold silver 9999-12-31", "2027-02-19 demoted silver  9999-12-31",
			},
		},
		"a rolling month from the last of January": {
			window: months(tiers.Rolling, 1), change: held, enrolled: tiers.Date(2027, 1, 1),
			did: []did{{tiers.Date(2027, 1, 31), "night", 10}}, to: tiers.Date(2027, 4, 1),
			want: []string{"2027-01-31 promoted  silver 9999-12-31", "2027-02-28 demoted silver  9999-12-31"},
		},
		"a rolling year from 29 February": {
			window: months(tiers.Rolling, 12), change: held, enrolled: tiers.Date(2028, 1, 1),
			did: []did{{tiers.Date(2028, 2, 29), "night", 10}}, to: tiers.Date(2030, 1, 1),
			want: []string{"2028-02-29 promoted  silver 9999-12-31", "2029-02-28 demoted silver  9999-12-31"},
		},
		"a calendar month": {
			window: months(tiers.Calendar, 1), enrolled: tiers.Date(2027, 1, 31), did: []did{{may20, "night", 10}}, to: tiers.Date(2028, 1, 1),
			want: []string{"2027-05-20 promoted  silver 2027-06-01", "2027-06-01 retained silver silver 2027-07-01", "2027-07-01 demoted silver  9999-12-31"},
		},
		"a calendar quarter": {
			window: months(tiers.Calendar, 3), enrolled: tiers.Date(2027, 1, 31), did: []did{{may20, "night", 10}}, to: tiers.Date(2028, 1, 1),
			want: []string{"2027-05-20 promoted  silver 2027-07-01", "2027-07-01 retained silver silver 2027-10-01", "2027-10-01 demoted silver  9999-12-31"},
		},
		"a calendar half-year": {
			window: months(tiers.Calendar, 6), enrolled: tiers.Date(2027, 1, 31), did: []did{{may20, "night", 10}}, to: tiers.Date(2028, 6, 1),
			want: []string{"2027-05-20 promoted  silver 2027-07-01", "2027-07-01 retained silver silver 2028-01-01", "2028-01-01 demoted silver  9999-12-31"},
		},
		"a calendar year, of which the first day and the last count": {
			window: months(tiers.Calendar, 12), enrolled: tiers.Date(2026, 12, 31), to: tiers.Date(2029, 6, 1),
			did:  []did{{tiers.Date(2026, 12, 31), "night", 9}, {tiers.Date(2027, 1, 1), "night", 9}, {tiers.Date(2027, 12, 31), "night", 1}},
			want: []string{"2027-12-31 promoted  silver 2028-01-01", "2028-01-01 retained silver silver 2029-01-01", "2029-01-01 demoted silver  9999-12-31"},
		},
		"years of one's own from 29 February": {
			window: months(tiers.Anniversary, 12), enrolled: tiers.Date(2028, 2, 29), to: tiers.Date(2033, 1, 1),
			did: []did{{tiers.Date(2029, 2, 27), "night", 10}, {tiers.Date(2029, 2, 28), "night", 1}, {tiers.Date(2032, 2, 28), "night", 10}},
			want: []string{
				"2029-02-27 promoted  silver 2029-02-28", "2029-02-28 retained silver silver 2030-02-28", "2030-02-28 demoted silver  9999-12-31",
				"2032-02-28 promoted  silver 2032-02-29", "2032-02-29 retained silver silver 2033-02-28",
			},
		},
		"years from an anniversary that was set": {
			window: months(tiers.Anniversary, 12), enrolled: tiers.Date(2027, 1, 31), anniversary: tiers.Date(2020, 6, 15), to: tiers.Date(2029, 1, 1),
			did:  []did{{tiers.Date(2027, 2, 1), "night", 5}, {tiers.Date(2027, 6, 14), "night", 5}},
			want: []string{"2027-06-14 promoted  silver 2027-06-15", "2027-06-15 retained silver silver 2028-06-15", "2028-06-15 demoted silver  9999-12-31"},
		},
		"every 100 days from enrollment": {
			window: inDays(tiers.Anniversary, 100), enrolled: tiers.Date(2027, 1, 1), to: tiers.Date(2028, 1, 1),
			did:  []did{{tiers.Date(2027, 4, 10), "night", 9}, {tiers.Date(2027, 4, 11), "night", 10}},
			want: []string{"2027-04-11 promoted  silver 2027-07-20", "2027-07-20 retained silver silver 2027-10-28", "2027-10-28 demoted silver  9999-12-31"},
		},
		"half-years from the day of the tier, and without one from enrollment": {
			window: months(tiers.TierAnniversary, 6), enrolled: tiers.Date(2027, 1, 31), to: tiers.Date(2029, 1, 1),
			did: []did{
				{tiers.Date(2027, 3, 10), "night", 10}, // the first half-year from 31 January
				{tiers.Date(2027, 9, 9), "night", 10},  // with the tenth nights of the day of the tier, 20
				{tiers.Date(2028, 3, 9), "night", 9},   // the half-year from 10 September: not enough
				{tiers.Date(2028, 3, 11), "night", 1},  // 10 in the half-year from 31 January
			},
			want: []string{
				"2027-03-10 promoted  silver 2027-09-10", "2027-09-10 retained silver silver 2028-03-10",
				"2028-03-10 demoted silver  9999-12-31", "2028-03-11 promoted  silver 2028-09-11", "2028-09-11 demoted silver  9999-12-31",
			},
		},
		"cycles of two years": {
			window: tiers.Window{Kind: tiers.Cycle, Span: tiers.Span{Months: 24}, From: tiers.Date(2026, 4, 1)}, enrolled: tiers.Date(2027, 1, 31), to: tiers.Date(2033, 1, 1),
			did:  []did{{tiers.Date(2028, 3, 31), "night", 10}},
			want: []string{"2028-03-31 promoted  silver 2028-04-01", "2028-04-01 retained silver silver 2030-04-01", "2030-04-01 demoted silver  9999-12-31"},
		},
		"cycles of 7 days, before the one that is named too": {
			window: tiers.Window{Kind: tiers.Cycle, Span: tiers.Span{Days: 7}, From: tiers.Date(2030, 1, 7)}, enrolled: tiers.Date(2027, 1, 31), to: tiers.Date(2027, 6, 1),
			did:  []did{{tiers.Date(2027, 3, 6), "night", 10}}, // a Saturday, and 7 January 2030 is a Monday
			want: []string{"2027-03-06 promoted  silver 2027-03-08", "2027-03-08 retained silver silver 2027-03-15", "2027-03-15 demoted silver  9999-12-31"},
		},
	} {
		t.Run(name, w.check)
	}
}

func TestPoliciesByHand(t *testing.T) {
	year := tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}}
	quarter := tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 3}}
	enrolled := tiers.Date(2027, 1, 5)
	three := func(l *tiers.Ladder) {
		l.Tiers = append(l.Tiers, tiers.Tier{Code: "black", Enter: atLeast("night", 50)})
	}
	for name, w := range map[string]written{
		"of two tiers of one period the higher starts with the next": {
			window: quarter, change: func(l *tiers.Ladder) { l.Start = tiers.NextPeriod }, enrolled: enrolled, to: tiers.Date(2027, 12, 31),
			did:  []did{{tiers.Date(2027, 2, 1), "night", 10}, {tiers.Date(2027, 3, 31), "night", 15}},
			want: []string{"2027-04-01 promoted  gold 2027-07-01", "2027-07-01 demoted gold  9999-12-31"},
		},
		"to the end of the next period, and who keeps it early has it longer": {
			window: year, change: func(l *tiers.Ladder) { l.End = tiers.EndOfNextPeriod }, enrolled: enrolled, to: tiers.Date(2031, 1, 1),
			did:  []did{{tiers.Date(2027, 2, 1), "night", 10}, {tiers.Date(2028, 7, 1), "night", 10}},
			want: []string{"2027-02-01 promoted  silver 2029-01-01", "2028-07-01 retained silver silver 2030-01-01", "2030-01-01 demoted silver  9999-12-31"},
		},
		"for three months from the last of the month": {
			window: tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Days: 60}},
			change: func(l *tiers.Ladder) { l.End, l.Lasts = tiers.AfterSpan, tiers.Span{Months: 3} }, enrolled: enrolled, to: tiers.Date(2028, 1, 1),
			did:  []did{{tiers.Date(2027, 1, 31), "night", 10}, {tiers.Date(2027, 4, 29), "night", 10}},
			want: []string{"2027-01-31 promoted  silver 2027-04-30", "2027-04-30 retained silver silver 2027-07-30", "2027-07-30 demoted silver  9999-12-31"},
		},
		"as long as the quarter holds enough": {
			window: quarter, change: held, enrolled: enrolled, to: tiers.Date(2028, 1, 1), did: []did{{tiers.Date(2027, 2, 1), "night", 10}},
			want: []string{"2027-02-01 promoted  silver 9999-12-31", "2027-04-01 demoted silver  9999-12-31"},
		},
		"down to the highest tier that is kept": {
			window: year, change: three, enrolled: enrolled, to: tiers.Date(2029, 1, 1),
			did:  []did{{tiers.Date(2027, 2, 1), "night", 50}, {tiers.Date(2028, 2, 1), "night", 10}},
			want: []string{"2027-02-01 promoted  black 2028-01-01", "2028-01-01 retained black black 2029-01-01", "2029-01-01 demoted black silver 2030-01-01"},
		},
		"one step down each time": {
			window: year, change: func(l *tiers.Ladder) { three(l); l.Down = tiers.OneStep }, enrolled: enrolled, to: tiers.Date(2031, 1, 1),
			did: []did{{tiers.Date(2027, 2, 1), "night", 50}},
			want: []string{
				"2027-02-01 promoted  black 2028-01-01", "2028-01-01 retained black black 2029-01-01",
				"2029-01-01 demoted black gold 2030-01-01", "2030-01-01 demoted gold silver 2031-01-01", "2031-01-01 demoted silver  9999-12-31",
			},
		},
		"one step down, though what is kept is higher than that": {
			window: year, enrolled: enrolled, to: tiers.Date(2029, 1, 1), did: []did{{tiers.Date(2027, 2, 1), "night", 25}, {tiers.Date(2028, 2, 1), "night", 10}},
			change: func(l *tiers.Ladder) { l.Down = tiers.OneStep },
			want:   []string{"2027-02-01 promoted  gold 2028-01-01", "2028-01-01 retained gold gold 2029-01-01", "2029-01-01 demoted gold silver 2030-01-01"},
		},
		"ten days of grace, of which the last one saves it": {
			window: year, change: func(l *tiers.Ladder) { l.Grace = 10 }, enrolled: enrolled, to: tiers.Date(2030, 1, 15),
			did: []did{{tiers.Date(2027, 2, 1), "night", 10}, {tiers.Date(2028, 6, 1), "night", 8}, {tiers.Date(2029, 1, 10), "night", 2}},
			want: []string{
				"2027-02-01 promoted  silver 2028-01-01", "2028-01-01 retained silver silver 2029-01-01", "2029-01-01 lapsing silver silver 2029-01-11",
				"2029-01-10 retained silver silver 2030-01-01", "2030-01-01 lapsing silver silver 2030-01-11", "2030-01-11 demoted silver  9999-12-31",
			},
		},
		"ten days of grace, and what comes after is late": {
			window: year, change: func(l *tiers.Ladder) { l.Grace = 10 }, enrolled: enrolled, to: tiers.Date(2029, 6, 1),
			did: []did{{tiers.Date(2027, 2, 1), "night", 10}, {tiers.Date(2028, 6, 1), "night", 8}, {tiers.Date(2029, 1, 11), "night", 2}},
			want: []string{
				"2027-02-01 promoted  silver 2028-01-01", "2028-01-01 retained silver silver 2029-01-01",
				"2029-01-01 lapsing silver silver 2029-01-11", "2029-01-11 demoted silver  9999-12-31",
			},
		},
		"after grace what the ended period and the grace had is enough for a lower tier": {
			window: year, change: func(l *tiers.Ladder) { l.Grace = 10 }, enrolled: enrolled, to: tiers.Date(2029, 6, 1),
			did: []did{{tiers.Date(2027, 2, 1), "night", 25}, {tiers.Date(2028, 6, 1), "night", 8}, {tiers.Date(2029, 1, 10), "night", 2}},
			want: []string{
				"2027-02-01 promoted  gold 2028-01-01", "2028-01-01 retained gold gold 2029-01-01",
				"2029-01-01 lapsing gold gold 2029-01-11", "2029-01-11 demoted gold silver 2030-01-01",
			},
		},
		"after grace what comes later is not": {
			window: year, change: func(l *tiers.Ladder) { l.Grace = 10 }, enrolled: enrolled, to: tiers.Date(2029, 6, 1),
			did: []did{{tiers.Date(2027, 2, 1), "night", 25}, {tiers.Date(2028, 6, 1), "night", 8}, {tiers.Date(2029, 1, 11), "night", 1}, {tiers.Date(2029, 1, 12), "night", 1}},
			want: []string{
				"2027-02-01 promoted  gold 2028-01-01", "2028-01-01 retained gold gold 2029-01-01",
				"2029-01-01 lapsing gold gold 2029-01-11", "2029-01-11 demoted gold  9999-12-31",
			},
		},
		"grace that is longer than a period": {
			window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 1}}, change: func(l *tiers.Ladder) { l.Grace = 40 }, enrolled: enrolled, to: tiers.Date(2028, 1, 1),
			did: []did{{tiers.Date(2027, 5, 20), "night", 10}, {tiers.Date(2027, 8, 1), "night", 10}},
			want: []string{
				"2027-05-20 promoted  silver 2027-06-01", "2027-06-01 retained silver silver 2027-07-01", "2027-07-01 lapsing silver silver 2027-08-10",
				"2027-08-01 retained silver silver 2027-09-01", "2027-09-01 retained silver silver 2027-10-01",
				"2027-10-01 lapsing silver silver 2027-11-10", "2027-11-10 demoted silver  9999-12-31",
			},
		},
		"grace of a rolling window looks at the days of today": {
			window: tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Days: 30}}, change: func(l *tiers.Ladder) { l.End, l.Grace = tiers.WhileHeld, 10 },
			enrolled: enrolled, to: tiers.Date(2027, 6, 1),
			did: []did{{tiers.Date(2027, 1, 10), "night", 25}, {tiers.Date(2027, 1, 20), "night", 10}, {tiers.Date(2027, 2, 15), "night", 1}},
			want: []string{
				"2027-01-10 promoted  gold 9999-12-31", "2027-02-09 lapsing gold gold 2027-02-19", "2027-02-19 demoted gold  9999-12-31",
			},
		},
		"what gets a member in keeps them while it is held": {
			window: tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Days: 30}}, enrolled: enrolled, to: tiers.Date(2027, 6, 1),
			change: func(l *tiers.Ladder) {
				l.End, l.Tiers[0].Keep, l.Tiers[0].Reenter = tiers.WhileHeld, atLeast("night", 20), atLeast("night", 15)
			},
			did:  []did{{tiers.Date(2027, 1, 10), "night", 12}},
			want: []string{"2027-01-10 promoted  silver 9999-12-31", "2027-02-09 demoted silver  9999-12-31"},
		},
		"who had the higher tier comes back to it by less, by way of the lower": {
			window: year, change: func(l *tiers.Ladder) { l.Tiers[1].Reenter = atLeast("night", 15) }, enrolled: enrolled, to: tiers.Date(2029, 12, 31),
			did: []did{{tiers.Date(2027, 2, 1), "night", 25}, {tiers.Date(2029, 2, 1), "night", 10}, {tiers.Date(2029, 3, 1), "night", 5}},
			want: []string{
				"2027-02-01 promoted  gold 2028-01-01", "2028-01-01 retained gold gold 2029-01-01", "2029-01-01 demoted gold  9999-12-31",
				"2029-02-01 promoted  silver 2030-01-01", "2029-03-01 promoted silver gold 2030-01-01",
			},
		},
		"two metrics roll over, each for itself, and nothing of the days after": {
			window: year, enrolled: enrolled, to: tiers.Date(2029, 6, 1),
			change: func(l *tiers.Ladder) {
				l.Tiers = []tiers.Tier{{Code: "silver", Enter: tiers.Condition{All: []tiers.Need{{Metric: "night", AtLeast: 10}, {Metric: "spend", AtLeast: 300}}}}}
				l.Rollover = []tiers.Rollover{{Metric: "night"}, {Metric: "spend"}}
			},
			did: []did{
				{tiers.Date(2027, 2, 1), "night", 14}, {tiers.Date(2027, 2, 1), "spend", 400}, // 4 nights and 100 roll over
				{tiers.Date(2028, 1, 1), "night", 3}, {tiers.Date(2028, 1, 2), "night", 2}, {tiers.Date(2028, 2, 1), "spend", 200},
			},
			want: []string{"2027-02-01 promoted  silver 2028-01-01", "2028-01-01 retained silver silver 2029-01-01", "2029-01-01 demoted silver  9999-12-31"},
		},
		"what rolled over does not count in the periods of another tier": {
			window: tiers.Window{Kind: tiers.TierAnniversary, Span: tiers.Span{Months: 6}}, enrolled: enrolled, to: tiers.Date(2028, 6, 1),
			change: func(l *tiers.Ladder) { l.Rollover = []tiers.Rollover{{Metric: "night"}} },
			did: []did{
				{tiers.Date(2027, 3, 10), "night", 24}, // 14 roll over on 10 September
				{tiers.Date(2027, 12, 1), "night", 11}, // gold with them; nothing but these 11 in its half-year
			},
			want: []string{
				"2027-03-10 promoted  silver 2027-09-10", "2027-09-10 retained silver silver 2028-03-10",
				"2027-12-01 promoted silver gold 2028-06-01", "2028-06-01 demoted gold silver 2028-12-01",
			},
		},
		"less keeps a tier, and still less brings it back": {
			window: year, enrolled: enrolled, to: tiers.Date(2031, 1, 1),
			change: func(l *tiers.Ladder) {
				l.Tiers[0].Keep, l.Tiers[0].Reenter = atLeast("night", 8), atLeast("night", 5)
			},
			did: []did{
				{tiers.Date(2027, 2, 1), "night", 10}, {tiers.Date(2028, 2, 1), "night", 8}, {tiers.Date(2029, 2, 1), "night", 7}, {tiers.Date(2030, 2, 1), "night", 5},
			},
			want: []string{
				"2027-02-01 promoted  silver 2028-01-01", "2028-01-01 retained silver silver 2029-01-01", "2029-01-01 retained silver silver 2030-01-01",
				"2030-01-01 demoted silver  9999-12-31", "2030-02-01 promoted  silver 2031-01-01", "2031-01-01 demoted silver  9999-12-31",
			},
		},
		"all of all, and one of any": {
			window: year, enrolled: enrolled, to: tiers.Date(2027, 12, 31),
			change: func(l *tiers.Ladder) {
				l.Tiers = []tiers.Tier{{Code: "silver", Enter: tiers.Condition{
					All: []tiers.Need{{Metric: "night", AtLeast: 3}, {Metric: "spend", AtLeast: 100}},
					Any: []tiers.Need{{Metric: "night", AtLeast: 5}, {Metric: "spend", AtLeast: 500}},
				}}}
			},
			did: []did{
				{tiers.Date(2027, 2, 1), "night", 4}, {tiers.Date(2027, 3, 1), "spend", 499}, {tiers.Date(2027, 4, 1), "spend", 1},
			},
			want: []string{"2027-04-01 promoted  silver 2028-01-01"},
		},
		"what is beyond the tier's threshold rolls over, bounded, once, and from no period without a tier": {
			window: year, enrolled: enrolled, to: tiers.Date(2031, 6, 1),
			change: func(l *tiers.Ladder) {
				l.Tiers, l.Rollover = l.Tiers[:1], []tiers.Rollover{{Metric: "night", Most: 6}}
			},
			did: []did{
				{tiers.Date(2027, 2, 1), "night", 18}, // 6 of 8 roll over
				{tiers.Date(2028, 2, 1), "night", 4},  // 10 with them, and nothing is left
				{tiers.Date(2029, 2, 1), "night", 9},
				{tiers.Date(2030, 2, 1), "night", 9}, // nothing of 2029, when the tier was lost
				{tiers.Date(2031, 2, 1), "night", 1},
			},
			want: []string{
				"2027-02-01 promoted  silver 2028-01-01", "2028-01-01 retained silver silver 2029-01-01",
				"2029-01-01 retained silver silver 2030-01-01", "2030-01-01 demoted silver  9999-12-31",
			},
		},
		"a challenge that is met on the last day makes the tier one's own": {
			window: year, enrolled: enrolled, to: tiers.Date(2028, 1, 1), did: []did{{tiers.Date(2027, 2, 1), "night", 4}, {tiers.Date(2027, 5, 1), "night", 4}},
			grants: []tiers.Grant{{Tier: "gold", From: tiers.Date(2027, 2, 1), Until: tiers.Date(2027, 5, 2), Challenge: atLeast("night", 8)}},
			want:   []string{"2027-05-02 promoted  gold 2028-01-01", "2028-01-01 demoted gold  9999-12-31"},
		},
		"a challenge that is met a day late is not": {
			window: year, enrolled: enrolled, to: tiers.Date(2028, 1, 1),
			did:    []did{{tiers.Date(2027, 2, 1), "night", 4}, {tiers.Date(2027, 5, 1), "night", 3}, {tiers.Date(2027, 5, 2), "night", 1}},
			grants: []tiers.Grant{{Tier: "gold", From: tiers.Date(2027, 2, 1), Until: tiers.Date(2027, 5, 2), Challenge: atLeast("night", 8)}},
		},
		"what was before it does not meet a challenge": {
			window: year, enrolled: enrolled, to: tiers.Date(2028, 1, 1),
			did:    []did{{tiers.Date(2027, 1, 31), "night", 8}, {tiers.Date(2027, 5, 1), "night", 1}},
			grants: []tiers.Grant{{Tier: "gold", From: tiers.Date(2027, 2, 1), Until: tiers.Date(2027, 5, 2), Challenge: atLeast("night", 8)}},
		},
		"a grant without a challenge ends with its days, whatever happens on the next": {
			window: year, enrolled: enrolled, to: tiers.Date(2028, 1, 1), did: []did{{tiers.Date(2027, 2, 1), "night", 4}, {tiers.Date(2027, 5, 2), "night", 1}},
			grants: []tiers.Grant{{Tier: "gold", From: tiers.Date(2027, 2, 1), Until: tiers.Date(2027, 5, 2)}},
		},
		"a challenge that is met makes no tier lower or longer": {
			window: year, enrolled: enrolled, to: tiers.Date(2028, 1, 1), did: []did{{tiers.Date(2027, 2, 1), "night", 24}, {tiers.Date(2027, 3, 1), "night", 1}},
			change: func(l *tiers.Ladder) { l.End, l.Lasts = tiers.AfterSpan, tiers.Span{Days: 200} },
			grants: []tiers.Grant{
				{Tier: "silver", From: tiers.Date(2027, 2, 1), Until: tiers.Date(2027, 5, 2), Challenge: atLeast("night", 8)},
				{Tier: "gold", From: tiers.Date(2027, 2, 1), Until: tiers.Date(2027, 6, 2), Challenge: atLeast("night", 8)},
			},
			want: []string{"2027-02-01 promoted  silver 2027-08-20", "2027-03-01 promoted silver gold 2027-09-17", "2027-09-17 retained gold gold 2028-04-04"},
		},
	} {
		t.Run(name, w.check)
	}
}

func TestProgressByHand(t *testing.T) {
	year := tiers.Ladder{
		Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}},
		Tiers: []tiers.Tier{{Code: "silver", Enter: atLeast("night", 10)}, {Code: "gold", Enter: atLeast("night", 25)}, {Code: "black", Enter: atLeast("night", 50)}},
	}
	rolling := year
	rolling.Window.Kind, rolling.End = tiers.Rolling, tiers.WhileHeld
	enrolled, may := tiers.Date(2027, 1, 5), tiers.Date(2027, 5, 1)
	first, next, after := tiers.Date(2027, 1, 1), tiers.Date(2028, 1, 1), tiers.Date(2029, 1, 1)
	lacks := func(have, need int64) []tiers.Missing {
		return []tiers.Missing{{Metric: "night", Have: have, Need: need, Left: need - have}}
	}
	grant := func(tier string, until tiers.Day) []tiers.Grant {
		return []tiers.Grant{{Tier: tier, From: tiers.Date(2027, 3, 1), Until: until}}
	}
	for name, c := range map[string]struct {
		ladder *tiers.Ladder
		did    []did
		grants []tiers.Grant
		day    tiers.Day
		want   tiers.Progress
	}{
		"nothing yet": {&year, nil, nil, may, tiers.Progress{
			Since: enrolled, Until: tiers.LastDay, Next: "silver", Missing: lacks(0, 10), PeriodEnd: next,
		}},
		"silver, and kept for the next year": {&year, []did{{may, "night", 12}}, nil, may, tiers.Progress{
			Tier: "silver", Since: may, Until: next, Next: "gold", Missing: lacks(12, 25), PeriodEnd: next, Projected: "silver",
		}},
		"silver in the year after, with too little yet": {&year, []did{{may, "night", 12}, {next, "night", 4}}, nil, next, tiers.Progress{
			Tier: "silver", Since: may, Until: after, Next: "gold", Missing: lacks(4, 25), Keeping: lacks(4, 10), KeepFrom: next, KeepUntil: after, PeriodEnd: after,
		}},
		"gold by a grant beyond the period, over silver": {&year, []did{{may, "night", 12}}, grant("gold", tiers.Date(2028, 3, 1)), may, tiers.Progress{
			Tier: "gold", Since: tiers.Date(2027, 3, 1), Until: tiers.Date(2028, 3, 1), Granted: true,
			Next: "black", Missing: lacks(12, 50), PeriodEnd: next, Projected: "gold",
		}},
		"gold by a grant that ends within the period, over silver": {&year, []did{{may, "night", 12}}, grant("gold", tiers.Date(2027, 7, 1)), may, tiers.Progress{
			Tier: "gold", Since: tiers.Date(2027, 3, 1), Until: tiers.Date(2027, 7, 1), Granted: true,
			Next: "black", Missing: lacks(12, 50), PeriodEnd: next, Projected: "silver",
		}},
		"gold of one's own, over a grant of it": {&year, []did{{may, "night", 25}}, grant("gold", tiers.Date(2027, 7, 1)), may, tiers.Progress{
			Tier: "gold", Since: may, Until: next, Next: "black", Missing: lacks(25, 50), PeriodEnd: next, Projected: "gold",
		}},
		"the top, over a grant of less": {&year, []did{{may, "night", 50}}, grant("silver", tiers.Date(2027, 7, 1)), may, tiers.Progress{
			Tier: "black", Since: may, Until: next, PeriodEnd: next, Projected: "black",
		}},
		"a window without periods": {&rolling, []did{{may, "night", 10}}, nil, may, tiers.Progress{
			Tier: "silver", Since: may, Until: tiers.LastDay, Next: "gold", Missing: lacks(10, 25), PeriodEnd: tiers.LastDay, Projected: "silver",
		}},
		"the first day of all": {&year, nil, nil, enrolled, tiers.Progress{
			Since: enrolled, Until: tiers.LastDay, Next: "silver", Missing: lacks(0, 10), PeriodEnd: first.AddMonths(12),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			m := &tiers.Member{Enrolled: enrolled, Counts: tiers.Counts{}, Grants: c.grants}
			for _, d := range c.did {
				require.NoError(t, m.Counts.Add(d.metric, d.on, d.amount))
			}
			s, _ := c.ladder.Evaluate(tiers.State{}, m, c.day)
			require.Equal(t, c.want, c.ladder.Progress(s, m, c.day))
			require.Equal(t, c.want.Tier, c.ladder.Effective(s, m, c.day))
			tier, since, until, granted := c.ladder.Holding(s, m, c.day)
			holding := tiers.Progress{Tier: tier, Since: since, Until: until, Granted: granted}
			if tier == "" {
				require.Equal(t, tiers.Progress{}, holding)
				return
			}
			require.Equal(t, tiers.Progress{Tier: c.want.Tier, Since: c.want.Since, Until: c.want.Until, Granted: c.want.Granted}, holding)
		})
	}
}
