package sqlkpi

import (
	"strconv"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
	"github.com/loyaltykit/loyaltykit/kpi"
)

// calendarOf writes which period of a zone's calendar an instant is in. The zone's clocks are
// those that Go knows, and not the engine's: a statement holds the changes of
// offsets, or the starts of months, of the log's time.
type calendarOf struct {
	dialect *dialect
	zone    *time.Location
	// from and to contain the log with a year on each side, so that orders that come in
	// between two statements are told right.
	from, to time.Time
}

func newCalendar(d *dialect, zone *time.Location, e Extent) calendarOf {
	if zone == nil {
		zone = time.UTC
	}
	c := calendarOf{d, zone, e.First.AddDate(-1, 0, 0), e.Last.AddDate(1, 0, 0)}
	if c.from.Before(firstOrder) {
		c.from = firstOrder
	}
	if c.to.After(lastOrder) {
		c.to = lastOrder
	}
	if e.Last.IsZero() {
		c.from, c.to = firstOrder, firstOrder.Add(time.Hour)
	}
	return c
}

// period numbers periods as package kpi does.
func (c *calendarOf) period(kind string) string {
	switch kind {
	case string(kpi.ByInstant):
		return c.dialect.micros("ordered_at")
	case string(kpi.ByWeek): // and Weekly
		return c.dialect.divide("("+c.day()+" + "+strconv.Itoa(7*shift+3)+")", "7") + " - " + strconv.Itoa(shift)
	case string(kpi.Monthly), string(kpi.Quarterly), string(kpi.Yearly):
		return c.months(monthsOf(kind))
	default:
		return c.day()
	}
}

func monthsOf(kind string) int64 {
	switch kind {
	case string(kpi.Quarterly):
		return 3
	case string(kpi.Yearly):
		return 12
	default:
		return 1
	}
}

func (c *calendarOf) day() string {
	offsets := calendar.Offsets(c.from, c.to, c.zone)
	cuts, values := make([]int64, len(offsets)), make([]string, len(offsets))
	for i, o := range offsets {
		cuts[i], values[i] = o.From.UnixMicro(), c.dialect.offset(o.Seconds)
	}
	return c.dialect.day("ordered_at", c.choose(cuts, values))
}

// mostMonths bounds the buckets whose starts a statement holds, so that no engine finds
// it too long.
const mostMonths = 600

// months numbers buckets of n months. Their starts are in the statement unless the log
// covers very many. Within one offset dates only grow; where clocks
// go back over midnight, a bucket may come twice.
func (c *calendarOf) months(n int64) string {
	if c.bucket(c.to, n)-c.bucket(c.from, n) > mostMonths {
		return c.dialect.divide("("+c.dialect.month(c.day())+")", strconv.FormatInt(n, 10))
	}
	var cuts []int64
	var values []string
	offsets := calendar.Offsets(c.from, c.to, c.zone)
	for i, o := range offsets {
		end := c.to
		if i+1 < len(offsets) {
			end = offsets[i+1].From
		}
		bucket := c.bucket(o.From, n)
		for start := o.From.Unix(); start < end.Unix(); {
			if number := strconv.FormatInt(bucket, 10); len(values) == 0 || values[len(values)-1] != number {
				cuts, values = append(cuts, start*1_000_000), append(values, number)
			}
			bucket++
			start = calendar.StartOfMonth(bucket*n)*24*60*60 - int64(o.Seconds)
		}
	}
	return c.choose(cuts, values)
}

func (c *calendarOf) bucket(at time.Time, n int64) int64 {
	return calendar.MonthOf(calendar.NewDates(c.zone).Day(at.Unix())) / n
}

// choose picks the value of the last cut that is not after at, by halves: values[i]
// holds from cuts[i] on, the first also before.
func (c *calendarOf) choose(cuts []int64, values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	var b strings.Builder
	var half func(from, to int)
	half = func(from, to int) {
		if to-from == 1 {
			b.WriteString(values[from])
			return
		}
		middle := (from + to) / 2
		b.WriteString("CASE WHEN ordered_at < " + c.dialect.at(cuts[middle]) + " THEN ")
		half(from, middle)
		b.WriteString(" ELSE ")
		half(middle, to)
		b.WriteString(" END")
	}
	half(0, len(values))
	return b.String()
}

// number is the period that an instant is in, as period tells it.
func (c *calendarOf) number(kind string, at time.Time) int64 {
	day := calendar.NewDates(c.zone).Day(at.Unix())
	switch kind {
	case string(kpi.ByInstant):
		return at.UnixMicro()
	case string(kpi.ByWeek):
		return calendar.WeekOf(day)
	case string(kpi.Monthly), string(kpi.Quarterly), string(kpi.Yearly):
		return c.bucket(at, monthsOf(kind))
	default:
		return day
	}
}

// start is the first instant of a period.
func (c *calendarOf) start(kind string, period int64) time.Time {
	switch kind {
	case string(kpi.ByInstant):
		return time.UnixMicro(period).UTC()
	case string(kpi.ByWeek):
		period = calendar.StartOfWeek(period)
	case string(kpi.Monthly), string(kpi.Quarterly), string(kpi.Yearly):
		period = calendar.StartOfMonth(period * monthsOf(kind))
	}
	return calendar.StartOfDate(period, c.zone)
}
