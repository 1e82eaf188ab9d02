package tiers

import (
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
)

// Day is a day of the calendar, counted from 1 January 1970, whatever the zone.
type Day int32

// The first and the last day that there are.
const (
	FirstDay Day = 0       // 1 January 1970
	LastDay  Day = 2932896 // 31 December 9999; as an end it means "never"
)

// DayOf returns the day of t in the zone.
func DayOf(t time.Time, zone *time.Location) Day { return date(t.In(zone).Date()) }

// Date returns a day by its date; out of range values are carried over as
// time.Date does.
func Date(year int, month time.Month, day int) Day { return date(year, month, day) }

func date(year int, month time.Month, day int) Day {
	const perDay = 24 * 60 * 60
	return Day(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / perDay)
}

// Start returns the first instant of the day in the zone, in UTC.
func (d Day) Start(zone *time.Location) time.Time {
	year, month, day := d.Date()
	noon := time.Date(year, month, day, 12, 0, 0, 0, zone)
	return calendar.StartOfDay(noon, zone)
}

// Date returns the year, month and day of the month.
func (d Day) Date() (year int, month time.Month, day int) {
	return time.Unix(int64(d)*24*60*60, 0).UTC().Date()
}

// AddMonths returns the same day of the month n months later, or the last one
// where that month is shorter.
func (d Day) AddMonths(n int) Day {
	year, month, day := d.Date()
	last := date(year, month+time.Month(n)+1, 0)
	return min(date(year, month+time.Month(n), 1)+Day(day-1), last)
}

// String returns the date as YYYY-MM-DD.
func (d Day) String() string {
	year, month, day := d.Date()
	return fmt.Sprintf("%04d-%02d-%02d", year, month, day)
}

// MarshalText writes the date as YYYY-MM-DD.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a date, YYYY-MM-DD, of the years 1970 to 9999.
func (d *Day) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.DateOnly, string(text))
	if err != nil || t.Year() < 1970 {
		return fmt.Errorf("%q is not a date of 1970 to 9999: write it like 2027-03-08", text)
	}
	*d = date(t.Date())
	return nil
}
