package loyalty_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// busyStore does something just before it lists operations.
type busyStore struct {
	storage.Store
	before func()
}

func (s *busyStore) Operations(ctx context.Context, query storage.MemberQuery) (storage.Page[storage.Operation], error) {
	s.before()
	return s.Store.Operations(ctx, query)
}

func TestAHistoryNeverShowsAnOperationWithoutItsEntries(t *testing.T) {
	store := &busyStore{Store: memory.New(), before: func() {}}
	engine, err := loyalty.New(loyalty.Revisions{beans(points.NeverExpire())}, store, nil)
	require.NoError(t, err)
	gift := loyalty.Adjust{Member: "anna", Key: "gift", Unit: "bean", Points: 5, Reason: "gift", Actor: "shop"}
	_, err = engine.Do(t.Context(), loyalty.Enroll{Member: "anna", Key: "enroll"})
	require.NoError(t, err)
	_, err = engine.Do(t.Context(), gift)
	require.NoError(t, err)
	store.before = func() {
		gift.Key = "meanwhile"
		_, err := engine.Do(t.Context(), gift)
		require.NoError(t, err)
	}
	for op, err := range engine.History(t.Context(), "anna") {
		require.NoError(t, err)
		if op.Type == "adjust" {
			require.Lenf(t, op.Entries, 1, "the operation with key %q", op.Key)
		}
	}
}
