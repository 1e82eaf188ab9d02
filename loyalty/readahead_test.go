package loyalty_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func TestAMemberPageShowsWhatAHostWithAFasterClockHasWritten(t *testing.T) {
	s := openShop(t, beans(points.ExpireAfter(10, points.Days)))
	slow := s.now
	s.now = slow.Add(2 * time.Second)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Adjust{Member: "anna", Key: "gift", Unit: "bean", Points: 5, Reason: "gift", Actor: "shop"})
	s.now = slow
	m, err := s.Member(t.Context(), "anna")
	require.NoError(t, err)
	require.Equal(t, points.Balance{Unit: "bean", Available: 5}, m.Balance("bean"))
	require.Equal(t, slow.Add(2*time.Second), m.At, "time does not go back for a member")

	_, err = s.MemberAt(t.Context(), "anna", slow)
	require.ErrorIs(t, err, loyalty.ErrNotEnrolled, "an instant that the caller names stays what it is")
}

func TestAMemberPageByASlowClockShowsWhatHasFallenDueByTheMembersTime(t *testing.T) {
	s := openShop(t, beans(points.ExpireAfter(10, points.Days)))
	today := s.now
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Adjust{Member: "anna", Key: "gift", Unit: "bean", Points: 5, Reason: "gift", Actor: "shop"})
	s.now = today.AddDate(0, 0, 20)
	s.must(loyalty.Suspend{Member: "anna", Key: "pause"})
	s.now = today
	require.Equal(t, points.Balance{Unit: "bean"}, s.balance())
}
