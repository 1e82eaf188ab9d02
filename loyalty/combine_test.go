package loyalty_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

// gate is a store whose commits wait until the test lets them through, so that
// calls pile up behind one that is in flight.
type gate struct {
	mu     sync.Mutex
	shut   func(batches []storage.Batch) bool
	open   chan struct{}
	mangle func(batches []storage.Batch, next func() ([]storage.Outcome, error)) ([]storage.Outcome, error)
	groups [][]string
}

func (g *gate) commit(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
	g.mu.Lock()
	wait, mangle := g.open, g.mangle
	if g.shut != nil && !g.shut(batches) {
		wait = nil
	}
	var keys []string
	for _, b := range batches {
		keys = append(keys, b.Legs[0].Operation.Key)
	}
	g.groups = append(g.groups, keys)
	g.mu.Unlock()
	if wait != nil {
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if mangle != nil {
		return mangle(batches, func() ([]storage.Outcome, error) { return next(ctx, batches) })
	}
	return next(ctx, batches)
}

// close makes every later commit wait; release lets them through.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open, g.groups = make(chan struct{}), nil
}

func (g *gate) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.open)
	g.open = nil
}

// only makes the gate hold back commits of one member.
func (g *gate) only(member string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = func(batches []storage.Batch) bool {
		return slices.ContainsFunc(batches, func(b storage.Batch) bool { return b.Legs[0].Account.Member == member })
	}
}

// counter is a shop with a gate, one beginner whose call is in flight, and calls that
// wait behind it.
type counter struct {
	*shop
	*gate
	waiting sync.WaitGroup
}

type answer struct {
	receipt loyalty.Receipt
	err     error
}

func openCounter(t *testing.T) *counter {
	t.Helper()
	c := &counter{shop: openShop(t, beans(points.NeverExpire())), gate: &gate{}}
	c.store.OnCommit = c.commit
	c.store.Store = oneAtATime{c.store.Store}
	engine, err := loyalty.New(loyalty.Revisions{beans(points.NeverExpire())}, c.store, &loyalty.Options{
		Clock: c.clock, Secret: []byte("a secret of the test"), Attempts: 6,
	})
	require.NoError(t, err)
	c.Engine = engine
	for _, member := range []string{"first", "anna", "ben"} {
		c.must(loyalty.Enroll{Member: member, Key: "enroll"})
		c.must(loyalty.Adjust{Member: member, Key: "gift", Unit: "bean", Points: 100, Reason: "gift", Actor: "shop"})
	}
	return c
}

// oneAtATime is a store that takes one group in flight, like a file.
type oneAtATime struct{ storage.Store }

func (oneAtATime) Limits() storage.Limits { return storage.Limits{Calls: 1} }

// begin puts one call in flight and waits until it is held at the gate.
func (c *counter) begin() {
	c.close()
	c.ask(c.t.Context(), loyalty.Spend{Member: "first", Key: "begin", Unit: "bean", Points: 1})
	synctest.Wait()
}

// ask runs a command on a goroutine of its own.
func (c *counter) ask(ctx context.Context, cmd loyalty.Command) *answer {
	a := &answer{}
	c.waiting.Go(func() { a.receipt, a.err = c.Do(ctx, cmd) })
	synctest.Wait()
	return a
}

func (c *counter) end() {
	c.release()
	c.waiting.Wait()
	c.verify()
}

func TestACallerWhoGivesUpInTheQueueNeverAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := openCounter(t)
		c.begin()
		ctx, cancel := context.WithCancel(t.Context())
		gone := c.ask(ctx, loyalty.Spend{Member: "anna", Key: "gone", Unit: "bean", Points: 40})
		stays := c.ask(t.Context(), loyalty.Spend{Member: "anna", Key: "stays", Unit: "bean", Points: 70})
		cancel()
		synctest.Wait()
		require.ErrorIs(t, gone.err, context.Canceled)
		require.NotErrorIs(t, gone.err, loyalty.ErrOutcomeUnknown)
		c.end()
		require.NoError(t, stays.err)
		require.Equal(t, points.Amount(30), c.balance().Available)
	})
}

func TestACallerWhoGivesUpInFlightIsToldThatTheOutcomeIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := openCounter(t)
		c.begin()
		ctx, cancel := context.WithCancel(t.Context())
		spend := loyalty.Spend{Member: "anna", Key: "gone", Unit: "bean", Points: 40}
		gone := c.ask(ctx, spend)
		other := c.ask(t.Context(), loyalty.Spend{Member: "ben", Key: "other", Unit: "bean", Points: 1})
		// The first lands, and the two go off together and wait at a new gate.
		held := c.open
		c.close()
		close(held)
		synctest.Wait()
		cancel()
		synctest.Wait()
		require.ErrorIs(t, gone.err, loyalty.ErrOutcomeUnknown)
		require.ErrorIs(t, gone.err, context.Canceled)
		c.end()
		require.NoError(t, other.err)
		require.Equal(t, [][]string{{"gone", "other"}}, c.groups)
		receipt := c.must(spend)
		require.True(t, receipt.Replayed)
		require.Equal(t, points.Amount(60), c.balance().Available)
	})
}

