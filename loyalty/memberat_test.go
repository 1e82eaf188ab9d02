package loyalty_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func TestTheBalanceOfAnInstantIsTheSameWheneverItIsBooked(t *testing.T) {
	program := beans(points.ExpireAfter(10, points.Days))
	s := openShop(t, program)
	start := s.now
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Adjust{Member: "anna", Key: "gift", Unit: "bean", Points: 30, Reason: "gift", Actor: "shop"})
	s.must(loyalty.Hold{Member: "anna", Key: "hold", ID: "h", Unit: "bean", Points: 10, Until: start.AddDate(0, 0, 3)})
	var before []points.Balance
	for day := range 15 {
		m, err := s.MemberAt(t.Context(), "anna", start.AddDate(0, 0, day))
		require.NoError(t, err)
		before = append(before, m.Balance("bean"))
	}
	require.Equal(t, points.Balance{Unit: "bean", Available: 20, Held: 10}, before[2])
	require.Equal(t, points.Balance{Unit: "bean", Available: 30}, before[3])
	require.Equal(t, points.Balance{Unit: "bean"}, before[14])

	s.now = start.AddDate(0, 1, 0)
	_, err := s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	s.must(loyalty.Adjust{Member: "anna", Key: "later", Unit: "bean", Points: 5, Reason: "gift", Actor: "shop"})
	for day := range 15 {
		m, err := s.MemberAt(t.Context(), "anna", start.AddDate(0, 0, day).Add(time.Microsecond))
		require.NoError(t, err)
		require.Equal(t, before[day], m.Balance("bean"), "day %d", day)
	}
	_, err = s.MemberAt(t.Context(), "anna", start.AddDate(0, 0, -1))
	require.ErrorIs(t, err, loyalty.ErrNotEnrolled)
}
