package storagetest

import (
	"context"
	"math"
	"sync"
	"sync/atomic"

	"github.com/loyaltykit/loyaltykit/storage"
)

func sharedFaults() []fault {
	return []fault{
		{
			name: "duplicate key accepted", clause: "K5", breaks: onCommit(keyAnyway),
			cases: []string{"a-key-is-used-once", "a-call-repeated-stores-nothing-again", "of-racing-commits-with-one-key-exactly-one-is-ok"},
		},
		{
			name: "duplicate key told only at the right version", clause: "K5", breaks: onCommit(versionFirst),
			cases: []string{"a-repeated-key-is-told-whatever-the-version", "the-first-of-several-reasons-is-the-outcome"},
		},
		{name: "keys shared among members", clause: "K5", breaks: sharedKeys, cases: []string{"keys-of-two-members-are-apart"}},
		{
			name: "claim accepted twice", clause: "K6", breaks: onCommit(claimAnyway),
			cases: []string{"a-claim-is-held-once", "claims-of-one-batch-are-all-or-none", "of-racing-claims-exactly-one-is-ok"},
		},
		{name: "a claim again by its holder", clause: "K6", breaks: onCommit(ownClaimAnyway), cases: []string{"a-claim-is-held-once"}},
		{name: "claim released by anybody", clause: "K7", breaks: onCommit(releaseAnyway), cases: []string{"only-the-holder-releases-a-claim"}},
		{
			name: "counter past its bound", clause: "K8", breaks: alteredIn(each(func(c *storage.CounterChange) { c.Bound = math.MaxInt64 })),
			cases: []string{"a-counter-stops-at-its-bound", "racing-changes-stop-at-the-bound"},
		},
		{name: "counter looked at before it is written", clause: "K8", breaks: countsLate, cases: []string{"racing-changes-stop-at-the-bound"}},
		{
			name: "counter below zero", clause: "K8", cases: []string{"a-counter-never-falls-below-zero"},
			breaks: onCommit(counterAnyway(func(c storage.CounterChange, used int64) bool { return c.Delta < 0 })),
		},
		{
			name: "counter wraps", clause: "K8", cases: []string{"a-counter-does-not-wrap"},
			breaks: onCommit(counterAnyway(func(c storage.CounterChange, used int64) bool { return c.Delta > 0 && used+c.Delta < 0 })),
		},
		{name: "lowering held to the bound", clause: "K8", breaks: onCommit(lowersWithinBound), cases: []string{"a-change-that-lowers-is-not-held-to-its-bound"}},
	}
}

// keyAnyway stores a batch whose key was used under another key.
func keyAnyway(ctx context.Context, inside storage.Store, batch storage.Batch) (storage.Outcome, error) {
	for {
		outcome, err := commitOne(ctx, inside, batch)
		if err != nil || outcome.Status != storage.DuplicateKey {
			return outcome, err
		}
		for i := range batch.Legs {
			batch.Legs[i].Operation.Key += "+"
		}
	}
}

func versionFirst(ctx context.Context, inside storage.Store, batch storage.Batch) (storage.Outcome, error) {
	for _, leg := range batch.Legs {
		at, err := versionOf(ctx, inside, batch.Program, leg.Account.Member)
		if err != nil {
			return storage.Outcome{}, err
		}
		if at != leg.Expect {
			return storage.Outcome{Status: storage.Conflict}, nil
		}
	}
	return commitOne(ctx, inside, batch)
}

func sharedKeys(inside storage.Store) storage.Store {
	used := map[string]bool{}
	return onCommit(func(ctx context.Context, inside storage.Store, batch storage.Batch) (storage.Outcome, error) {
		for _, leg := range batch.Legs {
			if used[leg.Operation.Key] {
				return storage.Outcome{Status: storage.DuplicateKey}, nil
			}
			used[leg.Operation.Key] = true
		}
		return commitOne(ctx, inside, batch)
	})(inside)
}

