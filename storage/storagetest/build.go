package storagetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// day is half past nine on the n-th day after 22 February 2027, with an odd
// number of microseconds.
func day(n int) time.Time { return time.Date(2027, time.February, 22+n, 9, 30, 0, 123457000, time.UTC) }

// bare is a leg with nothing but the account and its operation.
func (e *Env) bare(member string, expect int64, key string) storage.Leg {
	version := expect + 1
	at := day(0).Add(time.Duration(version) * time.Minute)
	return storage.Leg{
		Expect: expect,
		Account: storage.Account{
			Program: e.Program, Member: member, Kind: storage.Person, Version: version, Status: storage.Active,
			DueAt: points.Never, EnrolledAt: day(0), RecordedAt: at, Hash: fmt.Appendf(nil, "hash of version %d", version),
		},
		Operation: storage.Operation{
			Program: e.Program, Member: member, Version: version, Key: key, Type: "earn",
			Command: []byte(`{"order":"1001"}`), Receipt: []byte(`{"earned":120}`), Fingerprint: []byte("fingerprint"),
			Library: "1.0.0", Format: 1, OccurredAt: at, RecordedAt: at, Hash: fmt.Appendf(nil, "hash of version %d", version),
		},
	}
}

// earn is a leg that credits 120 beans as one lot, whose id is the version, with
// the balance that comes of earning at every version.
func (e *Env) earn(member string, expect int64, key string) storage.Leg {
	leg := e.bare(member, expect, key)
	version := leg.Account.Version
	leg.Account.Balances = []points.Balance{{Unit: "bean", Available: 120 * points.Amount(version)}}
	leg.Account.DueAt = day(365)
	leg.Lots = []storage.Lot{e.lot(member, points.LotID(version), 120)}
	leg.Entries = []storage.Entry{e.entry(member, version, 0, 120)}
	leg.Events = []storage.Event{e.event(member, version, 0)}
	return leg
}

func (e *Env) lot(member string, id points.LotID, amount points.Amount) storage.Lot {
	return storage.Lot{Program: e.Program, Member: member, Lot: points.Lot{
		ID: id, Unit: "bean", State: points.LotOpen, Original: amount, Remaining: amount,
		EarnedAt: day(0), AvailableFrom: day(0), ExpiresAt: day(365), Source: "order-1001", Qualifies: true,
	}}
}

func (e *Env) entry(member string, version int64, ordinal int, amount points.Amount) storage.Entry {
	return storage.Entry{Program: e.Program, Member: member, Version: version, Ordinal: ordinal, Entry: points.Entry{
		Unit: "bean", Kind: points.EntryEarn, From: points.Issued, To: points.Available, Amount: amount,
		Lot: points.LotID(version), Rule: "base", Revision: 1, Reference: "order-1001", OccurredAt: day(0), RecordedAt: day(0),
	}}
}

func (e *Env) event(member string, version int64, ordinal int) storage.Event {
	return storage.Event{
		Program: e.Program, Member: member, Version: version, Ordinal: ordinal, Type: "points.earned",
		RecordedAt: day(0).Add(time.Duration(version) * time.Minute), Data: []byte(`{"amount":120}`),
	}
}

func (e *Env) record(member, kind, id string) storage.Record {
	return storage.Record{
		Program: e.Program, Member: member, Kind: kind, ID: id, Status: "open", Reference: "spring-sale", Sort: "a",
		DueAt: points.Never, Data: []byte(`{"note":"for ` + id + `"}`),
	}
}

func (e *Env) batch(legs ...storage.Leg) storage.Batch {
	return storage.Batch{Program: e.Program, Legs: legs}
}

// other is the same environment in a second program.
func (e *Env) other() *Env {
	next := *e
	next.Program += "-other"
	return &next
}

// ok commits batches and expects every one of them to be stored. It sends them
// a few at a time, as an adapter's limits ask.
func (e *Env) ok(ctx context.Context, batches ...storage.Batch) error {
	for chunk := range slices.Chunk(batches, 20) {
		if err := e.ends(ctx, slices.Repeat([]storage.Status{storage.OK}, len(chunk)), chunk...); err != nil {
			return err
		}
	}
	return nil
}

// ends commits batches and expects these outcomes.
func (e *Env) ends(ctx context.Context, want []storage.Status, batches ...storage.Batch) error {
	_, err := e.outcomes(ctx, want, batches...)
	return err
}

// fails commits one batch and expects this outcome, which it returns.
func (e *Env) fails(ctx context.Context, want storage.Status, batch storage.Batch) (storage.Outcome, error) {
	outcomes, err := e.outcomes(ctx, []storage.Status{want}, batch)
	if err != nil {
		return storage.Outcome{}, err
	}
	return outcomes[0], nil
}

func (e *Env) outcomes(ctx context.Context, want []storage.Status, batches ...storage.Batch) ([]storage.Outcome, error) {
	outcomes, err := e.Store.Commit(ctx, batches)
	if err != nil {
		return nil, fmt.Errorf("Commit: %w", err)
	}
	if len(outcomes) != len(batches) {
		return nil, fmt.Errorf("Commit of %d batches returned %d outcomes", len(batches), len(outcomes))
	}
	got := make([]storage.Status, len(outcomes))
	for i := range outcomes {
		got[i] = outcomes[i].Status
	}
	if !slices.Equal(want, got) {
		return nil, fmt.Errorf("Commit ended with %v, want %v", got, want)
	}
	return outcomes, nil
}

// load loads one request in the program of the case.
func (e *Env) load(ctx context.Context, request storage.LoadRequest) (storage.Snapshot, error) {
	snapshots, err := e.loads(ctx, request)
	if err != nil {
		return storage.Snapshot{}, err
	}
	return snapshots[0], nil
}

// loads loads requests; those without a program are of that of the case.
func (e *Env) loads(ctx context.Context, requests ...storage.LoadRequest) ([]storage.Snapshot, error) {
	for i := range requests {
		if requests[i].Program == "" {
			requests[i].Program = e.Program
		}
	}
	snapshots, err := e.Store.Load(ctx, requests)
	if err != nil {
		return nil, fmt.Errorf("Load: %w", err)
	}
	if len(snapshots) != len(requests) {
		return nil, fmt.Errorf("Load of %d requests returned %d snapshots", len(requests), len(snapshots))
	}
	return snapshots, nil
}

// version returns the version of a member's account, 0 where there is none.
func (e *Env) version(ctx context.Context, member string) (int64, error) {
	s, err := e.load(ctx, storage.LoadRequest{Member: member})
	if err != nil || s.Account == nil {
		return 0, err
	}
	return s.Account.Version, nil
}

func (e *Env) atVersion(ctx context.Context, member string, want int64) error {
	got, err := e.version(ctx, member)
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("account %q is at version %d, want %d", member, got, want)
	}
	return nil
}

// together runs n calls at once, and waits for all.
func together(n int, call func(i int) error) error {
	var wg sync.WaitGroup
	start := make(chan struct{})
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = call(i)
		})
	}
	close(start)
	wg.Wait()
	return errors.Join(errs...)
}

// inOrder runs steps until one fails.
func inOrder(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func lotIDs(lots []storage.Lot) []points.LotID {
	ids := make([]points.LotID, len(lots))
	for i := range lots {
		ids[i] = lots[i].ID
	}
	return ids
}
