package storagetest

import (
	"context"
	"fmt"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

func commitCases() []Case {
	return []Case{
		{Name: "a-batch-that-fails-leaves-nothing", Clause: "K1", Run: failLeavesNothing},
		{Name: "legs-are-stored-together-or-not-at-all", Clause: "K1", Run: legsTogether},
		{Name: "an-account-must-be-at-the-expected-version", Clause: "K2", Run: expectedVersion},
		{Name: "each-of-several-accounts-must-be-at-its-version", Clause: "K2", Run: severalVersions},
		{Name: "an-update-is-never-lost", Clause: "K2", Run: lostUpdate},
		{Name: "one-conflict-fails-none-of-its-neighbors", Clause: "K3", Run: neighbors},
		{Name: "batches-of-one-call-build-on-each-other", Clause: "K4", Run: chain},
		{Name: "a-chain-fails-from-its-first-conflict-on", Clause: "K4", Run: brokenChain},
		{Name: "a-chain-that-lost-a-race-fails-whole", Clause: "K4", Run: lostChain},
		{Name: "claims-and-keys-follow-the-order-of-batches", Clause: "K4", Run: orderedClaims},
		{Name: "lots-and-records-are-replaced-and-entries-added", Clause: "K9", Run: replaceAndAdd},
		{Name: "hundred-rows-are-accepted", Clause: "K11", Run: hundredRows},
		{Name: "a-batch-too-large-is-stored-whole-or-refused", Clause: "K11", Run: tooLarge},
		{Name: "four-accounts-change-together", Clause: "K14", Run: fourLegs},
	}
}

// everyWay returns batches that fail in each way, with the outcome of each, on a
// store where anna is at version 2 with the keys order-0 and order-1, ben holds
// the voucher SPRING, and 9 of 10 seats of latte-art are taken. Each credits
// carl first.
func (e *Env) everyWay(ctx context.Context) ([]storage.Batch, []storage.Status, scope, error) {
	voucher := storage.ClaimKey{Space: "voucher", Key: "SPRING"}
	seats := storage.CounterKey{Key: "latte-art"}
	ben := e.batch(e.earn("ben", 0, "order-b"))
	ben.Claims = []storage.ClaimChange{{ClaimKey: voucher, Holder: "ben"}}
	ben.Counters = []storage.CounterChange{{CounterKey: seats, Delta: 9, Bound: 10}}
	if err := e.ok(ctx, e.batch(e.earn("anna", 0, "order-0")), e.batch(e.earn("anna", 1, "order-1")), ben); err != nil {
		return nil, nil, scope{}, err
	}
	fresh := storage.ClaimKey{Space: "voucher", Key: "SUMMER"}
	free := storage.CounterKey{Key: "tasting"}
	fail := func(anna storage.Leg, claim storage.ClaimKey, counter storage.CounterChange) storage.Batch {
		batch := e.batch(e.earn("carl", 0, "order-c"), anna)
		batch.Claims = []storage.ClaimChange{{ClaimKey: fresh, Holder: "anna"}, {ClaimKey: claim, Holder: "anna"}}
		batch.Counters = []storage.CounterChange{{CounterKey: free, Delta: 1, Bound: 10}, counter}
		return batch
	}
	other := storage.ClaimKey{Space: "voucher", Key: "AUTUMN"}
	one := storage.CounterChange{CounterKey: seats, Delta: 1, Bound: 10}
	two := storage.CounterChange{CounterKey: seats, Delta: 2, Bound: 10}
	batches := []storage.Batch{
		fail(e.earn("anna", 5, "order-2"), other, one),
		fail(e.earn("anna", 2, "order-1"), other, one),
		fail(e.earn("anna", 2, "order-2"), voucher, one),
		fail(e.earn("anna", 2, "order-2"), other, two),
	}
	statuses := []storage.Status{storage.Conflict, storage.DuplicateKey, storage.Claimed, storage.BoundExceeded}
	return batches, statuses, scope{
		members:  []string{"anna", "ben", "carl"},
		claims:   []storage.ClaimKey{voucher, fresh, other},
		counters: []storage.CounterKey{seats, free},
	}, nil
}

func failLeavesNothing(ctx context.Context, env *Env) error {
	batches, statuses, of, err := env.everyWay(ctx)
	if err != nil {
		return err
	}
	for i := range batches {
		if err := env.unchanged(ctx, of, func() error {
			_, err := env.fails(ctx, statuses[i], batches[i])
			return err
		}); err != nil {
			return fmt.Errorf("a batch that ends with %v: %w", statuses[i], err)
		}
	}
	return nil
}

func legsTogether(ctx context.Context, env *Env) error {
	if err := env.ok(ctx, env.batch(env.earn("anna", 0, "order-1")), env.batch(env.earn("ben", 0, "order-2"))); err != nil {
		return err
	}
	of := scope{members: []string{"anna", "ben"}}
	if err := env.unchanged(ctx, of, func() error {
		return inOrder(
			func() error {
				return env.ends(ctx, []storage.Status{storage.Conflict}, env.batch(env.earn("anna", 1, "gift"), env.earn("ben", 0, "gift")))
			},
			func() error {
				return env.ends(ctx, []storage.Status{storage.Conflict}, env.batch(env.earn("ben", 0, "gift"), env.earn("anna", 1, "gift")))
			},
			func() error {
				return env.ends(ctx, []storage.Status{storage.DuplicateKey}, env.batch(env.earn("anna", 1, "gift"), env.earn("ben", 1, "order-2")))
			},
		)
	}); err != nil {
		return err
	}
	if err := env.ok(ctx, env.batch(env.earn("anna", 1, "gift"), env.earn("ben", 1, "gift"))); err != nil {
		return err
	}
	return inOrder(
		func() error { return env.atVersion(ctx, "anna", 2) },
		func() error { return env.atVersion(ctx, "ben", 2) },
	)
}

func expectedVersion(ctx context.Context, env *Env) error {
	if err := env.ok(ctx, env.batch(env.earn("anna", 0, "order-1")), env.batch(env.earn("anna", 1, "order-2"))); err != nil {
		return err
	}
	for _, c := range []struct {
		member string
		expect int64
	}{{"anna", 0}, {"anna", 1}, {"anna", 3}, {"anna", 7}, {"nobody", 1}, {"nobody", 5}} {
		err := env.unchanged(ctx, scope{members: []string{"anna", "nobody"}}, func() error {
			_, err := env.fails(ctx, storage.Conflict, env.batch(env.earn(c.member, c.expect, "order-3")))
			return err
		})
		if err != nil {
			return fmt.Errorf("%s expected at version %d: %w", c.member, c.expect, err)
		}
	}
	return env.ok(ctx, env.batch(env.earn("anna", 2, "order-3")))
}

// severalVersions commits accounts that exist together, in batches of their own and in
// one, where some or all are not at the version that is expected: none is stored that is
// ahead of its account, either.
func severalVersions(ctx context.Context, env *Env) error {
	for _, member := range []string{"anna", "ben"} {
		if err := env.ok(ctx, env.batch(env.earn(member, 0, "order-1"))); err != nil {
			return err
		}
	}
	for _, c := range []struct{ anna, ben int64 }{{4, 6}, {2, 2}, {1, 5}, {3, 1}} {
		one, other := env.earn("anna", c.anna, "order-2"), env.earn("ben", c.ben, "order-2")
		if err := env.unchanged(ctx, scope{members: []string{"anna", "ben"}}, func() error {
			_, err := env.fails(ctx, storage.Conflict, env.batch(one, other))
			return err
		}); err != nil {
			return fmt.Errorf("a batch of two accounts, expected at versions %d and %d: %w", c.anna, c.ben, err)
		}
		if c.anna == 1 || c.ben == 1 {
			continue
		}
		if err := env.unchanged(ctx, scope{members: []string{"anna", "ben"}}, func() error {
			return env.ends(ctx, []storage.Status{storage.Conflict, storage.Conflict}, env.batch(one), env.batch(other))
		}); err != nil {
			return fmt.Errorf("two batches, expected at versions %d and %d: %w", c.anna, c.ben, err)
		}
	}
	return env.ends(ctx, []storage.Status{storage.OK, storage.Conflict}, env.batch(env.earn("anna", 1, "order-2")), env.batch(env.earn("ben", 5, "order-2")))
}

func lostUpdate(ctx context.Context, env *Env) error {
	if err := env.ok(ctx, env.batch(env.earn("anna", 0, "order-1"))); err != nil {
		return err
	}
	// Two tills read version 1 and both add to it.
	if err := env.ok(ctx, env.batch(env.earn("anna", 1, "till-1"))); err != nil {
		return err
	}
	if _, err := env.fails(ctx, storage.Conflict, env.batch(env.earn("anna", 1, "till-2"))); err != nil {
		return fmt.Errorf("the second of two updates of version 1: %w", err)
	}
	s, err := env.load(ctx, storage.LoadRequest{Member: "anna", Key: "till-1", Debits: []storage.Debit{{Limit: 9}}})
	if err != nil {
		return err
	}
	if s.Operation == nil || len(s.Lots) != 2 {
		return fmt.Errorf("the first update is lost: operation %v, %d lots", s.Operation, len(s.Lots))
	}
	return consistent(s)
}

func neighbors(ctx context.Context, env *Env) error {
	failing, statuses, _, err := env.everyWay(ctx)
	if err != nil {
		return err
	}
	var batches []storage.Batch
	var want []storage.Status
	for i := range failing {
		batches = append(batches, env.batch(env.earn(fmt.Sprintf("m-%d", i), 0, "order-9")), failing[i])
		want = append(want, storage.OK, statuses[i])
	}
	batches = append(batches, env.batch(env.earn("anna", 2, "order-9")))
	want = append(want, storage.OK)
	if err := env.ends(ctx, want, batches...); err != nil {
		return err
	}
	for i := range failing {
		if err := env.atVersion(ctx, fmt.Sprintf("m-%d", i), 1); err != nil {
			return err
		}
	}
	return inOrder(
		func() error { return env.atVersion(ctx, "anna", 3) },
		func() error { return env.atVersion(ctx, "carl", 0) },
	)
}

func chain(ctx context.Context, env *Env) error {
	var batches []storage.Batch
	var want books
	for version := range int64(5) {
		leg := env.earn("anna", version, fmt.Sprintf("order-%d", version))
		if version > 0 {
			used := env.lot("anna", points.LotID(version), 120)
			used.State, used.Remaining, used.Held = points.LotUsed, 0, 120
			leg.Lots = append(leg.Lots, used)
			want.Lots[version-1] = used
		}
		batches = append(batches, env.batch(leg))
		want.Accounts = []storage.Account{leg.Account}
		want.Lots = append(want.Lots, leg.Lots[0])
		want.Entries = append(want.Entries, leg.Entries...)
		want.Operations = append(want.Operations, leg.Operation)
		want.Events = append(want.Events, leg.Events...)
	}
	if err := env.ok(ctx, batches...); err != nil {
		return err
	}
	got, err := env.read(ctx, scope{members: []string{"anna"}})
	if err != nil {
		return err
	}
	return same("books", want, got.plain())
}

func brokenChain(ctx context.Context, env *Env) error {
	if err := env.ok(ctx, env.batch(env.earn("anna", 0, "order-0"))); err != nil {
		return err
	}
	if err := env.ends(ctx,
		[]storage.Status{storage.OK, storage.Conflict, storage.Conflict, storage.OK, storage.Conflict, storage.OK},
		env.batch(env.earn("ben", 0, "order-1")),
		env.batch(env.earn("anna", 2, "order-2")),
		env.batch(env.earn("anna", 3, "order-3"), env.earn("ben", 1, "order-3")),
		env.batch(env.earn("ben", 1, "order-4")),
		env.batch(env.earn("anna", 4, "order-5")),
		env.batch(env.earn("anna", 1, "order-6"), env.earn("ben", 2, "order-6")),
	); err != nil {
		return err
	}
	return inOrder(
		func() error { return env.atVersion(ctx, "anna", 2) },
		func() error { return env.atVersion(ctx, "ben", 3) },
	)
}

// lostChain has another caller make the very version that a chain's first batch
// was to make.
func lostChain(ctx context.Context, env *Env) error {
	if err := env.ok(ctx,
		env.batch(env.earn("anna", 0, "order-0")), env.batch(env.earn("anna", 1, "order-1")), env.batch(env.earn("ben", 0, "order-1")),
	); err != nil {
		return err
	}
	if err := env.ends(ctx,
		[]storage.Status{storage.Conflict, storage.Conflict, storage.Conflict, storage.OK},
		env.batch(env.earn("anna", 1, "order-2")),
		env.batch(env.earn("anna", 2, "order-3"), env.earn("ben", 1, "order-3")),
		env.batch(env.earn("ben", 2, "order-4")),
		env.batch(env.earn("ben", 1, "order-5")),
	); err != nil {
		return err
	}
	return inOrder(
		func() error { return env.atVersion(ctx, "anna", 2) },
		func() error { return env.atVersion(ctx, "ben", 2) },
	)
}

func orderedClaims(ctx context.Context, env *Env) error {
	card := storage.ClaimKey{Space: "card", Key: "4711"}
	seats := storage.CounterKey{Key: "latte-art"}
	step := func(leg storage.Leg, claim storage.ClaimChange, delta int64) storage.Batch {
		batch := env.batch(leg)
		batch.Claims = []storage.ClaimChange{claim}
		batch.Counters = []storage.CounterChange{{CounterKey: seats, Delta: delta, Bound: 2}}
		return batch
	}
	take := func(holder string) storage.ClaimChange { return storage.ClaimChange{ClaimKey: card, Holder: holder} }
	give := func(holder string) storage.ClaimChange {
		return storage.ClaimChange{ClaimKey: card, Holder: holder, Release: true}
	}
	if err := env.ends(ctx,
		[]storage.Status{
			storage.OK, storage.Claimed, storage.OK, storage.BoundExceeded, storage.OK, storage.DuplicateKey, storage.Conflict,
		},
		step(env.earn("anna", 0, "take"), take("anna"), 1),
		step(env.earn("ben", 0, "take"), take("ben"), 1),
		step(env.earn("anna", 1, "give"), give("anna"), 1),
		step(env.earn("carl", 0, "take"), take("carl"), 1),
		step(env.earn("ben", 0, "take"), take("ben"), -1),
		step(env.earn("anna", 2, "take"), take("anna"), 0),
		step(env.earn("anna", 1, "other"), take("anna"), 0),
	); err != nil {
		return err
	}
	s, err := env.load(ctx, storage.LoadRequest{Member: "ben", Claims: []storage.ClaimKey{card}, Counters: []storage.CounterKey{seats}})
	if err != nil {
		return err
	}
	return inOrder(
		func() error {
			return same("claims", []storage.Claim{{Program: env.Program, Space: "card", Key: "4711", Holder: "ben"}}, s.Claims)
		},
		func() error {
			return same("counters", []storage.Counter{{Program: env.Program, Key: "latte-art", Used: 1}}, s.Counters)
		},
	)
}

func replaceAndAdd(ctx context.Context, env *Env) error {
	first := env.earn("anna", 0, "order-1")
	hold := env.record("anna", "hold", "h-1")
	hold.Lots, hold.DueAt = []points.LotID{1}, day(3)
	first.Records = []storage.Record{hold, env.record("anna", "gift", "h-1"), env.record("anna", "hold", "h-2")}
	first.Lots[0].Origin, first.Account.Data = "ben", []byte(`{"name":"Anna"}`)

	second := env.bare("anna", 1, "order-2")
	lot := env.lot("anna", 1, 120)
	lot.State, lot.Remaining, lot.Held, lot.MergedInto, lot.Merged = points.LotUsed, 0, 20, 2, 100
	second.Lots = []storage.Lot{env.lot("anna", 2, 100), lot}
	second.Records = []storage.Record{{Program: env.Program, Member: "anna", Kind: "hold", ID: "h-1", DueAt: points.Never}}
	second.Entries = []storage.Entry{env.entry("anna", 2, 0, 20), env.entry("anna", 2, 1, 100)}
	second.Events = []storage.Event{env.event("anna", 2, 0)}
	if err := env.ok(ctx, env.batch(first), env.batch(second)); err != nil {
		return err
	}
	got, err := env.read(ctx, scope{members: []string{"anna"}})
	if err != nil {
		return err
	}
	return same("books", books{
		Accounts:   []storage.Account{second.Account},
		Lots:       []storage.Lot{lot, second.Lots[0]},
		Entries:    append(first.Entries, second.Entries...),
		Operations: []storage.Operation{first.Operation, second.Operation},
		Records:    []storage.Record{first.Records[1], second.Records[0], first.Records[2]},
		Events:     append(first.Events, second.Events...),
	}, got.plain())
}

// plain empties the lists of books that hold nothing.
func (b books) plain() books {
	b.Claims, b.Counters, b.Revisions = orNil(b.Claims), orNil(b.Counters), orNil(b.Revisions)
	return b
}

// large is a batch of that many rows, at least 8, of every kind.
func (e *Env) large(member string, rows int) storage.Batch {
	leg := e.bare(member, 0, "import")
	batch := e.batch()
	batch.Claims = []storage.ClaimChange{{ClaimKey: storage.ClaimKey{Space: "card", Key: member}, Holder: member}}
	batch.Counters = []storage.CounterChange{{CounterKey: storage.CounterKey{Key: member}, Delta: 1, Bound: 1}}
	for i := range rows - 4 {
		switch i % 4 {
		case 0:
			leg.Lots = append(leg.Lots, e.lot(member, points.LotID(i+1), 1))
		case 1:
			leg.Entries = append(leg.Entries, e.entry(member, 1, i, 1))
		case 2:
			leg.Records = append(leg.Records, e.record(member, "hold", fmt.Sprintf("h-%05d", i)))
		default:
			leg.Events = append(leg.Events, e.event(member, 1, i))
		}
	}
	batch.Legs = []storage.Leg{leg}
	return batch
}

func hundredRows(ctx context.Context, env *Env) error {
	for i, rows := range []int{8, 99, 100} {
		member := fmt.Sprintf("m-%d", i)
		batch := env.large(member, rows)
		if err := env.ok(ctx, batch); err != nil {
			return fmt.Errorf("a batch of %d rows: %w", rows, err)
		}
		got, err := env.read(ctx, scope{members: []string{member}})
		if err != nil {
			return err
		}
		leg := batch.Legs[0]
		if err := same("books", books{
			Accounts: []storage.Account{leg.Account}, Lots: leg.Lots, Entries: leg.Entries,
			Operations: []storage.Operation{leg.Operation}, Records: leg.Records, Events: leg.Events,
		}, got.plain()); err != nil {
			return fmt.Errorf("a batch of %d rows: %w", rows, err)
		}
	}
	return nil
}

func tooLarge(ctx context.Context, env *Env) error {
	batch := env.large("anna", 4000)
	of := scope{members: []string{"anna"}, claims: []storage.ClaimKey{{Space: "card", Key: "anna"}}, counters: []storage.CounterKey{{Key: "anna"}}}
	before, err := env.read(ctx, of)
	if err != nil {
		return err
	}
	outcomes, err := env.Store.Commit(ctx, []storage.Batch{env.batch(env.earn("ben", 0, "order-1")), batch, env.batch(env.earn("carl", 0, "order-2"))})
	if err != nil {
		return fmt.Errorf("Commit: %w", err)
	}
	if len(outcomes) != 3 || outcomes[0].Status != storage.OK || outcomes[2].Status != storage.OK {
		return fmt.Errorf("neighbors of a batch of 4000 rows ended with %v", outcomes)
	}
	after, err := env.read(ctx, of)
	if err != nil {
		return err
	}
	switch outcomes[1].Status {
	case storage.TooLarge:
		return same("books", before, after)
	case storage.OK:
		if n := len(after.Lots) + len(after.Entries) + len(after.Records) + len(after.Events); n != 3996 {
			return fmt.Errorf("of 3996 rows that were accepted, %d are there", n)
		}
		return nil
	default:
		return fmt.Errorf("a batch of 4000 rows ended with %v, want ok or too large", outcomes[1].Status)
	}
}

func fourLegs(ctx context.Context, env *Env) error {
	members := []string{"dora", "anna", "carl", "ben"}
	for version := range int64(2) {
		var legs []storage.Leg
		for _, member := range members {
			legs = append(legs, env.earn(member, version, fmt.Sprintf("gather-%d", version)))
		}
		if err := env.ok(ctx, env.batch(legs...)); err != nil {
			return err
		}
		for _, member := range members {
			if err := env.atVersion(ctx, member, version+1); err != nil {
				return err
			}
		}
	}
	return nil
}
