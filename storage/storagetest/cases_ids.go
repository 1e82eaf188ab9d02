package storagetest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

func idCases() []Case {
	return []Case{
		{Name: "member-ids-are-compared-byte-by-byte", Clause: "A2", Run: memberBytes},
		{Name: "keys-of-operations-are-compared-byte-by-byte", Clause: "A2", Run: keyBytes},
		{Name: "claims-are-compared-byte-by-byte", Clause: "A2", Run: claimBytes},
		{Name: "counters-are-compared-byte-by-byte", Clause: "A2", Run: counterBytes},
		{Name: "kinds-and-ids-of-records-are-compared-byte-by-byte", Clause: "A2", Run: recordBytes},
		{Name: "units-are-compared-byte-by-byte", Clause: "A2", Run: unitBytes},
		{Name: "program-ids-are-compared-byte-by-byte", Clause: "A2", Run: programBytes},
		{Name: "pages-tell-similar-ids-apart", Clause: "A2", Run: cursorBytes},
	}
}

// similar returns ids that some databases take for the same, in order of bytes,
// with the longest ones that callers may use.
func similar() []string {
	ids := []string{
		storage.ReservedPrefix + "pool/anna",
		" anna",
		"ANNA",
		"Anna",
		"a_na",
		"ana%",
		"anna",
		"anna ",
		"anna  ",
		"anna\u00ad", // with a soft hyphen
		`anna"`,
		"anna'",
		"anna/1",
		`anna\`,
		"anne",
		"ann\u0430",  // the last letter is Cyrillic
		"ann\u00e1",  // composed
		"anna\u0301", // decomposed
		"stra\u00dfe",
		"strasse",
		strings.Repeat("x", 127),
		strings.Repeat("x", 127) + "a",
		strings.Repeat("x", 127) + "b",
		strings.Repeat("\u00e9", 64),
		"\uff21nna",     // full width
		"\U0001f600",    // a face
		"\U0001f600\n1", // and a line break
	}
	slices.Sort(ids)
	return ids
}

func memberBytes(ctx context.Context, env *Env) error {
	var batches []storage.Batch
	for _, member := range similar() {
		batches = append(batches, env.batch(env.earn(member, 0, "order-1")))
	}
	if err := env.ok(ctx, batches...); err != nil {
		return err
	}
	for _, member := range similar() {
		leg := env.earn(member, 0, "order-1")
		got, err := env.read(ctx, scope{members: []string{member}})
		if err != nil {
			return err
		}
		if err := same(fmt.Sprintf("books of member %q", member), books{
			Accounts: []storage.Account{leg.Account}, Lots: leg.Lots, Entries: leg.Entries,
			Operations: []storage.Operation{leg.Operation}, Events: leg.Events,
		}, got.plain()); err != nil {
			return err
		}
	}
	return nil
}

func keyBytes(ctx context.Context, env *Env) error {
	for i, key := range similar() {
		if err := env.ok(ctx, env.batch(env.earn("anna", int64(i), key))); err != nil {
			return fmt.Errorf("key %q: %w", key, err)
		}
	}
	for i, key := range similar() {
		s, err := env.load(ctx, storage.LoadRequest{Member: "anna", Key: key})
		if err != nil {
			return err
		}
		want := env.earn("anna", int64(i), key).Operation
		if err := same(fmt.Sprintf("operation with key %q", key), &want, s.Operation); err != nil {
			return err
		}
	}
	return nil
}

func claimBytes(ctx context.Context, env *Env) error {
	var version int64
	for _, id := range similar() {
		batch := env.claims("anna", version,
			taking(storage.ClaimKey{Space: "card", Key: id}, id),
			taking(storage.ClaimKey{Space: id, Key: "4711"}, "anna"))
		if err := env.ok(ctx, batch); err != nil {
			return fmt.Errorf("claim %q: %w", id, err)
		}
		version++
	}
	for i, id := range similar() {
		key := storage.ClaimKey{Space: "card", Key: id}
		if err := env.holder(ctx, key, id); err != nil {
			return err
		}
		if err := env.holder(ctx, storage.ClaimKey{Space: id, Key: "4711"}, "anna"); err != nil {
			return err
		}
		other := similar()[(i+1)%len(similar())]
		if err := env.claimed(ctx, env.claims("anna", version, releasing(key, other)), key, id); err != nil {
			return fmt.Errorf("release of what %q holds by %q: %w", id, other, err)
		}
	}
	return nil
}

func counterBytes(ctx context.Context, env *Env) error {
	for i, id := range similar() {
		if err := env.counts(ctx, adding(storage.CounterKey{Key: id, Shard: 1}, int64(i+1), 100)); err != nil {
			return err
		}
	}
	for i, id := range similar() {
		if err := env.used(ctx, storage.CounterKey{Key: id, Shard: 1}, int64(i+1)); err != nil {
			return err
		}
	}
	return nil
}

func recordBytes(ctx context.Context, env *Env) error {
	leg := env.bare("anna", 0, "order-1")
	var keys []storage.RecordKey
	for i, id := range similar() {
		record, kind := env.record("anna", "hold", id), env.record("anna", id, "h-1")
		record.Sort, kind.Sort = fmt.Sprint(i), fmt.Sprint(i)
		leg.Records = append(leg.Records, record, kind)
		keys = append(keys, storage.RecordKey{Kind: "hold", ID: id}, storage.RecordKey{Kind: id, ID: "h-1"})
	}
	if err := env.ok(ctx, env.batch(leg)); err != nil {
		return err
	}
	s, err := env.load(ctx, storage.LoadRequest{Member: "anna", Records: keys})
	if err != nil {
		return err
	}
	return same("records", leg.Records, s.Records)
}

func unitBytes(ctx context.Context, env *Env) error {
	leg := env.bare("anna", 0, "order-1")
	for i, unit := range similar() {
		lot := env.lot("anna", points.LotID(i+1), 10)
		lot.Unit = unit
		leg.Lots = append(leg.Lots, lot)
	}
	if err := env.ok(ctx, env.batch(leg)); err != nil {
		return err
	}
	for i, unit := range similar() {
		debit := storage.Debit{Unit: unit, After: day(1), Limit: 9}
		if err := env.debits(ctx, fmt.Sprintf("unit %q", unit), []points.LotID{points.LotID(i + 1)}, debit); err != nil {
			return err
		}
	}
	return nil
}

func programBytes(ctx context.Context, env *Env) error {
	endings := []string{"-a", "-A", "-a ", "-\u00e1", "-a\u0301", "-a%", "-_"}
	in := func(ending string) *Env {
		next := *env
		next.Program += ending
		return &next
	}
	for i, ending := range endings {
		e := in(ending)
		if err := inOrder(
			func() error { return e.ok(ctx, e.claims("anna", 0, taking(voucher, ending))) },
			func() error { return e.counts(ctx, adding(seats, int64(i+1), 10)) },
			func() error { return e.Store.PutRevision(ctx, e.revision(1, ending)) },
		); err != nil {
			return fmt.Errorf("program %q: %w", e.Program, err)
		}
	}
	for i, ending := range endings {
		e := in(ending)
		if err := inOrder(
			func() error { return e.holder(ctx, voucher, ending) },
			func() error { return e.used(ctx, seats, int64(i+1)) },
			func() error { return e.atVersion(ctx, "anna", 2) },
			func() error {
				got, err := e.Store.Revisions(ctx, e.Program)
				if err != nil {
					return err
				}
				return same("revisions", []storage.Revision{e.revision(1, ending)}, got)
			},
		); err != nil {
			return fmt.Errorf("program %q: %w", e.Program, err)
		}
	}
	return nil
}

func cursorBytes(ctx context.Context, env *Env) error {
	var batches []storage.Batch
	leg := env.bare("zoe", 0, "order-1")
	for _, id := range similar() {
		batches = append(batches, env.batch(env.bare(id, 0, "order-1")))
		leg.Records = append(leg.Records, env.record("zoe", "hold", id))
	}
	if err := env.ok(ctx, append(batches, env.batch(leg))...); err != nil {
		return err
	}
	if err := env.settle(ctx); err != nil {
		return err
	}
	members := append(similar(), "zoe")
	slices.Sort(members)
	for _, limit := range []int{0, 1, 2} {
		accounts, err := env.accounts(ctx, storage.AccountQuery{Limit: limit})
		if err != nil {
			return err
		}
		if err := same(fmt.Sprintf("members in pages of %d", limit), members, memberIDs(accounts)); err != nil {
			return err
		}
		for _, query := range []storage.RecordQuery{{Member: "zoe", Limit: limit}, {Kind: "hold", Limit: limit}} {
			records, err := env.records(ctx, query)
			if err != nil {
				return err
			}
			if err := same(fmt.Sprintf("records in pages of %d", limit), leg.Records, records); err != nil {
				return err
			}
		}
	}
	return nil
}
