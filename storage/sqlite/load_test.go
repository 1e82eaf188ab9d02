package sqlite_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Many requests are first asked about all at once; the answers must be those
// that each gets alone.
func TestManyRequestsAreAnsweredLikeEachAlone(t *testing.T) {
	store := open(t, filepath.Join(t.TempDir(), "shop.db"))
	enrolled, earned := earns(t, 50, 40)
	commitAll(t, store, enrolled)
	commitAll(t, store, earned)
	var requests []storage.LoadRequest
	for i := range 60 {
		order := order(i)
		order.Member = member(i % 50)
		id, claim := order.Order.ID, order.Order.ID
		if i < len(earned) {
			batch := earned[i].commit[0]
			id, claim = batch.Legs[0].Records[0].ID, batch.Claims[0].Key
		}
		requests = append(requests, storage.LoadRequest{
			Program: shop.ID, Member: order.Member, Key: order.Key,
			Records: []storage.RecordKey{{Kind: "order", ID: id}, {Kind: "hold", ID: id}},
			Claims:  []storage.ClaimKey{{Space: "order", Key: claim}},
			Debits:  []storage.Debit{{Limit: 9}},
			DueBy:   points.Never,
		})
	}
	requests = append(requests,
		requests[0], // a member twice
		storage.LoadRequest{Program: shop.ID, Member: "nobody", Key: "signup", Records: []storage.RecordKey{{Kind: "order", ID: "order-0000001"}}},
		storage.LoadRequest{Program: shop.ID, Member: member(3), Key: `quote " and \ and 'tick' and größe`},
		storage.LoadRequest{Program: shop.ID, Member: member(3), Key: "signup"},
		storage.LoadRequest{Program: shop.ID, Member: "\x01house", Claims: []storage.ClaimKey{{Space: "\x01order", Key: "\u2028"}}},
	)
	alone := make([]storage.Snapshot, len(requests))
	for i := range requests {
		snapshots, err := store.Load(t.Context(), requests[i:i+1])
		require.NoError(t, err)
		alone[i] = snapshots[0]
	}
	require.NotNil(t, alone[0].Operation)
	require.NotEmpty(t, alone[0].Records)
	require.NotEmpty(t, alone[0].Claims)
	for name, extra := range map[string][]storage.LoadRequest{
		"of one program":          nil,
		"of two programs":         {{Program: "tea", Member: member(1)}},
		"with text that is bytes": {{Program: shop.ID, Member: "\xff"}},
	} {
		together, err := store.Load(t.Context(), append(slices.Clip(requests), extra...))
		require.NoError(t, err)
		require.Equal(t, alone, together[:len(requests)], name)
	}
	again, err := store.Load(t.Context(), requests)
	require.NoError(t, err)
	again[0].Account.Balances[0].Available = 77
	again[0].Account.Hash[0]++
	require.Equal(t, alone[60], again[60], "two snapshots of one member share nothing")
}
