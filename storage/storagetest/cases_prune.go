package storagetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/storage"
)

func pruneCases() []Case {
	return []Case{
		{Name: "ack-hides-events-and-can-be-repeated", Clause: "U1", Run: ackTwice},
		{Name: "ack-of-unknown-events-is-no-error", Clause: "U1", Run: ackUnknown},
		{Name: "prune-drops-only-acknowledged-events-before-the-time", Clause: "U2", Run: pruneEvents},
		{Name: "prune-touches-no-other-table", Clause: "U2", Run: pruneOnlyEvents},
		{Name: "prune-works-in-steps", Clause: "U2", Run: pruneSteps},
		{Name: "prune-empties-bodies-and-leaves-digests", Clause: "U3", Run: pruneBodies},
		{Name: "prune-frees-keys", Clause: "U4", Run: pruneKeys},
		{Name: "a-revision-is-written-once", Clause: "U5", Run: revisionOnce},
		{Name: "revisions-come-in-order-of-number", Clause: "U5", Run: revisionOrder},
	}
}

// pending checks which versions of anna's events, of ordinal 0, are pending.
func (e *Env) pending(ctx context.Context, want ...int64) error {
	events, err := e.events(ctx, "anna")
	if err != nil {
		return err
	}
	var got []int64
	for _, event := range events {
		got = append(got, event.Version)
	}
	return same("versions with pending events", want, got)
}

// orders stores n orders of anna; the one of version v is recorded v minutes
// after day 0.
func (e *Env) orders(ctx context.Context, n int64) error {
	var batches []storage.Batch
	for version := range n {
		leg := e.full("anna", version, fmt.Sprintf("order-%d", version+1))
		batches = append(batches, e.batch(leg))
	}
	return e.ok(ctx, batches...)
}

// minute is when the operation of a version was recorded.
func minute(version int64) time.Time { return day(0).Add(time.Duration(version) * time.Minute) }

func (e *Env) ack(ctx context.Context, versions ...int64) error {
	var ids []storage.EventID
	for _, version := range versions {
		ids = append(ids, storage.EventID{Member: "anna", Version: version})
	}
	if err := e.Store.Ack(ctx, e.Program, ids); err != nil {
		return fmt.Errorf("Ack: %w", err)
	}
	return nil
}

// pruned prunes to the end and compares what went.
func (e *Env) pruned(ctx context.Context, request storage.PruneRequest, want storage.Pruned) error {
	request.Program = e.Program
	var sum storage.Pruned
	for range 1000 {
		step, err := e.Store.Prune(ctx, request)
		if err != nil {
			return fmt.Errorf("Prune: %w", err)
		}
		if request.Limit > 0 && step.Events+max(step.Bodies, step.Keys) > int64(request.Limit) {
			return fmt.Errorf("Prune changed %+v with a limit of %d rows", step, request.Limit)
		}
		sum.Events, sum.Bodies, sum.Keys = sum.Events+step.Events, sum.Bodies+step.Bodies, sum.Keys+step.Keys
		if !step.More {
			return same("Pruned", want, sum)
		}
	}
	return errors.New("Prune says More without end")
}

func ackTwice(ctx context.Context, env *Env) error {
	return inOrder(
		func() error { return env.orders(ctx, 4) },
		func() error { return env.pending(ctx, 1, 2, 3, 4) },
		func() error { return env.ack(ctx, 2, 3) },
		func() error { return env.pending(ctx, 1, 4) },
		func() error { return env.ack(ctx, 3, 2, 3) },
		func() error { return env.pending(ctx, 1, 4) },
		func() error { return env.ack(ctx) },
		func() error { return env.ack(ctx, 1, 2, 3, 4) },
		func() error { return env.pending(ctx) },
		func() error { return env.ok(ctx, env.batch(env.earn("anna", 4, "order-5"))) },
		func() error { return env.pending(ctx, 5) },
	)
}

