package storagetest

import (
	"context"
	"fmt"
	"math"

	"github.com/loyaltykit/loyaltykit/storage"
)

func claimCases() []Case {
	return []Case{
		{Name: "a-claim-is-held-once", Clause: "K6", Run: claimOnce},
		{Name: "claims-of-one-batch-are-all-or-none", Clause: "K6", Run: claimsTogether},
		{Name: "only-the-holder-releases-a-claim", Clause: "K7", Run: releaseByHolder},
	}
}

var voucher = storage.ClaimKey{Space: "voucher", Key: "SPRING"}

// claims commits a batch with these claims for a member who earns.
func (e *Env) claims(member string, expect int64, changes ...storage.ClaimChange) storage.Batch {
	batch := e.batch(e.earn(member, expect, fmt.Sprintf("claim-%d", expect)))
	batch.Claims = changes
	return batch
}

func taking(key storage.ClaimKey, holder string) storage.ClaimChange {
	return storage.ClaimChange{ClaimKey: key, Holder: holder}
}

func releasing(key storage.ClaimKey, holder string) storage.ClaimChange {
	return storage.ClaimChange{ClaimKey: key, Holder: holder, Release: true}
}

// holder checks who holds the voucher; "" is nobody.
func (e *Env) holder(ctx context.Context, key storage.ClaimKey, want string) error {
	s, err := e.load(ctx, storage.LoadRequest{Member: "nobody", Claims: []storage.ClaimKey{key}})
	if err != nil {
		return err
	}
	var claims []storage.Claim
	if want != "" {
		claims = []storage.Claim{{Program: e.Program, Space: key.Space, Key: key.Key, Holder: want}}
	}
	return same("claims", claims, orNil(s.Claims))
}

// claimed commits a batch that must fail for the claim, with its holder or none
// named.
func (e *Env) claimed(ctx context.Context, batch storage.Batch, key storage.ClaimKey, holder string) error {
	outcome, err := e.fails(ctx, storage.Claimed, batch)
	if err != nil {
		return err
	}
	want := storage.Claim{Program: e.Program, Space: key.Space, Key: key.Key, Holder: holder}
	if outcome.Claim.Holder == "" {
		want.Holder = ""
	}
	return same("Outcome.Claim", want, outcome.Claim)
}

func claimOnce(ctx context.Context, env *Env) error {
	return inOrder(
		func() error { return env.holder(ctx, voucher, "") },
		func() error { return env.ok(ctx, env.claims("anna", 0, taking(voucher, "anna"))) },
		func() error { return env.holder(ctx, voucher, "anna") },
		func() error { return env.claimed(ctx, env.claims("ben", 0, taking(voucher, "ben")), voucher, "anna") },
		func() error { return env.claimed(ctx, env.claims("anna", 1, taking(voucher, "anna")), voucher, "anna") },
		func() error { return env.holder(ctx, voucher, "anna") },
		func() error { return env.atVersion(ctx, "ben", 0) },
		func() error {
			return env.ok(ctx, env.claims("ben", 0, taking(storage.ClaimKey{Space: "card", Key: "SPRING"}, "ben")))
		},
		func() error {
			return env.ok(ctx, env.claims("ben", 1, taking(storage.ClaimKey{Space: "voucher", Key: "SPRING-2"}, "anna")))
		},
	)
}

func claimsTogether(ctx context.Context, env *Env) error {
	a, b, c := storage.ClaimKey{Space: "seat", Key: "1"}, storage.ClaimKey{Space: "seat", Key: "2"}, storage.ClaimKey{Space: "seat", Key: "3"}
	return inOrder(
		func() error { return env.ok(ctx, env.claims("anna", 0, taking(b, "anna"))) },
		func() error {
			return env.claimed(ctx, env.claims("ben", 0, taking(a, "ben"), taking(b, "ben"), taking(c, "ben")), b, "anna")
		},
		func() error { return env.holder(ctx, a, "") },
		func() error { return env.holder(ctx, c, "") },
		func() error { return env.ok(ctx, env.claims("ben", 0, taking(a, "ben"), taking(c, "ben"))) },
		func() error {
			return env.claimed(ctx, env.claims("anna", 1, releasing(b, "anna"), taking(c, "anna")), c, "ben")
		},
		func() error { return env.holder(ctx, b, "anna") },
	)
}

func releaseByHolder(ctx context.Context, env *Env) error {
	return inOrder(
		func() error { return env.claimed(ctx, env.claims("anna", 0, releasing(voucher, "anna")), voucher, "") },
		func() error { return env.ok(ctx, env.claims("anna", 0, taking(voucher, "anna"))) },
		func() error {
			return env.claimed(ctx, env.claims("ben", 0, releasing(voucher, "ben")), voucher, "anna")
		},
		func() error {
			return env.claimed(ctx, env.claims("ben", 0, releasing(voucher, "Anna")), voucher, "anna")
		},
		func() error { return env.claimed(ctx, env.claims("ben", 0, releasing(voucher, "")), voucher, "anna") },
		func() error { return env.holder(ctx, voucher, "anna") },
		func() error { return env.ok(ctx, env.claims("anna", 1, releasing(voucher, "anna"))) },
		func() error { return env.holder(ctx, voucher, "") },
		func() error { return env.claimed(ctx, env.claims("anna", 2, releasing(voucher, "anna")), voucher, "") },
		func() error { return env.ok(ctx, env.claims("ben", 0, taking(voucher, "ben"))) },
		func() error { return env.holder(ctx, voucher, "ben") },
	)
}

func counterCases() []Case {
	return []Case{
		{Name: "a-counter-stops-at-its-bound", Clause: "K8", Run: counterBound},
		{Name: "a-counter-never-falls-below-zero", Clause: "K8", Run: counterFloor},
		{Name: "a-change-that-lowers-is-not-held-to-its-bound", Clause: "K8", Run: counterLowers},
		{Name: "a-counter-does-not-wrap", Clause: "K8", Run: counterWrap},
	}
}

