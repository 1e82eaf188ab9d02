package loyalty

import (
	"context"
	"errors"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
)

// Capture takes the points of an open hold, or some of them, and gives the rest
// back to the lots they came from.
type Capture struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	Hold   string `json:"hold"`
	// Points is how many to take; 0 takes all.
	Points points.Amount `json:"points,omitempty"`
	// Order is the order that the points pay for, if any: a Refund of it can give them
	// back. It costs a row.
	Order string `json:"order,omitempty"`
	// OccurredAt is when it happened; zero is now.
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c Capture) Plan() Plan {
	plan := Plan{
		Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor, Reference: c.Hold,
		Records: []RecordRef{{Kind: holdKind, ID: c.Hold}},
	}
	if c.Order != "" {
		plan.Records = append(plan.Records, RecordRef{Kind: tenderKind, ID: c.Order})
	}
	return plan
}

// Validate reports every problem of the capture.
func (c Capture) Validate() error {
	problems := orderProblems(c.Order)
	if more, ok := errors.AsType[points.Problems](checkHold(c.Hold, c.Points)); ok {
		problems = append(problems, more...)
	}
	return problems.Err()
}

// Apply implements [Command].
func (c Capture) Apply(_ context.Context, tx *Tx) error {
	from := len(tx.entries)
	receipt, err := tx.Party.Capture(c.Hold, c.Points)
	if err != nil {
		return err
	}
	tx.receipt.Hold = &receipt
	var parts []points.Part
	for _, entry := range tx.entries[from:] {
		if entry.Kind == points.EntryCapture {
			parts = append(parts, points.Part{Lot: entry.Lot, Amount: entry.Amount})
		}
	}
	return tx.pay(c.Order, receipt.Unit, parts, from)
}

// Capture takes the points of an open hold, or some of them, and gives the rest back;
// 0 takes all.
func (p *Party) Capture(id string, amount points.Amount) (HoldReceipt, error) {
	hold, err := p.openHold(id)
	if err != nil {
		return HoldReceipt{}, err
	}
	total, err := points.Total(hold.Parts)
	if err != nil {
		return HoldReceipt{}, err
	}
	if amount == 0 {
		amount = total
	}
	if amount < 0 || amount > total {
		return HoldReceipt{}, invalid("points", "%d: hold %q has %d", amount, id, total)
	}
	taken, rest, err := points.Capture(hold.Parts, amount)
	if err != nil {
		return HoldReceipt{}, err
	}
	for _, part := range taken {
		if err := p.captureLot(part, id); err != nil {
			return HoldReceipt{}, err
		}
	}
	if err := p.giveBack(rest, id, p.tx.occurred); err != nil {
		return HoldReceipt{}, err
	}
	receipt := HoldReceipt{ID: id, Unit: hold.Unit, Points: total, Captured: amount, Returned: total - amount}
	return receipt, p.putHold(id, hold, holdCaptured, points.Never)
}

func (p *Party) captureLot(part points.Part, hold string) error {
	lot, err := p.heldLot(part)
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
