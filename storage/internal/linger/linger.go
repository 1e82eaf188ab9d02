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
// after ctx is canceled or 50 ms after its deadline, whichever comes first. Who ran out of
// time is told so, also by contexts made from it, and not that somebody gave up. The caller
// must call stop.
func Context(ctx context.Context) (lingering context.Context, stop context.CancelFunc) {
	if ctx.Done() == nil {
		return ctx, func() {}
	}
	lingering, cancel := context.WithCancel(context.WithoutCancel(ctx))
	end := func() {}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		lingering, end = context.WithTimeout(lingering, afterDeadline)
	} else if deadline, ok := ctx.Deadline(); ok && ctx.Err() == nil {
		lingering, end = context.WithDeadline(lingering, deadline.Add(afterDeadline))
	}
	unfollow := context.AfterFunc(ctx, func() {
		grace := afterCancel
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			if _, own := lingering.Deadline(); own {
				return
			}
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
	return lingering, func() { unfollow(); end(); cancel() }
}
