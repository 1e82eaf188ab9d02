package memory

import (
	"slices"
	"strings"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// account is all that is stored under one member.
type account struct {
	row    storage.Account
	bucket int
	// scratch is the program's, to pack rows in.
	scratch *codec
	// history holds version v at index v-1; keys finds versions by key.
	history []version
	keys    map[string]int64
	// lots are in order of id, open those with points remaining or held in
	// consumption order, dueLots those that time will change by when it does.
	lots    sorted[*lot]
	open    sorted[*lot]
	dueLots sorted[*lot]
	// records are in order of kind and id, dueRecords of due time first.
	records    sorted[*record]
	dueRecords sorted[*record]
	// pending and acked are the events in order of version and ordinal.
	pending sorted[eventRef]
	acked   sorted[eventRef]
}

func newAccount(p *program, member string) *account {
	return &account{
		row:        storage.Account{Program: p.id, Member: member},
		bucket:     storage.Bucket(member),
		scratch:    &p.scratch,
		keys:       map[string]int64{},
		lots:       sorted[*lot]{compare: byID},
		open:       sorted[*lot]{compare: byConsumption},
		dueLots:    sorted[*lot]{compare: byDue},
		records:    sorted[*record]{compare: byKey},
		dueRecords: sorted[*record]{compare: byRecordDue},
		pending:    sorted[eventRef]{compare: byOrdinal},
		acked:      sorted[eventRef]{compare: byOrdinal},
	}
}

func (a *account) addVersion(leg *storage.Leg) {
	entries := inOrder(leg.Entries, func(e storage.Entry) int { return e.Ordinal })
	events := inOrder(leg.Events, func(e storage.Event) int { return e.Ordinal })
	a.history = append(a.history, packVersion(a.scratch, &leg.Operation, entries, events))
	a.keys[leg.Operation.Key] = leg.Operation.Version
	for i := range events {
		e := &events[i]
		a.pending.put(eventRef{version: e.Version, ordinal: e.Ordinal, recorded: e.RecordedAt.UnixMicro()})
	}
}

func (a *account) putLot(row *storage.Lot) {
	l := newLot(a, row)
	if old, replaced := a.lots.put(l); replaced {
		a.open.remove(old)
		a.dueLots.remove(old)
	}
	if l.open() {
		a.open.put(l)
	}
	if isDue(l.due) {
		a.dueLots.put(l)
	}
}

// putRecord returns what is stored now, and what was before, or nil.
func (a *account) putRecord(row *storage.Record) (stored, old *record) {
	stored = newRecord(a, row)
	old, replaced := a.records.put(stored)
	if replaced {
		a.dueRecords.remove(old)
	}
	if isDue(stored.due) {
		a.dueRecords.put(stored)
	}
	return stored, old
}

func (a *account) lot(id points.LotID) (*lot, bool) {
	l, ok := a.lots.first(func(l *lot) bool { return l.row.ID < id })
	return l, ok && l.row.ID == id
}

func (a *account) record(key storage.RecordKey) (*record, bool) {
	r, ok := a.records.first(func(r *record) bool {
		return r.kind < key.Kind || r.kind == key.Kind && r.id < key.ID
	})
	return r, ok && r.kind == key.Kind && r.id == key.ID
}

// version returns a version of the history, or nil.
func (a *account) version(number int64) *version {
	if number < 1 || number > int64(len(a.history)) {
		return nil
	}
	return &a.history[number-1]
}

// versions returns the history from a version on.
func (a *account) versions(from int64) []version {
	skip := min(max(from, 1)-1, int64(len(a.history)))
	return a.history[skip:]
}

func (a *account) scrub(scrub *storage.Scrub) {
	for _, number := range scrub.Operations {
		a.editOperation(number, func(op *storage.Operation) {
			op.Command, op.Receipt, op.Salt = nil, nil, nil
			op.Reason, op.Actor, op.Reference = "", "", ""
			op.Key = storage.ScrubbedKey(number)
		})
	}
	for _, key := range scrub.Records {
		if r, ok := a.record(key); ok {
			row := r.unpack()
			row.Data = nil
			*r = *newRecord(a, &row)
		}
	}
	for _, id := range scrub.Events {
		a.editEvents(id.Version, func(events []storage.Event) []storage.Event {
			for i := range events {
				if events[i].Ordinal == id.Ordinal {
					events[i].Data = nil
				}
			}
			return events
		})
	}
}

// editOperation changes an operation of the history, if there is one, and finds
// it by its new key if that changes.
func (a *account) editOperation(number int64, change func(*storage.Operation)) {
	v := a.version(number)
	if v == nil {
		return
	}
	op := v.unpackOperation(a)
	delete(a.keys, op.Key)
	change(&op)
	a.keys[strings.Clone(op.Key)] = number
	*v = packVersion(a.scratch, &op, slices.Collect(v.unpackEntries(a)), slices.Collect(v.unpackEvents(a)))
}

// editEvents changes the events of a version, if there is one.
func (a *account) editEvents(number int64, change func([]storage.Event) []storage.Event) {
	v := a.version(number)
	if v == nil {
		return
	}
	op := v.unpackOperation(a)
	*v = packVersion(a.scratch, &op, slices.Collect(v.unpackEntries(a)), change(slices.Collect(v.unpackEvents(a))))
}
