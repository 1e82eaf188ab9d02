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

// beforeRecords does something once, just before records are listed.
type beforeRecords struct {
	storage.Store
	once func()
}

func (s *beforeRecords) Records(ctx context.Context, query storage.RecordQuery) (storage.Page[storage.Record], error) {
	if once := s.once; once != nil {
		s.once = nil
		once()
	}
	return s.Store.Records(ctx, query)
}

func TestAPageOfAMemberWithManyLotsIsOfOneVersion(t *testing.T) {
	program := beans(points.NeverExpire())
	s := openShop(t, program)
	smallLots(s, 350)
	soon := loyalty.Adjust{Member: "anna", Key: "soon", Unit: "bean", Points: 5, Reason: "gift", Actor: "shop", ExpiresAt: s.now.Add(90 * time.Minute)}
	s.must(soon)
	store := &beforeRecords{Store: s.store}
	reader, err := loyalty.New(loyalty.Revisions{program}, store, &loyalty.Options{Clock: s.clock})
	require.NoError(t, err)
	store.once = func() {
		s.must(loyalty.Hold{Member: "anna", Key: "hold", ID: "h", Unit: "bean", Points: 10, Until: s.now.Add(time.Hour)})
	}
	m, err := reader.MemberAt(t.Context(), "anna", s.now.Add(2*time.Hour))
	require.NoError(t, err)
	require.Equal(t, points.Balance{Unit: "bean", Available: 350}, m.Balance("bean"), "the hold will have lapsed")
}
