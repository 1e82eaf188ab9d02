package loyalty_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// californian is a program whose beans live for three years, and where those of a member in
// California are lost by a year without a purchase instead.
func californian() loyalty.Program {
	program := sleepy()
	inactivity := program.Units[0].Inactivity
	program.Units[0].Inactivity = nil
	program.Jurisdictions = []loyalty.Jurisdiction{{Code: "US-CA", Units: []loyalty.UnitTerms{{
		Unit: "bean", Expiry: points.NeverExpire(), Inactivity: inactivity,
	}}}}
	return program
}

func TestInactivityOfAnotherLawEndsWithAMerge(t *testing.T) {
	s := openShop(t, californian())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Enroll{Member: "ben", Key: "enroll", Jurisdiction: "US-CA"})
	s.must(loyalty.Adjust{Member: "anna", Key: "gift", Unit: "bean", Points: 11, Reason: "gift", Actor: "shop"})
	bens := sale("1001", 30)
	bens.Member = "ben"
	s.must(bens)
	ben, err := s.Member(t.Context(), "ben")
	require.NoError(t, err)
	require.True(t, ben.Expiring[0].Inactivity)

	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "ben"})
	anna, err := s.Member(t.Context(), "anna")
	require.NoError(t, err)
	require.Equal(t, points.Amount(41), anna.Balance("bean").Available)
	for _, at := range anna.Expiring {
		require.False(t, at.Inactivity, "Anna loses nothing by inactivity: %v", at)
	}
	s.now = s.now.AddDate(2, 0, 0)
	require.Equal(t, points.Amount(41), s.balance().Available)
	s.verify()
}

func TestInactivityRunsForPointsThatCameUnderALawByAMerge(t *testing.T) {
	s := openShop(t, californian())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll", Jurisdiction: "US-CA"})
	s.must(loyalty.Enroll{Member: "ben", Key: "enroll"})
	bens := sale("1001", 30)
	bens.Member = "ben"
	s.must(bens)
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "ben"})
	anna, err := s.Member(t.Context(), "anna")
	require.NoError(t, err)
	require.Equal(t, points.Amount(30), anna.Balance("bean").Available)
	require.Len(t, anna.Expiring, 1)
	require.True(t, anna.Expiring[0].Inactivity)
	s.now = s.now.Add(2 * 366 * 24 * time.Hour)
	require.Zero(t, s.balance().Available)
	s.verify()
}
