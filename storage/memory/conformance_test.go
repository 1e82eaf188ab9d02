package memory_test

import (
	"testing"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

func open(testing.TB) storage.Store { return memory.New() }

// The documentation shows this test: docs/adapter.md and package storagetest.
func TestStore(t *testing.T) {
	storagetest.Run(t, func(t testing.TB) storage.Store { return open(t) }, nil)
}
