package main

import (
	"context"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
	"github.com/loyaltykit/loyaltykit/storage/sqlite"
)

// stores opens one of each kind.
var stores = map[string]func(t testing.TB) storage.Store{
	"memory": func(testing.TB) storage.Store { return memory.New() },
	"sqlite": func(t testing.TB) storage.Store {
		store, err := sqlite.Open(filepath.Join(t.TempDir(), "shop.db"), &sqlite.Options{Synchronous: sqlite.Normal})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, store.Close()) })
		return store
	},
}

// Two members with the same open lots: one with a long history, one with a short.
const (
	veteran = "veteran"
	novice  = "novice"

	churnLots    = 25
	churnEntries = 2 * churnLots
)

// aged makes an engine with a veteran of some entries and a novice of a hundred,
// both with 20 open lots of a million points each.
func aged(t testing.TB, store storage.Store, entries int) *loyalty.Engine {
	t.Helper()
	engine, err := newEngine(store, true)
	require.NoError(t, err)
	var commands []loyalty.Command
	for who, n := range map[string]int{veteran: entries / churnEntries, novice: 100 / churnEntries} {
		commands = append(commands, loyalty.Enroll{Member: who, Key: "enroll"})
		for i := range n {
			commands = append(commands, churn{Member: who, Key: "churn-" + strconv.Itoa(i), Lots: churnLots})
		}
		for i := range 20 {
			commands = append(commands, loyalty.Adjust{
				Member: who, Key: "gift-" + strconv.Itoa(i), Unit: unit, Points: 1_000_000, Reason: "opening", Actor: "shop",
			})
		}
	}
	runAll(t, engine, commands)
	return engine
}

// verbs are what is compared: the i-th call for a member.
var verbs = map[string]func(ctx context.Context, engine *loyalty.Engine, who string, i int) error{
	"Earn": func(ctx context.Context, engine *loyalty.Engine, who string, i int) error {
		cmd := earn(0, who+"-"+orderID(i)).(loyalty.Earn)
		cmd.Member = who
		_, err := engine.Do(ctx, cmd)
		return err
	},
	"Spend": func(ctx context.Context, engine *loyalty.Engine, who string, i int) error {
		_, err := engine.Do(ctx, loyalty.Spend{Member: who, Key: "spend-" + strconv.Itoa(i), Unit: unit, Points: 3})
		return err
	},
	"Member": func(ctx context.Context, engine *loyalty.Engine, who string, _ int) error {
		_, err := engine.Member(ctx, who)
		return err
	},
}

// BenchmarkHistory compares, call by call in turns, a member with 100,000 entries
// to one with 100 and exactly as many open lots. The ratio is that of the medians.
func BenchmarkHistory(b *testing.B) {
	for name, open := range stores {
		for verb, call := range verbs {
			b.Run(name+"/"+verb, func(b *testing.B) {
				engine := aged(b, open(b), 100_000)
				var short, long []float64
				for i := 0; b.Loop(); i++ {
					short = append(short, timed(b, func() error { return call(b.Context(), engine, novice, i) }))
					long = append(long, timed(b, func() error { return call(b.Context(), engine, veteran, i) }))
				}
				b.ReportMetric(median(short), "short-ns/op")
				b.ReportMetric(median(long), "long-ns/op")
				b.ReportMetric(median(long)/median(short), "ratio")
				if ratio := median(long) / median(short); len(long) >= 200 && ratio > 1.3 {
					b.Errorf("a long history costs %.2f times as much", ratio)
				}
			})
		}
	}
}

func timed(b *testing.B, call func() error) float64 {
	start := time.Now()
	if err := call(); err != nil {
		b.Fatal(err)
	}
	return float64(time.Since(start))
}

func TestALongHistoryAllocatesNoMoreThanAShortOne(t *testing.T) {
	for name, open := range stores {
		engine := aged(t, open(t), 10_000)
		for verb, call := range verbs {
			t.Run(name+"/"+verb, func(t *testing.T) {
				allocations := func(who string) float64 {
					i := 0
					return testing.AllocsPerRun(100, func() {
						i++
						require.NoError(t, call(t.Context(), engine, who, i))
					})
				}
				assert.InEpsilon(t, allocations(novice), allocations(veteran), 0.1)
			})
		}
	}
}

// manyLots makes a member with lots, stocked 48 to a commit.
func manyLots(t testing.TB, engine *loyalty.Engine, lots int) {
	t.Helper()
	commands := []loyalty.Command{enroll(0)}
	for i := 0; lots > 0; i++ {
		commands = append(commands, stock{Member: member(0), Key: "stock-" + strconv.Itoa(i), Lots: min(lots, 48)})
		lots -= 48
	}
	runAll(t, engine, commands)
}

func TestASpendOverTenThousandLotsIsDoneInCommitsOfBoundedSize(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			const lots = 10_000
			recorded := &recorder{Store: open(t)}
			engine, err := newEngine(recorded, true)
			require.NoError(t, err)
			manyLots(t, engine, lots)
			recorded.batches = nil

			_, err = engine.Do(t.Context(), loyalty.Spend{Member: member(0), Key: "spree", Unit: unit, Points: lots * lotSize})
			require.NoError(t, err)
			largest := 0
			for i := range recorded.batches {
				largest = max(largest, recorded.batches[i].Rows())
			}
			t.Logf("%d commits, the largest of %d rows", len(recorded.batches), largest)
			assert.GreaterOrEqual(t, len(recorded.batches), lots/100)
			assert.LessOrEqual(t, largest, 500)
			page, err := engine.Member(t.Context(), member(0))
			require.NoError(t, err)
			assert.Zero(t, page.Balance(unit).Available+page.Balance(unit).Held)
		})
	}
}

func BenchmarkSpendOverTenThousandLots(b *testing.B) {
	for name, open := range stores {
		b.Run(name, func(b *testing.B) {
			engine, err := newEngine(open(b), true)
			require.NoError(b, err)
			runAll(b, engine, []loyalty.Command{enroll(0)})
			for i := 0; b.Loop(); i++ {
				b.StopTimer()
				var commands []loyalty.Command
				for part := range 200 {
					commands = append(commands, stock{Member: member(0), Key: "stock-" + strconv.Itoa(i*200+part), Lots: 50})
				}
				runAll(b, engine, commands)
				b.StartTimer()
				_, err := engine.Do(b.Context(), loyalty.Spend{Member: member(0), Key: "spree-" + strconv.Itoa(i), Unit: unit, Points: 10_000 * lotSize})
				require.NoError(b, err)
			}
		})
	}
}
