package kpi

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// ErrLifetime reports a lifetime that ends before it begins, or is no finite time.
var ErrLifetime = errors.New("not a lifetime")

// Lifetime is how long somebody was observed, in any one unit of time.
type Lifetime struct {
	// Entry is the age at which the observation began; 0 is the start. Somebody who
	// was already a customer when the records begin enters later (left truncation)
	// and is at risk only from then on.
	Entry float64
	// Exit is the age at which it ended, after Entry, or 0 with an Entry of 0.
	Exit float64
	// Event is set where it ended because the customer left, and not because the
	// observation did (censoring).
	Event bool
}

// SurvivalAccumulator counts lifetimes for [SurvivalAccumulator.Result] and
// [LogRank]. It keeps the distinct times only. The zero value is empty and ready.
// One goroutine uses it.
type SurvivalAccumulator struct {
	exits   map[float64]exits
	entries map[float64]int
	n       int
}

type exits struct{ events, censored int }

// Add adds a lifetime. The error wraps [ErrLifetime], and then nothing was added.
func (a *SurvivalAccumulator) Add(l Lifetime) error { return a.AddN(l, 1) }

// AddN adds n equal lifetimes, as a database has grouped them. The error wraps
// [ErrLifetime], also where n is below 0, and then nothing was added.
func (a *SurvivalAccumulator) AddN(l Lifetime, n int) error {
	if err := l.check(); err != nil {
		return err
	}
	switch {
	case n < 0:
		return fmt.Errorf("%w: it cannot come %d times", ErrLifetime, n)
	case n == 0:
	case l.Event:
		a.count(l.Entry, l.Exit, exits{events: n})
	default:
		a.count(l.Entry, l.Exit, exits{censored: n})
	}
	return nil
}

func (l *Lifetime) check() error {
	if !(l.Entry >= 0 && l.Exit >= l.Entry && l.Exit <= math.MaxFloat64) {
		return fmt.Errorf("%w: it is from %v to %v; both must be finite and at least 0, in this order", ErrLifetime, l.Entry, l.Exit)
	}
	if l.Entry > 0 && l.Entry == l.Exit {
		return fmt.Errorf("%w: it is observed for no time, from %v to %v", ErrLifetime, l.Entry, l.Exit)
	}
	return nil
}

func (a *SurvivalAccumulator) count(entry, exit float64, e exits) {
	a.enter(entry, e.events+e.censored)
	a.leave(exit, e)
}

func (a *SurvivalAccumulator) enter(at float64, n int) {
	if a.entries == nil {
		a.entries = map[float64]int{}
	}
	a.n += n
	a.entries[at+0] += n // 0 and −0 are one key
}

func (a *SurvivalAccumulator) leave(at float64, e exits) {
	if a.exits == nil {
		a.exits = map[float64]exits{}
	}
	have := a.exits[at+0]
	have.events += e.events
	have.censored += e.censored
	a.exits[at+0] = have
}

// Merge adds all that was added to other, which stays as it is.
func (a *SurvivalAccumulator) Merge(other *SurvivalAccumulator) error {
	for at, n := range maps.Clone(other.entries) {
		a.enter(at, n)
	}
	for at, e := range maps.Clone(other.exits) {
		a.leave(at, e)
	}
	return nil
}

// MarshalBinary returns the accumulator's state. Equal contents give equal bytes.
func (a *SurvivalAccumulator) MarshalBinary() ([]byte, error) {
	w := newStateWriter("survival", "")
	w.count(len(a.entries))
	for _, at := range slices.Sorted(maps.Keys(a.entries)) {
		w.unsigned(math.Float64bits(at))
		w.count(a.entries[at])
	}
	w.count(len(a.exits))
	for _, at := range slices.Sorted(maps.Keys(a.exits)) {
		w.unsigned(math.Float64bits(at))
		w.count(a.exits[at].events)
		w.count(a.exits[at].censored)
	}
	return w.bytes, nil
}

// UnmarshalBinary replaces what was added by a state. The error is [ErrState] where
// the bytes are none; nothing changes then.
func (a *SurvivalAccumulator) UnmarshalBinary(data []byte) error {
	r := newStateReader(data, "survival", "")
	var read SurvivalAccumulator
	before := -1.0
	for range r.count(2) {
		at, n := r.time(&before), r.number()
		read.enter(at, n)
	}
	entered, left := read.n, 0
	before = -1
	for range r.count(3) {
		at, e := r.time(&before), exits{events: r.number(), censored: r.number()}
		left += e.events + e.censored
		read.leave(at, e)
	}
	if r.err == nil && entered != left {
		r.fail("more enter than leave, or fewer")
	}
	if err := r.end(); err != nil {
		return err
	}
	if !read.possible() {
		return fmt.Errorf("%w: somebody leaves before entering", ErrState)
	}
	*a = read
	return nil
}

// possible reports whether nobody leaves who has not entered.
func (a *SurvivalAccumulator) possible() bool {
	risk := newRiskSet(a)
	for _, at := range risk.times {
		if risk.at(at) < a.exits[at].events+a.exits[at].censored {
			return false
		}
	}
	return true
}

// time reads a time that is above the one before.
func (r *stateReader) time(before *float64) float64 {
	at := math.Float64frombits(r.unsigned())
	if !(at > *before && at <= math.MaxFloat64) || at == 0 && math.Signbit(at) {
		r.fail("times are not in order")
		return math.Abs(*before)
	}
	*before = at
	return at
}

// riskSet tells how many are at risk at a time: who entered before it and did not
// leave before it. Who enters at 0 is at risk at 0 too.
type riskSet struct {
	of                *SurvivalAccumulator
	times, entries    []float64
	nextExit, nextEnt int
	size              int
}

func newRiskSet(a *SurvivalAccumulator) *riskSet {
	return &riskSet{of: a, times: slices.Sorted(maps.Keys(a.exits)), entries: slices.Sorted(maps.Keys(a.entries))}
}

// at returns the number at risk; times must not go back.
func (r *riskSet) at(t float64) int {
	for r.nextEnt < len(r.entries) && (r.entries[r.nextEnt] < t || r.entries[r.nextEnt] == 0) {
		r.size += r.of.entries[r.entries[r.nextEnt]]
		r.nextEnt++
	}
	for r.nextExit < len(r.times) && r.times[r.nextExit] < t {
		e := r.of.exits[r.times[r.nextExit]]
		r.size -= e.events + e.censored
		r.nextExit++
	}
	return r.size
}
