package etcdstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/loyaltykit/loyaltykit/storage"
)

const (
	// rowOps is how many keys one row changes at most: its own, two indexes that
	// it enters and two that it leaves.
	rowOps = 5
	// minTxnOps lets any batch of 100 rows into one transaction.
	minTxnOps = 512
	// maxRequest stays under the 1.5 MiB of a request that a server accepts.
	maxRequest = 1_500_000
	// opBytes stands for the keys of one operation and what surrounds them.
	opBytes = 400
)

// Options says what a Store cannot know. The zero value, and nil, work.
type Options struct {
	// Prefix starts all keys; "" is "loyaltykit/". Stores with other prefixes on
	// one cluster do not see each other; none is the beginning of another.
	Prefix string
	// MaxTxnOps is what the servers were started with as --max-txn-ops, at least
	// 512; 0 is 1024. The server's own default, 128, is too little.
	MaxTxnOps int
	// OnRetry is called when a transaction met a change of another caller and is
	// tried again. It must be safe for concurrent use.
	OnRetry func()
}

// Store keeps rows in an etcd cluster. It has no state of its own: any number of
// them, in any number of processes, work on one prefix at once.
type Store struct {
	client  *clientv3.Client
	prefix  key
	ops     int
	onRetry func()
}

var (
	_ storage.Store   = (*Store)(nil)
	_ storage.Limiter = (*Store)(nil)
)

// Open returns a store on a cluster, after it has asked the cluster whether its
// transactions are large enough. The client stays the caller's to close.
func Open(ctx context.Context, client *clientv3.Client, options *Options) (*Store, error) {
	var o Options
	if options != nil {
		o = *options
	}
	s := &Store{
		client: client, prefix: key(cmp.Or(o.Prefix, "loyaltykit/")),
		ops: cmp.Or(o.MaxTxnOps, 1024), onRetry: o.OnRetry,
	}
	if s.onRetry == nil {
		s.onRetry = func() {}
	}
	if s.ops < minTxnOps {
		return nil, fmt.Errorf("etcdstore: MaxTxnOps is %d: a batch of 100 rows needs %d", s.ops, minTxnOps)
	}
	tests := make([]clientv3.Cmp, s.ops)
	for i := range tests {
		tests[i] = clientv3.Compare(clientv3.CreateRevision(string(s.prefix)), "=", 0)
	}
	_, err := client.Txn(ctx).If(tests...).Commit()
	if errors.Is(err, rpctypes.ErrTooManyOps) {
		return nil, fmt.Errorf("etcdstore: start every server with --max-txn-ops=%d: %w", s.ops, err)
	}
	if err != nil {
		return nil, fmt.Errorf("etcdstore: open: %w", err)
	}
	return s, nil
}

// Limits says what fits: a batch of as many rows and bytes is never TooLarge.
func (s *Store) Limits() storage.Limits {
	return storage.Limits{Rows: s.ops / rowOps, Bytes: maxRequest - s.ops*opBytes, Calls: 8}
}

// failed wraps an error of the client. A context that is done comes first: the
// client reports some of these as a failure of the server.
func failed(ctx context.Context, doing string, err error) error {
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return fmt.Errorf("etcdstore: %s: %w", doing, err)
}
