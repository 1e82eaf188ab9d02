package loyalty

import (
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// account is the working state of one account while commands on it are decided.
// Every change replaces slices instead of writing into them, so a copy of the
// struct is a snapshot to go back to.
type account struct {
	id     string
	exists bool
	row    storage.Account
	// lots holds the lots that are known, in consumption order.
	lots []points.Lot
	// records holds the records that are known, also those known to be absent.
	records []record
	// covers says per unit how far lots holds every open lot there is.
	covers []cover
	// operations holds those known by key.
	operations []storage.Operation
	// bound is the instant before which nothing falls due that is not among the
	// known lots and records. dueBy is up to when due rows were asked for, and
	// moreDue is set where not all of them came.
	bound time.Time
	// boundExact is set where something did fall due at the bound when it was
	// loaded, rather than at or after it, and boundKnown where that is known.
	boundExact bool
	boundKnown bool
	dueBy      time.Time
	moreDue    bool
	// horizon is, where moreDue is set, the instant before which all that is due is
	// known: what comes later must wait for the rest.
	horizon time.Time
	// loaded is the version that was loaded, and last the call that changed the
	// state since.
	loaded int64
	last   *call
	// counted holds the entries of metrics since then.
	counted []storage.Entry
}

type record struct {
	row    storage.Record
	exists bool
}

// cover says that every open lot of the unit that comes before the last one
// loaded is known, or every one at all.
type cover struct {
	unit string
	all  bool
	last points.Lot
}

// merge adds what a snapshot brought. It reports whether the snapshot is of the
// same version as what is there.
func (a *account) merge(request storage.LoadRequest, snap *storage.Snapshot, first bool) bool {
	var version int64
	if snap.Account != nil {
		version = snap.Account.Version
	}
	if first {
		a.exists, a.loaded = snap.Account != nil, version
		if snap.Account != nil {
			a.row = *snap.Account
		} else {
			a.row = storage.Account{Program: request.Program, Member: request.Member, DueAt: points.Never}
		}
	}
	if version != a.row.Version || snap.Mixed {
		return false
	}
	if snap.Operation != nil {
		a.operations = append(slices.Clip(a.operations), *snap.Operation)
	}
	a.lots = slices.Grow(a.lots, len(snap.Lots))
	for i := range snap.Lots {
		a.learnLot(snap.Lots[i].Lot)
	}
	for _, key := range request.Records {
		a.learnRecord(storage.Record{Kind: key.Kind, ID: key.ID}, false)
	}
	for _, r := range snap.Records {
		a.learnRecord(r, true)
	}
	for _, r := range snap.DueRecords {
		a.learnRecord(r, true)
	}
	for _, debit := range request.Debits {
		a.learnCover(debit, snap.Lots)
	}
	a.learnDue(request, snap, first)
	return true
}

// learnLot adds a lot, mostly the last in order of those that are known.
func (a *account) learnLot(lot points.Lot) {
	if n := len(a.lots); n == 0 || points.ConsumptionOrder(a.lots[n-1], lot) < 0 {
		a.lots = append(a.lots, lot)
		return
	}
	i, known := slices.BinarySearchFunc(a.lots, lot, points.ConsumptionOrder)
	if !known {
		a.lots = slices.Insert(a.lots, i, lot)
	}
}

func (a *account) learnRecord(row storage.Record, exists bool) {
	i := a.recordAt(row.Kind, row.ID)
	switch {
	case i < 0:
		a.records = append(a.records, record{row: row, exists: exists})
	case exists:
		a.records[i] = record{row: row, exists: true}
	}
}

func (a *account) recordAt(kind, id string) int {
	for i := range a.records {
		if a.records[i].row.ID == id && a.records[i].row.Kind == kind {
			return i
		}
	}
	return -1
}

func (a *account) learnCover(debit storage.Debit, lots []storage.Lot) {
	if debit.Unit == "" {
		return
	}
	next := cover{unit: debit.Unit}
	var sum points.Amount
	var count int
	for _, lot := range lots {
		if lot.Unit != debit.Unit || lot.State != points.LotOpen || lot.Remaining == 0 || !lot.ExpiresAt.After(debit.After) {
			continue
		}
		count++
		if sum < debit.Amount || debit.Amount == 0 {
			next.last = lot.Lot
			sum += lot.Remaining
		}
		if count >= debit.Limit {
			break
		}
	}
	next.all = count < debit.Limit && (debit.Amount == 0 || sum < debit.Amount)
	for i, have := range a.covers {
		if have.unit != debit.Unit {
			continue
		}
		if !have.all && (next.all || points.ConsumptionOrder(have.last, next.last) < 0) {
			a.covers = slices.Clone(a.covers)
			a.covers[i] = next
		}
		return
	}
	a.covers = append(slices.Clip(a.covers), next)
}

// covered reports whether a lot that is known comes before any open lot of its
// unit that is not.
func (a *account) covered(lot points.Lot) bool {
	for _, c := range a.covers {
		if c.unit == lot.Unit {
			return c.all || points.ConsumptionOrder(lot, c.last) <= 0
		}
	}
	return false
}

// operation returns the operation with the key, if it is known.
func (a *account) operation(key string) *storage.Operation {
	for i := range a.operations {
		if a.operations[i].Key == key {
			return &a.operations[i]
		}
	}
	return nil
}

// learnDue moves the bound up to where a snapshot shows what is due.
func (a *account) learnDue(request storage.LoadRequest, snap *storage.Snapshot, first bool) {
	if first {
		a.bound, a.boundExact = a.row.DueAt, !a.exists
	}
	if request.DueBy.IsZero() || !request.DueBy.After(a.dueBy) || !a.exists || snap.Account.DueAt.After(request.DueBy) {
		return
	}
	a.dueBy, a.moreDue, a.bound, a.boundExact = request.DueBy, snap.MoreDue, snap.NextDue, true
	if snap.MoreDue {
		a.bound, a.horizon = request.DueBy, horizon(request, snap)
	}
}

// horizon is how far the due rows of a snapshot reach that has not brought all: of
// each sort the earliest came, up to the limit.
func horizon(request storage.LoadRequest, snap *storage.Snapshot) time.Time {
	limit := request.DueLimit
	if limit <= 0 {
		limit = defaultDueLimit
	}
	until := points.Never
	var due []time.Time
	for i := range snap.Lots {
		if at := snap.Lots[i].DueAt(); !at.After(request.DueBy) {
			due = append(due, at)
		}
	}
	if len(due) >= limit {
		slices.SortFunc(due, time.Time.Compare)
		until = due[limit-1]
	}
	if len(snap.DueRecords) >= limit {
		until = earlier(until, snap.DueRecords[limit-1].DueAt)
	}
	return until
}
