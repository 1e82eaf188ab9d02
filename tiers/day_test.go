package tiers_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/tiers"
)

func TestADayIsThatOfTheZone(t *testing.T) {
	at := time.Date(2027, time.December, 31, 12, 0, 0, 0, time.UTC)
	for zone, want := range map[string]tiers.Day{
		"Pacific/Kiritimati": tiers.Date(2028, 1, 1),   // UTC+14
		"Pacific/Pago_Pago":  tiers.Date(2027, 12, 31), // UTC−11
		"Europe/Vienna":      tiers.Date(2027, 12, 31),
	} {
		loc, err := time.LoadLocation(zone)
		require.NoError(t, err)
		assert.Equal(t, want, tiers.DayOf(at, loc), zone)
		start := want.Start(loc)
		assert.Equal(t, want, tiers.DayOf(start, loc), zone)
		assert.Equal(t, want-1, tiers.DayOf(start.Add(-time.Microsecond), loc), zone)
	}
}

func TestADayOfNoZoneIsThatOfUTC(t *testing.T) {
	night := time.Date(2027, time.March, 6, 23, 30, 0, 0, time.FixedZone("west", -3600))
	assert.Equal(t, tiers.Date(2027, time.March, 7), tiers.DayOf(night, nil))
}

func TestADayWhoseMidnightIsSkippedStartsLater(t *testing.T) {
	saoPaulo, err := time.LoadLocation("America/Sao_Paulo")
	require.NoError(t, err)
	assert.Equal(t, time.Date(2018, 11, 4, 3, 0, 0, 0, time.UTC), tiers.Date(2018, 11, 4).Start(saoPaulo))
}

func TestMonthsAreClampedAtTheirEnd(t *testing.T) {
	assert.Equal(t, tiers.Date(2028, 2, 29), tiers.Date(2028, 1, 31).AddMonths(1))
	assert.Equal(t, tiers.Date(2027, 2, 28), tiers.Date(2028, 2, 29).AddMonths(-12))
	assert.Equal(t, tiers.Date(2027, 12, 31), tiers.Date(2028, 1, 31).AddMonths(-1))
}

func TestADayIsWrittenAsADate(t *testing.T) {
	text, err := tiers.Date(2028, 2, 29).MarshalText()
	require.NoError(t, err)
	assert.Equal(t, "2028-02-29", string(text))
	var day tiers.Day
	require.NoError(t, day.UnmarshalText([]byte("9999-12-31")))
	assert.Equal(t, tiers.LastDay, day)
	for _, bad := range []string{"", "2027-02-29", "1969-12-31", "10000-01-01", "2027-2-1", "heute"} {
		assert.Error(t, day.UnmarshalText([]byte(bad)), bad)
	}
}

func TestForgottenDaysStayInTheSumOfALife(t *testing.T) {
	counts := tiers.Counts{}
	for i := range 10 {
		require.NoError(t, counts.Add("night", tiers.Date(2027, 1, 1+i), 1))
	}
	counts.Forget(tiers.Date(2027, 1, 6))
	assert.Len(t, counts["night"], 6, "five days and what was before them")
	assert.EqualValues(t, 10, counts.Sum("night", tiers.FirstDay, tiers.LastDay))
	assert.EqualValues(t, 5, counts.Sum("night", tiers.Date(2027, 1, 6), tiers.LastDay))
}

func TestCountsDoNotWrap(t *testing.T) {
	counts := tiers.Counts{}
	require.NoError(t, counts.Add("spend", 10, 1<<62))
	require.NoError(t, counts.Add("spend", 10, 1<<62-1))
	require.ErrorIs(t, counts.Add("spend", 5, 2), tiers.ErrTooMuch)
	assert.EqualValues(t, 1<<63-1, counts.Sum("spend", tiers.FirstDay, tiers.LastDay))
}

func TestADayIsTheSameDateAsInTheStandardLibrary(t *testing.T) {
	for day := tiers.FirstDay - 800000; day <= tiers.LastDay; day += 13 {
		year, month, date := day.Date()
		want := time.Unix(int64(day)*24*60*60, 0).UTC()
		require.Equal(t, want.Format("2006-01-02"), time.Date(year, month, date, 0, 0, 0, 0, time.UTC).Format("2006-01-02"))
		if day >= tiers.FirstDay {
			require.Equal(t, want.Format(time.DateOnly), day.String())
		}
	}
}

func TestDatesAreCarriedOverAsInTheStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		year := rapid.IntRange(-500, 11000).Draw(t, "year")
		month := time.Month(rapid.IntRange(-30, 40).Draw(t, "month"))
		day := rapid.IntRange(-800, 800).Draw(t, "day")
		at := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
		require.Equal(t, at.Unix(), int64(tiers.Date(year, month, day))*24*60*60)
	})
}

func TestYearsOfMoreAndLessThanFourDigitsAreWrittenWhole(t *testing.T) {
	assert.Equal(t, "10000-01-01", (tiers.LastDay + 1).String())
	assert.Equal(t, "-001-12-31", tiers.Date(-1, 12, 31).String())
	var day tiers.Day
	require.NoError(t, day.UnmarshalText([]byte("1970-01-01")))
	assert.Equal(t, tiers.FirstDay, day)
}
