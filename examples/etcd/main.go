// Command etcd runs a coffee shop's loyalty program on etcd: it starts a server in
// a folder of its own, enrolls a member, earns and spends, and verifies the books.
//
//	go run ./examples/etcd
//
// The adapter, package etcdstore, is made to be copied; docs/adapter.md explains it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"time"

	"github.com/shopspring/decimal"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"

	"github.com/loyaltykit/loyaltykit/examples/etcd/etcdstore"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func main() {
	dir, err := os.MkdirTemp("", "loyaltykit-etcd-")
	if err == nil {
		err = errors.Join(run(context.Background(), os.Stdout, dir), os.RemoveAll(dir))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, dir string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	server, err := serve(ctx, dir)
	if err != nil {
		return err
	}
	defer server.Close()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{server.Clients[0].Addr().String()}, Logger: zap.NewNop()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	store, err := etcdstore.Open(ctx, client, nil)
	if err != nil {
		return err
	}
	clock := func() time.Time { return time.Date(2027, time.February, 22, 9, 30, 0, 0, time.UTC) }
	engine, err := loyalty.New(loyalty.Revisions{beans()}, store, &loyalty.Options{Clock: clock})
	if err != nil {
		return err
	}
	return morning(ctx, out, engine)
}

// serve starts one etcd server on free ports of the loopback interface. A cluster
// of a shop's own is started with the same --max-txn-ops.
func serve(ctx context.Context, dir string) (*embed.Etcd, error) {
	anyPort := []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	config := embed.NewConfig()
	config.Dir = dir
	config.ListenClientUrls, config.AdvertiseClientUrls = anyPort, anyPort
	config.ListenPeerUrls, config.AdvertisePeerUrls = anyPort, anyPort
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	config.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zap.NewNop())
	config.MaxTxnOps = 1024
	server, err := embed.StartEtcd(config)
	if err != nil {
		return nil, err
	}
	select {
	case <-server.Server.ReadyNotify():
		return server, nil
	case <-ctx.Done():
		server.Close()
		return nil, fmt.Errorf("etcd did not start: %w", ctx.Err())
	}
}

func beans() loyalty.Program {
	return loyalty.Program{
		ID: "beans", Zone: "Europe/Vienna",
		Units: []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(1, points.Years)}},
		Earning: []points.Rule{
			{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}},
		},
	}
}

func morning(ctx context.Context, out io.Writer, engine *loyalty.Engine) error {
	latte := points.Line{Item: "latte", Amount: decimal.RequireFromString("12.40")}
	for _, command := range []loyalty.Command{
		loyalty.Enroll{Member: "m-7301", Key: "signup"},
		loyalty.Earn{Member: "m-7301", Key: "order-1001", Order: points.Order{ID: "1001", Currency: "EUR", Lines: []points.Line{latte}}},
		loyalty.Spend{Member: "m-7301", Key: "free-espresso", Unit: "bean", Points: 8},
	} {
		receipt, err := engine.Do(ctx, command)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, receipt)
	}
	report, err := engine.Verify(ctx, nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "verified %d operations and %d entries, problems: %d\n", report.Operations, report.Entries, len(report.Problems))
	return nil
}
