package calendar_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	require.NoError(t, err)
	return z
}

func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	require.NoError(t, err)
	return at
}

func TestDays(t *testing.T) {
	for _, c := range []struct{ name, zone, at, start, end string }{
		{"an ordinary day in Vienna", "Europe/Vienna", "2027-03-01T12:00:00+01:00", "2027-03-01T00:00:00+01:00", "2027-03-02T00:00:00+01:00"},
		{"the last microsecond belongs to its day", "Europe/Vienna", "2027-03-01T23:59:59.999999+01:00", "2027-03-01T00:00:00+01:00", "2027-03-02T00:00:00+01:00"},
		{"the day that loses an hour has 23", "Europe/Vienna", "2027-03-28T12:00:00+02:00", "2027-03-28T00:00:00+01:00", "2027-03-29T00:00:00+02:00"},
		{"the day that wins an hour has 25", "Europe/Vienna", "2027-10-31T12:00:00+01:00", "2027-10-31T00:00:00+02:00", "2027-11-01T00:00:00+01:00"},
		{"a day whose midnight is skipped starts at one", "America/Sao_Paulo", "2018-11-04T12:00:00-02:00", "2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"},
		{"the day before a skipped midnight ends with the gap", "America/Sao_Paulo", "2018-11-03T12:00:00-03:00", "2018-11-03T00:00:00-03:00", "2018-11-04T01:00:00-02:00"},
		{"a day whose last hour comes twice lasts through both", "America/Sao_Paulo", "2019-02-16T23:30:00-02:00", "2019-02-16T00:00:00-02:00", "2019-02-17T00:00:00-03:00"},
		{"the second last hour is still that day", "America/Sao_Paulo", "2019-02-16T23:30:00-03:00", "2019-02-16T00:00:00-02:00", "2019-02-17T00:00:00-03:00"},
		{"Beirut skips midnight too", "Asia/Beirut", "2022-03-27T12:00:00+03:00", "2022-03-27T01:00:00+03:00", "2022-03-28T00:00:00+03:00"},
		{"Havana has midnight twice and the first counts", "America/Havana", "2022-11-06T12:00:00-05:00", "2022-11-06T00:00:00-04:00", "2022-11-07T00:00:00-05:00"},
		{"Lord Howe moves by half an hour", "Australia/Lord_Howe", "2022-04-03T12:00:00+10:30", "2022-04-03T00:00:00+11:00", "2022-04-04T00:00:00+10:30"},
		{"Apia had no 30 December 2011", "Pacific/Apia", "2011-12-29T12:00:00-10:00", "2011-12-29T00:00:00-10:00", "2011-12-31T00:00:00+14:00"},
		{"Pago Pago is eleven hours behind", "Pacific/Pago_Pago", "2027-03-01T12:00:00-11:00", "2027-03-01T00:00:00-11:00", "2027-03-02T00:00:00-11:00"},
		{"Kiritimati is fourteen hours ahead", "Pacific/Kiritimati", "2027-03-01T12:00:00+14:00", "2027-03-01T00:00:00+14:00", "2027-03-02T00:00:00+14:00"},
		{"the last day of a leap year far ahead", "Europe/Vienna", "2040-12-31T12:00:00+01:00", "2040-12-31T00:00:00+01:00", "2041-01-01T00:00:00+01:00"},
		{"and the day after it", "Australia/Lord_Howe", "2041-01-01T12:00:00+11:00", "2041-01-01T00:00:00+11:00", "2041-01-02T00:00:00+11:00"},
		{"the year ends with its last day", "Asia/Kathmandu", "2027-12-31T23:00:00+05:45", "2027-12-31T00:00:00+05:45", "2028-01-01T00:00:00+05:45"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at, z := instant(t, c.at), zone(t, c.zone)
			start, end := calendar.StartOfDay(at, z), calendar.EndOfDay(at, z)
			assert.Equal(t, instant(t, c.start).UTC(), start, "start, in UTC")
			assert.Equal(t, instant(t, c.end).UTC(), end, "end, in UTC")
		})
	}
}

