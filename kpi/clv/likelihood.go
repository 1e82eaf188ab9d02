package clv

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
)

const dims = 4

// sums is a log-likelihood with its derivatives by the parameters themselves. Of
// the second ones the lower triangle is kept.
type sums struct {
	ll float64
	g  [dims]float64
	h  [dims][dims]float64
}

func (s *sums) add(o *sums) {
	s.ll += o.ll
	for i := range dims {
		s.g[i] += o.g[i]
		for j := range i + 1 {
			s.h[i][j] += o.h[i][j]
		}
	}
}

// logs turns derivatives by parameters into those by their logarithms.
func (s *sums) logs(p [dims]float64) {
	for i := range dims {
		for j := range i + 1 {
			s.h[i][j] *= p[i] * p[j]
		}
		s.g[i] *= p[i]
		s.h[i][i] += s.g[i]
	}
}

// likelihood is a log-likelihood that is a sum over rows.
type likelihood interface {
	rows() int
	// part adds rows lo to hi, with as many derivatives as order says.
	part(lo, hi int, p [dims]float64, order int, s *sums)
	// whole adds what is known of all rows together.
	whole(p [dims]float64, order int, s *sums)
}

// chunk is how many rows are summed together: the sum is the same on any number of
// processors.
const chunk = 256

// evaluate returns the log-likelihood at the logarithms of the parameters.
func evaluate(l likelihood, logs []float64, order int) sums {
	var p [dims]float64
	for i, v := range logs {
		p[i] = math.Exp(v)
	}
	var total sums
	l.whole(p, order, &total)
	chunks := (l.rows() + chunk - 1) / chunk
	parts := make([]sums, chunks)
	each := func(i int) { l.part(i*chunk, min((i+1)*chunk, l.rows()), p, order, &parts[i]) }
	if chunks < 3 {
		for i := range chunks {
			each(i)
		}
	} else {
		inParallel(chunks, each)
	}
	for i := range parts {
		total.add(&parts[i])
	}
	total.logs(p)
	return total
}

func inParallel(n int, each func(i int)) {
	var next atomic.Int64
	var running sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		running.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				each(i)
			}
		})
	}
	running.Wait()
}
