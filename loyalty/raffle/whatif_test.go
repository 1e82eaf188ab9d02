package raffle_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/raffle"
	"github.com/loyaltykit/loyaltykit/loyalty/whatif"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

func TestARaffleLivedAgainIsDrawnWithTheSameWinners(t *testing.T) {
	s := openShop(t, "anna", "ben", "cleo")
	for i, member := range []string{"anna", "ben", "cleo"} {
		s.must(enter(member, int64(1+i)))
	}
	s.now = opening.AddDate(0, 0, 8)
	s.must(raffle.Draw{Key: "draw", Raffle: "grinder", Seed: seed, Value: value})
	s.must(collect("anna"))
	want, err := raffle.ProofOf(t.Context(), s.store, "beans", "grinder")
	require.NoError(t, err)
	var lived []storage.Store
	features := []loyalty.Feature{raffle.Feature{Salt: []byte("sixteen bytes of salt")}}
	report, err := whatif.Compare(t.Context(), whatif.History(t.Context(), s.Engine, s.store), loyalty.Revisions{program()}, loyalty.Revisions{program()},
		func() (storage.Store, error) {
			lived = append(lived, memory.New())
			return lived[len(lived)-1], nil
		}, &whatif.Options{Features: features})
	require.NoError(t, err)
	require.True(t, report.Same())
	require.Empty(t, report.Refusals)
	require.EqualValues(t, 60, report.Units[0].Books[0].Redeemed)
	for _, store := range lived {
		got, err := raffle.ProofOf(t.Context(), store, "beans", "grinder")
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}
