package loyalty_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

// TestAHistoryAsksOnceForWhatAHundredOperationsAreAbout has a member who earned and lost
// points 250 times: each loss says of which order it was, which is in the lot.
func TestAHistoryAsksOnceForWhatAHundredOperationsAreAbout(t *testing.T) {
	program := earning()
	program.Units[0].Expiry = points.ExpireAfter(1, points.Days)
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	for i := range 250 {
		s.must(loyalty.Earn{Member: "anna", Key: fmt.Sprintf("earn %d", i), Order: latte(fmt.Sprintf("order %d", i))})
		s.now = s.now.AddDate(0, 0, 3)
	}
	s.runDue()
	loads := 0
	engine := s.WithStore(&storagetest.Hooked{
		Store: s.store,
		OnLoad: func(ctx context.Context, requests []storage.LoadRequest, next storagetest.LoadFunc) ([]storage.Snapshot, error) {
			loads++
			return next(ctx, requests)
		},
	})
	operations, lost := 0, 0
	for op, err := range engine.History(t.Context(), "anna") {
		require.NoError(t, err)
		operations++
		for _, e := range op.Entries {
			if e.Kind == points.EntryExpire {
				require.Equal(t, fmt.Sprintf("order %d", lost), e.Reference)
				lost++
			}
		}
	}
	require.Equal(t, 250, lost)
	require.Greater(t, operations, 500)
	require.LessOrEqual(t, loads, 2+(operations+99)/100, "of %d operations", operations)

	loads = 0
	require.NoError(t, engine.Export(t.Context(), "anna", &bytes.Buffer{}))
	require.LessOrEqual(t, loads, 3+(operations+99)/100+(250+99)/100, "of %d operations, and the claims of 250 orders", operations)
}
