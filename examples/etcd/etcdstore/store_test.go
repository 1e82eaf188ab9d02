package etcdstore_test

import (
	"testing"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

func TestStore(t *testing.T) {
	servers := start(t, 3, true)
	storagetest.Run(t, func(t testing.TB) storage.Store { return open(t, servers.client(t), nil) }, nil)
}
