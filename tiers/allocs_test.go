package tiers_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/tiers"
)

// guest is a member who comes often: on every n-th day from one to another, so that a
// year brings the same status.
func guest(t *testing.T, from, to tiers.Day, n int) *tiers.Member {
	t.Helper()
	m := &tiers.Member{Enrolled: from, Counts: tiers.Counts{}}
	for day := from; day <= to; day += tiers.Day(n) {
		require.NoError(t, m.Counts.Add("night", day, int64(n)))
		require.NoError(t, m.Counts.Add("spend", day, 10*int64(n)))
	}
	return m
}

// TestEvaluatingAllocatesNothingThatGrowsWithFacts counts allocations of members with few
// facts and with many, on ladders with every window.
func TestEvaluatingAllocatesNothingThatGrowsWithFacts(t *testing.T) {
	enrolled := tiers.Date(2027, 1, 1)
	for name, change := range map[string]func(*tiers.Ladder){
		"lifetime":     func(l *tiers.Ladder) { l.Window, l.End = tiers.Window{Kind: tiers.Lifetime}, tiers.WhileHeld },
		"rolling":      func(l *tiers.Ladder) { l.Window.Kind, l.End = tiers.Rolling, tiers.WhileHeld },
		"calendar":     func(l *tiers.Ladder) { l.Window.Kind, l.End = tiers.Calendar, tiers.EndOfNextPeriod },
		"anniversary":  func(l *tiers.Ladder) { l.Window.Kind = tiers.Anniversary },
		"tier's years": func(l *tiers.Ladder) { l.Window.Kind, l.Start = tiers.TierAnniversary, tiers.NextPeriod },
		"cycle":        func(l *tiers.Ladder) { l.Window.Kind, l.Window.From, l.Grace = tiers.Cycle, enrolled+100, 10 },
		"with rollover": func(l *tiers.Ladder) {
			l.Window.Kind, l.Rollover = tiers.Calendar, []tiers.Rollover{{Metric: "night", Most: 5}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := tiers.Ladder{Code: "status", Window: tiers.Window{Span: tiers.Span{Months: 12}}, Tiers: []tiers.Tier{
				{Code: "silver", Enter: tiers.Condition{All: []tiers.Need{{Metric: "night", AtLeast: 40}}}}, {Code: "gold", Enter: tiers.Condition{All: []tiers.Need{{Metric: "night", AtLeast: 90}, {Metric: "spend", AtLeast: 700}}}},
			}}
			change(&l)
			require.Empty(t, tiers.ValidateLadders("ladders", []tiers.Ladder{l}, []string{"night", "spend"}))

			// A day is decided after ten years of coming daily as after a year of coming monthly.
			day := func(years, n int) (times, bytes float64) {
				last := enrolled.AddMonths(12 * years)
				m := guest(t, enrolled, last, n)
				before, _ := l.Evaluate(tiers.State{}, m, last-2)
				decided := func() {
					now, _ := l.Decide(before, m, last)
					l.Progress(now, m, last)
					l.NextChange(now, m)
					l.Headroom(now, m)
				}
				times = testing.AllocsPerRun(100, decided)
				var from, to runtime.MemStats
				runtime.ReadMemStats(&from)
				for range 100 {
					decided()
				}
				runtime.ReadMemStats(&to)
				return times, float64(to.TotalAlloc-from.TotalAlloc) / 100
			}
			often, much := day(10, 1)
			rarely, little := day(1, 30)
			require.LessOrEqual(t, often, rarely+2)
			require.LessOrEqual(t, much, little+1024, "bytes")

			// Two years are decided from daily facts as from monthly ones: what there is more of
			// is changes.
			whole := func(n int) (float64, int) {
				last := enrolled.AddMonths(24)
				m := guest(t, enrolled, last, n)
				_, changes := l.Evaluate(tiers.State{}, m, last)
				return testing.AllocsPerRun(100, func() { l.Evaluate(tiers.State{}, m, last) }), len(changes)
			}
			few, before := whole(30)
			many, after := whole(1)
			require.LessOrEqual(t, many-few, float64(2*max(0, after-before)))
		})
	}
}
