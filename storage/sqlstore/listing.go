package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"math"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/internal/rowcodec"
)

type position = rowcodec.Position

// collect appends the rows of a statement to a page, up to a limit, and reports
// whether there is one more.
func collect[T any](
	ctx context.Context, s *session, id statement, limit int, scan func(scanner) (T, error), to *[]T, args ...any,
) (more bool, err error) {
	err = s.query(ctx, id, func(rows *sql.Rows) (bool, error) {
		if len(*to) == limit {
			more = true
			return false, nil
		}
		item, err := scan(rows)
		if err == nil {
			*to = append(*to, item)
		}
		return true, err
	}, args...)
	return more, err
}

// turn sets the cursor of a page that is not the last.
func turn[T any](page *storage.Page[T], more bool, scope string, at func(*T) position) {
	if more {
		page.Next = at(&page.Items[len(page.Items)-1]).Encode(scope)
	}
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("sqlstore: list %s: %w", what, err)
}

// Accounts lists a program's accounts by member, or by due time.
func (e *engine) Accounts(ctx context.Context, query storage.AccountQuery) (storage.Page[storage.Account], error) {
	page := storage.Page[storage.Account]{Items: []storage.Account{}}
	limit, scope := storage.LimitOf(query.Limit), query.Scope()
	start := position{""}
	if !query.DueBy.IsZero() {
		start = position{int64(least), ""}
	}
	at, err := rowcodec.DecodePosition(scope, query.After, start)
	if err != nil {
		return storage.Page[storage.Account]{}, wrap("accounts", err)
	}
	scan := func(row scanner) (storage.Account, error) {
		var member string
		account, err := scanAccount(after{row, &member}, query.Program, "")
		account.Member = member
		return account, err
	}
	err = e.sessions.read(ctx, func(ctx context.Context, s *session) error {
		page.Items = page.Items[:0]
		id, args := listAccounts, append([]any{query.Program}, at...)
		if !query.DueBy.IsZero() {
			by := micros(query.DueBy)
			id, args = listDueAccounts, append(append([]any{query.Program, by}, at...), by)
		}
		more, err := collect(ctx, s, id, limit, scan, &page.Items, append(args, limit+1)...)
		turn(&page, more, scope, func(a *storage.Account) position {
			if query.DueBy.IsZero() {
				return position{a.Member}
			}
			return position{micros(a.DueAt), a.Member}
		})
		return err
	})
	return page, wrap("accounts", err)
}

// Lots lists an account's lots by id, or the open ones in consumption order.
func (e *engine) Lots(ctx context.Context, query storage.MemberQuery) (storage.Page[storage.Lot], error) {
	l := memberListing[storage.Lot]{
		query: query, name: "lots", statement: listLots, scan: scanLot, start: position{int64(least)},
		at: func(l *storage.Lot) position { return position{int64(l.ID)} },
	}
	if query.Open {
		l.statement, l.start = listOpenLots, position{int64(least), int64(least), int64(least)}
		l.at = func(l *storage.Lot) position {
			return position{micros(l.ExpiresAt), micros(l.EarnedAt), int64(l.ID)}
		}
	}
	return l.page(ctx, e)
}

// Entries lists an account's ledger from query.From on.
func (e *engine) Entries(ctx context.Context, query storage.MemberQuery) (storage.Page[storage.Entry], error) {
	l := memberListing[storage.Entry]{
		query: query, name: "entries", statement: listEntries, scan: scanEntry,
		start: position{before(query.From), int64(math.MaxInt32)},
		at:    func(e *storage.Entry) position { return position{e.Version, int64(e.Ordinal)} },
	}
	return l.page(ctx, e)
}

// Operations lists an account's operations from query.From on.
func (e *engine) Operations(ctx context.Context, query storage.MemberQuery) (storage.Page[storage.Operation], error) {
	l := memberListing[storage.Operation]{
		query: query, name: "operations", statement: listOperations, scan: scanOperation,
		start: position{before(query.From)},
		at:    func(op *storage.Operation) position { return position{op.Version} },
	}
	return l.page(ctx, e)
}

func before(version int64) int64 { return max(version, 1) - 1 }

// memberListing lists rows under one account.
type memberListing[T any] struct {
	query     storage.MemberQuery
	name      string
	statement statement
	scan      func(row scanner, program, member string) (T, error)
	start     position
	at        func(*T) position
}

func (l memberListing[T]) page(ctx context.Context, e *engine) (storage.Page[T], error) {
	page := storage.Page[T]{Items: []T{}}
	limit, scope, program, member := storage.LimitOf(l.query.Limit), l.query.Scope(l.name), l.query.Program, l.query.Member
	at, err := rowcodec.DecodePosition(scope, l.query.After, l.start)
	if err != nil {
		return storage.Page[T]{}, wrap(l.name, err)
	}
	if at[0].(int64) <= l.start[0].(int64) {
		at = l.start // the cursor is of a listing from an earlier version on
	}
	err = e.sessions.read(ctx, func(ctx context.Context, s *session) error {
		page.Items, page.Version = page.Items[:0], 0
		if _, err := s.one(ctx, getVersion, []any{&page.Version}, program, member); err != nil {
			return err
		}
		if l.query.AtVersion != 0 && l.query.AtVersion != page.Version {
			return fmt.Errorf("%w: %q is at version %d, not %d",
				storage.ErrConflict, member, page.Version, l.query.AtVersion)
		}
		scan := func(row scanner) (T, error) { return l.scan(row, program, member) }
		args := append(append([]any{program, member}, at...), limit+1)
		more, err := collect(ctx, s, l.statement, limit, scan, &page.Items, args...)
		turn(&page, more, scope, l.at)
		if err != nil || !s.unsteady {
			return err
		}
		return s.steady(ctx, program, member, page.Version)
	})
	if err != nil {
		return storage.Page[T]{}, wrap(l.name, err)
	}
	return page, nil
}

// steady reports storage.ErrConflict if an account has another version than before.
func (s *session) steady(ctx context.Context, program, member string, version int64) error {
	var now int64
	if _, err := s.one(ctx, getVersion, []any{&now}, program, member); err != nil || now == version {
		return err
	}
	return fmt.Errorf("%w: %q went from version %d to %d meanwhile", storage.ErrConflict, member, version, now)
}

// Events lists pending events of a bucket.
func (e *engine) Events(ctx context.Context, query storage.EventQuery) (storage.Page[storage.Event], error) {
	page := storage.Page[storage.Event]{Items: []storage.Event{}}
	limit, scope := storage.LimitOf(query.Limit), query.Scope()
	at, err := rowcodec.DecodePosition(scope, query.After, position{"", int64(least), int64(math.MinInt32)})
	if err != nil {
		return storage.Page[storage.Event]{}, wrap("events", err)
	}
	err = e.sessions.read(ctx, func(ctx context.Context, s *session) error {
		page.Items = page.Items[:0]
		scan := func(row scanner) (storage.Event, error) { return scanEvent(row, query.Program) }
		args := append(append([]any{query.Program, query.Bucket}, at...), limit+1)
		more, err := collect(ctx, s, listEvents, limit, scan, &page.Items, args...)
		turn(&page, more, scope, func(e *storage.Event) position {
			return position{e.Member, e.Version, int64(e.Ordinal)}
		})
		return err
	})
	return page, wrap("events", err)
}
