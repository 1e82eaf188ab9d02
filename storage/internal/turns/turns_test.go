package turns

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func take(t *testing.T, tx any) (done func()) {
	t.Helper()
	done, err := Take(t.Context(), tx)
	require.NoError(t, err)
	return done
}

func TestCallsOnOneTransactionTakeTurns(t *testing.T) {
	type transaction struct{ calls int }
	one, other := &transaction{}, &transaction{}
	endOfOther := take(t, other) // which keeps nobody of one waiting
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 100 {
				done := take(t, one)
				one.calls++
				done()
			}
		})
	}
	group.Wait()
	assert.Equal(t, 800, one.calls)
	assert.Len(t, inUse, 1)
	endOfOther()
	assert.Empty(t, inUse, "nothing is kept of transactions that nobody uses")
}

func TestOneWhoWaitsMayGiveUp(t *testing.T) {
	tx := new(int)
	done := take(t, tx)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Take(ctx, tx)
	require.ErrorIs(t, err, context.Canceled)
	done()
	take(t, tx)()
	assert.Empty(t, inUse)
}

func TestATransactionThatCannotBeComparedIsTheCallersOwn(t *testing.T) {
	done := take(t, struct{ of []int }{})
	assert.Empty(t, inUse)
	take(t, struct{ of []int }{})()
	done()
}
