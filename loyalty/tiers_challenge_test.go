package loyalty_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// visitors adds a ladder that counts visits.
func visitors(p *loyalty.Program) {
	p.Units = append(p.Units, points.Unit{Code: "visits", Kind: points.Metric})
	p.Ladders = append(p.Ladders, tiers.Ladder{
		Code: "guest", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}}, End: tiers.EndOfNextPeriod,
		Tiers: []tiers.Tier{{Code: "friend", Enter: of("visits", 10)}},
	})
}

func TestARefundUndoesAChallengeOverWhatItsLadderDoesNotCount(t *testing.T) {
	all := of("spend", 200)
	for _, challenge := range []tiers.Condition{all, {Any: all.All}} {
		s := openShop(t, regulars(visitors))
		s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
		s.must(loyalty.MatchTier{Member: "anna", Key: "match", Ladder: "guest", Tier: "friend", Days: 30, Challenge: challenge})
		s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 200)})
		s.now = s.now.AddDate(0, 0, 33)
		friend := func() string {
			m, err := s.Member(t.Context(), "anna")
			require.NoError(t, err)
			return m.Tier("guest").Tier
		}
		_, err := s.RunDue(t.Context(), nil)
		require.NoError(t, err)
		s.now = s.now.AddDate(0, 0, 40)
		s.must(loyalty.Earn{Member: "anna", Key: "2", Order: bought("2", 10)})
		require.Equal(t, "friend", friend(), "the challenge is met")
		s.must(loyalty.Refund{Member: "anna", Key: "3", Order: "1", Full: true})
		require.Empty(t, friend())
		s.verify()
	}
}
