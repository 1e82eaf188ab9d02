package etcdstore_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/examples/etcd/etcdstore"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

func TestAServerWhoseTransactionsAreTooSmallIsFoundWhenTheStoreIsOpened(t *testing.T) {
	client := start(t, 1, false).client(t)
	_, err := etcdstore.Open(t.Context(), client, &etcdstore.Options{MaxTxnOps: 2048})
	assert.ErrorContains(t, err, "--max-txn-ops=2048")
	_, err = etcdstore.Open(t.Context(), client, &etcdstore.Options{MaxTxnOps: 128})
	assert.ErrorContains(t, err, "MaxTxnOps is 128")
}

// fill gives a batch rows of every kind, each with two indexes, up to the limits.
func fill(b storage.Batch, limits storage.Limits, due time.Time) storage.Batch {
	leg := &b.Legs[0]
	for id := points.LotID(1); b.Rows() < limits.Rows/2; id++ {
		leg.Lots = append(leg.Lots, storage.Lot{
			Program: "beans", Member: leg.Account.Member,
			Lot: points.Lot{ID: id, Unit: "bean", State: points.LotOpen, Remaining: 12, EarnedAt: due, ExpiresAt: due},
		})
	}
	for b.Rows() < limits.Rows {
		leg.Records = append(leg.Records, storage.Record{
			Program: "beans", Member: leg.Account.Member, Kind: "order", DueAt: due,
			ID: strings.Repeat("long", 24) + string(rune('a'+len(leg.Records))),
		})
	}
	leg.Records[0].Data = bytes.Repeat([]byte("x"), limits.Bytes-b.Bytes())
	return b
}

func TestABatchAsLargeAsTheLimitsIsStoredAndReplaced(t *testing.T) {
	for _, ops := range []int{512, 1024} {
		client := start(t, 1, false).client(t)
		store := open(t, client, &etcdstore.Options{MaxTxnOps: ops})
		limits := store.Limits()
		require.GreaterOrEqual(t, limits.Rows, 100)
		due := time.Date(2027, time.February, 22, 9, 30, 0, 0, time.UTC)
		first := fill(batchOf("m-7301", 1), limits, due)
		moved := fill(batchOf("m-7301", 2), limits, due.Add(time.Hour)) // leaves every index and enters another
		outcomes, err := store.Commit(t.Context(), []storage.Batch{first, moved})
		require.NoError(t, err)
		assert.Equal(t, storage.OK, outcomes[0].Status, outcomes[0].Err)
		assert.Equal(t, storage.OK, outcomes[1].Status, outcomes[1].Err)
		snapshots, err := store.Load(t.Context(), []storage.LoadRequest{{
			Program: "beans", Member: "m-7301", DueBy: due.Add(time.Hour), DueLimit: limits.Rows,
		}})
		require.NoError(t, err)
		assert.Len(t, snapshots[0].Lots, len(first.Legs[0].Lots))
		assert.Len(t, snapshots[0].DueRecords, len(first.Legs[0].Records))
	}
}

func TestABatchBeyondTheServersLimitsIsTooLarge(t *testing.T) {
	store := open(t, start(t, 1, false).client(t), nil)
	large := batchOf("m-7301", 1)
	large.Legs[0].Operation.Command = bytes.Repeat([]byte("x"), 2<<20)
	outcomes, err := store.Commit(t.Context(), []storage.Batch{large, batchOf("m-7302", 1)})
	require.NoError(t, err)
	assert.Equal(t, storage.TooLarge, outcomes[0].Status)
	assert.Equal(t, storage.OK, outcomes[1].Status, "it takes no other with it")
}
