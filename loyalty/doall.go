package loyalty

import (
	"context"
	"iter"
)

// AllOptions says how DoAll works; nil and the zero value are good defaults.
type AllOptions struct {
	// FollowLog takes each command's OccurredAt, where it has one, for the
	// engine's now: a recorded history is replayed as if it happened again. One
	// that is ahead of the clock by more than Options.Skew is refused.
	FollowLog bool
	// Group is how many commands are decided in one round; 0 is 256.
	Group int
	// Progress, if not nil, is called after every round with the number of
	// commands that are finished.
	Progress func(done int)
}

// DoAll runs a stream of commands, many to a commit, and yields the receipt or
// the error of each in the order of the stream. Commands of one member are decided
// in that order too. An error is that of one command and stops no other, except
// that a context that is done ends the iteration with its error.
//
// The stream is read as the results are taken. Every command is idempotent by
// its key, so that a run that was stopped can be repeated from the start.
func (e *Engine) DoAll(ctx context.Context, commands iter.Seq[Command], options *AllOptions) iter.Seq2[Receipt, error] {
	var o AllOptions
	if options != nil {
		o = *options
	}
	if o.Group <= 0 {
		o.Group = 256
	}
	return func(yield func(Receipt, error) bool) {
		done := 0
		group := make([]*call, 0, o.Group)
		flush := func() bool {
			e.runAll(ctx, group)
			done += len(group)
			if o.Progress != nil {
				o.Progress(done)
			}
			for _, c := range group {
				if !yield(c.result()) {
					return false
				}
			}
			group = group[:0]
			return true
		}
		for cmd := range commands {
			if err := ctx.Err(); err != nil {
				yield(Receipt{}, err)
				return
			}
			group = append(group, e.streamed(ctx, cmd, &o))
			if len(group) == o.Group && !flush() {
				return
			}
		}
		if len(group) > 0 {
			flush()
		}
	}
}

// streamed makes a call of a command. One that is refused already is finished.
func (e *Engine) streamed(ctx context.Context, cmd Command, o *AllOptions) *call {
	c, err := e.newCall(ctx, cmd)
	if err != nil {
		return &call{cmd: cmd, err: err, refused: true}
	}
	at := c.plan.OccurredAt
	if o.FollowLog && !at.IsZero() && !at.After(c.now.Add(e.options.Skew)) {
		c.now = at
	}
	return c
}

func (e *Engine) runAll(ctx context.Context, group []*call) {
	calls := make([]*call, 0, len(group))
	for _, c := range group {
		if !c.refused {
			calls = append(calls, c)
		}
	}
	if len(calls) == 0 {
		return
	}
	if err := e.writeRevisions(ctx); err != nil {
		failAll(calls, func(*call) error { return err })
		return
	}
	e.run(ctx, calls)
}
