package loyalty_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// dated is one day of a worked program: what happens on it at noon, or at the hour that
// is set, and the tier that the member has then.
type dated struct {
	on     string
	does   []loyalty.Command
	tier   string
	reason string
}

// counted is a fact of a metric.
func countedFact(metric string, n int64) loyalty.Command {
	return loyalty.Fact{Member: "anna", Activity: metric, Amount: points.Amount(n)}
}

// keyed gives a command a key of its own.
func keyed(cmd loyalty.Command, key string) loyalty.Command {
	switch c := cmd.(type) {
	case loyalty.Fact:
		c.Key = key
		return c
	case loyalty.Earn:
		c.Key = key
		return c
	case loyalty.MatchTier:
		c.Key = key
		return c
	default:
		return cmd
	}
}

// workedProgram is a program of metrics and one ladder in a zone.
func workedProgram(zone string, ladder tiers.Ladder, metrics ...string) loyalty.Program {
	p := loyalty.Program{ID: "beans", Zone: zone, Units: []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(2, points.Years)}}}
	for _, metric := range metrics {
		p.Units = append(p.Units, points.Unit{Code: metric, Kind: points.Metric})
	}
	p.Ladders = []tiers.Ladder{ladder}
	return p
}

// work lets a member live through the days, by settling at every one of them, or never
// before it is asked: the tiers are the same.
func work(t *testing.T, program loyalty.Program, enrolled string, days []dated) {
	t.Helper()
	zone, err := time.LoadLocation(program.Zone)
	require.NoError(t, err)
	instant := func(text string) time.Time {
		at, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
		if err != nil {
			at, err = time.ParseInLocation("2006-01-02", text, zone)
			at = at.Add(12 * time.Hour)
		}
		require.NoError(t, err)
		return at
	}
	for _, often := range []bool{false, true} {
		s := openShop(t, program)
		s.now = instant(enrolled)
		s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
		for i, day := range days {
			for s.now = s.now.AddDate(0, 0, 1); often && s.now.Before(instant(day.on)); s.now = s.now.AddDate(0, 0, 1) {
				_, err := s.RunDue(t.Context(), nil)
				require.NoError(t, err)
			}
			s.now = instant(day.on)
			for j, cmd := range day.does {
				s.must(keyed(cmd, fmt.Sprintf("%d/%d", i, j)))
			}
			require.Equal(t, day.tier, s.tier("anna"), "%s: %s", day.on, day.reason)
		}
		s.verify()
	}
}

func TestAHotelCountsNightsOrStaysWithASoftLandingAndRollover(t *testing.T) {
	either := func(nights, stays int64) tiers.Condition {
		return tiers.Condition{Any: []tiers.Need{{Metric: "night", AtLeast: nights}, {Metric: "stay", AtLeast: stays}}}
	}
	hotel := tiers.Ladder{
		Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}}, End: tiers.EndOfNextPeriod, Down: tiers.OneStep,
		Rollover: []tiers.Rollover{{Metric: "night", Most: 10}},
		Tiers:    []tiers.Tier{{Code: "club"}, {Code: "silver", Enter: either(10, 5)}, {Code: "gold", Enter: either(25, 12)}, {Code: "platinum", Enter: either(50, 30)}},
	}
	work(t, workedProgram("Europe/Vienna", hotel, "night", "stay"), "2027-01-05", []dated{
		{on: "2027-01-06", tier: "club", reason: "the lowest tier takes everybody"},
		{on: "2027-02-01", does: []loyalty.Command{countedFact("night", 9)}, tier: "club", reason: "one night short"},
		{on: "2027-02-20", does: []loyalty.Command{countedFact("stay", 5)}, tier: "silver", reason: "five stays are enough"},
		{on: "2027-06-01", does: []loyalty.Command{countedFact("night", 26)}, tier: "gold", reason: "35 nights"},
		{on: "2028-12-31", tier: "gold", reason: "to the end of the next year"},
		{on: "2029-01-01 00:00", tier: "silver", reason: "one step down, softly"},
		{on: "2029-12-31", tier: "silver"},
		{on: "2030-01-01", tier: "club", reason: "and another"},
	})
	work(t, workedProgram("Europe/Vienna", hotel, "night", "stay"), "2027-01-05", []dated{
		{on: "2027-11-01", does: []loyalty.Command{countedFact("night", 33)}, tier: "gold", reason: "8 nights more than needed"},
		{on: "2028-03-01", does: []loyalty.Command{countedFact("night", 17)}, tier: "gold", reason: "17 and 8 that rolled over keep it for 2029"},
		{on: "2029-12-31", tier: "gold"},
		{on: "2030-01-01", tier: "silver"},
	})
}