// claimAnyway leaves out claims that others hold.
func claimAnyway(ctx context.Context, inside storage.Store, batch storage.Batch) (storage.Outcome, error) {
	for {
		outcome, err := commitOne(ctx, inside, batch)
		if err != nil || outcome.Status != storage.Claimed {
			return outcome, err
		}
		var left []storage.ClaimChange
		for _, claim := range batch.Claims {
			if claim.Key != outcome.Claim.Key {
				left = append(left, claim)
			}
		}
		batch.Claims = left
	}
}

func ownClaimAnyway(ctx context.Context, inside storage.Store, batch storage.Batch) (storage.Outcome, error) {
	outcome, err := commitOne(ctx, inside, batch)
	if err == nil && outcome.Status == storage.Claimed && outcome.Claim.Holder == batch.Claims[0].Holder {
		batch.Claims = nil
		return commitOne(ctx, inside, batch)
	}
	return outcome, err
}

func releaseAnyway(ctx context.Context, inside storage.Store, batch storage.Batch) (storage.Outcome, error) {
	outcome, err := commitOne(ctx, inside, batch)
	if err == nil && outcome.Status == storage.Claimed && batch.Claims[0].Release && outcome.Claim.Holder != "" {
		batch.Claims[0].Holder = outcome.Claim.Holder
		return commitOne(ctx, inside, batch)
	}
	return outcome, err
}

// counterAnyway leaves out a change of a counter that fails in a certain way.
func counterAnyway(leave func(c storage.CounterChange, used int64) bool) func(context.Context, storage.Store, storage.Batch) (storage.Outcome, error) {
	return func(ctx context.Context, inside storage.Store, batch storage.Batch) (storage.Outcome, error) {
		outcome, err := commitOne(ctx, inside, batch)
		if err == nil && outcome.Status == storage.BoundExceeded && leave(batch.Counters[0], outcome.Counter.Used) {
			batch.Counters = nil
			return commitOne(ctx, inside, batch)
		}
		return outcome, err
	}
}

// usedOf returns how much of a counter is used.
func usedOf(ctx context.Context, inside storage.Store, program string, key storage.CounterKey) (int64, error) {
	e := Env{Store: inside, Program: program}
	s, err := e.load(ctx, storage.LoadRequest{Member: "nobody", Counters: []storage.CounterKey{key}})
	if err != nil || len(s.Counters) == 0 {
		return 0, err
	}
	return s.Counters[0].Used, nil
}

// countsLate checks a counter, and raises it when others have had the time to
// check too.
func countsLate(inside storage.Store) storage.Store {
	var checked atomic.Int64
	var mu sync.Mutex
	return onCommit(func(ctx context.Context, inside storage.Store, batch storage.Batch) (storage.Outcome, error) {
		for i := range batch.Counters {
			change := &batch.Counters[i]
			used, err := usedOf(ctx, inside, batch.Program, change.CounterKey)
			if err != nil {
				return storage.Outcome{}, err
			}
			if used+change.Delta > change.Bound {
				return storage.Outcome{Status: storage.BoundExceeded}, nil
			}
			change.Bound = math.MaxInt64
		}
		before := checked.Add(1)
		meet(func() bool { return checked.Load() > before+5 })
		mu.Lock()
		defer mu.Unlock()
		return commitOne(ctx, inside, batch)
	})(inside)
}

func lowersWithinBound(ctx context.Context, inside storage.Store, batch storage.Batch) (storage.Outcome, error) {
	for _, change := range batch.Counters {
		used, err := usedOf(ctx, inside, batch.Program, change.CounterKey)
		if err != nil {
			return storage.Outcome{}, err
		}
		if change.Delta < 0 && used+change.Delta > change.Bound {
			return storage.Outcome{Status: storage.BoundExceeded}, nil
		}
	}
	return commitOne(ctx, inside, batch)
}
