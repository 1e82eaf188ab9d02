package postgres_test

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/postgres"
)

// latteFor is a batch that earns a lot, for a member at a version.
func latteFor(member string, version int64) storage.Batch {
	key := fmt.Sprintf("order-%s-%d", member, version+1)
	account := storage.Account{
		Program: "cafe", Member: member, Kind: storage.Person, Version: version + 1, Status: storage.Active, DueAt: points.Never,
	}
	lot := points.Lot{ID: points.LotID(version + 1), Unit: "bean", State: points.LotOpen, Original: 12, Remaining: 12, ExpiresAt: points.Never}
	return storage.Batch{
		Program: "cafe",
		Legs: []storage.Leg{{
			Expect: version, Account: account,
			Operation: storage.Operation{Program: "cafe", Member: member, Version: version + 1, Key: key, Type: "earn"},
			Entries: []storage.Entry{{Program: "cafe", Member: member, Version: version + 1, Entry: points.Entry{
				Unit: "bean", Kind: points.EntryEarn, From: points.Issued, To: points.Available, Amount: 12,
			}}},
			Lots:    []storage.Lot{{Program: "cafe", Member: member, Lot: lot}},
			Records: []storage.Record{{Program: "cafe", Member: member, Kind: "order", ID: key, DueAt: points.Never, Lots: []points.LotID{lot.ID}}},
			Events:  []storage.Event{{Program: "cafe", Member: member, Version: version + 1, Type: "earned"}},
		}},
		Claims: []storage.ClaimChange{{ClaimKey: storage.ClaimKey{Space: "order", Key: key}, Holder: member}},
	}
}

// commit stores batches and returns how they ended.
func commit(t testing.TB, store storage.Store, batches ...storage.Batch) []storage.Outcome {
	t.Helper()
	outcomes, err := store.Commit(t.Context(), batches)
	require.NoError(t, err)
	require.Len(t, outcomes, len(batches))
	return outcomes
}

func stored(t testing.TB, store storage.Store, batches ...storage.Batch) {
	t.Helper()
	for i, outcome := range commit(t, store, batches...) {
		require.Equal(t, storage.OK, outcome.Status, "batch %d: %v", i, outcome.Err)
	}
}

// counting returns a store whose round trips are counted, with statements prepared.
func counting(t testing.TB) (*wire, *postgres.Store) {
	t.Helper()
	w := &wire{}
	store := postgres.New(connect(t, database(t), w.on), nil)
	return w, store
}

func many(version int64) []storage.Batch {
	var batches []storage.Batch
	for i := range 20 {
		batches = append(batches, latteFor(fmt.Sprintf("member-%02d", i), version))
	}
	return batches
}

func TestACommitIsOneRoundTrip(t *testing.T) {
	w, store := counting(t)
	var anna int64
	earn := func(change func(*storage.Batch)) []storage.Batch {
		b := latteFor("anna", anna)
		anna++
		if change != nil {
			change(&b)
		}
		return []storage.Batch{b}
	}
	counted := func(delta int64) func(*storage.Batch) {
		return func(b *storage.Batch) {
			b.Counters = []storage.CounterChange{{CounterKey: storage.CounterKey{Key: "budget"}, Delta: delta, Bound: 1000}}
		}
	}
	var crowd int64
	for name, batches := range map[string]func() []storage.Batch{
		"of one batch":                      func() []storage.Batch { return earn(nil) },
		"of one batch that raises counters": func() []storage.Batch { return earn(counted(2)) },
		"of one batch that lowers counters": func() []storage.Batch {
			stored(t, store, earn(counted(2))...)
			return earn(counted(-1))
		},
		"of one batch that releases a claim": func() []storage.Batch {
			last := earn(nil)
			stored(t, store, last...)
			return earn(func(b *storage.Batch) {
				released := last[0].Claims[0]
				released.Release = true
				b.Claims = append(b.Claims, released)
			})
		},
		"of twenty batches": func() []storage.Batch { crowd++; return many(crowd - 1) },
	} {
		t.Run(name, func(t *testing.T) {
			stored(t, store, batches()...)
			stored(t, store, batches()...)
			next := batches()
			assert.Equal(t, 1, w.during(t, func() error { stored(t, store, next...); return nil }))
		})
	}
}

func TestALoadIsOneRoundTrip(t *testing.T) {
	w, store := counting(t)
	for version := range int64(3) {
		stored(t, store, latteFor("anna", version))
		stored(t, store, latteFor("ben", version))
	}
	key := func(member string) storage.LoadRequest {
		return storage.LoadRequest{Program: "cafe", Member: member, Key: "order-" + member + "-2", DueBy: points.Never.AddDate(-1, 0, 0)}
	}
	all := func(member string) storage.LoadRequest {
		r := key(member)
		r.Records = []storage.RecordKey{{Kind: "order", ID: "order-" + member + "-1"}}
		r.Lots = []points.LotID{2}
		r.Debits = []storage.Debit{{Unit: "bean", Amount: 15}, {Limit: 5}}
		r.Claims = []storage.ClaimKey{{Space: "order", Key: "order-anna-1"}}
		r.Counters = []storage.CounterKey{{Key: "budget"}}
		return r
	}
	for name, requests := range map[string][]storage.LoadRequest{
		"of an account and a key":         {key("anna")},
		"of all that there is":            {all("anna")},
		"of all that there is, of two":    {all("anna"), all("ben")},
		"of a member that does not exist": {all("nobody")},
	} {
		t.Run(name, func(t *testing.T) {
			load := func() error { _, err := store.Load(t.Context(), requests); return err }
			require.NoError(t, load())
			assert.Equal(t, 1, w.during(t, load))
		})
	}
}

