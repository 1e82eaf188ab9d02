// Package calendar does arithmetic on the calendar of a time zone. Every
// function takes an instant and a zone and returns an instant in UTC.
//
// A wall-clock time that the zone skips (clocks go forward) becomes the first
// instant after the gap; one that occurs twice becomes its first occurrence.
package calendar

import "time"

// StartOfDay returns the first instant of t's day. Where midnight is skipped, as
// in zones that change their clocks at midnight, it is the first instant after.
func StartOfDay(t time.Time, zone *time.Location) time.Time {
	y, m, d := t.In(zone).Date()
	return date(y, m, d, 0, zone)
}

// EndOfDay returns the first instant of the day after t's: the exclusive end.
func EndOfDay(t time.Time, zone *time.Location) time.Time {
	y, m, d := t.In(zone).Date()
	return date(y, m, d+1, 0, zone)
}

// EndOfMonths returns the exclusive end of the period of n months that contains
// t, where periods of n months are counted from January: 1 for months, 3 for
// quarters, 12 for years.
func EndOfMonths(t time.Time, n int, zone *time.Location) time.Time {
	y, m, _ := t.In(zone).Date()
	first := (int(m)-1)/n*n + 1
	return date(y, time.Month(first+n), 1, 0, zone)
}

// YearOf returns the year of t in the zone.
func YearOf(t time.Time, zone *time.Location) int { return t.In(zone).Year() }

// EndOfDate returns the exclusive end of a day of a year: 31 March's is the first
// instant of 1 April. A day that the month does not have is its last one.
func EndOfDate(year int, month time.Month, day int, zone *time.Location) time.Time {
	last := time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return date(year, month, min(day, last)+1, 0, zone)
}

// AddDays returns the same wall-clock time n days later.
func AddDays(t time.Time, n int, zone *time.Location) time.Time {
	local := t.In(zone)
	y, m, d := local.Date()
	return date(y, m, d+n, sinceMidnight(local), zone)
}

// AddMonths returns the same wall-clock time n months later, on the last day of
// the month where the day does not exist.
func AddMonths(t time.Time, n int, zone *time.Location) time.Time {
	local := t.In(zone)
	y, m, d := local.Date()
	last := time.Date(y, m+time.Month(n)+1, 0, 0, 0, 0, 0, time.UTC)
	return date(last.Year(), last.Month(), min(d, last.Day()), sinceMidnight(local), zone)
}

func sinceMidnight(local time.Time) time.Duration {
	h, m, s := local.Clock()
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second +
		time.Duration(local.Nanosecond())
}

// maxShift is more than any two offsets of a zone differ: they lie between
// UTC−12 and UTC+14.
const maxShift = 27 * time.Hour

// date returns the instant of a wall-clock time, resolving gaps and overlaps.
func date(y int, m time.Month, d int, clock time.Duration, zone *time.Location) time.Time {
	wall := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Add(clock)
	guess := wall.Add(-offsetAt(wall, zone))
	if offsetAt(guess, zone) == wall.Sub(guess) {
		if start, _ := guess.In(zone).ZoneBounds(); start.IsZero() || guess.Sub(start) > maxShift {
			return guess
		}
	}
	return search(wall, zone)
}

// search looks through the offsets in force around a wall-clock time, from the
// earliest on: for the first that shows it, or the first that starts after it.
//
// Beyond a zone's table, ZoneBounds answers an end that is past on 31 December
// of leap years (seen with Go 1.26), hence the step that always moves on.
func search(wall time.Time, zone *time.Location) time.Time {
	for start := wall.Add(-maxShift); ; {
		offset := offsetAt(start, zone)
		instant := wall.Add(-offset)
		if instant.Before(start) {
			return start.UTC()
		}
		_, end := start.In(zone).ZoneBounds()
		if end.IsZero() {
			return instant
		}
		if !end.After(start) {
			end = start.Add(15 * time.Minute)
		}
		if instant.Before(end) {
			return instant
		}
		start = end
	}
}

func offsetAt(t time.Time, zone *time.Location) time.Duration {
	_, seconds := t.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}
