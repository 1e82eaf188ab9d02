package postgres

import (
	"context"
	"fmt"
	"math"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/internal/rowcodec"
)

// least is before every number that is stored.
const least = math.MinInt64

const (
	listAccounts = "SELECT member, " + accountColumns + " FROM loyalty_accounts" +
		" WHERE program = $1 AND member > $2 ORDER BY member LIMIT $3"
	listDueAccounts = "SELECT member, " + accountColumns + " FROM loyalty_accounts" +
		" WHERE program = $1 AND due_at < " + never + " AND due_at <= $2 AND (due_at, member) > ($3, $4)" +
		" AND (retry_at IS NULL OR retry_at <= $2) ORDER BY due_at, member LIMIT $5"
	listLots     = "SELECT " + lotColumns + " FROM loyalty_lots" + ofAccount + " AND lot > $3 ORDER BY lot LIMIT $4"
	listOpenLots = "SELECT " + lotColumns + " FROM loyalty_lots" + ofAccount +
		" AND open = 1 AND (expires_at, earned_at, lot) > ($3, $4, $5)" + consumption + " LIMIT $6"
	listEntries = "SELECT " + entryColumns + " FROM loyalty_entries" + ofAccount +
		" AND (version, ordinal) > ($3, $4) ORDER BY version, ordinal LIMIT $5"
	listOperations = "SELECT " + operationColumns + " FROM loyalty_operations" + ofAccount +
		" AND version > $3 ORDER BY version LIMIT $4"
	listEvents = "SELECT " + eventColumns + " FROM loyalty_events WHERE program = $1 AND acked = 0 AND bucket = $2" +
		" AND (member, version, ordinal) > ($3, $4, $5) ORDER BY member, version, ordinal LIMIT $6"
	getVersion = "SELECT version FROM loyalty_accounts" + ofAccount
)

type position = rowcodec.Position

// listing reads one page.
type listing[T any] struct {
	limit int
	scope string
	items []T
	at    func(*T) position
}

// add adds the statement of a listing, which reads one more than the limit.
func (l *listing[T]) add(t *trip, read func(*row) T, sql string, args ...any) {
	t.forget(func() { l.items = nil })
	t.query(func(r *row) error {
		l.items = append(l.items, read(r))
		return nil
	}, sql, append(args, int64(l.limit)+1)...)
}

func (l *listing[T]) page() storage.Page[T] {
	page := storage.Page[T]{Items: l.items}
	if len(l.items) > l.limit {
		page.Items = l.items[:l.limit:l.limit]
		page.Next = l.at(&page.Items[l.limit-1]).Encode(l.scope)
	}
	if page.Items == nil {
		page.Items = []T{}
	}
	return page
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("postgres: list %s: %w", what, err)
}

// Accounts lists a program's accounts by member, or by due time.
func (e *engine) Accounts(ctx context.Context, query storage.AccountQuery) (storage.Page[storage.Account], error) {
	l := listing[storage.Account]{limit: storage.LimitOf(query.Limit), scope: query.Scope()}
	start := position{""}
	l.at = func(a *storage.Account) position { return position{a.Member} }
	if !query.DueBy.IsZero() {
		start = position{int64(least), ""}
		l.at = func(a *storage.Account) position { return position{rowcodec.Micros(a.DueAt), a.Member} }
	}
	at, err := rowcodec.DecodePosition(l.scope, query.After, start)
	if err != nil {
		return storage.Page[storage.Account]{}, wrap("accounts", err)
	}
	read := func(r *row) storage.Account {
		member := r.text()
		return readAccount(r, query.Program, member)
	}
	t := &trip{}
	if query.DueBy.IsZero() {
		l.add(t, read, listAccounts, query.Program, at[0])
	} else {
		l.add(t, read, listDueAccounts, query.Program, rowcodec.Micros(query.DueBy), at[0], at[1])
	}
	if err := e.database.read(ctx, t); err != nil {
		return storage.Page[storage.Account]{}, wrap("accounts", err)
	}
	return l.page(), nil
}

// Lots lists an account's lots by id, or the open ones in consumption order.
func (e *engine) Lots(ctx context.Context, query storage.MemberQuery) (storage.Page[storage.Lot], error) {
	l := memberListing[storage.Lot]{
		query: query, name: "lots", sql: listLots, read: readLot, start: position{int64(least)},
		at: func(l *storage.Lot) position { return position{int64(l.ID)} },
	}
	if query.Open {
		l.sql, l.start = listOpenLots, position{int64(least), int64(least), int64(least)}
		l.at = func(l *storage.Lot) position {
			return position{rowcodec.Micros(l.ExpiresAt), rowcodec.Micros(l.EarnedAt), int64(l.ID)}
		}
	}
	return l.page(ctx, e)
}

