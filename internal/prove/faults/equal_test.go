package faults

import (
	"testing"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/internal/servers"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// One stream leaves the same rows in memory and on servers, byte for byte. SQLite is
// compared with memory in the same way elsewhere, and so are small streams through
// database/sql. Nine streams make the full size 54,000 commands.
func TestR13OneStreamLeavesTheSameRowsInMemoryAndOnServers(t *testing.T) {
	shops := []shop{onPostgres, onPGX, onMariaDB}
	if size(0, 1, 1) == 0 {
		shops = shops[:1]
	}
	for _, shop := range shops {
		t.Run(shop.name, func(t *testing.T) {
			server := servers.Postgres
			if shop.engine == servers.MySQL {
				server = servers.MariaDB
			}
			on := server(t)
			inMemory := func(testing.TB) storage.Store { return memory.New() }
			enginetest.Equal(t, inMemory, func(t testing.TB) storage.Store {
				database := on.NewDatabase(t)
				shop.migrate(t, database)
				return shop.open(t, database)
			}, &enginetest.Options{Stream: size(80, 1000, 6000)})
		})
	}
}
