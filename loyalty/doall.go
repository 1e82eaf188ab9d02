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
	// Group is how many commands are decided in one round; 0 is 256. With 1 the
	// result of each is taken before the next is decided, so that a caller who
	// stops at an error has nothing stored that comes after it.
	Group int
	// Progress, if not nil, is called after rounds with the number of commands that
	// are finished, of which no earlier one is not.
	Progress func(done int)
}

// DoAll runs a stream of commands, many to a commit, and yields the receipt or
// the error of each in the order of the stream. Commands of one member are decided
// in that order too, and so are those that name the same claim or counter in their
// plans. An error is that of one command and stops no other, except that a context
// that is done ends the iteration with its error.
//
// While one group of commands is written, the next is decided if it concerns other
// members. The stream is read as the results are taken, a few groups ahead of them:
// commands that were read may be stored though nobody takes their results, unless
// AllOptions.Group is 1. Every
// command is idempotent by its key, so that a run that was stopped can be repeated
// from the start.
func (e *Engine) DoAll(ctx context.Context, commands iter.Seq[Command], options *AllOptions) iter.Seq2[Receipt, error] {
	var o AllOptions
	if options != nil {
		o = *options
	}
	if o.Group <= 0 {
		o.Group = 256
	}
	return func(yield func(Receipt, error) bool) {
		s := newStream(ctx, e, &o, results(yield))
		defer s.end()
		for cmd := range commands {
			if err := ctx.Err(); err != nil {
				yield(Receipt{}, err)
				return
			}
			if !s.take(e.streamed(ctx, cmd, &o)) {
				return
			}
		}
		s.finish()
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
