package etcdstore_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/examples/etcd/etcdstore"
	"github.com/loyaltykit/loyaltykit/storage"
)

// batchOf is the least that makes a version of a member.
func batchOf(member string, version int64) storage.Batch {
	return storage.Batch{Program: "beans", Legs: []storage.Leg{{
		Expect:  version - 1,
		Account: storage.Account{Program: "beans", Member: member, Version: version},
		Operation: storage.Operation{
			Program: "beans", Member: member, Version: version, Key: fmt.Sprintf("order-%d", version), Type: "earn",
		},
	}}}
}

// race lets each caller commit on a client of its own, and returns how many
// transactions were tried again.
func race(t *testing.T, servers *cluster, callers, commits int, batch func(caller, i int) storage.Batch) int64 {
	t.Helper()
	var retries atomic.Int64
	var group sync.WaitGroup
	for caller := range callers {
		store := open(t, servers.client(t), &etcdstore.Options{
			Prefix: t.Name() + "/", OnRetry: func() { retries.Add(1) },
		})
		group.Go(func() {
			for i := range commits {
				outcomes, err := store.Commit(t.Context(), []storage.Batch{batch(caller, i)})
				if assert.NoError(t, err) {
					assert.Equal(t, storage.OK, outcomes[0].Status)
				}
			}
		})
	}
	group.Wait()
	return retries.Load()
}

func TestCommitsOnDifferentMembersDoNotDisturbEachOther(t *testing.T) {
	servers := start(t, 1, false)
	retries := race(t, servers, 2, 200, func(caller, i int) storage.Batch {
		return batchOf(fmt.Sprintf("m-%d", caller), int64(i)+1)
	})
	assert.Zero(t, retries)
}

func TestCommitsThatShareACounterAreTriedAgain(t *testing.T) {
	servers := start(t, 1, false)
	shared := storage.CounterKey{Key: "free latte", Shard: 0}
	retries := race(t, servers, 4, 50, func(caller, i int) storage.Batch {
		b := batchOf(fmt.Sprintf("m-%d", caller), int64(i)+1)
		b.Counters = []storage.CounterChange{{CounterKey: shared, Delta: 1, Bound: 200}}
		return b
	})
	assert.Positive(t, retries, "the count of the test above can be other than 0")
	store := open(t, servers.client(t), &etcdstore.Options{Prefix: t.Name() + "/"})
	one := batchOf("m-late", 1)
	one.Counters = []storage.CounterChange{{CounterKey: shared, Delta: 1, Bound: 200}}
	outcomes, err := store.Commit(t.Context(), []storage.Batch{one})
	require.NoError(t, err)
	assert.Equal(t, storage.BoundExceeded, outcomes[0].Status)
	assert.EqualValues(t, 200, outcomes[0].Counter.Used)
}

// While a commit is on its way to etcd another goes through, in the same process and on
// the same store: nothing of the process keeps them apart. Of two commits of one version,
// whose keys differ, one is stored: the account is part of the condition by itself.
func TestACommitThatIsOnItsWayKeepsNoOtherWaiting(t *testing.T) {
	servers := start(t, 1, false)
	for name, c := range map[string]struct {
		other  string
		status storage.Status
	}{"another member": {"m-ben", storage.OK}, "the same member": {"m-anna", storage.Conflict}} {
		t.Run(name, func(t *testing.T) {
			client := servers.client(t)
			hold := &between{KV: client.KV}
			client.KV = hold
			store := open(t, client, &etcdstore.Options{Prefix: t.Name() + "/"})
			ended := make(chan []storage.Outcome, 1)
			transactions := 0
			hold.before = func() {
				if transactions++; transactions == 1 {
					return // which reads
				}
				hold.before = nil
				go func() {
					other := batchOf(c.other, 1)
					other.Legs[0].Operation.Key = "at the other till"
					outcomes, err := store.Commit(t.Context(), []storage.Batch{other})
					assert.NoError(t, err)
					ended <- outcomes
				}()
				select {
				case outcomes := <-ended:
					assert.Equal(t, storage.OK, outcomes[0].Status)
				case <-time.After(20 * time.Second):
					assert.Fail(t, "the other commit waits for this one")
				}
			}
			outcomes, err := store.Commit(t.Context(), []storage.Batch{batchOf("m-anna", 1)})
			require.NoError(t, err)
			assert.Equal(t, c.status, outcomes[0].Status)
		})
	}
}

func TestStoresOfOtherPrefixesDoNotSeeEachOther(t *testing.T) {
	client := start(t, 1, false).client(t)
	cafe := open(t, client, &etcdstore.Options{Prefix: "cafe/"})
	bar := open(t, client, &etcdstore.Options{Prefix: "bar/"})
	_, err := cafe.Commit(t.Context(), []storage.Batch{batchOf("m-7301", 1)})
	require.NoError(t, err)
	page, err := bar.Accounts(t.Context(), storage.AccountQuery{Program: "beans"})
	require.NoError(t, err)
	assert.Empty(t, page.Items)
}