// explosive panics when it is applied.
type explosive struct{ Member, Key string }

func (e explosive) Plan() loyalty.Plan                     { return loyalty.Plan{Member: e.Member, Key: e.Key} }
func (explosive) Apply(context.Context, *loyalty.Tx) error { panic("the host's code is wrong") }

func TestAPanicIsItsOwnCallersAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := openCounter(t)
		c.begin()
		before := c.ask(t.Context(), loyalty.Spend{Member: "anna", Key: "before", Unit: "bean", Points: 10})
		panics := c.ask(t.Context(), explosive{Member: "anna", Key: "panics"})
		after := c.ask(t.Context(), loyalty.Spend{Member: "anna", Key: "after", Unit: "bean", Points: 20})
		c.end()
		require.NoError(t, before.err)
		require.ErrorIs(t, panics.err, loyalty.ErrPanicked)
		require.NoError(t, after.err)
		require.Equal(t, points.Amount(70), c.balance().Available)
		require.Equal(t, [][]string{{"begin"}, {"before", "after"}}, append([][]string{{"begin"}}, c.groups[1:]...))
	})
}

func TestARefusalThatRestsOnAFailedPredecessorIsDecidedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := openCounter(t)
		c.begin()
		large := c.ask(t.Context(), loyalty.Spend{Member: "anna", Key: "large", Unit: "bean", Points: 100})
		small := c.ask(t.Context(), loyalty.Spend{Member: "anna", Key: "small", Unit: "bean", Points: 50})
		neighbor := c.ask(t.Context(), loyalty.Spend{Member: "ben", Key: "neighbor", Unit: "bean", Points: 5})
		c.mangle = func(batches []storage.Batch, next func() ([]storage.Outcome, error)) ([]storage.Outcome, error) {
			if batches[0].Legs[0].Operation.Key != "large" {
				return next()
			}
			outcomes := []storage.Outcome{{Status: storage.TooLarge}}
			rest, err := c.store.Store.Commit(t.Context(), batches[1:])
			return append(outcomes, rest...), err
		}
		c.end()
		require.ErrorIs(t, large.err, loyalty.ErrTooLarge)
		require.NoError(t, small.err, "the points that the large spend did not take are there")
		require.NoError(t, neighbor.err)
		require.Equal(t, points.Amount(50), c.balance().Available)
	})
}

func TestOneKeyTwiceInAGroupHasOneEffect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := openCounter(t)
		c.begin()
		spend := loyalty.Spend{Member: "anna", Key: "once", Unit: "bean", Points: 10}
		one := c.ask(t.Context(), spend)
		two := c.ask(t.Context(), spend)
		three := c.ask(t.Context(), loyalty.Spend{Member: "anna", Key: "once", Unit: "bean", Points: 11})
		c.end()
		require.NoError(t, one.err)
		require.NoError(t, two.err)
		require.False(t, one.receipt.Replayed)
		require.True(t, two.receipt.Replayed)
		two.receipt.Replayed = false
		require.Equal(t, one.receipt, two.receipt)
		require.ErrorIs(t, three.err, loyalty.ErrKeyReused)
		require.Equal(t, points.Amount(90), c.balance().Available)
	})
}

func TestADuplicateClaimAmongMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := openCounter(t)
		for i := range 32 {
			c.must(loyalty.Enroll{Member: fmt.Sprintf("m-%d", i), Key: "enroll"})
		}
		c.begin()
		var answers []*answer
		for i := range 32 {
			answers = append(answers, c.ask(t.Context(), loyalty.Earn{Member: fmt.Sprintf("m-%d", i), Key: "order", Order: latte("1001")}))
		}
		spend := c.ask(t.Context(), loyalty.Spend{Member: "anna", Key: "beside", Unit: "bean", Points: 10})
		c.end()
		require.NoError(t, spend.err)
		earned := 0
		for _, a := range answers {
			if a.err == nil {
				earned++
				continue
			}
			var claimed *loyalty.ClaimedError
			require.ErrorIs(t, a.err, loyalty.ErrOrderEarned)
			require.ErrorAs(t, a.err, &claimed)
			require.Equal(t, "m-0", claimed.Holder)
		}
		require.Equal(t, 1, earned)
	})
}

