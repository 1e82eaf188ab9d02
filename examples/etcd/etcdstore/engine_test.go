package etcdstore_test

import (
	"fmt"
	"testing"

	"github.com/loyaltykit/loyaltykit/examples/etcd/etcdstore"
	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/storage"
)

func TestEngine(t *testing.T) {
	client := start(t, 1, false).client(t)
	opened := 0
	enginetest.Run(t, func(t testing.TB) storage.Store {
		opened++
		return open(t, client, &etcdstore.Options{Prefix: fmt.Sprintf("shop-%d/", opened)})
	}, nil)
}
