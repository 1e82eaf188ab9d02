package kpi

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
)

// Period is the time from Start until before End, as seen in Zone.
type Period struct {
	Start, End time.Time
	// Zone is the zone of the calendar; nil is UTC.
	Zone *time.Location
}

// CalendarMonth is a month of the calendar in a zone, from the first instant that
// shows its first date, which is not midnight where clocks change then.
func CalendarMonth(year int, month time.Month, zone *time.Location) Period {
	zone = orUTC(zone)
	first := func(month time.Month) time.Time {
		return calendar.StartOfDay(time.Date(year, month, 1, 12, 0, 0, 0, zone), zone).In(zone)
	}
	return Period{Start: first(month), End: first(month + 1), Zone: zone}
}

// IsZero reports whether nothing was said about a period.
func (p Period) IsZero() bool { return p.Start.IsZero() && p.End.IsZero() }

// Contains reports whether an instant is in the period.
func (p Period) Contains(at time.Time) bool { return !at.Before(p.Start) && at.Before(p.End) }

// Days is the length of the period in days of 24 hours.
func (p Period) Days() float64 { return p.End.Sub(p.Start).Hours() / 24 }

// Validate reports a period that ends before it starts.
func (p Period) Validate() error {
	var problems Problems
	if p.End.Before(p.Start) {
		problems.Add("end", "must not be before the start %s, is %s", p.Start.Format(time.RFC3339), p.End.Format(time.RFC3339))
	}
	return problems.Err()
}

// String writes the period as dates where it starts and ends at midnight, else as
// instants, with its zone.
func (p Period) String() string {
	if p.IsZero() {
		return "no period"
	}
	zone := orUTC(p.Zone)
	layout := time.DateOnly
	if !midnight(p.Start, zone) || !midnight(p.End, zone) {
		layout = "2006-01-02 15:04:05"
	}
	return fmt.Sprintf("from %s until before %s %s", p.Start.In(zone).Format(layout), p.End.In(zone).Format(layout), zone)
}

// periodJSON is a period's form in JSON.
type periodJSON struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
	Zone  string    `json:"zone"`
}

// MarshalJSON writes start, end and the name of the zone.
func (p Period) MarshalJSON() ([]byte, error) {
	zone := orUTC(p.Zone)
	return json.Marshal(periodJSON{Start: p.Start.In(zone), End: p.End.In(zone), Zone: zone.String()})
}

func orUTC(zone *time.Location) *time.Location {
	if zone == nil {
		return time.UTC
	}
	return zone
}

func midnight(t time.Time, zone *time.Location) bool {
	hour, minute, second := t.In(zone).Clock()
	return hour == 0 && minute == 0 && second == 0 && t.Nanosecond() == 0
}
