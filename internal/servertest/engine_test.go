package servertest

import (
	"os"
	"testing"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// size is how much of each proof is run: each command is several trips here, so the
// large sizes are for LOYALTYKIT_PROVE.
func size() *enginetest.Options {
	inMemory := func(testing.TB) storage.Store { return memory.New() }
	if os.Getenv("LOYALTYKIT_PROVE") == "" {
		return &enginetest.Options{Sequences: 6, Rounds: 1, Histories: 3, Stream: 80, Tampers: 60, Seeds: 3, Against: inMemory}
	}
	return &enginetest.Options{Sequences: 100, Rounds: 3, Histories: 20, Stream: 600, Tampers: 500, Seeds: 30, Against: inMemory}
}

func TestBookingsAreWhatARoomOfChairsSaysOnServers(t *testing.T) {
	inMemory := func(testing.TB) storage.Store { return memory.New() }
	for _, p := range []place{postgres, mariadb} {
		t.Run(p.name, func(t *testing.T) { enginetest.Bookings(t, inMemory, p.emptied(t), size()) })
	}
}

func TestTheEngineKeepsItsWordOnServers(t *testing.T) {
	// One after the other: the proofs set flags of the process.
	for _, p := range []place{postgres, mariadb} {
		t.Run(p.name, func(t *testing.T) { enginetest.Core(t, p.emptied(t), size()) })
	}
}
