package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Load answers requests, all of them from one state of the database.
func (e *embedded) Load(ctx context.Context, requests []storage.LoadRequest) ([]storage.Snapshot, error) {
	snapshots := make([]storage.Snapshot, len(requests))
	if len(requests) == 1 {
		done, err := e.glance(ctx, &requests[0], &snapshots[0])
		if err != nil {
			return nil, fmt.Errorf("sqlstore: load: %w", err)
		}
		if done {
			return snapshots, nil
		}
	}
	err := e.sessions.load(ctx, func(ctx context.Context, s *session) error {
		known, err := ask(ctx, s, requests)
		if err != nil {
			return err
		}
		for i := range requests {
			l := loading{session: s, known: known, request: &requests[i], to: &snapshots[i]}
			if err := l.load(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("sqlstore: load: %w", err)
	}
	return snapshots, nil
}

// glance answers a request that one statement can answer, besides its claims and
// counters, which are no part of the snapshot: an account that exists or not, that
// is not due, and a key that is new. It reports whether that was enough.
func (e *embedded) glance(ctx context.Context, request *storage.LoadRequest, to *storage.Snapshot) (done bool, err error) {
	if len(request.Records)+len(request.Lots)+len(request.Debits) > 0 {
		return false, nil
	}
	err = e.sessions.glance(ctx, func(ctx context.Context, s *session) error {
		var used bool
		l := loading{session: s, request: request, to: to}
		err := s.query(ctx, getAccountAndKey, func(rows *sql.Rows) (bool, error) {
			account, err := scanAccount(after{rows, &used}, request.Program, request.Member)
			to.Account = &account
			return false, err
		}, request.Program, request.Member, request.Key)
		due := to.Account != nil && !request.DueBy.IsZero() && !to.Account.DueAt.After(request.DueBy)
		if done = !due && (!used || request.Key == ""); err != nil || !done {
			*to = storage.Snapshot{}
			return err
		}
		return l.shared(ctx)
	})
	return done, err
}

// loading answers one request.
type loading struct {
	*session
	known   *known
	request *storage.LoadRequest
	to      *storage.Snapshot
}

func (l *loading) load(ctx context.Context) error {
	if err := l.shared(ctx); err != nil {
		return err
	}
	account, err := l.account(ctx)
	if err != nil || account == nil {
		return err
	}
	l.to.Account = account
	if l.request.Key != "" {
		if err := l.operation(ctx); err != nil {
			return err
		}
	}
	if err := l.records(ctx); err != nil {
		return err
	}
	for _, debit := range l.request.Debits {
		if err := l.debit(ctx, debit); err != nil {
			return err
		}
	}
	if by := l.request.DueBy; !by.IsZero() && !account.DueAt.After(by) {
		if err := l.due(ctx); err != nil {
			return err
		}
		var named []points.LotID
		for i := range l.to.DueRecords {
			named = append(named, l.to.DueRecords[i].Lots...)
		}
		if err := l.lotsByID(ctx, named); err != nil {
			return err
		}
	}
	l.to.Lots = once(l.to.Lots)
	return nil
}

func (l *loading) shared(ctx context.Context) error {
	program := l.request.Program
	for _, key := range l.request.Claims {
		if l.known.lacks(claimKind, key.Space, key.Key) {
			continue
		}
		claim := storage.Claim{Program: program, Space: key.Space, Key: key.Key}
		found, err := l.one(ctx, getClaim, []any{&claim.Holder}, program, key.Space, key.Key)
		if err != nil {
			return err
		}
		if found {
			l.to.Claims = append(l.to.Claims, claim)
		}
	}
	for _, key := range l.request.Counters {
		counter := storage.Counter{Program: program, Key: key.Key, Shard: key.Shard}
		found, err := l.one(ctx, getCounter, []any{&counter.Used}, program, key.Key, key.Shard)
		if err != nil {
			return err
		}
		if found {
			l.to.Counters = append(l.to.Counters, counter)
		}
	}
	return nil
}

func (l *loading) account(ctx context.Context) (account *storage.Account, err error) {
	if account, ok := l.known.account(l.request.Member); ok {
		return account, nil
	}
	err = l.query(ctx, getAccount, func(rows *sql.Rows) (bool, error) {
		row, err := scanAccount(rows, l.request.Program, l.request.Member)
		account = &row
		return false, err
	}, l.request.Program, l.request.Member)
	return account, err
}

func (l *loading) operation(ctx context.Context) error {
	if l.known.lacks(operationKind, l.request.Member, l.request.Key) {
		return nil
	}
	// Nearly all keys are new, and finding none is cheapest with few columns.
	var version int64
	used, err := l.one(ctx, hasKey, []any{&version}, l.request.Program, l.request.Member, l.request.Key)
	if err != nil || !used {
		return err
	}
	return l.query(ctx, getOperation, func(rows *sql.Rows) (bool, error) {
		op, err := scanOperation(rows, l.request.Program, l.request.Member)
		l.to.Operation = &op
		return false, err
	}, l.request.Program, l.request.Member, l.request.Key)
}

// records loads records by key, the lots that they name, and lots by id.
func (l *loading) records(ctx context.Context) error {
	ids := l.request.Lots
	for _, key := range l.request.Records {
		if l.known.lacks(recordKind, l.request.Member, key.Kind, key.ID) {
			continue
		}
		err := l.query(ctx, getRecord, func(rows *sql.Rows) (bool, error) {
			record, err := scanRecord(rows, l.request.Program, l.request.Member)
			l.to.Records = append(l.to.Records, record)
			ids = append(slices.Clip(ids), record.Lots...)
			return false, err
		}, l.request.Program, l.request.Member, key.Kind, key.ID)
		if err != nil {
			return err
		}
	}
	return l.lotsByID(ctx, ids)
}

func (l *loading) lotsByID(ctx context.Context, ids []points.LotID) error {
	for i, id := range ids {
		if slices.Contains(ids[:i], id) {
			continue
		}
		if err := l.lots(ctx, getLot, nil, int64(id)); err != nil {
			return err
		}
	}
	return nil
}

// lots adds what a statement finds of lots of the account, as long as wanted
// says so; nil wants all.
func (l *loading) lots(ctx context.Context, id statement, wanted func(*storage.Lot) (more bool), args ...any) error {
	args = append([]any{l.request.Program, l.request.Member}, args...)
	return l.query(ctx, id, func(rows *sql.Rows) (bool, error) {
		lot, err := scanLot(rows, l.request.Program, l.request.Member)
		if err != nil {
			return false, err
		}
		l.to.Lots = append(l.to.Lots, lot)
		return wanted == nil || wanted(&lot), nil
	}, args...)
}

func (l *loading) debit(ctx context.Context, debit storage.Debit) error {
	limit := storage.LimitOf(debit.Limit)
	if debit.Unit == "" {
		return l.lots(ctx, getOpenLots, nil, limit)
	}
	left := debit.Amount
	covered := func(lot *storage.Lot) bool {
		if debit.Amount > 0 && left <= lot.Remaining {
			return false
		}
		left -= lot.Remaining
		return true
	}
	return l.lots(ctx, getDebit, covered, micros(debit.After), debit.Unit, limit)
}

// due loads what is due by the request's DueBy, the earliest of each sort, but not
// the lots that records name.
func (l *loading) due(ctx context.Context) error {
	by, limit := l.request.DueBy, storage.LimitOf(l.request.DueLimit)
	l.to.NextDue = points.Never
	before := len(l.to.Lots)
	lotDue := func(lot *storage.Lot) time.Time { return lot.DueAt() }
	for _, id := range []statement{getDueLots, getPendingLots} {
		if err := upTo(ctx, l, id, limit, lotDue, scanLot, &l.to.Lots); err != nil {
			return err
		}
	}
	due := l.to.Lots[before:]
	slices.SortFunc(due, func(a, b storage.Lot) int {
		return cmp.Or(a.DueAt().Compare(b.DueAt()), cmp.Compare(a.ID, b.ID))
	})
	if len(due) > limit {
		l.to.Lots, l.to.MoreDue = l.to.Lots[:before+limit], true
	}
	recordDue := func(r *storage.Record) time.Time { return r.DueAt }
	if err := upTo(ctx, l, getDueRecords, limit, recordDue, scanRecord, &l.to.DueRecords); err != nil {
		return err
	}
	if len(l.to.DueRecords) > limit {
		l.to.DueRecords, l.to.MoreDue = l.to.DueRecords[:limit], true
	}
	if l.to.NextDue.Before(by) {
		return fmt.Errorf("the next due time %s is before %s", l.to.NextDue, by)
	}
	return nil
}

// upTo appends rows that are due by the request's DueBy, one more than limit, and
// notes when the first after it is due.
func upTo[T any](
	ctx context.Context, l *loading, id statement, limit int, due func(*T) time.Time,
	scan func(scanner, string, string) (T, error), to *[]T,
) error {
	by := l.request.DueBy
	found, passed := 0, false
	row := func(rows *sql.Rows) (bool, error) {
		item, err := scan(rows, l.request.Program, l.request.Member)
		if err != nil {
			return false, err
		}
		if at := due(&item); at.After(by) {
			passed = true
			if at.Before(l.to.NextDue) {
				l.to.NextDue = at
			}
			return false, nil
		}
		*to = append(*to, item)
		found++
		return true, nil
	}
	if err := l.query(ctx, id, row, l.request.Program, l.request.Member, int64(least), limit+1); err != nil {
		return err
	}
	if passed || found <= limit {
		return nil
	}
	return l.query(ctx, id, row, l.request.Program, l.request.Member, micros(by), 1)
}

// once sorts lots into consumption order, each lot once.
func once(lots []storage.Lot) []storage.Lot {
	if len(lots) < 2 {
		return lots
	}
	slices.SortFunc(lots, func(a, b storage.Lot) int { return points.ConsumptionOrder(a.Lot, b.Lot) })
	return slices.CompactFunc(lots, func(a, b storage.Lot) bool { return a.ID == b.ID })
}
