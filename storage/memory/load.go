package memory

import (
	"context"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Load answers requests, all of them at one instant.
func (s *Store) Load(ctx context.Context, requests []storage.LoadRequest) ([]storage.Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	snapshots := make([]storage.Snapshot, len(requests))
	s.mu.RLock()
	defer s.mu.RUnlock()
	for i := range requests {
		p := s.programs[requests[i].Program]
		if p == nil {
			continue
		}
		p.loadShared(&requests[i], &snapshots[i])
		if a := p.accounts[requests[i].Member]; a != nil {
			a.load(&requests[i], &snapshots[i])
		}
	}
	return snapshots, nil
}

func (p *program) loadShared(request *storage.LoadRequest, to *storage.Snapshot) {
	for _, key := range request.Claims {
		if holder, ok := p.claims[key]; ok {
			to.Claims = append(to.Claims, storage.Claim{Program: p.id, Space: key.Space, Key: key.Key, Holder: holder})
		}
	}
	for _, key := range request.Counters {
		if used, ok := p.counters[key]; ok {
			to.Counters = append(to.Counters, storage.Counter{Program: p.id, Key: key.Key, Shard: key.Shard, Used: used})
		}
	}
}

func (a *account) load(request *storage.LoadRequest, to *storage.Snapshot) {
	row := copyAccount(&a.row)
	to.Account = &row
	if version, ok := a.keys[request.Key]; ok && request.Key != "" {
		operation := a.version(version).unpackOperation(a)
		to.Operation = &operation
	}
	var few [16]*lot
	lots := few[:0]
	for _, id := range request.Lots {
		lots = a.appendLot(lots, id)
	}
	for _, key := range request.Records {
		r, ok := a.record(key)
		if !ok {
			continue
		}
		row := r.unpack()
		to.Records = append(to.Records, row)
		for _, id := range row.Lots {
			lots = a.appendLot(lots, id)
		}
	}
	for i := range request.Debits {
		lots = a.appendDebit(lots, &request.Debits[i])
	}
	if !request.DueBy.IsZero() && !a.row.DueAt.After(request.DueBy) {
		lots = a.loadDue(lots, request.DueBy, storage.LimitOf(request.DueLimit), to)
		for i := range to.DueRecords {
			for _, id := range to.DueRecords[i].Lots {
				lots = a.appendLot(lots, id)
			}
		}
	}
	to.Lots = copyLots(lots)
}

func (a *account) appendLot(lots []*lot, id points.LotID) []*lot {
	if l, ok := a.lot(id); ok {
		lots = append(lots, l)
	}
	return lots
}

func (a *account) appendDebit(lots []*lot, debit *storage.Debit) []*lot {
	limit, left := storage.LimitOf(debit.Limit), debit.Amount
	expired := func(l *lot) bool { return debit.Unit != "" && !l.row.ExpiresAt.After(debit.After) }
	for l := range a.open.from(expired) {
		if debit.Unit != "" && (l.row.Unit != debit.Unit || l.row.State != points.LotOpen || l.row.Remaining <= 0) {
			continue
		}
		lots = append(lots, l)
		limit--
		covered := debit.Unit != "" && debit.Amount > 0 && left <= l.row.Remaining
		if limit == 0 || covered {
			break
		}
		left -= l.row.Remaining
	}
	return lots
}

func (a *account) loadDue(lots []*lot, by time.Time, limit int, to *storage.Snapshot) []*lot {
	n := 0
	for l := range a.dueLots.all() {
		if l.due.After(by) {
			break
		}
		if n++; n > limit {
			to.MoreDue = true
			break
		}
		lots = append(lots, l)
	}
	for r := range a.dueRecords.all() {
		if r.due.After(by) {
			break
		}
		if len(to.DueRecords) == limit {
			to.MoreDue = true
			break
		}
		to.DueRecords = append(to.DueRecords, r.unpack())
	}
	to.NextDue = a.nextDue(by)
	return lots
}

// nextDue is the first instant after by at which a lot or a record is due.
func (a *account) nextDue(by time.Time) time.Time {
	next := points.Never
	if l, ok := a.dueLots.first(func(l *lot) bool { return !l.due.After(by) }); ok {
		next = l.due
	}
	if r, ok := a.dueRecords.first(func(r *record) bool { return !r.due.After(by) }); ok && r.due.Before(next) {
		next = r.due
	}
	return next
}

// copyLots copies each lot once, in consumption order.
func copyLots(lots []*lot) []storage.Lot {
	if len(lots) == 0 {
		return nil
	}
	slices.SortFunc(lots, byConsumption)
	lots = slices.Compact(lots)
	rows := make([]storage.Lot, len(lots))
	for i, l := range lots {
		rows[i] = l.row
	}
	return rows
}
