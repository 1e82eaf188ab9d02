package kpi

import (
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
)

// instantReader reads times of a file, and remembers the last date: logs are often
// sorted by it.
type instantReader struct {
	zone *time.Location
	// known is set where text is a date that was read, and midnight its first second in
	// UTC.
	known    bool
	text     [10]byte
	midnight int64
	// dated is set where date is the first instant of the date in the zone.
	dated bool
	date  time.Time
}

// read reads RFC 3339, or what lacks its offset, or its time of day too; a blank
// may stand for the T.
func (r *instantReader) read(text []byte) (time.Time, error) {
	if !r.known || len(text) < 10 || [10]byte(text) != r.text {
		year, month, day, ok := readDate(text)
		if !ok {
			return time.Time{}, notATime(text)
		}
		if year < 1900 || year > 2199 {
			return time.Time{}, fmt.Errorf("the year must be 1900 to 2199, is %d", year)
		}
		r.known, r.text, r.dated = true, [10]byte(text), false
		r.midnight = time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Unix()
	}
	if len(text) == 10 {
		if !r.dated {
			r.dated, r.date = true, r.wall(0)
		}
		return r.date, nil
	}
	clock, rest, ok := readClock(text[10:])
	if !ok {
		return time.Time{}, notATime(text)
	}
	if len(rest) == 0 {
		return r.wall(clock), nil
	}
	offset, ok := readOffset(rest)
	if !ok {
		return time.Time{}, notATime(text)
	}
	clock -= offset
	return time.Unix(r.midnight+int64(clock/time.Second), int64(clock%time.Second)).UTC(), nil
}

// wall is a time of day in the zone, on the date that was read last.
func (r *instantReader) wall(clock time.Duration) time.Time {
	year, month, day := time.Unix(r.midnight, 0).UTC().Date()
	return calendar.Wall(year, month, day, clock, r.zone)
}

func notATime(text []byte) error {
	return fmt.Errorf("%.40q is neither a date such as 2027-03-08 nor a time such as 2027-03-08T09:30:00+01:00", text)
}

// twoDigits reads two digits, or −1.
func twoDigits(text []byte) int {
	a, b := text[0]-'0', text[1]-'0'
	if a > 9 || b > 9 {
		return -1
	}
	return int(a)*10 + int(b)
}

func readDate(text []byte) (year, month, day int, ok bool) {
	if len(text) < 10 || text[4] != '-' || text[7] != '-' {
		return 0, 0, 0, false
	}
	century, rest := twoDigits(text), twoDigits(text[2:])
	month, day = twoDigits(text[5:]), twoDigits(text[8:])
	if century < 0 || rest < 0 || month < 1 || month > 12 || day < 1 {
		return 0, 0, 0, false
	}
	year = century*100 + rest
	return year, month, day, day <= daysIn(year, month)
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	default:
		return 31
	}
}

// readClock reads "T09:30:00" with an optional fraction.
func readClock(text []byte) (clock time.Duration, rest []byte, ok bool) {
	if len(text) < 9 || text[0] != 'T' && text[0] != 't' && text[0] != ' ' || text[3] != ':' || text[6] != ':' {
		return 0, nil, false
	}
	hour, minute, second := twoDigits(text[1:]), twoDigits(text[4:]), twoDigits(text[7:])
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		return 0, nil, false
	}
	clock = time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second
	text = text[9:]
	if len(text) == 0 || text[0] != '.' {
		return clock, text, true
	}
	digits := 0
	for unit := 100 * time.Millisecond; digits+1 < len(text) && text[digits+1] >= '0' && text[digits+1] <= '9'; digits++ {
		clock += time.Duration(text[digits+1]-'0') * unit
		unit /= 10
	}
	return clock, text[digits+1:], digits > 0
}

// readOffset reads "Z" or "+01:00".
func readOffset(text []byte) (offset time.Duration, ok bool) {
	if len(text) == 1 && (text[0] == 'Z' || text[0] == 'z') {
		return 0, true
	}
	if len(text) != 6 || text[0] != '+' && text[0] != '-' || text[3] != ':' {
		return 0, false
	}
	hour, minute := twoDigits(text[1:]), twoDigits(text[4:])
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 {
		return 0, false
	}
	offset = time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute
	if text[0] == '-' {
		offset = -offset
	}
	return offset, true
}
