package etcdstore

import (
	"context"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Load reads all requests at one revision: in one transaction what their keys
// name, in the next what that brings along.
func (s *Store) Load(ctx context.Context, requests []storage.LoadRequest) ([]storage.Snapshot, error) {
	var loads []loading
	err := s.read(ctx, "load", func(r *reader) error {
		loads = make([]loading, len(requests))
		for i := range requests {
			loads[i] = loading{store: s, reader: r, request: &requests[i], lots: map[points.LotID]*storage.Lot{}}
			loads[i].ask()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	snapshots := make([]storage.Snapshot, len(requests))
	for i := range loads {
		snapshots[i] = loads[i].snapshot()
	}
	return snapshots, nil
}

// loading is one request. Places hold nil where a row does not exist.
type loading struct {
	store      *Store
	reader     *reader
	request    *storage.LoadRequest
	account    *storage.Account
	operation  *storage.Operation
	records    []*storage.Record
	dueRecords []*storage.Record
	lots       map[points.LotID]*storage.Lot
	claims     []*storage.Claim
	counters   []*storage.Counter
	moreDue    bool
	nextDue    time.Time
}

func (l *loading) ask() {
	s, q := l.store, l.request
	l.reader.get(s.accountKey(q.Program, q.Member), func(value []byte) error {
		if err := into(&l.account)(value); err != nil {
			return err
		}
		if !q.DueBy.IsZero() && !l.account.DueAt.After(q.DueBy) {
			l.askDue()
		}
		return nil
	})
	if q.Key != "" {
		l.reader.get(s.usedKey(q.Program, q.Member, q.Key), func(pointer []byte) error {
			l.reader.get(key(pointer), into(&l.operation))
			return nil
		})
	}
	l.records = make([]*storage.Record, len(q.Records))
	for i, id := range q.Records {
		l.askRecord(s.recordKey(q.Program, q.Member, id), &l.records[i])
	}
	for _, id := range q.Lots {
		l.askLot(id)
	}
	for _, debit := range q.Debits {
		l.askDebit(debit)
	}
	l.claims = make([]*storage.Claim, len(q.Claims))
	for i, id := range q.Claims {
		l.reader.get(s.claimKey(q.Program, id), into(&l.claims[i]))
	}
	l.counters = make([]*storage.Counter, len(q.Counters))
	for i, id := range q.Counters {
		l.reader.get(s.counterKey(q.Program, id), into(&l.counters[i]))
	}
}

// askRecord asks for a record, and then for the lots that it names.
func (l *loading) askRecord(k key, place **storage.Record) {
	l.reader.get(k, func(value []byte) error {
		if err := into(place)(value); err != nil {
			return err
		}
		for _, id := range (*place).Lots {
			l.askLot(id)
		}
		return nil
	})
}

func (l *loading) askLot(id points.LotID) {
	l.reader.get(l.store.lotKey(l.request.Program, l.request.Member, id), func(value []byte) error {
		lot, err := unmarshal[storage.Lot](value)
		l.lots[id] = &lot
		return err
	})
}

// askDebit walks the live lots in consumption order until they cover the amount.
func (l *loading) askDebit(debit storage.Debit) {
	prefix := l.store.table(liveLots, l.request.Program).text(l.request.Member)
	from := prefix
	if debit.Unit != "" {
		from = prefix.through(debit.After)
	}
	left, missing := storage.LimitOf(debit.Limit), debit.Amount
	var walk func(from key)
	walk = func(from key) {
		l.reader.scan(from, prefix.end(), left, func(found *answer) error {
			done := false
			err := each(found.Kvs, func(lot storage.Lot) bool {
				if debit.Unit != "" && (lot.Unit != debit.Unit || lot.State != points.LotOpen || lot.Remaining <= 0) {
					return true
				}
				l.lots[lot.ID] = &lot
				left, missing = left-1, missing-lot.Remaining
				covered := debit.Unit != "" && debit.Amount > 0 && missing <= 0
				done = left == 0 || covered
				return !done
			})
			if err == nil && !done && found.More {
				walk(key(found.Kvs[len(found.Kvs)-1].Key).next())
			}
			return err
		})
	}
	walk(from)
}

// askDue asks for the lots and the records that are due, and for what is first
// after them.
func (l *loading) askDue() {
	q := l.request
	limit := storage.LimitOf(q.DueLimit)
	l.nextDue = points.Never
	first := func(prefix key) func(found *answer) error {
		return func(found *answer) error {
			if len(found.Kvs) > 0 {
				if t := instantIn(found.Kvs[0].Key, prefix); t.Before(l.nextDue) {
					l.nextDue = t
				}
			}
			return nil
		}
	}
	prefix := l.store.table(dueLots, q.Program).text(q.Member)
	l.reader.scan(prefix, prefix.through(q.DueBy), limit, func(found *answer) error {
		l.moreDue = l.moreDue || found.More
		return each(found.Kvs, func(lot storage.Lot) bool {
			l.lots[lot.ID] = &lot
			return true
		})
	})
	l.reader.scan(prefix.through(q.DueBy), prefix.end(), 1, first(prefix))

	prefix = l.store.table(dueRecords, q.Program).text(q.Member)
	l.reader.scan(prefix, prefix.through(q.DueBy), limit, func(found *answer) error {
		l.moreDue = l.moreDue || found.More
		l.dueRecords = make([]*storage.Record, len(found.Kvs))
		for i, kv := range found.Kvs {
			l.askRecord(key(kv.Value), &l.dueRecords[i])
		}
		return nil
	})
	l.reader.scan(prefix.through(q.DueBy), prefix.end(), 1, first(prefix))
}

func (l *loading) snapshot() storage.Snapshot {
	return storage.Snapshot{
		Account: l.account, Operation: l.operation,
		Records: existing(l.records), DueRecords: existing(l.dueRecords),
		Lots:    l.inConsumptionOrder(),
		MoreDue: l.moreDue, NextDue: l.nextDue,
		Claims: existing(l.claims), Counters: existing(l.counters),
	}
}

func (l *loading) inConsumptionOrder() []storage.Lot {
	var found []storage.Lot
	for _, lot := range l.lots {
		found = append(found, *lot)
	}
	slices.SortFunc(found, func(a, b storage.Lot) int { return points.ConsumptionOrder(a.Lot, b.Lot) })
	return found
}

// existing leaves out places without a row.
func existing[T any](places []*T) []T {
	var rows []T
	for _, row := range places {
		if row != nil {
			rows = append(rows, *row)
		}
	}
	return rows
}
