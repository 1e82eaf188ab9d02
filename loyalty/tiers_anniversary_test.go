package loyalty_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// byAnniversary lets the periods of the ladder be the years of a member.
func byAnniversary(p *loyalty.Program) {
	p.Ladders[0].Window.Kind, p.Ladders[0].End = tiers.Anniversary, tiers.EndOfPeriod
}

func TestAnAnniversaryThatIsSetCountsNoDaysBeforeItsPeriod(t *testing.T) {
	s := openShop(t, regulars(byAnniversary))
	s.now = time.Date(2024, 6, 1, 12, 0, 0, 0, time.UTC)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.now = s.now.AddDate(0, 0, 37)
	end, period, want := time.Date(2028, 9, 8, 12, 0, 0, 0, time.UTC), time.Date(2027, 9, 13, 0, 0, 0, 0, time.UTC), int64(0)
	for i := 0; s.now.Before(end); i++ {
		id := fmt.Sprint("order ", i)
		s.must(loyalty.Earn{Member: "anna", Key: id, Order: bought(id, 14)})
		if !s.now.Before(period) {
			want += 14
		}
		s.now = s.now.AddDate(0, 0, 40)
	}
	s.now = end
	r := s.must(loyalty.SetAnniversary{Member: "anna", Key: "set", Day: tiers.Date(2023, 9, 13)})
	for _, change := range r.Tiers {
		require.NotEqual(t, "gold", change.To)
	}
	m, err := s.Member(t.Context(), "anna")
	require.NoError(t, err)
	require.Equal(t, "silver", m.Tier("status").Tier)
	missing := m.Tier("status").Missing
	require.Len(t, missing, 1)
	require.EqualValues(t, want, missing[0].Have, "what was bought since 13 September 2027")
	s.verify()
}

func TestAnAnniversaryThatIsSetLeavesLaddersOfTheCalendarToRefunds(t *testing.T) {
	s := openShop(t, regulars())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 500)})
	require.Equal(t, "gold", s.tier("anna"))
	s.now = s.now.AddDate(0, 0, 2)
	s.must(loyalty.SetAnniversary{Member: "anna", Key: "set", Day: tiers.Date(2020, 9, 13)})
	s.must(loyalty.Refund{Member: "anna", Key: "2", Order: "1", Full: true})
	require.Empty(t, s.tier("anna"))
	s.verify()
}

func TestThePastGoesByTheAnniversaryOfThen(t *testing.T) {
	s := openShop(t, regulars(byAnniversary))
	start := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	s.now = start
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	set := map[int]tiers.Day{40: tiers.Date(2020, 9, 15), 300: tiers.Date(2020, 2, 29), 302: tiers.Date(2020, 12, 24)}
	shown := map[time.Time]loyalty.MemberTier{}
	for day := range 700 {
		s.now = start.AddDate(0, 0, day)
		id := fmt.Sprint("order ", day)
		if day%50 == 7 {
			s.must(loyalty.Earn{Member: "anna", Key: id, Order: bought(id, int64(20+day%130))})
		}
		if to, ok := set[day]; ok {
			s.must(loyalty.SetAnniversary{Member: "anna", Key: id, Day: to})
		}
		if day%10 == 5 {
			s.now = s.now.Add(time.Hour)
			m, err := s.Member(t.Context(), "anna")
			require.NoError(t, err)
			shown[s.now] = m.Tier("status")
		}
	}
	require.Equal(t, "2028-02-29T23:00:00Z", shown[start.AddDate(0, 0, 35).Add(time.Hour)].PeriodEnd.Format(time.RFC3339))
	require.Equal(t, "2027-09-14T22:00:00Z", shown[start.AddDate(0, 0, 45).Add(time.Hour)].PeriodEnd.Format(time.RFC3339))
	for at, want := range shown {
		m, err := s.MemberAt(t.Context(), "anna", at)
		require.NoError(t, err)
		require.Equal(t, want, m.Tier("status"), at)
	}
}

func TestAnAnniversaryCountsFromWhenItWasAgreed(t *testing.T) {
	s := openShop(t, regulars(byAnniversary))
	s.now = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.now = time.Date(2028, 2, 25, 12, 0, 0, 0, time.UTC)
	r := s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 120)})
	require.Equal(t, "2028-02-29T23:00:00Z", r.Tiers[0].Until.Format(time.RFC3339))
	s.now = time.Date(2028, 3, 10, 12, 0, 0, 0, time.UTC)
	s.must(loyalty.SetAnniversary{Member: "anna", Key: "set", Day: tiers.Date(2020, 2, 20), OccurredAt: time.Date(2028, 2, 15, 9, 0, 0, 0, time.UTC)})
	m, err := s.Member(t.Context(), "anna")
	require.NoError(t, err)
	require.Equal(t, "2029-02-19T23:00:00Z", m.Tier("status").PeriodEnd.Format(time.RFC3339))
	require.Equal(t, "silver", m.Tier("status").Tier, "by a year that began on 20 February")
	require.Equal(t, "2029-02-19T23:00:00Z", m.Tier("status").Until.Format(time.RFC3339))
	_, err = s.Do(t.Context(), loyalty.SetAnniversary{Member: "anna", Key: "older", Day: tiers.Date(2020, 2, 20), OccurredAt: time.Date(2028, 2, 13, 9, 0, 0, 0, time.UTC)})
	require.ErrorIs(t, err, loyalty.ErrTooOld, "what was before the last one is decided for good")
	s.verify()
}

func TestWhatIsToldLateOfDaysDecidedForGoodTellsFromTheFirstDayAfterThem(t *testing.T) {
	s := openShop(t, regulars(byAnniversary))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.now = time.Date(2027, 6, 1, 12, 0, 0, 0, time.UTC)
	s.must(loyalty.SetAnniversary{Member: "anna", Key: "set", Day: tiers.Date(2020, 3, 1)})
	told := time.Date(2027, 6, 20, 12, 0, 0, 0, time.UTC)
	s.now = told
	s.must(loyalty.Earn{Member: "anna", Key: "late", Order: bought("late", 120), OccurredAt: time.Date(2027, 5, 20, 12, 0, 0, 0, time.UTC)})
	for _, days := range []int{0, 1, 40, 100} {
		s.now = told.AddDate(0, 0, days)
		m, err := s.Member(t.Context(), "anna")
		require.NoError(t, err)
		require.Equal(t, "silver", m.Tier("status").Tier)
		require.Equal(t, "2027-05-31T22:00:00Z", m.Tier("status").Since.Format(time.RFC3339), "%d days later", days)
		s.must(loyalty.Earn{Member: "anna", Key: fmt.Sprint(days), Order: bought(fmt.Sprint(days), 1)})
	}
	s.verify()
}
