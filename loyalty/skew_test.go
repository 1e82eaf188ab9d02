package loyalty_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/memory"
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

func TestWhatHappensAheadOfTheClockIsTakenUpToTheSkewAndCountsAsNow(t *testing.T) {
	now := time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	engine, err := loyalty.New(loyalty.Revisions{beans(points.NeverExpire())}, memory.New(), &loyalty.Options{
		Clock: func() time.Time { return now }, Skew: time.Minute,
	})
	require.NoError(t, err)
	_, err = engine.Do(t.Context(), loyalty.Enroll{Member: "anna", Key: "enroll"})
	require.NoError(t, err)
	ahead := func(key string, by time.Duration) loyalty.Adjust {
		return loyalty.Adjust{Member: "anna", Key: key, Unit: "bean", Points: 5, OccurredAt: now.Add(by), Reason: "gift", Actor: "shop"}
	}
	receipt, err := engine.Do(t.Context(), ahead("a minute", time.Minute))
	require.NoError(t, err)
	require.Equal(t, now, receipt.OccurredAt)
	for _, try := range []func(context.Context, loyalty.Command) (loyalty.Receipt, error){engine.Quote, engine.Do} {
		_, err = try(t.Context(), ahead("more", time.Minute+time.Microsecond))
		require.ErrorIs(t, err, loyalty.ErrNotYet)
	}
}
