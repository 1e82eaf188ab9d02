package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"sync"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// memoryGround races on stores in memory.
type memoryGround struct{}

func (memoryGround) operations(seconds float64) int {
	return min(1000+int(20000*seconds), maxOperations)
}

func (memoryGround) connections(int) []int { return []int{0} }

func (memoryGround) explain(out io.Writer) {
	fmt.Fprint(out, `minimal limit on memory, under one mutex, with the maps emptied before they hold more operations than a run of the engine has:
  keys[member, key] = where in the ledger, unless it is there
  ledger = append(ledger, entry{member, key, points})
  balances[member] += points

same-rows limit on memory, under one mutex:
  the store's own Load of what the engine loads, and its own Commit of the batch that the engine makes, both made before
  reading cases: the Load alone
`)
}

func (memoryGround) engine(ctx context.Context, s *scenario, callers int, t timing) (window, error) {
	store := memory.New()
	if err := s.seed.writeTo(ctx, store); err != nil {
		return window{}, err
	}
	return s.onEngine(ctx, store, callers, t)
}

func (g memoryGround) limit(ctx context.Context, s *scenario, which limit, callers, _ int, t timing) (window, error) {
	if which == minimal {
		return bare(s, callers, t)
	}
	store := memory.New()
	if err := s.seed.writeTo(ctx, store); err != nil {
		return window{}, err
	}
	var mu sync.Mutex
	next := 0
	return measure(callers, s.operations(), t, func(int) error {
		mu.Lock()
		defer mu.Unlock()
		i := next % len(s.requests)
		next++
		if _, err := store.Load(ctx, s.requests[i:i+1]); err != nil || len(s.batches) == 0 {
			return err
		}
		return commitAll(ctx, store, s.batches[i:i+1])
	})
}

// bare is the least that an earn must remember.
func bare(s *scenario, callers int, t timing) (window, error) {
	type idempotent struct{ member, key string }
	type entry struct {
		idempotent
		points int64
	}
	ids := make([]idempotent, len(s.commands))
	for i, cmd := range s.commands {
		plan := cmd.Plan()
		ids[i] = idempotent{plan.Member, plan.Key}
	}
	var mu sync.Mutex
	keys := make(map[idempotent]int, len(ids))
	ledger := make([]entry, 0, len(ids))
	balances := map[string]int64{}
	const endless = 1 << 24
	return measure(callers, endless, t, func(int) error {
		mu.Lock()
		defer mu.Unlock()
		if len(ledger) == len(ids) {
			clear(keys)
			ledger = ledger[:0]
		}
		id := ids[len(ledger)]
		if _, used := keys[id]; used && s.page == 0 {
			return fmt.Errorf("key %q is used twice", id.key)
		}
		keys[id] = len(ledger)
		ledger = append(ledger, entry{id, lotSize})
		balances[id.member] += lotSize
		return nil
	})
}

// onEngine times the scenario on an engine on a store that holds the seed.
func (s *scenario) onEngine(ctx context.Context, store storage.Store, callers int, t timing) (window, error) {
	counted := &counter{Store: store}
	engines := make([]*loyalty.Engine, max(s.engines, 1))
	for i := range engines {
		var err error
		if engines[i], err = engineFor(s.program, counted, true); err != nil {
			return window{}, err
		}
	}
	stop, err := s.profile()
	if err != nil {
		return window{}, err
	}
	defer stop()
	var w window
	if s.stream {
		// More may be stored than was handed out.
		w, err = measureStream(ctx, engines[0], s.commands, t)
		w.all = int(counted.batches.Load())
	} else {
		w, err = measure(callers, s.operations(), t, func(i int) error { return s.do(ctx, engines[i%len(engines)], i) })
	}
	w.rows = counted.rows.Load()
	return w, err
}

// profile starts a CPU profile, if one is wanted.
func (s *scenario) profile() (stop func(), err error) {
	if s.cpuProfile == "" {
		return func() {}, nil
	}
	file, err := os.Create(s.cpuProfile)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() { pprof.StopCPUProfile(); _ = file.Close() }, nil
}
