package faults

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// A host's savepoint lives through calls of a bound engine, whatever its name: on MySQL a
// savepoint replaces one of the same name.
func TestASavepointOfTheHostsLivesThroughCalls(t *testing.T) {
	eachHost(t, func(t *testing.T, h *host) {
		for i, name := range []string{"loyaltykit", "shop"} {
			tx := h.begin(t.Context())
			bound := h.engine.WithStore(tx)
			h.gives(t, bound, name+"-1", false)
			require.NoError(t, tx.exec("SAVEPOINT "+name))
			h.gives(t, bound, name+"-2", false)
			_, err := bound.Do(t.Context(), loyalty.Spend{Member: "anna", Key: name + "-3", Unit: "point", Points: 1000})
			require.ErrorIs(t, err, loyalty.ErrInsufficientPoints)
			h.gives(t, bound, name+"-4", false)
			require.NoError(t, tx.exec("ROLLBACK TO SAVEPOINT "+name))
			require.NoError(t, tx.exec("RELEASE SAVEPOINT "+name))
			h.gives(t, bound, name+"-2", false)
			require.NoError(t, tx.commit())
			h.gives(t, h.engine, name+"-2", true)
			h.has(t, []points.Amount{30, 50}[i])
		}
	})
}

// An engine that is used after its transaction has ended says so, and stores nothing, on
// that connection or on another.
func TestAnEngineOfATransactionThatHasEndedStoresNothing(t *testing.T) {
	eachHost(t, func(t *testing.T, h *host) {
		for i, end := range []func(tx *transaction) error{
			func(tx *transaction) error { return tx.commit() },
			func(tx *transaction) error { return tx.rollback() },
		} {
			tx := h.begin(t.Context())
			bound := h.engine.WithStore(tx)
			h.gives(t, bound, fmt.Sprintf("order-%d", i), false)
			require.NoError(t, end(tx))
			require.Error(t, tx.commit(), "it has ended")
			next := h.begin(t.Context()) // on the same connection
			for range 2 {
				_, err := bound.Do(t.Context(), ten("late"))
				require.Error(t, err)
				require.Regexp(t, "tx is closed|has already been committed or rolled back", err.Error())
				require.NotErrorIs(t, err, loyalty.ErrRetryTransaction, "it would be met again")
				_, err = bound.Member(t.Context(), "anna")
				require.Error(t, err)
				require.Regexp(t, "tx is closed|has already been committed or rolled back", err.Error())
			}
			h.gives(t, h.engine.WithStore(next), fmt.Sprintf("next-%d", i), false)
			require.NoError(t, next.commit())
			h.has(t, []points.Amount{30, 40}[i])
		}
		h.gives(t, h.engine, "late", false)
	})
}

// Goroutines that share a transaction, by one engine or by a store for each, take turns:
// what was acknowledged is whole, what was refused is not there, and nobody waits for ever.
func TestGoroutinesOnOneTransactionTakeTurns(t *testing.T) {
	for name, shared := range map[string]bool{"one engine": true, "an engine each": false} {
		t.Run(name, func(t *testing.T) {
			eachHost(t, func(t *testing.T, h *host) {
				const callers, each = 6, 5
				tx := h.begin(t.Context())
				bound := h.engine.WithStore(tx)
				for i := range callers {
					enroll(t, bound, i)
				}
				var took atomic.Int64
				var group sync.WaitGroup
				for i := range callers {
					engine := bound
					if !shared {
						engine = newHostEngine(t, h.open(t, h.database)).WithStore(tx.again())
					}
					group.Go(func() {
						for n := range each {
							took.Add(callerEarns(t, engine, i, n))
						}
					})
				}
				group.Wait()
				require.EqualValues(t, 2*callers*each, took.Load(), "each at its first and its second key")
				require.NoError(t, tx.commit())
				h.has(t, 10)
				for i := range callers {
					m, err := h.engine.Member(t.Context(), fmt.Sprintf("guest-%d", i))
					require.NoError(t, err)
					require.EqualValues(t, 10*each, m.Balance("point").Available)
				}
			})
		})
	}
}

func enroll(t *testing.T, engine *loyalty.Engine, caller int) {
	t.Helper()
	_, err := engine.Do(t.Context(), loyalty.Enroll{Member: fmt.Sprintf("guest-%d", caller), Key: "enroll"})
	require.NoError(t, err)
}

// callerEarns gives a member ten points and asks for it once more. It returns how many
// answers were right.
func callerEarns(t *testing.T, engine *loyalty.Engine, caller, n int) (right int64) {
	t.Helper()
	command := loyalty.Adjust{
		Member: fmt.Sprintf("guest-%d", caller), Key: fmt.Sprintf("gift-%d", n), Unit: "point", Points: 10, Reason: "gift", Actor: "till",
	}
	for _, replayed := range []bool{false, true} {
		receipt, err := engine.Do(context.Background(), command)
		if assert.NoError(t, err) && assert.Equal(t, replayed, receipt.Replayed) {
			right++
		}
	}
	return right
}
