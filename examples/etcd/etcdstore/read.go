package etcdstore

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// answer is what etcd has between two keys.
type answer = etcdserverpb.RangeResponse

// reader reads at one revision of the whole cluster: the one of its first
// transaction. What an answer makes one want to know is asked in the next.
type reader struct {
	store    *Store
	revision int64
	asks     []ask
}

type ask struct {
	from, to key // to is "" for the one key from
	limit    int
	then     func(found *answer) error
}

// get asks for one key; then is called where it exists.
func (r *reader) get(k key, then func(value []byte) error) {
	r.asks = append(r.asks, ask{from: k, then: func(found *answer) error {
		if len(found.Kvs) == 0 {
			return nil
		}
		if err := then(found.Kvs[0].Value); err != nil {
			return fmt.Errorf("read %q: %w", k, err)
		}
		return nil
	}})
}

// scan asks for up to limit keys in [from, to), in order.
func (r *reader) scan(from, to key, limit int, then func(found *answer) error) {
	if from < to {
		r.asks = append(r.asks, ask{from: from, to: to, limit: limit, then: then})
	}
}

// run asks until no answer raises a new question.
func (r *reader) run(ctx context.Context) error {
	for len(r.asks) > 0 {
		asks := r.asks[:min(len(r.asks), r.store.ops)]
		r.asks = r.asks[len(asks):]
		ops := make([]clientv3.Op, len(asks))
		for i, a := range asks {
			ops[i] = a.op(r.revision)
		}
		reply, err := r.store.client.Txn(ctx).Then(ops...).Commit()
		if err != nil {
			return err
		}
		if r.revision == 0 {
			r.revision = reply.Header.Revision
		}
		for i, a := range asks {
			if err := a.then(reply.Responses[i].GetResponseRange()); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *ask) op(revision int64) clientv3.Op {
	options := []clientv3.OpOption{clientv3.WithRev(revision)}
	if a.to != "" {
		options = append(options, clientv3.WithRange(string(a.to)), clientv3.WithLimit(int64(a.limit)))
	}
	return clientv3.OpGet(string(a.from), options...)
}

// read lets questions be asked and answers them. It starts again, at a later
// revision, where the cluster was compacted meanwhile: questions must put their
// answers into fresh variables.
func (s *Store) read(ctx context.Context, doing string, questions func(r *reader) error) error {
	for {
		if err := ctx.Err(); err != nil {
			return failed(ctx, doing, err)
		}
		r := &reader{store: s}
		err := questions(r)
		if err == nil {
			err = r.run(ctx)
		}
		if err == nil {
			return nil
		}
		if !errors.Is(err, rpctypes.ErrCompacted) {
			return failed(ctx, doing, err)
		}
	}
}

// each decodes rows in order and stops when use returns false.
func each[T any](kvs []*mvccpb.KeyValue, use func(row T) bool) error {
	for _, kv := range kvs {
		row, err := unmarshal[T](kv.Value)
		if err != nil {
			return fmt.Errorf("read %q: %w", kv.Key, err)
		}
		if !use(row) {
			return nil
		}
	}
	return nil
}

// into decodes the row of a key to a place.
func into[T any](place **T) func(value []byte) error {
	return func(value []byte) error {
		row, err := unmarshal[T](value)
		*place = &row
		return err
	}
}
