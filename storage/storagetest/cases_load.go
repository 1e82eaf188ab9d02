package storagetest

import (
	"context"
	"fmt"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

func loadCases() []Case {
	return []Case{
		{Name: "each-request-is-answered-at-its-place", Clause: "L1", Run: answersInPlace},
		{Name: "no-requests-have-no-answers", Clause: "L1", Run: noRequests},
		{Name: "rows-of-a-snapshot-are-of-one-version", Clause: "L2", Run: oneVersion},
		{Name: "what-does-not-exist-is-left-out", Clause: "L3", Run: absentIsLeftOut},
		{Name: "rows-come-in-request-order", Clause: "L3", Run: requestOrder},
		{Name: "what-a-request-names-twice-comes-twice", Clause: "L3", Run: namedTwice},
		{Name: "an-operation-is-found-by-its-exact-key", Clause: "L4", Run: exactKey},
		{Name: "a-record-brings-its-lots", Clause: "L5", Run: recordBringsLots},
		{Name: "a-due-record-brings-its-lots", Clause: "L5", Run: dueRecordBringsLots},
		{Name: "a-lot-comes-once", Clause: "L8", Run: lotOnce},
		{Name: "several-requests-for-one-member-are-each-answered", Clause: "L9", Run: oneMemberTwice},
		{Name: "every-commit-is-seen-by-the-next-load", Clause: "L10", Run: readsOwnWrites},
		{Name: "a-lock-hint-changes-no-answer", Clause: "L10", Run: lockHint},
	}
}

func answersInPlace(ctx context.Context, env *Env) error {
	other := env.other()
	if err := inOrder(
		func() error { return env.ok(ctx, env.batch(env.earn("anna", 0, "order-1001"))) },
		func() error { return env.ok(ctx, env.batch(env.earn("ben", 0, "order-1002"))) },
		func() error { return other.ok(ctx, other.batch(other.earn("anna", 0, "order-7"))) },
	); err != nil {
		return err
	}
	got, err := env.loads(ctx,
		storage.LoadRequest{Member: "ben", Lots: []points.LotID{1}},
		storage.LoadRequest{Member: "nobody", Lots: []points.LotID{1}},
		storage.LoadRequest{Program: other.Program, Member: "anna", Key: "order-7"},
		storage.LoadRequest{Member: "anna", Key: "order-1001"},
	)
	if err != nil {
		return err
	}
	ben, anna := env.earn("ben", 0, "order-1002"), env.earn("anna", 0, "order-1001")
	there := other.earn("anna", 0, "order-7")
	return same("snapshots", []storage.Snapshot{
		{Account: &ben.Account, Lots: ben.Lots},
		{},
		{Account: &there.Account, Operation: &there.Operation},
		{Account: &anna.Account, Operation: &anna.Operation},
	}, plain(got))
}

// plain empties lists of snapshots that hold nothing: whether those are nil is
// not part of the contract, unlike lists in rows.
func plain(snapshots []storage.Snapshot) []storage.Snapshot {
	for i := range snapshots {
		s := &snapshots[i]
		s.Records, s.DueRecords, s.Lots = orNil(s.Records), orNil(s.DueRecords), orNil(s.Lots)
		s.Claims, s.Counters = orNil(s.Claims), orNil(s.Counters)
	}
	return snapshots
}

func orNil[T any](items []T) []T {
	if len(items) == 0 {
		return nil
	}
	return items
}

func noRequests(ctx context.Context, env *Env) error {
	snapshots, err := env.loads(ctx)
	if err != nil {
		return err
	}
	if len(snapshots) != 0 {
		return fmt.Errorf("Load of nothing returned %d snapshots", len(snapshots))
	}
	return nil
}

func oneVersion(ctx context.Context, env *Env) error {
	for version := range int64(3) {
		if err := env.ok(ctx, env.batch(env.earn("anna", version, fmt.Sprintf("order-%d", version)))); err != nil {
			return err
		}
		s, err := env.load(ctx, storage.LoadRequest{Member: "anna", Debits: []storage.Debit{{Unit: "bean", After: day(0), Limit: 100}}})
		if err != nil {
			return err
		}
		if s.Mixed {
			return fmt.Errorf("version %d is called mixed although nobody writes", version+1)
		}
		if err := consistent(s); err != nil {
			return err
		}
	}
	return nil
}

func absentIsLeftOut(ctx context.Context, env *Env) error {
	leg := env.earn("anna", 0, "order-1001")
	leg.Records = []storage.Record{env.record("anna", "hold", "h-1")}
	batch := env.batch(leg)
	batch.Claims = []storage.ClaimChange{{ClaimKey: storage.ClaimKey{Space: "voucher", Key: "SPRING"}, Holder: "anna"}}
	batch.Counters = []storage.CounterChange{{CounterKey: storage.CounterKey{Key: "latte-art", Shard: 2}, Delta: 3, Bound: 10}}
	if err := env.ok(ctx, batch); err != nil {
		return err
	}
	request := storage.LoadRequest{
		Member: "anna", Key: "order-9999",
		Records:  []storage.RecordKey{{Kind: "hold", ID: "h-0"}, {Kind: "hold", ID: "h-1"}, {Kind: "gift", ID: "h-1"}},
		Lots:     []points.LotID{7, 1, 8},
		Claims:   []storage.ClaimKey{{Space: "voucher", Key: "SUMMER"}, {Space: "voucher", Key: "SPRING"}, {Space: "card", Key: "SPRING"}},
		Counters: []storage.CounterKey{{Key: "latte-art", Shard: 1}, {Key: "latte-art", Shard: 2}, {Key: "tasting", Shard: 2}},
	}
	nobody := request
	nobody.Member, nobody.Claims, nobody.Counters = "nobody", nil, nil
	got, err := env.loads(ctx, request, nobody)
	if err != nil {
		return err
	}
	return same("snapshots", []storage.Snapshot{{
		Account: &leg.Account, Records: leg.Records, Lots: leg.Lots,
		Claims:   []storage.Claim{{Program: env.Program, Space: "voucher", Key: "SPRING", Holder: "anna"}},
		Counters: []storage.Counter{{Program: env.Program, Key: "latte-art", Shard: 2, Used: 3}},
	}, {}}, plain(got))
}

func requestOrder(ctx context.Context, env *Env) error {
	leg := env.bare("anna", 0, "order-1001")
	leg.Records = []storage.Record{env.record("anna", "a", "1"), env.record("anna", "b", "1"), env.record("anna", "a", "2")}
	batch := env.batch(leg)
	for _, key := range []string{"A", "B", "C"} {
		batch.Claims = append(batch.Claims, storage.ClaimChange{ClaimKey: storage.ClaimKey{Space: "card", Key: key}, Holder: "anna"})
		batch.Counters = append(batch.Counters, storage.CounterChange{CounterKey: storage.CounterKey{Key: key}, Delta: 1, Bound: 1})
	}
	if err := env.ok(ctx, batch); err != nil {
		return err
	}
	got, err := env.load(ctx, storage.LoadRequest{
		Member:   "anna",
		Records:  []storage.RecordKey{{Kind: "b", ID: "1"}, {Kind: "a", ID: "2"}, {Kind: "a", ID: "1"}},
		Claims:   []storage.ClaimKey{{Space: "card", Key: "C"}, {Space: "card", Key: "A"}, {Space: "card", Key: "B"}},
		Counters: []storage.CounterKey{{Key: "B"}, {Key: "C"}, {Key: "A"}},
	})
	if err != nil {
		return err
	}
	var order []string
	for _, r := range got.Records {
		order = append(order, r.Kind+r.ID)
	}
	for _, c := range got.Claims {
		order = append(order, c.Key)
	}
	for _, c := range got.Counters {
		order = append(order, c.Key)
	}
	return same("records, claims and counters", []string{"b1", "a2", "a1", "C", "A", "B", "B", "C", "A"}, order)
}

func exactKey(ctx context.Context, env *Env) error {
	if err := env.ok(ctx,
		env.batch(env.earn("anna", 0, "order-100")),
		env.batch(env.earn("anna", 1, "order-1001")),
		env.batch(env.earn("ben", 0, "order-1002")),
	); err != nil {
		return err
	}
	for key, version := range map[string]int64{
		"order-100": 1, "order-1001": 2, "order-1002": 0, "order-10": 0, "ORDER-100": 0, "order-100 ": 0, "order-10%": 0, "": 0,
	} {
		s, err := env.load(ctx, storage.LoadRequest{Member: "anna", Key: key})
		if err != nil {
			return err
		}
		var got int64
		if s.Operation != nil {
			got = s.Operation.Version
		}
		if got != version {
			return fmt.Errorf("key %q found the operation of version %d, want %d", key, got, version)
		}
	}
	return nil
}

func recordBringsLots(ctx context.Context, env *Env) error {
	leg := env.bare("anna", 0, "order-1001")
	for id := range points.LotID(5) {
		leg.Lots = append(leg.Lots, env.lot("anna", id+1, 10))
	}
	leg.Lots[3].State, leg.Lots[3].Remaining, leg.Lots[3].Held = points.LotUsed, 0, 10
	hold := env.record("anna", "hold", "h-1")
	hold.Lots = []points.LotID{4, 2, 99}
	leg.Records = []storage.Record{hold, env.record("anna", "hold", "h-2")}
	if err := env.ok(ctx, env.batch(leg), env.batch(env.earn("ben", 0, "order-1002"))); err != nil {
		return err
	}
	for id, want := range map[string][]points.LotID{"h-1": {2, 4}, "h-2": {}} {
		s, err := env.load(ctx, storage.LoadRequest{Member: "anna", Records: []storage.RecordKey{{Kind: "hold", ID: id}}})
		if err != nil {
			return err
		}
		if err := same("lots of record "+id, want, lotIDs(s.Lots)); err != nil {
			return err
		}
	}
	s, err := env.load(ctx, storage.LoadRequest{Member: "anna", Records: []storage.RecordKey{{Kind: "hold", ID: "h-1"}}})
	if err != nil {
		return err
	}
	return same("lots", []storage.Lot{leg.Lots[1], leg.Lots[3]}, s.Lots)
}

func dueRecordBringsLots(ctx context.Context, env *Env) error {
	leg := env.bare("anna", 0, "order-1001")
	for id := range points.LotID(3) {
		leg.Lots = append(leg.Lots, env.lot("anna", id+1, 10))
	}
	hold := env.record("anna", "hold", "h-1")
	hold.Lots, hold.DueAt = []points.LotID{3, 1}, day(2)
	leg.Records, leg.Account.DueAt = []storage.Record{hold}, day(2)
	if err := env.ok(ctx, env.batch(leg)); err != nil {
		return err
	}
	s, err := env.load(ctx, storage.LoadRequest{Member: "anna", DueBy: day(3)})
	if err != nil {
		return err
	}
	if err := same("due records", []storage.Record{hold}, s.DueRecords); err != nil {
		return err
	}
	return same("lots of the due record", []points.LotID{1, 3}, lotIDs(s.Lots))
}

func lotOnce(ctx context.Context, env *Env) error {
	leg := env.earn("anna", 0, "order-1001")
	leg.Lots = append(leg.Lots, env.lot("anna", 2, 30))
	leg.Lots[0].ExpiresAt, leg.Account.DueAt = day(2), day(2)
	hold, gift := env.record("anna", "hold", "h-1"), env.record("anna", "gift", "g-1")
	hold.Lots, gift.Lots = []points.LotID{1, 2, 1}, []points.LotID{1}
	leg.Records = []storage.Record{hold, gift}
	if err := env.ok(ctx, env.batch(leg)); err != nil {
		return err
	}
	s, err := env.load(ctx, storage.LoadRequest{
		Member:  "anna",
		Lots:    []points.LotID{2, 1, 1},
		Records: []storage.RecordKey{{Kind: "hold", ID: "h-1"}, {Kind: "gift", ID: "g-1"}},
		Debits:  []storage.Debit{{Unit: "bean", After: day(1), Amount: 140, Limit: 10}, {Limit: 10}},
		DueBy:   day(3),
	})
	if err != nil {
		return err
	}
	return same("lots", leg.Lots, s.Lots)
}

func namedTwice(ctx context.Context, env *Env) error {
	leg := env.earn("anna", 0, "order-1001")
	leg.Records = []storage.Record{env.record("anna", "hold", "h-1"), env.record("anna", "gift", "g-1")}
	batch := env.batch(leg)
	batch.Claims = []storage.ClaimChange{{ClaimKey: storage.ClaimKey{Space: "card", Key: "4711"}, Holder: "anna"}}
	batch.Counters = []storage.CounterChange{{CounterKey: storage.CounterKey{Key: "budget", Shard: 1}, Delta: 3, Bound: 9}}
	if err := env.ok(ctx, batch); err != nil {
		return err
	}
	hold, gift := storage.RecordKey{Kind: "hold", ID: "h-1"}, storage.RecordKey{Kind: "gift", ID: "g-1"}
	card, budget := storage.ClaimKey{Space: "card", Key: "4711"}, storage.CounterKey{Key: "budget", Shard: 1}
	s, err := env.load(ctx, storage.LoadRequest{
		Member: "anna", Records: []storage.RecordKey{hold, gift, hold, {Kind: "hold", ID: "h-2"}},
		Claims:   []storage.ClaimKey{card, {Space: "card", Key: "4712"}, card},
		Counters: []storage.CounterKey{budget, {Key: "budget", Shard: 2}, budget},
	})
	if err != nil {
		return err
	}
	claim := storage.Claim{Program: env.Program, Space: "card", Key: "4711", Holder: "anna"}
	counter := storage.Counter{Program: env.Program, Key: "budget", Shard: 1, Used: 3}
	return inOrder(
		func() error {
			return same("records", []storage.Record{leg.Records[0], leg.Records[1], leg.Records[0]}, s.Records)
		},
		func() error { return same("claims", []storage.Claim{claim, claim}, s.Claims) },
		func() error { return same("counters", []storage.Counter{counter, counter}, s.Counters) },
	)
}

func oneMemberTwice(ctx context.Context, env *Env) error {
	first, second := env.earn("anna", 0, "order-1001"), env.earn("anna", 1, "order-1002")
	if err := env.ok(ctx, env.batch(first), env.batch(second)); err != nil {
		return err
	}
	got, err := env.loads(ctx,
		storage.LoadRequest{Member: "anna", Key: "order-1001", Lots: []points.LotID{1}},
		storage.LoadRequest{Member: "anna", Key: "order-1002", Lots: []points.LotID{2}},
		storage.LoadRequest{Member: "anna"},
		storage.LoadRequest{Member: "anna", Key: "order-1001", Lots: []points.LotID{1, 2}},
	)
	if err != nil {
		return err
	}
	return same("snapshots", []storage.Snapshot{
		{Account: &second.Account, Operation: &first.Operation, Lots: first.Lots},
		{Account: &second.Account, Operation: &second.Operation, Lots: second.Lots},
		{Account: &second.Account},
		{Account: &second.Account, Operation: &first.Operation, Lots: []storage.Lot{first.Lots[0], second.Lots[0]}},
	}, plain(got))
}

func readsOwnWrites(ctx context.Context, env *Env) error {
	for version := range int64(10) {
		leg := env.earn("anna", version, fmt.Sprintf("order-%d", version))
		record := env.record("anna", "hold", "h-1")
		record.Sort = fmt.Sprintf("after version %d", version)
		leg.Records = []storage.Record{record}
		batch := env.batch(leg)
		batch.Counters = []storage.CounterChange{{CounterKey: storage.CounterKey{Key: "latte-art"}, Delta: 1, Bound: 10}}
		if err := env.ok(ctx, batch); err != nil {
			return err
		}
		s, err := env.load(ctx, storage.LoadRequest{
			Member: "anna", Key: leg.Operation.Key, Lots: []points.LotID{leg.Lots[0].ID},
			Records: []storage.RecordKey{{Kind: "hold", ID: "h-1"}}, Counters: []storage.CounterKey{{Key: "latte-art"}},
		})
		if err != nil {
			return err
		}
		if err := same("snapshot", storage.Snapshot{
			Account: &leg.Account, Operation: &leg.Operation, Lots: leg.Lots, Records: leg.Records,
			Counters: []storage.Counter{{Program: env.Program, Key: "latte-art", Used: version + 1}},
		}, plain([]storage.Snapshot{s})[0]); err != nil {
			return fmt.Errorf("right after the commit of version %d: %w", version+1, err)
		}
	}
	return nil
}

func lockHint(ctx context.Context, env *Env) error {
	leg := env.earn("anna", 0, "order-1001")
	if err := env.ok(ctx, env.batch(leg)); err != nil {
		return err
	}
	for range 2 {
		got, err := env.loads(ctx,
			storage.LoadRequest{Member: "anna", Key: "order-1001", Lock: true},
			storage.LoadRequest{Member: "nobody", Lock: true},
		)
		if err != nil {
			return err
		}
		want := []storage.Snapshot{{Account: &leg.Account, Operation: &leg.Operation}, {}}
		if err := same("snapshots", want, plain(got)); err != nil {
			return err
		}
	}
	return env.ok(ctx, env.batch(env.earn("anna", 1, "order-1002")), env.batch(env.earn("nobody", 0, "order-1003")))
}
