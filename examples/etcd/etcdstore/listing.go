package etcdstore

import (
	"context"
	"fmt"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"github.com/loyaltykit/loyaltykit/storage"
)

// listing is the keys of a table that begin with prefix, in order. A cursor is
// what follows the prefix in the last key of a page.
type listing struct {
	scope  string
	prefix key
	from   key // where the page starts
	limit  int
}

func (s *Store) listing(scope, after string, limit int, prefix key) (listing, error) {
	l := listing{scope: scope, prefix: prefix, from: prefix, limit: storage.LimitOf(limit)}
	fields, err := storage.DecodeCursor(scope, after, 1)
	if err == nil && fields != nil {
		l.from = (prefix + key(fields[0])).next()
	}
	return l, err
}

// cursor is "" where nothing follows.
func (l *listing) cursor(found *answer) string {
	if !found.More {
		return ""
	}
	return l.after(found.Kvs[len(found.Kvs)-1])
}

func (l *listing) after(kv *mvccpb.KeyValue) string {
	return storage.EncodeCursor(l.scope, string(kv.Key[len(l.prefix):]))
}

// Lots lists an account's lots.
func (s *Store) Lots(ctx context.Context, query storage.MemberQuery) (storage.Page[storage.Lot], error) {
	table := lots
	if query.Open {
		table = liveLots
	}
	return memberPage[storage.Lot](ctx, s, "lots", query, s.table(table, query.Program).text(query.Member), "")
}

// Entries lists an account's ledger.
func (s *Store) Entries(ctx context.Context, query storage.MemberQuery) (storage.Page[storage.Entry], error) {
	prefix := s.table(entries, query.Program).text(query.Member)
	return memberPage[storage.Entry](ctx, s, "entries", query, prefix, prefix.number(query.From))
}

// Operations lists an account's operations.
func (s *Store) Operations(ctx context.Context, query storage.MemberQuery) (storage.Page[storage.Operation], error) {
	prefix := s.table(operations, query.Program).text(query.Member)
	return memberPage[storage.Operation](ctx, s, "operations", query, prefix, prefix.number(query.From))
}

// memberPage reads a page of rows under an account, none before from, and the
// account at the same revision.
func memberPage[T any](ctx context.Context, s *Store, name string, query storage.MemberQuery, prefix, from key) (storage.Page[T], error) {
	l, err := s.listing(query.Scope(name), query.After, query.Limit, prefix)
	if err != nil {
		return storage.Page[T]{}, err
	}
	l.from = max(l.from, from)
	page, err := accountPage[T](ctx, s, l, query.Program, query.Member)
	if err != nil {
		return storage.Page[T]{}, err
	}
	if query.AtVersion != 0 && page.Version != query.AtVersion {
		return storage.Page[T]{}, fmt.Errorf("etcdstore: list %s of %q: version %d where %d is expected: %w",
			name, query.Member, page.Version, query.AtVersion, storage.ErrConflict)
	}
	return page, nil
}

func accountPage[T any](ctx context.Context, s *Store, l listing, program, member string) (storage.Page[T], error) {
	var page storage.Page[T]
	err := s.read(ctx, "list", func(r *reader) error {
		page = storage.Page[T]{Items: []T{}}
		r.get(s.accountKey(program, member), func(value []byte) error {
			account, err := unmarshal[storage.Account](value)
			page.Version = account.Version
			return err
		})
		r.scan(l.from, l.prefix.end(), l.limit, func(found *answer) error {
			page.Next = l.cursor(found)
			return each(found.Kvs, func(row T) bool {
				page.Items = append(page.Items, row)
				return true
			})
		})
		return nil
	})
	return page, err
}

// Events lists pending events of a bucket.
func (s *Store) Events(ctx context.Context, query storage.EventQuery) (storage.Page[storage.Event], error) {
	l, err := s.listing(query.Scope(), query.After, query.Limit, s.table(events, query.Program).number(int64(query.Bucket)))
	if err != nil {
		return storage.Page[storage.Event]{}, err
	}
	return plainPage[storage.Event](ctx, s, l)
}

