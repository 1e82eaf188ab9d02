package loyalty

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/canon"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// The record of a hold, and its statuses.
const (
	holdKind     = "hold"
	holdOpen     = "open"
	holdCaptured = "captured"
	holdVoided   = "voided"
	holdLapsed   = "lapsed"
)

// Hold sets available points aside, soonest expiry first, until they are captured
// or voided, or the hold lapses. Points on hold do not expire.
type Hold struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	// ID names the hold in Capture and Void; it is unique per member.
	ID   string `json:"id"`
	Unit string `json:"unit"`
	// Points is above 0, in the unit's smallest step.
	Points points.Amount `json:"points"`
	// Until is when the hold lapses by itself; points.Never keeps it.
	Until      time.Time `json:"until"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c Hold) Plan() Plan {
	return Plan{
		Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor, Reference: c.ID,
		Records: []RecordRef{{Kind: holdKind, ID: c.ID}}, Debits: []Debit{{Unit: c.Unit, Amount: c.Points}},
	}
}

// Validate reports every problem of the hold.
func (c Hold) Validate() error {
	var problems points.Problems
	if err := points.CheckID(c.ID, maxID); err != nil {
		problems.Add("id", "%v", err)
	}
	if err := points.CheckID(c.Unit, maxID); err != nil {
		problems.Add("unit", "%v", err)
	}
	if c.Points <= 0 {
		problems.Add("points", "%d: must be above 0", c.Points)
	}
	if c.Until.IsZero() || c.Until.Year() < 1970 || c.Until.After(points.Never) {
		problems.Add("until", "must say when the hold lapses, up to points.Never")
	}
	return problems.Err()
}

// Apply implements [Command].
func (c Hold) Apply(_ context.Context, tx *Tx) error {
	if err := tx.CanRedeem(); err != nil {
		return err
	}
	if err := tx.Party.Hold(c.ID, c.Unit, c.Points, c.Until); err != nil {
		return err
	}
	tx.receipt.Hold = &HoldReceipt{ID: c.ID, Unit: c.Unit, Points: c.Points, Until: instant(c.Until)}
	return nil
}

// Hold sets available points aside under an id, soonest expiry first, until they are
// captured or voided, or the hold lapses. It looks at no gate; see CanRedeem.
func (p *Party) Hold(id, unit string, amount points.Amount, until time.Time) error {
	if err := (Hold{ID: id, Unit: unit, Points: amount, Until: until}).Validate(); err != nil {
		return p.tx.fail(fmt.Errorf("%w: %w", ErrInvalid, err))
	}
	_, exists, err := p.Record(holdKind, id)
	if err != nil {
		return err
	}
	if exists {
		return fmt.Errorf("%w: %q", ErrHoldExists, id)
	}
	if !until.After(p.tx.now) {
		return invalid("until", "%s is not after now (%s)", until.Format(time.RFC3339), p.tx.now.Format(time.RFC3339))
	}
	parts, err := p.debit(unit, amount, points.Entry{
		Kind: points.EntryHold, To: points.Held, Reference: id, OccurredAt: p.tx.occurred,
	})
	if err != nil {
		return err
	}
	return p.putHold(id, holdState{Unit: unit, Parts: parts}, holdOpen, instant(until))
}

func checkHold(id string, amount points.Amount) error {
	var problems points.Problems
	if err := points.CheckID(id, maxID); err != nil {
		problems.Add("hold", "%v", err)
	}
	if amount < 0 {
		problems.Add("points", "%d: must not be negative", amount)
	}
	return problems.Err()
}

// holdState is the document of a hold's record.
type holdState struct {
	Unit  string        `json:"u"`
	Parts []points.Part `json:"p"`
	// Gathering is the record of the gathering that this is a chunk of, if any.
	Gathering string `json:"g,omitempty"`
	// As is the hold's id, where the record has another one.
	As string `json:"as,omitempty"`
}

func (p *Party) openHold(id string) (holdState, error) {
	var state holdState
	row, exists, err := p.Record(holdKind, id)
	if err != nil {
		return state, err
	}
	if !exists {
		return state, fmt.Errorf("%w: %q", ErrUnknownHold, id)
	}
	if row.Status != holdOpen {
		return state, fmt.Errorf("%w: %q was %s", ErrHoldClosed, id, row.Status)
	}
	return state, p.decode(row, &state)
}

func (p *Party) putHold(id string, state holdState, status string, due time.Time) error {
	data, err := canon.Append(make([]byte, 0, 128), &state)
	if err != nil {
		return p.tx.fail(err)
	}
	row := storage.Record{Kind: holdKind, ID: id, Status: status, DueAt: due, Data: data}
	if status == holdOpen {
		for _, part := range state.Parts {
			row.Lots = append(row.Lots, part.Lot)
		}
	}
	return p.putOwn(row)
}

// decode reads a record's document.
func (p *Party) decode(row storage.Record, into any) error {
	if err := json.Unmarshal(row.Data, into); err != nil {
		return p.tx.fail(fmt.Errorf("loyalty: record %s %q of %s: %w", row.Kind, row.ID, AccountName(row.Member), err))
	}
	return nil
}

// giveBack returns held parts to their lots. They repay debt, and those whose
// time has passed expire, unless a grace lets them live on.
func (p *Party) giveBack(parts []points.Part, hold string, at time.Time) error {
	for _, part := range parts {
		lot, err := p.heldLot(part)
		if err != nil {
			return err
		}
		pattern := points.Entry{Kind: points.EntryVoid, From: points.Held, Reference: hold, OccurredAt: at}
		if err := p.comeBack(lot, part.Amount, pattern); err != nil {
			return err
		}
	}
	return nil
}

// lapseHold is the settle step of a hold whose deadline has come.
func lapseHold(tx *Tx, row storage.Record) error {
	var state holdState
	if err := tx.decode(row, &state); err != nil {
		return err
	}
	if state.Gathering != "" {
		if sold, err := settleChunk(tx, row, state); sold || err != nil {
			return err
		}
	}
	if err := tx.needLots(row.Lots); err != nil {
		return err
	}
	tx.plan.Reference = row.ID
	if err := tx.giveBack(state.Parts, row.ID, tx.occurred); err != nil {
		return err
	}
	return tx.putHold(row.ID, state, holdLapsed, points.Never)
}
