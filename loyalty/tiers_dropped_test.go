package loyalty_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func TestALadderThatComesBackPaysNothingForWhatWasEnteredBeforeItWent(t *testing.T) {
	first := regulars()
	second := regulars(func(p *loyalty.Program) {
		p.Ladders, p.EffectiveAt = nil, time.Date(2028, time.February, 1, 0, 0, 0, 0, time.UTC)
	})
	third := regulars(func(p *loyalty.Program) { p.EffectiveAt = time.Date(2028, time.April, 1, 0, 0, 0, 0, time.UTC) })
	s := openShop(t, first)
	s.now = time.Date(2027, time.September, 1, 12, 0, 0, 0, time.UTC)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	r := s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 500)})
	require.Equal(t, points.Amount(550), total(r.Balances, "bean"))
	s.revise(first, second, third)
	s.now = time.Date(2028, time.March, 1, 12, 0, 0, 0, time.UTC)
	require.Empty(t, s.tier("anna"))
	s.must(loyalty.Earn{Member: "anna", Key: "2", Order: bought("2", 1)})
	s.now = time.Date(2028, time.May, 1, 12, 0, 0, 0, time.UTC)
	r = s.must(loyalty.Earn{Member: "anna", Key: "3", Order: bought("3", 1)})
	require.Equal(t, points.Amount(552), total(r.Balances, "bean"))
	require.Empty(t, s.tier("anna"), "2 euros of 2028")
	s.verify()
}
