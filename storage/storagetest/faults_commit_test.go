package storagetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

func commitFaults() []fault {
	return []fault{
		{
			name: "half commit left", clause: "K1", breaks: onCommit(legByLeg(nil)),
			cases: []string{"legs-are-stored-together-or-not-at-all", "a-batch-that-fails-leaves-nothing"},
		},
		{
			name: "claims left by a batch that failed", clause: "K1", breaks: onCommit(claimsFirst),
			cases: []string{"a-batch-that-fails-leaves-nothing"},
		},
		{name: "half commit visible", clause: "K1", breaks: halfCommitVisible, cases: []string{"a-reader-never-sees-half-a-batch"}},
		{name: "the last of two writers wins", clause: "K1", breaks: lastWins, cases: []string{"transfers-in-a-ring-lose-nothing"}},
		{
			name: "lost update", clause: "K2", breaks: onCommit(anyVersion),
			cases: []string{"an-update-is-never-lost", "an-account-must-be-at-the-expected-version"},
		},
		{
			name: "of several accounts the versions unchecked", clause: "K2", cases: []string{"each-of-several-accounts-must-be-at-its-version"},
			breaks: onCommit(func(ctx context.Context, inside storage.Store, batch storage.Batch) (storage.Outcome, error) {
				if len(batch.Legs) > 1 {
					return anyVersion(ctx, inside, batch)
				}
				return commitOne(ctx, inside, batch)
			}),
		},
		{
			name: "an absent account taken for version one", clause: "K2", cases: []string{"an-account-must-be-at-the-expected-version"},
			breaks: onCommit(func(ctx context.Context, inside storage.Store, batch storage.Batch) (storage.Outcome, error) {
				for i := range batch.Legs {
					leg := &batch.Legs[i]
					if at, err := versionOf(ctx, inside, batch.Program, leg.Account.Member); err == nil && at == 0 {
						rebase(leg, 0)
					}
				}
				return commitOne(ctx, inside, batch)
			}),
		},
		{
			name: "one item's conflict failing its neighbors", clause: "K3", breaks: failsOnwards,
			cases: []string{"one-conflict-fails-none-of-its-neighbors"},
		},
		{name: "outcomes at other places", clause: "K3", breaks: outcomesSorted, cases: []string{"one-conflict-fails-none-of-its-neighbors"}},
		{name: "batches of one call see what was before it", clause: "K4", breaks: parallelBatches, cases: []string{"batches-of-one-call-build-on-each-other"}},
		{
			name: "batches in another order", clause: "K4", breaks: reversed,
			cases: []string{"a-chain-fails-from-its-first-conflict-on", "batches-of-one-call-build-on-each-other", "claims-and-keys-follow-the-order-of-batches"},
		},
		{name: "a chain goes on past its conflict", clause: "K4", breaks: onCommit(anyVersion), cases: []string{"a-chain-fails-from-its-first-conflict-on"}},
		{name: "a chain goes on from another's version", clause: "K4", breaks: onCommit(commitOne), cases: []string{"a-chain-that-lost-a-race-fails-whole"}},
		{name: "lots are never replaced", clause: "K9", breaks: onCommit(firstLotStays), cases: []string{"lots-and-records-are-replaced-and-entries-added"}},
		{
			name: "a record keeps what an update leaves empty", clause: "K9", breaks: onCommit(mergesRecords),
			cases: []string{"lots-and-records-are-replaced-and-entries-added"},
		},
		{name: "scrub empties more", clause: "K10", breaks: alteredIn(each(scrubsMore)), cases: []string{"scrub-empties-what-it-names-and-nothing-else"}},
		{name: "scrub keeps keys", clause: "K10", breaks: scrubKeepsKeys, cases: []string{"scrub-empties-what-it-names-and-nothing-else"}},
		{
			name: "scrub without its batch", clause: "K10", breaks: scrubsAnyway,
			cases: []string{"scrub-belongs-to-its-batch", "scrub-comes-before-the-rows-of-its-leg"},
		},
	}
}

