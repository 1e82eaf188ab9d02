package kpi

import "slices"

// selectPlaces moves the values that would stand at some places, which ascend, if all
// were sorted to there, in time that grows with the values and not with their
// sorting.
func selectPlaces(values []float64, places []int) {
	// Values that keep being parted badly are sorted.
	depth := 2
	for n := len(values); n > 0; n >>= 1 {
		depth += 2
	}
	selectWithin(values, 0, places, depth)
}

// selectWithin selects in values that start at a place of the whole.
func selectWithin(values []float64, from int, places []int, depth int) {
	const few = 64
	for len(places) > 0 {
		if len(values) <= few || depth == 0 {
			slices.Sort(values)
			return
		}
		depth--
		below, above := partition(values)
		low, _ := slices.BinarySearch(places, from+below)
		high, _ := slices.BinarySearch(places, from+above)
		selectWithin(values[:below], from, places[:low], depth)
		values, from, places = values[above:], from+above, places[high:]
	}
}

// partition puts those below a value first, those above it last, and returns where
// those that equal it start and end.
func partition(values []float64) (below, above int) {
	n := len(values)
	pivot := middle(middle(values[0], values[n/8], values[n/4]), middle(values[n/2], values[n/2+1], values[n/2+2]), middle(values[n-n/4], values[n-n/8], values[n-1]))
	above = n
	for i := 0; i < above; {
		switch v := values[i]; {
		case v < pivot:
			values[i], values[below] = values[below], v
			below++
			i++
		case v > pivot:
			above--
			values[i], values[above] = values[above], v
		default:
			i++
		}
	}
	return below, above
}

func middle(a, b, c float64) float64 { return max(min(a, b), min(max(a, b), c)) }
