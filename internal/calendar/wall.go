package calendar

import "time"

// Wall returns the instant of a wall-clock time, given as what has passed since
// midnight, from 0 to 24 hours. A day beyond the month's is counted on from it.
func Wall(y int, m time.Month, d int, clock time.Duration, zone *time.Location) time.Time {
	if clock >= 24*time.Hour {
		return date(y, m, d+1, clock-24*time.Hour, zone)
	}
	return date(y, m, d, clock, zone)
}

// EndOfWeek returns the first instant of the next Monday: the exclusive end of the
// week of t.
func EndOfWeek(t time.Time, zone *time.Location) time.Time {
	local := t.In(zone)
	y, m, d := local.Date()
	sinceMonday := (int(local.Weekday()) + 6) % 7
	return date(y, m, d+7-sinceMonday, 0, zone)
}
