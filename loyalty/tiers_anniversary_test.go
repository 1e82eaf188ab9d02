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