func TestAHotelCountsPointsTooAndKeepsALifetimeStatus(t *testing.T) {
	anyOf := func(nights, stays, earned int64) tiers.Condition {
		return tiers.Condition{Any: []tiers.Need{{Metric: "night", AtLeast: nights}, {Metric: "stay", AtLeast: stays}, {Metric: "base-point", AtLeast: earned}}}
	}
	program := workedProgram("America/New_York", tiers.Ladder{
		Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}}, End: tiers.EndOfNextPeriod, Down: tiers.OneStep,
		Rollover: []tiers.Rollover{{Metric: "night", Most: 10}},
		Tiers:    []tiers.Tier{{Code: "club"}, {Code: "silver", Enter: anyOf(10, 5, 25_000)}, {Code: "gold", Enter: anyOf(40, 20, 75_000)}},
	}, "night", "stay", "base-point")
	program.Ladders = append(program.Ladders, tiers.Ladder{
		Code: "lifetime", Window: tiers.Window{Kind: tiers.Lifetime}, End: tiers.WhileHeld,
		Tiers: []tiers.Tier{{Code: "silver", Enter: of("night", 60)}, {Code: "gold", Enter: tiers.Condition{All: []tiers.Need{
			{Metric: "night", AtLeast: 100}, {Metric: "base-point", AtLeast: 99_999},
		}}}},
	})
	s := openShop(t, program)
	zone, err := time.LoadLocation(program.Zone)
	require.NoError(t, err)
	s.now = time.Date(2027, 1, 5, 12, 0, 0, 0, zone)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	for i, day := range []struct {
		on               time.Time
		metric           string
		n                int64
		status, lifetime string
		why              string
	}{
		{time.Date(2027, 3, 1, 12, 0, 0, 0, zone), "base-point", 24_999, "club", "", "a point short"},
		{time.Date(2027, 3, 2, 12, 0, 0, 0, zone), "base-point", 1, "silver", "", "25,000 points are as good as 10 nights"},
		{time.Date(2027, 6, 1, 12, 0, 0, 0, zone), "night", 45, "gold", "", "45 nights, 5 of them roll over"},
		{time.Date(2028, 5, 1, 12, 0, 0, 0, zone), "night", 15, "gold", "silver", "60 nights in all"},
		{time.Date(2028, 7, 1, 12, 0, 0, 0, zone), "night", 20, "gold", "silver", "35 and 5 that rolled over keep it for 2029"},
		{time.Date(2028, 12, 31, 23, 59, 0, 0, zone), "base-point", 74_999, "gold", "silver", "a point short, in the last minute of the year: the nights keep it"},
		{time.Date(2029, 12, 31, 23, 59, 0, 0, zone), "", 0, "gold", "silver", "to the end of the next year"},
		{time.Date(2030, 1, 1, 0, 0, 0, 0, zone), "", 0, "silver", "silver", "one step down, softly; a lifetime goes on"},
		{time.Date(2031, 2, 1, 12, 0, 0, 0, zone), "night", 19, "silver", "silver", "99 nights in all; 19 of the year"},
		{time.Date(2031, 2, 2, 12, 0, 0, 0, zone), "night", 1, "silver", "gold", "100 nights and 99,999 points in all"},
		{time.Date(2035, 2, 2, 12, 0, 0, 0, zone), "", 0, "club", "gold", "for life"},
	} {
		s.now = day.on
		if day.n > 0 {
			s.must(loyalty.Fact{Member: "anna", Key: fmt.Sprint(i), Activity: day.metric, Amount: points.Amount(day.n)})
		}
		m, err := s.Member(t.Context(), "anna")
		require.NoError(t, err)
		require.Equal(t, []string{day.status, day.lifetime}, []string{m.Tier("status").Tier, m.Tier("lifetime").Tier}, "%s: %s", day.on, day.why)
	}
	s.verify()
}

