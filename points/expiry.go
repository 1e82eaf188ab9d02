package points

import (
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
)

// Expiry says when credited points expire, counted from the instant at which
// they become available. The zero Expiry is not valid: say [NeverExpire],
// [ExpireAfter] or [ExpireOn].
type Expiry struct {
	// Never is set for points that do not expire.
	Never bool `json:"never,omitempty"`
	// After is the validity, at least one day.
	After Span `json:"after,omitzero"`
	// Boundary is what the end of the validity is rounded up to.
	Boundary Boundary `json:"boundary,omitempty"`
	// Day is a fixed day of the year, with the end of which points expire: the first
	// such day that is not over when the validity of After ends, or when points become
	// available where there is no After.
	Day YearDay `json:"day,omitzero"`
	// Years, at most 10, moves a Day without After to that many years after the one
	// in which points become available: 1 is next year's, however near this year's is.
	Years int `json:"years,omitempty"`
}

// YearDay is a day of every year. 29 February is 28 February in years that have
// none.
type YearDay struct {
	// Month is 1 to 12, Day is 1 to the month's last.
	Month int `json:"month"`
	Day   int `json:"day"`
}

// end returns the exclusive end of the day in a year.
func (d YearDay) end(year int, zone *time.Location) time.Time {
	return calendar.EndOfDate(year, time.Month(d.Month), d.Day, zone)
}

// next returns the end of the first such day that is not over at t.
func (d YearDay) next(t time.Time, zone *time.Location) time.Time {
	year := calendar.YearOf(t, zone)
	if end := d.end(year, zone); end.After(t) {
		return end
	}
	return d.end(year+1, zone)
}

// NeverExpire is the expiry of points that do not expire.
func NeverExpire() Expiry { return Expiry{Never: true} }

// ExpireAfter is the expiry of points that are valid for n calendar units and
// then to the end of that day; see [Expiry.At] and [Expiry.On] for other roundings.
func ExpireAfter(n int, unit CalendarUnit) Expiry {
	return Expiry{After: Span{N: n, Unit: unit}}
}

// ExpireOn is the expiry of points that are valid to the end of a day of the year:
// with 0 years of the next such day, with 1 of that day next year, with 2 of the year
// after.
func ExpireOn(month time.Month, day, years int) Expiry {
	return Expiry{Day: YearDay{Month: int(month), Day: day}, Years: years}
}

// At returns e rounded up to the given boundary.
func (e Expiry) At(b Boundary) Expiry {
	e.Boundary = b
	return e
}

// On returns e rounded up to the end of a day of the year.
func (e Expiry) On(month time.Month, day int) Expiry {
	e.Day = YearDay{Month: int(month), Day: day}
	return e
}

// From returns the expiry instant of points that become available at t, in UTC,
// or [Never]. Points that never become available (t is Never) never expire.
func (e Expiry) From(t time.Time, zone *time.Location) time.Time {
	zone = zoneOf(zone)
	switch {
	case e.Never || IsNever(t):
		return Never
	case e.Day == YearDay{}:
		return e.Boundary.Up(e.After.After(t, zone), zone)
	case e.Years > 0:
		return e.Day.end(calendar.YearOf(t, zone)+e.Years, zone)
	default:
		return e.Day.next(e.After.After(t, zone), zone)
	}
}

// Inactivity makes all available points of a unit expire together, once a member
// has not been active for a while. It goes beside the unit's Expiry, which is then
// the hard cap of each lot.
type Inactivity struct {
	// After is how long a member may be inactive, at least one day.
	After Span `json:"after"`
	// Boundary is what the end of that time is rounded up to.
	Boundary Boundary `json:"boundary,omitempty"`
	// Activities lists what counts: types of commands, such as "earn", "spend",
	// "refund" or "transfer", the same with "-in" for the other members of a command,
	// such as "transfer-in", and codes of activities, such as "visit".
	Activities []string `json:"activities"`
}

// Counts reports whether an activity counts.
func (i *Inactivity) Counts(activity string) bool {
	return slices.Contains(i.Activities, activity)
}

// From returns when points expire after a last activity at t, in UTC.
func (i *Inactivity) From(t time.Time, zone *time.Location) time.Time {
	return i.Boundary.Up(i.After.After(t, zone), zone)
}
