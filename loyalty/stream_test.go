package loyalty_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

func bakery(t require.TestingT, store storage.Store) *loyalty.Engine {
	program := loyalty.Program{
		ID: "bakery", Zone: "UTC", Units: []points.Unit{{Code: "crumb", Expiry: points.NeverExpire()}},
		Earning: []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}}},
	}
	clock := func() time.Time { return time.Date(2027, time.March, 8, 9, 0, 0, 0, time.UTC) }
	engine, err := loyalty.New(loyalty.Revisions{program}, store, &loyalty.Options{Clock: clock, Secret: []byte("rye and wheat")})
	require.NoError(t, err)
	return engine
}

func loaf(member, order string) loyalty.Command {
	return loyalty.Earn{Member: member, Key: order, Order: points.Order{
		ID: order, Currency: "EUR", Lines: []points.Line{{Amount: decimal.NewFromInt(5)}},
	}}
}

// gated is a store whose commits wait, and that notes whom loads were about.
type gated struct {
	storage.Store
	gate chan struct{}
	mu   sync.Mutex
	// loaded has the members of each load.
	loaded [][]string
}

func (g *gated) Unwrap() storage.Store { return g.Store }

func (g *gated) Load(ctx context.Context, requests []storage.LoadRequest) ([]storage.Snapshot, error) {
	var members []string
	for i := range requests {
		members = append(members, requests[i].Member)
	}
	g.mu.Lock()
	g.loaded = append(g.loaded, members)
	g.mu.Unlock()
	return g.Store.Load(ctx, requests)
}

func (g *gated) Commit(ctx context.Context, batches []storage.Batch) ([]storage.Outcome, error) {
	<-g.gate
	return g.Store.Commit(ctx, batches)
}

func (g *gated) loads() [][]string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.loaded)
}

// breadBuyers are members of a new store with members.
func breadBuyers(t *testing.T, members ...string) *memory.Store {
	store := memory.New()
	engine := bakery(t, store)
	for _, member := range members {
		_, err := engine.Do(t.Context(), loyalty.Enroll{Member: member, Key: "enroll"})
		require.NoError(t, err)
	}
	return store
}

func TestDoAllDecidesOtherMembersWhileAGroupIsWritten(t *testing.T) {
	for _, c := range []struct {
		name   string
		stream []loyalty.Command
		loaded [][]string
	}{
		{
			"other members are loaded before the first group is written",
			[]loyalty.Command{loaf("ada", "1"), loaf("bob", "2"), loaf("cy", "3"), loaf("dee", "4")},
			[][]string{{"ada", "bob"}, {"cy", "dee"}},
		},
		{
			"a member who is in flight stays behind, and everybody after her is not held up",
			[]loyalty.Command{loaf("ada", "1"), loaf("bob", "2"), loaf("ada", "3"), loaf("dee", "4")},
			[][]string{{"ada", "bob"}, {"dee"}},
		},
		{
			"who has dealings with somebody that stays behind stays behind too",
			[]loyalty.Command{
				loaf("ada", "1"), loaf("bob", "2"),
				loyalty.Transfer{Member: "ada", Key: "3", To: "cy", Unit: "crumb", Points: 1},
				loaf("cy", "4"),
			},
			[][]string{{"ada", "bob"}},
		},
		{
			"nobody is decided while it is not known to whom a merged member leads",
			[]loyalty.Command{loaf("old ada", "1"), loaf("bob", "2"), loaf("ada", "3"), loaf("dee", "4")},
			[][]string{{"old ada", "bob"}, {"ada", "bob"}},
		},
		{
			"an order that is in flight for another member stays behind",
			[]loyalty.Command{loaf("ada", "1"), loaf("bob", "2"), loaf("cy", "1"), loaf("dee", "4")},
			[][]string{{"ada", "bob"}, {"dee"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &gated{Store: breadBuyers(t, "ada", "bob", "cy", "dee", "old ada"), gate: make(chan struct{})}
				_, err := bakery(t, store.Store).Do(t.Context(), loyalty.Merge{Member: "ada", Key: "merge", From: "old ada"})
				require.NoError(t, err)
				var receipts int
				engine := bakery(t, store)
				go func() {
					for _, err := range engine.DoAll(t.Context(), slices.Values(c.stream), &loyalty.AllOptions{Group: 2}) {
						if err == nil {
							receipts++
						}
					}
				}()
				synctest.Wait()
				require.Equal(t, c.loaded, store.loads())
				close(store.gate)
				synctest.Wait()
				require.GreaterOrEqual(t, receipts, 3)
			})
		})
	}
}