func TestAnAirlineAsksForMilesAndSegmentsAndSpend(t *testing.T) {
	all := func(miles, segments, spend int64) tiers.Condition {
		return tiers.Condition{All: []tiers.Need{{Metric: "mile", AtLeast: miles}, {Metric: "segment", AtLeast: segments}, {Metric: "spend", AtLeast: spend}}}
	}
	airline := tiers.Ladder{
		Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}}, Start: tiers.NextPeriod, End: tiers.EndOfPeriod,
		Tiers: []tiers.Tier{{Code: "silver", Enter: all(25000, 10, 3000)}, {Code: "gold", Enter: all(50000, 20, 6000), Keep: all(45000, 15, 5000)}},
	}
	work(t, workedProgram("America/New_York", airline, "mile", "segment", "spend"), "2027-03-01", []dated{
		{on: "2027-05-01", does: []loyalty.Command{countedFact("mile", 50000), countedFact("segment", 19)}, reason: "two of three"},
		{on: "2027-06-01", does: []loyalty.Command{countedFact("spend", 6000)}, reason: "silver starts with the next year"},
		{on: "2027-12-31 23:59", does: []loyalty.Command{countedFact("segment", 1)}, reason: "gold, from midnight on"},
		{on: "2028-01-01 00:00", tier: "gold"},
		{on: "2028-10-01", does: []loyalty.Command{countedFact("mile", 45000), countedFact("segment", 15), countedFact("spend", 5000)}, tier: "gold", reason: "enough to keep it"},
		{on: "2029-12-31 23:59", tier: "gold"},
		{on: "2030-01-01 00:00", reason: "nothing in 2029"},
	})
	work(t, workedProgram("America/New_York", airline, "mile", "segment", "spend"), "2027-03-01", []dated{
		{on: "2027-06-01", does: []loyalty.Command{countedFact("mile", 50000), countedFact("segment", 20), countedFact("spend", 6000)}, reason: "gold starts with the next year"},
		{on: "2028-03-12 02:30", does: []loyalty.Command{countedFact("mile", 44999), countedFact("segment", 15), countedFact("spend", 5000)}, tier: "gold", reason: "an hour that the clocks leave out"},
		{on: "2028-12-31 23:59", tier: "gold", reason: "a mile short of keeping it"},
		{on: "2029-01-01 00:00", tier: "silver", reason: "which that year is enough for"},
		{on: "2029-11-04 01:30", does: []loyalty.Command{countedFact("mile", 50000), countedFact("segment", 20), countedFact("spend", 6000)}, tier: "silver", reason: "an hour that there is twice; gold again, from the next year on"},
		{on: "2030-01-01 00:00", tier: "gold"},
		{on: "2031-01-01 00:00"},
	})
}

func TestARetailerLooksAtTwelveMonthsAndGivesGrace(t *testing.T) {
	retailer := tiers.Ladder{
		Code: "status", Window: tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Months: 12}}, End: tiers.WhileHeld, Grace: 30,
		Tiers: []tiers.Tier{{Code: "silver", Enter: of("spend", 300)}, {Code: "gold", Enter: of("spend", 1000), Keep: of("spend", 800)}},
	}
	work(t, workedProgram("Asia/Tokyo", retailer, "spend"), "2027-02-28", []dated{
		{on: "2027-03-31", does: []loyalty.Command{countedFact("spend", 300)}, tier: "silver"},
		{on: "2027-08-10", does: []loyalty.Command{countedFact("spend", 700)}, tier: "gold"},
		{on: "2028-03-30", tier: "gold", reason: "31 March of last year still counts"},
		{on: "2028-04-01", tier: "gold", reason: "grace"},
		{on: "2028-04-20", does: []loyalty.Command{countedFact("spend", 100)}, tier: "gold", reason: "800 keep it"},
		{on: "2028-08-10", tier: "gold", reason: "grace again"},
		{on: "2028-09-08 23:59", tier: "gold", reason: "the last of 30 days"},
		{on: "2028-09-09 00:00", reason: "100 are not even silver"},
	})
	work(t, workedProgram("Asia/Tokyo", retailer, "spend"), "2028-01-31", []dated{
		{on: "2028-02-29 00:00", does: []loyalty.Command{countedFact("spend", 299)}, reason: "a euro short"},
		{on: "2028-02-29 23:59", does: []loyalty.Command{countedFact("spend", 1)}, tier: "silver"},
		{on: "2029-02-27 23:59", tier: "silver", reason: "29 February counts for 365 days"},
		{on: "2029-02-28 00:00", tier: "silver", reason: "grace"},
		{on: "2029-03-29 23:59", tier: "silver", reason: "the last of 30 days"},
		{on: "2029-03-30 00:00"},
	})
}

