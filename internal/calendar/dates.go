package calendar

import (
	"math"
	"slices"
	"time"
)

const (
	daySeconds = 24 * 60 * 60
	// dayShift makes the days of the years from −9999 on positive, which are divided
	// faster.
	dayShift = 4_400_000
)

// Dates tells the date that a zone shows at an instant, many times faster than
// [time.Time]: it remembers the offset of each day of UTC that it was asked about.
// It is for one goroutine.
type Dates struct {
	zone *time.Location
	// first is the day of UTC that cells starts with. A cell holds the offset in
	// seconds, or that it changes within the day, or that nobody asked.
	first int64
	cells []int32
}

const (
	offsetChanges = math.MinInt32
	offsetUnknown = math.MinInt32 + 1
	// maxCells bounds what is remembered, to the days of 2,800 years.
	maxCells = 1 << 20
)

// NewDates returns the dates of a zone.
func NewDates(zone *time.Location) *Dates { return &Dates{zone: zone} }

// Day returns the date at an instant, given in Unix seconds, as a number of days
// since 1 January 1970. The instant lies within the years −9999 to 9999.
func (d *Dates) Day(at int64) int64 {
	i := dayOf(at) - d.first
	if uint64(i) < uint64(len(d.cells)) {
		if offset := d.cells[i]; offset > offsetUnknown {
			return dayOf(at + int64(offset))
		}
	}
	return d.ask(at)
}

func dayOf(seconds int64) int64 {
	return int64(uint64(seconds+dayShift*daySeconds)/daySeconds) - dayShift
}

func (d *Dates) ask(at int64) int64 {
	if cell := d.cell(dayOf(at)); cell != nil && *cell == offsetUnknown {
		*cell = d.offsetOn(dayOf(at))
	}
	_, offset := time.Unix(at, 0).In(d.zone).Zone()
	return dayOf(at + int64(offset))
}

// cell returns the cell of a day, making room for it, or nil where there is none.
func (d *Dates) cell(day int64) *int32 {
	const margin = 512
	if len(d.cells) == 0 {
		d.first = day - margin
	}
	first, end := min(d.first, day-margin), max(d.first+int64(len(d.cells)), day+margin)
	if day >= d.first && day < d.first+int64(len(d.cells)) {
		return &d.cells[day-d.first]
	}
	if end-first > maxCells {
		return nil
	}
	cells := slices.Repeat([]int32{offsetUnknown}, int(end-first))
	copy(cells[d.first-first:], d.cells)
	d.first, d.cells = first, cells
	return &d.cells[day-d.first]
}

// offsetOn returns the offset in force all through a day of UTC.
func (d *Dates) offsetOn(day int64) int32 {
	start := time.Unix(day*daySeconds, 0).In(d.zone)
	_, offset := start.Zone()
	if _, end := start.ZoneBounds(); !end.IsZero() && end.Unix() < (day+1)*daySeconds {
		return offsetChanges
	}
	return int32(offset)
}

// WeekOf returns the number of the week, from Monday, that has a day of [Dates].
func WeekOf(day int64) int64 { return floorDiv(day+3, 7) }

// StartOfWeek returns the Monday that begins a week of [WeekOf].
func StartOfWeek(week int64) int64 { return week*7 - 3 }

// MonthOf returns the month that has a day of [Dates], as months since January of
// the year 0.
func MonthOf(day int64) int64 {
	// Counted from 1 March 0000, so that a leap day ends its year; 146,097 days are
	// 400 years. See Hinnant, chrono-compatible low-level date algorithms.
	day += 719468
	era := floorDiv(day, 146097)
	inEra := day - era*146097
	year := (inEra - inEra/1460 + inEra/36524 - inEra/146096) / 365
	inYear := inEra - (365*year + year/4 - year/100)
	return (era*400+year)*12 + (5*inYear+2)/153 + 2
}

// StartOfMonth returns the first day of a month of [MonthOf].
func StartOfMonth(month int64) int64 {
	at := time.Date(int(floorDiv(month, 12)), time.Month(month-floorDiv(month, 12)*12+1), 1, 0, 0, 0, 0, time.UTC)
	return dayOf(at.Unix())
}

// StartOfDate returns the first instant, in a zone, of a day of [Dates].
func StartOfDate(day int64, zone *time.Location) time.Time {
	y, m, d := time.Unix(day*daySeconds, 0).UTC().Date()
	return date(y, m, d, 0, zone)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
