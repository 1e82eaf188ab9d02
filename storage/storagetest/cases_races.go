package storagetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/loyaltykit/loyaltykit/storage"
)

func raceCases() []Case {
	return []Case{
		{Name: "many-goroutines-use-one-store", Clause: "A1", Outside: true, Run: manyCallers},
		{Name: "of-racing-commits-exactly-one-is-ok", Clause: "K13", Outside: true, Run: oneWinner},
		{Name: "racing-updates-all-arrive", Clause: "K13", Outside: true, Run: racingUpdates},
		{Name: "of-racing-commits-with-one-key-exactly-one-is-ok", Clause: "K5", Outside: true, Run: oneKey},
		{Name: "of-racing-claims-exactly-one-is-ok", Clause: "K6", Outside: true, Run: oneClaim},
		{Name: "racing-changes-stop-at-the-bound", Clause: "K8", Outside: true, Run: racingCounter},
		{Name: "transfers-in-a-ring-lose-nothing", Clause: "K1", Outside: true, Run: ring},
	}
}

// commit commits one batch and returns its outcome. What the database refused
// for reasons of its own counts as a conflict.
func (e *Env) commit(ctx context.Context, batch storage.Batch) (storage.Outcome, error) {
	outcomes, err := e.Store.Commit(ctx, []storage.Batch{batch})
	if err != nil {
		return storage.Outcome{}, fmt.Errorf("Commit: %w", err)
	}
	if len(outcomes) != 1 {
		return storage.Outcome{}, fmt.Errorf("Commit of one batch returned %d outcomes", len(outcomes))
	}
	return outcomes[0], nil
}

func manyCallers(ctx context.Context, env *Env) error {
	return together(env.callers(), func(i int) error {
		member := fmt.Sprintf("m-%d", i)
		for version := range int64(4) {
			leg := env.earn(member, version, fmt.Sprintf("order-%d", version))
			if err := env.ok(ctx, env.batch(leg)); err != nil {
				return err
			}
			s, err := env.load(ctx, storage.LoadRequest{Member: member, Key: leg.Operation.Key, Debits: []storage.Debit{{Limit: 9}}})
			if err != nil {
				return err
			}
			if err := same("account", &leg.Account, s.Account); err != nil {
				return err
			}
			if err := same("operation", &leg.Operation, s.Operation); err != nil {
				return err
			}
			if err := consistent(s); err != nil {
				return err
			}
		}
		b, err := env.read(ctx, scope{members: []string{member}})
		if err != nil {
			return err
		}
		if len(b.Lots) != 4 || len(b.Entries) != 4 || len(b.Operations) != 4 || len(b.Events) != 4 {
			return fmt.Errorf("%s has %d lots, %d entries, %d operations and %d events, want 4 of each",
				member, len(b.Lots), len(b.Entries), len(b.Operations), len(b.Events))
		}
		if err := env.Store.Ack(ctx, env.Program, []storage.EventID{{Member: member, Version: 1}}); err != nil {
			return fmt.Errorf("Ack: %w", err)
		}
		if _, err := env.Store.Accounts(ctx, storage.AccountQuery{Program: env.Program}); err != nil {
			return fmt.Errorf("Accounts: %w", err)
		}
		return nil
	})
}

// racing commits batches at once, each until it is decided: it tries again
// while the database refuses it although the account is still at the version.
func (e *Env) racing(ctx context.Context, n int, batch func(i int) storage.Batch, still func() (bool, error)) (map[storage.Status]int, error) {
	statuses := make([]storage.Status, n)
	err := together(n, func(i int) error {
		for {
			outcome, err := e.commit(ctx, batch(i))
			if err != nil {
				return err
			}
			statuses[i] = outcome.Status
			if outcome.Status != storage.Conflict {
				return nil
			}
			again, err := still()
			if err != nil || !again {
				return err
			}
		}
	})
	counts := map[storage.Status]int{}
	for _, status := range statuses {
		counts[status]++
	}
	return counts, err
}

func (e *Env) stillAt(ctx context.Context, member string, version int64) func() (bool, error) {
	return func() (bool, error) {
		got, err := e.version(ctx, member)
		return got == version, err
	}
}

func oneWinner(ctx context.Context, env *Env) error {
	n := env.callers()
	for version := range int64(3) {
		counts, err := env.racing(ctx, n, func(i int) storage.Batch {
			return env.batch(env.earn("anna", version, fmt.Sprintf("till-%d-%d", version, i)))
		}, env.stillAt(ctx, "anna", version))
		if err != nil {
			return err
		}
		if counts[storage.OK] != 1 || counts[storage.Conflict] != n-1 {
			return fmt.Errorf("%d commits that expect version %d ended as %v", n, version, counts)
		}
	}
	b, err := env.read(ctx, scope{members: []string{"anna"}})
	if err != nil {
		return err
	}
	if len(b.Lots) != 3 || len(b.Entries) != 3 || len(b.Operations) != 3 || b.Accounts[0].Version != 3 {
		return fmt.Errorf("three versions left %d lots, %d entries and %d operations", len(b.Lots), len(b.Entries), len(b.Operations))
	}
	return nil
}

