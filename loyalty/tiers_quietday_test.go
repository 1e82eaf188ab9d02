package loyalty_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// The day on which a tier starts is decided by the period before it, also by what is
// counted later on that day, although that tier starts a period of its own.
func TestTwoTiersAreEnteredOnOneDayThoughTheFirstStartsAPeriod(t *testing.T) {
	s := openShop(t, regulars(func(p *loyalty.Program) {
		p.Ladders[0].Window, p.Ladders[0].End = tiers.Window{Kind: tiers.TierAnniversary, Span: tiers.Span{Months: 4}}, tiers.EndOfPeriod
	}))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 60)})
	s.now = s.now.AddDate(0, 0, 2)
	r := s.must(loyalty.Earn{Member: "anna", Key: "2", Order: bought("2", 40)})
	require.Equal(t, "silver", r.Tiers[0].To)
	r = s.must(loyalty.Earn{Member: "anna", Key: "3", Order: bought("3", 420)})
	require.Len(t, r.Tiers, 1, "520 are 500, though 60 of them are of the period before silver")
	require.Equal(t, []string{"gold"}, r.Tiers[0].Entered)
	require.Equal(t, points.Amount(60+40+420+50), total(r.Balances, "bean"), "with what gold gives")
	require.Equal(t, "gold", s.tier("anna"))
	s.verify()
}
