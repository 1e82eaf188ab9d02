package points_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
)

func TestAZoneThatIsNilIsUTCEverywhere(t *testing.T) {
	rule := points.Rule{
		Code: "card", Bonus: 1, Count: &points.Count{Every: 2, Per: points.PerDay},
		When: points.When{Days: []int{1}, Hours: []points.Hours{{From: points.Clock(11, 0), Until: points.Clock(13, 0)}}},
	}
	lots := make([]points.Lot, 3)
	for i := range lots {
		lots[i] = points.Lot{ID: points.LotID(i + 1), Unit: "bean", State: points.LotOpen, Original: 1, Remaining: 1, EarnedAt: monday, ExpiresAt: points.Never}
	}
	for name, of := range map[string]func(zone *time.Location) any{
		"a span":          func(zone *time.Location) any { return points.Span{N: 1, Unit: points.Months}.After(monday, zone) },
		"a boundary":      func(zone *time.Location) any { return points.EndOfQuarter.Up(monday, zone) },
		"a return window": func(zone *time.Location) any { return points.For(14, points.Days).From(monday, zone) },
		"an expiry":       func(zone *time.Location) any { return points.ExpireAfter(1, points.Years).From(monday, zone) },
		"a day of the year": func(zone *time.Location) any {
			return points.ExpireAfter(1, points.Years).On(time.March, 31).From(monday, zone)
		},
		"inactivity": func(zone *time.Location) any {
			return (&points.Inactivity{After: points.Span{N: 2, Unit: points.Years}}).From(monday, zone)
		},
		"consolidation": func(zone *time.Location) any { return points.Consolidate(lots, zone, 1) },
		"a period": func(zone *time.Location) any {
			name, end := points.PerWeek.On(monday, zone)
			return []any{name, end}
		},
		"a window": func(zone *time.Location) any {
			day, hours, ok := rule.When.Window(monday, zone)
			return []any{rule.When.Holds(monday, zone), day, hours, ok}
		},
		"usage": func(zone *time.Location) any {
			usage := points.Usage{}.Add([]points.Rule{rule}, []points.Use{{Rule: "card", Counted: 1}}, monday, zone)
			progress, ok := usage.Progress(&rule, monday, zone)
			return []any{usage, progress, ok}
		},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, of(time.UTC), of(nil)) })
	}
}
