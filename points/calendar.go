package points

import (
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
)

// CalendarUnit is a unit of calendar time. Days are calendar days in the
// program's zone, so 23 or 25 hours long where the clocks change.
type CalendarUnit string

// The calendar units.
const (
	Days   CalendarUnit = "days"
	Weeks  CalendarUnit = "weeks"
	Months CalendarUnit = "months"
	Years  CalendarUnit = "years"
)

// Span is a length of calendar time, such as 12 months. Month ends clamp:
// 31 January plus one month is the last day of February.
type Span struct {
	N    int          `json:"n"`
	Unit CalendarUnit `json:"unit"`
}

// zoneOf is the zone, and UTC for nil.
func zoneOf(zone *time.Location) *time.Location {
	if zone == nil {
		return time.UTC
	}
	return zone
}

// After returns t moved by the span on the calendar of zone, in UTC.
func (s Span) After(t time.Time, zone *time.Location) time.Time {
	zone = zoneOf(zone)
	switch s.Unit {
	case Days:
		return calendar.AddDays(t, s.N, zone)
	case Weeks:
		return calendar.AddDays(t, 7*s.N, zone)
	case Months:
		return calendar.AddMonths(t, s.N, zone)
	case Years:
		return calendar.AddMonths(t, 12*s.N, zone)
	default:
		return t
	}
}

// String returns the span in words, such as "12 months".
func (s Span) String() string { return fmt.Sprintf("%d %s", s.N, s.Unit) }

// Boundary rounds a date up to the end of a calendar period, in the program's
// zone. Ends are exclusive: the end of a day is the first instant of the next.
type Boundary string

// The boundaries. The zero Boundary is [EndOfDay].
const (
	// EndOfDay rounds up to the next midnight. It is the default.
	EndOfDay Boundary = ""
	// Exact keeps the instant to the microsecond.
	Exact        Boundary = "exact"
	EndOfMonth   Boundary = "end-of-month"
	EndOfQuarter Boundary = "end-of-quarter"
	EndOfYear    Boundary = "end-of-year"
)

// Up returns the end of the period that contains t, or t itself for [Exact].
func (b Boundary) Up(t time.Time, zone *time.Location) time.Time {
	zone = zoneOf(zone)
	switch b {
	case EndOfDay:
		return calendar.EndOfDay(t, zone)
	case EndOfMonth:
		return calendar.EndOfMonths(t, 1, zone)
	case EndOfQuarter:
		return calendar.EndOfMonths(t, 3, zone)
	case EndOfYear:
		return calendar.EndOfMonths(t, 12, zone)
	default:
		return t
	}
}

// Activation says when earned points become spendable. The zero Activation is at
// once.
type Activation struct {
	// Confirm is set for points that wait for an explicit confirmation.
	Confirm bool `json:"confirm,omitempty"`
	// Window is how long points stay pending: a return window.
	Window Span `json:"window,omitzero"`
	// Boundary is what the end of the window is rounded up to.
	Boundary Boundary `json:"boundary,omitempty"`
}

// For is a return window of n calendar units, to the end of its last day.
func For(n int, unit CalendarUnit) Activation { return Activation{Window: Span{N: n, Unit: unit}} }

// UntilConfirmed makes points wait for an explicit confirmation.
func UntilConfirmed() Activation { return Activation{Confirm: true} }

// At returns a with the end of the window rounded up to the given boundary.
func (a Activation) At(b Boundary) Activation {
	a.Boundary = b
	return a
}

// From returns when points earned at t become spendable, in UTC, or [Never]
// where they wait for a confirmation.
func (a Activation) From(t time.Time, zone *time.Location) time.Time {
	switch {
	case a.Confirm:
		return Never
	case a.Window == Span{}:
		return t
	default:
		return a.Boundary.Up(a.Window.After(t, zone), zone)
	}
}
