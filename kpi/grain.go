package kpi

import (
	"time"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
)

// Grain is the length of what counts as one purchase: all that a customer buys
// within it is one.
type Grain string

// The grains of purchases.
const (
	// ByDay merges the purchases of one date in the zone. It is the default.
	ByDay Grain = "day"
	// ByWeek merges those of one week from Monday. Times between purchases are then
	// whole weeks.
	ByWeek Grain = "week"
	// ByInstant merges only what has the same microsecond; times between purchases
	// are exact.
	ByInstant Grain = "instant"
)

// TimeUnit is a unit of time, in days.
type TimeUnit float64

// Units of time for models. Months and years are mean ones: a model's time is
// continuous and knows no calendar.
const (
	InDays   TimeUnit = 1
	InWeeks  TimeUnit = 7
	InMonths TimeUnit = 30.4375
	InYears  TimeUnit = 365.25
)

// Bucket is a calendar period that members are grouped by.
type Bucket string

// The buckets of the calendar.
const (
	Weekly    Bucket = "week"
	Monthly   Bucket = "month"
	Quarterly Bucket = "quarter"
	Yearly    Bucket = "year"
)

// clock numbers the periods that instants belong to.
type clock struct {
	dates *calendar.Dates
	kind  string
}

func newClock(kind string, zone *time.Location) clock {
	return clock{calendar.NewDates(orUTC(zone)), kind}
}

const microsecond = 1_000_000

// period is the number of the period that an instant in microseconds is in.
func (c *clock) period(micros int64) int64 {
	if c.kind == string(ByInstant) {
		return micros
	}
	return c.ofDay(c.dates.Day(secondOf(micros)))
}

// secondOf is the second that an instant in microseconds is in.
func secondOf(micros int64) int64 {
	seconds := micros / microsecond
	if micros%microsecond < 0 {
		seconds--
	}
	return seconds
}

func (c *clock) ofDay(day int64) int64 {
	switch c.kind {
	case string(ByWeek): // and Weekly
		return calendar.WeekOf(day)
	case string(Monthly):
		return calendar.MonthOf(day)
	case string(Quarterly):
		return calendar.MonthOf(day) / 3
	case string(Yearly):
		return calendar.MonthOf(day) / 12
	default:
		return day
	}
}

// start is the first instant of a period of the calendar.
func (c *clock) start(period int64, zone *time.Location) time.Time {
	day := period
	switch c.kind {
	case string(ByInstant):
		return time.UnixMicro(period).UTC()
	case string(ByWeek):
		day = calendar.StartOfWeek(period)
	case string(Monthly):
		day = calendar.StartOfMonth(period)
	case string(Quarterly):
		day = calendar.StartOfMonth(period * 3)
	case string(Yearly):
		day = calendar.StartOfMonth(period * 12)
	}
	return calendar.StartOfDate(day, orUTC(zone))
}

// daysBetween is the time from one period of a grain to another, in days.
func (c *clock) daysBetween(from, to int64) float64 {
	switch c.kind {
	case string(ByInstant):
		return float64(to-from) / (24 * 60 * 60 * microsecond)
	case string(ByWeek):
		return float64(7 * (to - from))
	default:
		return float64(to - from)
	}
}
