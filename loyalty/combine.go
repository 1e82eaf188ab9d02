package loyalty

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
)

// groupCalls bounds the calls that share a round. As many as wholeCalls are not split
// over several groups that could fly at once.
const (
	groupCalls = 64
	wholeCalls = 8
)

// combiner lets calls that come while others are in flight share the next round.
// A call that finds nobody in its way runs at once on its caller's goroutine; the
// rest wait in order of arrival. Groups in flight have disjoint accounts.
//
// Large rounds cost a store far less for each call, and several in flight are best of
// one size. So a group takes its share of all calls, with those that would have to wait
// for it because they are about one of its accounts, and the callers of one that has
// landed get the time to come back before the next takes off.
type combiner struct {
	engine *Engine
	mu     sync.Mutex
	queue  []*call
	busy   map[string]struct{}
	// flying and aloft are how many groups and calls are in flight.
	flying, aloft int
	// gathering is how many groups have landed and wait for their callers.
	gathering int
}

func newCombiner(e *Engine) *combiner {
	return &combiner{engine: e, busy: map[string]struct{}{}}
}

// submit runs a call, by itself or with others, and returns when it is finished
// or its caller gave up. A call whose caller gives up while it waits never
// happened; in flight its outcome is unknown to the caller.
func (b *combiner) submit(ctx context.Context, c *call) error {
	b.mu.Lock()
	if len(b.queue) == 0 && b.gathering == 0 && b.flying < b.engine.limits.Calls && b.free(c) {
		b.take(c)
		b.flying, b.aloft = b.flying+1, b.aloft+1
		b.mu.Unlock()
		b.alone(ctx, c)
		return nil
	}
	c.ctx, c.done = ctx, make(chan struct{})
	b.queue = append(b.queue, c)
	if b.gathering == 0 {
		b.start()
	}
	b.mu.Unlock()
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		return b.abandon(ctx, c)
	}
}

// alone runs a call that found nobody in its way.
func (b *combiner) alone(ctx context.Context, c *call) {
	defer func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.land([]*call{c})
		if b.gathering == 0 {
			b.start()
		}
	}()
	b.engine.run(ctx, []*call{c})
}

// abandon takes a call whose caller gave up out of the queue.
func (b *combiner) abandon(ctx context.Context, c *call) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.Index(b.queue, c); i >= 0 {
		b.queue = slices.Delete(b.queue, i, i+1)
		return ctx.Err()
	}
	select {
	case <-c.done:
		return nil
	default:
		return fmt.Errorf("%w: %w", ErrOutcomeUnknown, ctx.Err())
	}
}

// land gives the accounts of a group free.
func (b *combiner) land(group []*call) {
	for _, c := range group {
		for _, member := range c.taken {
			delete(b.busy, member)
		}
	}
	b.flying, b.aloft = b.flying-1, b.aloft-len(group)
}

// start sends off as many groups as may fly. A group has a goroutine of its own,
// which ends with it, so that a caller who gives up leaves at once.
func (b *combiner) start() {
	for b.flying < b.engine.limits.Calls {
		group := b.pick()
		if len(group) == 0 {
			return
		}
		b.flying, b.aloft = b.flying+1, b.aloft+len(group)
		go b.fly(group)
	}
}

func (b *combiner) fly(group []*call) {
	defer func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.land(group)
		b.gather()
		b.start()
	}()
	b.engine.run(context.Background(), slices.Clone(group))
}

// gather lets callers who can run come back, as long as more of them do.
func (b *combiner) gather() {
	b.gathering++
	for before := -1; before < len(b.queue) && len(b.queue) < groupCalls; {
		before = len(b.queue)
		b.mu.Unlock()
		runtime.Gosched()
		b.mu.Lock()
	}
	b.gathering--
}

// pick takes the next group from the queue: in order of arrival, round-robin over
// members, at most its share. A call stays behind while one of its accounts is in
// flight, or an earlier call of such an account stays behind.
func (b *combiner) pick() []*call {
	if len(b.queue) == 0 {
		return nil
	}
	var ready []*call
	held := map[string]struct{}{}
	for _, c := range b.queue {
		if b.free(c) && !touches(held, c) {
			ready = append(ready, c)
			continue
		}
		for i := range c.accounts() {
			held[c.member(i)] = struct{}{}
		}
	}
	share := (len(b.queue) + b.aloft + b.engine.limits.Calls - 1) / b.engine.limits.Calls
	group := inTurn(ready, min(groupCalls, max(wholeCalls, share)))
	if len(group) == 0 {
		return nil
	}
	for _, c := range group {
		c.picked = true
		b.take(c)
	}
	b.queue = slices.DeleteFunc(b.queue, func(c *call) bool { return c.picked })
	return group
}

// inTurn picks n calls, the first of every member before the second of any, and those that
// would wait for them, in order of arrival.
func inTurn(ready []*call, n int) []*call {
	if len(ready) <= n {
		return ready
	}
	turns := map[string]int{}
	turn := make(map[*call]int, len(ready))
	for _, c := range ready {
		t := 0
		for i := range c.accounts() {
			t = max(t, turns[c.member(i)])
		}
		turn[c] = t
		for i := range c.accounts() {
			turns[c.member(i)] = t + 1
		}
	}
	order := slices.Clone(ready)
	slices.SortStableFunc(order, func(a, b *call) int { return turn[a] - turn[b] })
	group, behind := map[string]struct{}{}, map[string]struct{}{}
	left := groupCalls
	for i, c := range order {
		in := behind
		if i < n || left > 0 && touches(group, c) && !touches(behind, c) {
			c.picked, in = true, group
			left--
		}
		for i := range c.accounts() {
			in[c.member(i)] = struct{}{}
		}
	}
	return slices.DeleteFunc(ready, func(c *call) bool { return !c.picked })
}

func touches(members map[string]struct{}, c *call) bool {
	for i := range c.accounts() {
		if _, ok := members[c.member(i)]; ok {
			return true
		}
	}
	return false
}

func (b *combiner) free(c *call) bool { return !touches(b.busy, c) }

func (b *combiner) take(c *call) {
	c.taken = make([]string, c.accounts())
	for i := range c.taken {
		c.taken[i] = c.member(i)
		b.busy[c.taken[i]] = struct{}{}
	}
}