func TestACoffeeShopCountsFromTheDayOfEnrollment(t *testing.T) {
	coffee := tiers.Ladder{
		Code: "status", Window: tiers.Window{Kind: tiers.Anniversary, Span: tiers.Span{Months: 12}}, End: tiers.EndOfNextPeriod,
		Tiers: []tiers.Tier{{Code: "green"}, {Code: "gold", Enter: of("cup", 30)}},
	}
	// Enrolled on 29 February: the year ends with 28 February where there is no 29th.
	work(t, workedProgram("America/Los_Angeles", coffee, "cup"), "2028-02-29", []dated{
		{on: "2029-02-27 23:59", does: []loyalty.Command{countedFact("cup", 29)}, tier: "green"},
		{on: "2029-02-28 00:00", does: []loyalty.Command{countedFact("cup", 1)}, tier: "green", reason: "a new year of one's own has begun"},
		{on: "2029-03-10", does: []loyalty.Command{countedFact("cup", 29)}, tier: "gold"},
		{on: "2031-02-27 23:59", tier: "gold"},
		{on: "2031-02-28 00:00", tier: "green"},
		{on: "2032-02-28 23:59", does: []loyalty.Command{countedFact("cup", 30)}, tier: "gold", reason: "there is a 29th again, so that her year ends with the 28th"},
		{on: "2033-02-27 23:59", tier: "gold"},
		{on: "2033-02-28 00:00", tier: "green"},
	})
}

func TestAMatchedStatusHasNinetyDaysToProveItself(t *testing.T) {
	ladder := tiers.Ladder{
		Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}}, End: tiers.EndOfNextPeriod,
		Tiers: []tiers.Tier{{Code: "silver", Enter: of("night", 10)}, {Code: "gold", Enter: of("night", 25)}},
	}
	match := loyalty.MatchTier{Member: "anna", Ladder: "status", Tier: "gold", Days: 90, Challenge: of("night", 8)}
	work(t, workedProgram("Europe/London", ladder, "night"), "2027-01-10", []dated{
		{on: "2027-02-01", does: []loyalty.Command{countedFact("night", 5), match}, tier: "gold"},
		{on: "2027-03-28 01:30", does: []loyalty.Command{countedFact("night", 2)}, tier: "gold", reason: "an hour that the clocks leave out"},
		{on: "2027-05-01 23:59", does: []loyalty.Command{countedFact("night", 1)}, tier: "gold", reason: "eight within the 90 days, in the last minute"},
		{on: "2027-05-02 00:00", tier: "gold", reason: "her own now"},
		{on: "2028-12-31 23:59", tier: "gold", reason: "to the end of the next year"},
		{on: "2029-01-01 00:00", reason: "8 nights of 2027 count no more"},
	})
	work(t, workedProgram("Europe/London", ladder, "night"), "2027-01-10", []dated{
		{on: "2027-02-01", does: []loyalty.Command{countedFact("night", 5), match}, tier: "gold", reason: "nights of the day of the match count"},
		{on: "2027-05-01 23:59", does: []loyalty.Command{countedFact("night", 2)}, tier: "gold"},
		{on: "2027-05-02 00:00", does: []loyalty.Command{countedFact("night", 1)}, reason: "one night late, and 8 are not silver"},
	})
}

// TestPeriodsEndAtMidnightWhereverTheShopIs holds the last and the first minute of a
// month apart, in zones from UTC−11 to UTC+14 and on days when the clocks change.
func TestPeriodsEndAtMidnightWhereverTheShopIs(t *testing.T) {
	monthly := tiers.Ladder{
		Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 1}}, End: tiers.EndOfPeriod,
		Tiers: []tiers.Tier{{Code: "regular", Enter: of("cup", 3)}},
	}
	for _, zone := range []string{
		"Pacific/Pago_Pago", "America/Los_Angeles", "America/Havana", "UTC", "Europe/Vienna", "Africa/Cairo", "Asia/Kathmandu",
		"Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Kiritimati",
	} {
		t.Run(zone, func(t *testing.T) {
			for _, month := range []string{"2027-01", "2028-02", "2027-03", "2027-10"} {
				first, err := time.Parse("2006-01", month)
				require.NoError(t, err)
				last, next := first.AddDate(0, 1, -1).Format(time.DateOnly), first.AddDate(0, 2, 0).Format(time.DateOnly)
				work(t, workedProgram(zone, monthly, "cup"), first.Format(time.DateOnly)+" 00:00", []dated{
					{on: last + " 23:58", does: []loyalty.Command{countedFact("cup", 2)}},
					{on: last + " 23:59", does: []loyalty.Command{countedFact("cup", 1)}, tier: "regular", reason: "the last minute"},
					{on: first.AddDate(0, 2, -1).Format(time.DateOnly) + " 23:59", tier: "regular", reason: "kept for the month after"},
					{on: next + " 00:00", reason: "which had nothing"},
				})
			}
		})
	}
}