func TestEndOfMonths(t *testing.T) {
	for _, c := range []struct {
		name, zone, at string
		months         int
		end            string
	}{
		{"February of a leap year", "Europe/Vienna", "2028-02-29T12:00:00+01:00", 1, "2028-03-01T00:00:00+01:00"},
		{"a month ends at midnight of summer time", "Europe/Vienna", "2027-03-05T12:00:00+01:00", 1, "2027-04-01T00:00:00+02:00"},
		{"the first instant of a month is in it", "Europe/Vienna", "2027-03-01T00:00:00+01:00", 1, "2027-04-01T00:00:00+02:00"},
		{"the quarter of February", "Europe/Vienna", "2027-02-14T12:00:00+01:00", 3, "2027-04-01T00:00:00+02:00"},
		{"the quarter of December", "Europe/Vienna", "2027-12-31T23:59:59+01:00", 3, "2028-01-01T00:00:00+01:00"},
		{"the year", "Europe/Vienna", "2027-01-01T00:00:00+01:00", 12, "2028-01-01T00:00:00+01:00"},
		{"the zone says which month it is", "Pacific/Kiritimati", "2027-01-31T12:00:00Z", 1, "2027-03-01T00:00:00+14:00"},
		{"Amman's February of 2022 ended in summer time", "Asia/Amman", "2022-02-24T12:00:00+02:00", 1, "2022-03-01T00:00:00+03:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, instant(t, c.end).UTC(), calendar.EndOfMonths(instant(t, c.at), c.months, zone(t, c.zone)))
		})
	}
}

func TestAdd(t *testing.T) {
	for _, c := range []struct {
		name, zone, at string
		months, days   int
		want           string
	}{
		{"31 January plus a month is the last of February", "Europe/Vienna", "2027-01-31T12:00:00+01:00", 1, 0, "2027-02-28T12:00:00+01:00"},
		{"and the 29th in a leap year", "Europe/Vienna", "2028-01-31T12:00:00+01:00", 1, 0, "2028-02-29T12:00:00+01:00"},
		{"29 February plus a year is 28 February", "Europe/Vienna", "2028-02-29T12:00:00+01:00", 12, 0, "2029-02-28T12:00:00+01:00"},
		{"29 February plus four years is 29 February", "Europe/Vienna", "2028-02-29T12:00:00+01:00", 48, 0, "2032-02-29T12:00:00+01:00"},
		{"29 February 2096 plus four years is 28 February 2100", "UTC", "2096-02-29T12:00:00Z", 48, 0, "2100-02-28T12:00:00Z"},
		{"30 November plus three months clamps", "UTC", "2026-11-30T08:00:00Z", 3, 0, "2027-02-28T08:00:00Z"},
		{"the wall clock stays through a change of clocks", "Europe/Vienna", "2027-03-27T12:00:00+01:00", 0, 1, "2027-03-28T12:00:00+02:00"},
		{"a skipped wall clock becomes the end of the gap", "Europe/Vienna", "2027-03-27T02:30:00+01:00", 0, 1, "2027-03-28T03:00:00+02:00"},
		{"a repeated wall clock is its first occurrence", "Europe/Vienna", "2027-10-30T02:30:00+02:00", 0, 1, "2027-10-31T02:30:00+02:00"},
		{"the half hour that Lord Howe skips", "Australia/Lord_Howe", "2022-10-01T02:15:00+10:30", 0, 1, "2022-10-02T02:30:00+11:00"},
		{"the half hour that Lord Howe repeats", "Australia/Lord_Howe", "2022-04-02T01:45:00+11:00", 0, 1, "2022-04-03T01:45:00+11:00"},
		{"the day that Apia skipped becomes the day after", "Pacific/Apia", "2011-12-29T10:00:00-10:00", 0, 1, "2011-12-31T00:00:00+14:00"},
		{"two days are two dates even so", "Pacific/Apia", "2011-12-29T10:00:00-10:00", 0, 2, "2011-12-31T10:00:00+14:00"},
		{"microseconds are kept", "Europe/Vienna", "2027-03-01T12:00:00.000001+01:00", 1, 0, "2027-04-01T12:00:00.000001+02:00"},
		{"back in time", "Europe/Vienna", "2027-03-31T12:00:00+02:00", -1, 0, "2027-02-28T12:00:00+01:00"},
		{"a century", "Europe/Vienna", "2027-03-31T12:00:00+02:00", 1200, 0, "2127-03-31T12:00:00+02:00"},
		{"twelve centuries", "UTC", "2027-03-31T12:00:00Z", 14400, 0, "3227-03-31T12:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			z, got := zone(t, c.zone), instant(t, c.at)
			if c.months != 0 {
				got = calendar.AddMonths(got, c.months, z)
			}
			if c.days != 0 {
				got = calendar.AddDays(got, c.days, z)
			}
			assert.Equal(t, instant(t, c.want).UTC(), got)
		})
	}
}