func plainPage[T any](ctx context.Context, s *Store, l listing) (storage.Page[T], error) {
	var page storage.Page[T]
	err := s.read(ctx, "list", func(r *reader) error {
		page = storage.Page[T]{Items: []T{}}
		r.scan(l.from, l.prefix.end(), l.limit, func(found *answer) error {
			page.Next = l.cursor(found)
			return each(found.Kvs, func(row T) bool {
				page.Items = append(page.Items, row)
				return true
			})
		})
		return nil
	})
	return page, err
}

// Records lists the records of an account, or those of a kind across members.
func (s *Store) Records(ctx context.Context, query storage.RecordQuery) (storage.Page[storage.Record], error) {
	var none storage.Page[storage.Record]
	if err := query.Validate(); err != nil {
		return none, err
	}
	if query.Member != "" {
		prefix := s.table(records, query.Program).text(query.Member)
		if query.Kind != "" {
			prefix = prefix.text(query.Kind)
		}
		l, err := s.listing(query.Scope(), query.After, query.Limit, prefix)
		if err != nil {
			return none, err
		}
		return accountPage[storage.Record](ctx, s, l, query.Program, query.Member)
	}
	prefix := s.table(recordList, query.Program).text(query.Kind)
	if query.Reference != "" {
		prefix = prefix.text(query.Reference)
	}
	if query.Status != "" {
		prefix = prefix.text(query.Status)
	}
	l, err := s.listing(query.Scope(), query.After, query.Limit, prefix)
	if err != nil {
		return none, err
	}
	var page storage.Page[storage.Record]
	var rows []*storage.Record
	err = s.read(ctx, "list", func(r *reader) error {
		r.scan(l.from, l.prefix.end(), l.limit, func(found *answer) error {
			page.Next = l.cursor(found)
			rows = make([]*storage.Record, len(found.Kvs))
			for i, kv := range found.Kvs {
				r.get(key(kv.Value), into(&rows[i]))
			}
			return nil
		})
		return nil
	})
	page.Items = append([]storage.Record{}, existing(rows)...)
	return page, err
}

// Accounts lists a program's accounts, by member or by due time.
func (s *Store) Accounts(ctx context.Context, query storage.AccountQuery) (storage.Page[storage.Account], error) {
	table := accounts
	if !query.DueBy.IsZero() {
		table = accountDue
	}
	l, err := s.listing(query.Scope(), query.After, query.Limit, s.table(table, query.Program))
	if err != nil {
		return storage.Page[storage.Account]{}, err
	}
	if query.DueBy.IsZero() {
		return plainPage[storage.Account](ctx, s, l)
	}
	return s.dueAccounts(ctx, l, query)
}

// dueAccounts walks the index of due times until the page is full. Accounts that
// wait for their RetryAt are passed over without being read.
func (s *Store) dueAccounts(ctx context.Context, l listing, query storage.AccountQuery) (storage.Page[storage.Account], error) {
	var next string
	var rows []*storage.Account
	err := s.read(ctx, "list", func(r *reader) error {
		next, rows = "", nil
		var walk func(from key)
		walk = func(from key) {
			r.scan(from, l.prefix.through(query.DueBy), l.limit, func(found *answer) error {
				for i, kv := range found.Kvs {
					if len(rows) == l.limit {
						next = l.after(found.Kvs[i-1])
						return nil
					}
					index, err := unmarshal[storage.Account](kv.Value)
					if err != nil {
						return fmt.Errorf("read %q: %w", kv.Key, err)
					}
					if index.RetryAt.After(query.DueBy) {
						continue
					}
					rows = append(rows, askAccount(r, s.table(accounts, query.Program)+key(kv.Key[len(l.prefix)+8:])))
				}
				if len(rows) == l.limit {
					next = l.cursor(found)
				} else if found.More {
					walk(key(found.Kvs[len(found.Kvs)-1].Key).next())
				}
				return nil
			})
		}
		walk(l.from)
		return nil
	})
	return storage.Page[storage.Account]{Items: append([]storage.Account{}, existing(rows)...), Next: next}, err
}

func askAccount(r *reader, k key) *storage.Account {
	place := &storage.Account{}
	r.get(k, func(value []byte) (err error) {
		*place, err = unmarshal[storage.Account](value)
		return err
	})
	return place
}
