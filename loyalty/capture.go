package loyalty

import (
	"context"
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
