package loyalty_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func TestATransferIsDecidedAtTheLaterOfBothMembersTimes(t *testing.T) {
	s := openShop(t, beans(points.ExpireAfter(10, points.Days)))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Adjust{Member: "anna", Key: "gift", Unit: "bean", Points: 5, Reason: "gift", Actor: "shop"})
	today := s.now
	s.now = today.AddDate(0, 0, 20)
	s.must(loyalty.Enroll{Member: "bob", Key: "enroll"})
	s.now = today
	transfer := loyalty.Transfer{Member: "anna", Key: "t", To: "bob", Unit: "bean", Points: 5}
	_, err := s.Quote(t.Context(), transfer)
	require.ErrorIs(t, err, loyalty.ErrInsufficientPoints)
	_, err = s.Do(t.Context(), transfer)
	require.ErrorIs(t, err, loyalty.ErrInsufficientPoints, "by bob's time anna's points have expired")
	s.now = today.Add(time.Hour)
	s.must(loyalty.Spend{Member: "anna", Key: "s", Unit: "bean", Points: 5})
	s.verify()
}
