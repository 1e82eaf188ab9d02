package raffle_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/raffle"
	draw "github.com/loyaltykit/loyaltykit/rewards/experience/raffle"
)

// orderOf is the order by which a member paid for tickets.
func orderOf(member string) string {
	sum := sha256.Sum256([]byte(member))
	return "raffle/grinder/" + hex.EncodeToString(sum[:12])
}

func TestNobodyBendsADraw(t *testing.T) {
	s := openShop(t, "anna", "ben", "cleo")
	s.must(enter("anna", 2))
	s.must(enter("ben", 1))
	s.must(enter("cleo", 3))
	// Points may go back by a mistake of the shop; tickets stay, and so does the roll.
	before, err := raffle.Read(t.Context(), s.store, "beans", "grinder")
	require.NoError(t, err)
	s.must(loyalty.Refund{Member: "ben", Key: "mistake", Order: orderOf("ben"), PointsBack: []loyalty.PointsBack{{Unit: "bean", Points: 10}}})
	s.must(loyalty.Erase{Member: "cleo", Key: "erase", Reason: "asked", Actor: "shop"})
	after, err := raffle.Read(t.Context(), s.store, "beans", "grinder")
	require.NoError(t, err)
	require.Equal(t, before, after, "neither a refund nor an erasure takes a ticket out of the drum")

	s.now = opening.AddDate(0, 0, 7)
	late := enter("anna", 1)
	late.OccurredAt = opening.AddDate(0, 0, 6)
	s.refused(late, raffle.ErrNotOpen)
	forged := raffle.Draw{Key: "draw", Raffle: "grinder", Seed: bytes.Repeat([]byte{7}, draw.SeedSize), Value: value}
	_, err = s.Do(t.Context(), forged)
	require.Error(t, err, "another seed than was committed to")
	drawn := s.must(raffle.Draw{Key: "draw", Raffle: "grinder", Seed: seed, Value: value})
	again := raffle.Draw{Key: "again", Raffle: "grinder", Seed: seed, Value: []byte("a nicer value")}
	s.refused(again, raffle.ErrEnded)
	s.refused(raffle.CallOff{Key: "off", Raffle: "grinder", Reason: "the wrong one won", Actor: "shop"}, raffle.ErrEnded)
	s.refused(enter("anna", 1), raffle.ErrEnded)
	require.True(t, s.must(raffle.Draw{Key: "draw", Raffle: "grinder", Seed: seed, Value: value}).Replayed)

	proof, err := raffle.ProofOf(t.Context(), s.store, "beans", "grinder")
	require.NoError(t, err)
	require.NoError(t, proof.Verify())
	entry, err := raffle.Of(s.must(collect("ben")))
	require.NoError(t, err)
	require.Equal(t, []int64{3}, entry.Tickets)
	require.NotEmpty(t, drawn.Result)
	s.refused(loyalty.Refund{Member: "ben", Key: "twice", Order: orderOf("ben"), PointsBack: []loyalty.PointsBack{{Unit: "bean", Points: 1}}}, loyalty.ErrOverRefund)
	_, err = s.Do(t.Context(), collect("cleo"))
	require.Error(t, err, "who was erased collects nothing")
	report, err := s.Verify(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, report.Problems)
}

func TestAShopThatPaidBackTooEarlyStopsNoCollection(t *testing.T) {
	s := openShop(t, "anna", "ben")
	s.must(enter("anna", 3))
	s.must(enter("ben", 1))
	s.must(loyalty.Refund{Member: "anna", Key: "part", Order: orderOf("anna"), PointsBack: []loyalty.PointsBack{{Unit: "bean", Points: 20}}})
	s.must(loyalty.Refund{Member: "ben", Key: "all", Order: orderOf("ben"), PointsBack: []loyalty.PointsBack{{Unit: "bean", Points: 10}}})
	s.must(raffle.CallOff{Key: "off", Raffle: "grinder", Reason: "a flood", Actor: "shop"})
	for member, back := range map[string]int64{"anna": 10, "ben": 0} {
		entry, err := raffle.Of(s.must(collect(member)))
		require.NoError(t, err)
		require.EqualValues(t, back, entry.Returned)
		require.EqualValues(t, 100, s.beans(member))
	}
}
