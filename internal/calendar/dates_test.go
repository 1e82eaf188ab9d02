package calendar_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
)

// dayNumber is the date that time.Time shows, in days since 1970.
func dayNumber(at time.Time, zone *time.Location) int64 {
	y, m, d := at.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400
}

func TestDatesAreThoseOfTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		z := drawZone(t)
		dates := calendar.NewDates(z)
		for range 20 {
			at := time.Unix(drawInstant(t).Unix()+rapid.Int64Range(0, 59).Draw(t, "second"), 0)
			y, m, d := at.In(z).Date()
			first := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
			for range 2 { // what it says first and what it remembers
				day := dates.Day(at.Unix())
				require.Equal(t, first.Unix(), day*86400, "%s in %s", at, z)
				require.Equal(t, int64(y*12+int(m)-1), calendar.MonthOf(day))
				require.Equal(t, day-int64(d)+1, calendar.StartOfMonth(calendar.MonthOf(day)))
				require.Equal(t, day-int64(first.Weekday()+6)%7, calendar.StartOfWeek(calendar.WeekOf(day)))
			}
		}
	})
}

func TestDatesAroundEveryChangeOfClocks(t *testing.T) {
	for _, name := range zoneNames {
		z := zone(t, name)
		dates := calendar.NewDates(z)
		for at := time.Unix(0, 0); at.Year() < 2045; {
			_, end := at.In(z).ZoneBounds()
			if end.IsZero() {
				break
			}
			if !end.After(at) {
				at = at.Add(time.Hour)
				continue
			}
			at = end
			for _, minutes := range []int{-1500, -61, -1, 0, 1, 61, 1500} {
				moment := at.Add(time.Duration(minutes) * time.Minute)
				require.Equal(t, dayNumber(moment, z), dates.Day(moment.Unix()), "%s in %s", moment, name)
			}
		}
	}
}

func TestDatesFarApartAreRightToo(t *testing.T) {
	z := zone(t, "America/New_York")
	dates := calendar.NewDates(z)
	for _, year := range []int{-9000, 1, 1850, 1970, 2028, 4000, 9998} {
		at := time.Date(year, time.February, 28, 23, 59, 59, 0, z)
		y, m, d := at.Date()
		assert.Equal(t, time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix(), dates.Day(at.Unix())*86400, "year %d", year)
		assert.Equal(t, int64(y*12+int(m)-1), calendar.MonthOf(dates.Day(at.Unix())), "year %d", year)
	}
}

func TestADateStartsWhereTheCalendarSays(t *testing.T) {
	z := zone(t, "America/Sao_Paulo")
	at := instant(t, "2018-11-04T12:00:00-02:00")
	assert.Equal(t, calendar.StartOfDay(at, z), calendar.StartOfDate(calendar.NewDates(z).Day(at.Unix()), z))
}

func BenchmarkDates(b *testing.B) {
	dates := calendar.NewDates(zone(b, "Europe/Vienna"))
	at := instant(b, "2027-03-01T12:00:00+01:00").Unix()
	var sum int64
	for b.Loop() {
		at += 4211
		sum += calendar.MonthOf(dates.Day(at))
	}
	_ = sum
}

func TestZonesAreTheSameWhereTheirClocksAreNotWhereTheirNamesAre(t *testing.T) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	require.True(t, calendar.SameOffsets(vienna, vienna))
	require.False(t, calendar.SameOffsets(vienna, berlin), "Berlin had summer times of its own in 1945 to 1949")
	require.False(t, calendar.SameOffsets(vienna, time.FixedZone("Europe/Vienna", 3600)))
	require.True(t, calendar.SameOffsets(time.UTC, time.FixedZone("", 0)))
}
