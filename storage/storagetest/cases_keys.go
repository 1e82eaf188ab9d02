package storagetest

import (
	"context"
	"fmt"

	"github.com/loyaltykit/loyaltykit/storage"
)

func keyCases() []Case {
	return []Case{
		{Name: "a-key-is-used-once", Clause: "K5", Run: keyOnce},
		{Name: "a-repeated-key-is-told-whatever-the-version", Clause: "K5", Run: keyWhateverVersion},
		{Name: "the-first-of-several-reasons-is-the-outcome", Clause: "K5", Run: precedence},
		{Name: "a-call-repeated-stores-nothing-again", Clause: "K5", Run: repeatedCall},
		{Name: "keys-of-two-members-are-apart", Clause: "K5", Run: keysApart},
	}
}

func keyOnce(ctx context.Context, env *Env) error {
	if err := env.ok(ctx, env.batch(env.earn("anna", 0, "order-1")), env.batch(env.earn("anna", 1, "order-2"))); err != nil {
		return err
	}
	return env.unchanged(ctx, scope{members: []string{"anna"}}, func() error {
		for _, key := range []string{"order-1", "order-2"} {
			if _, err := env.fails(ctx, storage.DuplicateKey, env.batch(env.earn("anna", 2, key))); err != nil {
				return fmt.Errorf("key %q again: %w", key, err)
			}
		}
		return nil
	})
}

func keyWhateverVersion(ctx context.Context, env *Env) error {
	if err := env.ok(ctx, env.batch(env.earn("anna", 0, "order-1")), env.batch(env.earn("anna", 1, "order-2"))); err != nil {
		return err
	}
	for _, expect := range []int64{0, 1, 2, 3, 9} {
		if _, err := env.fails(ctx, storage.DuplicateKey, env.batch(env.earn("anna", expect, "order-1"))); err != nil {
			return fmt.Errorf("the key again at version %d: %w", expect, err)
		}
	}
	return env.ends(ctx, []storage.Status{storage.OK, storage.DuplicateKey, storage.DuplicateKey, storage.Conflict},
		env.batch(env.earn("ben", 0, "order-1")),
		env.batch(env.earn("ben", 0, "order-1")),
		env.batch(env.earn("carl", 0, "order-1"), env.earn("ben", 1, "order-1")),
		env.batch(env.earn("ben", 0, "order-2")),
	)
}

func precedence(ctx context.Context, env *Env) error {
	other := storage.ClaimKey{Space: "voucher", Key: "AUTUMN"}
	if err := inOrder(
		func() error {
			return env.ok(ctx, env.claims("anna", 0, taking(voucher, "anna")), env.claims("ben", 0, taking(other, "ben")))
		},
		func() error { return env.counts(ctx, adding(seats, 10, 10)) },
	); err != nil {
		return err
	}
	// Anna is at version 2 and has the key claim-0; the batches are wrong in ever fewer ways.
	batch := func(anna, ben storage.Leg, claims ...storage.ClaimChange) storage.Batch {
		b := env.batch(anna, ben)
		b.Claims, b.Counters = claims, []storage.CounterChange{adding(seats, 1, 10), adding(storage.CounterKey{Key: "closed"}, 1, 0)}
		return b
	}
	first, second := taking(voucher, "carl"), taking(other, "carl")
	return inOrder(
		func() error {
			_, err := env.fails(ctx, storage.DuplicateKey, batch(env.earn("anna", 0, "order-9"), env.earn("ben", 1, "claim-0"), first))
			return err
		},
		func() error {
			_, err := env.fails(ctx, storage.Conflict, batch(env.earn("anna", 2, "order-9"), env.earn("ben", 0, "order-9"), first))
			return err
		},
		func() error {
			return env.claimed(ctx, batch(env.earn("anna", 2, "order-9"), env.earn("ben", 1, "order-9"), second, first), other, "ben")
		},
		func() error {
			return env.claimed(ctx, batch(env.earn("anna", 2, "order-9"), env.earn("ben", 1, "order-9"), first, second), voucher, "anna")
		},
		func() error {
			outcome, err := env.fails(ctx, storage.BoundExceeded, batch(env.earn("anna", 2, "order-9"), env.earn("ben", 1, "order-9")))
			if err != nil {
				return err
			}
			return same("Outcome.Counter.Key", seats.Key, outcome.Counter.Key)
		},
	)
}

func repeatedCall(ctx context.Context, env *Env) error {
	batches := []storage.Batch{
		env.claims("anna", 0, taking(voucher, "anna")),
		env.batch(env.earn("ben", 0, "order-1"), env.earn("carl", 0, "order-1")),
		env.batch(env.earn("anna", 1, "order-2")),
	}
	batches[1].Counters = []storage.CounterChange{adding(seats, 1, 1)}
	if err := env.ok(ctx, batches...); err != nil {
		return err
	}
	of := scope{members: []string{"anna", "ben", "carl"}, claims: []storage.ClaimKey{voucher}, counters: []storage.CounterKey{seats}}
	again := storage.DuplicateKey
	return env.unchanged(ctx, of, func() error { return env.ends(ctx, []storage.Status{again, again, again}, batches...) })
}

func keysApart(ctx context.Context, env *Env) error {
	other := env.other()
	return inOrder(
		func() error {
			return env.ok(ctx, env.batch(env.earn("anna", 0, "birthday")), env.batch(env.earn("ben", 0, "birthday")))
		},
		func() error { return other.ok(ctx, other.batch(other.earn("anna", 0, "birthday"))) },
		func() error {
			return env.ends(ctx, []storage.Status{storage.OK, storage.DuplicateKey},
				env.batch(env.earn("anna", 1, "easter"), env.earn("ben", 1, "easter")),
				env.batch(env.earn("anna", 2, "easter")))
		},
	)
}