func TestALoadOfOneMemberIsOneStatement(t *testing.T) {
	n := &noted{}
	store := postgres.New(connect(t, database(t), func(c *pgxpool.Config) { c.ConnConfig.Tracer = n }), nil)
	for version := range int64(3) {
		stored(t, store, latteFor("anna", version))
	}
	order := func(i int) storage.RecordKey {
		return storage.RecordKey{Kind: "order", ID: fmt.Sprintf("order-anna-%d", i)}
	}
	ids := func(s storage.Snapshot) (lots []points.LotID, records []string) {
		for _, lot := range s.Lots {
			lots = append(lots, lot.ID)
		}
		for _, record := range s.Records {
			records = append(records, record.ID)
		}
		return lots, records
	}
	claim := func(i int) storage.ClaimKey {
		return storage.ClaimKey{Space: "order", Key: fmt.Sprintf("order-anna-%d", i)}
	}
	for name, c := range map[string]struct {
		request storage.LoadRequest
		lots    []points.LotID
		records []string
		claims  []storage.ClaimKey
	}{
		"orders that are claimed, and one that nobody claims": {
			request: storage.LoadRequest{Key: "order-anna-2", Claims: []storage.ClaimKey{claim(3), claim(9)}},
			claims:  []storage.ClaimKey{claim(3)},
		},
		"who claims an order, and what a spend takes": {
			request: storage.LoadRequest{Claims: []storage.ClaimKey{claim(2), claim(1)}, Debits: []storage.Debit{{Unit: "bean", Amount: 5}}},
			lots:    []points.LotID{1}, claims: []storage.ClaimKey{claim(2), claim(1)},
		},
		"records in the order asked, one of them twice and one that is not there": {
			storage.LoadRequest{Key: "order-anna-2", Records: []storage.RecordKey{order(3), order(9), order(3)}},
			[]points.LotID{3},
			[]string{"order-anna-3", "order-anna-3"},
			nil,
		},
		"lots by id, and those of a record": {
			storage.LoadRequest{Lots: []points.LotID{2, 7}, Records: []storage.RecordKey{order(1)}}, []points.LotID{1, 2}, []string{"order-anna-1"}, nil,
		},
		"what a spend takes": {
			storage.LoadRequest{Key: "new", Debits: []storage.Debit{{Unit: "bean", Amount: 15}}}, []points.LotID{1, 2}, nil, nil,
		},
		"lots of an unknown amount": {
			storage.LoadRequest{Debits: []storage.Debit{{Unit: "bean", Limit: 1}}}, []points.LotID{1}, nil, nil,
		},
		"a page of lots": {
			storage.LoadRequest{Debits: []storage.Debit{{Limit: 2}}, DueBy: points.Never.AddDate(-1, 0, 0)}, []points.LotID{1, 2}, nil, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.request.Program, c.request.Member = "cafe", "anna"
			n.sent = nil
			snapshots, err := store.Load(t.Context(), []storage.LoadRequest{c.request})
			require.NoError(t, err)
			lots, records := ids(snapshots[0])
			assert.Equal(t, int64(3), snapshots[0].Account.Version)
			assert.Equal(t, c.request.Key == "order-anna-2", snapshots[0].Operation != nil)
			assert.Equal(t, c.lots, lots)
			assert.Equal(t, c.records, records)
			var claims []storage.ClaimKey
			for _, claim := range snapshots[0].Claims {
				assert.Equal(t, "anna", claim.Holder)
				claims = append(claims, storage.ClaimKey{Space: claim.Space, Key: claim.Key})
			}
			assert.Equal(t, c.claims, claims)
			assert.Len(t, n.sent, 1, "and no transaction around it")
		})
	}
}

func TestADebitOfManyLotsIsLoadedWholeInTwoRoundTrips(t *testing.T) {
	w, store := counting(t)
	for version := range int64(30) {
		stored(t, store, latteFor("anna", version))
	}
	load := func(amount points.Amount, limit int) (lots int) {
		t.Helper()
		snapshots, err := store.Load(t.Context(), []storage.LoadRequest{{
			Program: "cafe", Member: "anna", Debits: []storage.Debit{{Unit: "bean", Amount: amount, Limit: limit}},
		}})
		require.NoError(t, err)
		for i, lot := range snapshots[0].Lots {
			assert.Equal(t, points.LotID(i+1), lot.ID)
		}
		return len(snapshots[0].Lots)
	}
	for _, c := range []struct {
		name         string
		amount       points.Amount
		limit        int
		lots, rounds int
	}{
		{"twelve lots to the last point", 144, 100, 12, 1},
		{"one point more", 145, 100, 13, 2},
		{"all lots", 360, 100, 30, 2},
		{"more than there is", 361, 100, 30, 2},
		{"no more than asked for", 1000, 20, 20, 2},
		{"no more than asked for, at once", 1000, 5, 5, 1},
		{"of the largest amount", 1<<63 - 1, 100, 30, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.lots, load(c.amount, c.limit))
			assert.Equal(t, c.rounds, w.during(t, func() error { load(c.amount, c.limit); return nil }))
		})
	}
}

func TestAConflictDoesNotPrepareStatementsAgain(t *testing.T) {
	w, store := counting(t)
	for version := range int64(3) {
		stored(t, store, latteFor("anna", version))
	}
	stale := func() error {
		require.Equal(t, storage.DuplicateKey, commit(t, store, latteFor("anna", 1))[0].Status)
		return nil
	}
	require.NoError(t, stale())
	assert.Equal(t, 2, w.during(t, stale), "the commit and a look")
	assert.Equal(t, 1, w.during(t, func() error { stored(t, store, latteFor("anna", 3)); return nil }))
}
