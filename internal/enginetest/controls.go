package enginetest

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Controls runs the checkers where they must fail: a checker that cannot fail
// proves nothing.
func Controls(t *testing.T, open Open) {
	controls := map[string]func(store storage.Store, id string, seed uint64) error{
		"the model sees a store that loses lots": func(store storage.Store, id string, seed uint64) error {
			return sequence(t, seeded(seed), losesLots(store), id, 60)
		},
		"settling late is seen to differ where nothing falls due": func(store storage.Store, id string, seed uint64) error {
			return settling(t, seeded(seed), neverDue(store, id+"-late"), id)
		},
		"histories of a store without version checks are not linearizable": func(store storage.Store, id string, seed uint64) error {
			return linearizable(t, forgetsVersions(store), id, seed, 8)
		},
		"two adapters are seen to differ where one loses lots": func(store storage.Store, _ string, seed uint64) error {
			return equalWaves(t, open(t), losesLots(store), seed, 200, false)
		},
		"tampering with what no auditor looks at is seen not to be found": func(store storage.Store, id string, seed uint64) error {
			b, err := newBooks(t, store, id, seed)
			if err != nil {
				t.Fatal(err)
			}
			return b.finds(t.Context(), change{member: members[0], names: func(string) bool { return true }})
		},
		"a client that asks again with another key is seen to double": func(store storage.Store, id string, seed uint64) error {
			return simulateOneByOne(t, store, id, seed, false)
		},
		"a client that sends streams again with other keys is seen to double": func(store storage.Store, id string, seed uint64) error {
			return simulateStreams(t, store, id, seed, false)
		},
		"a store without bounds is seen to oversell": func(store storage.Store, id string, _ uint64) error {
			return rushes()[0].claimAll(t, forgetsBounds(store), id)
		},
		"a store without bounds is seen to let an actor pass a limit": func(store storage.Store, id string, _ uint64) error {
			return watches()[0].adjust(t, forgetsBounds(store), id)
		},
		"races on a store without version checks lose points": func(store storage.Store, id string, _ uint64) error {
			c := newCrowd(t, stars(id), forgetsVersions(store), loyalty.Options{})
			if err := manyOnOneMember(c); err != nil {
				return err
			}
			return c.audit()
		},
	}
	mustFail(t, open, controls)
}

// ControlsOfTheModel lets the model check engines that are wrong about one area of
// their program, and must fail. Stores make no difference to it.
func ControlsOfTheModel(t *testing.T, open Open) {
	controls := map[string]func(store storage.Store, id string, seed uint64) error{}
	for area, mistake := range mistakes {
		controls["the model sees an engine that is wrong about "+area] = func(store storage.Store, id string, seed uint64) error {
			m, err := mistaken(t, seeded(seed), store, id, []string{area}, mistake)
			if err != nil {
				return err
			}
			return m.walk(120)
		}
	}
	for name, shop := range shops {
		controls["the model sees a shop that "+name] = func(store storage.Store, id string, seed uint64) error {
			m, err := mistaken(t, seeded(seed), store, id, shop.areas, nil)
			if err != nil {
				return err
			}
			m.twist = shop.twist
			return m.walk(120)
		}
	}
	mustFail(t, open, controls)
}

// shops are such that ask the engine for another command than the model is told.
var shops = map[string]struct {
	areas []string
	twist func(loyalty.Command) loyalty.Command
}{
	"confirms only the first lot of several": {twist: func(cmd loyalty.Command) loyalty.Command {
		if c, ok := cmd.(loyalty.Confirm); ok && len(c.Lots) > 1 {
			c.Lots = c.Lots[:1]
			return c
		}
		return cmd
	}},
	"enrolls guests as members": {areas: []string{"guests"}, twist: func(cmd loyalty.Command) loyalty.Command {
		if c, ok := cmd.(loyalty.EnrollGuest); ok {
			return loyalty.Enroll{Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt}
		}
		return cmd
	}},
	"merges guests again and again": {areas: []string{"guests"}, twist: func(cmd loyalty.Command) loyalty.Command {
		if c, ok := cmd.(loyalty.ClaimAward); ok {
			return loyalty.Merge{Member: c.Member, Key: c.Key, From: c.Guest, OccurredAt: c.OccurredAt}
		}
		return cmd
	}},
	"closes accounts that it should erase": {areas: []string{"erasure"}, twist: func(cmd loyalty.Command) loyalty.Command {
		if c, ok := cmd.(loyalty.Erase); ok {
			return loyalty.Close{Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt}
		}
		return cmd
	}},
}

// mustFail runs controls until each was seen to fail.
func mustFail(t *testing.T, open Open, controls map[string]func(store storage.Store, id string, seed uint64) error) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(controls)) {
		control := controls[name]

		t.Run(name, func(t *testing.T) {
			opened := stores{open: open, t: t}
			for seed := range uint64(60) {
				store, id := opened.next()
				if err := control(store, id, seed); err != nil {
					t.Logf("seen with seed %d: %v", seed, first(fmt.Sprint(err)))
					return
				}
			}
			t.Fatal("60 seeds, and the fault was not seen")
		})
	}
}

// first is the beginning of a text.
func first(text string) string { return text[:min(len(text), 300)] }
