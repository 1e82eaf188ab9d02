package enginetest

import (
	"cmp"
	"flag"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Open opens an empty store. What it opens it closes when the test ends.
type Open func(testing.TB) storage.Store

// Options says how much to try; nil and zero fields take the size of the run:
// a plain "go test", one with -short, one with LOYALTYKIT_PROVE set, as
// internal/prove sets it, or with LOYALTYKIT_PROVE_FULL, the nightly one.
type Options struct {
	// Sequences is how many random sequences of commands the state machine runs,
	// and the settlement property as well.
	Sequences int
	// Rounds is how often each race is run, and Histories how many histories are
	// checked for linearizability.
	Rounds    int
	Histories int
	// Stream is how many commands the differential streams have.
	Stream int
	// Tampers is how many places are tampered with.
	Tampers int
	// Seeds is how many simulations are run, from FirstSeed on.
	Seeds     int
	FirstSeed uint64
	// Against opens the adapter whose rows those of the one under test must equal; nil
	// is the same one.
	Against Open
}

// sizes has, for each kind of run, what an Options leaves open.
var sizes = map[string]Options{
	"short": {Sequences: 30, Rounds: 1, Histories: 5, Stream: 200, Tampers: 200, Seeds: 20},
	"plain": {Sequences: 120, Rounds: 3, Histories: 20, Stream: 600, Tampers: 1000, Seeds: 100},
	"prove": {Sequences: 10_000, Rounds: 200, Histories: 300, Stream: 6000, Tampers: 1000, Seeds: 200},
	"full":  {Sequences: 100_000, Rounds: 2000, Histories: 5000, Stream: 50_000, Tampers: 25_000, Seeds: 10_000},
}

// or fills what is not set.
func (o *Options) or() Options {
	run := "plain"
	switch {
	case os.Getenv("LOYALTYKIT_PROVE_FULL") != "":
		run = "full"
	case os.Getenv("LOYALTYKIT_PROVE") != "":
		run = "prove"
	case testing.Short():
		run = "short"
	}
	size := sizes[run]
	if o == nil {
		return size
	}
	return Options{
		Sequences: cmp.Or(o.Sequences, size.Sequences), Rounds: cmp.Or(o.Rounds, size.Rounds),
		Histories: cmp.Or(o.Histories, size.Histories), Stream: cmp.Or(o.Stream, size.Stream),
		Tampers: cmp.Or(o.Tampers, size.Tampers), Seeds: cmp.Or(o.Seeds, size.Seeds), FirstSeed: o.FirstSeed, Against: o.Against,
	}
}

// Third has a third of the sequences, for proofs that read back all that each has made.
func (o *Options) Third() *Options {
	fewer := o.or()
	fewer.Sequences = max(1, fewer.Sequences/3)
	return &fewer
}

// Run runs all proofs on stores that open opens.
func Run(t *testing.T, open Open, options *Options) {
	Core(t, open, options)
	t.Run("trial balances are what a naive sum says", func(t *testing.T) { TrialBalances(t, open, options) })
	t.Run("a history lived again is the same", func(t *testing.T) { WhatIf(t, open, options) })
}

// Core runs the proofs of the ledger itself, which open few stores at once.
func Core(t *testing.T, open Open, options *Options) {
	t.Run("state machine", func(t *testing.T) { Machine(t, open, options) })
	t.Run("tiers are those on paper", func(t *testing.T) { Standings(t, open, options) })
	t.Run("settling often is settling late", func(t *testing.T) { Settling(t, open, options) })
	t.Run("one key has one effect", func(t *testing.T) { Keys(t, open, options) })
	t.Run("races lose, double and invent nothing", func(t *testing.T) { Races(t, open, options) })
	t.Run("histories are linearizable", func(t *testing.T) { Linearizable(t, open, options) })
	t.Run("equal ledgers", func(t *testing.T) {
		against := open
		if options != nil && options.Against != nil {
			against = options.Against
		}
		Equal(t, against, open, options)
	})
	t.Run("every entry is explained", func(t *testing.T) {
		Explanations(t, open, options.Third())
	})
	t.Run("tampering is found", func(t *testing.T) { Tampering(t, open, options) })
	t.Run("redemptions are what a naive model says", func(t *testing.T) { Redemptions(t, open, options) })
	t.Run("stock is never oversold", func(t *testing.T) { Stock(t, open) })
	t.Run("limits of actors hold", func(t *testing.T) { Guards(t, open, options) })
	t.Run("periods end once", func(t *testing.T) { PeriodEnds(t, open) })
	t.Run("overflow is an error", func(t *testing.T) { Overflow(t, open) })
	t.Run("simulated faults", func(t *testing.T) { Simulation(t, open, options) })
}

// checks lets rapid run n checks, unless the command line says how many.
func checks(t *testing.T, n int) {
	t.Helper()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if given {
		return
	}
	for name, value := range map[string]string{"rapid.checks": strconv.Itoa(n), "rapid.nofailfile": "true"} {
		f := flag.Lookup(name)
		before := f.Value.String()
		if err := f.Value.Set(value); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Value.Set(before) })
	}
}

// secret is what all engines of these tests share, so that equal streams make
// equal bytes.
var secret = []byte("the secret of every engine here.")

// pick is a source of choices: a number from 0 to n−1. The label is for people.
type pick func(label string, n int) int

func seeded(seed uint64) pick {
	source := rand.New(rand.NewPCG(seed, 42))
	return func(_ string, n int) int { return source.IntN(n) }
}

// oneOf picks one of the values.
func oneOf[T any](p pick, label string, values ...T) T { return values[p(label, len(values))] }

// newEngine makes an engine, or fails the test.
func newEngine(t testing.TB, program loyalty.Program, store storage.Store, options *loyalty.Options) *loyalty.Engine {
	t.Helper()
	return revised(t, loyalty.Revisions{program}, store, options)
}

func revised(t testing.TB, revisions loyalty.Revisions, store storage.Store, options *loyalty.Options) *loyalty.Engine {
	t.Helper()
	options.Secret, options.Formulas = secret, formulasOf(revisions)
	if options.Profile == nil {
		options.Profile = profile
	}
	engine, err := loyalty.New(revisions, store, options)
	if err != nil {
		t.Fatal(err)
	}
	return engine
}
