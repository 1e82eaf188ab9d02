package loyalty_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// challenged is a member who spent 200 euros in March, within a challenge that was agreed
// on the first day of it and that nobody had told the engine of.
func challenged(t *testing.T) (*shop, loyalty.MatchTier) {
	s := openShop(t, regulars())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	agreed := s.now
	s.now = s.now.AddDate(0, 0, 5)
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 200)})
	s.now = s.now.AddDate(0, 0, 15)
	return s, loyalty.MatchTier{
		Member: "anna", Key: "match", Ladder: "status", Tier: "gold", Days: 15, Challenge: of("spend", 200), OccurredAt: agreed,
	}
}

func TestAMatchCountsFromWhenItWasAgreed(t *testing.T) {
	s, match := challenged(t)
	r := s.must(match)
	require.Len(t, r.Tiers, 1)
	require.Equal(t, []string{"gold"}, r.Tiers[0].Entered, "the challenge is over, and was met")
	require.False(t, r.Tiers[0].Granted)
	require.Equal(t, points.Amount(250), total(r.Balances, "bean"))
	r = s.must(loyalty.Refund{Member: "anna", Key: "2", Order: "1", Full: true})
	require.Equal(t, []string{"silver", "gold"}, r.Tiers[0].Undone)
	require.Zero(t, total(r.Balances, "bean"))
	s.verify()
}

func TestARevocationUndoesAChallengeThatEndedSinceItWasDecided(t *testing.T) {
	s, match := challenged(t)
	s.must(match)
	r := s.must(loyalty.RevokeTier{
		Member: "anna", Key: "revoke", Ladder: "status", OccurredAt: match.OccurredAt.AddDate(0, 0, 10), Reason: "a forged card", Actor: "ada",
	})
	require.Equal(t, "silver", s.tier("anna"), "by what was spent")
	require.Equal(t, []string{"gold"}, r.Tiers[0].Undone)
	require.Equal(t, points.Amount(200), total(r.Balances, "bean"))
	s.verify()
}

func TestAnOverrideHoldsFromWhenItWasDecided(t *testing.T) {
	s := openShop(t, regulars(goldEarnsMore))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	decided := s.now.AddDate(0, 0, 1)
	s.now = s.now.AddDate(0, 0, 10)
	s.must(loyalty.OverrideTier{
		Member: "anna", Key: "o", Ladder: "status", Tier: "gold", OccurredAt: decided, Until: s.now.AddDate(0, 1, 0), Reason: "sorry", Actor: "ada",
	})
	r := s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 10), OccurredAt: decided.AddDate(0, 0, 1)})
	require.Equal(t, points.Amount(15), total(r.Balances, "bean"), "as gold")
	r = s.must(loyalty.Earn{Member: "anna", Key: "2", Order: bought("2", 10), OccurredAt: decided.AddDate(0, 0, -1)})
	require.Equal(t, points.Amount(25), total(r.Balances, "bean"), "before it")
	m, err := s.MemberAt(t.Context(), "anna", decided.AddDate(0, 0, 1))
	require.NoError(t, err)
	require.Empty(t, m.Tier("status").Tier, "nobody knew of it then")
	s.verify()
}

func TestCommandsOnTiersOfLongAgoAreRefused(t *testing.T) {
	s := openShop(t, regulars(func(p *loyalty.Program) { p.Horizon = points.Span{N: 30, Unit: points.Days} }))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	for i := range 20 {
		s.now = s.now.AddDate(0, 0, 15)
		id := fmt.Sprint(i)
		s.must(loyalty.Earn{Member: "anna", Key: id, Order: bought(id, 1)})
	}
	old := s.now.AddDate(0, 0, -100)
	match := loyalty.MatchTier{Member: "anna", Key: "m", Ladder: "status", Tier: "gold", Days: 200, OccurredAt: old}
	override := loyalty.OverrideTier{Member: "anna", Key: "o", Ladder: "status", Tier: "gold", Until: s.now.AddDate(0, 1, 0), OccurredAt: old, Reason: "sorry", Actor: "ada"}
	for _, cmd := range []loyalty.Command{
		match, override, loyalty.RevokeTier{Member: "anna", Key: "r", Ladder: "status", OccurredAt: old, Reason: "oh", Actor: "ada"},
	} {
		_, err := s.Do(t.Context(), cmd)
		require.ErrorIs(t, err, loyalty.ErrTooOld)
	}
	match.OccurredAt = s.now.Add(time.Hour)
	_, err := s.Do(t.Context(), match)
	require.ErrorIs(t, err, loyalty.ErrNotYet)
	match.OccurredAt, match.Days = s.now.AddDate(0, 0, -10), 10
	_, err = s.Do(t.Context(), match)
	require.ErrorIs(t, err, loyalty.ErrInvalid, "it is over, and asks for nothing")
	require.ErrorContains(t, err, "are over")
	override.OccurredAt = s.now.AddDate(0, 0, -10)
	s.must(override)
	require.Equal(t, "gold", s.tier("anna"))
}
