package kpi

import (
	"runtime"
	"sync"
)

// partsOf is how many parts a list of n is dealt to cores in: none is so small that it
// is not worth a core.
func partsOf(n int) int {
	const few = 1 << 12
	return max(1, min(runtime.GOMAXPROCS(0), n/few))
}

// inParts works on equal parts of a list of n, each on a core.
func inParts(parts, n int, work func(part, from, to int)) {
	if parts == 1 {
		work(0, 0, n)
		return
	}
	var wg sync.WaitGroup
	for part := range parts {
		wg.Go(func() { work(part, n*part/parts, n*(part+1)/parts) })
	}
	wg.Wait()
}