func racingUpdates(ctx context.Context, env *Env) error {
	const each = 3
	n := env.callers()
	if err := together(n, func(i int) error {
		for order := range each {
			if err := env.untilOK(ctx, func() (storage.Batch, error) {
				version, err := env.version(ctx, "anna")
				return env.batch(env.earn("anna", version, fmt.Sprintf("till-%d-%d", i, order))), err
			}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	s, err := env.load(ctx, storage.LoadRequest{Member: "anna", Debits: []storage.Debit{{Limit: n*each + 1}}})
	if err != nil {
		return err
	}
	if s.Account == nil || s.Account.Version != int64(n*each) || len(s.Lots) != n*each {
		return fmt.Errorf("%d orders earned, but %d lots are there", n*each, len(s.Lots))
	}
	return consistent(s)
}

// untilOK builds and commits a batch again for as long as it is a conflict.
func (e *Env) untilOK(ctx context.Context, build func() (storage.Batch, error)) error {
	for {
		batch, err := build()
		if err != nil {
			return err
		}
		outcome, err := e.commit(ctx, batch)
		if err != nil {
			return err
		}
		switch outcome.Status {
		case storage.OK:
			return nil
		case storage.Conflict:
		default:
			return fmt.Errorf("Commit ended with %v", outcome.Status)
		}
	}
}

func oneKey(ctx context.Context, env *Env) error {
	var ok atomic.Int64
	if err := together(env.callers(), func(int) error {
		for {
			version, err := env.version(ctx, "anna")
			if err != nil {
				return err
			}
			outcome, err := env.commit(ctx, env.batch(env.earn("anna", version, "order-1001")))
			if err != nil {
				return err
			}
			switch outcome.Status {
			case storage.OK:
				ok.Add(1)
				return nil
			case storage.DuplicateKey:
				return nil
			case storage.Conflict:
			default:
				return fmt.Errorf("Commit ended with %v", outcome.Status)
			}
		}
	}); err != nil {
		return err
	}
	if ok.Load() != 1 {
		return fmt.Errorf("one key was accepted %d times", ok.Load())
	}
	return env.atVersion(ctx, "anna", 1)
}

func oneClaim(ctx context.Context, env *Env) error {
	n := env.callers()
	counts, err := env.racing(ctx, n, func(i int) storage.Batch {
		member := fmt.Sprintf("m-%d", i)
		return env.claims(member, 0, taking(voucher, member))
	}, func() (bool, error) { return true, ctx.Err() })
	if err != nil {
		return err
	}
	if counts[storage.OK] != 1 || counts[storage.Claimed] != n-1 {
		return fmt.Errorf("%d claims of one voucher ended as %v", n, counts)
	}
	s, err := env.load(ctx, storage.LoadRequest{Member: "nobody", Claims: []storage.ClaimKey{voucher}})
	if err != nil {
		return err
	}
	if len(s.Claims) != 1 {
		return errors.New("nobody holds the voucher that one member claimed")
	}
	return env.atVersion(ctx, s.Claims[0].Holder, 1)
}

func racingCounter(ctx context.Context, env *Env) error {
	n := env.callers()
	bound := int64(n / 3)
	counts, err := env.racing(ctx, n, func(i int) storage.Batch {
		batch := env.batch(env.earn(fmt.Sprintf("m-%d", i), 0, "ticket"))
		batch.Counters = []storage.CounterChange{adding(seats, 1, bound)}
		return batch
	}, func() (bool, error) { return true, ctx.Err() })
	if err != nil {
		return err
	}
	if int64(counts[storage.OK]) != bound || counts[storage.BoundExceeded] != n-int(bound) {
		return fmt.Errorf("%d calls for %d seats ended as %v", n, bound, counts)
	}
	return env.used(ctx, seats, bound)
}

// ring sends points around eight members, two accounts in every batch, and
// counts what is left.
func ring(ctx context.Context, env *Env) error {
	const members, rounds = 8, 6
	name := func(i int) string { return fmt.Sprintf("m-%d", i%members) }
	if err := together(members, func(i int) error {
		for round := range rounds {
			if err := env.untilOK(ctx, func() (storage.Batch, error) {
				from, err := env.version(ctx, name(i))
				if err != nil {
					return storage.Batch{}, err
				}
				to, err := env.version(ctx, name(i+1))
				key := fmt.Sprintf("gift-%d-%d", i, round)
				return env.batch(env.earn(name(i), from, key), env.earn(name(i+1), to, key)), err
			}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	for i := range members {
		s, err := env.load(ctx, storage.LoadRequest{Member: name(i), Debits: []storage.Debit{{Limit: 100}}})
		if err != nil {
			return err
		}
		if s.Account == nil || s.Account.Version != 2*rounds || len(s.Lots) != 2*rounds {
			return fmt.Errorf("%s took part in %d gifts: account %+v, %d lots", name(i), 2*rounds, s.Account, len(s.Lots))
		}
		if err := consistent(s); err != nil {
			return err
		}
	}
	return nil
}
