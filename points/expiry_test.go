package points_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/points"
)

func TestExpiryAtADayOfTheYear(t *testing.T) {
	never := points.NeverExpire()
	for _, c := range []struct {
		name, zone string
		expiry     points.Expiry
		from, want string
	}{
		{"in February, this year's 31 March is next", "Europe/Vienna", points.ExpireOn(time.March, 31, 0), "2027-02-10T08:00:00+01:00", "2027-04-01T00:00:00+02:00"},
		{"on the day itself, it is still to come", "Europe/Vienna", points.ExpireOn(time.March, 31, 0), "2027-03-31T23:59:59+02:00", "2027-04-01T00:00:00+02:00"},
		{"at the following midnight, it is over", "Europe/Vienna", points.ExpireOn(time.March, 31, 0), "2027-04-01T00:00:00+02:00", "2028-04-01T00:00:00+02:00"},
		{"of next year, in February", "Europe/Vienna", points.ExpireOn(time.March, 31, 1), "2027-02-10T08:00:00+01:00", "2028-04-01T00:00:00+02:00"},
		{"of next year, in December", "Europe/Vienna", points.ExpireOn(time.March, 31, 1), "2027-12-31T23:59:59+01:00", "2028-04-01T00:00:00+02:00"},
		{"of the year after", "Europe/Vienna", points.ExpireOn(time.March, 31, 2), "2027-06-10T08:00:00+02:00", "2029-04-01T00:00:00+02:00"},
		{"the year is that of the zone", "Pacific/Kiritimati", points.ExpireOn(time.March, 31, 1), "2026-12-31T12:00:00Z", "2028-03-31T10:00:00Z"},
		{"29 February, in a year that has it", "UTC", points.ExpireOn(time.February, 29, 0), "2028-02-10T00:00:00Z", "2028-03-01T00:00:00Z"},
		{"29 February, in a year that has none", "UTC", points.ExpireOn(time.February, 29, 0), "2027-02-10T00:00:00Z", "2027-03-01T00:00:00Z"},
		{"at least a year, and then to the end of 31 December", "UTC", points.ExpireAfter(12, points.Months).On(time.December, 31), "2027-02-10T00:00:00Z", "2029-01-01T00:00:00Z"},
		{"31 October ends with the hour that comes twice behind it", "Europe/Vienna", points.ExpireOn(time.October, 31, 0), "2027-10-31T02:30:00+01:00", "2027-11-01T00:00:00+01:00"},
		{"a day that ends where midnight is skipped", "America/Sao_Paulo", points.ExpireOn(time.November, 3, 0), "2018-10-01T00:00:00Z", "2018-11-04T01:00:00-02:00"},
		{"never is never", "UTC", never, "2027-02-10T00:00:00Z", "9999-12-31T23:59:59.999999Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Empty(t, points.ValidateExpiry("expiry", c.expiry))
			zone, err := time.LoadLocation(c.zone)
			require.NoError(t, err)
			from, err := time.Parse(time.RFC3339Nano, c.from)
			require.NoError(t, err)
			want, err := time.Parse(time.RFC3339Nano, c.want)
			require.NoError(t, err)
			require.Equal(t, want.UTC(), c.expiry.From(from, zone))
			require.Equal(t, points.Never, c.expiry.From(points.Never, zone))
		})
	}
}

func TestEveryExpiryIsAfterItsBeginning(t *testing.T) {
	zones := []string{"UTC", "Europe/Vienna", "America/Sao_Paulo", "Pacific/Apia", "Australia/Lord_Howe"}
	rapid.Check(t, func(t *rapid.T) {
		zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
		require.NoError(t, err)
		from := time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "from")).UTC()
		expiry := rapid.SampledFrom([]points.Expiry{
			points.ExpireAfter(1, points.Days), points.ExpireAfter(2, points.Weeks).At(points.Exact),
			points.ExpireAfter(1, points.Months).At(points.EndOfMonth), points.ExpireAfter(1, points.Years).At(points.EndOfQuarter),
			points.ExpireAfter(18, points.Months).At(points.EndOfYear), points.ExpireAfter(3, points.Months).On(time.June, 30),
			points.ExpireOn(time.March, 31, 0), points.ExpireOn(time.February, 29, 0), points.ExpireOn(time.December, 31, 3),
		}).Draw(t, "expiry")
		until := expiry.From(from, zone)
		require.True(t, until.After(from), "%s is not after %s", until, from)
		if expiry.Day != (points.YearDay{}) {
			last := until.Add(-time.Microsecond).In(zone)
			require.Equal(t, expiry.Day.Month, int(last.Month()), "the last instant is on the day")
			require.True(t, last.Day() == expiry.Day.Day || last.Month() == time.February && last.Day() == 28)
		}
	})
}

func TestInactivityCountsWhatItLists(t *testing.T) {
	idle := points.Inactivity{After: points.Span{N: 12, Unit: points.Months}, Activities: []string{"earn", "visit"}}
	require.Empty(t, points.ValidateInactivity("inactivity", &idle))
	require.True(t, idle.Counts("visit"))
	require.False(t, idle.Counts("spend"))
	zone, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	last := time.Date(2028, time.February, 29, 12, 0, 0, 0, time.UTC)
	require.Equal(t, time.Date(2029, time.February, 28, 23, 0, 0, 0, time.UTC), idle.From(last, zone), "to the end of 28 February in Vienna")
}

func TestBadExpiriesAreNamedByPath(t *testing.T) {
	for name, c := range map[string]struct {
		expiry points.Expiry
		path   string
	}{
		"a thirteenth month":          {points.Expiry{Day: points.YearDay{Month: 13, Day: 1}}, "e.day.month"},
		"30 February":                 {points.ExpireOn(time.February, 30, 0), "e.day.day"},
		"a day with a boundary":       {points.ExpireOn(time.March, 31, 0).At(points.EndOfMonth), "e.boundary"},
		"years without a day":         {points.Expiry{After: points.Span{N: 1, Unit: points.Days}, Years: 1}, "e.years"},
		"years and a validity":        {points.Expiry{After: points.Span{N: 1, Unit: points.Days}, Day: points.YearDay{Month: 1, Day: 1}, Years: 1}, "e.years"},
		"eleven years":                {points.ExpireOn(time.March, 31, 11), "e.years"},
		"never and a day of the year": {points.Expiry{Never: true, Day: points.YearDay{Month: 1, Day: 1}}, "e"},
		"nothing":                     {points.Expiry{}, "e"},
	} {
		t.Run(name, func(t *testing.T) {
			problems := points.ValidateExpiry("e", c.expiry)
			require.Len(t, problems, 1)
			require.Equal(t, c.path, problems[0].Path)
		})
	}
	require.Len(t, points.ValidateInactivity("i", &points.Inactivity{}), 3)
	require.Len(t, points.ValidateInactivity("i", &points.Inactivity{After: points.Span{N: 1, Unit: points.Days}, Activities: []string{"earn", "earn", "Visit"}}), 2)
}
