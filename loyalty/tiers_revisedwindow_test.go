package loyalty_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// TestDaysOfALongerWindowAreKeptForWhatIsToldLate revises a window of half a year to one of a
// month. What is told late of the time before is decided by the half-year, day by day.
func TestDaysOfALongerWindowAreKeptForWhatIsToldLate(t *testing.T) {
	long := regulars(func(p *loyalty.Program) {
		p.Ladders[0].Window, p.Ladders[0].End = tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Months: 6}}, tiers.AfterSpan
		p.Ladders[0].Lasts = tiers.Span{Months: 24}
		p.Horizon = points.Span{N: 90, Unit: points.Days}
	})
	short := long
	short.Ladders = []tiers.Ladder{long.Ladders[0]}
	short.Ladders[0].Window.Span.Months = 1
	short.EffectiveAt = day(2028, time.January, 1)
	s := openShop(t, long)
	s.revise(long, short)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.now = day(2027, time.March, 20)
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 60)})
	s.now = day(2027, time.September, 25)
	s.must(loyalty.Earn{Member: "anna", Key: "2", Order: bought("2", 30)})
	for _, on := range []time.Time{day(2028, time.January, 10), day(2028, time.February, 9)} {
		s.now = on
		s.must(loyalty.Earn{Member: "anna", Key: on.String(), Order: bought(on.String(), 1)})
	}
	s.must(loyalty.Fact{Member: "anna", Key: "late", Activity: "spend", Amount: 20, OccurredAt: day(2027, time.December, 28)})
	require.Empty(t, s.tier("anna"), "50 of the half-year before, not 110")
	s.must(loyalty.Fact{Member: "anna", Key: "later", Activity: "spend", Amount: 50, OccurredAt: day(2027, time.December, 29)})
	require.Equal(t, "silver", s.tier("anna"), "100 of the half-year before")
	s.verify()
}
