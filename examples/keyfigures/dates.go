package keyfigures

import (
	"fmt"
	"time"
)

// Day is the first instant of a date in a zone; an empty text is no date.
func Day(text string, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is not a date such as 2027-03-08", text)
	}
	return startOf(at.Year(), at.Month(), at.Day(), zone), nil
}

// startOf is the first instant that shows a date, which is not midnight where
// clocks go forward then.
func startOf(year int, month time.Month, day int, zone *time.Location) time.Time {
	noon := time.Date(year, month, day, 12, 0, 0, 0, zone)
	at := time.Date(year, month, day, 0, 0, 0, 0, zone)
	if at.Day() != noon.Day() {
		_, at = at.ZoneBounds()
	}
	return at
}

// dayOf is the first instant of an instant's date in a zone.
func dayOf(at time.Time, zone *time.Location) time.Time {
	y, m, d := at.In(zone).Date()
	return startOf(y, m, d, zone)
}

// daysAfter is the first instant of the date so many days after.
func daysAfter(day time.Time, days int) time.Time {
	y, m, d := day.Date()
	return startOf(y, m, d+days, day.Location())
}

func nextDay(day time.Time) time.Time { return daysAfter(day, 1) }
