package loyalty_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// standingRow is the text of a member's standing record.
func (s *shop) standingRow(member string) string {
	s.t.Helper()
	snaps, err := s.store.Load(s.t.Context(), []storage.LoadRequest{{
		Program: "beans", Member: member, Records: []storage.RecordKey{{Kind: "standing", ID: "ladders"}},
	}})
	require.NoError(s.t, err)
	require.Len(s.t, snaps[0].Records, 1)
	return string(snaps[0].Records[0].Data)
}

func TestOrdersBelowEveryThresholdLeaveTheStandingRecordAlone(t *testing.T) {
	s := openShop(t, regulars())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	before := s.standingRow("anna")
	for day := range 30 {
		s.now = s.now.AddDate(0, 0, 1)
		s.must(loyalty.Earn{Member: "anna", Key: fmt.Sprint(day), Order: bought(fmt.Sprint(day), 3)})
		require.Equal(t, before, s.standingRow("anna"))
	}
	require.Empty(t, s.tier("anna"))
	s.must(loyalty.Earn{Member: "anna", Key: "threshold", Order: bought("threshold", 10)})
	require.Equal(t, "silver", s.tier("anna"))
	require.NotEqual(t, before, s.standingRow("anna"))
}

func TestWhatWasTakenBackDoesNotCountTowardsAThresholdLater(t *testing.T) {
	s := openShop(t, regulars())
	s.now = time.Date(2027, time.December, 10, 9, 0, 0, 0, time.UTC)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.now = s.now.AddDate(0, 0, 10)
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 90)})
	s.now = s.now.AddDate(0, 0, 14)
	s.must(loyalty.Earn{Member: "anna", Key: "2", Order: bought("2", 5)})
	// Last year's order goes: this year still lacks 95, and not 185.
	s.must(loyalty.Refund{Member: "anna", Key: "back", Order: "1", Full: true})
	r := s.must(loyalty.Earn{Member: "anna", Key: "3", Order: bought("3", 94)})
	require.Empty(t, r.Tiers)
	r = s.must(loyalty.Earn{Member: "anna", Key: "4", Order: bought("4", 1)})
	require.Len(t, r.Tiers, 1)
	require.Equal(t, "silver", r.Tiers[0].To)
	s.verify()
}

// TestAnOrderWithALadderAllocatesAsManyTimesAfterTenYears counts allocations of a
// member's orders, of which the ladder keeps three months by the day.
func TestAnOrderWithALadderAllocatesAsManyTimesAfterTenYears(t *testing.T) {
	s := openShop(t, regulars(func(p *loyalty.Program) {
		p.Earning = p.Earning[1:]
		p.Ladders[0].Window = tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Months: 3}}
		p.Ladders[0].End = tiers.WhileHeld
	}))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	buy := func(n int) {
		s.now = s.now.AddDate(0, 0, 1)
		s.must(loyalty.Fact{Member: "anna", Key: fmt.Sprint(n), Activity: "spend", Amount: 2})
	}
	n := 0
	measure := func() float64 {
		return testing.AllocsPerRun(64, func() { n++; buy(n) })
	}
	for range 2 * 365 {
		n++
		buy(n)
	}
	young, size := measure(), len(s.standingRow("anna"))
	for range 8 * 365 {
		n++
		buy(n)
	}
	require.InDelta(t, young, measure(), young/20)
	require.InDelta(t, size, len(s.standingRow("anna")), 20)
}
