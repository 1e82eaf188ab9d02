package memory

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Rows are stored in a form of their own, and handed out as copies: instants in
// UTC with microseconds, empty lists and documents nil.

// version is what one commit added to the history of an account, packed.
type version struct{ operation, entries, events string }

func packVersion(c *codec, op *storage.Operation, entries []storage.Entry, events []storage.Event) version {
	c.out = c.out[:0]
	c.operation(op)
	endOfOperation := len(c.out)
	for i := range entries {
		c.entry(&entries[i])
	}
	endOfEntries := len(c.out)
	for i := range events {
		c.event(&events[i])
	}
	all := string(c.out)
	return version{all[:endOfOperation], all[endOfOperation:endOfEntries], all[endOfEntries:]}
}

func (v *version) unpackOperation(a *account) storage.Operation {
	op := storage.Operation{Program: a.row.Program, Member: a.row.Member}
	c := codec{in: v.operation, unpacking: true}
	c.operation(&op)
	return op
}

// peek reads what decides whether an operation is pruned.
func (v *version) peek() (recorded time.Time, key string, hasBody bool) {
	c := codec{in: v.operation, unpacking: true}
	c.instant(&recorded)
	text(&c, &key)
	command, receipt := c.take(), c.take()
	return recorded, key, command != "" || receipt != ""
}

func (v *version) unpackEntries(a *account) iter.Seq[storage.Entry] {
	return unpackAll(v.entries, storage.Entry{Program: a.row.Program, Member: a.row.Member}, (*codec).entry)
}

func (v *version) unpackEvents(a *account) iter.Seq[storage.Event] {
	return unpackAll(v.events, storage.Event{Program: a.row.Program, Member: a.row.Member}, (*codec).event)
}

func unpackAll[T any](packed string, row T, unpack func(*codec, *T)) iter.Seq[T] {
	return func(yield func(T) bool) {
		for c := (codec{in: packed, unpacking: true}); c.in != ""; {
			next := row
			unpack(&c, &next)
			if !yield(next) {
				return
			}
		}
	}
}

// lot is a stored lot and its due time. It never changes: a commit puts another
// one in its place.
type lot struct {
	row storage.Lot
	due time.Time
}

func newLot(a *account, row *storage.Lot) *lot {
	l := &lot{row: *row}
	l.row.Program, l.row.Member = a.row.Program, a.row.Member
	l.row.EarnedAt, l.row.AvailableFrom = instant(row.EarnedAt), instant(row.AvailableFrom)
	l.row.ExpiresAt = instant(row.ExpiresAt)
	l.due = l.row.DueAt()
	return l
}

func (l *lot) open() bool { return l.row.Remaining > 0 || l.row.Held > 0 }

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

// record is a stored record: what it is found by, and all of it packed. Only a
// scrub of its Data changes it.
type record struct {
	account                          *account
	kind, id, status, reference, key string
	due                              time.Time
	packed                           string
}

func newRecord(a *account, row *storage.Record) *record {
	a.scratch.out = a.scratch.out[:0]
	a.scratch.record(row)
	r := &record{account: a, due: instant(row.DueAt), packed: string(a.scratch.out)}
	keys := codec{in: r.packed, unpacking: true}
	for _, key := range []*string{&r.kind, &r.id, &r.status, &r.reference, &r.key} {
		text(&keys, key)
	}
	return r
}

func (r *record) unpack() storage.Record {
	row := storage.Record{Program: r.account.row.Program, Member: r.account.row.Member}
	c := codec{in: r.packed, unpacking: true}
	c.record(&row)
	return row
}

func byKey(a, b *record) int {
	if c := strings.Compare(a.kind, b.kind); c != 0 {
		return c
	}
	return strings.Compare(a.id, b.id)
}

func byRecordDue(a, b *record) int {
	if c := a.due.Compare(b.due); c != 0 {
		return c
	}
	return byKey(a, b)
}

func byReference(a, b *record) int {
	if c := strings.Compare(a.reference, b.reference); c != 0 {
		return c
	}
	if c := strings.Compare(a.status, b.status); c != 0 {
		return c
	}
	if c := strings.Compare(a.key, b.key); c != 0 {
		return c
	}
	if c := byMember(a.account, b.account); c != 0 {
		return c
	}
	return strings.Compare(a.id, b.id)
}

// eventRef says where in the history of an account an event is.
type eventRef struct {
	version  int64
	ordinal  int
	recorded int64
}

func byOrdinal(a, b eventRef) int {
	if c := cmp.Compare(a.version, b.version); c != 0 {
		return c
	}
	return cmp.Compare(a.ordinal, b.ordinal)
}

func instant(t time.Time) time.Time { return time.UnixMicro(t.UnixMicro()).UTC() }

func list[T any](items []T) []T { return append([]T(nil), items...) }

// keepAccount overwrites the stored row, in the memory that it has.
func keepAccount(stored, row *storage.Account) {
	old := *stored
	*stored = *row
	stored.Program, stored.Member = old.Program, old.Member
	stored.Balances = append(old.Balances[:0], row.Balances...)
	stored.Standing = append(old.Standing[:0], row.Standing...)
	stored.Days = append(old.Days[:0], row.Days...)
	stored.Hash = append(old.Hash[:0], row.Hash...)
	stored.Data = append(old.Data[:0], row.Data...)
	stored.DueAt, stored.RetryAt = instant(row.DueAt), instant(row.RetryAt)
	stored.EnrolledAt, stored.RecordedAt = instant(row.EnrolledAt), instant(row.RecordedAt)
	for i := range stored.Standing {
		s := &stored.Standing[i]
		s.Since, s.Until = instant(s.Since), instant(s.Until)
	}
}

func copyAccount(row *storage.Account) storage.Account {
	out := *row
	out.Balances, out.Standing, out.Days = list(row.Balances), list(row.Standing), list(row.Days)
	out.Hash, out.Data = list(row.Hash), list(row.Data)
	return out
}

func copyRevision(row *storage.Revision) storage.Revision {
	out := *row
	out.EffectiveAt = instant(row.EffectiveAt)
	out.Digest, out.Text = list(row.Digest), list(row.Text)
	return out
}

// inOrder returns rows sorted by ordinal, which they nearly always are.
func inOrder[T any](rows []T, ordinal func(T) int) []T {
	compare := func(a, b T) int { return cmp.Compare(ordinal(a), ordinal(b)) }
	if slices.IsSortedFunc(rows, compare) {
		return rows
	}
	rows = slices.Clone(rows)
	slices.SortFunc(rows, compare)
	return rows
}

// isDue reports whether time will ever come to it.
func isDue(t time.Time) bool { return t.Before(points.Never) }
