package storagetest

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/loyaltykit/loyaltykit/storage"
)

func recordListingCases() []Case {
	return []Case{
		{Name: "records-across-members-come-in-order", Clause: "Q6", Run: recordOrder},
		{Name: "records-across-members-are-narrowed", Clause: "Q6", Run: recordFilter},
		{Name: "a-record-that-changes-moves-in-its-listing", Clause: "Q6", Run: recordMoves},
		{Name: "records-of-one-account-are-narrowed-by-kind", Clause: "Q5", Run: recordKinds},
	}
}

// queue stores holds of three members under several references, states and
// sorts, and returns them in the order of the listing.
func (e *Env) queue(ctx context.Context) ([]storage.Record, error) {
	var all []storage.Record
	var batches []storage.Batch
	n := 0
	for _, member := range []string{"carl", "anna", "Ben"} {
		leg := e.bare(member, 0, "order-1")
		for _, reference := range []string{"spring", "Spring", "", "spring "} {
			for _, status := range []string{"open", "closed"} {
				for _, sort := range []string{"2", "10"} {
					n++
					record := e.record(member, "hold", fmt.Sprintf("h-%d", n*7%50))
					record.Reference, record.Status, record.Sort = reference, status, sort
					all = append(all, record)
					leg.Records = append(leg.Records, record)
				}
			}
		}
		leg.Records = append(leg.Records, e.record(member, "gift", "g-1"), e.record(member, "Hold", "h-1"))
		batches = append(batches, e.batch(leg))
	}
	slices.SortFunc(all, func(a, b storage.Record) int {
		return cmp.Or(cmp.Compare(a.Reference, b.Reference), cmp.Compare(a.Status, b.Status), cmp.Compare(a.Sort, b.Sort),
			cmp.Compare(a.Member, b.Member), cmp.Compare(a.ID, b.ID))
	})
	if err := e.ok(ctx, batches...); err != nil {
		return nil, err
	}
	return all, e.settle(ctx)
}

func recordOrder(ctx context.Context, env *Env) error {
	want, err := env.queue(ctx)
	if err != nil {
		return err
	}
	for _, limit := range []int{0, 1, 5, len(want)} {
		got, err := env.records(ctx, storage.RecordQuery{Kind: "hold", Limit: limit})
		if err != nil {
			return err
		}
		if err := same(fmt.Sprintf("records in pages of %d", limit), want, got); err != nil {
			return err
		}
	}
	return nil
}

func recordFilter(ctx context.Context, env *Env) error {
	all, err := env.queue(ctx)
	if err != nil {
		return err
	}
	for _, query := range []storage.RecordQuery{
		{Kind: "hold", Reference: "spring"},
		{Kind: "hold", Reference: "Spring"},
		{Kind: "hold", Reference: "spring "},
		{Kind: "hold", Reference: "spr"},
		{Kind: "hold", Reference: "spring", Status: "open"},
		{Kind: "hold", Reference: "spring", Status: "Open"},
		{Kind: "HOLD"},
	} {
		want := slices.DeleteFunc(slices.Clone(all), func(r storage.Record) bool {
			return r.Kind != query.Kind || query.Reference != "" && r.Reference != query.Reference ||
				query.Status != "" && r.Status != query.Status
		})
		for _, limit := range []int{0, 2} {
			query.Limit = limit
			got, err := env.records(ctx, query)
			if err != nil {
				return err
			}
			if err := same(fmt.Sprintf("records of kind %q, reference %q, status %q", query.Kind, query.Reference, query.Status),
				orNil(want), orNil(got)); err != nil {
				return err
			}
		}
	}
	return nil
}

func recordMoves(ctx context.Context, env *Env) error {
	all, err := env.queue(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(r storage.Record) bool {
		return r.Member == "anna" && r.Reference == "spring" && r.Status == "open" && r.Sort == "2"
	})
	moved := all[i]
	moved.Status, moved.Sort, moved.Data = "seated", "3", nil
	leg := env.bare("anna", 1, "seat")
	leg.Records = []storage.Record{moved}
	if err := inOrder(
		func() error { return env.ok(ctx, env.batch(leg)) },
		func() error { return env.settle(ctx) },
	); err != nil {
		return err
	}
	listed := func(status string, want ...storage.Record) error {
		got, err := env.records(ctx, storage.RecordQuery{Kind: "hold", Reference: "spring", Status: status})
		if err != nil {
			return err
		}
		return same("records with status "+status, want, got)
	}
	still := slices.DeleteFunc(all, func(r storage.Record) bool {
		return r.Reference != "spring" || r.Status != "open" || r.ID == moved.ID && r.Member == moved.Member
	})
	return inOrder(
		func() error { return listed("seated", moved) },
		func() error { return listed("open", still...) },
	)
}

