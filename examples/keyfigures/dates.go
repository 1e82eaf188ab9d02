package keyfigures

import (
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
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

// periodBetween is the days from start until before end. It is empty where neither is
// said; an error names the field that is wrong, whose name begins with path.
func periodBetween(path, start, end string, zone *time.Location) (kpi.Period, error) {
	from, err := Day(start, zone)
	if err != nil {
		return kpi.Period{}, fmt.Errorf("%sstart: %w", path, err)
	}
	to, err := Day(end, zone)
	if err != nil {
		return kpi.Period{}, fmt.Errorf("%send: %w", path, err)
	}
	switch {
	case start == "" && end == "":
		return kpi.Period{}, nil
	case start == "":
		return kpi.Period{}, fmt.Errorf("%sstart: must be said where end is", path)
	case end == "":
		return kpi.Period{}, fmt.Errorf("%send: must be said where start is", path)
	case !to.After(from):
		return kpi.Period{}, fmt.Errorf("%send: must be after start", path)
	}
	return kpi.Period{Start: from, End: to, Zone: zone}, nil
}

// since is the days from a date until the end of the report, empty where none is said.
func (r *Report) since(path, date string) (kpi.Period, error) {
	start, err := Day(date, r.period.Zone)
	switch {
	case err != nil:
		return kpi.Period{}, fmt.Errorf("%s: %w", path, err)
	case date == "":
		return kpi.Period{}, nil
	case !start.Before(r.period.End):
		return kpi.Period{}, fmt.Errorf("%s: must be a day of before %s, where the report ends", path, r.period.End.Format(time.DateOnly))
	}
	return kpi.Period{Start: start, End: r.period.End, Zone: r.period.Zone}, nil
}
