package loyalty_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

func TestAStoreThatIsDownForAMomentDoesNotPutSettlingOff(t *testing.T) {
	s := openShop(t, beans(points.ExpireAfter(10, points.Days)))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Adjust{Member: "anna", Key: "gift", Unit: "bean", Points: 5, Reason: "gift", Actor: "shop"})
	s.now = s.now.AddDate(0, 0, 20)
	loads := 0
	s.store.OnLoad = func(ctx context.Context, requests []storage.LoadRequest, next storagetest.LoadFunc) ([]storage.Snapshot, error) {
		if loads++; loads == 1 {
			return nil, errors.New("connection reset")
		}
		return next(ctx, requests)
	}
	report, err := s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, report.Failed, 1)
	s.now = s.now.Add(time.Second)
	report, err = s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, report.Failed)
	require.Equal(t, 1, report.Settled)
	require.Zero(t, s.balance().Available)
}
