package kpi

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSelectedPlacesHoldWhatSortingPutsThere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kinds := rapid.SampledFrom([]int{1, 3, 1000, 1 << 40}).Draw(t, "kinds")
		values := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, kinds), func(n int) float64 { return float64(n) / 8 }), 1, 700).Draw(t, "values")
		sorted := slices.Sorted(slices.Values(values))
		places := rapid.SliceOf(rapid.IntRange(0, len(values)-1)).Draw(t, "places")
		slices.Sort(places)
		selectPlaces(values, places)
		for _, place := range places {
			require.InDelta(t, sorted[place], values[place], 0, "place %d", place)
		}
		slices.Sort(values)
		require.Equal(t, sorted, values, "no value is lost")
	})
}

func TestQuantilesOfSelectedPlacesAreThoseOfSortedValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(0, 1e6), 1, 500).Draw(t, "values")
		k := rapid.IntRange(2, 9).Draw(t, "k")
		sorted := slices.Sorted(slices.Values(values))
		require.Equal(t, Quantiles(sorted, k), quantilesOf(values, k))
	})
}
