package bugrecord

import (
	"context"
	"errors"
	"sync"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

// atOnce lets n callers ask at the same time, and returns how many were accepted. All
// others must have been refused for the reason.
func (s *Shop) atOnce(n int, why error, ask func(engine *loyalty.Engine, i int) error) int {
	s.Helper()
	engines, left := s.callers(n)
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			defer left()
			errs[i] = ask(engines[i], i)
		})
	}
	all.Wait()
	accepted := 0
	for _, err := range errs {
		switch {
		case err == nil:
			accepted++
		case !errors.Is(err, why):
			s.Errorf("refused: %v", err)
		}
	}
	return accepted
}

// doAtOnce is atOnce of a command of each caller.
func (s *Shop) doAtOnce(n int, why error, cmd func(i int) loyalty.Command) int {
	s.Helper()
	return s.atOnce(n, why, func(engine *loyalty.Engine, i int) error {
		_, err := s.ask(engine, cmd(i))
		return err
	})
}

// callers returns an engine for each of n callers at once, and what each calls when it has
// its answer. It is the shop's own engine; by mistake, they race for the rows.
func (s *Shop) callers(n int) (engines []*loyalty.Engine, left func()) {
	engines = make([]*loyalty.Engine, n)
	if !s.mistake.Racing {
		for i := range engines {
			engines[i] = s.engine
		}
		return engines, func() {}
	}
	r := &race{changed: sync.NewCond(&sync.Mutex{}), running: n}
	store := &storagetest.Hooked{
		Store: enginetest.Unchecked(s.store),
		OnCommit: func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
			r.arrived()
			r.wait()
			return next(ctx, batches)
		},
	}
	for i := range engines {
		engines[i] = s.engineOn(store)
	}
	return engines, r.arrived
}

// race holds back all who want to write until nobody reads any more.
type race struct {
	changed *sync.Cond
	running int
}

func (r *race) arrived() {
	r.changed.L.Lock()
	defer r.changed.L.Unlock()
	r.running--
	r.changed.Broadcast()
}

func (r *race) wait() {
	r.changed.L.Lock()
	defer r.changed.L.Unlock()
	for r.running > 0 {
		r.changed.Wait()
	}
}
