package etcdstore_test

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"

	"github.com/loyaltykit/loyaltykit/examples/etcd/etcdstore"
)

// cluster is etcd members of this process, on free ports of the loopback
// interface, with their data in a folder of the test.
type cluster struct{ members []*member }

type member struct {
	*embed.Etcd
	// stop ends the member without a word to the others, once.
	stop func()
}

// start starts n members. Without durable a member does not wait for its disk: a
// machine that loses power would lose data, a test does not.
func start(t testing.TB, n int, durable bool) *cluster {
	t.Helper()
	free := freeURLs(t, 2*n)
	names, clients, peers := make([]string, n), free[:n], free[n:]
	var initial []string
	for i := range n {
		names[i] = fmt.Sprintf("shop-%d", i+1)
		initial = append(initial, names[i]+"="+peers[i].String())
	}
	c := &cluster{}
	for i := range n {
		config := embed.NewConfig()
		config.Name, config.Dir = names[i], t.TempDir()
		config.ListenClientUrls, config.AdvertiseClientUrls = clients[i:i+1], clients[i:i+1]
		config.ListenPeerUrls, config.AdvertisePeerUrls = peers[i:i+1], peers[i:i+1]
		config.InitialCluster = strings.Join(initial, ",")
		config.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zap.NewNop())
		config.MaxTxnOps = 1024
		config.UnsafeNoFsync = !durable
		server, err := embed.StartEtcd(config)
		require.NoError(t, err)
		stop := sync.OnceFunc(func() {
			server.Server.HardStop()
			server.Close()
		})
		t.Cleanup(stop)
		c.members = append(c.members, &member{server, stop})
	}
	for _, member := range c.members {
		select {
		case <-member.Server.ReadyNotify():
		case <-time.After(3 * time.Minute):
			t.Fatal("etcd did not start within three minutes")
		}
	}
	return c
}

// freeURLs listens on all of them before it closes one, so that none is there twice.
func freeURLs(t testing.TB, n int) []url.URL {
	t.Helper()
	urls := make([]url.URL, n)
	for i := range urls {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer func() { require.NoError(t, listener.Close()) }()
		urls[i] = url.URL{Scheme: "http", Host: listener.Addr().String()}
	}
	return urls
}

// client connects to all members.
func (c *cluster) client(t testing.TB) *clientv3.Client {
	t.Helper()
	var endpoints []string
	for _, member := range c.members {
		endpoints = append(endpoints, member.Config().ListenClientUrls[0].String())
	}
	client, err := clientv3.New(clientv3.Config{Endpoints: endpoints, DialTimeout: 10 * time.Second, Logger: zap.NewNop()})
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// leader is the member that leads.
func (c *cluster) leader(t testing.TB) *member {
	t.Helper()
	for {
		changed := c.members[0].Server.LeaderChangedNotify()
		for _, m := range c.members {
			if m.Server.Leader() == m.Server.MemberID() {
				return m
			}
		}
		// The members are about to choose another.
		select {
		case <-changed:
		case <-time.After(time.Minute):
			t.Fatal("no member leads within a minute")
		}
	}
}

func open(t testing.TB, client *clientv3.Client, options *etcdstore.Options) *etcdstore.Store {
	t.Helper()
	store, err := etcdstore.Open(t.Context(), client, options)
	require.NoError(t, err)
	return store
}
