package loyalty

import (
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/canon"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// idleKind is the kind of the records of inactivity: one for each unit that has any
// and each member, due when the unit's points expire unless the member is active.
// Activities move that record and no lot.
const idleKind = "idle"

// idleState is the document of a record of inactivity.
type idleState struct {
	// Last is the last activity.
	Last time.Time `json:"l"`
	// Fired is when inactivity last took the unit's points, and Version the account's
	// version that booked it. Points that were on hold or spent by then, and come back,
	// are lost too.
	Fired   time.Time `json:"f,omitzero"`
	Version int64     `json:"v,omitempty"`
}

// IdleReceipt says when inactivity takes the points of a unit.
type IdleReceipt struct {
	Unit string `json:"unit"`
	// ExpiresAt is when all points expire that still are available then, if there is
	// no activity before.
	ExpiresAt time.Time `json:"expiresAt"`
}

// kept lists the records that the engine itself keeps of each member of a program,
// so that every load brings them.
type kept struct {
	idle    []string
	remind  []string
	records []storage.RecordKey
	// metrics are those that ladders count.
	metrics []string
}

func newKept(revisions []*revision) kept {
	var k kept
	for _, r := range revisions {
		for i := range r.Units {
			if r.Units[i].Inactivity != nil {
				k.idle = addOnce(k.idle, r.Units[i].Code)
			}
		}
		for i := range r.Jurisdictions {
			for _, terms := range r.Jurisdictions[i].Units {
				if terms.Inactivity != nil {
					k.idle = addOnce(k.idle, terms.Unit)
				}
			}
		}
		for _, limit := range r.Limits {
			if limit.By == ByMember {
				k.records = addOnce(k.records, storage.RecordKey{Kind: limitKind, ID: limit.Code})
			}
		}
		for i := range r.Ladders {
			for _, metric := range r.Ladders[i].Metrics() {
				k.metrics = addOnce(k.metrics, metric)
			}
			k.records = addOnce(k.records, storage.RecordKey{Kind: standingKind, ID: standingID})
		}
		for _, reminder := range r.Reminders {
			k.remind = addOnce(k.remind, reminder.Unit)
		}
	}
	slices.Sort(k.idle)
	slices.Sort(k.remind)
	slices.Sort(k.metrics)
	for _, unit := range k.idle {
		k.records = append(k.records, storage.RecordKey{Kind: idleKind, ID: unit})
	}
	for _, unit := range k.remind {
		k.records = append(k.records, storage.RecordKey{Kind: remindKind, ID: unit})
	}
	return k
}

// kept returns a record that the engine keeps of the account.
func (p *Party) kept(kind, unit string) (storage.Record, bool, error) {
	i := p.recordAt(kind, unit)
	if i < 0 {
		if err := p.load(storage.LoadRequest{Records: []storage.RecordKey{{Kind: kind, ID: unit}}}); err != nil {
			return storage.Record{}, false, err
		}
		i = p.recordAt(kind, unit)
	}
	return p.records[i].row, p.records[i].exists && !Moved(p.records[i].row), nil
}

// idle returns the record of a unit's inactivity, and whether it is armed.
func (p *Party) idle(unit string) (state idleState, due time.Time, armed bool, err error) {
	if !slices.Contains(p.tx.deciding.engine.kept.idle, unit) {
		return state, points.Never, false, nil
	}
	row, exists, err := p.kept(idleKind, unit)
	if err != nil || !exists {
		return state, points.Never, false, err
	}
	return state, row.DueAt, !points.IsNever(row.DueAt), p.decode(row, &state)
}

func (p *Party) putIdle(unit string, state idleState, due time.Time) error {
	data, err := canon.Append(nil, &state)
	if err != nil {
		return p.tx.fail(err)
	}
	return p.putOwn(storage.Record{Kind: idleKind, ID: unit, DueAt: due, Data: data})
}

// noteActivity moves the records of inactivity after a command.
func (tx *Tx) noteActivity() error {
	for i, p := range tx.parties {
		if p.row.Kind == storage.House {
			continue
		}
		names := []string{tx.call.typ}
		if i > 0 {
			names[0] += "-in"
		} else if fact, ok := plainFact(tx.call.cmd); ok {
			names = append(names, fact.Activity)
		} else if tx.pays() {
			names = append(names, spendType)
		}
		for _, unit := range tx.deciding.engine.kept.idle {
			due, err := p.noteUnit(unit, names)
			if err != nil {
				return err
			}
			if i == 0 && !points.IsNever(due) {
				tx.receipt.Idle = append(tx.receipt.Idle, IdleReceipt{Unit: unit, ExpiresAt: due})
			}
		}
	}
	return nil
}

// noteUnit moves the record of one unit, and returns when it is due.
func (p *Party) noteUnit(unit string, names []string) (time.Time, error) {
	state, due, armed, err := p.idle(unit)
	if err != nil {
		return due, err
	}
	rule := p.inactivity(p.tx.rev, unit)
	if rule == nil {
		if armed {
			return points.Never, p.putIdle(unit, state, points.Never)
		}
		return points.Never, nil
	}
	zone, at := p.tx.rev.zone, p.tx.occurred
	switch {
	case slices.ContainsFunc(names, rule.Counts) && (!armed || at.After(state.Last)):
		state.Last = later(at, state.Last)
	case !armed && p.Balance(unit).Available > 0:
		state.Last = p.tx.now
	case armed && p.tx.call.typ == "set-jurisdiction":
		// The terms may be other ones from now on.
	default:
		return due, nil
	}
	if due = rule.From(state.Last, zone); !due.After(p.tx.now) {
		// What is recorded after its time was up counts from when it is recorded.
		state.Last = p.tx.now
		due = rule.From(state.Last, zone)
	}
	return due, p.putIdle(unit, state, due)
}

// armIdle starts the time of inactivity where points became available at an instant
// and it does not run.
func (p *Party) armIdle(at time.Time) error {
	for _, unit := range p.tx.deciding.engine.kept.idle {
		if p.Balance(unit).Available == 0 {
			continue
		}
		state, _, armed, err := p.idle(unit)
		if err != nil {
			return err
		}
		rule := p.inactivity(p.tx.rev, unit)
		if armed || rule == nil {
			continue
		}
		state.Last = at
		if err := p.putIdle(unit, state, rule.From(at, p.tx.rev.zone)); err != nil {
			return err
		}
	}
	return nil
}

// settleIdle is the settle step of a member who has not been active: all open lots of
// the unit expire, as many in one batch as fit, and the record is done with the last.
func settleIdle(tx *Tx, row storage.Record) error {
	var state idleState
	if err := tx.decode(row, &state); err != nil {
		return err
	}
	if tx.inactivity(tx.rev, row.ID) == nil {
		return tx.putIdle(row.ID, state, points.Never)
	}
	room := max(1, (settleRows-tx.changed()-1)/2)
	lots, err := tx.openLots(row.ID, room+1)
	if err != nil {
		return err
	}
	for _, lot := range lots[:min(len(lots), room)] {
		if _, err := tx.expire(lot, tx.occurred); err != nil {
			return err
		}
	}
	if len(lots) > room {
		return nil
	}
	state.Fired, state.Version = row.DueAt, tx.row.Version+1
	return tx.putIdle(row.ID, state, points.Never)
}

// openLots returns the first lots of a unit that have points to spend, at most n.
func (p *Party) openLots(unit string, n int) ([]points.Lot, error) {
	for limit := n; ; limit *= 2 {
		known, complete := p.spendable(unit)
		if complete || len(known) >= n {
			return known[:min(len(known), n)], nil
		}
		if limit > quotedLots {
			return nil, p.tx.fail(errStale)
		}
		// Lots that this round has used up are still open in the store.
		used := 0
		for i := range p.lots {
			if p.lots[i].Unit == unit {
				used++
			}
		}
		err := p.load(storage.LoadRequest{Debits: []storage.Debit{{Unit: unit, After: p.tx.reached(), Limit: used + limit}}})
		if err != nil {
			return nil, err
		}
	}
}

// lost returns when inactivity has taken the points of a lot, where that was before
// they came back.
func (p *Party) lost(lot *points.Lot) (time.Time, bool) {
	if !slices.Contains(p.tx.deciding.engine.kept.idle, lot.Unit) {
		return time.Time{}, false
	}
	state, _, _, err := p.idle(lot.Unit)
	if err != nil || state.Fired.IsZero() || lot.AvailableFrom.After(state.Fired) || int64(lot.ID)/lotsPerVersion > state.Version {
		return time.Time{}, false
	}
	return state.Fired, true
}

// idleDue returns when the inactivity of units falls due, as far as it does.
func idleDue(records []record) map[string]time.Time {
	var due map[string]time.Time
	for i := range records {
		if r := &records[i]; r.exists && r.row.Kind == idleKind && !points.IsNever(r.row.DueAt) {
			if due == nil {
				due = map[string]time.Time{}
			}
			due[r.row.ID] = r.row.DueAt
		}
	}
	return due
}

// plainFact returns the fact that a command is, if it is one.
func plainFact(cmd Command) (Fact, bool) {
	if p, ok := cmd.(*Fact); ok {
		return *p, true
	}
	fact, ok := cmd.(Fact)
	return fact, ok
}
