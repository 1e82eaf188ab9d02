package etcdstore_test

import (
	"fmt"
	"testing"

	"github.com/loyaltykit/loyaltykit/examples/etcd/etcdstore"
	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/storage"
)

// The engine's own proofs, which a module of this repository can import; for what
// others run in their place see the tests beside this one.
func TestEngine(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: every property of the engine, each on a database of its own")
	}
	client := start(t, 1, false).client(t)
	opened := 0
	enginetest.Run(t, func(t testing.TB) storage.Store {
		opened++
		return open(t, client, &etcdstore.Options{Prefix: fmt.Sprintf("shop-%d/", opened)})
	}, &enginetest.Options{Sequences: 15, Rounds: 1, Histories: 5, Stream: 200, Tampers: 100, Seeds: 10})
}
