package enginetest

import (
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

// Options says how much to try; nil and zero fields take the size of a plain
// "go test", or of "go test -short".
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
}

// or fills what is not set. The environment variable LOYALTYKIT_PROOF multiplies
// the sizes of a plain run: 100 makes a nightly one of it.
func (o *Options) or() Options {
	factor := 1
	if n, err := strconv.Atoi(os.Getenv("LOYALTYKIT_PROOF")); err == nil && n > 0 {
		factor = n
	}
	var size Options
	if o != nil {
		size = *o
	}
	set := func(field *int, plain, short int) {
		switch {
		case *field > 0:
		case testing.Short():
			*field = short
		default:
			*field = plain * factor
		}
	}
	set(&size.Sequences, 150, 30)
	set(&size.Rounds, 3, 1)
	set(&size.Histories, 20, 5)
	set(&size.Stream, 600, 200)
	set(&size.Tampers, 1000, 200)
	set(&size.Seeds, 40, 10)
	return size
}

// Run runs all proofs on stores that open opens.
func Run(t *testing.T, open Open, options *Options) {
	t.Run("state machine", func(t *testing.T) { Machine(t, open, options) })
	t.Run("settling often is settling late", func(t *testing.T) { Settling(t, open, options) })
	t.Run("races", func(t *testing.T) { Races(t, open, options) })
	t.Run("histories are linearizable", func(t *testing.T) { Linearizable(t, open, options) })
	t.Run("equal ledgers", func(t *testing.T) { Equal(t, open, open, options) })
	t.Run("tampering is found", func(t *testing.T) { Tampering(t, open, options) })
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
	options.Secret = secret
	engine, err := loyalty.New(loyalty.Revisions{program}, store, options)
	if err != nil {
		t.Fatal(err)
	}
	return engine
}
