package points

import (
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
)

// When narrows a rule in time; all that is set must hold. Days, months and hours
// are those of the program's zone.
type When struct {
	// Weekdays is a set of days of the week; empty is every day.
	Weekdays Weekdays `json:"weekdays,omitempty"`
	// Days lists days of the month: 1 to 31, or −1 for the last, −2 for the one
	// before it, and so on. Empty is every day.
	Days []int `json:"days,omitempty"`
	// Months lists months of the year, 1 to 12; empty is every month.
	Months []int `json:"months,omitempty"`
	// Hours lists windows within the day, of which one must hold; empty is the
	// whole day.
	Hours []Hours `json:"hours,omitempty"`
	// From and Until bound the instants, [From, Until); zero is open.
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
}

// Hours is a window of the day by the clock on the wall, [From, Until). A window
// that ends before it starts goes on into the next day and belongs, with its
// weekday, day and month, to the day on which it starts. Where the clocks change,
// a time that is skipped is the first instant after the gap, and one that occurs
// twice is its first occurrence.
type Hours struct {
	// From is the start; zero is midnight.
	From TimeOfDay `json:"from,omitempty"`
	// Until is the end; zero is the midnight that ends the day.
	Until TimeOfDay `json:"until,omitempty"`
}

// TimeOfDay is a time by the clock in minutes since midnight, 0 to 1439, written
// in JSON as "07:30".
type TimeOfDay int

// Clock is the time of day of an hour and minute.
func Clock(hour, minute int) TimeOfDay { return TimeOfDay(60*hour + minute) }

const minutesPerDay = 24 * 60

// String returns the time as "07:30".
func (c TimeOfDay) String() string { return fmt.Sprintf("%02d:%02d", int(c)/60, int(c)%60) }

// MarshalText returns the time as [TimeOfDay.String] does.
func (c TimeOfDay) MarshalText() ([]byte, error) {
	if c < 0 || c >= minutesPerDay {
		return nil, fmt.Errorf("points: %d is not a time of day in minutes from 0 to %d", int(c), minutesPerDay-1)
	}
	return []byte(c.String()), nil
}

// UnmarshalText reads a time from "00:00" to "23:59".
func (c *TimeOfDay) UnmarshalText(text []byte) error {
	digit := func(i int) int { return int(text[i]) - '0' }
	if len(text) == 5 && text[2] == ':' && allDigits(string(text[:2])) && allDigits(string(text[3:])) {
		hour, minute := 10*digit(0)+digit(1), 10*digit(3)+digit(4)
		if hour < 24 && minute < 60 {
			*c = Clock(hour, minute)
			return nil
		}
	}
	return fmt.Errorf("points: %q is not a time of day: want \"00:00\" to \"23:59\"", Clip(string(text)))
}

// Holds reports whether t is within w, with days and hours in zone.
func (w When) Holds(t time.Time, zone *time.Location) bool { return w.holds(t, zoneOf(zone)) }

func (w *When) holds(t time.Time, zone *time.Location) bool {
	if !w.From.IsZero() && t.Before(w.From) {
		return false
	}
	if !w.Until.IsZero() && !t.Before(w.Until) {
		return false
	}
	if len(w.Hours) > 0 {
		_, _, ok := w.window(t, zone)
		return ok
	}
	if w.Weekdays == 0 && len(w.Days) == 0 && len(w.Months) == 0 {
		return true
	}
	return w.takes(t.In(zone))
}

// Window returns the window of w.Hours that t is within, and noon of the day, in UTC, to
// which it belongs: of t, or of the day before where that one's goes on past midnight. It is
// false where there is none.
func (w When) Window(t time.Time, zone *time.Location) (day time.Time, hours Hours, ok bool) {
	return w.window(t, zoneOf(zone))
}

