package loyalty

import (
	"context"
	"slices"
	"sync"
)

// stream is one DoAll or RunDue at work. Its calls wait in a queue and leave it in groups.
// A group is decided when the one before it is, and written while later ones are
// decided. Groups in flight have no account, claim or counter in common, as far as
// their plans tell.
type stream struct {
	engine  *Engine
	ctx     context.Context //nolint:containedctx // a stream lives within one call of DoAll
	options *AllOptions
	yield   func(*call) bool
	// window holds the calls whose results are not taken, in order of the stream.
	window []*streamedCall
	queue  []*streamedCall
	// flights are the groups in flight, the oldest first; most is how many there may be.
	flights []*flight
	most    int
	done    int
	// over is set when nobody takes results any more.
	over bool
}

// streamedCall is a call of a stream. It is finished once its group has landed.
type streamedCall struct {
	*call
	landed, picked bool
}

// flight is a group on its way.
type flight struct {
	calls []*streamedCall
	// held names what other groups must leave alone, once it is decided.
	held map[string]struct{}
	// decided is closed when the next group may be decided, landed when all is done.
	decided, landed chan struct{}
}

func newStream(ctx context.Context, e *Engine, o *AllOptions, yield func(*call) bool) *stream {
	s := &stream{engine: e, ctx: ctx, options: o, yield: yield, most: e.limits.Calls + 1}
	if e.bound || o.Group == 1 {
		s.most = 1
	}
	return s
}

// results hands the receipts or errors of calls to yield.
func results(yield func(Receipt, error) bool) func(*call) bool {
	return func(c *call) bool { return yield(c.result()) }
}

// take adds a call, and sends off what can be. It reports whether to go on.
func (s *stream) take(c *call) bool {
	next := &streamedCall{call: c, landed: c.refused}
	s.window = append(s.window, next)
	if !c.refused {
		s.queue = append(s.queue, next)
	}
	for !s.over && (len(s.queue) >= s.options.Group || len(s.window) >= s.options.Group*(s.most+2)) {
		s.advance()
	}
	return !s.over
}

// finish runs what is left, unless nobody takes the results.
func (s *stream) finish() {
	for !s.over && len(s.queue)+len(s.flights) > 0 {
		s.advance()
	}
	if !s.over {
		s.hand()
	}
}

// end waits for what is in flight when nobody takes results any more.
func (s *stream) end() {
	for _, f := range s.flights {
		<-f.landed
	}
}

// advance sends off a group, or hands out the results of the oldest.
func (s *stream) advance() {
	if len(s.flights) == 0 {
		s.hand()
	}
	if s.over || s.launch() {
		return
	}
	s.land()
	s.hand()
}

// land waits for the oldest group in flight, if there is one.
func (s *stream) land() {
	if len(s.flights) == 0 {
		return
	}
	f := s.flights[0]
	<-f.landed
	s.flights = s.flights[1:]
	for _, c := range f.calls {
		c.landed = true
	}
}

// stop hands out the results of what is in flight, and sends off nothing more.
func (s *stream) stop() {
	for len(s.flights) > 0 {
		s.land()
	}
	s.hand()
}

// hand hands the results out that are next in order.
func (s *stream) hand() {
	n := 0
	for n < len(s.window) && s.window[n].landed {
		n++
	}
	ready := s.window[:n]
	s.window = s.window[n:]
	s.done += n
	if n > 0 && s.options.Progress != nil {
		s.options.Progress(s.done)
	}
	for _, c := range ready {
		if !s.yield(c.call) {
			s.over = true
			return
		}
	}
}

// launch sends off a group, if one is to be had that is worth it.
func (s *stream) launch() bool {
	if len(s.flights) >= s.most || len(s.queue) == 0 {
		return false
	}
	if len(s.flights) > 0 {
		<-s.flights[len(s.flights)-1].decided
	}
	calls := s.pick()
	if len(calls) == 0 || len(s.flights) > 0 && len(calls) < min(s.options.Group, len(s.queue))/2 {
		return false
	}
	f := &flight{calls: calls, decided: make(chan struct{}), landed: make(chan struct{})}
	var earlier <-chan struct{}
	if len(s.flights) > 0 {
		earlier = s.flights[len(s.flights)-1].landed
	}
	for _, c := range calls {
		c.picked = true
	}
	s.queue = slices.DeleteFunc(s.queue, func(c *streamedCall) bool { return c.picked })
	s.flights = append(s.flights, f)
	go s.engine.fly(s.ctx, f, earlier)
	return true
}

// pick chooses a group from the front of the queue. What touches a group in flight
// stays behind, and so does what touches something that stays behind.
func (s *stream) pick() []*streamedCall {
	var group []*streamedCall
	held := map[string]struct{}{}
	for _, c := range s.queue {
		if len(group) == s.options.Group {
			break
		}
		names := c.names()
		if s.free(names, held) {
			group = append(group, c)
			continue
		}
		for _, name := range names {
			held[name] = struct{}{}
		}
	}
	return group
}

func (s *stream) free(names []string, held map[string]struct{}) bool {
	for _, name := range names {
		if _, ok := held[name]; ok {
			return false
		}
		for _, f := range s.flights {
			if _, ok := f.held[name]; ok {
				return false
			}
		}
	}
	return true
}

// names lists what a call touches: accounts, and unlike any account claims and
// counters.
func (c *call) names() []string {
	names := make([]string, 0, 4)
	for _, plan := range []*Plan{&c.plan, c.original} {
		if plan == nil {
			continue
		}
		names = append(append(names, plan.Member), plan.Others...)
		for _, counter := range plan.Counters {
			names = append(names, "\x00\x00"+counter.Key)
		}
	}
	return append(names, c.claimNames()...)
}

// fly takes a group through its first round while earlier groups are in flight. What
// that leaves waits until they have landed, so that it is decided in order.
func (e *Engine) fly(ctx context.Context, f *flight, earlier <-chan struct{}) {
	defer close(f.landed)
	calls := make([]*call, len(f.calls))
	for i, c := range f.calls {
		calls[i] = c.call
	}
	decided := sync.OnceFunc(func() {
		f.hold(calls)
		close(f.decided)
	})
	defer decided()
	left := e.firstRound(ctx, calls, decided)
	if len(left) == 0 {
		return
	}
	if earlier != nil {
		<-earlier
	}
	e.goOn(ctx, left)
}

// hold notes what the calls touch.
func (f *flight) hold(calls []*call) {
	f.held = make(map[string]struct{}, len(calls))
	for _, c := range calls {
		for _, name := range c.names() {
			f.held[name] = struct{}{}
		}
	}
}

// firstRound decides calls and stores what came of it. It tells when all of them are
// decided, or not at all. It returns those that are not finished.
func (e *Engine) firstRound(ctx context.Context, calls []*call, decided func()) []*call {
	ctx, cancel := context.WithTimeout(ctx, e.options.StoreTimeout)
	defer cancel()
	if err := e.writeRevisions(ctx); err != nil {
		failAll(calls, func(*call) error { return err })
		return nil
	}
	round := e.decideAll(ctx, calls, len(calls) == 1)
	if len(round.left) == 0 {
		decided()
	}
	return round.commit()
}

// goOn finishes calls that a round has left.
func (e *Engine) goOn(ctx context.Context, left []*call) {
	ctx, cancel := context.WithTimeout(ctx, e.options.StoreTimeout)
	defer cancel()
	for calls := e.limit(ctx, e.leftovers(ctx, left)); len(calls) > 0; {
		calls = e.limit(ctx, e.round(ctx, calls, len(calls) == 1))
	}
}
