package storagetest

import (
	"context"
	"fmt"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

func programCases() []Case {
	return []Case{
		{Name: "programs-do-not-see-each-other", Clause: "A7", Run: programsApart},
		{Name: "upkeep-stays-within-its-program", Clause: "A7", Run: upkeepApart},
		{Name: "rows-passed-in-can-be-changed-afterwards", Clause: "A6", Run: copiesIn},
		{Name: "rows-handed-out-can-be-changed", Clause: "A6", Run: copiesOut},
	}
}

// furnish stores one of everything for anna.
func (e *Env) furnish(ctx context.Context, key string, delta int64) error {
	leg := e.full("anna", 0, key)
	batch := e.batch(leg)
	batch.Claims = []storage.ClaimChange{taking(voucher, "anna")}
	batch.Counters = []storage.CounterChange{adding(seats, delta, 10)}
	if err := e.ok(ctx, batch); err != nil {
		return err
	}
	if err := e.Store.PutRevision(ctx, e.revision(1, "revision of "+e.Program)); err != nil {
		return fmt.Errorf("PutRevision: %w", err)
	}
	return nil
}

// everything is the scope of what furnish stores.
func everything() scope {
	return scope{members: []string{"anna"}, claims: []storage.ClaimKey{voucher}, counters: []storage.CounterKey{seats}}
}

// furnished is what furnish stores, as the books show it.
func (e *Env) furnished(key string, delta int64) books {
	leg := e.full("anna", 0, key)
	return books{
		Accounts: []storage.Account{leg.Account}, Lots: leg.Lots, Entries: leg.Entries,
		Operations: []storage.Operation{leg.Operation}, Records: leg.Records, Events: leg.Events,
		Claims:    []storage.Claim{{Program: e.Program, Space: voucher.Space, Key: voucher.Key, Holder: "anna"}},
		Counters:  []storage.Counter{{Program: e.Program, Key: seats.Key, Shard: seats.Shard, Used: delta}},
		Revisions: []storage.Revision{e.revision(1, "revision of "+e.Program)},
	}
}

// shows checks that the books are those that furnish left.
func (e *Env) shows(ctx context.Context, key string, delta int64) error {
	got, err := e.read(ctx, everything())
	if err != nil {
		return err
	}
	return same("books of "+e.Program, e.furnished(key, delta), got)
}

func programsApart(ctx context.Context, env *Env) error {
	other := env.other()
	if err := inOrder(
		func() error { return env.furnish(ctx, "order-1", 10) },
		func() error { return other.empty(ctx) },
		func() error { return other.furnish(ctx, "order-1", 3) },
		func() error { return env.shows(ctx, "order-1", 10) },
		func() error { return other.shows(ctx, "order-1", 3) },
		func() error { return other.ok(ctx, other.batch(other.earn("anna", 1, "order-2"))) },
		func() error { return env.shows(ctx, "order-1", 10) },
	); err != nil {
		return err
	}
	accounts, err := env.accounts(ctx, storage.AccountQuery{})
	if err != nil {
		return err
	}
	due, err := env.accounts(ctx, storage.AccountQuery{DueBy: points.Never})
	if err != nil {
		return err
	}
	records, err := env.records(ctx, storage.RecordQuery{Kind: "hold"})
	if err != nil {
		return err
	}
	return same("accounts, due accounts and records of one program", []int{1, 1, 1}, []int{len(accounts), len(due), len(records)})
}

// empty checks that a program has nothing.
func (e *Env) empty(ctx context.Context) error {
	got, err := e.read(ctx, everything())
	if err != nil {
		return err
	}
	got.Revisions, got.Claims, got.Counters = orNil(got.Revisions), orNil(got.Claims), orNil(got.Counters)
	if err := same("books of a program that nobody used", books{}, got); err != nil {
		return err
	}
	accounts, err := e.accounts(ctx, storage.AccountQuery{})
	if err != nil {
		return err
	}
	return same("accounts of a program that nobody used", 0, len(accounts))
}

func upkeepApart(ctx context.Context, env *Env) error {
	other := env.other()
	anna := []storage.EventID{{Member: "anna", Version: 1}}
	all := storage.PruneRequest{EventsBefore: day(9), BodiesBefore: day(9), KeysBefore: day(9)}
	return inOrder(
		func() error { return env.furnish(ctx, "order-1", 1) },
		func() error { return other.furnish(ctx, "order-1", 1) },
		func() error { return other.Store.Ack(ctx, other.Program, anna) },
		func() error { return env.shows(ctx, "order-1", 1) },
		func() error { return other.pruned(ctx, all, storage.Pruned{Events: 1, Bodies: 1, Keys: 1}) },
		func() error { return env.shows(ctx, "order-1", 1) },
	)
}

func copiesIn(ctx context.Context, env *Env) error {
	leg := env.full("anna", 0, "order-1")
	batches := []storage.Batch{env.batch(leg)}
	batches[0].Claims = []storage.ClaimChange{taking(voucher, "anna")}
	batches[0].Counters = []storage.CounterChange{adding(seats, 4, 10)}
	if err := env.ok(ctx, batches...); err != nil {
		return err
	}
	revision := env.revision(1, "revision of "+env.Program)
	if err := env.Store.PutRevision(ctx, revision); err != nil {
		return fmt.Errorf("PutRevision: %w", err)
	}
	scribble(batches)
	scribble(&revision)
	return env.shows(ctx, "order-1", 4)
}

func copiesOut(ctx context.Context, env *Env) error {
	if err := env.furnish(ctx, "order-1", 4); err != nil {
		return err
	}
	full := env.full("anna", 0, "order-1")
	request := storage.LoadRequest{
		Member: "anna", Key: "order-1", DueBy: day(40), Lots: []points.LotID{full.Lots[0].ID}, Debits: []storage.Debit{{Limit: 9}},
		Records: []storage.RecordKey{{Kind: full.Records[0].Kind, ID: full.Records[0].ID}},
		Claims:  []storage.ClaimKey{voucher}, Counters: []storage.CounterKey{seats},
	}
	rest := env.furnished("order-1", 4)
	want := storage.Snapshot{
		Account: &full.Account, Operation: &full.Operation, Records: full.Records, Lots: full.Lots, DueRecords: full.Records,
		NextDue: points.Never, Claims: rest.Claims, Counters: rest.Counters,
	}
	for range 3 {
		got, err := env.loads(ctx, request, request)
		if err != nil {
			return err
		}
		if err := same("snapshots", []storage.Snapshot{want, want}, got); err != nil {
			return err
		}
		scribble(got[:1])
		if err := same("the second of two equal requests", want, got[1]); err != nil {
			return err
		}
		scribble(got)
	}
	got, err := env.read(ctx, everything())
	if err != nil {
		return err
	}
	scribble(&got)
	return env.shows(ctx, "order-1", 4)
}
