package memory

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Accounts lists a program's accounts by member, or by due time.
func (s *Store) Accounts(ctx context.Context, query storage.AccountQuery) (storage.Page[storage.Account], error) {
	if err := ctx.Err(); err != nil {
		return storage.Page[storage.Account]{}, err
	}
	if !query.DueBy.IsZero() {
		return s.dueAccounts(query)
	}
	after, err := storage.DecodeCursor(query.Scope(), query.After, 1)
	if err != nil {
		return storage.Page[storage.Account]{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var accounts iter.Seq[*account]
	if p := s.programs[query.Program]; p != nil {
		accounts = p.members.from(func(a *account) bool { return after != nil && a.row.Member <= after[0] })
	}
	return page(accounts, query.Limit, accountRow, func(a *account) string {
		return storage.EncodeCursor(query.Scope(), a.row.Member)
	}), nil
}

func accountRow(a *account) storage.Account { return copyAccount(&a.row) }

func (s *Store) dueAccounts(query storage.AccountQuery) (storage.Page[storage.Account], error) {
	after, err := storage.DecodeCursor(query.Scope(), query.After, 2)
	if err != nil {
		return storage.Page[storage.Account]{}, err
	}
	before := func(*account) bool { return false }
	if after != nil {
		due, err := parseInstant(after[0])
		if err != nil {
			return storage.Page[storage.Account]{}, err
		}
		before = func(a *account) bool {
			c := a.row.DueAt.Compare(due)
			return c < 0 || c == 0 && a.row.Member <= after[1]
		}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var accounts iter.Seq[*account]
	if p := s.programs[query.Program]; p != nil {
		accounts = func(yield func(*account) bool) {
			for a := range p.due.from(before) {
				if a.row.DueAt.After(query.DueBy) {
					return
				}
				if !a.row.RetryAt.After(query.DueBy) && !yield(a) {
					return
				}
			}
		}
	}
	return page(accounts, query.Limit, accountRow, func(a *account) string {
		return storage.EncodeCursor(query.Scope(), formatInstant(a.row.DueAt), a.row.Member)
	}), nil
}

// Lots lists an account's lots by id, or the open ones in consumption order.
func (s *Store) Lots(ctx context.Context, query storage.MemberQuery) (storage.Page[storage.Lot], error) {
	if query.Open {
		return s.openLots(ctx, query)
	}
	scope := query.Scope("lots")
	return memberPage(ctx, s, query, scope, 1,
		func(a *account, after []int64) iter.Seq[*lot] {
			return a.lots.from(func(l *lot) bool { return after != nil && int64(l.row.ID) <= after[0] })
		},
		lotRow,
		func(l *lot) string { return storage.EncodeCursor(scope, formatInt(int64(l.row.ID))) })
}

func lotRow(l *lot) storage.Lot { return l.row }

func (s *Store) openLots(ctx context.Context, query storage.MemberQuery) (storage.Page[storage.Lot], error) {
	scope := query.Scope("lots")
	return memberPage(ctx, s, query, scope, 3,
		func(a *account, after []int64) iter.Seq[*lot] {
			if after == nil {
				return a.open.all()
			}
			last := lot{row: storage.Lot{Lot: points.Lot{
				ExpiresAt: time.UnixMicro(after[0]), EarnedAt: time.UnixMicro(after[1]), ID: points.LotID(after[2]),
			}}}
			return a.open.from(func(l *lot) bool { return byConsumption(l, &last) <= 0 })
		},
		lotRow,
		func(l *lot) string {
			return storage.EncodeCursor(scope, formatInstant(l.row.ExpiresAt), formatInstant(l.row.EarnedAt),
				formatInt(int64(l.row.ID)))
		})
}

// Entries lists an account's ledger from query.From on.
func (s *Store) Entries(ctx context.Context, query storage.MemberQuery) (storage.Page[storage.Entry], error) {
	scope := query.Scope("entries")
	return memberPage(ctx, s, query, scope, 2,
		func(a *account, after []int64) iter.Seq[storage.Entry] { return a.entriesAfter(query.From, after) },
		func(e storage.Entry) storage.Entry { return e },
		func(e storage.Entry) string {
			return storage.EncodeCursor(scope, formatInt(e.Version), formatInt(int64(e.Ordinal)))
		})
}

func (a *account) entriesAfter(from int64, after []int64) iter.Seq[storage.Entry] {
	if after != nil {
		from = max(from, after[0])
	}
	return func(yield func(storage.Entry) bool) {
		for _, v := range a.versions(from) {
			for e := range v.unpackEntries(a) {
				if after != nil && e.Version == after[0] && int64(e.Ordinal) <= after[1] {
					continue
				}
				if !yield(e) {
					return
				}
			}
		}
	}
}

// Operations lists an account's operations from query.From on.
func (s *Store) Operations(ctx context.Context, query storage.MemberQuery) (storage.Page[storage.Operation], error) {
	scope := query.Scope("operations")
	return memberPage(ctx, s, query, scope, 1,
		func(a *account, after []int64) iter.Seq[storage.Operation] {
			from := query.From
			if after != nil {
				from = max(from, after[0]+1)
			}
			return func(yield func(storage.Operation) bool) {
				for _, v := range a.versions(from) {
					if !yield(v.unpackOperation(a)) {
						return
					}
				}
			}
		},
		func(op storage.Operation) storage.Operation { return op },
		func(op storage.Operation) string { return storage.EncodeCursor(scope, formatInt(op.Version)) })
}

// Records lists records of an account by key, or of a kind by reference.
func (s *Store) Records(ctx context.Context, query storage.RecordQuery) (storage.Page[storage.Record], error) {
	if err := ctx.Err(); err != nil {
		return storage.Page[storage.Record]{}, err
	}
	if err := query.Validate(); err != nil {
		return storage.Page[storage.Record]{}, err
	}
	if query.Member == "" {
		return s.recordsByReference(query)
	}
	after, err := storage.DecodeCursor(query.Scope(), query.After, 2)
	if err != nil {
		return storage.Page[storage.Record]{}, err
	}
	start := record{kind: query.Kind}
	if after != nil {
		start.kind, start.id = after[0], after[1]
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	a := s.account(query.Program, query.Member)
	if a == nil {
		return storage.Page[storage.Record]{Items: []storage.Record{}}, nil
	}
	records := a.records.from(func(r *record) bool {
		c := byKey(r, &start)
		return c < 0 || after != nil && c == 0
	})
	result := page(while(records, func(r *record) bool { return query.Kind == "" || r.kind == query.Kind }),
		query.Limit, (*record).unpack, func(r *record) string {
			return storage.EncodeCursor(query.Scope(), r.kind, r.id)
		})
	result.Version = a.row.Version
	return result, nil
}

func (s *Store) recordsByReference(query storage.RecordQuery) (storage.Page[storage.Record], error) {
	after, err := storage.DecodeCursor(query.Scope(), query.After, 5)
	if err != nil {
		return storage.Page[storage.Record]{}, err
	}
	start := record{reference: query.Reference, status: query.Status, account: &account{}}
	if after != nil {
		start.reference, start.status, start.key, start.id = after[0], after[1], after[2], after[4]
		start.account.row.Member = after[3]
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var records iter.Seq[*record]
	if p := s.programs[query.Program]; p != nil && p.records[query.Kind] != nil {
		records = while(p.records[query.Kind].from(func(r *record) bool {
			c := byReference(r, &start)
			return c < 0 || after != nil && c == 0
		}), func(r *record) bool {
			return (query.Reference == "" || r.reference == query.Reference) &&
				(query.Status == "" || r.status == query.Status)
		})
	}
	return page(records, query.Limit, (*record).unpack, func(r *record) string {
		return storage.EncodeCursor(query.Scope(), r.reference, r.status, r.key, r.account.row.Member, r.id)
	}), nil
}

// Events lists pending events of a bucket.
func (s *Store) Events(ctx context.Context, query storage.EventQuery) (storage.Page[storage.Event], error) {
	none := storage.Page[storage.Event]{Items: []storage.Event{}}
	if err := ctx.Err(); err != nil {
		return storage.Page[storage.Event]{}, err
	}
	fields, err := storage.DecodeCursor(query.Scope(), query.After, 3)
	if err != nil {
		return storage.Page[storage.Event]{}, err
	}
	var member string
	var last eventRef
	if fields != nil {
		after, err := parseInts(fields[1:])
		if err != nil {
			return storage.Page[storage.Event]{}, err
		}
		member, last = fields[0], eventRef{version: after[0], ordinal: int(after[1])}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	p := s.programs[query.Program]
	if p == nil || query.Bucket < 0 || query.Bucket >= storage.Buckets {
		return none, nil
	}
	events := p.eventsAfter(query.Bucket, func(a *account, e eventRef) bool {
		return fields != nil && a.row.Member == member && byOrdinal(e, last) <= 0
	}, member)
	return page(events, query.Limit, pendingEvent.unpack, func(e pendingEvent) string {
		return storage.EncodeCursor(query.Scope(), e.account.row.Member, formatInt(e.version), formatInt(int64(e.ordinal)))
	}), nil
}

// pendingEvent is an event of an account in a listing across members.
type pendingEvent struct {
	account *account
	eventRef
}

func (e pendingEvent) unpack() storage.Event {
	for event := range e.account.version(e.version).unpackEvents(e.account) {
		if event.Ordinal == e.ordinal {
			return event
		}
	}
	return storage.Event{}
}

func (p *program) eventsAfter(bucket int, seen func(*account, eventRef) bool, member string) iter.Seq[pendingEvent] {
	return func(yield func(pendingEvent) bool) {
		for a := range p.buckets[bucket].from(func(a *account) bool { return a.row.Member < member }) {
			for e := range a.pending.from(func(e eventRef) bool { return seen(a, e) }) {
				if !yield(pendingEvent{a, e}) {
					return
				}
			}
		}
	}
}

func (s *Store) account(program, member string) *account {
	if p := s.programs[program]; p != nil {
		return p.accounts[member]
	}
	return nil
}

// memberPage lists rows of one account behind a cursor of n numbers.
func memberPage[T, R any](
	ctx context.Context, s *Store, query storage.MemberQuery, scope string, n int,
	items func(a *account, after []int64) iter.Seq[T], row func(T) R, cursor func(T) string,
) (storage.Page[R], error) {
	if err := ctx.Err(); err != nil {
		return storage.Page[R]{}, err
	}
	fields, err := storage.DecodeCursor(scope, query.After, n)
	if err != nil {
		return storage.Page[R]{}, err
	}
	after, err := parseInts(fields)
	if err != nil {
		return storage.Page[R]{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	a := s.account(query.Program, query.Member)
	var version int64
	var rows iter.Seq[T]
	if a != nil {
		version, rows = a.row.Version, items(a, after)
	}
	if query.AtVersion != 0 && query.AtVersion != version {
		return storage.Page[R]{}, fmt.Errorf("%w: %q is at version %d, not %d",
			storage.ErrConflict, query.Member, version, query.AtVersion)
	}
	result := page(rows, query.Limit, row, cursor)
	result.Version = version
	return result, nil
}

// page takes up to limit items, and a cursor if there are more. Nil is no items.
func page[T, R any](items iter.Seq[T], limit int, row func(T) R, cursor func(T) string) storage.Page[R] {
	result := storage.Page[R]{Items: []R{}}
	if items == nil {
		return result
	}
	var last T
	for item := range items {
		if len(result.Items) == storage.LimitOf(limit) {
			result.Next = cursor(last)
			break
		}
		result.Items = append(result.Items, row(item))
		last = item
	}
	return result
}

// while yields items up to the first that is not wanted.
func while[T any](items iter.Seq[T], wanted func(T) bool) iter.Seq[T] {
	return func(yield func(T) bool) {
		for item := range items {
			if !wanted(item) || !yield(item) {
				return
			}
		}
	}
}

func formatInt(n int64) string { return strconv.FormatInt(n, 10) }

func formatInstant(t time.Time) string { return formatInt(t.UnixMicro()) }

func parseInstant(field string) (time.Time, error) {
	micros, err := parseInts([]string{field})
	if err != nil {
		return time.Time{}, err
	}
	return time.UnixMicro(micros[0]), nil
}

func parseInts(fields []string) ([]int64, error) {
	if fields == nil {
		return nil, nil
	}
	numbers := make([]int64, len(fields))
	for i, field := range fields {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%w: %q is no number", storage.ErrBadCursor, strings.ToValidUTF8(field, "?"))
		}
		numbers[i] = n
	}
	return numbers, nil
}
