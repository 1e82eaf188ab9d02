package faults

import (
	"fmt"
	"math/bits"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The goals of R20: a process may grow by so much of what it has after the first sixth, and
// the slowest in a hundred of the last sixth may take so many times as long as in the first.
const (
	soakGrowth = 0.05
	soakSlower = 1.2
	sixth      = 6
	// soakHeap is by how much the heap may grow in any case, in bytes: it is so small that what
	// is on its way makes more than a twentieth of it.
	soakHeap = 4 << 20
)

// soakFigures is what is measured in a soak, tick by tick: a tick is a minute of a soak of an
// hour.
type soakFigures struct {
	// own and server are how much memory the process and its server have, in bytes, the
	// median of each tick; heap is what the process holds after garbage was collected, the least
	// of each tick, since an audit holds much for a moment.
	own, server, heap []float64
	// idle is the heap before and after, while nothing goes on.
	idle [2]float64
	// goroutines and files are how many there are of each, the least of each tick.
	goroutines, files []float64
	// took counts the calls of each tick by how long they took since they were due.
	took []latencies
	// audits and differences count what was audited, and what was found, in all ticks.
	audits, differences int
	// failed calls ended in an error that nothing explains, late ones were never taken.
	failed, late int
}

// soakGoals is what figures are held to.
type soakGoals struct {
	// slack is by how many bytes memory may grow in any case, and things by how many goroutines
	// and files may.
	slack, things float64
	// audits is how many there are at least.
	audits int
	// slower is how many times as long calls may take in the end; 0 is not judged.
	slower float64
}

// judge says what does not hold.
func (f *soakFigures) judge(goals soakGoals) (faults []string) {
	add := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	for _, of := range []struct {
		name   string
		values []float64
		slack  float64
	}{
		{"resident bytes", f.own, goals.slack},
		{"resident bytes of the server", f.server, goals.slack},
		{"bytes on the heap", f.heap, soakHeap},
		{"goroutines", f.goroutines, goals.things},
		{"open files", f.files, goals.things},
	} {
		g := growthOf(of.values)
		if most := max(soakGrowth*g.before, of.slack); g.windows() > most || g.slope > most {
			add("%s grew: %s", of.name, g)
		}
	}
	if f.idle[1]-f.idle[0] > max(soakGrowth*f.idle[0], soakHeap) {
		add("the idle heap grew from %.0f bytes to %.0f", f.idle[0], f.idle[1])
	}
	first, last := f.slowest()
	if goals.slower > 0 && last.Seconds() > goals.slower*first.Seconds() {
		add("the slowest calls in a hundred took %s at first and %s in the end", first, last)
	}
	if f.audits < goals.audits {
		add("%d audits in %d ticks", f.audits, len(f.took))
	}
	for name, n := range map[string]int{"differences": f.differences, "calls failed": f.failed, "calls were never taken": f.late} {
		if n != 0 {
			add("%d %s", n, name)
		}
	}
	slices.Sort(faults)
	return faults
}

// slowest is the 99th percentile of the first and of the last sixth.
func (f *soakFigures) slowest() (first, last time.Duration) {
	part := max(1, len(f.took)/sixth)
	var begin, end latencies
	for i := range part {
		begin.add(&f.took[i])
		end.add(&f.took[len(f.took)-1-i])
	}
	return begin.percentile(99), end.percentile(99)
}

// growth is how a figure changed after the first sixth, in which it may settle.
type growth struct {
	// before and after are medians of the second and of the last sixth, and slope is by how
	// much it rose all in all by the median of the slopes between any two ticks.
	before, after, slope float64
}

func growthOf(values []float64) (g growth) {
	part := max(1, len(values)/sixth)
	if len(values) < 3*part {
		return growth{}
	}
	settled := values[part:]
	g.before, g.after = median(settled[:part]), median(settled[len(settled)-part:])
	var slopes []float64
	for i := range settled {
		for j := i + 1; j < len(settled); j++ {
			slopes = append(slopes, (settled[j]-settled[i])/float64(j-i))
		}
	}
	g.slope = median(slopes) * float64(len(settled)-1)
	return g
}

func (g growth) windows() float64 { return g.after - g.before }

func (g growth) String() string {
	if g.before == 0 {
		return "none"
	}
	if g.before < 1<<16 {
		return fmt.Sprintf("%.0f to %.0f", g.before, g.after)
	}
	return fmt.Sprintf("%.1f to %.1f MB (%+.1f %%), by the slope %+.1f %%", g.before/(1<<20), g.after/(1<<20), 100*g.windows()/g.before, 100*g.slope/g.before)
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// latencies counts calls by how long they took, 32 steps for each doubling from a microsecond
// on. It takes as much room whatever happens.
type latencies [32 * 32]atomic.Int64

func (l *latencies) note(took time.Duration) {
	us := uint64(max(1, took.Microseconds()))
	step := us
	if power := bits.Len64(us) - 1; power >= 5 {
		step = uint64(power-4)*32 + us>>(power-5)&31
	}
	l[min(step, uint64(len(l)-1))].Add(1)
}

func (l *latencies) add(other *latencies) {
	for i := range l {
		l[i].Add(other[i].Load())
	}
}

func (l *latencies) count() (n int64) {
	for i := range l {
		n += l[i].Load()
	}
	return n
}

// percentile is how long the fastest so many in a hundred took at most.
func (l *latencies) percentile(p int64) time.Duration {
	wanted, seen := (l.count()*p+99)/100, int64(0)
	for i := range l {
		if seen += l[i].Load(); seen >= wanted && seen > 0 {
			return upTo(i)
		}
	}
	return 0
}

// upTo is the longest that is counted at a step.
func upTo(step int) time.Duration {
	if step < 32 {
		return time.Duration(step) * time.Microsecond
	}
	power := step/32 + 4
	return time.Duration((32+uint64(step%32)+1)<<(power-5)) * time.Microsecond
}

// steady is a soak of an hour that nothing is wrong with.
func steady() *soakFigures {
	f := &soakFigures{took: make([]latencies, 60), audits: 60}
	for i := range f.took {
		sway := float64(i%7) * 100e3
		f.own = append(f.own, 60e6+sway)
		f.server = append(f.server, 200e6-sway)
		f.heap = append(f.heap, 20e6+sway/10)
		f.goroutines = append(f.goroutines, 40+float64(i%2))
		f.files = append(f.files, 20)
		for j := range 1000 {
			f.took[i].note(time.Duration(j+1) * 10 * time.Microsecond)
		}
	}
	return f
}

func TestTheJudgeOfASoakSeesEachFault(t *testing.T) {
	hour := soakGoals{slower: soakSlower, things: 4, audits: 30}
	grows := func(values []float64, each float64) {
		for i := range values {
			values[i] += each * float64(i)
		}
	}
	for name, c := range map[string]struct {
		spoil func(f *soakFigures)
		seen  string
	}{
		"nothing":           {func(*soakFigures) {}, ""},
		"a start":           {func(f *soakFigures) { grows(f.own[:10], -3e6) }, ""},
		"a little":          {func(f *soakFigures) { grows(f.own, 50e3) }, ""},
		"memory":            {func(f *soakFigures) { grows(f.own, 80e3) }, "resident bytes grew: 58.6 to 61.7 MB (+5.2 %), by the slope +6.4 %"},
		"the server":        {func(f *soakFigures) { grows(f.server, 300e3) }, "resident bytes of the server grew"},
		"the heap":          {func(f *soakFigures) { grows(f.heap, 120e3) }, "bytes on the heap grew"},
		"the idle heap":     {func(f *soakFigures) { f.idle = [2]float64{3 << 20, 8 << 20} }, "the idle heap grew from 3145728 bytes to 8388608"},
		"goroutines":        {func(f *soakFigures) { grows(f.goroutines, 0.1) }, "goroutines grew"},
		"files":             {func(f *soakFigures) { grows(f.files, 0.1) }, "open files grew"},
		"a late step":       {func(f *soakFigures) { grows(f.own[50:], 1e6) }, "resident bytes grew"},
		"a difference":      {func(f *soakFigures) { f.differences = 1 }, "1 differences"},
		"a failed call":     {func(f *soakFigures) { f.failed = 1 }, "1 calls failed"},
		"a call left":       {func(f *soakFigures) { f.late = 1 }, "1 calls were never taken"},
		"no audits":         {func(f *soakFigures) { f.audits = 29 }, "29 audits in 60 ticks"},
		"slower in the end": {func(f *soakFigures) { f.slowsDown(13) }, "the slowest calls in a hundred took 9.984ms at first and 13.056ms in the end"},
		"a little slower":   {func(f *soakFigures) { f.slowsDown(11) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := steady()
			c.spoil(f)
			faults := f.judge(hour)
			if c.seen == "" {
				require.Empty(t, faults)
				return
			}
			require.Len(t, faults, 1)
			assert.Contains(t, faults[0], c.seen)
		})
	}
}

// slowsDown lets calls of the last minutes take tenths of what they took.
func (f *soakFigures) slowsDown(tenths int) {
	for i := 50; i < 60; i++ {
		f.took[i] = latencies{}
		for j := range 1000 {
			f.took[i].note(time.Duration((j+1)*tenths) * time.Microsecond)
		}
	}
}

func TestLatenciesAreCountedWithinAThirtySecond(t *testing.T) {
	for us := 1; us < 1<<24; us += 1 + us/50 {
		var l latencies
		took := time.Duration(us) * time.Microsecond
		l.note(took)
		require.GreaterOrEqual(t, l.percentile(99), took)
		require.LessOrEqual(t, l.percentile(99), took+took/31+time.Microsecond)
	}
}
