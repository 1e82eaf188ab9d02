package storagetest

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/loyaltykit/loyaltykit/storage"
)

// Options says what Run cannot know. The zero value, and nil, work.
type Options struct {
	// Bind begins a transaction of the host on the database of the store that
	// was opened, and binds a store to it. Without it the group of bound
	// transactions is skipped.
	Bind func(ctx context.Context, store storage.Store) (Transaction, error)
	// Decorate is a decorator of one's own to prove: the cases are run again on
	// a store that it wraps. Without it they run on a [Hooked].
	Decorate func(storage.Store) storage.Store
	// Skip maps names of cases to the reason why the store cannot pass them.
	Skip map[string]string
	// Callers is how many goroutines race in the cases of concurrency; 0 is 64.
	Callers int
	// Lag is how long the listing of records across members may lag behind; 0
	// says that it never does.
	Lag time.Duration
	// Timeout bounds one case; 0 is a minute.
	Timeout time.Duration
}

// Run runs every case of [Cases] as a subtest. It calls open once and shares
// the store among the cases; open registers its own cleanup.
func Run(t *testing.T, open func(t testing.TB) storage.Store, opts *Options) {
	t.Helper()
	var o Options
	if opts != nil {
		o = *opts
	}
	s := &suite{options: o, store: open(t), run: strings.ToLower(rand.Text()[:12])}
	s.checkSkips(t)
	for group, cases := range byGroup(Cases()) {
		t.Run(group, func(t *testing.T) {
			if group == BoundTransaction && o.Bind == nil {
				t.Skip("Options.Bind is not given")
			}
			s.cases(t, cases)
		})
	}
}

type suite struct {
	options Options
	store   storage.Store
	run     string
	count   int
}

// byGroup yields the groups in order, each with its cases.
func byGroup(all []Case) func(yield func(string, []Case) bool) {
	return func(yield func(string, []Case) bool) {
		for len(all) > 0 {
			n := slices.IndexFunc(all, func(c Case) bool { return c.Group != all[0].Group })
			if n < 0 {
				n = len(all)
			}
			if !yield(all[0].Group, all[:n]) {
				return
			}
			all = all[n:]
		}
	}
}

func (s *suite) cases(t *testing.T, cases []Case) {
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) { s.one(t, c, s.env()) })
	}
	switch cases[0].Group {
	case BoundTransaction:
		t.Run("every case inside a transaction", func(t *testing.T) { s.again(t, s.inTransaction) })
		t.Run("every case inside a transaction without the abilities", func(t *testing.T) { s.again(t, s.inTransactionHidden) })
	case Abilities:
		t.Run("every case without the abilities", func(t *testing.T) { s.again(t, s.hidden) })
	case Decorator:
		t.Run("every case on a decorated store", func(t *testing.T) { s.again(t, s.decorated) })
	}
}

// again runs the cases that need no more than one connection once more.
func (s *suite) again(t *testing.T, run func(t *testing.T, c Case)) {
	for _, c := range Cases() {
		if !c.Outside && c.Group != BoundTransaction && c.Group != Decorator {
			t.Run(c.Name, func(t *testing.T) { run(t, c) })
		}
	}
}

func (s *suite) inTransaction(t *testing.T, c Case) {
	s.bound(t, c, func(store storage.Store) storage.Store { return store })
}

func (s *suite) inTransactionHidden(t *testing.T, c Case) {
	s.bound(t, c, func(store storage.Store) storage.Store { return hidden{store} })
}

func (s *suite) bound(t *testing.T, c Case, as func(storage.Store) storage.Store) {
	t.Helper()
	if c.Name == outsideIsNotBound {
		t.Skip("a store in a transaction is bound")
	}
	env := s.env()
	tx, err := env.Bind(t.Context())
	if err != nil {
		t.Fatalf("begin a transaction: %v", err)
	}
	defer func() {
		if err := tx.Rollback(); err != nil {
			t.Errorf("roll back: %v", err)
		}
	}()
	env.Store, env.Bind = as(tx.Store), nil
	s.one(t, c, env)
}

func (s *suite) decorated(t *testing.T, c Case) {
	env := s.env()
	env.Store = env.decorate(env.Store)
	s.one(t, c, env)
}

func (s *suite) hidden(t *testing.T, c Case) {
	env := s.env()
	env.Store = hidden{env.Store}
	s.one(t, c, env)
}

func (s *suite) one(t *testing.T, c Case, env *Env) {
	t.Helper()
	if reason, skip := s.options.Skip[c.Name]; skip {
		t.Skip(reason)
	}
	ctx, cancel := context.WithTimeout(t.Context(), cmp.Or(s.options.Timeout, time.Minute))
	defer cancel()
	if err := c.Run(ctx, env); err != nil {
		t.Error(err)
	}
}

func (s *suite) env() *Env {
	s.count++
	env := &Env{
		Store:    s.store,
		Program:  fmt.Sprintf("%s-%d", s.run, s.count),
		Decorate: s.options.Decorate,
		Callers:  s.options.Callers,
		Lag:      s.options.Lag,
	}
	if s.options.Bind != nil {
		env.Bind = func(ctx context.Context) (Transaction, error) { return s.options.Bind(ctx, s.store) }
	}
	return env
}

// checkSkips refuses names that no case has, so that a skip cannot outlive a
// renaming unseen.
func (s *suite) checkSkips(t *testing.T) {
	t.Helper()
	known := map[string]bool{}
	for _, c := range Cases() {
		known[c.Name] = true
	}
	for name := range s.options.Skip {
		if !known[name] {
			t.Errorf("Options.Skip names %q, which is not a case", name)
		}
	}
}
