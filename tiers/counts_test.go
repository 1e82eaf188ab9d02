package tiers_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/tiers"
)

func TestCountsHoldTheMostAndTheLeastExactly(t *testing.T) {
	const most, least = math.MaxInt64, math.MinInt64
	type add struct {
		day    tiers.Day
		amount int64
		fits   bool
	}
	for name, c := range map[string]struct {
		adds []add
		want []tiers.Mark
	}{
		"the most after all others": {
			[]add{{10, most - 1, true}, {20, 2, false}, {20, 1, true}, {30, 1, false}},
			[]tiers.Mark{{Day: 10, Total: most - 1}, {Day: 20, Total: most}},
		},
		"the least after all others": {
			[]add{{10, least + 1, true}, {20, -2, false}, {20, -1, true}, {30, -1, false}},
			[]tiers.Mark{{Day: 10, Total: least + 1}, {Day: 20, Total: least}},
		},
		"the most on one day": {
			[]add{{10, most - 1, true}, {10, 2, false}, {10, 1, true}, {10, 1, false}, {10, -1, true}},
			[]tiers.Mark{{Day: 10, Total: most - 1}},
		},
		"the least on one day": {
			[]add{{10, least + 1, true}, {10, -2, false}, {10, -1, true}, {10, -1, false}, {10, 1, true}},
			[]tiers.Mark{{Day: 10, Total: least + 1}},
		},
		"a later day that is full": {
			[]add{{20, most, true}, {10, 1, false}, {10, -1, true}, {10, 1, true}, {10, 1, false}},
			[]tiers.Mark{{Day: 10, Total: 0}, {Day: 20, Total: most}},
		},
		"what is taken back on days of its own": {
			[]add{{10, 5, true}, {20, -3, true}, {15, -1, true}, {20, 4, true}},
			[]tiers.Mark{{Day: 10, Total: 5}, {Day: 15, Total: 4}, {Day: 20, Total: 5}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			counts := tiers.Counts{}
			for _, a := range c.adds {
				err := counts.Add("spend", a.day, a.amount)
				if !a.fits {
					require.ErrorIs(t, err, tiers.ErrTooMuch, "%d on %s", a.amount, a.day)
					continue
				}
				require.NoError(t, err, "%d on %s", a.amount, a.day)
			}
			require.Equal(t, c.want, counts["spend"])
		})
	}
}

func TestForgettingLeavesTheLastTotalBeforeTheDay(t *testing.T) {
	for before, want := range map[tiers.Day][]tiers.Mark{
		10: {{Day: 10, Total: 1}, {Day: 20, Total: 3}, {Day: 30, Total: 6}},
		20: {{Day: 10, Total: 1}, {Day: 20, Total: 3}, {Day: 30, Total: 6}},
		21: {{Day: 20, Total: 3}, {Day: 30, Total: 6}},
		30: {{Day: 20, Total: 3}, {Day: 30, Total: 6}},
		31: {{Day: 30, Total: 6}},
	} {
		counts := tiers.Counts{"night": {{Day: 10, Total: 1}, {Day: 20, Total: 3}, {Day: 30, Total: 6}}}
		counts.Forget(before)
		require.Equal(t, want, counts["night"], before.String())
	}
}
