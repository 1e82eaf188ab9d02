package storagetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

const outsideIsNotBound = "a-store-outside-transactions-does-not-claim-to-be-bound"

// hidden is a store without its optional abilities.
type hidden struct{ storage.Store }

func abilityCases() []Case {
	return []Case{
		{Name: "totals-are-the-same-with-and-without-the-ability", Clause: "A4", Run: totals},
		{Name: "totals-that-overflow-are-an-error", Clause: "A4", Run: totalsOverflow},
		{Name: "limits-leave-room-for-a-batch", Clause: "K11", Run: limits},
		{Name: outsideIsNotBound, Clause: "A1", Run: notBound},
	}
}

func totals(ctx context.Context, env *Env) error {
	type line struct {
		unit     string
		kind     points.EntryKind
		from, to points.Bucket
		amount   points.Amount
	}
	lines := []line{
		{"bean", points.EntryEarn, points.Issued, points.Available, 120},
		{"bean", points.EntryEarn, points.Issued, points.Available, 30},
		{"bean", points.EntryEarn, points.Issued, points.Pending, 7},
		{"bean", points.EntryReverse, points.Available, points.Reversed, 30},
		{"bean", points.EntryReverse, points.Issued, points.Available, 1},
		{"Bean", points.EntryEarn, points.Issued, points.Available, 5},
		{"spend", points.EntryCount, points.Source, points.Counted, 1<<53 + 1},
	}
	store := func(e *Env, members ...string) error {
		for _, member := range members {
			leg := e.bare(member, 0, "order-1")
			for i, l := range lines {
				entry := e.entry(member, 1, i, l.amount)
				entry.Unit, entry.Kind, entry.From, entry.To = l.unit, l.kind, l.from, l.to
				leg.Entries = append(leg.Entries, entry)
			}
			if err := e.ok(ctx, e.batch(leg)); err != nil {
				return err
			}
		}
		return nil
	}
	if err := inOrder(
		func() error { return store(env, "anna", "ben", "carl") },
		func() error { return store(env.other(), "anna") },
	); err != nil {
		return err
	}
	return env.totals(ctx, []storage.Total{
		{Unit: "Bean", Kind: points.EntryEarn, From: points.Issued, To: points.Available, Amount: 15, Entries: 3},
		{Unit: "bean", Kind: points.EntryEarn, From: points.Issued, To: points.Pending, Amount: 21, Entries: 3},
		{Unit: "bean", Kind: points.EntryEarn, From: points.Issued, To: points.Available, Amount: 450, Entries: 6},
		{Unit: "bean", Kind: points.EntryReverse, From: points.Available, To: points.Reversed, Amount: 90, Entries: 3},
		{Unit: "bean", Kind: points.EntryReverse, From: points.Issued, To: points.Available, Amount: 3, Entries: 3},
		{Unit: "spend", Kind: points.EntryCount, From: points.Source, To: points.Counted, Amount: 3 * (1<<53 + 1), Entries: 3},
	})
}

// totals compares the sums of the store's own ability, where it has one, and
// those of the fallback.
func (e *Env) totals(ctx context.Context, want []storage.Total) error {
	native, err := storage.Totals(ctx, e.Store, e.Program)
	if err != nil {
		return fmt.Errorf("Totals: %w", err)
	}
	fallback, err := storage.Totals(ctx, hidden{e.Store}, e.Program)
	if err != nil {
		return fmt.Errorf("Totals without the ability: %w", err)
	}
	if err := same("totals", want, native); err != nil {
		return err
	}
	return same("totals without the ability", want, fallback)
}

func totalsOverflow(ctx context.Context, env *Env) error {
	for _, member := range []string{"anna", "ben"} {
		leg := env.bare(member, 0, "order-1")
		leg.Entries = []storage.Entry{env.entry(member, 1, 0, points.MaxAmount)}
		if err := env.ok(ctx, env.batch(leg)); err != nil {
			return err
		}
	}
	for name, store := range map[string]storage.Store{"with": env.Store, "without": hidden{env.Store}} {
		if got, err := storage.Totals(ctx, store, env.Program); !errors.Is(err, points.ErrOverflow) {
			return fmt.Errorf("Totals %s the ability of twice the largest amount: %v, %w; want ErrOverflow", name, got, orNoError(err))
		}
	}
	return nil
}

func limits(_ context.Context, env *Env) error {
	limiter, ok := storage.As[storage.Limiter](env.Store)
	if !ok {
		return nil
	}
	l := limiter.Limits()
	if l.Rows < 0 || l.Bytes < 0 || l.Calls < 0 {
		return fmt.Errorf("limits %+v are negative", l)
	}
	if l.Rows > 0 && l.Rows < 100 {
		return fmt.Errorf("a commit takes %d rows, a batch may have 100", l.Rows)
	}
	return nil
}

func notBound(_ context.Context, env *Env) error {
	if _, ok := storage.As[storage.Bound](env.Store); ok {
		return errors.New("the store has InTransaction: the engine would neither combine nor retry on it")
	}
	return nil
}

func decoratorCases() []Case {
	return []Case{
		{Name: "abilities-are-found-through-a-decorator", Clause: "A4", Run: throughDecorator},
		{Name: "abilities-are-found-through-two-decorators", Clause: "A4", Run: throughTwoDecorators},
		{Name: "a-decorated-store-stores-and-answers", Clause: "L10", Run: decorated},
	}
}

// able is a store with abilities of its own.
type able struct{ storage.Store }

func (able) Totals(context.Context, string) ([]storage.Total, error) {
	return []storage.Total{{Unit: "bean", Amount: 42}}, nil
}

func (able) Limits() storage.Limits { return storage.Limits{Rows: 4242} }

func foundThrough(ctx context.Context, env *Env, store storage.Store) error {
	got, err := storage.Totals(ctx, store, env.Program)
	if err != nil {
		return fmt.Errorf("Totals: %w", err)
	}
	if err := same("totals of the store inside", []storage.Total{{Unit: "bean", Amount: 42}}, got); err != nil {
		return err
	}
	limiter, ok := storage.As[storage.Limiter](store)
	if !ok {
		return errors.New("Limits of the store inside are not found")
	}
	return same("limits of the store inside", storage.Limits{Rows: 4242}, limiter.Limits())
}

func throughDecorator(ctx context.Context, env *Env) error {
	return foundThrough(ctx, env, env.decorate(able{env.Store}))
}

func throughTwoDecorators(ctx context.Context, env *Env) error {
	return foundThrough(ctx, env, env.decorate(&Hooked{Store: env.decorate(able{env.Store})}))
}

func decorated(ctx context.Context, env *Env) error {
	outside := *env
	outside.Store = env.decorate(env.Store)
	return inOrder(
		func() error { return outside.furnish(ctx, "order-1", 4) },
		func() error { return env.shows(ctx, "order-1", 4) },
		func() error { return outside.shows(ctx, "order-1", 4) },
		func() error { return env.ok(ctx, env.batch(env.earn("anna", 1, "order-2"))) },
		func() error { return outside.atVersion(ctx, "anna", 2) },
		func() error {
			_, err := outside.fails(ctx, storage.Conflict, outside.batch(outside.earn("anna", 0, "order-3")))
			return err
		},
	)
}
