package memory_test

import (
	"context"
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// leg is a small commit to an account: an operation and an event at noon.
func leg(member string, version int64) storage.Leg {
	return storage.Leg{
		Expect:  version - 1,
		Account: storage.Account{Program: "cafe", Member: member, Version: version, DueAt: points.Never},
		Operation: storage.Operation{
			Program: "cafe", Member: member, Version: version, Key: fmt.Sprint("sale-", version), Type: "earn",
			Command: []byte("command"), Receipt: []byte("receipt"), Hash: []byte("hash"), RecordedAt: noon,
		},
		Entries: []storage.Entry{{Program: "cafe", Member: member, Version: version, Entry: points.Entry{
			Unit: "bean", Kind: points.EntryEarn, From: points.Issued, To: points.Available, Amount: 9,
		}}},
		Events: []storage.Event{{Program: "cafe", Member: member, Version: version, Type: "earned", Data: []byte("nine beans"), RecordedAt: noon}},
	}
}

func commit(t *testing.T, store storage.Store, legs ...storage.Leg) storage.Status {
	t.Helper()
	outcomes, err := store.Commit(t.Context(), []storage.Batch{{Program: "cafe", Legs: legs}})
	require.NoError(t, err)
	require.Len(t, outcomes, 1)
	return outcomes[0].Status
}

func TestTheFirstReasonOfSeveralIsTheOutcome(t *testing.T) {
	store := memory.New()
	counter := storage.CounterKey{Key: "budget"}
	order, voucher := storage.ClaimKey{Space: "order", Key: "A-1"}, storage.ClaimKey{Space: "voucher", Key: "V-1"}
	outcomes, err := store.Commit(t.Context(), []storage.Batch{{
		Program: "cafe", Legs: []storage.Leg{leg("ada", 1), leg("bob", 1)},
		Claims:   []storage.ClaimChange{{ClaimKey: order, Holder: "ada"}, {ClaimKey: voucher, Holder: "bob"}},
		Counters: []storage.CounterChange{{CounterKey: counter, Delta: 9, Bound: 10}},
	}})
	require.NoError(t, err)
	require.Equal(t, storage.OK, outcomes[0].Status)

	b := storage.Batch{
		Program: "cafe", Legs: []storage.Leg{leg("ada", 3), leg("bob", 2)},
		Claims:   []storage.ClaimChange{{ClaimKey: voucher, Holder: "bob"}, {ClaimKey: order, Holder: "bob", Release: true}},
		Counters: []storage.CounterChange{{CounterKey: counter, Delta: 2, Bound: 10}},
	}
	b.Legs[1].Operation.Key = "sale-1"
	b.Legs[1].Operation.Command = make([]byte, 5<<20)
	try := func() storage.Outcome {
		outcomes, err := store.Commit(t.Context(), []storage.Batch{b})
		require.NoError(t, err)
		return outcomes[0]
	}
	assert.Equal(t, storage.TooLarge, try().Status)
	b.Legs[1].Operation.Command = nil
	assert.Equal(t, storage.DuplicateKey, try().Status, "of the second leg, though the first is a conflict")
	b.Legs[1].Operation.Key = "sale-2"
	assert.Equal(t, storage.Conflict, try().Status)
	b.Legs[0] = leg("ada", 2)
	assert.Equal(t, storage.Outcome{Status: storage.Claimed, Claim: storage.Claim{Program: "cafe", Space: "voucher", Key: "V-1", Holder: "bob"}}, try())
	b.Claims = b.Claims[1:]
	assert.Equal(t, storage.Outcome{Status: storage.Claimed, Claim: storage.Claim{Program: "cafe", Space: "order", Key: "A-1", Holder: "ada"}}, try())
	b.Claims[0].Holder = "ada"
	assert.Equal(t, storage.Outcome{Status: storage.BoundExceeded, Counter: storage.Counter{Program: "cafe", Key: "budget", Used: 9}}, try())
	b.Counters[0].Bound = 11
	assert.Equal(t, storage.OK, try().Status)
}

func TestACounterNearTheEdgeOfInt64IsNotWrapped(t *testing.T) {
	store := memory.New()
	raise := func(delta, bound int64) storage.Status {
		outcomes, err := store.Commit(t.Context(), []storage.Batch{{Program: "cafe", Counters: []storage.CounterChange{
			{CounterKey: storage.CounterKey{Key: "budget"}, Delta: delta, Bound: bound},
		}}})
		require.NoError(t, err)
		return outcomes[0].Status
	}
	assert.Equal(t, storage.OK, raise(math.MaxInt64-1, math.MaxInt64))
	assert.Equal(t, storage.BoundExceeded, raise(2, math.MaxInt64))
	assert.Equal(t, storage.BoundExceeded, raise(math.MinInt64, 0))
	assert.Equal(t, storage.OK, raise(1, math.MaxInt64))
	assert.Equal(t, storage.OK, raise(-math.MaxInt64, 0))
}

func TestScrubEmptiesBodiesAndFreesTheKey(t *testing.T) {
	store := memory.New()
	first := leg("ada", 1)
	first.Records = []storage.Record{{Program: "cafe", Member: "ada", Kind: "review", ID: "1", Reference: "beans", Data: []byte("nice"), DueAt: points.Never}}
	require.Equal(t, storage.OK, commit(t, store, first))
	require.Equal(t, storage.OK, commit(t, store, leg("ada", 2)))

	erase := leg("ada", 3)
	erase.Scrub = storage.Scrub{
		Operations: []int64{1, 77}, Records: []storage.RecordKey{{Kind: "review", ID: "1"}, {Kind: "review", ID: "2"}},
		Events: []storage.EventID{{Member: "ada", Version: 1}, {Member: "ada", Version: 9}},
	}
	require.Equal(t, storage.OK, commit(t, store, erase))

	ada := storage.MemberQuery{Program: "cafe", Member: "ada"}
	operations, err := store.Operations(t.Context(), ada)
	require.NoError(t, err)
	assert.Equal(t, storage.Operation{
		Program: "cafe", Member: "ada", Version: 1, Key: storage.ScrubbedKey(1), Type: "earn", Hash: []byte("hash"), RecordedAt: noon,
	}, operations.Items[0])
	assert.Equal(t, leg("ada", 2).Operation, operations.Items[1])
	records, err := store.Records(t.Context(), storage.RecordQuery{Program: "cafe", Kind: "review", Reference: "beans"})
	require.NoError(t, err)
	require.Len(t, records.Items, 1)
	assert.Nil(t, records.Items[0].Data)
	events, err := store.Events(t.Context(), storage.EventQuery{Program: "cafe", Bucket: storage.Bucket("ada")})
	require.NoError(t, err)
	require.Len(t, events.Items, 3)
	assert.Nil(t, events.Items[0].Data)
	assert.Equal(t, leg("ada", 2).Events[0], events.Items[1])

	again := leg("ada", 4)
	again.Operation.Key = "sale-1"
	assert.Equal(t, storage.OK, commit(t, store, again))
}

func TestPruneGoesOnWhereItsLimitStoppedIt(t *testing.T) {
	store := memory.New()
	var ids []storage.EventID
	for _, member := range []string{"ada", "bob", "cyd"} {
		for version := range int64(5) {
			require.Equal(t, storage.OK, commit(t, store, leg(member, version+1)))
			ids = append(ids, storage.EventID{Member: member, Version: version + 1})
		}
	}
	require.NoError(t, store.Ack(t.Context(), "cafe", ids[:13]))
	later := noon.Add(time.Second)
	request := storage.PruneRequest{Program: "cafe", EventsBefore: later, BodiesBefore: later, KeysBefore: later, Limit: 10}

	var sum storage.Pruned
	var calls int
	for sum.More = true; sum.More; calls++ {
		if calls == 2 {
			_, err := store.Prune(t.Context(), storage.PruneRequest{Program: "cafe", EventsBefore: noon})
			require.NoError(t, err)
		}
		pruned, err := store.Prune(t.Context(), request)
		require.NoError(t, err)
		assert.LessOrEqual(t, pruned.Events+pruned.Bodies+pruned.Keys, int64(10))
		sum = storage.Pruned{Events: sum.Events + pruned.Events, Bodies: sum.Bodies + pruned.Bodies, Keys: sum.Keys + pruned.Keys, More: pruned.More}
	}
	assert.Equal(t, storage.Pruned{Events: 13, Bodies: 15, Keys: 15}, sum)
	assert.Equal(t, 5, calls)

	page, err := store.Events(t.Context(), storage.EventQuery{Program: "cafe", Bucket: storage.Bucket("cyd")})
	require.NoError(t, err)
	assert.Equal(t, []storage.Event{leg("cyd", 4).Events[0], leg("cyd", 5).Events[0]}, page.Items)
	snapshots, err := store.Load(t.Context(), []storage.LoadRequest{
		{Program: "cafe", Member: "bob", Key: "sale-3"}, {Program: "cafe", Member: "bob", Key: storage.FreedKey(3)},
	})
	require.NoError(t, err)
	assert.Nil(t, snapshots[0].Operation)
	assert.Equal(t, &storage.Operation{
		Program: "cafe", Member: "bob", Version: 3, Key: storage.FreedKey(3), Type: "earn", Hash: []byte("hash"), RecordedAt: noon,
	}, snapshots[1].Operation)
}

func TestDueAccountsArePagedWithoutThoseThatWaitToRetry(t *testing.T) {
	store := memory.New()
	for i := range 1000 {
		l := leg(fmt.Sprintf("member-%04d", i*7%1000), 1)
		l.Account.DueAt = noon.Add(time.Duration(i%10) * time.Hour)
		if i%4 == 0 {
			l.Account.RetryAt = noon.Add(24 * time.Hour)
		}
		require.Equal(t, storage.OK, commit(t, store, l))
	}
	moved := leg("member-0007", 2)
	moved.Account.DueAt = noon.Add(-time.Hour)
	require.Equal(t, storage.OK, commit(t, store, moved))

	query := storage.AccountQuery{Program: "cafe", DueBy: noon.Add(3 * time.Hour), Limit: 7}
	var last storage.Account
	var count int
	for account, err := range storage.AllAccounts(t.Context(), store, query) {
		require.NoError(t, err)
		assert.False(t, account.DueAt.After(query.DueBy))
		assert.True(t, account.RetryAt.IsZero())
		assert.True(t, last.DueAt.Before(account.DueAt) || last.DueAt.Equal(account.DueAt) && last.Member < account.Member)
		if last = account; count == 0 {
			assert.Equal(t, "member-0007", account.Member)
		}
		count++
	}
	// Of i = 0 … 999 those with i%10 < 4 and i%4 != 0, and member-0007, which was
	// i = 1 and so among them.
	want := 0
	for i := range 1000 {
		if i%10 < 4 && i%4 != 0 {
			want++
		}
	}
	assert.Equal(t, want, count)
}

// onlyStore hides the optional abilities of a store.
type onlyStore struct{ storage.Store }

func TestRunningTotalsEqualASum(t *testing.T) {
	store := memory.New()
	for i := range int64(4) {
		l := leg("ada", i+1)
		l.Entries = append(l.Entries, l.Entries[0], l.Entries[0])
		l.Entries[1].Ordinal, l.Entries[1].To = 1, points.Pending
		l.Entries[2].Ordinal, l.Entries[2].Unit = 2, "cup"
		require.Equal(t, storage.OK, commit(t, store, l))
	}
	require.Equal(t, storage.Conflict, commit(t, store, leg("ada", 9)))
	native, err := storage.Totals(t.Context(), store, "cafe")
	require.NoError(t, err)
	summed, err := storage.Totals(t.Context(), onlyStore{store}, "cafe")
	require.NoError(t, err)
	assert.Equal(t, summed, native)
	assert.Len(t, native, 3)
	assert.Equal(t, points.Amount(36), native[0].Amount)

	l := leg("ada", 5)
	l.Entries[0].Amount = points.MaxAmount
	require.Equal(t, storage.OK, commit(t, store, l))
	_, err = store.Totals(t.Context(), "cafe")
	require.ErrorIs(t, err, points.ErrOverflow)
}

func TestWhatIsHandedInAndOutIsNotShared(t *testing.T) {
	store := memory.New()
	l := leg("ada", 1)
	l.Account.Data, l.Account.Balances = []byte("data"), []points.Balance{{Unit: "bean", Available: 9}}
	l.Records = []storage.Record{{Program: "cafe", Member: "ada", Kind: "order", ID: "A-1", Data: []byte("order"), Lots: []points.LotID{1}}}
	require.Equal(t, storage.OK, commit(t, store, l))
	request := []storage.LoadRequest{{Program: "cafe", Member: "ada", Key: "sale-1", Records: []storage.RecordKey{{Kind: "order", ID: "A-1"}}}}
	load := func() storage.Snapshot {
		snapshots, err := store.Load(t.Context(), request)
		require.NoError(t, err)
		return snapshots[0]
	}
	want := load()
	l.Account.Data[0], l.Account.Balances[0].Available, l.Operation.Command[0] = 'X', 1, 'X'
	l.Records[0].Data[0], l.Records[0].Lots[0], l.Events[0].Data[0] = 'X', 7, 'X'
	got := load()
	require.Equal(t, want, got)
	got.Account.Data[0], got.Account.Balances[0].Available, got.Operation.Command[0] = 'X', 1, 'X'
	got.Records[0].Data[0], got.Records[0].Lots[0] = 'X', 7
	require.Equal(t, want, load())
}

func TestACanceledContextBeginsNothing(t *testing.T) {
	store := memory.New()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := store.Commit(ctx, []storage.Batch{{Program: "cafe", Legs: []storage.Leg{leg("ada", 1)}}})
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, store.PutRevision(ctx, storage.Revision{Program: "cafe", Number: 1}), context.Canceled)
	_, err = store.Totals(ctx, "cafe")
	require.ErrorIs(t, err, context.Canceled)
	page, err := store.Accounts(t.Context(), storage.AccountQuery{Program: "cafe"})
	require.NoError(t, err)
	assert.Empty(t, page.Items)
	revisions, err := store.Revisions(t.Context(), "cafe")
	require.NoError(t, err)
	assert.Empty(t, revisions)
}

