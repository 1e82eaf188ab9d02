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

// date returns the instant of a wall-clock time, resolving gaps and overlaps.
func date(y int, m time.Month, d int, clock time.Duration, zone *time.Location) time.Time {
	want := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Add(clock)
	got := time.Date(y, m, d, 0, 0, 0, int(clock), zone)
	wall := wallOf(got)
	switch {
	case wall.Equal(want):
		// An overlap has two candidates; the earlier has the larger offset.
		if earlier := overlapFirst(got, want); !earlier.IsZero() {
			return earlier.UTC()
		}
		return got.UTC()
	default:
		return gapEnd(want, zone).UTC()
	}
}

func wallOf(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

func overlapFirst(t, wall time.Time) time.Time {
	_, offset := t.Zone()
	for _, back := range []time.Duration{30 * time.Minute, time.Hour, 2 * time.Hour, 24 * time.Hour} {
		before := t.Add(-back)
		if _, o := before.Zone(); o > offset {
			first := before.Add(back - time.Duration(o-offset)*time.Second)
			if wallOf(first).Equal(wall) {
				return first
			}
		}
	}
	return time.Time{}
}

// gapEnd returns the first instant whose wall clock is not before wall.
func gapEnd(wall time.Time, zone *time.Location) time.Time {
	lo := wall.Add(-26 * time.Hour).In(zone) // wall clock before
	hi := wall.Add(26 * time.Hour).In(zone)  // wall clock after
	for hi.Sub(lo) > time.Nanosecond {
		mid := lo.Add(hi.Sub(lo) / 2)
		if wallOf(mid).Before(wall) {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}
