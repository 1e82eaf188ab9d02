package loyalty_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func TestTheLateWindowEndsByTheCalendarOfTheProgram(t *testing.T) {
	for name, c := range map[string]struct {
		window   points.Span
		at, late string
	}{
		"a day as summer time begins":   {points.Span{N: 1, Unit: points.Days}, "2027-03-27T12:00:00+01:00", "2027-03-28T12:00:00+02:00"},
		"a day as it ends":              {points.Span{N: 1, Unit: points.Days}, "2027-10-30T12:00:00+02:00", "2027-10-31T12:00:00+01:00"},
		"a month from the 31 January":   {points.Span{N: 1, Unit: points.Months}, "2027-01-31T09:00:00+01:00", "2027-02-28T09:00:00+01:00"},
		"the same in a leap year":       {points.Span{N: 1, Unit: points.Months}, "2028-01-31T09:00:00+01:00", "2028-02-29T09:00:00+01:00"},
		"a year from the 29 February":   {points.Span{N: 1, Unit: points.Years}, "2028-02-29T09:00:00+01:00", "2029-02-28T09:00:00+01:00"},
		"from a month that UTC has not": {points.Span{N: 1, Unit: points.Months}, "2027-03-01T00:30:00+01:00", "2027-04-01T00:30:00+02:00"},
	} {
		t.Run(name, func(t *testing.T) {
			at, err := time.Parse(time.RFC3339, c.at)
			require.NoError(t, err)
			late, err := time.Parse(time.RFC3339, c.late)
			require.NoError(t, err)
			program := beans(points.NeverExpire())
			program.Earning, program.LateWindow = []points.Rule{euroRate(), {Code: "visit", Activity: "visit", Bonus: 1}}, c.window
			s := openShop(t, program)
			s.now = at.AddDate(0, 0, -1)
			s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
			s.now = late.Add(-time.Microsecond)
			s.must(loyalty.Earn{Member: "anna", Key: "in time", Order: coffees("1001", 1), OccurredAt: at})
			s.must(loyalty.Fact{Member: "anna", Key: "in time, too", Activity: "visit", OccurredAt: at})
			s.now = late
			s.refused(loyalty.Earn{Member: "anna", Key: "late", Order: coffees("1002", 1), OccurredAt: at}, loyalty.ErrTooOld)
			s.refused(loyalty.Fact{Member: "anna", Key: "late, too", Activity: "visit", OccurredAt: at}, loyalty.ErrTooOld)
			s.must(loyalty.Earn{Member: "anna", Key: "a moment later", Order: coffees("1002", 1), OccurredAt: at.Add(time.Microsecond)})
			require.EqualValues(t, 7, s.balance().Available)
			s.verify()
		})
	}
}

func TestALateOrderIsOfTheTierThatWasInForce(t *testing.T) {
	s := openShop(t, regulars(func(p *loyalty.Program) {
		p.Earning = append(p.Earning, points.Rule{Code: "gold", Multiply: decimal.NewFromInt(2), Only: &points.Only{Tiers: []string{"gold"}}})
	}))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll", OccurredAt: s.now.AddDate(0, 0, -2)})
	before := s.now
	s.now = s.now.AddDate(0, 0, 1)
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 600)})
	require.Equal(t, "gold", s.tier("anna"))
	// A tier is had from the midnight before its member came to it.
	entered := time.Date(2027, time.March, 1, 23, 0, 0, 0, time.UTC)
	s.now = s.now.AddDate(0, 0, 3)
	for at, want := range map[time.Time]points.Amount{
		before: 10, entered.Add(-time.Microsecond): 10, entered: 20, s.now: 20,
	} {
		quote, err := s.Quote(t.Context(), loyalty.Earn{Member: "anna", Key: "late", Order: bought("late", 10), OccurredAt: at})
		require.NoError(t, err)
		require.Equal(t, want, quote.Awards[0].Points, "%s", at)
	}
}
