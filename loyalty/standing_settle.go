package loyalty

import (
	"errors"
	"fmt"

	"github.com/loyaltykit/loyaltykit/internal/canon"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// decideStandings decides the tiers of the members whose facts a command changed, or
// who joined with it.
func (tx *Tx) decideStandings() error {
	if len(tx.deciding.engine.epochs) == 0 {
		return nil
	}
	for _, p := range tx.parties {
		if err := p.decideIfChanged(); err != nil {
			return tx.fail(err)
		}
	}
	return nil
}

// decideSettled decides the member's tiers after the settle step of a feature, as of its
// instant. Those who were erased or merged into another account are decided no more.
func (tx *Tx) decideSettled() error {
	data, err := tx.document()
	if err != nil || data.Life.erased() || data.Life != nil && data.Life.Into != "" {
		return err
	}
	if len(tx.facts) > 0 && !tx.base.restood(tx.deciding.engine, tx.reached()) {
		return tx.adopt()
	}
	return tx.decideStandings()
}

func (p *Party) decideIfChanged() error {
	if p.row.Kind != storage.Person || p.base.exists && len(p.facts) == 0 && !p.standChanged {
		return nil
	}
	if p.base.exists && !p.standChanged {
		if quiet, err := p.undisturbed(); quiet || err != nil {
			return err
		}
	}
	state, err := p.standing()
	if err != nil {
		return err
	}
	switch {
	case state == nil && p.base.exists:
		return nil
	case state == nil:
		return p.decideStanding(p.newStanding(), true)
	case p.tx.system == moveType && !state.Parting && !p.base.restood(p.tx.deciding.engine, p.tx.reached()):
		// A revision came before the merge, or its undoing, was finished.
		return p.adopt()
	default:
		return p.decideStanding(state, p.standChanged)
	}
}

// settleStanding is the settle step of a member for whom something on a ladder ends or
// begins. Of one who was erased nothing does any more.
func settleStanding(tx *Tx) error {
	if len(tx.deciding.engine.epochs) == 0 {
		return tx.fail(fmt.Errorf("%w: the member has tiers, and this engine's program has no ladders: start it with every revision", ErrOldProgram))
	}
	state, err := tx.standing()
	if err != nil {
		return err
	}
	if state == nil {
		return tx.fail(errors.New("loyalty: the record of a member's tiers is gone: verify the ledger"))
	}
	switch {
	case tx.erased():
		return tx.putStanding(state, points.Never)
	case !tx.base.restood(tx.deciding.engine, tx.reached()):
		return tx.adopt()
	default:
		return tx.decideStanding(state, true)
	}
}

// dayOf is the day of an entry that corrects none.
func (p *Party) dayOf(e *points.Entry) tiers.Day {
	return tiers.DayOf(e.OccurredAt, revisionAt(p.tx.deciding.engine.revisions, e.OccurredAt).zone)
}

// The types of the events that tell of tiers.
const (
	eventTiers = "tier-"
)

// tierEvent is the data of such an event.
type tierEvent struct {
	Reference string       `json:"reference,omitempty"`
	Changes   []TierChange `json:"changes"`
}

// tierEvents lists the events of what changed, one of each kind, and of what ends soon.
func (p *Party) tierEvents() ([]event, error) {
	var events []event
	for _, kind := range []tiers.ChangeKind{tiers.Promoted, tiers.Retained, tiers.Demoted, tiers.Lapsing, Corrected, Opened} {
		own := tierEvent{Reference: p.tx.plan.Reference}
		for i := range p.changes {
			if p.changes[i].Kind == kind {
				own.Changes = append(own.Changes, p.changes[i])
			}
		}
		if len(own.Changes) == 0 {
			continue
		}
		data, err := canon.Append(nil, &own)
		if err != nil {
			return nil, p.tx.fail(err)
		}
		events = append(events, event{kind: eventTiers + string(kind), data: data})
	}
	if len(p.endings) > 0 {
		data, err := canon.Append(nil, &TierReminders{Reminders: p.endings})
		if err != nil {
			return nil, p.tx.fail(err)
		}
		events = append(events, event{kind: TierReminderEvent, data: data})
	}
	return events, nil
}