func (w *When) window(t time.Time, zone *time.Location) (day time.Time, hours Hours, ok bool) {
	y, m, d := t.In(zone).Date()
	for _, hours := range w.Hours {
		for back := range 2 {
			if back == 1 && !hours.overnight() {
				continue
			}
			day := time.Date(y, m, d-back, 12, 0, 0, 0, time.UTC)
			if !w.takes(day) {
				continue
			}
			start, end := hours.on(day, zone)
			if !t.Before(start) && t.Before(end) {
				return day, hours, true
			}
		}
	}
	return time.Time{}, Hours{}, false
}

func (h Hours) overnight() bool { return h.Until != 0 && h.Until < h.From }

// on returns the instants of the window that starts on a day.
func (h Hours) on(day time.Time, zone *time.Location) (start, end time.Time) {
	until := time.Duration(h.Until) * time.Minute
	y, m, d := day.Date()
	start = calendar.Wall(y, m, d, time.Duration(h.From)*time.Minute, zone)
	if h.Until == 0 || h.overnight() {
		d++
	}
	return start, calendar.Wall(y, m, d, until, zone)
}

// takes reports whether the date of a local time is one of the days.
func (w *When) takes(local time.Time) bool {
	if w.Weekdays != 0 && !w.Weekdays.Has(local.Weekday()) {
		return false
	}
	y, m, d := local.Date()
	if len(w.Months) > 0 && !slices.Contains(w.Months, int(m)) {
		return false
	}
	if len(w.Days) == 0 || slices.Contains(w.Days, d) {
		return true
	}
	days := time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return slices.Contains(w.Days, d-days-1)
}

func (p *Problems) when(path string, w *When) {
	if w.Weekdays&^everyDay != 0 {
		p.Add(path+".weekdays", "%#b is not a set of the seven days", uint8(w.Weekdays))
	}
	p.dates(path+".days", w.Days, 31, true)
	p.dates(path+".months", w.Months, 12, false)
	if len(w.Hours) > maxHours {
		p.Add(path+".hours", "at most %d windows fit, here are %d", maxHours, len(w.Hours))
	} else {
		for i, hours := range w.Hours {
			p.hours(fmt.Sprintf("%s.hours[%d]", path, i), hours)
		}
	}
	p.instant(path+".from", w.From)
	p.instant(path+".until", w.Until)
	if !w.From.IsZero() && !w.Until.IsZero() && !w.From.Before(w.Until) {
		p.Add(path+".until", "must be after \"from\"")
	}
}

const maxHours = 24

// dates checks a list of days or months, each once.
func (p *Problems) dates(path string, list []int, most int, negative bool) {
	if len(list) > 2*most {
		p.Add(path, "at most %d fit, here are %d", 2*most, len(list))
		return
	}
	for i, n := range list {
		switch at := fmt.Sprintf("%s[%d]", path, i); {
		case (n < 1 || n > most) && (!negative || n > -1 || n < -most):
			text := "%d is not a number from 1 to %d"
			if negative {
				text += ", or from -1 back for the end of the month"
			}
			p.Add(at, text, n, most)
		case slices.Contains(list[:i], n):
			p.Add(at, "%d is listed twice", n)
		}
	}
}

func (p *Problems) hours(path string, h Hours) {
	from, until := h.From >= 0 && h.From < minutesPerDay, h.Until >= 0 && h.Until < minutesPerDay
	if !from {
		p.Add(path+".from", "%d is not a time of day in minutes from 0 to %d", int(h.From), minutesPerDay-1)
	}
	if !until {
		p.Add(path+".until", "%d is not a time of day in minutes from 0 to %d", int(h.Until), minutesPerDay-1)
	}
	if from && until && h.From == h.Until {
		p.Add(path, "a window ends at another time than it starts; for the whole day leave it out")
	}
}

// ValidateWhen lists every problem of w, each with the path of its field under path.
func ValidateWhen(path string, w When) Problems {
	var problems Problems
	problems.when(path, &w)
	return problems
}
