package faults

import (
	"testing"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/internal/servers"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// One stream leaves the same rows in memory and on PostgreSQL, byte for byte. SQLite and
// what goes through database/sql are compared with memory in the same way elsewhere.
func TestR13OneStreamLeavesTheSameRowsInMemoryAndOnPostgres(t *testing.T) {
	server := servers.Postgres(t)
	inMemory := func(testing.TB) storage.Store { return memory.New() }
	onServer := func(t testing.TB) storage.Store {
		database := server.NewDatabase(t)
		onPostgres.migrate(t, database)
		return onPostgres.open(t, database)
	}
	enginetest.Equal(t, inMemory, onServer, &enginetest.Options{Stream: size(80, 1000, 10_000)})
}
