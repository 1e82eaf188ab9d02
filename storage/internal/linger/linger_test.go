package linger_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/storage/internal/linger"
)

func TestACallOnItsWayIsWaitedForAWhile(t *testing.T) {
	for name, c := range map[string]struct {
		end   func(context.Context) (context.Context, context.CancelFunc)
		after time.Duration
	}{
		"a second after its caller gave up": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return ctx, cancel
		}, time.Second},
		"50 ms after its deadline": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 0)
		}, 50 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := c.end(t.Context())
				defer cancel()
				lingering, stop := linger.Context(ctx)
				defer stop()
				begun := time.Now()
				<-lingering.Done()
				require.Equal(t, c.after, time.Since(begun))
				require.Equal(t, ctx.Err(), lingering.Err(), "it ends for the same reason")
			})
		})
	}
}

func TestWhatIsMadeOfALingeringContextIsToldThatTimeRanOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		lingering, stop := linger.Context(ctx)
		defer stop()
		child, give := context.WithCancel(lingering)
		defer give()
		begun := time.Now()
		<-child.Done()
		require.Equal(t, 51*time.Millisecond, time.Since(begun))
		require.Equal(t, context.DeadlineExceeded, child.Err())
		require.Equal(t, context.DeadlineExceeded, lingering.Err())
	})
}

// lapsed is a context that ran out of time and does not say when.
type lapsed struct{ context.Context } //nolint:containedctx // it is one

func (lapsed) Deadline() (deadline time.Time, ok bool) { return time.Time{}, false }

func TestADeadlineThatNobodyTellsEndsACallToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		lingering, stop := linger.Context(lapsed{ctx})
		defer stop()
		begun := time.Now()
		<-lingering.Done()
		require.Equal(t, 51*time.Millisecond, time.Since(begun))
	})
}

func TestACallThatHasEndedIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		lingering, stop := linger.Context(ctx)
		require.NoError(t, lingering.Err())
		stop()
		require.Error(t, lingering.Err())
		cancel()
	})
}
