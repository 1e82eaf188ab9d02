package sqlstore

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

func TestHalvesOfAmountsAddUpOrOverflow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amounts := rapid.SliceOfN(rapid.Int64Range(1, math.MaxInt64), 1, 5).Draw(t, "amounts")
		var high, low int64
		want, err := points.Amount(0), error(nil)
		for _, amount := range amounts {
			high += amount >> 32
			low += amount & math.MaxUint32
			if err == nil {
				want, err = want.Add(points.Amount(amount))
			}
		}
		got, gotErr := join(high, low)
		if err != nil {
			require.ErrorIs(t, gotErr, points.ErrOverflow)
			return
		}
		require.NoError(t, gotErr)
		require.Equal(t, want, got)
	})
	for _, edge := range []int64{0, 1, -1, math.MaxInt64, math.MinInt64, math.MaxUint32, -math.MaxUint32} {
		got, err := join(edge>>32, edge&math.MaxUint32)
		require.NoError(t, err)
		require.Equal(t, points.Amount(edge), got)
	}
}

func TestBoundsOfCountersDoNotWrap(t *testing.T) {
	change := func(delta, bound int64) *storage.CounterChange {
		return &storage.CounterChange{Delta: delta, Bound: bound}
	}
	for _, c := range []struct {
		name   string
		change *storage.CounterChange
		used   int64
		want   bool
	}{
		{"the last seat", change(1, 30), 29, true},
		{"one seat too many", change(1, 30), 30, false},
		{"more than there ever was", change(31, 30), 0, false},
		{"the largest number", change(math.MaxInt64, math.MaxInt64), 0, true},
		{"past the largest number", change(math.MaxInt64, math.MaxInt64), 1, false},
		{"a negative bound", change(1, math.MinInt64), 0, false},
		{"a seat given back over a lower bound", change(-1, 10), 20, true},
		{"a seat given back that nobody had", change(-1, 10), 0, false},
		{"the smallest number", change(math.MinInt64, 10), math.MaxInt64, false},
		{"nothing", change(0, 10), 20, true},
	} {
		assert.Equal(t, c.want, fits(c.change, c.used), c.name)
	}
}
