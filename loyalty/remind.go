package loyalty

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/canon"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Reminder makes the engine emit an [ExpiryReminder] before points expire.
type Reminder struct {
	Unit string `json:"unit"`
	// Leads says how long before, at most 10 of them. Of several that have passed since
	// the last look only the nearest to the expiry is sent.
	Leads []points.Span `json:"leads"`
}

// ExpiryReminderEvent is the type of the event that carries an [ExpiryReminder].
const ExpiryReminderEvent = "expiry-reminder"

// ExpiryReminder says that points will expire. It is emitted by RunDue, or by the next
// command on the member, once for each lot and lead; lots that expire together share
// one. Points that came after a lead had passed are not reminded of it. Where a revision
// begins to remind of a unit, what a member has by then is reminded of once anything
// happens to them.
type ExpiryReminder struct {
	Unit string `json:"unit"`
	// Points will expire at ExpiresAt.
	Points    points.Amount `json:"points"`
	ExpiresAt time.Time     `json:"expiresAt"`
	Lead      points.Span   `json:"lead"`
	// Inactivity is set where they stay if the member is active before.
	Inactivity bool `json:"inactivity,omitempty"`
	// Lots holds what the points are made of, unless Inactivity is set: the first 100.
	Lots []points.Part `json:"lots,omitempty"`
}

// remindKind is the kind of the records of reminders: one for each unit that has any
// and each member, due when the next reminder is.
const remindKind = "remind"

// remindState is the document of a record of reminders.
type remindState struct {
	// Seen is up to when reminders were sent, or not sent for good.
	Seen time.Time `json:"s"`
	// At is set while more are to be sent than one operation emits: those of what expires
	// up to Until were sent as of then.
	At    time.Time `json:"a,omitzero"`
	Until time.Time `json:"u,omitzero"`
}

const (
	maxLeads      = 10
	remindedParts = 100
)

// reminderProblems reports every problem of a program's reminders.
func reminderProblems(list []Reminder, units []points.Unit) points.Problems {
	var problems points.Problems
	for i, reminder := range list {
		at := fmt.Sprintf("reminders[%d]", i)
		problems = append(problems, spendableProblems(at+".unit", reminder.Unit, units)...)
		if slices.ContainsFunc(list[:i], func(other Reminder) bool { return other.Unit == reminder.Unit }) {
			problems.Add(at+".unit", "%q is named twice", reminder.Unit)
		}
		if len(reminder.Leads) == 0 || len(reminder.Leads) > maxLeads {
			problems.Add(at+".leads", "name 1 to %d leads, here are %d", maxLeads, len(reminder.Leads))
			continue
		}
		for k, lead := range reminder.Leads {
			path := fmt.Sprintf("%s.leads[%d]", at, k)
			problems = append(problems, points.ValidateSpan(path, lead)...)
			if slices.Contains(reminder.Leads[:k], lead) {
				problems.Add(path, "%s is named twice", lead)
			}
		}
	}
	return problems
}

// leads returns the leads of a unit's reminders.
func (r *revision) leads(unit string) []points.Span {
	for i := range r.Reminders {
		if r.Reminders[i].Unit == unit {
			return r.Reminders[i].Leads
		}
	}
	return nil
}

// before is the instant that lies a span before t.
func before(t time.Time, lead points.Span, zone *time.Location) time.Time {
	lead.N = -lead.N
	return lead.After(t, zone)
}

// calls is what the leads of an expiry come to at an instant.
type calls struct {
	// passed is the last reminder that is due, and lead its lead; zero where none is.
	passed time.Time
	lead   points.Span
	// next is the first that is not, or points.Never.
	next time.Time
}

func callsFor(expires time.Time, leads []points.Span, now time.Time, zone *time.Location) calls {
	c := calls{next: points.Never}
	if points.IsNever(expires) || !expires.After(now) {
		return c
	}
	for _, lead := range leads {
		at := before(expires, lead, zone)
		switch {
		case at.After(now):
			c.next = earlier(c.next, at)
		case at.After(c.passed):
			c.passed, c.lead = at, lead
		}
	}
	return c
}

// armReminders makes the records of reminders fall due for what the party changed.
func (p *Party) armReminders() error {
	for _, unit := range p.tx.deciding.engine.kept.remind {
		leads := p.tx.rev.leads(unit)
		if len(leads) == 0 {
			continue
		}
		row, exists, err := p.kept(remindKind, unit)
		if err != nil {
			return err
		}
		if exists && !row.DueAt.After(p.tx.now) || slices.Contains(p.put, storage.RecordKey{Kind: remindKind, ID: unit}) {
			continue // It is settled with all that is there by then.
		}
		if err := p.armUnit(unit, leads, row, exists); err != nil {
			return err
		}
	}
	return nil
}

// end is when points are lost that are available from an instant on.
type end struct{ from, expires time.Time }

// changedEnds lists when points of a unit are lost that the party changed, and how many
// of them time takes.
func (p *Party) changedEnds(unit string) ([]end, points.Amount, error) {
	var ends []end
	var changed points.Amount
	for _, id := range p.written {
		if lot := &p.lots[p.lotAt(id)]; lot.Unit == unit && lot.State == points.LotOpen {
			ends = append(ends, end{lot.AvailableFrom, lot.ExpiresAt})
			changed += lot.Remaining
		}
	}
	if len(ends) == 0 && !slices.Contains(p.put, storage.RecordKey{Kind: idleKind, ID: unit}) {
		return nil, 0, nil
	}
	state, due, armed, err := p.idle(unit)
	if armed {
		ends = append(ends, end{state.Last, due})
	}
	return ends, changed, err
}

