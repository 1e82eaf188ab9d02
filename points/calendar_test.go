package points_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/points"
)

func at(t testing.TB, text string) time.Time {
	t.Helper()
	instant, err := time.Parse(time.RFC3339Nano, text)
	require.NoError(t, err)
	return instant
}

func location(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	require.NoError(t, err)
	return zone
}

func TestExpiryFrom(t *testing.T) {
	for _, c := range []struct {
		name   string
		expiry points.Expiry
		zone   string
		from   string
		want   string
	}{
		{"twelve months to the end of the day", points.ExpireAfter(12, points.Months), "Europe/Vienna", "2027-03-01T12:00:00+01:00", "2028-03-02T00:00:00+01:00"},
		{"a year from 29 February ends with 28 February", points.ExpireAfter(1, points.Years), "Europe/Vienna", "2028-02-29T12:00:00+01:00", "2029-03-01T00:00:00+01:00"},
		{"a month from 31 January", points.ExpireAfter(1, points.Months), "Europe/Vienna", "2027-01-31T12:00:00+01:00", "2027-03-01T00:00:00+01:00"},
		{"thirty days", points.ExpireAfter(30, points.Days), "Europe/Vienna", "2027-03-01T12:00:00+01:00", "2027-04-01T00:00:00+02:00"},
		{"two weeks", points.ExpireAfter(2, points.Weeks), "Europe/Vienna", "2027-03-01T12:00:00+01:00", "2027-03-16T00:00:00+01:00"},
		{"to the microsecond", points.ExpireAfter(1, points.Days).At(points.Exact), "Europe/Vienna", "2027-03-27T12:00:00.000001+01:00", "2027-03-28T12:00:00.000001+02:00"},
		{"to the end of the month", points.ExpireAfter(12, points.Months).At(points.EndOfMonth), "Europe/Vienna", "2027-03-15T12:00:00+01:00", "2028-04-01T00:00:00+02:00"},
		{"to the end of the quarter", points.ExpireAfter(12, points.Months).At(points.EndOfQuarter), "Europe/Vienna", "2027-05-15T12:00:00+02:00", "2028-07-01T00:00:00+02:00"},
		{"to the end of the year", points.ExpireAfter(1, points.Years).At(points.EndOfYear), "Europe/Vienna", "2027-05-15T12:00:00+02:00", "2029-01-01T00:00:00+01:00"},
		{"an evening in UTC is the next day in Auckland", points.ExpireAfter(1, points.Days), "Pacific/Auckland", "2027-06-30T20:00:00Z", "2027-07-03T00:00:00+12:00"},
		{"a skipped midnight ends the day at one", points.ExpireAfter(1, points.Days), "America/Sao_Paulo", "2018-11-02T12:00:00-03:00", "2018-11-04T01:00:00-02:00"},
		{"a week over the day that Apia skipped", points.ExpireAfter(1, points.Weeks), "Pacific/Apia", "2011-12-25T12:00:00-10:00", "2012-01-02T00:00:00+14:00"},
		{"never", points.NeverExpire(), "Europe/Vienna", "2027-03-01T12:00:00+01:00", "9999-12-31T23:59:59.999999Z"},
		{"points that never become available never expire", points.ExpireAfter(1, points.Days), "Europe/Vienna", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, at(t, c.want).UTC(), c.expiry.From(at(t, c.from), location(t, c.zone)).UTC())
		})
	}
}

func TestActivationFrom(t *testing.T) {
	vienna, earned := location(t, "Europe/Vienna"), at(t, "2027-03-20T12:00:00+01:00")
	assert.Equal(t, earned, points.Activation{}.From(earned, vienna), "at once")
	assert.Equal(t, points.Never, points.UntilConfirmed().From(earned, vienna))
	assert.Equal(t, at(t, "2027-04-04T00:00:00+02:00").UTC(), points.For(14, points.Days).From(earned, vienna))
	assert.Equal(t, at(t, "2027-04-03T12:00:00+02:00").UTC(), points.For(14, points.Days).At(points.Exact).From(earned, vienna))
	assert.Equal(t, at(t, "2027-05-01T00:00:00+02:00").UTC(), points.For(14, points.Days).At(points.EndOfMonth).From(earned, vienna))
}

func TestValidityIsNeverShorterThanItSays(t *testing.T) {
	zones := []string{"UTC", "Europe/Vienna", "America/Sao_Paulo", "Asia/Beirut", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kiritimati", "Pacific/Pago_Pago"}
	boundaries := []points.Boundary{points.EndOfDay, points.EndOfMonth, points.EndOfQuarter, points.EndOfYear}
	units := []points.CalendarUnit{points.Days, points.Weeks, points.Months, points.Years}
	rapid.Check(t, func(t *rapid.T) {
		zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
		require.NoError(t, err)
		from := time.UnixMicro(rapid.Int64Range(0, 2_100_000_000_000_000).Draw(t, "from")).UTC()
		expiry := points.ExpireAfter(rapid.IntRange(1, 1200).Draw(t, "n"), rapid.SampledFrom(units).Draw(t, "unit"))
		exact := expiry.At(points.Exact).From(from, zone)
		require.True(t, from.Before(exact))
		before := exact
		for _, boundary := range boundaries {
			rounded := expiry.At(boundary).From(from, zone)
			require.True(t, exact.Before(rounded), "%s ends after the validity", boundary)
			require.False(t, rounded.Before(before), "a longer period never ends earlier")
			require.Equal(t, rounded, boundary.Up(rounded.Add(-time.Microsecond), zone), "its last microsecond rounds up to it")
			before = rounded
		}
		later := points.ExpireAfter(expiry.After.N+1, expiry.After.Unit).From(from, zone)
		require.False(t, later.Before(expiry.From(from, zone)))
	})
}

func TestSpanString(t *testing.T) {
	assert.Equal(t, "12 months", points.Span{N: 12, Unit: points.Months}.String())
	assert.Equal(t, monday, points.Span{N: 1, Unit: "moons"}.After(monday, time.UTC), "an unknown unit moves nothing")
}

func TestNeverIsTheEndOfTime(t *testing.T) {
	assert.True(t, points.IsNever(points.Never.In(location(t, "Asia/Kathmandu"))))
	assert.False(t, points.IsNever(points.Never.Add(-time.Microsecond)))
	assert.Equal(t, points.Never, points.Never.Truncate(time.Microsecond), "Never survives microsecond storage")
}
