package servertest

import (
	"os"
	"testing"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
)

// size is how much of each proof is run: each command is several trips here, so the
// large sizes are for LOYALTYKIT_PROVE.
func size() *enginetest.Options {
	if os.Getenv("LOYALTYKIT_PROVE") == "" {
		return &enginetest.Options{Sequences: 6, Rounds: 1, Histories: 3, Stream: 80, Tampers: 60, Seeds: 3}
	}
	return &enginetest.Options{Sequences: 100, Rounds: 3, Histories: 20, Stream: 600, Tampers: 500, Seeds: 30}
}

func TestTheEngineKeepsItsWordOnServers(t *testing.T) {
	// One after the other: the proofs set flags of the process.
	for _, p := range []place{postgres, mariadb} {
		t.Run(p.name, func(t *testing.T) {
			open, options := p.emptied(t), size()
			t.Run("state machine", func(t *testing.T) { enginetest.Machine(t, open, options) })
			t.Run("settling often is settling late", func(t *testing.T) { enginetest.Settling(t, open, options) })
			t.Run("one key has one effect", func(t *testing.T) { enginetest.Keys(t, open, options) })
			t.Run("races lose, double and invent nothing", func(t *testing.T) { enginetest.Races(t, open, options) })
			t.Run("histories are linearizable", func(t *testing.T) { enginetest.Linearizable(t, open, options) })
			t.Run("equal ledgers", func(t *testing.T) { enginetest.Equal(t, open, open, options) })
			t.Run("tampering is found", func(t *testing.T) { enginetest.Tampering(t, open, options) })
			t.Run("overflow is an error", func(t *testing.T) { enginetest.Overflow(t, open) })
			t.Run("simulated faults", func(t *testing.T) { enginetest.Simulation(t, open, options) })
		})
	}
}