func TestAfterAnUnknownOutcomeEachCommandIsLookedUp(t *testing.T) {
	for _, stored := range []bool{true, false} {
		t.Run(fmt.Sprintf("stored %v", stored), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := openCounter(t)
				c.begin()
				anna := c.ask(t.Context(), loyalty.Spend{Member: "anna", Key: "a", Unit: "bean", Points: 10})
				ben := c.ask(t.Context(), loyalty.Spend{Member: "ben", Key: "b", Unit: "bean", Points: 10})
				poor := c.ask(t.Context(), loyalty.Spend{Member: "ben", Key: "c", Unit: "bean", Points: 95})
				first := true
				c.mangle = func(batches []storage.Batch, next func() ([]storage.Outcome, error)) ([]storage.Outcome, error) {
					if batches[0].Legs[0].Operation.Key != "a" || !first {
						return next()
					}
					first = false
					if stored {
						_, _ = next()
					}
					return nil, errors.New("the answer was cut")
				}
				c.end()
				require.NoError(t, anna.err)
				require.NoError(t, ben.err)
				require.ErrorIs(t, poor.err, loyalty.ErrInsufficientPoints)
				require.False(t, anna.receipt.Replayed)
				require.Equal(t, points.Amount(90), c.balance().Available)
			})
		})
	}
}

func TestWhatTheStoreRefusesOfOneCallFailsNoNeighbor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := openCounter(t)
		refused := errors.New(`duplicate key value violates unique constraint "shop_once"`)
		c.begin()
		before := c.ask(t.Context(), loyalty.Spend{Member: "first", Key: "before", Unit: "bean", Points: 5})
		anna := c.ask(t.Context(), loyalty.Spend{Member: "anna", Key: "a", Unit: "bean", Points: 10})
		ben := c.ask(t.Context(), loyalty.Spend{Member: "ben", Key: "b", Unit: "bean", Points: 10})
		poor := c.ask(t.Context(), loyalty.Spend{Member: "ben", Key: "c", Unit: "bean", Points: 95})
		c.mangle = func(batches []storage.Batch, next func() ([]storage.Outcome, error)) ([]storage.Outcome, error) {
			if slices.ContainsFunc(batches, func(b storage.Batch) bool { return b.Legs[0].Account.Member == "anna" }) {
				return nil, refused
			}
			return next()
		}
		c.end()
		require.NoError(t, before.err)
		require.NoError(t, ben.err)
		require.ErrorIs(t, poor.err, loyalty.ErrInsufficientPoints)
		require.ErrorIs(t, anna.err, loyalty.ErrOutcomeUnknown)
		require.ErrorIs(t, anna.err, refused, "it says why")
		require.Equal(t, points.Amount(100), c.balance().Available)
	})
}

func TestAnOutcomeThatStaysUnknownIsSaidToBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := openCounter(t)
		down := errors.New("the server is gone")
		c.mangle = func(_ []storage.Batch, next func() ([]storage.Outcome, error)) ([]storage.Outcome, error) {
			_, _ = next()
			c.store.OnLoad = func(context.Context, []storage.LoadRequest, storagetest.LoadFunc) ([]storage.Snapshot, error) {
				return nil, down
			}
			return nil, down
		}
		spend := loyalty.Spend{Member: "anna", Key: "a", Unit: "bean", Points: 10}
		_, err := c.Do(t.Context(), spend)
		require.ErrorIs(t, err, loyalty.ErrOutcomeUnknown)
		c.store.OnLoad, c.mangle = nil, nil
		require.True(t, c.must(spend).Replayed)
		c.verify()
	})
}

// fourAtATime is a store that takes several groups in flight, like a server.
type fourAtATime struct{ storage.Store }

func (fourAtATime) Limits() storage.Limits { return storage.Limits{Calls: 4} }

func TestALockOnOneMemberDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := openCounter(t)
		c.store.Store = fourAtATime{c.store.Store.(oneAtATime).Store}
		c.Engine = c.WithStore(c.store)
		c.only("anna")
		c.close()
		locked := c.ask(t.Context(), loyalty.Spend{Member: "anna", Key: "locked", Unit: "bean", Points: 1})
		behind := c.ask(t.Context(), loyalty.Spend{Member: "anna", Key: "behind", Unit: "bean", Points: 2})
		free := c.ask(t.Context(), loyalty.Spend{Member: "ben", Key: "free", Unit: "bean", Points: 3})
		require.Equal(t, "free", free.receipt.Key, "ben is served while anna's row is locked")
		require.Empty(t, locked.receipt.Key)
		c.end()
		require.NoError(t, locked.err)
		require.NoError(t, behind.err)
		require.Equal(t, points.Amount(97), c.balance().Available)
	})
}

