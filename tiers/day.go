package tiers

import (
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
)

// Day is a day of the calendar, counted from 1 January 1970, whatever the zone. As text it
// is a date such as 2027-03-08, also as JSON.
type Day int32

// The first and the last day that there are.
const (
	FirstDay Day = 0       // 1 January 1970
	LastDay  Day = 2932896 // 31 December 9999; as an end it means "never"
)

// DayOf returns the day of t in the zone, which is that of the program; nil is UTC.
func DayOf(t time.Time, zone *time.Location) Day {
	if zone == nil {
		zone = time.UTC
	}
	return date(t.In(zone).Date())
}

// Date returns a day by its date; out of range values are carried over as
// time.Date does.
func Date(year int, month time.Month, day int) Day { return date(year, month, day) }

func date(year int, month time.Month, day int) Day {
	carry := floor(int(month)-1, 12)
	m, y := int(month)-1-12*carry, year+carry // from 0
	if m < 2 {
		m, y = m+12, y-1
	}
	return Day(365*y + floor(y, 4) - floor(y, 100) + floor(y, 400) + (153*(m-2)+2)/5 + day - 1 - marchDays)
}

// Start returns the first instant of the day in the zone, in UTC: midnight, or where the
// clocks skip it the first instant after.
func (d Day) Start(zone *time.Location) time.Time {
	year, month, day := d.Date()
	noon := time.Date(year, month, day, 12, 0, 0, 0, zone)
	return calendar.StartOfDay(noon, zone)
}

// Date returns the year, month and day of the month.
func (d Day) Date() (year int, month time.Month, day int) {
	// Years start with March here, so that the day that some have comes last, and eras
	// have 400 of them.
	n := int(d) + marchDays
	era := floor(n, eraDays)
	n -= era * eraDays
	y := (n - n/1460 + n/36524 - n/146096) / 365
	n -= 365*y + y/4 - y/100
	m := (5*n + 2) / 153
	day = n - (153*m+2)/5 + 1
	year = y + 400*era
	if m += 3; m > 12 {
		m, year = m-12, year+1
	}
	return year, time.Month(m), day
}

const (
	// eraDays are those of 400 years, and marchDays those from 1 March of the year 0 to
	// 1 January 1970.
	eraDays   = 146097
	marchDays = 719468
)

func floor(n, by int) int {
	if n < 0 {
		return (n - by + 1) / by
	}
	return n / by
}

// AddMonths returns the same day of the month n months later, or the last one
// where that month is shorter.
func (d Day) AddMonths(n int) Day {
	year, month, day := d.Date()
	last := date(year, month+time.Month(n)+1, 0)
	return min(date(year, month+time.Month(n), 1)+Day(day-1), last)
}

// String returns the date as YYYY-MM-DD.
func (d Day) String() string { return string(d.appendTo(make([]byte, 0, 12))) }

func (d Day) appendTo(text []byte) []byte {
	year, month, day := d.Date()
	if year < 0 || year > 9999 {
		return fmt.Appendf(text, "%04d-%02d-%02d", year, month, day)
	}
	for _, part := range [...]struct{ n, unit int }{{year, 1000}, {int(month), 10}, {day, 10}} {
		if len(text) > 0 {
			text = append(text, '-')
		}
		for unit := part.unit; unit > 0; unit /= 10 {
			text = append(text, byte('0'+part.n/unit%10))
		}
	}
	return text
}

// MarshalText writes the date as YYYY-MM-DD. It does not fail.
func (d Day) MarshalText() ([]byte, error) { return d.appendTo(make([]byte, 0, 12)), nil }

// UnmarshalText reads a date, YYYY-MM-DD, of the years 1970 to 9999.
func (d *Day) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.DateOnly, string(text))
	if err != nil || t.Year() < 1970 {
		return fmt.Errorf("%q is not a date of 1970 to 9999: write it like 2027-03-08", text)
	}
	*d = date(t.Date())
	return nil
}
