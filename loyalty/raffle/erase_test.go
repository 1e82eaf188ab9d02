package raffle_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/featuretest"
	"github.com/loyaltykit/loyaltykit/loyalty/raffle"
)

func TestNoTextOfAnEntrySurvivesAnErasure(t *testing.T) {
	s := openShop(t, "anna", "ben")
	claims := enginetest.NewClaims(s.store)
	engine := s.WithStore(claims)
	cmd, n, _ := enginetest.Marked(t.Context(), engine, raffle.Enter{Member: "anna", Key: "k", Raffle: "grinder", Tickets: 2, Unit: "bean", Points: 20, Reason: "a reason", Actor: "mia"})
	require.GreaterOrEqual(t, n, 3, "key, reason and actor")
	_, err := engine.Do(t.Context(), cmd)
	require.NoError(t, err)
	_, err = engine.Do(t.Context(), loyalty.Erase{Member: "anna", Key: "forget"})
	require.NoError(t, err)
	found, err := enginetest.Traces(t.Context(), claims, "beans", enginetest.Mark)
	require.NoError(t, err)
	require.Empty(t, found)
}

func TestWhoIsErasedHasNoEntriesBeforeTheScrub(t *testing.T) {
	s := openShop(t, "anna", "old", "ben")
	for _, member := range []string{"anna", "old", "ben"} {
		s.must(enter(member, 1))
	}
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "old"})
	featuretest.HalfErased(t, s.Engine, s.store, "anna")
	entries := func(member string) (n int, failed error) {
		for _, err := range raffle.Entries(t.Context(), s.store, "beans", member) {
			if n++; err != nil {
				return 0, err
			}
		}
		return n, nil
	}
	for range 2 {
		for _, member := range []string{"anna", "old"} {
			_, err := entries(member)
			require.ErrorIs(t, err, loyalty.ErrErased)
		}
		n, err := entries("ben")
		require.NoError(t, err)
		require.Equal(t, 1, n)
		_, err = s.RunDue(t.Context(), nil)
		require.NoError(t, err)
	}
	s.verify()
}
