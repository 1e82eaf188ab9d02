// Package linger is what adapters of servers share of waiting for a call that has been
// sent, when its context is done.
package linger

import (
	"context"
	"errors"
	"time"
)

// How long a call is waited for, so that the caller learns how it ended and the
// connection stays good.
const (
	afterCancel   = time.Second
	afterDeadline = 50 * time.Millisecond
)

// Context returns a context for what is on its way to the server. It is done a second
// after ctx is canceled, and 50 ms after its deadline. The caller must call stop.
func Context(ctx context.Context) (lingering context.Context, stop context.CancelFunc) {
	if ctx.Done() == nil {
		return ctx, func() {}
	}
	lingering, cancel := context.WithCancel(context.WithoutCancel(ctx))
	unfollow := context.AfterFunc(ctx, func() {
		grace := afterCancel
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			grace = afterDeadline
		}
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel()
		case <-lingering.Done():
		}
	})
	return &of{lingering, ctx}, func() { unfollow(); cancel() }
}

// of is a context that lingers after another and ends for the same reason: who ran out of
// time is told so, and not that somebody gave up.
type of struct {
	context.Context                 //nolint:containedctx // it is one
	before          context.Context //nolint:containedctx // it is one
}

// Err is that of the context before, once this one is done.
func (c *of) Err() error {
	err := c.Context.Err()
	if why := c.before.Err(); err != nil && why != nil {
		return why
	}
	return err
}
