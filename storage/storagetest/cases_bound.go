package storagetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

func boundCases() []Case {
	return []Case{
		{Name: "a-bound-store-says-that-it-is", Clause: "A1", Outside: true, Run: inTransaction(saysBound)},
		{Name: "what-is-bound-appears-with-the-hosts-commit", Clause: "K1", Outside: true, Run: appearsWithCommit},
		{Name: "what-is-bound-goes-with-the-hosts-rollback", Clause: "K1", Outside: true, Run: goesWithRollback},
		{Name: "a-failed-batch-leaves-the-transaction-usable", Clause: "K3", Outside: true, Run: failureLeavesUsable},
		{Name: "a-refused-call-leaves-the-transaction-usable", Clause: "K14", Outside: true, Run: refusalLeavesUsable},
		{Name: "a-bound-store-sees-its-own-writes", Clause: "L10", Outside: true, Run: seesOwnWrites},
		{Name: "a-bound-commit-at-an-old-version-is-a-conflict", Clause: "K2", Outside: true, Run: boundConflict},
		{Name: "of-two-transactions-at-one-version-one-is-stored", Clause: "K13", Outside: true, Run: overtaken},
	}
}

var errNeedsBind = errors.New("storagetest: cases of bound transactions need Env.Bind")

// begin begins a transaction of the host and returns the environment inside it.
func (e *Env) begin(ctx context.Context) (*Env, Transaction, error) {
	if e.Bind == nil {
		return nil, Transaction{}, errNeedsBind
	}
	tx, err := e.Bind(ctx)
	if err != nil {
		return nil, Transaction{}, fmt.Errorf("begin a transaction: %w", err)
	}
	inside := *e
	inside.Store, inside.Bind = tx.Store, nil
	return &inside, tx, nil
}

// inTransaction runs a case inside a transaction and rolls it back.
func inTransaction(run func(ctx context.Context, env *Env) error) func(context.Context, *Env) error {
	return func(ctx context.Context, env *Env) error {
		inside, tx, err := env.begin(ctx)
		if err != nil {
			return err
		}
		return errors.Join(run(ctx, inside), tx.Rollback())
	}
}

func saysBound(_ context.Context, env *Env) error {
	if _, ok := storage.As[storage.Bound](env.Store); !ok {
		return errors.New("the bound store has no InTransaction: the engine would retry and combine on it")
	}
	return nil
}

// inside runs steps in a transaction and then commits it, or rolls it back if
// one of them fails.
func (e *Env) inside(ctx context.Context, steps func(inside *Env) error) error {
	inside, tx, err := e.begin(ctx)
	if err != nil {
		return err
	}
	if err := steps(inside); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("the host's commit: %w", err)
	}
	return nil
}

func appearsWithCommit(ctx context.Context, env *Env) error {
	if err := env.ok(ctx, env.batch(env.earn("ben", 0, "order-1"))); err != nil {
		return err
	}
	if err := env.inside(ctx, func(inside *Env) error {
		return inOrder(
			func() error { return inside.furnish(ctx, "order-1", 4) },
			func() error { return inside.ok(ctx, inside.batch(inside.earn("ben", 1, "order-2"))) },
			func() error { return env.emptyOutside(ctx) },
		)
	}); err != nil {
		return err
	}
	return inOrder(
		func() error { return env.shows(ctx, "order-1", 4) },
		func() error { return env.atVersion(ctx, "ben", 2) },
	)
}

// emptyOutside checks that nothing of furnish, and of ben only version 1, is
// visible outside.
func (e *Env) emptyOutside(ctx context.Context) error {
	got, err := e.read(ctx, everything())
	if err != nil {
		return fmt.Errorf("outside the transaction: %w", err)
	}
	got.Revisions, got.Claims, got.Counters = orNil(got.Revisions), orNil(got.Claims), orNil(got.Counters)
	if err := same("books outside the transaction", books{}, got); err != nil {
		return err
	}
	if err := e.atVersion(ctx, "ben", 1); err != nil {
		return fmt.Errorf("outside the transaction: %w", err)
	}
	return nil
}

func goesWithRollback(ctx context.Context, env *Env) error {
	if err := env.ok(ctx, env.batch(env.earn("ben", 0, "order-1"))); err != nil {
		return err
	}
	err := inTransaction(func(ctx context.Context, inside *Env) error {
		return inOrder(
			func() error { return inside.furnish(ctx, "order-1", 4) },
			func() error { return inside.ok(ctx, inside.batch(inside.earn("ben", 1, "order-2"))) },
			func() error {
				return inside.Store.Ack(ctx, inside.Program, []storage.EventID{{Member: "ben", Version: 1}})
			},
			func() error {
				return inside.pruned(ctx, storage.PruneRequest{EventsBefore: day(9), BodiesBefore: minute(2)}, storage.Pruned{Events: 1, Bodies: 2})
			},
		)
	})(ctx, env)
	if err != nil {
		return err
	}
	leg := env.earn("ben", 0, "order-1")
	return inOrder(
		func() error { return env.emptyOutside(ctx) },
		func() error {
			got, err := env.read(ctx, scope{members: []string{"ben"}})
			if err != nil {
				return err
			}
			return same("books after the rollback", books{
				Accounts: []storage.Account{leg.Account}, Lots: leg.Lots, Entries: leg.Entries,
				Operations: []storage.Operation{leg.Operation}, Events: leg.Events,
			}, got.plain())
		},
		func() error { return env.furnish(ctx, "order-1", 4) },
	)
}

