package loyalty_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// monthly has a gold of 500 in 30 days, which is held while these are, and gives 50 beans.
func monthly(p *loyalty.Program) {
	l := &p.Ladders[0]
	l.Window, l.End = tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Days: 30}}, tiers.WhileHeld
}

func TestATierEnteredAnewOnTheDayOfAMergeGivesItsPoints(t *testing.T) {
	for name, of := range map[string]struct{ before string }{
		"where the one who went had it before": {before: "twin"},
		"where the survivor had it before":     {before: "anna"},
	} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t, regulars(monthly))
			for _, member := range []string{"anna", "twin"} {
				s.must(loyalty.Enroll{Member: member, Key: "enroll"})
			}
			s.must(loyalty.Earn{Member: of.before, Key: "1", Order: bought("1", 500)})
			require.Equal(t, "gold", s.tier(of.before))
			s.now = s.now.AddDate(0, 0, 40)
			require.Empty(t, s.tier(of.before))
			s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "twin"})
			require.Empty(t, s.tier("anna"))
			require.Equal(t, points.Amount(550), s.beansOf("anna"))

			s.must(loyalty.Earn{Member: "anna", Key: "2", Order: bought("2", 500)})
			require.Equal(t, "gold", s.tier("anna"))
			require.Equal(t, points.Amount(1100), s.beansOf("anna"), "gold was entered twice")
			s.must(loyalty.Refund{Member: "anna", Key: "3", Order: "2", Full: true})
			require.Equal(t, points.Amount(550), s.beansOf("anna"), "and then once")
			s.must(loyalty.Earn{Member: "anna", Key: "4", Order: bought("4", 600)})
			require.Equal(t, points.Amount(1200), s.beansOf("anna"), "and then twice again")
			s.verify()
		})
	}
}

func TestAnUndoneMergeTakesBackAtOnceWhatATierOfBothGave(t *testing.T) {
	s := openShop(t, regulars())
	for _, member := range []string{"anna", "twin"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
	}
	s.must(loyalty.Earn{Member: "twin", Key: "1", Order: bought("1", 300)})
	s.now = s.now.AddDate(0, 0, 5)
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "twin"})
	s.must(loyalty.Earn{Member: "anna", Key: "2", Order: bought("2", 250)})
	require.Equal(t, "gold", s.tier("anna"), "of 300 and 250")
	require.Equal(t, points.Amount(300+250+50), s.beansOf("anna"))

	s.now = s.now.AddDate(0, 0, 5)
	undo := loyalty.UnMerge{Member: "anna", Key: "undo", From: "twin"}
	told := s.must(undo)
	require.Equal(t, "silver", s.tier("anna"))
	require.Equal(t, points.Amount(250), s.beansOf("anna"))
	require.Equal(t, s.member("anna").Balances, told.Balances, "the receipt tells of what the tier gave")
	require.Equal(t, told.Balances, s.must(undo).Balances)
	require.Equal(t, points.Amount(300), s.beansOf("twin"))
	s.must(loyalty.Fact{Member: "anna", Key: "3", Activity: "spend", Amount: 1, OccurredAt: s.now.AddDate(0, 0, -5)})
	require.Equal(t, points.Amount(250), s.beansOf("anna"), "what is told late takes nothing back again")
	s.must(loyalty.Earn{Member: "anna", Key: "4", Order: bought("4", 250)})
	require.Equal(t, "gold", s.tier("anna"))
	require.Equal(t, points.Amount(250+250+50), s.beansOf("anna"), "gold is given anew")
	s.verify()
}
