package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// memoryOf adds up what a file that the system makes of a process says of it, in bytes, under
// some names; it fails where the process has ended.
func memoryOf(process, file string, names ...string) (bytes float64, err error) {
	text, err := os.ReadFile(filepath.Join("/proc", process, file))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		if !slices.Contains(names, name) {
			continue
		}
		kilobytes, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
		if err != nil {
			return 0, fmt.Errorf("%s of %s: %w", name, file, err)
		}
		bytes += kilobytes * 1024
	}
	return bytes, nil
}

// residentHere is what is resident of this process.
func residentHere() (float64, error) { return memoryOf("self", "status", "VmRSS") }

// residentServer adds up what is resident of processes, without files, of which what several
// share counts once.
func residentServer(processes []int) (bytes float64) {
	for _, process := range processes {
		part, err := memoryOf(strconv.Itoa(process), "smaps_rollup", "Pss_Anon", "Pss_Shmem")
		if err == nil { // otherwise it has ended
			bytes += part
		}
	}
	return bytes
}

// second is what is looked at every second.
type second struct{ own, server, heap, goroutines, files float64 }

// heapLive is the name of what a collection of garbage last left.
const heapLive = "/gc/heap/live:bytes"

// heapIdle is what this process holds after garbage was collected.
func heapIdle() float64 {
	runtime.GC()
	runtime.GC() // what pools held is let go by the second one
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return float64(memory.HeapAlloc)
}

// watcher looks at this process and its server.
type watcher struct {
	processes func() ([]int, error)
	// seconds are those of the tick that goes on.
	seconds []second
}

// looks notes how things are now.
func (w *watcher) looks() error {
	own, err := residentHere()
	if err != nil {
		return err
	}
	live := []metrics.Sample{{Name: heapLive}}
	metrics.Read(live)
	s := second{own: own, heap: float64(live[0].Value.Uint64()), goroutines: float64(runtime.NumGoroutine())}
	if w.processes != nil {
		processes, err := w.processes()
		if err != nil {
			return err
		}
		s.server = residentServer(processes)
	}
	files, err := os.ReadDir("/proc/self/fd")
	s.files = float64(len(files))
	w.seconds = append(w.seconds, s)
	return err
}

// ticks puts a tick together.
func (w *watcher) ticks(f *soakFigures) {
	of := func(figure func(second) float64) (values []float64) {
		for _, s := range w.seconds {
			values = append(values, figure(s))
		}
		return values
	}
	f.own = append(f.own, median(of(func(s second) float64 { return s.own })))
	f.server = append(f.server, median(of(func(s second) float64 { return s.server })))
	f.goroutines = append(f.goroutines, slices.Min(of(func(s second) float64 { return s.goroutines })))
	f.files = append(f.files, slices.Min(of(func(s second) float64 { return s.files })))
	f.heap = append(f.heap, slices.Min(of(func(s second) float64 { return s.heap })))
	w.seconds = w.seconds[:0]
}

// requireTold skips a test where the system does not tell what processes use.
func requireTold(t *testing.T) {
	t.Helper()
	here, err := residentHere()
	if also := residentServer([]int{os.Getpid()}); err != nil || here == 0 || also == 0 {
		t.Skipf("the system does not tell what memory is in use: %v", err)
	}
}

func TestTheWatcherSeesMemoryAndFiles(t *testing.T) {
	requireTold(t)
	debug.FreeOSMemory() // what other tests left would be used again
	w := &watcher{processes: func() ([]int, error) { return []int{os.Getpid()}, nil }}
	require.NoError(t, w.looks())
	held := make([]byte, 64<<20)
	for i := range held {
		held[i] = byte(i)
	}
	for i := range 5 {
		file, err := os.Create(filepath.Join(t.TempDir(), fmt.Sprint("file-", i)))
		require.NoError(t, err)
		defer file.Close()
	}
	done := make(chan struct{})
	go func() { <-done }()
	require.NoError(t, w.looks())
	close(done)
	before, after := w.seconds[0], w.seconds[1]
	require.Greater(t, after.own, before.own+60e6)
	require.Greater(t, after.server, before.server+60e6)
	require.GreaterOrEqual(t, after.files, before.files+5)
	require.Greater(t, after.goroutines, before.goroutines)
	runtime.KeepAlive(held)
	var f soakFigures
	w.ticks(&f)
	require.Positive(t, f.heap[0])
	require.Empty(t, w.seconds)
}
