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