var zoneNames = []string{
	"UTC", "Europe/Vienna", "Europe/London", "Europe/Dublin", "America/Sao_Paulo", "America/Havana", "America/St_Johns", "America/Santiago",
	"America/New_York", "Asia/Beirut", "Asia/Amman", "Asia/Gaza", "Asia/Tehran", "Asia/Kathmandu", "Asia/Pyongyang", "Australia/Lord_Howe",
	"Africa/Casablanca", "Africa/Cairo", "Pacific/Apia", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Pacific/Chatham", "Pacific/Kwajalein", "Antarctica/Troll",
}

func drawZone(t *rapid.T) *time.Location {
	name := rapid.SampledFrom(zoneNames).Draw(t, "zone")
	z, err := time.LoadLocation(name)
	require.NoError(t, err)
	return z
}

func drawInstant(t *rapid.T) time.Time {
	first, last := time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC), time.Date(2400, time.January, 1, 0, 0, 0, 0, time.UTC)
	minute := time.Unix(60*rapid.Int64Range(first.Unix()/60, last.Unix()/60).Draw(t, "minute"), 0)
	switch rapid.IntRange(0, 3).Draw(t, "instant") {
	case 0: // the end of a year
		return time.Date(minute.UTC().Year(), time.December, 30, minute.UTC().Hour(), minute.UTC().Minute(), 0, 0, time.UTC)
	default:
		return minute
	}
}

// naive walks minute by minute to the first instant whose wall clock shows the
// time, or else to the first whose wall clock is past it.
func naive(y int, m time.Month, d, minute int, z *time.Location) time.Time {
	want := time.Date(y, m, d, 0, minute, 0, 0, time.UTC)
	wall := func(t time.Time) time.Time {
		_, offset := t.In(z).Zone()
		return t.Add(time.Duration(offset) * time.Second)
	}
	first, last := want.Add(-27*time.Hour), want.Add(27*time.Hour)
	for t := first; t.Before(last); t = t.Add(time.Minute) {
		if wall(t).Equal(want) {
			return t
		}
	}
	for t := first; ; t = t.Add(time.Minute) {
		if wall(t).After(want) {
			return t
		}
	}
}

func TestEveryDateIsTheFirstInstantThatShowsIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		z, at := drawZone(t), drawInstant(t)
		days := rapid.IntRange(-40, 400).Draw(t, "days")
		local := at.In(z)
		y, m, d := local.Date()
		assert.Equal(t, naive(y, m, d, 0, z), calendar.StartOfDay(at, z), "start of day")
		assert.Equal(t, naive(y, m, d+1, 0, z), calendar.EndOfDay(at, z), "end of day")
		assert.Equal(t, naive(y, m+1, 1, 0, z), calendar.EndOfMonths(at, 1, z), "end of month")
		assert.Equal(t, naive(y, m, d+days, 60*local.Hour()+local.Minute(), z), calendar.AddDays(at, days, z), "days later")
	})
}

func TestDaysNeitherOverlapNorLeaveGaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		z, at := drawZone(t), drawInstant(t)
		start, end := calendar.StartOfDay(at, z), calendar.EndOfDay(at, z)
		assert.False(t, at.Before(start), "the day starts at or before %s, not at %s", at, start)
		assert.True(t, at.Before(end), "the day ends after %s, not at %s", at, end)
		assert.Equal(t, end, calendar.StartOfDay(end, z), "the next day starts where this one ends")
		assert.Equal(t, start, calendar.StartOfDay(end.Add(-time.Microsecond), z), "the last microsecond belongs to the day")
	})
}

func TestAddingMoreMonthsIsNeverEarlier(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		z, at := drawZone(t), drawInstant(t)
		n := rapid.IntRange(0, 1200).Draw(t, "months")
		assert.False(t, calendar.AddMonths(at, n+1, z).Before(calendar.AddMonths(at, n, z)))
	})
}

func BenchmarkEndOfDay(b *testing.B) {
	z, at := zone(b, "Europe/Vienna"), instant(b, "2027-03-01T12:00:00+01:00")
	b.ReportAllocs()
	for b.Loop() {
		calendar.EndOfDay(at, z)
	}
}
