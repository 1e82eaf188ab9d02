package enginetest

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

// cuts is a store whose calls are cut at random, before and after they stored.
func cuts(inside storage.Store, seed uint64) storage.Store {
	var one sync.Mutex
	source := seeded(seed)
	pick := func(label string, n int) int {
		one.Lock()
		defer one.Unlock()
		return source(label, n)
	}
	return &storagetest.Hooked{
		Store: inside,
		OnLoad: func(ctx context.Context, requests []storage.LoadRequest, next storagetest.LoadFunc) ([]storage.Snapshot, error) {
			if pick("load", 20) == 0 {
				return nil, errDown
			}
			return next(ctx, requests)
		},
		OnCommit: func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
			switch pick("commit", 10) {
			case 0:
				return nil, errDown
			case 1:
				_, err := next(ctx, batches[:pick("part", len(batches)+1)])
				return nil, cmp.Or(err, errDown)
			default:
				return next(ctx, batches)
			}
		},
	}
}

// forgetsVersions is a store that does not check versions: the last one wins. Who has
// loaded lets others go on first, so that there is such a race on a single processor too.
func forgetsVersions(inside storage.Store) storage.Store {
	var one sync.Mutex
	return &storagetest.Hooked{
		Store: inside,
		OnLoad: func(ctx context.Context, requests []storage.LoadRequest, next storagetest.LoadFunc) ([]storage.Snapshot, error) {
			defer runtime.Gosched()
			return next(ctx, requests)
		},
		OnCommit: func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
			one.Lock()
			defer one.Unlock()
			outcomes := make([]storage.Outcome, 0, len(batches))
			for _, batch := range batches {
				for i := range batch.Legs {
					if err := Rebase(ctx, inside, &batch.Legs[i]); err != nil {
						return nil, err
					}
				}
				outcome, err := next(ctx, []storage.Batch{batch})
				if err != nil {
					return nil, err
				}
				outcomes = append(outcomes, outcome...)
			}
			return outcomes, nil
		},
	}
}

// Rebase lets a leg expect the version that is there, as a store without the check of
// versions would.
func Rebase(ctx context.Context, store storage.Store, leg *storage.Leg) error {
	account := &leg.Account
	snaps, err := store.Load(ctx, []storage.LoadRequest{{Program: account.Program, Member: account.Member}})
	if err != nil {
		return err
	}
	leg.Expect = 0
	if snaps[0].Account != nil {
		leg.Expect = snaps[0].Account.Version
	}
	account.Version = leg.Expect + 1
	leg.Operation.Key = renumbered(leg.Operation.Key, leg.Operation.Version, account.Version)
	leg.Operation.Version = account.Version
	for i := range leg.Entries {
		leg.Entries[i].Version = account.Version
	}
	for i := range leg.Events {
		leg.Events[i].Version = account.Version
	}
	return nil
}

// renumbered is a key of the engine's own that ends with a version, with another one.
func renumbered(key string, was, is int64) string {
	before, own := strings.CutSuffix(key, fmt.Sprintf("/%d", was))
	if !own || !strings.HasPrefix(key, storage.ReservedPrefix) {
		return key
	}
	return fmt.Sprintf("%s/%d", before, is)
}

// OnLegs is a store that changes what is written of each leg.
func OnLegs(inside storage.Store, change func(leg *storage.Leg)) storage.Store {
	return &storagetest.Hooked{
		Store: inside,
		OnCommit: func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
			for i := range batches {
				for j := range batches[i].Legs {
					change(&batches[i].Legs[j])
				}
			}
			return next(ctx, batches)
		},
	}
}

// losesLots is a store that does not write lots which were used up.
func losesLots(inside storage.Store) storage.Store {
	return OnLegs(inside, func(leg *storage.Leg) {
		kept := make([]storage.Lot, 0, len(leg.Lots))
		for _, lot := range leg.Lots {
			if lot.State != points.LotUsed {
				kept = append(kept, lot)
			}
		}
		leg.Lots = kept
	})
}

// neverDue is a store in which one program's accounts never fall due.
func neverDue(inside storage.Store, program string) storage.Store {
	return OnLegs(inside, func(leg *storage.Leg) {
		if leg.Account.Program == program {
			leg.Account.DueAt = points.Never
		}
	})
}

// Unchecked is a store that checks neither versions nor bounds: the last one who writes
// wins.
func Unchecked(inside storage.Store) storage.Store { return forgetsVersions(forgetsBounds(inside)) }
