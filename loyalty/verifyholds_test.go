package loyalty_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// forgetful is a store that lost its records.
type forgetful struct{ storage.Store }

func (forgetful) Records(context.Context, storage.RecordQuery) (storage.Page[storage.Record], error) {
	return storage.Page[storage.Record]{Items: []storage.Record{}}, nil
}

func TestPointsOnHoldWithoutAHoldAreFound(t *testing.T) {
	s := openShop(t, beans(points.NeverExpire()))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Adjust{Member: "anna", Key: "gift", Unit: "bean", Points: 30, Reason: "gift", Actor: "shop"})
	s.must(loyalty.Hold{Member: "anna", Key: "hold", ID: "h", Unit: "bean", Points: 10, Until: s.now.Add(time.Hour)})
	s.verify()
	report, err := s.WithStore(forgetful{s.store}).Verify(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, []loyalty.Problem{{Member: "anna", Row: "lot 20000", What: "has 10 on hold that no open hold has"}}, report.Problems)
}
