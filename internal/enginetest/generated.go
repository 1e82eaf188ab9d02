package enginetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

// Ungenerated lets the machines that hold the engine to a model run with one seed after
// the other, until each of the types of commands was booked by one of them. It lists those
// that never are: a command that no machine makes is held to no model.
func Ungenerated(t *testing.T, open Open, types []string, seeds uint64) []string {
	t.Helper()
	machines := map[string]func(store storage.Store, id string, seed uint64) error{
		"the machine of points": func(store storage.Store, id string, seed uint64) error {
			return sequence(t, social(seeded(seed), seed%3 == 2), store, id, 100)
		},
		"the notebook of redemptions": func(store storage.Store, id string, seed uint64) error {
			return redemptions(t, store, id, seeded(seed))
		},
		"the paper of tiers": func(store storage.Store, id string, seed uint64) error {
			h, err := newHouse(t, seeded(seed), store, id, nil)
			if err != nil {
				return err
			}
			return h.lives(30)
		},
	}
	booked, opened := map[string]bool{}, stores{open: open, t: t}
	missing := types
	for seed := range seeds {
		for _, name := range slices.Sorted(maps.Keys(machines)) {
			store, id := opened.next()
			if err := machines[name](keepsTypes(store, booked), id, seed); err != nil {
				t.Fatalf("%s, seed %d: %v", name, seed, err)
			}
		}
		missing = slices.DeleteFunc(slices.Clone(types), func(of string) bool { return booked[of] })
		if len(missing) == 0 {
			t.Logf("%d types of commands were booked after %d seeds", len(types), seed+1)
			break
		}
	}
	return missing
}

// social picks pools, merges, holds and guests for a machine, and erasures for a mortal
// one, so that fewer seeds have all of them.
func social(pick pick, mortal bool) pick {
	return func(label string, n int) int {
		if slices.Contains([]string{"shares", "joins", "saves", "guests"}, label) || mortal && label == "erasure" {
			return n - 1
		}
		return pick(label, n)
	}
}

// keepsTypes is a store that keeps the types of the commands that it committed.
func keepsTypes(inside storage.Store, booked map[string]bool) storage.Store {
	return &storagetest.Hooked{
		Store: inside,
		OnCommit: func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
			outcomes, err := next(ctx, batches)
			if err != nil {
				return outcomes, fmt.Errorf("commit of a machine: %w", err)
			}
			for i, outcome := range outcomes {
				for j := range batches[i].Legs {
					if op := &batches[i].Legs[j].Operation; outcome.Status == storage.OK && len(op.Command) > 0 {
						booked[op.Type] = true
					}
				}
			}
			return outcomes, nil
		},
	}
}
