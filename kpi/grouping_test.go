package kpi

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestGroupingHandsOutEveryOrderToItsMemberOnce(t *testing.T) {
	for _, c := range []struct {
		name                           string
		orders, members, part, workers int
		heavy                          float64
	}{
		{"one order", 1, 1, 16, 2, 0},
		{"a few orders of many members", 20, 5000, 16, 3, 0},
		{"many parts and rounds", 20_000, 700, 64, 3, 0},
		{"one member with half of all orders", 20_000, 700, 64, 4, 0.5},
		{"one part for all", 500, 3, 1 << 20, 2, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			names := make([]string, c.members)
			for i := range names {
				names[i] = fmt.Sprintf("m%06d", i)
			}
			member, at, amounts := make([]uint32, c.orders), make([]int64, c.orders), make([]int64, c.orders)
			want := map[uint32]map[int64]spell{}
			late := 0
			for i := range member {
				member[i] = uint32(random.IntN(c.members))
				if random.Float64() < c.heavy {
					member[i] = 0
				}
				at[i] = time.Date(2027, time.January, 1+random.IntN(400), 12, 0, 0, 0, time.UTC).UnixMicro()
				amounts[i] = random.Int64N(900) - 100
				day := at[i] / microsecond / 86400
				if day > 21_100 {
					late++
					continue
				}
				if want[member[i]] == nil {
					want[member[i]] = map[int64]spell{}
				}
				s := want[member[i]][day]
				s.period = day
				if amounts[i] >= 0 {
					s.orders++
				}
				amount, err := NewAmount(amounts[i], 2)
				require.NoError(t, err)
				s.total = s.total.Add(amount)
				want[member[i]][day] = s
			}
			columns, err := NewColumns(names, member, at, amounts, 2)
			require.NoError(t, err)
			var mu sync.Mutex
			seen := map[uint32]bool{}
			g := &grouping{
				columns: columns, kind: string(ByDay), zone: time.UTC, workers: c.workers, until: math.MaxInt64, last: 21_100,
				partOrders: c.part, roundOrders: 4 * c.part,
				visit: func(_ int, member uint32, spells []spell) {
					mu.Lock()
					defer mu.Unlock()
					assert.False(t, seen[member], "a member is visited once")
					seen[member] = true
					assert.True(t, slices.IsSortedFunc(spells, func(a, b spell) int { return int(a.period - b.period) }))
					have := map[int64]spell{}
					for _, s := range spells {
						have[s.period] = s
					}
					if len(spells) > 0 || want[member] != nil {
						assert.True(t, maps.Equal(want[member], have), "member %d", member)
					}
					delete(want, member)
				},
			}
			tally := g.run()
			assert.Empty(t, want)
			assert.Equal(t, late, tally.late)
			assert.Equal(t, c.orders-late, tally.orders)
		})
	}
}

func TestNothingIsAllocatedPerOrder(t *testing.T) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	names := []string{"anna", "bruno", "carla"}
	start := time.Date(2027, time.January, 1, 0, 0, 0, 0, time.UTC)
	paid, err := NewAmount(1250, 2)
	require.NoError(t, err)
	const orders = 20_000
	log := Orders(func(yield func(Order) bool) {
		for i := range orders {
			if !yield(Order{Member: names[i%3], At: start.Add(time.Duration(i) * time.Minute), Amount: paid}) {
				return
			}
		}
	})
	period := Period{Start: start, End: start.AddDate(1, 0, 0), Zone: vienna}
	for name, fresh := range map[string]func() (Adder, error){
		"summary":    func() (Adder, error) { return NewSummaryAccumulator(&SummaryOptions{Zone: vienna}) },
		"cohort":     func() (Adder, error) { return NewCohortAccumulator(&CohortOptions{Zone: vienna}) },
		"rfm":        func() (Adder, error) { return NewRFMAccumulator(&RFMOptions{Zone: vienna}) },
		"purchases":  func() (Adder, error) { return NewPurchaseAccumulator(period, ByDay) },
		"inactivity": func() (Adder, error) { return NewInactivityAccumulator(period.End, 30, vienna) },
	} {
		t.Run(name, func(t *testing.T) {
			allocs := testing.AllocsPerRun(3, func() {
				a, err := fresh()
				if err == nil {
					err = Feed(a, log)
				}
				if err != nil {
					t.Error(err)
				}
			})
			assert.Less(t, allocs, 60.0, "for all %d orders together", orders)
		})
	}
}
