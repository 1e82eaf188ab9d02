package postgres

import (
	"cmp"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/internal/rowcodec"
)

const (
	expiring = " AND open = 1 AND state = 2 AND remaining > 0 AND expires_at < " + never
	pending  = " AND open = 1 AND state = 1 AND available_from < " + never
	dueOnes  = " AND due_at < " + never

	getExpiring = "SELECT " + lotColumns + " FROM loyalty_lots" + ofAccount + expiring +
		" AND expires_at <= $3 ORDER BY expires_at, lot LIMIT $4"
	getPending = "SELECT " + lotColumns + " FROM loyalty_lots" + ofAccount + pending +
		" AND available_from <= $3 ORDER BY available_from, lot LIMIT $4"
	getDueRecords = "SELECT " + recordColumns + " FROM loyalty_records" + ofAccount + dueOnes +
		" AND due_at <= $3 ORDER BY due_at, kind, id LIMIT $4"
	// getLotsOfDue finds the lots that the records due name.
	getLotsOfDue = "SELECT found.* FROM (" + getDueRecords + ") AS r CROSS JOIN LATERAL (SELECT " + lotColumns +
		" FROM loyalty_lots AS l WHERE l.program = $1 AND l.member = $2" +
		" AND l.lot = ANY (string_to_array(r.lots, ',')::bigint[]) OFFSET 0) AS found"
	// getNextDue finds the first instants after a time at which something is due.
	getNextDue = "SELECT (SELECT min(expires_at) FROM loyalty_lots" + ofAccount + expiring + " AND expires_at > $3)," +
		" (SELECT min(available_from) FROM loyalty_lots" + ofAccount + pending + " AND available_from > $3)," +
		" (SELECT min(due_at) FROM loyalty_records" + ofAccount + dueOnes + " AND due_at > $3)"
)

// dueOf loads what is due by the request's DueBy, the earliest of each sort, one more
// than the limit.
func (l *loading) dueOf(t *trip, i int) {
	r := &l.requests[i]
	if r.DueBy.IsZero() {
		return
	}
	by, limit := rowcodec.Micros(r.DueBy), storage.LimitOf(r.DueLimit)
	var lots, named []storage.Lot
	var records []storage.Record
	var next time.Time
	addTo := func(to *[]storage.Lot) func(*row) error {
		return func(row *row) error {
			*to = append(*to, readLot(row, r.Program, r.Member))
			return nil
		}
	}
	t.query(addTo(&lots), getExpiring, r.Program, r.Member, by, int64(limit+1))
	t.query(addTo(&lots), getPending, r.Program, r.Member, by, int64(limit+1))
	t.query(func(row *row) error {
		records = append(records, readRecord(row, r.Program, r.Member))
		return nil
	}, getDueRecords, r.Program, r.Member, by, int64(limit+1))
	t.query(addTo(&named), getLotsOfDue, r.Program, r.Member, by, int64(limit))
	t.query(func(row *row) error {
		for range 3 {
			if !row.null() {
				next = earlier(next, row.instant())
			}
		}
		return nil
	}, getNextDue, r.Program, r.Member, by)
	t.forget(func() { lots, named, records, next = nil, nil, nil, points.Never })
	l.finish = append(l.finish, func() {
		s := &l.snapshots[i]
		if s.Account == nil || !l.dueBy(i, s.Account) {
			return
		}
		slices.SortFunc(lots, func(a, b storage.Lot) int {
			return cmp.Or(a.DueAt().Compare(b.DueAt()), cmp.Compare(a.ID, b.ID))
		})
		if len(lots) > limit {
			lots, s.MoreDue = lots[:limit], true
		}
		if len(records) > limit {
			records, s.MoreDue = records[:limit], true
		}
		s.Lots, s.DueRecords, s.NextDue = slices.Concat(s.Lots, lots, named), records, next
	})
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