func failureLeavesUsable(ctx context.Context, env *Env) error {
	if err := env.inside(ctx, func(inside *Env) error {
		batches, statuses, _, err := inside.everyWay(ctx)
		if err != nil {
			return err
		}
		for i := range batches {
			if _, err := inside.fails(ctx, statuses[i], batches[i]); err != nil {
				return err
			}
			key := fmt.Sprintf("after-%d", i)
			if err := inside.ok(ctx, inside.batch(inside.earn("dora", int64(i), key))); err != nil {
				return fmt.Errorf("after a batch that ended with %v: %w", statuses[i], err)
			}
		}
		return nil
	}); err != nil {
		return err
	}
	return inOrder(
		func() error { return env.atVersion(ctx, "anna", 2) },
		func() error { return env.atVersion(ctx, "ben", 1) },
		func() error { return env.atVersion(ctx, "carl", 0) },
		func() error { return env.atVersion(ctx, "dora", 4) },
		func() error { return env.holder(ctx, storage.ClaimKey{Space: "voucher", Key: "SUMMER"}, "") },
	)
}

func refusalLeavesUsable(ctx context.Context, env *Env) error {
	if err := env.inside(ctx, func(inside *Env) error {
		return inOrder(
			func() error { return inside.ok(ctx, inside.batch(inside.earn("anna", 0, "order-1"))) },
			func() error {
				wrong := inside.earn("anna", 1, "order-2")
				wrong.Operation.Version = 7
				if _, err := inside.Store.Commit(ctx, []storage.Batch{inside.batch(wrong)}); err == nil {
					return errors.New("an operation of another version was not refused")
				}
				_, err := inside.Store.Lots(ctx, storage.MemberQuery{Program: inside.Program, Member: "anna", AtVersion: 9})
				if !errors.Is(err, storage.ErrConflict) {
					return fmt.Errorf("Lots at another version: %w, want ErrConflict", orNoError(err))
				}
				return nil
			},
			func() error { return inside.ok(ctx, inside.batch(inside.earn("anna", 1, "order-2"))) },
		)
	}); err != nil {
		return err
	}
	return env.atVersion(ctx, "anna", 2)
}

func seesOwnWrites(ctx context.Context, env *Env) error {
	return env.inside(ctx, func(inside *Env) error {
		if err := inside.furnish(ctx, "order-1", 4); err != nil {
			return err
		}
		if err := inside.shows(ctx, "order-1", 4); err != nil {
			return err
		}
		for version := range int64(3) {
			if err := inside.ok(ctx, inside.batch(inside.earn("ben", version, fmt.Sprintf("order-%d", version)))); err != nil {
				return err
			}
			s, err := inside.load(ctx, storage.LoadRequest{Member: "ben", Debits: []storage.Debit{{Limit: 9}}, Lock: true})
			if err != nil {
				return err
			}
			if s.Mixed || s.Account == nil || s.Account.Version != version+1 {
				return fmt.Errorf("after version %d: account %+v, mixed %t", version+1, s.Account, s.Mixed)
			}
			if err := same("lots", int(version+1), len(s.Lots)); err != nil {
				return err
			}
			if err := consistent(s); err != nil {
				return err
			}
			if err := inside.debits(ctx, "nobody's lots", []points.LotID{1}, storage.Debit{Unit: "bean", After: day(1), Amount: 120, Limit: 9}); err != nil {
				return err
			}
		}
		return nil
	})
}

func boundConflict(ctx context.Context, env *Env) error {
	if err := env.ok(ctx, env.batch(env.earn("anna", 0, "order-1")), env.batch(env.earn("anna", 1, "order-2"))); err != nil {
		return err
	}
	return inTransaction(func(ctx context.Context, inside *Env) error {
		outcomes, err := inside.Store.Commit(ctx, []storage.Batch{inside.batch(inside.earn("anna", 1, "order-3"))})
		if errors.Is(err, storage.ErrRetryTransaction) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("Commit: %w, want a conflict or ErrRetryTransaction", err)
		}
		if len(outcomes) != 1 || outcomes[0].Status != storage.Conflict {
			return fmt.Errorf("Commit ended with %v, want a conflict", outcomes)
		}
		return nil
	})(ctx, env)
}

// overtaken lets a commit outside pass a transaction that has read the account:
// either the transaction does not get to store, or, where it locks out others,
// the commit outside does not.
func overtaken(ctx context.Context, env *Env) error {
	if err := env.ok(ctx, env.batch(env.earn("anna", 0, "order-1"))); err != nil {
		return err
	}
	inside, tx, err := env.begin(ctx)
	if err != nil {
		return err
	}
	if err := inside.atVersion(ctx, "anna", 1); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := env.ok(ctx, env.batch(env.earn("anna", 1, "till-1"))); err != nil {
		return errors.Join(fmt.Errorf("a commit outside a transaction that only read: %w", err), tx.Rollback())
	}
	outcomes, err := inside.Store.Commit(ctx, []storage.Batch{inside.batch(inside.earn("anna", 1, "till-2"))})
	if err == nil && len(outcomes) == 1 && outcomes[0].Status == storage.OK {
		err = tx.Commit()
	} else {
		err = errors.Join(err, tx.Rollback())
	}
	if err != nil && !errors.Is(err, storage.ErrRetryTransaction) {
		return fmt.Errorf("a transaction that was overtaken: %w, want a conflict or ErrRetryTransaction", err)
	}
	s, err := env.load(ctx, storage.LoadRequest{Member: "anna", Key: "till-1", Debits: []storage.Debit{{Limit: 9}}})
	if err != nil {
		return err
	}
	if s.Operation == nil || s.Account.Version != 2 {
		return fmt.Errorf("the commit outside was acknowledged, now the account is at version %d without it", s.Account.Version)
	}
	return consistent(s)
}
