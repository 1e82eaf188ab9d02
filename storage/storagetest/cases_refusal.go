package storagetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/loyaltykit/loyaltykit/storage"
)

func refusalCases() []Case {
	return []Case{
		{Name: "a-batch-built-wrong-is-refused-with-its-call", Clause: "K14", Run: refusesWrong},
		{Name: "five-accounts-in-one-batch-are-refused", Clause: "K14", Run: refusesFiveLegs},
	}
}

// mistakes returns ways to build a batch wrong, by what is wrong with them. Each
// changes a batch of two legs, of anna and ben at version 1.
func (e *Env) mistakes() map[string]func(b *storage.Batch) {
	claim := storage.ClaimChange{ClaimKey: storage.ClaimKey{Space: "card", Key: "4711"}, Holder: "anna"}
	counter := storage.CounterChange{CounterKey: storage.CounterKey{Key: "latte-art"}, Delta: 1, Bound: 10}
	strange := e.other()
	return map[string]func(b *storage.Batch){
		"an account twice":                 func(b *storage.Batch) { b.Legs[1] = e.earn("anna", 0, "order-2") },
		"an account twice, as a chain":     func(b *storage.Batch) { b.Legs[1] = e.earn("anna", 1, "order-2") },
		"a claim twice":                    func(b *storage.Batch) { b.Claims = []storage.ClaimChange{claim, claim} },
		"a counter twice":                  func(b *storage.Batch) { b.Counters = []storage.CounterChange{counter, counter} },
		"a lot twice":                      func(b *storage.Batch) { b.Legs[0].Lots = append(b.Legs[0].Lots, b.Legs[0].Lots[0]) },
		"an entry twice":                   func(b *storage.Batch) { b.Legs[0].Entries = append(b.Legs[0].Entries, b.Legs[0].Entries[0]) },
		"an event twice":                   func(b *storage.Batch) { b.Legs[0].Events = append(b.Legs[0].Events, b.Legs[0].Events[0]) },
		"a record twice":                   func(b *storage.Batch) { b.Legs[0].Records = append(b.Legs[0].Records, b.Legs[0].Records[0]) },
		"an account of another program":    func(b *storage.Batch) { b.Legs[1] = strange.earn("ben", 0, "order-1") },
		"a version that is not the next":   func(b *storage.Batch) { b.Legs[1].Account.Version = 2 },
		"a version that does not rise":     func(b *storage.Batch) { b.Legs[1].Expect = 1 },
		"an operation of another member":   func(b *storage.Batch) { b.Legs[1].Operation.Member = "anna" },
		"an operation of another version":  func(b *storage.Batch) { b.Legs[1].Operation.Version = 2 },
		"a lot of another member":          func(b *storage.Batch) { b.Legs[1].Lots = []storage.Lot{e.lot("carl", 1, 120)} },
		"a lot of another program":         func(b *storage.Batch) { b.Legs[1].Lots = []storage.Lot{strange.lot("ben", 1, 120)} },
		"an entry of another member":       func(b *storage.Batch) { b.Legs[1].Entries = []storage.Entry{e.entry("anna", 1, 0, 120)} },
		"an entry of another version":      func(b *storage.Batch) { b.Legs[1].Entries = []storage.Entry{e.entry("ben", 2, 0, 120)} },
		"an event of another member":       func(b *storage.Batch) { b.Legs[1].Events = []storage.Event{e.event("anna", 1, 0)} },
		"an event of another version":      func(b *storage.Batch) { b.Legs[1].Events = []storage.Event{e.event("ben", 2, 0)} },
		"a record of another member":       func(b *storage.Batch) { b.Legs[1].Records = []storage.Record{e.record("anna", "hold", "h-2")} },
		"a record of another program":      func(b *storage.Batch) { b.Legs[1].Records = []storage.Record{strange.record("ben", "hold", "h-2")} },
		"a scrubbed event of someone else": func(b *storage.Batch) { b.Legs[1].Scrub.Events = []storage.EventID{{Member: "anna", Version: 1}} },
	}
}

func refusesWrong(ctx context.Context, env *Env) error {
	mistakes := env.mistakes()
	of := scope{
		members:  []string{"anna", "ben", "carl", "dora"},
		claims:   []storage.ClaimKey{{Space: "card", Key: "4711"}},
		counters: []storage.CounterKey{{Key: "latte-art"}},
	}
	return env.unchanged(ctx, of, func() error {
		var errs []error
		for _, name := range slices.Sorted(maps.Keys(mistakes)) {
			anna := env.earn("anna", 0, "order-1")
			anna.Records = []storage.Record{env.record("anna", "hold", "h-1")}
			wrong := env.batch(anna, env.earn("ben", 0, "order-1"))
			mistakes[name](&wrong)
			outcomes, err := env.Store.Commit(ctx, []storage.Batch{
				env.batch(env.earn("carl", 0, "order-1")), wrong, env.batch(env.earn("dora", 0, "order-1")),
			})
			if err == nil {
				errs = append(errs, fmt.Errorf("a batch with %s ended with %v, want an error", name, outcomes))
			}
		}
		return errors.Join(errs...)
	})
}

func refusesFiveLegs(ctx context.Context, env *Env) error {
	members := []string{"anna", "ben", "carl", "dora", "emil"}
	return env.unchanged(ctx, scope{members: members}, func() error {
		var legs []storage.Leg
		for _, member := range members {
			legs = append(legs, env.earn(member, 0, "gather"))
		}
		if outcomes, err := env.Store.Commit(ctx, []storage.Batch{env.batch(legs...)}); err == nil {
			return fmt.Errorf("a batch of %d legs ended with %v, want an error", len(legs), outcomes)
		}
		return nil
	})
}