func ackUnknown(ctx context.Context, env *Env) error {
	if err := env.orders(ctx, 2); err != nil {
		return err
	}
	if err := env.unchanged(ctx, scope{members: []string{"anna", "ben"}}, func() error {
		err := env.Store.Ack(ctx, env.Program, []storage.EventID{
			{Member: "anna", Version: 7},
			{Member: "anna", Version: 1, Ordinal: 9},
			{Member: "ben", Version: 1},
			{Member: "Anna", Version: 1},
			{},
		})
		if err != nil {
			return fmt.Errorf("Ack: %w", err)
		}
		return nil
	}); err != nil {
		return err
	}
	return inOrder(
		func() error { return env.ack(ctx, 9, 1) },
		func() error { return env.pending(ctx, 2) },
		func() error { return env.ok(ctx, env.batch(env.earn("ben", 0, "order-1"))) },
		func() error {
			events, err := env.events(ctx, "ben")
			if err != nil {
				return err
			}
			return same("events of a member after an early Ack", 1, len(events))
		},
	)
}

func pruneEvents(ctx context.Context, env *Env) error {
	// Versions 1 to 4 are before the time; 2 and 3 are not acknowledged.
	before := storage.PruneRequest{EventsBefore: minute(5)}
	return inOrder(
		func() error { return env.orders(ctx, 6) },
		func() error { return env.ack(ctx, 1, 4, 5) },
		func() error { return env.pruned(ctx, before, storage.Pruned{Events: 2}) },
		func() error { return env.pending(ctx, 2, 3, 6) },
		func() error { return env.pruned(ctx, before, storage.Pruned{}) },
		func() error { return env.ack(ctx, 1, 2, 4) },
		func() error { return env.pruned(ctx, before, storage.Pruned{Events: 1}) },
		func() error { return env.pending(ctx, 3, 6) },
		func() error { return env.pruned(ctx, storage.PruneRequest{}, storage.Pruned{}) },
		func() error {
			return env.pruned(ctx, storage.PruneRequest{EventsBefore: minute(5).Add(time.Microsecond)}, storage.Pruned{Events: 1})
		},
		func() error { return env.pending(ctx, 3, 6) },
	)
}

func pruneOnlyEvents(ctx context.Context, env *Env) error {
	other := env.other()
	batch := env.large("ben", 60)
	of := scope{members: []string{"anna", "ben"}, claims: []storage.ClaimKey{{Space: "card", Key: "ben"}}, counters: []storage.CounterKey{{Key: "ben"}}}
	return inOrder(
		func() error { return env.orders(ctx, 3) },
		func() error { return env.ok(ctx, batch) },
		func() error { return env.Store.PutRevision(ctx, env.revision(1, "one")) },
		func() error { return other.orders(ctx, 3) },
		func() error { return other.ack(ctx, 1, 2, 3) },
		func() error { return env.ack(ctx, 1, 2, 3) },
		func() error {
			return env.unchanged(ctx, of, func() error {
				return env.pruned(ctx, storage.PruneRequest{EventsBefore: day(9)}, storage.Pruned{Events: 3})
			})
		},
		func() error {
			return other.pruned(ctx, storage.PruneRequest{EventsBefore: day(9)}, storage.Pruned{Events: 3})
		},
	)
}

func pruneSteps(ctx context.Context, env *Env) error {
	all := storage.PruneRequest{EventsBefore: minute(6), BodiesBefore: minute(6), KeysBefore: minute(6), Limit: 2}
	return inOrder(
		func() error { return env.orders(ctx, 7) },
		func() error { return env.ack(ctx, 1, 2, 3, 4, 5, 6, 7) },
		func() error { return env.pruned(ctx, all, storage.Pruned{Events: 5, Bodies: 5, Keys: 5}) },
		func() error { return env.pruned(ctx, all, storage.Pruned{}) },
		func() error { return env.atVersion(ctx, "anna", 7) },
	)
}

func pruneBodies(ctx context.Context, env *Env) error {
	if err := env.orders(ctx, 4); err != nil {
		return err
	}
	of := scope{members: []string{"anna"}}
	want, err := env.read(ctx, of)
	if err != nil {
		return err
	}
	before := storage.PruneRequest{BodiesBefore: minute(3)}
	if err := env.pruned(ctx, before, storage.Pruned{Bodies: 2}); err != nil {
		return err
	}
	for i := range want.Operations[:2] {
		want.Operations[i].Command, want.Operations[i].Receipt = nil, nil
	}
	got, err := env.read(ctx, of)
	if err != nil {
		return err
	}
	return inOrder(
		func() error { return same("books", want, got) },
		func() error { return env.pruned(ctx, before, storage.Pruned{}) },
		func() error {
			_, err := env.fails(ctx, storage.DuplicateKey, env.batch(env.earn("anna", 4, "order-1")))
			return err
		},
	)
}

