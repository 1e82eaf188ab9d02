package memory

import (
	"cmp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

type numbered struct{ key, value int }

// TestSortedIsAPlainSortedSlice does the same to a sorted and to a slice.
func TestSortedIsAPlainSortedSlice(t *testing.T) {
	compare := func(a, b numbered) int { return cmp.Compare(a.key, b.key) }
	rapid.Check(t, func(t *rapid.T) {
		list, plain := sorted[numbered]{compare: compare}, []numbered(nil)
		keys := rapid.SampledFrom([]int{3, 50, 2000}).Draw(t, "keys")
		put := func(key, value int) {
			item := numbered{key, value}
			old, replaced := list.put(item)
			i, found := slices.BinarySearchFunc(plain, item, compare)
			require.Equal(t, found, replaced)
			if found {
				require.Equal(t, plain[i], old)
				plain[i] = item
			} else {
				plain = slices.Insert(plain, i, item)
			}
		}
		remove := func(key int) {
			old, removed := list.remove(numbered{key: key})
			i, found := slices.BinarySearchFunc(plain, numbered{key: key}, compare)
			require.Equal(t, found, removed)
			if found {
				require.Equal(t, plain[i], old)
				plain = slices.Delete(plain, i, i+1)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"put one":    func(t *rapid.T) { put(rapid.IntRange(0, keys).Draw(t, "key"), rapid.Int().Draw(t, "value")) },
			"remove one": func(t *rapid.T) { remove(rapid.IntRange(0, keys).Draw(t, "key")) },
			"put a run": func(t *rapid.T) {
				start, step := rapid.IntRange(0, keys).Draw(t, "start"), rapid.SampledFrom([]int{-7, -1, 1, 3}).Draw(t, "step")
				for i := range 400 {
					put(start+i*step, i)
				}
			},
			"remove a run": func(t *rapid.T) {
				start, step := rapid.IntRange(0, keys).Draw(t, "start"), rapid.SampledFrom([]int{-1, 1, 2}).Draw(t, "step")
				for i := range 300 {
					remove(start + i*step)
				}
			},
			"": func(t *rapid.T) {
				require.True(t, slices.Equal(plain, slices.Collect(list.all())))
				require.Equal(t, len(plain) == 0, list.empty())
				for i, chunk := range list.chunks {
					require.NotEmpty(t, chunk, "chunk %d", i)
					require.LessOrEqual(t, len(chunk), chunkSize)
				}
				from := rapid.IntRange(-1, keys+1).Draw(t, "from")
				i, _ := slices.BinarySearchFunc(plain, numbered{key: from}, compare)
				before := func(x numbered) bool { return x.key < from }
				require.True(t, slices.Equal(plain[i:], slices.Collect(list.from(before))))
				first, ok := list.first(before)
				require.Equal(t, i < len(plain), ok)
				if ok {
					require.Equal(t, plain[i], first)
				}
			},
		})
	})
}

func TestLotsAreOrderedAsPointsConsumesThem(t *testing.T) {
	days := rapid.IntRange(0, 2)
	some := rapid.Custom(func(t *rapid.T) *lot {
		l := points.Lot{
			ID:       points.LotID(days.Draw(t, "id")),
			EarnedAt: points.Never.AddDate(0, 0, -days.Draw(t, "earned")), ExpiresAt: points.Never.AddDate(0, 0, -days.Draw(t, "expires")),
		}
		return &lot{row: storage.Lot{Lot: l}}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := some.Draw(t, "a"), some.Draw(t, "b")
		require.Equal(t, points.ConsumptionOrder(a.row.Lot, b.row.Lot), byConsumption(a, b))
	})
}
