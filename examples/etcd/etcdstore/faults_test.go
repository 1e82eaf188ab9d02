package etcdstore_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// between runs before and after every transaction of a client.
type between struct {
	clientv3.KV
	before func()
	after  func(ifs int, reply *clientv3.TxnResponse, err error) (*clientv3.TxnResponse, error)
}

func (b *between) Txn(ctx context.Context) clientv3.Txn { return &txn{Txn: b.KV.Txn(ctx), between: b} }

type txn struct {
	clientv3.Txn
	*between
	ifs int
}

func (t *txn) If(cs ...clientv3.Cmp) clientv3.Txn {
	t.Txn, t.ifs = t.Txn.If(cs...), len(cs)
	return t
}

func (t *txn) Then(ops ...clientv3.Op) clientv3.Txn {
	t.Txn = t.Txn.Then(ops...)
	return t
}

func (t *txn) Else(ops ...clientv3.Op) clientv3.Txn {
	t.Txn = t.Txn.Else(ops...)
	return t
}

func (t *txn) Commit() (*clientv3.TxnResponse, error) {
	if t.before != nil {
		t.before()
	}
	reply, err := t.Txn.Commit()
	if t.after != nil {
		return t.after(t.ifs, reply, err)
	}
	return reply, err
}

func TestABatchWhoseAnswerIsLostIsUnknownAndStored(t *testing.T) {
	client := start(t, 1, false).client(t)
	store := open(t, client, nil)
	errLost := errors.New("connection reset by peer")
	client.KV = &between{KV: client.KV, after: func(ifs int, reply *clientv3.TxnResponse, err error) (*clientv3.TxnResponse, error) {
		if err == nil && ifs > 0 {
			return nil, errLost
		}
		return reply, err
	}}
	outcomes, err := store.Commit(t.Context(), []storage.Batch{batchOf("m-7301", 1)})
	require.NoError(t, err)
	assert.Equal(t, storage.Unknown, outcomes[0].Status)
	assert.ErrorIs(t, outcomes[0].Err, errLost)
	snapshots, err := store.Load(t.Context(), []storage.LoadRequest{{Program: "beans", Member: "m-7301", Key: "order-1"}})
	require.NoError(t, err)
	assert.NotNil(t, snapshots[0].Operation, "the caller looks, and finds it")
}

func TestACommitOnAServerWithoutSpaceIsAnErrorThatSaysSo(t *testing.T) {
	servers := start(t, 1, false)
	store := open(t, servers.client(t), nil)
	server := servers.members[0].Server
	_, err := server.Alarm(t.Context(), &etcdserverpb.AlarmRequest{
		Action: etcdserverpb.AlarmRequest_ACTIVATE, Alarm: etcdserverpb.AlarmType_NOSPACE, MemberID: uint64(server.MemberID()),
	})
	require.NoError(t, err)
	outcomes, err := store.Commit(t.Context(), []storage.Batch{batchOf("m-7301", 1)})
	require.ErrorIs(t, err, rpctypes.ErrNoSpace)
	assert.Empty(t, outcomes)
}

// A call that reads in several transactions reads them at one revision, and
// starts again where that was compacted away.
func TestAListingSurvivesACompaction(t *testing.T) {
	client := start(t, 1, false).client(t)
	store := open(t, client, nil)
	_, err := store.Commit(t.Context(), []storage.Batch{batchOf("ada", 1), batchOf("ben", 1), batchOf("zoe", 1)})
	require.NoError(t, err)
	txns := 0
	plain := client.KV
	client.KV = &between{KV: plain, before: func() {
		if txns++; txns == 2 {
			put, err := plain.Put(t.Context(), "another shop's", "write")
			require.NoError(t, err)
			_, err = plain.Compact(t.Context(), put.Header.Revision)
			require.NoError(t, err)
		}
	}}
	page, err := store.Accounts(t.Context(), storage.AccountQuery{Program: "beans", DueBy: points.Never})
	require.NoError(t, err)
	assert.Len(t, page.Items, 3)
	assert.Equal(t, 4, txns, "two transactions, and both again")
}
