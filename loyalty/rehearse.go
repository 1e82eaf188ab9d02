package loyalty

import (
	"context"
	"crypto/sha256"
	"slices"
	"sync"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// rehearsal is a store in which commands that give can be tried one after another: what
// they change of accounts, records, claims and counters is kept in memory, and nothing is
// written. Lots, entries and events are not kept, and time stands still for an account that
// was changed: a rehearsal takes nothing from lots and settles nothing twice.
type rehearsal struct {
	storage.Store
	// most bounds the accounts that are kept. The oldest is forgotten first.
	most int

	mu        sync.Mutex
	accounts  map[string]*rehearsed
	order     []string
	forgotten map[rowKey]struct{}
	again     int
	claims    map[storage.ClaimKey]string
	counters  map[storage.CounterKey]int64
	revisions []storage.Revision
}

// rehearsed is what was changed of an account.
type rehearsed struct {
	account storage.Account
	records map[storage.RecordKey]storage.Record
}

func newRehearsal(inside storage.Store, most int) *rehearsal {
	if v, ok := inside.(veiled); ok {
		inside = v.Store
	}
	return &rehearsal{
		Store: inside, most: most, accounts: map[string]*rehearsed{}, forgotten: map[rowKey]struct{}{},
		claims: map[storage.ClaimKey]string{}, counters: map[storage.CounterKey]int64{},
	}
}

// met returns how often an account was read again after it was forgotten.
func (r *rehearsal) met() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.again
}

func rowKeyOf(member string) rowKey {
	sum := sha256.Sum256([]byte(member))
	return rowKey(sum[:])
}

// Load implements storage.Store.
func (r *rehearsal) Load(ctx context.Context, requests []storage.LoadRequest) ([]storage.Snapshot, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	asked := slices.Clone(requests)
	for i := range asked {
		if r.accounts[asked[i].Member] != nil {
			asked[i].DueBy = time.Time{}
		} else if _, forgotten := r.forgotten[rowKeyOf(asked[i].Member)]; forgotten {
			r.again++
		}
	}
	snaps, err := r.Store.Load(ctx, asked)
	if err != nil {
		return nil, err
	}
	for i := range snaps {
		if changed := r.accounts[requests[i].Member]; changed != nil {
			changed.show(&requests[i], &snaps[i])
		}
		r.share(&requests[i], &snaps[i])
	}
	return snaps, nil
}

// show puts what was changed into a snapshot.
func (c *rehearsed) show(request *storage.LoadRequest, snap *storage.Snapshot) {
	account := c.account
	account.DueAt = points.Never
	snap.Account, snap.DueRecords, snap.MoreDue, snap.NextDue = &account, nil, false, points.Never
	was := snap.Records
	snap.Records = nil
	for _, key := range request.Records {
		if record, changed := c.records[key]; changed {
			snap.Records = append(snap.Records, record)
			continue
		}
		at := slices.IndexFunc(was, func(r storage.Record) bool { return r.Kind == key.Kind && r.ID == key.ID })
		if at >= 0 {
			snap.Records = append(snap.Records, was[at])
		}
	}
}

// share puts changed claims and counters into a snapshot.
func (r *rehearsal) share(request *storage.LoadRequest, snap *storage.Snapshot) {
	for _, key := range request.Claims {
		holder, changed := r.claims[key]
		if !changed {
			continue
		}
		snap.Claims = slices.DeleteFunc(snap.Claims, func(c storage.Claim) bool { return c.Space == key.Space && c.Key == key.Key })
		if holder != "" {
			snap.Claims = append(snap.Claims, storage.Claim{Program: request.Program, Space: key.Space, Key: key.Key, Holder: holder})
		}
	}
	for _, key := range request.Counters {
		delta, changed := r.counters[key]
		if !changed {
			continue
		}
		at := slices.IndexFunc(snap.Counters, func(c storage.Counter) bool { return c.Key == key.Key && c.Shard == key.Shard })
		if at < 0 {
			at = len(snap.Counters)
			snap.Counters = append(snap.Counters, storage.Counter{Program: request.Program, Key: key.Key, Shard: key.Shard})
		}
		snap.Counters[at].Used += delta
	}
}

// Commit implements storage.Store. It writes nothing.
func (r *rehearsal) Commit(_ context.Context, batches []storage.Batch) ([]storage.Outcome, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	outcomes := make([]storage.Outcome, len(batches))
	for i := range batches {
		for l := range batches[i].Legs {
			r.keep(&batches[i].Legs[l])
		}
		for _, claim := range batches[i].Claims {
			r.claims[claim.ClaimKey] = claim.Holder
			if claim.Release {
				r.claims[claim.ClaimKey] = ""
			}
		}
		for _, counter := range batches[i].Counters {
			r.counters[counter.CounterKey] += counter.Delta
		}
		outcomes[i].Status = storage.OK
	}
	return outcomes, nil
}

// keep keeps what a leg changes.
func (r *rehearsal) keep(leg *storage.Leg) {
	member := leg.Account.Member
	changed := r.accounts[member]
	if changed == nil {
		if len(r.order) >= r.most {
			r.forgotten[rowKeyOf(r.order[0])] = struct{}{}
			delete(r.accounts, r.order[0])
			r.order = r.order[1:]
		}
		changed = &rehearsed{records: map[storage.RecordKey]storage.Record{}}
		r.accounts[member], r.order = changed, append(r.order, member)
	}
	changed.account = leg.Account
	for _, record := range leg.Records {
		changed.records[storage.RecordKey{Kind: record.Kind, ID: record.ID}] = record
	}
}

// PutRevision implements storage.Store. It writes nothing.
func (r *rehearsal) PutRevision(_ context.Context, revision storage.Revision) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.revisions = append(r.revisions, revision)
	return nil
}

// Revisions implements storage.Store.
func (r *rehearsal) Revisions(ctx context.Context, program string) ([]storage.Revision, error) {
	list, err := r.Store.Revisions(ctx, program)
	r.mu.Lock()
	defer r.mu.Unlock()
	return append(list, r.revisions...), err
}