func recordKinds(ctx context.Context, env *Env) error {
	leg := env.bare("anna", 0, "order-1")
	for _, id := range []string{"10", "9", "a"} {
		leg.Records = append(leg.Records, env.record("anna", "hold", id), env.record("anna", "holds", id), env.record("anna", "Hold", id))
	}
	if err := env.ok(ctx, env.batch(leg)); err != nil {
		return err
	}
	for kind, want := range map[string][]string{"hold": {"hold/10", "hold/9", "hold/a"}, "gift": {}} {
		for _, limit := range []int{0, 2} {
			got, err := env.records(ctx, storage.RecordQuery{Member: "anna", Kind: kind, Limit: limit})
			if err != nil {
				return err
			}
			if err := same("records of kind "+kind, want, recordIDs(got)); err != nil {
				return err
			}
		}
	}
	return nil
}

func eventCases() []Case {
	return []Case{
		{Name: "events-come-in-order-of-member-version-and-ordinal", Clause: "Q7", Run: eventOrder},
		{Name: "acknowledged-events-are-not-listed", Clause: "Q7", Run: ackedEvents},
	}
}

// roommates returns n members whose events are in the bucket of anna, in order,
// and one whose events are not.
func roommates(n int) (mates []string, stranger string) {
	for i := 0; len(mates) < n || stranger == ""; i++ {
		member := fmt.Sprintf("m-%05d", i)
		switch {
		case storage.Bucket(member) != storage.Bucket("anna"):
			stranger = cmp.Or(stranger, member)
		case len(mates) < n:
			mates = append(mates, member)
		}
	}
	return mates, stranger
}

// outbox stores members of one bucket with eleven versions of three events each.
func (e *Env) outbox(ctx context.Context) ([]storage.EventID, error) {
	mates, stranger := roommates(2)
	var want []storage.EventID
	var batches []storage.Batch
	for _, member := range []string{mates[1], stranger, "anna", mates[0]} {
		for version := range int64(11) {
			leg := e.bare(member, version, fmt.Sprintf("order-%d", version))
			for _, ordinal := range []int{10, 0, 2} {
				leg.Events = append(leg.Events, e.event(member, version+1, ordinal))
			}
			batches = append(batches, e.batch(leg))
		}
	}
	for _, member := range []string{"anna", mates[0], mates[1]} {
		for version := range int64(11) {
			for _, ordinal := range []int{0, 2, 10} {
				want = append(want, storage.EventID{Member: member, Version: version + 1, Ordinal: ordinal})
			}
		}
	}
	return want, e.ok(ctx, batches...)
}

// inBucket checks which events anna's bucket lists.
func (e *Env) inBucket(ctx context.Context, limit int, want []storage.EventID) error {
	events, err := e.bucket(ctx, storage.EventQuery{Bucket: storage.Bucket("anna"), Limit: limit})
	if err != nil {
		return err
	}
	got := make([]storage.EventID, len(events))
	for i, event := range events {
		got[i] = storage.EventID{Member: event.Member, Version: event.Version, Ordinal: event.Ordinal}
		if err := same("event", e.event(event.Member, event.Version, event.Ordinal), event); err != nil {
			return err
		}
	}
	return same(fmt.Sprintf("events in pages of %d", limit), want, got)
}

func eventOrder(ctx context.Context, env *Env) error {
	want, err := env.outbox(ctx)
	if err != nil {
		return err
	}
	for _, limit := range []int{0, 1, 4, 500} {
		if err := env.inBucket(ctx, limit, want); err != nil {
			return err
		}
	}
	return nil
}

func ackedEvents(ctx context.Context, env *Env) error {
	all, err := env.outbox(ctx)
	if err != nil {
		return err
	}
	var acked, want []storage.EventID
	for i, id := range all {
		if i%3 == 1 || i < 5 {
			acked = append(acked, id)
		} else {
			want = append(want, id)
		}
	}
	if err := env.Store.Ack(ctx, env.Program, acked); err != nil {
		return fmt.Errorf("Ack: %w", err)
	}
	for _, limit := range []int{0, 1, 4} {
		if err := env.inBucket(ctx, limit, want); err != nil {
			return err
		}
	}
	return nil
}
