package etcdstore_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/loyaltykit/loyaltykit/examples/etcd/etcdstore"
	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/storage"
)

// claims does what this process is told, where it is one of several that claim: the
// database is an endpoint and the prefix of the shop.
func claims(job *enginetest.Claimants) error {
	endpoint, prefix, _ := strings.Cut(job.Database, " ")
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, Logger: zap.NewNop()})
	if err != nil {
		return err
	}
	defer client.Close()
	store, err := etcdstore.Open(context.Background(), client, &etcdstore.Options{Prefix: prefix})
	if err != nil {
		return fmt.Errorf("process %d: %w", job.Turn, err)
	}
	return job.Run(context.Background(), store, os.Stdin, os.Stdout)
}

// A stock, in a plain run; with LOYALTYKIT_PROVE limits and stocks on several shards, too.
func TestStockAndLimitsHoldFromSeveralProcesses(t *testing.T) {
	ways := 1
	if os.Getenv("LOYALTYKIT_PROVE") != "" || os.Getenv("LOYALTYKIT_PROVE_FULL") != "" {
		ways = 0
	}
	servers := start(t, 1, false)
	client, opened := servers.client(t), 0
	enginetest.ClaimsOfProcesses(t, func(t testing.TB) (store storage.Store, place, database string) {
		opened++
		prefix := fmt.Sprintf("rush-%d/", opened)
		endpoint := servers.members[0].Config().ListenClientUrls[0].String()
		return open(t, client, &etcdstore.Options{Prefix: prefix}), "etcd", endpoint + " " + prefix
	}, ways)
}
