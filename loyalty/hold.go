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
	_, exists, err := tx.Record(holdKind, c.ID)
	if err != nil {
		return err
	}
	if exists {
		return fmt.Errorf("%w: %q", ErrHoldExists, c.ID)
	}
	if !c.Until.After(tx.now) {
		return invalid("until", "%s is not after now (%s)", c.Until.Format(time.RFC3339), tx.now.Format(time.RFC3339))
	}
	parts, err := tx.debit(c.Unit, c.Points, points.Entry{
		Kind: points.EntryHold, To: points.Held, Reference: c.ID, OccurredAt: tx.occurred,
	})
	if err != nil {
		return err
	}
	tx.receipt.Hold = &HoldReceipt{ID: c.ID, Unit: c.Unit, Points: c.Points, Until: instant(c.Until)}
	return tx.putHold(c.ID, holdState{Unit: c.Unit, Parts: parts}, holdOpen, instant(c.Until))
}

// Capture takes the points of an open hold, or some of them, and gives the rest
// back to the lots they came from.
type Capture struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	Hold   string `json:"hold"`
	// Points is how many to take; 0 takes all.
	Points points.Amount `json:"points,omitempty"`
	// OccurredAt is when it happened; zero is now.
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c Capture) Plan() Plan {
	return Plan{
		Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor, Reference: c.Hold,
		Records: []RecordRef{{Kind: holdKind, ID: c.Hold}},
	}
}

// Validate reports every problem of the capture.
func (c Capture) Validate() error { return checkHold(c.Hold, c.Points) }

// Apply implements [Command].
func (c Capture) Apply(_ context.Context, tx *Tx) error {
	hold, err := tx.openHold(c.Hold)
	if err != nil {
		return err
	}
	total, err := points.Total(hold.Parts)
	if err != nil {
		return err
	}
	amount := c.Points
	if amount == 0 {
		amount = total
	}
	if amount > total {
		return invalid("points", "%d: hold %q has %d", amount, c.Hold, total)
	}
	taken, rest, err := points.Capture(hold.Parts, amount)
	if err != nil {
		return err
	}
	for _, part := range taken {
		if err := tx.captureLot(part, c.Hold); err != nil {
			return err
		}
	}
	if err := tx.giveBack(rest, c.Hold, tx.occurred); err != nil {
		return err
	}
	tx.receipt.Hold = &HoldReceipt{ID: c.Hold, Unit: hold.Unit, Points: total, Captured: amount, Returned: total - amount}
	return tx.putHold(c.Hold, hold, holdCaptured, points.Never)
}

// Void closes an open hold and gives its points back to the lots they came from.
// Those whose expiry has passed expire at once.
type Void struct {
	Member     string    `json:"member"`
	Key        string    `json:"key"`
	Hold       string    `json:"hold"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c Void) Plan() Plan {
	return Plan{
		Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor, Reference: c.Hold,
		Records: []RecordRef{{Kind: holdKind, ID: c.Hold}},
	}
}

// Validate reports every problem of the void.
func (c Void) Validate() error { return checkHold(c.Hold, 0) }

// Apply implements [Command].
func (c Void) Apply(_ context.Context, tx *Tx) error {
	hold, err := tx.openHold(c.Hold)
	if err != nil {
		return err
	}
	total, err := points.Total(hold.Parts)
	if err != nil {
		return err
	}
	if err := tx.giveBack(hold.Parts, c.Hold, tx.occurred); err != nil {
		return err
	}
	tx.receipt.Hold = &HoldReceipt{ID: c.Hold, Unit: hold.Unit, Points: total, Returned: total}
	return tx.putHold(c.Hold, hold, holdVoided, points.Never)
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
		return p.tx.fail(fmt.Errorf("loyalty: record %s %q of member %q: %w", row.Kind, row.ID, row.Member, err))
	}
	return nil
}

func (p *Party) captureLot(part points.Part, hold string) error {
	lot, err := p.lot(part.Lot)
	if err != nil {
		return err
	}
	lot.Held -= part.Amount
	p.putLot(lot)
	return p.book(points.Entry{
		Unit: lot.Unit, Kind: points.EntryCapture, From: points.Held, To: points.Redeemed, Amount: part.Amount,
		Lot: lot.ID, Reference: hold,
	})
}

// giveBack returns held parts to their lots. They repay debt, and those whose
// time has passed expire.
func (p *Party) giveBack(parts []points.Part, hold string, at time.Time) error {
	for _, part := range parts {
		lot, err := p.lot(part.Lot)
		if err != nil {
			return err
		}
		lot.Held -= part.Amount
		lot.Remaining += part.Amount
		lot = p.putLot(lot)
		err = p.book(points.Entry{
			Unit: lot.Unit, Kind: points.EntryVoid, From: points.Held, To: points.Available, Amount: part.Amount,
			Lot: lot.ID, Reference: hold, OccurredAt: at,
		})
		if err != nil {
			return err
		}
		if p.tx.settling {
			_, err = p.repay(lot, at)
		} else {
			_, err = p.arrive(lot, at)
		}
		if err != nil {
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
	if err := tx.giveBack(state.Parts, row.ID, tx.occurred); err != nil {
		return err
	}
	return tx.putHold(row.ID, state, holdLapsed, points.Never)
}
