package loyalty

import (
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
// one.
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
		var state remindState
		if exists {
			if err := p.decode(row, &state); err != nil {
				return err
			}
		} else {
			row.DueAt = points.Never
		}
		due, missed := row.DueAt, false
		consider := func(expires time.Time) {
			c := callsFor(expires, leads, p.tx.now, p.tx.rev.zone)
			due, missed = earlier(due, c.next), missed || exists && c.passed.After(state.Seen)
		}
		for _, id := range p.written {
			if lot := &p.lots[p.lotAt(id)]; lot.Unit == unit && lot.State == points.LotOpen {
				consider(lot.ExpiresAt)
			}
		}
		if slices.Contains(p.put, storage.RecordKey{Kind: idleKind, ID: unit}) {
			consider(p.records[p.recordAt(idleKind, unit)].row.DueAt)
		}
		if state.At.IsZero() && (missed || due.Before(row.DueAt)) {
			if err := p.putReminder(unit, remindState{Seen: p.tx.now}, due); err != nil {
				return err
			}
		}
	}
	return nil
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
	var idle time.Time
	for code, due := range idleDue(tx.records) {
		if code == unit {
			idle = due
		}
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
		expires := lots[0].ExpiresAt
		if !idle.IsZero() && !expires.Before(idle) {
			break
		}
		reminder := ExpiryReminder{Unit: unit, ExpiresAt: expires}
		for _, lot := range lots[:alike] {
			reminder.Points += lot.Remaining
			if len(reminder.Lots) < remindedParts {
				reminder.Lots = append(reminder.Lots, points.Part{Lot: lot.ID, Amount: lot.Remaining})
			}
		}
		rest -= reminder.Points
		lots = lots[alike:]
		if len(tx.events) == maxEmits {
			return tx.putReminder(unit, state, tx.now)
		}
		due, err := tx.remind(reminder, leads, &state)
		if err != nil {
			return err
		}
		next = earlier(next, due)
	}
	if !idle.IsZero() && rest > 0 {
		if len(tx.events) == maxEmits {
			return tx.putReminder(unit, state, tx.now)
		}
		due, err := tx.remind(ExpiryReminder{Unit: unit, ExpiresAt: idle, Points: rest, Inactivity: true}, leads, &state)
		if err != nil {
			return err
		}
		next = earlier(next, due)
	}
	return tx.putReminder(unit, remindState{Seen: state.At}, next)
}

// remind emits a reminder if one is due, notes that it was looked for, and returns when
// the next is due.
func (tx *Tx) remind(reminder ExpiryReminder, leads []points.Span, state *remindState) (time.Time, error) {
	c := callsFor(reminder.ExpiresAt, leads, state.At, tx.rev.zone)
	if !reminder.ExpiresAt.After(state.Until) {
		return c.next, nil
	}
	state.Until = reminder.ExpiresAt
	if !c.passed.After(state.Seen) {
		return c.next, nil
	}
	reminder.Lead = c.lead
	return c.next, tx.Emit(ExpiryReminderEvent, reminder)
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