func TestAnOutcomeThatIsUnknownAgainAndAgainIsLookedUpOnceMore(t *testing.T) {
	for _, storedAt := range []int{0, 8} {
		t.Run(fmt.Sprintf("stored at commit %d", storedAt), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := openCounter(t)
				cut, commits := errors.New("the answer was cut"), 0
				engine, err := loyalty.New(loyalty.Revisions{beans(points.NeverExpire())}, c.store, &loyalty.Options{Clock: c.clock})
				require.NoError(t, err)
				c.mangle = func(_ []storage.Batch, next func() ([]storage.Outcome, error)) ([]storage.Outcome, error) {
					if commits++; commits == storedAt {
						_, _ = next()
					}
					return nil, cut
				}
				spend := loyalty.Spend{Member: "anna", Key: "a", Unit: "bean", Points: 10}
				receipt, err := engine.Do(t.Context(), spend)
				require.Equal(t, 8, commits)
				if storedAt == 0 {
					require.ErrorIs(t, err, loyalty.ErrOutcomeUnknown)
					require.ErrorIs(t, err, cut)
					return
				}
				require.NoError(t, err)
				require.False(t, receipt.Replayed)
			})
		})
	}
}

// twoAtATime is a store that takes two groups in flight, like a server.
type twoAtATime struct{ storage.Store }

func (twoAtATime) Limits() storage.Limits { return storage.Limits{Calls: 2} }

// servedCounter is a counter whose store takes two groups in flight, with members who
// have points.
func servedCounter(t *testing.T, members ...string) *counter {
	t.Helper()
	c := openCounter(t)
	c.store.Store = twoAtATime{c.store.Store}
	engine, err := loyalty.New(loyalty.Revisions{beans(points.NeverExpire())}, c.store, &loyalty.Options{
		Clock: c.clock, Secret: []byte("a secret of the test"), Attempts: 6,
	})
	require.NoError(t, err)
	c.Engine = engine
	for _, member := range members {
		c.must(loyalty.Enroll{Member: member, Key: "enroll"})
		c.must(loyalty.Adjust{Member: member, Key: "gift", Unit: "bean", Points: 100, Reason: "gift", Actor: "shop"})
	}
	return c
}

// shoppers are so many members.
func shoppers(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("shopper-%02d", i)
	}
	return names
}

func (c *counter) spend(member, key string) *answer {
	return c.ask(c.t.Context(), loyalty.Spend{Member: member, Key: key, Unit: "bean", Points: 1})
}

// sizes are how many calls each group had that was sent to the store.
func (g *gate) sizes() []int {
	g.mu.Lock()
	defer g.mu.Unlock()
	var sizes []int
	for _, keys := range g.groups {
		sizes = append(sizes, len(keys))
	}
	return sizes
}

func TestTwoCallersNeverWaitForEachOtherWhereTwoGroupsMayFly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := servedCounter(t)
		c.begin()
		second := c.spend("anna", "second")
		require.Equal(t, []int{1, 1}, c.sizes())
		c.end()
		require.NoError(t, second.err)
	})
}

func TestAGroupTakesItsShareOfAllCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		crowd := shoppers(20)
		c := servedCounter(t, crowd...)
		c.begin()
		c.spend("anna", "second")
		for _, member := range crowd {
			c.spend(member, "coffee")
		}
		c.end()
		require.Equal(t, 11, slices.Max(c.sizes()), "one of the two has landed, and the other half of 21 calls is for the next: %v", c.sizes())
	})
}

func TestAGroupTakesAlongWhoWouldWaitForItBecauseOfAnAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		crowd := shoppers(4)
		c := servedCounter(t, append(crowd, "hot")...)
		c.begin()
		c.spend("anna", "second")
		for n := range 16 {
			c.spend("hot", fmt.Sprintf("coffee-%d", n))
		}
		for _, member := range crowd {
			c.spend(member, "coffee")
		}
		c.end()
		require.Equal(t, 20, slices.Max(c.sizes()), "of one member, who makes one group at a time, and all others: %v", c.sizes())
	})
}

func TestCallersWhoComeBackShareTheNextRound(t *testing.T) {
	// Who comes back in time is the scheduler's choice where several threads run callers.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	synctest.Test(t, func(t *testing.T) {
		const each = 5
		crowd := shoppers(6)
		c := servedCounter(t, crowd...)
		c.mangle = func(_ []storage.Batch, next func() ([]storage.Outcome, error)) ([]storage.Outcome, error) {
			time.Sleep(time.Millisecond)
			return next()
		}
		c.begin()
		for _, member := range crowd {
			c.waiting.Go(func() {
				for n := range each {
					_, err := c.Do(t.Context(), loyalty.Spend{Member: member, Key: fmt.Sprintf("coffee-%d", n), Unit: "bean", Points: 1})
					assert.NoError(t, err)
				}
			})
		}
		synctest.Wait()
		c.end()
		require.Less(t, len(c.sizes()), 15, "30 calls of six callers fly together: %v", c.sizes())
	})
}
