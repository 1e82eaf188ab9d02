package faults

import (
	"testing"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// One stream leaves the same rows in memory and on servers, byte for byte. SQLite is
// compared with memory in the same way elsewhere, and so are small streams through
// database/sql; on PostgreSQL they are part of what TestTheEngineKeepsItsWordOnPostgres
// runs. Nine streams make the full size 54,000 commands.
func TestR13OneStreamLeavesTheSameRowsInMemoryAndOnServers(t *testing.T) {
	if size(0, 1, 1) == 0 {
		t.Skip("small streams run with the other proofs of the engine: set LOYALTYKIT_PROVE=1 for large ones")
	}
	for _, shop := range []shop{onPostgres, onPGX, onMariaDB} {
		t.Run(shop.name, func(t *testing.T) {
			shop.server(t) // which skips the whole test where there is none
			inMemory := func(testing.TB) storage.Store { return memory.New() }
			enginetest.Equal(t, inMemory, func(t testing.TB) storage.Store {
				return shop.open(t, shop.database(t))
			}, &enginetest.Options{Stream: size(0, 1000, 6000)})
		})
	}
}