func outcomeFaults() []fault {
	return []fault{
		{
			name: "fifty rows are too large", clause: "K11", cases: []string{"hundred-rows-are-accepted"},
			breaks: onCommit(func(ctx context.Context, inside storage.Store, batch storage.Batch) (storage.Outcome, error) {
				if batch.Rows() > 50 {
					return storage.Outcome{Status: storage.TooLarge}, nil
				}
				return commitOne(ctx, inside, batch)
			}),
		},
		{name: "too large is cut to fit", clause: "K11", breaks: onCommit(cutToFit), cases: []string{"a-batch-too-large-is-stored-whole-or-refused"}},
		{
			name: "limits too narrow", clause: "K11", breaks: func(inside storage.Store) storage.Store { return narrow{inside} },
			cases: []string{"limits-leave-room-for-a-batch"},
		},
		{
			name: "interrupted between two legs", clause: "K12",
			breaks: onCommit(legByLeg(func(ctx context.Context) error { return ctx.Err() })),
			cases:  []string{"a-commit-that-is-interrupted-is-whole-or-nothing"},
		},
		{
			name: "acknowledged and not stored", clause: "K12", cases: []string{"a-commit-that-is-interrupted-is-whole-or-nothing"},
			breaks: hooked(nil, func(ctx context.Context, batches []storage.Batch, next CommitFunc) ([]storage.Outcome, error) {
				outcomes, err := next(ctx, batches)
				if errors.Is(err, context.Canceled) {
					return slices.Repeat([]storage.Outcome{{Status: storage.OK}}, len(batches)), nil
				}
				return outcomes, err
			}),
		},
		{
			name: "version looked at before it is written", clause: "K13", breaks: lastWins,
			cases: []string{"of-racing-commits-exactly-one-is-ok", "racing-updates-all-arrive"},
		},
		{name: "batches built wrong end as conflicts", clause: "K14", breaks: wrongIsConflict, cases: []string{"a-batch-built-wrong-is-refused-with-its-call", "five-accounts-in-one-batch-are-refused"}},
		{
			name: "a batch built wrong is refused alone", clause: "K14", breaks: refusedAlone,
			cases: []string{"a-batch-built-wrong-is-refused-with-its-call"},
		},
		{
			name: "no more than two legs", clause: "K14", cases: []string{"four-accounts-change-together"},
			breaks: onCommit(func(ctx context.Context, inside storage.Store, batch storage.Batch) (storage.Outcome, error) {
				if len(batch.Legs) > 2 {
					return storage.Outcome{}, errors.New("too many accounts")
				}
				return commitOne(ctx, inside, batch)
			}),
		},
	}
}

// legByLeg commits every leg by itself, and claims and counters with the last;
// it stops where between returns an error.
func legByLeg(between func(ctx context.Context) error) func(context.Context, storage.Store, storage.Batch) (storage.Outcome, error) {
	return func(ctx context.Context, inside storage.Store, batch storage.Batch) (storage.Outcome, error) {
		if err := batch.Validate(); err != nil || len(batch.Legs) < 2 {
			return commitOne(ctx, inside, batch)
		}
		last := len(batch.Legs) - 1
		for _, leg := range batch.Legs[:last] {
			outcome, err := commitOne(ctx, inside, storage.Batch{Program: batch.Program, Legs: []storage.Leg{leg}})
			if err != nil || outcome.Status != storage.OK {
				return outcome, err
			}
			if between != nil {
				if err := between(ctx); err != nil {
					return storage.Outcome{}, err
				}
			}
		}
		batch.Legs = batch.Legs[last:]
		return commitOne(context.WithoutCancel(ctx), inside, batch)
	}
}

// claimsFirst stores claims by themselves before it looks at the rest.
func claimsFirst(ctx context.Context, inside storage.Store, batch storage.Batch) (storage.Outcome, error) {
	if len(batch.Claims) > 1 {
		first := storage.Batch{Program: batch.Program, Claims: batch.Claims[:1]}
		batch.Claims = batch.Claims[1:]
		if outcome, err := commitOne(ctx, inside, first); err != nil || outcome.Status != storage.OK {
			return outcome, err
		}
	}
	return commitOne(ctx, inside, batch)
}