var seats = storage.CounterKey{Key: "latte-art", Shard: 3}

func adding(key storage.CounterKey, delta, bound int64) storage.CounterChange {
	return storage.CounterChange{CounterKey: key, Delta: delta, Bound: bound}
}

// count commits a change of counters for a member who earns at every step.
func (e *Env) count(ctx context.Context, want storage.Status, changes ...storage.CounterChange) (storage.Outcome, error) {
	version, err := e.version(ctx, "anna")
	if err != nil {
		return storage.Outcome{}, err
	}
	batch := e.batch(e.earn("anna", version, fmt.Sprintf("count-%d", version)))
	batch.Counters = changes
	return e.fails(ctx, want, batch)
}

func (e *Env) counts(ctx context.Context, changes ...storage.CounterChange) error {
	_, err := e.count(ctx, storage.OK, changes...)
	return err
}

// exceeds commits changes of which the one to key must pass its bound.
func (e *Env) exceeds(ctx context.Context, key storage.CounterKey, used int64, changes ...storage.CounterChange) error {
	outcome, err := e.count(ctx, storage.BoundExceeded, changes...)
	if err != nil {
		return err
	}
	want := storage.Counter{Program: e.Program, Key: key.Key, Shard: key.Shard, Used: used}
	return same("Outcome.Counter", want, outcome.Counter)
}

// used checks how much of a counter is used; absent is 0.
func (e *Env) used(ctx context.Context, key storage.CounterKey, want int64) error {
	s, err := e.load(ctx, storage.LoadRequest{Member: "nobody", Counters: []storage.CounterKey{key}})
	if err != nil {
		return err
	}
	got := storage.Counter{Program: e.Program, Key: key.Key, Shard: key.Shard}
	if len(s.Counters) > 0 {
		got = s.Counters[0]
	}
	return same("counter", storage.Counter{Program: e.Program, Key: key.Key, Shard: key.Shard, Used: want}, got)
}

func counterBound(ctx context.Context, env *Env) error {
	next := storage.CounterKey{Key: "latte-art", Shard: 4}
	return inOrder(
		func() error { return env.exceeds(ctx, seats, 0, adding(seats, 11, 10)) },
		func() error { return env.used(ctx, seats, 0) },
		func() error { return env.counts(ctx, adding(seats, 8, 10)) },
		func() error { return env.exceeds(ctx, seats, 8, adding(seats, 3, 10)) },
		func() error { return env.counts(ctx, adding(seats, 2, 10)) },
		func() error { return env.exceeds(ctx, seats, 10, adding(seats, 1, 10)) },
		func() error { return env.used(ctx, seats, 10) },
		func() error { return env.used(ctx, next, 0) },
		func() error { return env.exceeds(ctx, seats, 10, adding(next, 1, 10), adding(seats, 1, 10)) },
		func() error { return env.used(ctx, next, 0) },
		func() error { return env.counts(ctx, adding(next, 10, 10), adding(seats, 2, 12)) },
		func() error { return env.used(ctx, seats, 12) },
		func() error { return env.used(ctx, next, 10) },
		func() error {
			return env.exceeds(ctx, storage.CounterKey{Key: "closed"}, 0, adding(storage.CounterKey{Key: "closed"}, 1, 0))
		},
	)
}

func counterFloor(ctx context.Context, env *Env) error {
	return inOrder(
		func() error { return env.exceeds(ctx, seats, 0, adding(seats, -1, 10)) },
		func() error { return env.used(ctx, seats, 0) },
		func() error { return env.counts(ctx, adding(seats, 5, 10)) },
		func() error { return env.exceeds(ctx, seats, 5, adding(seats, -6, 10)) },
		func() error { return env.exceeds(ctx, seats, 5, adding(seats, math.MinInt64, 10)) },
		func() error { return env.used(ctx, seats, 5) },
		func() error { return env.counts(ctx, adding(seats, -5, 10)) },
		func() error { return env.used(ctx, seats, 0) },
		func() error { return env.exceeds(ctx, seats, 0, adding(seats, -1, 10)) },
	)
}

func counterLowers(ctx context.Context, env *Env) error {
	return inOrder(
		func() error { return env.counts(ctx, adding(seats, 8, 10)) },
		func() error { return env.exceeds(ctx, seats, 8, adding(seats, 1, 5)) },
		func() error { return env.counts(ctx, adding(seats, -1, 5)) },
		func() error { return env.counts(ctx, adding(seats, -1, 0)) },
		func() error { return env.used(ctx, seats, 6) },
		func() error { return env.exceeds(ctx, seats, 6, adding(seats, 1, 6)) },
		func() error { return env.counts(ctx, adding(seats, 1, 7)) },
		func() error { return env.used(ctx, seats, 7) },
	)
}

func counterWrap(ctx context.Context, env *Env) error {
	return inOrder(
		func() error { return env.counts(ctx, adding(seats, math.MaxInt64-1, math.MaxInt64)) },
		func() error { return env.exceeds(ctx, seats, math.MaxInt64-1, adding(seats, 2, math.MaxInt64)) },
		func() error {
			return env.exceeds(ctx, seats, math.MaxInt64-1, adding(seats, math.MaxInt64, math.MaxInt64))
		},
		func() error { return env.counts(ctx, adding(seats, 1, math.MaxInt64)) },
		func() error { return env.used(ctx, seats, math.MaxInt64) },
		func() error { return env.counts(ctx, adding(seats, -math.MaxInt64, 0)) },
		func() error { return env.used(ctx, seats, 0) },
	)
}