// TestAPeriodStartsOnADayThatHasNoMidnight is about Havana, where the clocks go from 0:00
// to 1:00 on 14 March, and have 0:30 twice on 7 November.
func TestAPeriodStartsOnADayThatHasNoMidnight(t *testing.T) {
	for _, c := range []struct{ start, last, first string }{
		{"2027-03-14", "2027-03-13 23:59", "2027-03-14 01:00"},
		{"2027-11-07", "2027-11-06 23:59", "2027-11-07 00:00"},
	} {
		day, err := time.Parse(time.DateOnly, c.start)
		require.NoError(t, err)
		on := func(days int) string { return day.AddDate(0, 0, days).Format(time.DateOnly) }
		weekly := tiers.Ladder{
			Code: "status", Window: tiers.Window{Kind: tiers.Cycle, Span: tiers.Span{Days: 7}, From: tiers.DayOf(day, time.UTC)},
			Tiers: []tiers.Tier{{Code: "regular", Enter: of("cup", 3)}},
		}
		work(t, workedProgram("America/Havana", weekly, "cup"), on(-6), []dated{
			{on: c.last, does: []loyalty.Command{countedFact("cup", 2)}},
			{on: c.first, does: []loyalty.Command{countedFact("cup", 1)}, reason: "the first minute of a new week"},
			{on: on(6) + " 23:59", does: []loyalty.Command{countedFact("cup", 2)}, tier: "regular"},
			{on: on(13) + " 23:59", tier: "regular", reason: "kept for the week after"},
			{on: on(14) + " 00:00", reason: "which had nothing"},
		})
	}
}

func TestSpendingPointsNeverDemotes(t *testing.T) {
	s := openShop(t, regulars())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 500)})
	r := s.must(loyalty.Spend{Member: "anna", Key: "2", Unit: "bean", Points: 550})
	require.Empty(t, r.Tiers)
	require.Equal(t, "gold", s.tier("anna"))
}

func TestProgressSaysWhatIsMissing(t *testing.T) {
	s := openShop(t, regulars(func(p *loyalty.Program) { p.Ladders[0].Tiers[1].Keep = of("spend", 400) }))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 120)})
	m, err := s.Member(t.Context(), "anna")
	require.NoError(t, err)
	require.Equal(t, loyalty.MemberTier{
		Ladder: "status", Tier: "silver", Since: time.Date(2027, 2, 28, 23, 0, 0, 0, time.UTC), Until: time.Date(2028, 12, 31, 23, 0, 0, 0, time.UTC),
		Next: "gold", Missing: []loyalty.MissingMetric{{Metric: "spend", Have: 120, Need: 500, Left: 380}},
		Keeping:  []loyalty.MissingMetric{{Metric: "spend", Need: 100, Left: 100}},
		KeepFrom: time.Date(2027, 12, 31, 23, 0, 0, 0, time.UTC), KeepBy: time.Date(2028, 12, 31, 23, 0, 0, 0, time.UTC),
		PeriodEnd: time.Date(2027, 12, 31, 23, 0, 0, 0, time.UTC), Projected: "silver",
	}, m.Tier("status"))
	s.must(loyalty.Earn{Member: "anna", Key: "2", Order: bought("2", 380)})
	m, err = s.MemberAt(context.Background(), "anna", time.Date(2028, 3, 1, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	require.Equal(t, []loyalty.MissingMetric{{Metric: "spend", Need: 400, Left: 400}}, m.Tier("status").Keeping)
	require.Empty(t, m.Tier("status").Projected, "with nothing more in 2028")
}
