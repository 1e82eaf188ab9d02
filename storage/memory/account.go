package memory

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// account is all that is stored under one member.
type account struct {
	row    storage.Account
	bucket int
	// history holds version v at index v-1; keys finds versions by key.
	history []*version
	keys    map[string]int64
	// lots are in order of id, open those with points remaining or held in
	// consumption order, dueLots those that time will change by when it does.
	lots    sorted[*lot]
	open    sorted[*lot]
	dueLots sorted[*lot]
	// records are in order of kind and id, dueRecords of due time first.
	records    sorted[*storage.Record]
	dueRecords sorted[*storage.Record]
	// pending and acked events are in order of version and ordinal.
	pending sorted[*storage.Event]
	acked   sorted[*storage.Event]
}

// version is what one commit added to the history of an account.
type version struct {
	operation storage.Operation
	entries   []storage.Entry
}

// lot is a stored lot and its due time. It never changes: a commit puts another
// one in its place.
type lot struct {
	row storage.Lot
	due time.Time
}

func newAccount(program, member string) *account {
	return &account{
		row:        storage.Account{Program: program, Member: member},
		bucket:     storage.Bucket(member),
		keys:       map[string]int64{},
		lots:       sorted[*lot]{compare: byID},
		open:       sorted[*lot]{compare: byConsumption},
		dueLots:    sorted[*lot]{compare: byDue},
		records:    sorted[*storage.Record]{compare: byKey},
		dueRecords: sorted[*storage.Record]{compare: byRecordDue},
		pending:    sorted[*storage.Event]{compare: byOrdinal},
		acked:      sorted[*storage.Event]{compare: byOrdinal},
	}
}

func byID(a, b *lot) int { return cmp.Compare(a.row.ID, b.row.ID) }

// byConsumption is points.ConsumptionOrder without copying the lots.
func byConsumption(a, b *lot) int {
	if c := a.row.ExpiresAt.Compare(b.row.ExpiresAt); c != 0 {
		return c
	}
	if c := a.row.EarnedAt.Compare(b.row.EarnedAt); c != 0 {
		return c
	}
	return byID(a, b)
}

func byDue(a, b *lot) int {
	if c := a.due.Compare(b.due); c != 0 {
		return c
	}
	return byID(a, b)
}

func byKey(a, b *storage.Record) int {
	if c := strings.Compare(a.Kind, b.Kind); c != 0 {
		return c
	}
	return strings.Compare(a.ID, b.ID)
}

func byRecordDue(a, b *storage.Record) int {
	if c := a.DueAt.Compare(b.DueAt); c != 0 {
		return c
	}
	return byKey(a, b)
}

func byOrdinal(a, b *storage.Event) int {
	if c := cmp.Compare(a.Version, b.Version); c != 0 {
		return c
	}
	return cmp.Compare(a.Ordinal, b.Ordinal)
}

func (l *lot) open() bool { return l.row.Remaining > 0 || l.row.Held > 0 }

func (a *account) addVersion(leg *storage.Leg) {
	v := &version{operation: copyOperation(&leg.Operation), entries: make([]storage.Entry, len(leg.Entries))}
	v.operation.Program, v.operation.Member = a.row.Program, a.row.Member
	for i := range leg.Entries {
		v.entries[i] = copyEntry(&leg.Entries[i])
		v.entries[i].Program, v.entries[i].Member = a.row.Program, a.row.Member
	}
	slices.SortFunc(v.entries, func(x, y storage.Entry) int { return cmp.Compare(x.Ordinal, y.Ordinal) })
	a.history = append(a.history, v)
	a.keys[v.operation.Key] = v.operation.Version
}

func (a *account) putLot(row *storage.Lot) {
	l := &lot{row: copyLot(row)}
	l.row.Program, l.row.Member = a.row.Program, a.row.Member
	l.due = l.row.DueAt()
	if old, replaced := a.lots.put(l); replaced {
		a.open.remove(old)
		a.dueLots.remove(old)
	}
	if l.open() {
		a.open.put(l)
	}
	if l.due.Before(points.Never) {
		a.dueLots.put(l)
	}
}

// putRecord returns what is stored now and what was before, or nil.
func (a *account) putRecord(row *storage.Record) (stored, old *storage.Record) {
	r := copyRecord(row)
	r.Program, r.Member = a.row.Program, a.row.Member
	old, replaced := a.records.put(&r)
	if replaced {
		a.dueRecords.remove(old)
	}
	if r.DueAt.Before(points.Never) {
		a.dueRecords.put(&r)
	}
	return &r, old
}

func (a *account) addEvent(row *storage.Event) {
	event := copyEvent(row)
	event.Program, event.Member = a.row.Program, a.row.Member
	a.pending.put(&event)
}

func (a *account) lot(id points.LotID) (*lot, bool) {
	l, ok := a.lots.first(func(l *lot) bool { return l.row.ID < id })
	return l, ok && l.row.ID == id
}

func (a *account) record(key storage.RecordKey) (*storage.Record, bool) {
	r, ok := a.records.first(func(r *storage.Record) bool {
		return r.Kind < key.Kind || r.Kind == key.Kind && r.ID < key.ID
	})
	return r, ok && r.Kind == key.Kind && r.ID == key.ID
}

func findEvent(events *sorted[*storage.Event], id storage.EventID) (*storage.Event, bool) {
	e, ok := events.first(func(e *storage.Event) bool {
		return e.Version < id.Version || e.Version == id.Version && e.Ordinal < id.Ordinal
	})
	return e, ok && e.Version == id.Version && e.Ordinal == id.Ordinal
}

func (a *account) scrub(scrub *storage.Scrub) {
	for _, number := range scrub.Operations {
		if number < 1 || number > int64(len(a.history)) {
			continue
		}
		op := &a.history[number-1].operation
		op.Command, op.Receipt, op.Salt = nil, nil, nil
		op.Reason, op.Actor, op.Reference = "", "", ""
		unshareOperation(op)
		a.rekey(op, storage.ScrubbedKey(number))
	}
	for _, key := range scrub.Records {
		if r, ok := a.record(key); ok {
			r.Data = nil
		}
	}
	for _, id := range scrub.Events {
		for _, events := range []*sorted[*storage.Event]{&a.pending, &a.acked} {
			if e, ok := findEvent(events, id); ok {
				e.Data = nil
			}
		}
	}
}

// rekey gives an operation another key, so that its old one is free.
func (a *account) rekey(op *storage.Operation, key string) {
	delete(a.keys, op.Key)
	op.Key = key
	a.keys[key] = op.Version
}
