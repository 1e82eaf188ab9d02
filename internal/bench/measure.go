package main

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
)

// timing says how long a run goes on: first the warm-up, which does not count.
type timing struct {
	warm, length time.Duration
	// server tells the processor time that a server has used, if there is one.
	server func() time.Duration
}

func windowOf(length time.Duration) timing {
	return timing{warm: length / 4, length: length}
}

// window is what one timed run measured.
type window struct {
	operations int
	elapsed    time.Duration
	// latencies has one for each operation, or for each round of a stream.
	latencies []time.Duration
	mallocs   uint64
	// processor is the processor time of it all, that of the garbage collector and
	// the driver too.
	processor time.Duration
	// server is the processor time of the database server.
	server time.Duration
	// all counts the operations with those of the warm-up, rows what they stored.
	all  int
	rows int64
}

func (w *window) rate() float64 { return float64(w.operations) / w.elapsed.Seconds() }

// errNoneTimed reports a run that ended in its warm-up.
var errNoneTimed = errors.New("no operation was timed: the operations were used up in the warm-up")

// measure lets callers take operations 0 to limit−1 one after another, until the
// time is up.
func measure(callers, limit int, t timing, operation func(i int) error) (window, error) {
	r := relay{limit: int64(limit), operation: operation}
	if _, err := r.run(callers, t.warm); err != nil {
		return window{}, err
	}
	from := now(t)
	latencies, err := r.run(callers, t.length)
	w := since(from)
	w.operations, w.latencies, w.all = len(latencies), latencies, int(min(r.next.Load(), r.limit))
	if err == nil && len(latencies) == 0 {
		err = errNoneTimed
	}
	return w, err
}

// relay hands out operations in order.
type relay struct {
	next      atomic.Int64
	limit     int64
	operation func(i int) error
}

// run runs callers until the time or the operations are used up, but for one
// operation each, and returns how long each operation took.
func (r *relay) run(callers int, length time.Duration) ([]time.Duration, error) {
	var wg sync.WaitGroup
	latencies, errs := make([][]time.Duration, callers), make([]error, callers)
	start := time.Now()
	for caller := range callers {
		wg.Go(func() {
			latencies[caller], errs[caller] = r.call(start, length)
		})
	}
	wg.Wait()
	return slices.Concat(latencies...), errors.Join(errs...)
}

func (r *relay) call(start time.Time, length time.Duration) ([]time.Duration, error) {
	latencies := make([]time.Duration, 0, 1024)
	for begun := time.Since(start); begun < length || length > 0 && len(latencies) == 0; {
		i := r.next.Add(1) - 1
		if i >= r.limit {
			break
		}
		if err := r.operation(int(i)); err != nil {
			return nil, err
		}
		ended := time.Since(start)
		latencies = append(latencies, ended-begun)
		begun = ended
	}
	return latencies, nil
}

// moment is what a run is measured from.
type moment struct {
	at        time.Time
	mallocs   uint64
	processor time.Duration
	server    time.Duration
	timing    timing
}

func now(t timing) moment {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	server := t.serverTime()
	return moment{time.Now(), m.Mallocs, cpuTime(), server, t}
}

func since(from moment) window {
	elapsed, processor := time.Since(from.at), cpuTime()-from.processor
	to := now(from.timing)
	return window{elapsed: elapsed, processor: processor, server: to.server - from.server, mallocs: to.mallocs - from.mallocs}
}

func (t timing) serverTime() time.Duration {
	if t.server == nil {
		return 0
	}
	return t.server()
}

// measureStream times a DoAll from the first round after the warm-up to the first
// after the time is up. Its latencies are those of rounds.
func measureStream(ctx context.Context, engine *loyalty.Engine, commands []loyalty.Command, t timing) (window, error) {
	var w window
	var from moment
	var first int
	begin, last := time.Now(), time.Time{}
	over := false
	progress := func(done int) {
		switch {
		case over:
		case !last.IsZero():
			w.latencies = append(w.latencies, time.Since(last))
			last = time.Now()
			if over = last.Sub(from.at) >= t.length || done == len(commands); over {
				latencies := w.latencies
				w = since(from)
				w.latencies, w.operations, w.all = latencies, done-first, done
			}
		case time.Since(begin) >= t.warm:
			first, from = done, now(t)
			last = from.at
		}
	}
	for _, err := range engine.DoAll(ctx, slices.Values(commands), &loyalty.AllOptions{Progress: progress}) {
		if err != nil {
			return w, err
		}
		if over {
			break
		}
	}
	if w.operations == 0 {
		return w, errNoneTimed
	}
	return w, nil
}

// sumOf adds windows up, with all latencies sorted.
func sumOf(windows []window) window {
	var sum window
	for i := range windows {
		w := &windows[i]
		sum.operations += w.operations
		sum.elapsed += w.elapsed
		sum.mallocs += w.mallocs
		sum.processor += w.processor
		sum.server += w.server
		sum.all += w.all
		sum.rows += w.rows
		sum.latencies = append(sum.latencies, w.latencies...)
	}
	slices.Sort(sum.latencies)
	return sum
}

// processorPerOperation is in microseconds.
func (w *window) processorPerOperation() float64 {
	return float64(w.processor.Microseconds()) / float64(w.operations)
}

// serverPerOperation is in microseconds.
func (w *window) serverPerOperation() float64 {
	return float64(w.server.Microseconds()) / float64(w.operations)
}

func medianRate(windows []window) float64 {
	rates := make([]float64, 0, len(windows))
	for i := range windows {
		rates = append(rates, windows[i].rate())
	}
	return median(rates)
}

// percentile returns, in milliseconds, the latency that a share of sorted
// latencies do not pass.
func percentile(sorted []time.Duration, share float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)].Seconds() * 1000
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	values = slices.Sorted(slices.Values(values))
	middle := len(values) / 2
	if len(values)%2 == 1 {
		return values[middle]
	}
	return (values[middle-1] + values[middle]) / 2
}
