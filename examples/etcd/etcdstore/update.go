package etcdstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// errUnknown marks the loss of an answer: etcd may have done what it was asked.
var errUnknown = errors.New("etcdstore: no answer, it may be stored or not")

// refusals are the answers after which a transaction is certainly not stored.
var refusals = []error{
	rpctypes.ErrTooManyOps, rpctypes.ErrRequestTooLarge, rpctypes.ErrNoSpace, rpctypes.ErrPermissionDenied,
}

// draft is a transaction before it is sent: what was read, and what is to be
// written if none of it has changed.
type draft struct {
	store *Store
	read  map[key]version
	write map[key]*string // nil deletes
}

// version is what a key held; revision 0 is a key that does not exist.
type version struct {
	value    []byte
	revision int64
}

// get returns what the key holds after what the draft writes, nil for nothing.
func (d *draft) get(k key) []byte {
	if value, written := d.write[k]; written {
		if value == nil {
			return nil
		}
		return []byte(*value)
	}
	return d.read[k].value
}

func (d *draft) put(k key, value string) { d.write[k] = &value }

func (d *draft) delete(k key) { d.write[k] = nil }

// row decodes what the key holds, nil for nothing.
func row[T any](d *draft, k key) (*T, error) {
	value := d.get(k)
	if value == nil {
		return nil, nil
	}
	r, err := unmarshal[T](value)
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", k, err)
	}
	return &r, nil
}

// update is the one way in which this store writes. It reads keys, lets change
// decide what to write, and writes it in one transaction, on the condition that
// every key that was read is as it was. Where one has changed, the same
// transaction brings what they hold now, and change decides again.
func (s *Store) update(ctx context.Context, keys []key, change func(d *draft) error) error {
	slices.Sort(keys)
	keys = slices.Compact(keys)
	seen, err := s.versions(ctx, keys)
	if err != nil {
		return err
	}
	for {
		d := &draft{store: s, read: seen, write: map[key]*string{}}
		if err := change(d); err != nil {
			return err
		}
		if len(d.write) == 0 {
			return nil
		}
		if seen, err = d.send(ctx, keys); seen == nil {
			return err
		}
		s.onRetry()
	}
}

// send returns nil where the draft was stored, else what the keys hold now.
func (d *draft) send(ctx context.Context, keys []key) (map[key]version, error) {
	unchanged := make([]clientv3.Cmp, len(keys))
	again := make([]clientv3.Op, len(keys))
	for i, k := range keys {
		unchanged[i] = clientv3.Compare(clientv3.ModRevision(string(k)), "=", d.read[k].revision)
		again[i] = clientv3.OpGet(string(k))
	}
	var writes []clientv3.Op
	for _, k := range slices.Sorted(maps.Keys(d.write)) {
		if value := d.write[k]; value != nil {
			writes = append(writes, clientv3.OpPut(string(k), *value))
		} else {
			writes = append(writes, clientv3.OpDelete(string(k)))
		}
	}
	reply, err := d.store.client.Txn(ctx).If(unchanged...).Then(writes...).Else(again...).Commit()
	if slices.ContainsFunc(refusals, func(refusal error) bool { return errors.Is(err, refusal) }) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnknown, err)
	}
	if reply.Succeeded {
		return nil, nil
	}
	now := make(map[key]version, len(keys))
	for i, k := range keys {
		now[k] = versionOf(reply.Responses[i].GetResponseRange())
	}
	return now, nil
}

// versions reads what keys hold, all at one revision.
func (s *Store) versions(ctx context.Context, keys []key) (map[key]version, error) {
	seen := make(map[key]version, len(keys))
	r := &reader{store: s}
	for _, k := range keys {
		r.asks = append(r.asks, ask{from: k, then: func(found *answer) error {
			seen[k] = versionOf(found)
			return nil
		}})
	}
	return seen, r.run(ctx)
}

func versionOf(found *answer) version {
	if len(found.Kvs) == 0 {
		return version{}
	}
	return version{found.Kvs[0].Value, found.Kvs[0].ModRevision}
}
