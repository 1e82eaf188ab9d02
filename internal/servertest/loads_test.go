package servertest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
)

// manyLots is a batch that gives a member lots of one point each, and a hold of two.
func manyLots(member string, lots int) storage.Batch {
	batch := earn(member, 0, "order-1001")
	leg := &batch.Legs[0]
	one := leg.Lots[0]
	one.Original, one.Remaining = 1, 1
	leg.Lots = nil
	for i := range lots {
		lot := one
		lot.ID = points.LotID(i + 1)
		leg.Lots = append(leg.Lots, lot)
	}
	hold := leg.Records[0]
	hold.Kind, hold.ID, hold.Lots = "hold", "h-1", []points.LotID{1, 2}
	leg.Records = append(leg.Records, hold)
	return batch
}

// TestLoadsTakeFewStatements counts the statements of a load, of which each is a trip.
func TestLoadsTakeFewStatements(t *testing.T) {
	eachServer(t, func(t *testing.T, p place) {
		s := p.openStore(t)
		var batches []storage.Batch
		var everybody []storage.LoadRequest
		for i := range 40 {
			batches = append(batches, manyLots(shopper(i), 20))
			everybody = append(everybody, storage.LoadRequest{
				Program: "beans", Member: shopper(i), Key: fmt.Sprintf("spend-%d", i),
				Debits: []storage.Debit{{Unit: "bean", After: march, Amount: 3}},
				Claims: []storage.ClaimKey{{Space: "order", Key: fmt.Sprintf("order-%d", i)}},
			})
		}
		outcomes, err := s.Commit(t.Context(), batches)
		require.NoError(t, err)
		require.Equal(t, storage.OK, outcomes[0].Status)
		tx, err := s.db.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		defer func() { require.NoError(t, tx.Rollback()) }()
		counted := &trips{recorder: &recorder{Tx: tx}}
		store := sqlstore.Bind(counted, p.dialect)
		named := 1
		if p.dialect == sqlstore.MySQL {
			named = 2 // its grammar has no lists of numbers
		}
		debit := func(amount points.Amount) storage.LoadRequest {
			return storage.LoadRequest{
				Program: "beans", Member: shopper(7), Key: "order-1002", Debits: []storage.Debit{{Unit: "bean", After: march, Amount: amount}},
				Counters: []storage.CounterKey{{Key: "budget"}},
			}
		}
		order := storage.LoadRequest{
			Program: "beans", Member: shopper(7), Key: "order-1002", Records: []storage.RecordKey{{Kind: "order", ID: "order-1002"}},
			Claims: []storage.ClaimKey{{Space: "order", Key: "order-1002"}},
		}
		hold := storage.LoadRequest{Program: "beans", Member: shopper(7), Key: "capture-1", Records: []storage.RecordKey{{Kind: "hold", ID: "h-1"}}}
		for _, c := range []struct {
			name             string
			requests         []storage.LoadRequest
			statements, lots int
		}{
			{"an order that is new", []storage.LoadRequest{order}, 1, 0},
			{"a spend", []storage.LoadRequest{debit(3)}, 1, 3},
			{"a spend of all of its first lots", []storage.LoadRequest{debit(12)}, 1, 12},
			{"a spend over more lots", []storage.LoadRequest{debit(15)}, 2, 15},
			{"a spend that is not covered", []storage.LoadRequest{debit(500)}, 2, 20},
			{"a capture of a hold that names lots", []storage.LoadRequest{hold}, named, 2},
			{"a page of lots", []storage.LoadRequest{{Program: "beans", Member: shopper(7), Debits: []storage.Debit{{Limit: 300}}}}, 1, 20},
			{"sixteen spends of one commit", everybody[:16], 1, 3},
			{"two orders", []storage.LoadRequest{order, order}, 1, 0},
			{"a member who does not exist", []storage.LoadRequest{{Program: "beans", Member: "nobody", Debits: []storage.Debit{{Unit: "bean", Amount: 3}}}}, 1, 0},
		} {
			before := counted.n
			snapshots, err := store.Load(t.Context(), c.requests)
			require.NoError(t, err, c.name)
			assert.Equal(t, c.statements, counted.n-before, c.name)
			assert.Len(t, snapshots[0].Lots, c.lots, c.name)
			assert.False(t, snapshots[0].Mixed, c.name)
		}
		before := counted.n
		snapshots, err := store.Load(t.Context(), everybody)
		require.NoError(t, err)
		assert.LessOrEqual(t, counted.n-before, 4, "forty spends, whose debits take three statements, and a look whether anything changed meanwhile")
		for i := range snapshots {
			assert.Len(t, snapshots[i].Lots, 3)
			assert.Equal(t, shopper(i), snapshots[i].Lots[0].Member)
		}
	})
}
