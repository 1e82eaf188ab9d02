package rewards

import (
	"time"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
	"github.com/loyaltykit/loyaltykit/points"
)

// lookAhead is for how many days a recurring window is looked for: 29 February comes
// within them.
const lookAhead = 8*366 + 1

// opening returns the first instant from t on at which a window holds, or
// points.Never.
func opening(w *points.When, t time.Time, zone *time.Location) time.Time {
	if t.Before(w.From) {
		t = w.From
	}
	if w.Holds(t, zone) {
		return t.UTC()
	}
	days := points.When{Weekdays: w.Weekdays, Days: w.Days, Months: w.Months}
	y, m, d := t.In(zone).Date()
	for i := range lookAhead {
		noon := calendar.Wall(y, m, d+i, 12*time.Hour, zone)
		if !w.Until.IsZero() && !noon.AddDate(0, 0, -2).Before(w.Until) {
			break
		}
		if !days.Holds(noon, zone) {
			continue
		}
		if next := onDay(w, y, m, d+i, t, zone); !points.IsNever(next) {
			return next
		}
	}
	return points.Never
}

// onDay returns the first instant after t at which a window opens on a day.
func onDay(w *points.When, y int, m time.Month, d int, t time.Time, zone *time.Location) time.Time {
	next := points.Never
	consider := func(clock time.Duration) {
		at := calendar.Wall(y, m, d, clock, zone)
		if at.After(t) && at.Before(next) && w.Holds(at, zone) {
			next = at
		}
	}
	for _, hours := range w.Hours {
		consider(time.Duration(hours.From) * time.Minute)
	}
	if len(w.Hours) == 0 {
		consider(0)
	}
	return next
}