// Entries lists an account's ledger from query.From on.
func (e *engine) Entries(ctx context.Context, query storage.MemberQuery) (storage.Page[storage.Entry], error) {
	l := memberListing[storage.Entry]{
		query: query, name: "entries", sql: listEntries, read: readEntry,
		start: position{before(query.From), int64(math.MaxInt32)},
		at:    func(e *storage.Entry) position { return position{e.Version, int64(e.Ordinal)} },
	}
	return l.page(ctx, e)
}

// Operations lists an account's operations from query.From on.
func (e *engine) Operations(ctx context.Context, query storage.MemberQuery) (storage.Page[storage.Operation], error) {
	l := memberListing[storage.Operation]{
		query: query, name: "operations", sql: listOperations, read: readOperation,
		start: position{before(query.From)},
		at:    func(op *storage.Operation) position { return position{op.Version} },
	}
	return l.page(ctx, e)
}

func before(version int64) int64 { return max(version, 1) - 1 }

// memberListing lists rows under one account.
type memberListing[T any] struct {
	query storage.MemberQuery
	name  string
	sql   string
	read  func(r *row, program, member string) T
	start position
	at    func(*T) position
}

func (m memberListing[T]) page(ctx context.Context, e *engine) (storage.Page[T], error) {
	q := m.query
	l := listing[T]{limit: storage.LimitOf(q.Limit), scope: q.Scope(m.name), at: m.at}
	at, err := rowcodec.DecodePosition(l.scope, q.After, m.start)
	if err != nil {
		return storage.Page[T]{}, wrap(m.name, err)
	}
	if at[0].(int64) <= m.start[0].(int64) {
		at = m.start // the cursor is of a listing from an earlier version on
	}
	read := func(r *row) T { return m.read(r, q.Program, q.Member) }
	version, err := l.atVersion(ctx, e, q.Program, q.Member, func(t *trip) {
		l.add(t, read, m.sql, append([]any{q.Program, q.Member}, at...)...)
	})
	if err == nil && q.AtVersion != 0 && q.AtVersion != version {
		err = fmt.Errorf("%w: %q is at version %d, not %d", storage.ErrConflict, q.Member, version, q.AtVersion)
	}
	if err != nil {
		return storage.Page[T]{}, wrap(m.name, err)
	}
	page := l.page()
	page.Version = version
	return page, nil
}

// glances is how often a page of a bound store is read again whose account changed
// meanwhile.
const glances = 16

// atVersion reads a page of one account, and the version that it is of. Where the
// transaction of a host lets others in between, the version is read again after it.
func (l *listing[T]) atVersion(ctx context.Context, e *engine, program, member string, list func(*trip)) (int64, error) {
	for range glances {
		var versions [2]int64
		t := &trip{}
		t.forget(func() { versions = [2]int64{} })
		look := func(to *int64) {
			t.query(func(r *row) error {
				*to = r.integer()
				return nil
			}, getVersion, program, member)
		}
		look(&versions[0])
		list(t)
		if e.bound {
			look(&versions[1])
		}
		if err := e.database.snapshot(ctx, t); err != nil {
			return 0, err
		}
		if !e.bound || versions[0] == versions[1] {
			return versions[0], nil
		}
	}
	return 0, fmt.Errorf("%w: %q changes all the time", storage.ErrConflict, member)
}

// Events lists pending events of a bucket.
func (e *engine) Events(ctx context.Context, query storage.EventQuery) (storage.Page[storage.Event], error) {
	l := listing[storage.Event]{limit: storage.LimitOf(query.Limit), scope: query.Scope()}
	l.at = func(e *storage.Event) position { return position{e.Member, e.Version, int64(e.Ordinal)} }
	at, err := rowcodec.DecodePosition(l.scope, query.After, position{"", int64(least), int64(math.MinInt32)})
	if err != nil {
		return storage.Page[storage.Event]{}, wrap("events", err)
	}
	t := &trip{}
	read := func(r *row) storage.Event { return readEvent(r, query.Program) }
	l.add(t, read, listEvents, query.Program, int64(query.Bucket), at[0], at[1], at[2])
	if err := e.database.read(ctx, t); err != nil {
		return storage.Page[storage.Event]{}, wrap("events", err)
	}
	return l.page(), nil
}
