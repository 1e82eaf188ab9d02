package etcdstore

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/storage"
)

// Ack hides events: nothing reads them any more, and what stays until Prune is a
// key that says when they were recorded.
func (s *Store) Ack(ctx context.Context, program string, ids []storage.EventID) error {
	if err := ctx.Err(); err != nil {
		return failed(ctx, "ack", err)
	}
	for chunk := range slices.Chunk(ids, s.ops/2) {
		keys := make([]key, len(chunk))
		for i, id := range chunk {
			keys[i] = s.eventKey(program, id)
		}
		err := s.update(ctx, keys, func(d *draft) error {
			for _, k := range keys {
				event, err := row[storage.Event](d, k)
				if err != nil {
					return err
				}
				if event != nil {
					d.delete(k)
					d.put(s.ackedKey(event), "")
				}
			}
			return nil
		})
		if err != nil {
			return failed(ctx, "ack", err)
		}
	}
	return nil
}

// Prune walks indexes that are in order of recorded time and hold only what is
// still to be pruned.
func (s *Store) Prune(ctx context.Context, request storage.PruneRequest) (storage.Pruned, error) {
	limit := request.Limit
	if limit <= 0 {
		limit = 1000
	}
	var pruned storage.Pruned
	for _, part := range []struct {
		table  string
		before time.Time
		prune  func(d *draft, index, pointer key) (bool, error)
		count  *int64
	}{
		{acked, request.EventsBefore, dropAcked, &pruned.Events},
		{withBody, request.BodiesBefore, dropBody, &pruned.Bodies},
		{withKey, request.KeysBefore, freeKey, &pruned.Keys},
	} {
		left := limit - int(pruned.Events+pruned.Bodies+pruned.Keys)
		if part.before.IsZero() || left == 0 {
			continue
		}
		n, err := s.prune(ctx, s.table(part.table, request.Program), part.before, left, part.prune)
		*part.count = n
		if err != nil {
			return pruned, failed(ctx, "prune", err)
		}
	}
	pruned.More = int(pruned.Events+pruned.Bodies+pruned.Keys) == limit
	return pruned, nil
}

// prune takes up to limit rows from an index whose instants are before a time.
func (s *Store) prune(ctx context.Context, index key, before time.Time, limit int, one func(d *draft, index, pointer key) (bool, error)) (int64, error) {
	var total int64
	for limit > 0 {
		found := &answer{}
		step := min(limit, s.ops/rowOps)
		err := s.read(ctx, "prune", func(r *reader) error {
			r.scan(index, index.instant(before), step, func(a *answer) error {
				found = a
				return nil
			})
			return nil
		})
		if err != nil {
			return total, err
		}
		var keys []key
		for _, kv := range found.Kvs {
			keys = append(keys, key(kv.Key))
			if len(kv.Value) > 0 {
				keys = append(keys, key(kv.Value))
			}
		}
		var n int64
		err = s.update(ctx, keys, func(d *draft) error {
			n = 0
			for _, kv := range found.Kvs {
				changed, err := one(d, key(kv.Key), key(kv.Value))
				if err != nil {
					return err
				}
				if changed {
					n++
				}
			}
			return nil
		})
		if err != nil {
			return total, err
		}
		total, limit = total+n, limit-int(n)
		if !found.More {
			break
		}
	}
	return total, nil
}

// dropAcked, dropBody and freeKey draft one step of Prune. They report false
// where another caller has already taken it.
func dropAcked(d *draft, index, _ key) (bool, error) {
	if d.read[index].revision == 0 {
		return false, nil
	}
	d.delete(index)
	return true, nil
}

func dropBody(d *draft, index, pointer key) (bool, error) {
	op, err := row[storage.Operation](d, pointer)
	if err != nil || op == nil || d.get(index) == nil {
		return false, err
	}
	op.Command, op.Receipt = nil, nil
	d.put(pointer, marshal(*op))
	d.delete(index)
	return true, nil
}

func freeKey(d *draft, index, pointer key) (bool, error) {
	op, err := row[storage.Operation](d, pointer)
	if err != nil || op == nil || d.get(index) == nil {
		return false, err
	}
	d.delete(d.store.usedKey(op.Program, op.Member, op.Key))
	d.delete(index)
	op.Key = storage.FreedKey(op.Version)
	d.put(pointer, marshal(*op))
	d.put(d.store.usedKey(op.Program, op.Member, op.Key), string(pointer))
	return true, nil
}

// Revisions lists a program's revisions in order of number.
func (s *Store) Revisions(ctx context.Context, program string) ([]storage.Revision, error) {
	var found []storage.Revision
	prefix := s.table(revisions, program)
	err := s.read(ctx, "list revisions", func(r *reader) error {
		found = nil
		var walk func(from key)
		walk = func(from key) {
			r.scan(from, prefix.end(), storage.LimitOf(0), func(a *answer) error {
				if a.More {
					walk(key(a.Kvs[len(a.Kvs)-1].Key).next())
				}
				return each(a.Kvs, func(revision storage.Revision) bool {
					found = append(found, revision)
					return true
				})
			})
		}
		walk(prefix)
		return nil
	})
	return found, err
}

// PutRevision writes a revision once.
func (s *Store) PutRevision(ctx context.Context, revision storage.Revision) error {
	if err := ctx.Err(); err != nil {
		return failed(ctx, "put revision", err)
	}
	k := s.revisionKey(revision.Program, revision.Number)
	err := s.update(ctx, []key{k}, func(d *draft) error {
		written, err := row[storage.Revision](d, k)
		if err != nil {
			return err
		}
		if written == nil {
			d.put(k, marshal(revision))
			return nil
		}
		if !bytes.Equal(written.Text, revision.Text) {
			return fmt.Errorf("revision %d of %q: %w", revision.Number, revision.Program, storage.ErrRevisionExists)
		}
		return nil
	})
	if err != nil {
		return failed(ctx, "put revision", err)
	}
	return nil
}
