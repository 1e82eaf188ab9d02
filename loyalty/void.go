package loyalty

import (
	"context"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
)

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
	receipt, err := tx.Party.Void(c.Hold)
	if err != nil {
		return err
	}
	tx.receipt.Hold = &receipt
	return nil
}

// Void gives the points of an open hold back to the lots that they came from.
func (p *Party) Void(id string) (HoldReceipt, error) {
	hold, err := p.openHold(id)
	if err != nil {
		return HoldReceipt{}, err
	}
	total, err := points.Total(hold.Parts)
	if err != nil {
		return HoldReceipt{}, err
	}
	if err := p.giveBack(hold.Parts, id, p.tx.occurred); err != nil {
		return HoldReceipt{}, err
	}
	return HoldReceipt{ID: id, Unit: hold.Unit, Points: total, Returned: total}, p.putHold(id, hold, holdVoided, points.Never)
}
