package loyalty_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
)

// TestWhatIsCountedAheadOfTodayCountsWithALaterOrderWhenItsDayBegins moves a shop from
// Kiritimati to Pago Pago, 25 hours west, in the first hour of 9 March: there it is 7 March, so
// that an order of the 9th and one of the 8th reach the threshold when the 9th begins anew.
func TestWhatIsCountedAheadOfTodayCountsWithALaterOrderWhenItsDayBegins(t *testing.T) {
	east := regulars(func(p *loyalty.Program) { p.Zone = "Pacific/Kiritimati" })
	west := regulars(func(p *loyalty.Program) { p.Zone = "Pacific/Pago_Pago" })
	west.EffectiveAt = time.Date(2027, time.March, 8, 10, 40, 0, 0, time.UTC)
	s := openShop(t, east)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.now = west.EffectiveAt.Add(-20 * time.Minute)
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 60)})
	s.revise(east, west)
	s.now = west.EffectiveAt.Add(2 * time.Hour)
	s.runDue()
	r := s.must(loyalty.Earn{Member: "anna", Key: "2", Order: bought("2", 50)})
	require.Empty(t, r.Tiers, "the 8th has 50")
	s.now = time.Date(2027, time.March, 9, 11, 0, 0, 0, time.UTC)
	s.runDue()
	require.Len(t, s.events("tier-promoted"), 1)
	require.Equal(t, "silver", s.tier("anna"))
	s.verify()
}

// revise goes on with revisions of the program.
func (s *shop) revise(revisions ...loyalty.Program) {
	s.t.Helper()
	engine, err := loyalty.New(revisions, s.store, &loyalty.Options{Clock: s.clock, Secret: []byte("a secret of the test"), Attempts: 8})
	require.NoError(s.t, err)
	s.Engine = engine
}
