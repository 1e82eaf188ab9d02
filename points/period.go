package points

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
)

// Period is a stretch of time over which something is counted: a calendar period
// in the program's zone, one order or activity, or all time.
type Period string

// The periods, from the narrowest on. Weeks start on Monday.
const (
	PerEvent   Period = "event"
	PerDay     Period = "day"
	PerWeek    Period = "week"
	PerMonth   Period = "month"
	PerQuarter Period = "quarter"
	PerYear    Period = "year"
	Lifetime   Period = "lifetime"
)

var periods = []Period{PerEvent, PerDay, PerWeek, PerMonth, PerQuarter, PerYear, Lifetime}

// On names the period that contains t, such as "2027-03" for a month, and returns
// its exclusive end: [Never] for a lifetime. The name of [PerEvent], which no
// instant has, is empty.
func (p Period) On(t time.Time, zone *time.Location) (name string, end time.Time) {
	zone = zoneOf(zone)
	local := t.In(zone)
	switch p {
	case PerDay:
		return local.Format("2006-01-02"), calendar.EndOfDay(t, zone)
	case PerWeek:
		year, week := local.ISOWeek()
		return fmt.Sprintf("%d-W%02d", year, week), calendar.EndOfWeek(t, zone)
	case PerMonth:
		return local.Format("2006-01"), calendar.EndOfMonths(t, 1, zone)
	case PerQuarter:
		return fmt.Sprintf("%d-Q%d", local.Year(), (int(local.Month())+2)/3), calendar.EndOfMonths(t, 3, zone)
	case PerYear:
		return local.Format("2006"), calendar.EndOfMonths(t, 12, zone)
	case Lifetime:
		return string(Lifetime), Never
	default:
		return "", t
	}
}

// words returns "an order", "a day" or the like, for receipts.
func (p Period) words() string {
	switch p {
	case PerEvent:
		return "at once"
	case Lifetime:
		return "in a lifetime"
	default:
		return "a " + string(p)
	}
}

// period checks a period that is one of those allowed.
func (p *Problems) period(path string, period Period, allowed []Period) {
	if slices.Contains(allowed, period) {
		return
	}
	names := make([]string, len(allowed))
	for i := range allowed {
		names[i] = fmt.Sprintf("%q", string(allowed[i]))
	}
	p.Add(path, "%q is not a period: say %s", string(period), strings.Join(names, ", "))
}