func TestDoAllReadsABoundedStretchOfTheStreamAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &gated{Store: breadBuyers(t, "ada"), gate: make(chan struct{})}
		var read int
		stream := func(yield func(loyalty.Command) bool) {
			for read < 1000 {
				read++
				if !yield(loaf("ada", fmt.Sprint(read))) {
					return
				}
			}
		}
		engine := bakery(t, store)
		go func() {
			for _, err := range engine.DoAll(t.Context(), stream, &loyalty.AllOptions{Group: 2}) {
				assert.NoError(t, err)
			}
		}()
		synctest.Wait()
		require.Equal(t, 4, read, "a group in flight, and one that waits for it")
		close(store.gate)
		synctest.Wait()
		require.Equal(t, 1000, read)
	})
}

func TestDoAllEndsNothingInFlightBehindTheBackOfWhoStopsTaking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &gated{Store: breadBuyers(t, "ada", "bob", "cy", "dee", "eve", "fay"), gate: make(chan struct{}, 1)}
		store.gate <- struct{}{}
		engine, stopped := bakery(t, store), false
		go func() {
			stream := []loyalty.Command{loaf("ada", "1"), loaf("bob", "2"), loaf("cy", "3"), loaf("dee", "4"), loaf("eve", "5"), loaf("fay", "6")}
			for _, err := range engine.DoAll(t.Context(), slices.Values(stream), &loyalty.AllOptions{Group: 2}) {
				assert.NoError(t, err)
				break
			}
			stopped = true
		}()
		synctest.Wait()
		require.False(t, stopped, "groups are still being written")
		close(store.gate)
		synctest.Wait()
		require.True(t, stopped)
	})
}

func TestWhoStopsSingleCommandsAtARefusalHasNothingStoredThatComesAfter(t *testing.T) {
	for name, refused := range map[string]loyalty.Command{
		"at sight":                loaf("", "2"),
		"by who it concerns":      loaf("nobody", "2"),
		"by an order of somebody": loaf("bob", "1"),
	} {
		t.Run(name, func(t *testing.T) {
			store := breadBuyers(t, "ada", "bob", "cy")
			engine, taken := bakery(t, store), 0
			stream := []loyalty.Command{loaf("ada", "1"), refused, loaf("cy", "3"), loaf("ada", "4")}
			for _, err := range engine.DoAll(t.Context(), slices.Values(stream), &loyalty.AllOptions{Group: 1}) {
				taken++
				if err != nil {
					break
				}
			}
			assert.Equal(t, 2, taken)
			ada, err := engine.Member(t.Context(), "ada")
			require.NoError(t, err)
			cy, err := engine.Member(t.Context(), "cy")
			require.NoError(t, err)
			assert.Equal(t, int64(2), ada.Version, "enrolled, and one loaf")
			assert.Equal(t, int64(1), cy.Version)
		})
	}
}

func TestDoAllGivesWhatOneCommandAfterTheOtherGives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stream := rapid.SliceOfN(rapid.Custom(bakeryCommand), 1, 60).Draw(t, "stream")
		group := rapid.IntRange(1, 7).Draw(t, "group")
		alone, together := bakery(t, memory.New()), bakery(t, memory.New())
		i := 0
		for got, gotErr := range together.DoAll(t.Context(), slices.Values(stream), &loyalty.AllOptions{Group: group}) {
			want, wantErr := alone.Do(t.Context(), stream[i])
			assert.Equal(t, fmt.Sprint(wantErr), fmt.Sprint(gotErr), "command %d", i)
			wantText, err := json.Marshal(want)
			require.NoError(t, err)
			gotText, err := json.Marshal(got)
			require.NoError(t, err)
			assert.JSONEq(t, string(wantText), string(gotText), "command %d", i)
			i++
		}
		require.Equal(t, len(stream), i)
	})
}

// bakeryCommand draws commands of few members, keys and orders, so that they meet.
func bakeryCommand(t *rapid.T) loyalty.Command {
	who := rapid.SampledFrom([]string{"ada", "bob", "cy", "dee", "eve", "fay"})
	member, other := who.Draw(t, "member"), who.Draw(t, "other")
	key := fmt.Sprint("k", rapid.IntRange(1, 40).Draw(t, "key"))
	switch rapid.IntRange(0, 9).Draw(t, "kind") {
	case 0, 1:
		return loyalty.Enroll{Member: member, Key: key}
	case 2:
		return loyalty.Transfer{Member: member, Key: key, To: other, Unit: "crumb", Points: 3}
	case 3:
		return loyalty.Spend{Member: member, Key: key, Unit: "crumb", Points: 4}
	case 4:
		return loyalty.Merge{Member: member, Key: key, From: other}
	default:
		return loaf(member, key)
	}
}
