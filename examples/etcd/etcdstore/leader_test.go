package etcdstore_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

func engineOn(t testing.TB, store storage.Store) *loyalty.Engine {
	t.Helper()
	engine, err := beansOn(store)
	require.NoError(t, err)
	return engine
}

// beansOn makes the engine of the shop's program on a store.
func beansOn(store storage.Store) (*loyalty.Engine, error) {
	program := loyalty.Program{
		ID: "beans", Zone: "Europe/Vienna",
		Units: []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(1, points.Years)}},
		Earning: []points.Rule{
			{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}},
		},
	}
	clock := func() time.Time { return time.Date(2027, time.February, 22, 9, 30, 0, 0, time.UTC) }
	return loyalty.New(loyalty.Revisions{program}, store, &loyalty.Options{Clock: clock, Secret: []byte("thirty-two bytes of the shop's..")})
}

// order is worth 4 points.
func order(member string, n int) loyalty.Earn {
	id := fmt.Sprintf("%s-%d", member, n)
	espresso := points.Line{Item: "espresso", Amount: decimal.RequireFromString("4.50")}
	return loyalty.Earn{Member: member, Key: id, Order: points.Order{ID: id, Currency: "EUR", Lines: []points.Line{espresso}}}
}

// The leader of three members is stopped while two engines take orders. Whoever
// gets an error asks again with the same key.
func TestNothingAcknowledgedIsLostWithTheLeader(t *testing.T) {
	const tills, orders = 8, 40
	servers := start(t, 3, true)
	engines := []*loyalty.Engine{engineOn(t, open(t, servers.client(t), nil)), engineOn(t, open(t, servers.client(t), nil))}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()

	var acknowledged, failures atomic.Int64
	midLoad := make(chan struct{})
	var group sync.WaitGroup
	for till := range tills {
		engine, member := engines[till%len(engines)], fmt.Sprintf("m-%d", till)
		ask := func(command loyalty.Command) {
			for ctx.Err() == nil {
				if _, err := engine.Do(ctx, command); err == nil {
					break
				}
				failures.Add(1)
			}
			if acknowledged.Add(1) == tills*orders/4 {
				close(midLoad)
			}
		}
		group.Go(func() {
			ask(loyalty.Enroll{Member: member, Key: "signup"})
			for n := range orders {
				ask(order(member, n))
			}
		})
	}
	<-midLoad
	servers.leader(t).stop()
	group.Wait()
	require.NoError(t, ctx.Err(), "all orders are answered within five minutes")
	t.Logf("the leader stopped after %d of %d answers, %d calls failed", tills*orders/4, tills*(orders+1), failures.Load())

	later := engineOn(t, open(t, servers.client(t), nil))
	for till := range tills {
		member, err := later.Member(t.Context(), fmt.Sprintf("m-%d", till))
		require.NoError(t, err)
		assert.EqualValues(t, 4*orders, member.Balance("bean").Available)
		for n := range orders {
			receipt, err := later.Do(t.Context(), order(member.ID, n))
			require.NoError(t, err)
			assert.True(t, receipt.Replayed, "order %d of %s was acknowledged", n, member.ID)
		}
	}
	report, err := later.Verify(t.Context(), nil)
	require.NoError(t, err)
	assert.True(t, report.OK(), report.Problems)
	assert.EqualValues(t, tills*(orders+1), report.Operations)
}