func halfCommitVisible(inside storage.Store) storage.Store {
	var loads atomic.Int64
	looked := func(context.Context) error {
		before := loads.Load()
		meet(func() bool { return loads.Load() > before+4 })
		return nil
	}
	return hooked(func(ctx context.Context, requests []storage.LoadRequest, next LoadFunc) ([]storage.Snapshot, error) {
		defer loads.Add(1)
		return next(ctx, requests)
	}, nil)(onCommit(legByLeg(looked))(inside))
}

// lastWins checks versions before it commits, and when others have had the time
// to check too, commits at whatever version there is.
func lastWins(inside storage.Store) storage.Store {
	var checked atomic.Int64
	var mu sync.Mutex
	return onCommit(func(ctx context.Context, inside storage.Store, batch storage.Batch) (storage.Outcome, error) {
		for _, leg := range batch.Legs {
			at, err := versionOf(ctx, inside, batch.Program, leg.Account.Member)
			if err != nil {
				return storage.Outcome{}, err
			}
			if at != leg.Expect {
				return storage.Outcome{Status: storage.Conflict}, nil
			}
		}
		before := checked.Add(1)
		meet(func() bool { return checked.Load() > before+1 })
		mu.Lock()
		defer mu.Unlock()
		return anyVersion(ctx, inside, batch)
	})(inside)
}

// anyVersion commits at whatever version there is.
func anyVersion(ctx context.Context, inside storage.Store, batch storage.Batch) (storage.Outcome, error) {
	for i := range batch.Legs {
		at, err := versionOf(ctx, inside, batch.Program, batch.Legs[i].Account.Member)
		if err != nil {
			return storage.Outcome{}, err
		}
		rebase(&batch.Legs[i], at)
	}
	return commitOne(ctx, inside, batch)
}

func failsOnwards(inside storage.Store) storage.Store {
	return hooked(nil, func(ctx context.Context, batches []storage.Batch, next CommitFunc) ([]storage.Outcome, error) {
		outcomes := slices.Repeat([]storage.Outcome{{Status: storage.Conflict}}, len(batches))
		for i := range batches {
			one, err := next(ctx, batches[i:i+1])
			if err != nil {
				return nil, err
			}
			if outcomes[i] = one[0]; one[0].Status != storage.OK {
				break
			}
		}
		return outcomes, nil
	})(inside)
}

func outcomesSorted(inside storage.Store) storage.Store {
	return alteredOut(each(func(o *[]storage.Outcome) {
		slices.SortStableFunc(*o, func(a, b storage.Outcome) int { return int(a.Status) - int(b.Status) })
	}))(inside)
}

// parallelBatches lets no batch see what an earlier one of its call did.
func parallelBatches(inside storage.Store) storage.Store {
	return hooked(nil, func(ctx context.Context, batches []storage.Batch, next CommitFunc) ([]storage.Outcome, error) {
		touched := map[string]bool{}
		var outcomes []storage.Outcome
		for _, batch := range batches {
			again := slices.ContainsFunc(batch.Legs, func(leg storage.Leg) bool { return touched[leg.Account.Member] })
			for _, leg := range batch.Legs {
				touched[leg.Account.Member] = true
			}
			if again {
				outcomes = append(outcomes, storage.Outcome{Status: storage.Conflict})
				continue
			}
			one, err := next(ctx, []storage.Batch{batch})
			if err != nil {
				return nil, err
			}
			outcomes = append(outcomes, one...)
		}
		return outcomes, nil
	})(inside)
}

func reversed(inside storage.Store) storage.Store {
	return hooked(nil, func(ctx context.Context, batches []storage.Batch, next CommitFunc) ([]storage.Outcome, error) {
		batches = slices.Clone(batches)
		slices.Reverse(batches)
		outcomes, err := next(ctx, batches)
		slices.Reverse(outcomes)
		return outcomes, err
	})(inside)
}

