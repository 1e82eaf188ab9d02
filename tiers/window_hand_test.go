package tiers_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/tiers"
)

func TestPeriodsOfMonthsByHand(t *testing.T) {
	month := tiers.Window{Kind: tiers.Anniversary, Span: tiers.Span{Months: 1}}
	for _, c := range []struct{ enrolled, day, from, end tiers.Day }{
		{tiers.Date(2027, 2, 1), tiers.Date(2027, 2, 28), tiers.Date(2027, 2, 1), tiers.Date(2027, 3, 1)},
		{tiers.Date(2027, 2, 1), tiers.Date(2027, 3, 1), tiers.Date(2027, 3, 1), tiers.Date(2027, 4, 1)},
		{tiers.Date(2027, 1, 31), tiers.Date(2027, 2, 27), tiers.Date(2027, 1, 31), tiers.Date(2027, 2, 28)},
		{tiers.Date(2027, 1, 31), tiers.Date(2028, 2, 29), tiers.Date(2028, 2, 29), tiers.Date(2028, 3, 31)},
		{tiers.Date(2027, 1, 31), tiers.Date(2028, 3, 30), tiers.Date(2028, 2, 29), tiers.Date(2028, 3, 31)},
	} {
		l := tiers.Ladder{Code: "status", Window: month, Tiers: []tiers.Tier{{Code: "silver", Enter: nights(10)}}}
		m := &tiers.Member{Enrolled: c.enrolled, Counts: tiers.Counts{}}
		s, _ := l.Evaluate(tiers.State{}, m, c.day)
		require.Equal(t, c.end.String(), l.Progress(s, m, c.day).PeriodEnd.String(), c.day.String())
		require.Equal(t, c.from.String(), l.Reach(s, m).String(), c.day.String())
	}
}

func TestWhatWasCountedLeavesARollingMonthByHand(t *testing.T) {
	l := tiers.Ladder{
		Code: "status", Window: tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Months: 1}}, End: tiers.WhileHeld,
		Tiers: []tiers.Tier{{Code: "silver", Enter: nights(10)}},
	}
	for _, c := range []struct{ counted, leaves tiers.Day }{
		{tiers.Date(2027, 2, 27), tiers.Date(2027, 3, 27)}, // the month to 27 March starts on the 28th
		{tiers.Date(2027, 2, 28), tiers.Date(2027, 3, 31)}, // those to 28, 29 and 30 March start on 28 February
		{tiers.Date(2028, 2, 29), tiers.Date(2028, 3, 31)},
		{tiers.Date(2027, 1, 31), tiers.Date(2027, 2, 28)},
		{tiers.Date(2027, 4, 30), tiers.Date(2027, 5, 31)},
	} {
		m := &tiers.Member{Enrolled: tiers.Date(2027, 1, 1), Counts: tiers.Counts{}}
		require.NoError(t, m.Counts.Add("night", c.counted, 10))
		_, changes := l.Evaluate(tiers.State{}, m, c.counted+60)
		require.Len(t, changes, 2)
		require.Equal(t, c.leaves.String(), changes[1].Day.String(), c.counted.String())
	}
}