// armUnit makes the record of a unit's reminders fall due for what changed. A command is a
// look at the member: leads that passed before it brought points are done with. Points
// that came by themselves were there when leads passed that came after them, though
// nobody looked.
func (p *Party) armUnit(unit string, leads []points.Span, row storage.Record, exists bool) error {
	ends, changed, err := p.changedEnds(unit)
	if err != nil {
		return err
	}
	var state remindState
	was := points.Never
	if exists {
		was = row.DueAt
		if err := p.decode(row, &state); err != nil {
			return err
		}
	}
	due, missed := was, false
	if !exists && p.Balance(unit).Available > changed {
		// A revision has just begun to remind of the unit: all there is is looked at.
		due, state.Seen = p.tx.now, p.base.row.RecordedAt
	}
	for _, at := range ends {
		c := callsFor(at.expires, leads, p.tx.now, p.tx.rev.zone)
		due = earlier(due, c.next)
		switch {
		case !p.tx.settling:
			missed = missed || exists && c.passed.After(state.Seen)
		case c.passed.After(later(state.Seen, at.from)):
			due = p.tx.now
		}
	}
	if !missed && !due.Before(was) {
		return nil
	}
	if !p.tx.settling {
		state.Seen = p.tx.now
	}
	return p.putReminder(unit, state, due)
}

func (p *Party) putReminder(unit string, state remindState, due time.Time) error {
	data, err := canon.Append(nil, &state)
	if err != nil {
		return p.tx.fail(err)
	}
	return p.putOwn(storage.Record{Kind: remindKind, ID: unit, DueAt: due, Data: data})
}

// settleReminders is the last settle step of all: it emits the reminders that are due
// of what is still there.
func settleReminders(tx *Tx, row storage.Record) error {
	var state remindState
	if err := tx.decode(row, &state); err != nil {
		return err
	}
	unit, leads, next := row.ID, tx.rev.leads(row.ID), points.Never
	if tx.erased() {
		return tx.putReminder(unit, remindState{Seen: tx.now}, next)
	}
	idle, idleDue, armed, err := tx.idle(unit)
	if err != nil {
		return err
	}
	lots, err := tx.lotsUntil(unit, leads)
	if err != nil {
		return err
	}
	if state.At.IsZero() {
		state.At = tx.now
	}
	rest := tx.Balance(unit).Available
	for len(lots) > 0 {
		alike := 1
		for alike < len(lots) && lots[alike].ExpiresAt.Equal(lots[0].ExpiresAt) {
			alike++
		}
		group := lots[:alike]
		lots = lots[alike:]
		c := callsFor(group[0].ExpiresAt, leads, state.At, tx.rev.zone)
		next = earlier(next, c.next)
		if armed && !group[0].ExpiresAt.Before(idleDue) {
			continue // Inactivity takes them before, as things stand.
		}
		reminder := remindOf(group)
		rest -= reminder.Points
		if !c.passed.After(later(state.Seen, firstFrom(group))) {
			continue
		}
		if sent, err := tx.remind(reminder, c, &state); !sent {
			return cmp.Or(err, tx.putReminder(unit, state, tx.now))
		}
	}
	if armed && rest > 0 {
		c := callsFor(idleDue, leads, state.At, tx.rev.zone)
		next = earlier(next, c.next)
		if c.passed.After(later(state.Seen, idle.Last)) {
			reminder := ExpiryReminder{Unit: unit, ExpiresAt: idleDue, Points: rest, Inactivity: true}
			if sent, err := tx.remind(reminder, c, &state); !sent {
				return cmp.Or(err, tx.putReminder(unit, state, tx.now))
			}
		}
	}
	return tx.putReminder(unit, remindState{Seen: state.At}, next)
}

// remindOf is the reminder of lots that expire together.
func remindOf(lots []points.Lot) ExpiryReminder {
	reminder := ExpiryReminder{Unit: lots[0].Unit, ExpiresAt: lots[0].ExpiresAt}
	for _, lot := range lots {
		reminder.Points += lot.Remaining
		if len(reminder.Lots) < remindedParts {
			reminder.Lots = append(reminder.Lots, points.Part{Lot: lot.ID, Amount: lot.Remaining})
		}
	}
	return reminder
}

// firstFrom is when the first of lots became available.
func firstFrom(lots []points.Lot) time.Time {
	return slices.MinFunc(lots, func(a, b points.Lot) int { return a.AvailableFrom.Compare(b.AvailableFrom) }).AvailableFrom
}

// remind emits a reminder that is due, unless it was sent already, and reports whether
// that is done: one operation emits only so many.
func (tx *Tx) remind(reminder ExpiryReminder, c calls, state *remindState) (bool, error) {
	if !reminder.ExpiresAt.After(state.Until) {
		return true, nil
	}
	if len(tx.events) == maxEmits {
		return false, nil
	}
	state.Until, reminder.Lead = reminder.ExpiresAt, c.lead
	if err := tx.Emit(ExpiryReminderEvent, reminder); err != nil {
		return false, err
	}
	return true, nil
}

// lotsUntil returns the open lots of a unit in the order of their expiry, up to the
// first that no lead reaches now.
func (p *Party) lotsUntil(unit string, leads []points.Span) ([]points.Lot, error) {
	for n := unknownAmountLots; ; n *= 4 {
		lots, err := p.openLots(unit, n)
		if err != nil || len(lots) < n {
			return lots, err
		}
		last := lots[len(lots)-1].ExpiresAt
		if points.IsNever(last) || callsFor(last, leads, p.tx.now, p.tx.rev.zone).passed.IsZero() {
			return lots, nil
		}
	}
}