// TestManyWritersOfTwoAccountsLoseNothing moves points to and fro; every reader
// sees both accounts of a transfer or neither.
func TestManyWritersOfTwoAccountsLoseNothing(t *testing.T) {
	store := memory.New()
	start := []storage.Leg{leg("ada", 1), leg("bob", 1)}
	start[0].Account.Balances = []points.Balance{{Unit: "bean", Available: 1000}}
	start[1].Account.Balances = []points.Balance{{Unit: "bean"}}
	require.Equal(t, storage.OK, commit(t, store, start...))
	both := []storage.LoadRequest{{Program: "cafe", Member: "ada"}, {Program: "cafe", Member: "bob"}}

	var wg sync.WaitGroup
	const writers, transfers = 4, 50
	for writer := range writers {
		wg.Go(func() {
			for done := 0; done < transfers; {
				snapshots, err := store.Load(t.Context(), both)
				if !assert.NoError(t, err) {
					return
				}
				ada, bob := *snapshots[0].Account, *snapshots[1].Account
				if !assert.Equal(t, points.Amount(1000), ada.Balances[0].Available+bob.Balances[0].Available) {
					return
				}
				ada.Balances[0].Available--
				bob.Balances[0].Available++
				legs := []storage.Leg{leg("ada", ada.Version+1), leg("bob", bob.Version+1)}
				for i, balances := range [][]points.Balance{ada.Balances, bob.Balances} {
					legs[i].Account.Balances = balances
					legs[i].Operation.Key = fmt.Sprintf("transfer-%d-%d", writer, done)
				}
				outcomes, err := store.Commit(t.Context(), []storage.Batch{{Program: "cafe", Legs: legs}})
				if !assert.NoError(t, err) {
					return
				}
				if outcomes[0].Status == storage.OK {
					done++
				}
			}
		})
	}
	wg.Wait()
	snapshots, err := store.Load(t.Context(), both)
	require.NoError(t, err)
	assert.Equal(t, points.Amount(writers*transfers), snapshots[1].Account.Balances[0].Available)
	assert.Equal(t, int64(writers*transfers+1), snapshots[1].Account.Version)
}
