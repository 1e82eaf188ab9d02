package enginetest

import (
	"context"
	"sync"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

// forgetsVersions is a store that does not check versions: the last one wins.
func forgetsVersions(inside storage.Store) storage.Store {
	var one sync.Mutex
	return &storagetest.Hooked{
		Store: inside,
		OnCommit: func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
			one.Lock()
			defer one.Unlock()
			outcomes := make([]storage.Outcome, 0, len(batches))
			for _, batch := range batches {
				for i := range batch.Legs {
					if err := rebase(ctx, inside, &batch.Legs[i]); err != nil {
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

// rebase lets a leg expect the version that is there.
func rebase(ctx context.Context, store storage.Store, leg *storage.Leg) error {
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
	leg.Operation.Version = account.Version
	for i := range leg.Entries {
		leg.Entries[i].Version = account.Version
	}
	for i := range leg.Events {
		leg.Events[i].Version = account.Version
	}
	return nil
}

// onLegs is a store that changes what is written of each leg.
func onLegs(inside storage.Store, change func(leg *storage.Leg)) storage.Store {
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
	return onLegs(inside, func(leg *storage.Leg) {
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
	return onLegs(inside, func(leg *storage.Leg) {
		if leg.Account.Program == program {
			leg.Account.DueAt = points.Never
		}
	})
}