func pruneKeys(ctx context.Context, env *Env) error {
	settle := env.full("anna", 1, storage.ReservedPrefix+"settle/2")
	if err := inOrder(
		func() error { return env.ok(ctx, env.batch(env.full("anna", 0, "order-1")), env.batch(settle)) },
		func() error {
			return env.ok(ctx, env.batch(env.full("anna", 2, "order-3")), env.batch(env.full("anna", 3, "order-4")))
		},
	); err != nil {
		return err
	}
	of := scope{members: []string{"anna"}}
	want, err := env.read(ctx, of)
	if err != nil {
		return err
	}
	before := storage.PruneRequest{KeysBefore: minute(4)}
	if err := env.pruned(ctx, before, storage.Pruned{Keys: 2}); err != nil {
		return err
	}
	want.Operations[0].Key, want.Operations[2].Key = storage.FreedKey(1), storage.FreedKey(3)
	got, err := env.read(ctx, of)
	if err != nil {
		return err
	}
	return inOrder(
		func() error { return same("books", want, got) },
		func() error { return env.pruned(ctx, before, storage.Pruned{}) },
		func() error {
			s, err := env.load(ctx, storage.LoadRequest{Member: "anna", Key: "order-1"})
			if err == nil && s.Operation != nil {
				err = errors.New("an operation is still found by a key that was freed")
			}
			return err
		},
		func() error {
			_, err := env.fails(ctx, storage.DuplicateKey, env.batch(env.earn("anna", 4, "order-4")))
			return err
		},
		func() error {
			_, err := env.fails(ctx, storage.DuplicateKey, env.batch(env.earn("anna", 4, storage.ReservedPrefix+"settle/2")))
			return err
		},
		func() error {
			return env.ok(ctx, env.batch(env.earn("anna", 4, "order-1")), env.batch(env.earn("anna", 5, "order-3")))
		},
		func() error {
			_, err := env.fails(ctx, storage.DuplicateKey, env.batch(env.earn("anna", 6, "order-1")))
			return err
		},
	)
}

func (e *Env) revision(number int64, text string) storage.Revision {
	return storage.Revision{
		Program: e.Program, Number: number, Digest: []byte("digest of " + text), Text: []byte(text), EffectiveAt: day(int(number % 1000)),
	}
}

func revisionOnce(ctx context.Context, env *Env) error {
	one := env.revision(1, `{"id":"beans"}`)
	other := env.revision(1, `{"id":"Beans"}`)
	listed := func(want ...storage.Revision) func() error {
		return func() error {
			got, err := env.Store.Revisions(ctx, env.Program)
			if err != nil {
				return fmt.Errorf("Revisions: %w", err)
			}
			return same("revisions", orNil(want), orNil(got))
		}
	}
	return inOrder(
		listed(),
		func() error { return env.Store.PutRevision(ctx, one) },
		listed(one),
		func() error { return env.Store.PutRevision(ctx, one) },
		func() error {
			later := one
			later.EffectiveAt, later.Digest = one.EffectiveAt.AddDate(1, 0, 0), []byte("another digest")
			return env.Store.PutRevision(ctx, later)
		},
		func() error {
			if err := env.Store.PutRevision(ctx, other); !errors.Is(err, storage.ErrRevisionExists) {
				return fmt.Errorf("PutRevision of another text returned %w, want ErrRevisionExists", orNoError(err))
			}
			return nil
		},
		listed(one),
		func() error { return env.Store.PutRevision(ctx, env.revision(2, `{"id":"Beans"}`)) },
		listed(one, env.revision(2, `{"id":"Beans"}`)),
	)
}

var errNone = errors.New("no error")

// orNoError makes a missing error printable.
func orNoError(err error) error {
	if err == nil {
		return errNone
	}
	return err
}

func revisionOrder(ctx context.Context, env *Env) error {
	var want []storage.Revision
	numbers := []int64{1, 2, 9, 10, 11, 100, 1 << 40}
	for _, number := range numbers {
		want = append(want, env.revision(number, fmt.Sprint(number)))
	}
	for _, i := range []int{3, 0, 6, 2, 1, 5, 4} {
		if err := env.Store.PutRevision(ctx, want[i]); err != nil {
			return fmt.Errorf("PutRevision: %w", err)
		}
	}
	got, err := env.Store.Revisions(ctx, env.Program)
	if err != nil {
		return fmt.Errorf("Revisions: %w", err)
	}
	return same("revisions", want, got)
}
