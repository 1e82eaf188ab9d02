package loyalty_test

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func guestShop(t *testing.T) *shop {
	program := beans(points.ExpireAfter(12, points.Months))
	program.Guests = true
	program.Earning = []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}}}
	s := openShop(t, program)
	for _, member := range []string{"anna", "ben"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
	}
	return s
}

func claim(member, key string) loyalty.ClaimAward {
	return loyalty.ClaimAward{Member: member, Key: key, Guest: "g-1", Verified: "followed the link in the mail"}
}

func TestAGuestEarnsOnlyWhereTheProgramSaysSo(t *testing.T) {
	s := guestShop(t)
	s.refused(loyalty.Earn{Member: "g-1", Key: "1001", Order: latte("1001")}, loyalty.ErrNotEnrolled)
	closed := openShop(t, beans(points.NeverExpire()))
	closed.refused(loyalty.EnrollGuest{Member: "g-1", Key: "guest"}, loyalty.ErrNoGuests)
}

func TestAGuestsAwardIsClaimedOnceAndKeepsItsDates(t *testing.T) {
	s := guestShop(t)
	s.must(loyalty.EnrollGuest{Member: "g-1", Key: "guest"})
	s.must(loyalty.Earn{Member: "g-1", Key: "1001", Order: latte("1001")})
	lot := s.member("g-1").Lots[0]
	s.refused(loyalty.Spend{Member: "g-1", Key: "k", Unit: "bean", Points: 1}, loyalty.ErrGuest)
	s.must(loyalty.Resume{Member: "g-1", Key: "resume"})
	s.refused(loyalty.Transfer{Member: "g-1", Key: "k", To: "ben", Unit: "bean", Points: 1}, loyalty.ErrGuest)
	s.refused(loyalty.ClaimAward{Member: "anna", Key: "k", Guest: "ben", Verified: "asked"}, loyalty.ErrNotGuest)
	s.refused(loyalty.ClaimAward{Member: "anna", Key: "k", Guest: "g-1"}, loyalty.ErrInvalid)
	s.refused(loyalty.Merge{Member: "g-1", Key: "k", From: "anna"}, loyalty.ErrGuest)

	s.now = s.now.AddDate(0, 2, 0)
	holder, err := s.WhoEarned(t.Context(), "1001")
	require.NoError(t, err)
	require.Equal(t, "g-1", holder)
	s.must(claim("anna", "claim"))
	require.True(t, s.must(claim("anna", "claim")).Replayed)
	for _, again := range []loyalty.ClaimAward{claim("ben", "claim"), claim("anna", "claim 2")} {
		_, err := s.Do(t.Context(), again)
		var claimed *loyalty.ClaimedError
		require.ErrorAs(t, err, &claimed)
		require.Equal(t, "anna", claimed.Holder)
	}
	m := s.member("anna")
	require.Len(t, m.Lots, 1)
	require.True(t, lot.ExpiresAt.Equal(m.Lots[0].ExpiresAt))
	require.True(t, lot.EarnedAt.Equal(m.Lots[0].EarnedAt))
	holder, err = s.WhoEarned(t.Context(), "1001")
	require.NoError(t, err)
	require.Equal(t, "anna", holder)
	s.refused(loyalty.Earn{Member: "anna", Key: "1001", Order: latte("1001")}, loyalty.ErrOrderEarned)
	s.must(loyalty.Refund{Member: "anna", Key: "refund", Order: "1001", Full: true})
	require.Zero(t, s.member("anna").Balance("bean").Available)
	_, err = s.WhoEarned(t.Context(), "none")
	require.ErrorIs(t, err, loyalty.ErrUnknownOrder)
	s.verify()
}
