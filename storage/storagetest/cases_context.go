package storagetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/loyaltykit/loyaltykit/storage"
)

func contextCases() []Case {
	return []Case{
		{Name: "a-call-whose-context-is-done-does-nothing", Clause: "A8", Outside: true, Run: contextDone},
		{Name: "a-call-whose-deadline-has-passed-does-nothing", Clause: "A8", Outside: true, Run: deadlinePassed},
		{Name: "a-commit-that-is-interrupted-is-whole-or-nothing", Clause: "K12", Outside: true, Run: interrupted},
	}
}

func contextDone(ctx context.Context, env *Env) error {
	done, cancel := context.WithCancel(ctx)
	cancel()
	return env.refusesAll(ctx, done)
}

func deadlinePassed(ctx context.Context, env *Env) error {
	done, cancel := context.WithDeadline(ctx, day(0).AddDate(-20, 0, 0))
	defer cancel()
	return env.refusesAll(ctx, done)
}

// refusesAll calls every method under a context that is done.
func (e *Env) refusesAll(ctx, done context.Context) error {
	if err := e.ok(ctx, e.batch(e.earn("anna", 0, "order-1"))); err != nil {
		return err
	}
	member := storage.MemberQuery{Program: e.Program, Member: "anna"}
	calls := []struct {
		name string
		call func() error
	}{
		{"Commit", func() error {
			_, err := e.Store.Commit(done, []storage.Batch{e.batch(e.earn("anna", 1, "order-2"))})
			return err
		}},
		{"Load", func() error {
			_, err := e.Store.Load(done, []storage.LoadRequest{{Program: e.Program, Member: "anna"}})
			return err
		}},
		{"Accounts", func() error { _, err := e.Store.Accounts(done, storage.AccountQuery{Program: e.Program}); return err }},
		{"Lots", func() error { _, err := e.Store.Lots(done, member); return err }},
		{"Entries", func() error { _, err := e.Store.Entries(done, member); return err }},
		{"Operations", func() error { _, err := e.Store.Operations(done, member); return err }},
		{"Records", func() error {
			_, err := e.Store.Records(done, storage.RecordQuery{Program: e.Program, Member: "anna"})
			return err
		}},
		{"Events", func() error { _, err := e.Store.Events(done, storage.EventQuery{Program: e.Program}); return err }},
		{"Ack", func() error { return e.Store.Ack(done, e.Program, []storage.EventID{{Member: "anna", Version: 1}}) }},
		{"Prune", func() error {
			_, err := e.Store.Prune(done, storage.PruneRequest{Program: e.Program, BodiesBefore: day(9), KeysBefore: day(9)})
			return err
		}},
		{"Revisions", func() error { _, err := e.Store.Revisions(done, e.Program); return err }},
		{"PutRevision", func() error { return e.Store.PutRevision(done, e.revision(1, "one")) }},
	}
	return e.unchanged(ctx, scope{members: []string{"anna"}}, func() error {
		var errs []error
		for _, c := range calls {
			if err := c.call(); err == nil {
				errs = append(errs, fmt.Errorf("%s with a context that is done returned no error", c.name))
			}
		}
		return errors.Join(errs...)
	})
}

// countdown is a context that ends when it has been asked about a number of
// times: it interrupts a call at every place where the call looks.
type countdown struct {
	context.Context
	mu   sync.Mutex
	left int
	done chan struct{}
}

func newCountdown(ctx context.Context, asked int) *countdown {
	return &countdown{Context: ctx, left: asked, done: make(chan struct{})}
}

func (c *countdown) ask() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left > 0 {
		c.left--
		return false
	}
	select {
	case <-c.done:
	default:
		close(c.done)
	}
	return true
}

func (c *countdown) Deadline() (time.Time, bool) { return time.Time{}, false }

func (c *countdown) Done() <-chan struct{} {
	c.ask()
	return c.done
}

func (c *countdown) Err() error {
	if c.ask() {
		return context.Canceled
	}
	return nil
}

func interrupted(ctx context.Context, env *Env) error {
	version := int64(0)
	for asked := range 25 {
		key := fmt.Sprintf("gift-%d", asked)
		batch := env.batch(env.earn("anna", version, key), env.earn("ben", version, key))
		outcomes, err := env.Store.Commit(newCountdown(ctx, asked), []storage.Batch{batch})
		if err == nil && len(outcomes) != 1 {
			return fmt.Errorf("Commit of one batch returned %d outcomes", len(outcomes))
		}
		stored, lookErr := env.whole(ctx, version, key)
		if lookErr != nil {
			return fmt.Errorf("after a commit that was interrupted when it asked for the %d. time: %w", asked+1, lookErr)
		}
		if err == nil && outcomes[0].Status == storage.OK && !stored {
			return fmt.Errorf("a commit was acknowledged and nothing is stored")
		}
		if stored {
			version++
		}
		again, err := env.commit(ctx, batch)
		if err != nil {
			return err
		}
		if !stored && again.Status == storage.DuplicateKey { // it was under way when it was looked for
			stored, lookErr = env.whole(ctx, version, key)
			if lookErr != nil || !stored {
				return errors.Join(errors.New("the same batch again ended with duplicate key, and it is not stored"), lookErr)
			}
			version++
			continue
		}
		want := storage.OK
		if stored {
			want = storage.DuplicateKey
		} else {
			version++
		}
		if again.Status != want {
			return fmt.Errorf("the same batch again ended with %v, want %v", again.Status, want)
		}
	}
	return nil
}

// whole looks whether the batch with a key is stored, and all of it.
func (e *Env) whole(ctx context.Context, before int64, key string) (bool, error) {
	snapshots, err := e.loads(ctx,
		storage.LoadRequest{Member: "anna", Key: key, Debits: []storage.Debit{{Limit: 500}}},
		storage.LoadRequest{Member: "ben", Key: key, Debits: []storage.Debit{{Limit: 500}}},
	)
	if err != nil {
		return false, err
	}
	anna, ben := snapshots[0], snapshots[1]
	if (anna.Operation == nil) != (ben.Operation == nil) {
		return false, errors.New("one of two legs is stored")
	}
	want := before
	if anna.Operation != nil {
		want++
	}
	for _, s := range snapshots {
		var version int64
		if s.Account != nil {
			version = s.Account.Version
		}
		if version != want || int64(len(s.Lots)) != want {
			return false, fmt.Errorf("version %d with %d lots, want %d of each", version, len(s.Lots), want)
		}
		if err := consistent(s); err != nil {
			return false, err
		}
	}
	return anna.Operation != nil, nil
}