func firstLotStays(ctx context.Context, inside storage.Store, batch storage.Batch) (storage.Outcome, error) {
	for i := range batch.Legs {
		leg := &batch.Legs[i]
		var there []points.LotID
		for lot, err := range storage.AllLots(ctx, inside, storage.MemberQuery{Program: batch.Program, Member: leg.Account.Member}) {
			if err != nil {
				return storage.Outcome{}, err
			}
			there = append(there, lot.ID)
		}
		leg.Lots = slices.DeleteFunc(leg.Lots, func(l storage.Lot) bool { return slices.Contains(there, l.ID) })
	}
	return commitOne(ctx, inside, batch)
}

func mergesRecords(ctx context.Context, inside storage.Store, batch storage.Batch) (storage.Outcome, error) {
	for i := range batch.Legs {
		leg := &batch.Legs[i]
		for old, err := range storage.AllRecords(ctx, inside, storage.RecordQuery{Program: batch.Program, Member: leg.Account.Member}) {
			if err != nil {
				return storage.Outcome{}, err
			}
			for j := range leg.Records {
				if r := &leg.Records[j]; r.Kind == old.Kind && r.ID == old.ID && r.Data == nil {
					r.Data = old.Data
				}
			}
		}
	}
	return commitOne(ctx, inside, batch)
}

func scrubsMore(s *storage.Scrub) {
	for _, version := range slices.Clone(s.Operations) {
		s.Operations = append(s.Operations, version-1)
	}
}

func scrubKeepsKeys(inside storage.Store) storage.Store {
	keys := map[int64]string{}
	return hooked(nil, func(ctx context.Context, batches []storage.Batch, next CommitFunc) ([]storage.Outcome, error) {
		for _, batch := range batches {
			for _, leg := range batch.Legs {
				keys[leg.Account.Version] = leg.Operation.Key
			}
		}
		return next(ctx, batches)
	})(alteredOut(each(func(o *storage.Operation) { o.Key = keys[o.Version] }))(inside))
}

// scrubsAnyway empties records that a scrub names, whatever comes of its batch
// and of what the batch writes.
func scrubsAnyway(inside storage.Store) storage.Store {
	scrubbed := map[storage.RecordKey]bool{}
	return hooked(nil, func(ctx context.Context, batches []storage.Batch, next CommitFunc) ([]storage.Outcome, error) {
		for _, batch := range batches {
			for _, leg := range batch.Legs {
				for _, key := range leg.Scrub.Records {
					scrubbed[key] = true
				}
			}
		}
		return next(ctx, batches)
	})(alteredOut(each(func(r *storage.Record) {
		if scrubbed[storage.RecordKey{Kind: r.Kind, ID: r.ID}] {
			r.Data = nil
		}
	}))(inside))
}

func cutToFit(ctx context.Context, inside storage.Store, batch storage.Batch) (storage.Outcome, error) {
	for i := range batch.Legs {
		leg := &batch.Legs[i]
		leg.Lots, leg.Entries = leg.Lots[:min(len(leg.Lots), 50)], leg.Entries[:min(len(leg.Entries), 50)]
		leg.Records, leg.Events = leg.Records[:min(len(leg.Records), 50)], leg.Events[:min(len(leg.Events), 50)]
	}
	return commitOne(ctx, inside, batch)
}

type narrow struct{ storage.Store }

func (narrow) Limits() storage.Limits { return storage.Limits{Rows: 20} }

func wrongIsConflict(inside storage.Store) storage.Store {
	return hooked(nil, func(ctx context.Context, batches []storage.Batch, next CommitFunc) ([]storage.Outcome, error) {
		outcomes, err := next(ctx, batches)
		if err != nil {
			return slices.Repeat([]storage.Outcome{{Status: storage.Conflict}}, len(batches)), nil
		}
		return outcomes, nil
	})(inside)
}

func refusedAlone(inside storage.Store) storage.Store {
	return hooked(nil, func(ctx context.Context, batches []storage.Batch, next CommitFunc) ([]storage.Outcome, error) {
		var errs []error
		var outcomes []storage.Outcome
		for _, batch := range batches {
			one, err := next(ctx, []storage.Batch{batch})
			if err != nil {
				errs = append(errs, fmt.Errorf("refused: %w", err))
			}
			outcomes = append(outcomes, one...)
		}
		if len(errs) > 0 {
			return nil, errors.Join(errs...)
		}
		return outcomes, nil
	})(inside)
}
