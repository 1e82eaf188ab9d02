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
