package loyalty

import (
	"context"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
)

// Transfer moves points to another member. Both accounts change in one commit.
// The points keep their expiry and do not qualify for status.
type Transfer struct {
	// Member gives and To receives; both are enrolled.
	Member string `json:"member"`
	Key    string `json:"key"`
	To     string `json:"to"`
	Unit   string `json:"unit"`
	// Points is above 0, in the unit's smallest step.
	Points     points.Amount `json:"points"`
	OccurredAt time.Time     `json:"occurredAt,omitzero"`
	Reason     string        `json:"reason,omitempty"`
	Actor      string        `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c Transfer) Plan() Plan {
	return Plan{
		Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor, Reference: c.To,
		Others: []string{c.To}, Debits: []Debit{{Unit: c.Unit, Amount: c.Points}},
	}
}

// Validate reports every problem of the transfer.
func (c Transfer) Validate() error {
	problems := pointsProblems(c.Unit, c.Points)
	if err := points.CheckID(c.To, maxID); err != nil {
		problems.Add("to", "%v", err)
	} else if c.To == c.Member {
		problems.Add("to", "must be another member")
	}
	return problems.Err()
}

// Apply implements [Command].
func (c Transfer) Apply(_ context.Context, tx *Tx) error {
	if err := tx.CanRedeem(); err != nil {
		return err
	}
	to, err := tx.Other(c.To)
	if err != nil {
		return err
	}
	if err := to.CanEarn(); err != nil {
		return err
	}
	parts, err := tx.debit(c.Unit, c.Points, points.Entry{
		Kind: points.EntryTransferOut, To: points.Transferred, Reference: c.To, OccurredAt: tx.occurred,
	})
	if err != nil {
		return err
	}
	unit, _ := tx.rev.Unit(c.Unit)
	for _, part := range parts {
		from := tx.lots[tx.lotAt(part.Lot)]
		origin := from.Origin
		if origin == "" {
			origin = c.Member
		}
		_, err := to.credit(unit, part.Amount, creditTerms{
			source: c.Member, from: points.Transferred, kind: points.EntryTransferIn, at: tx.occurred,
			earnedAt: from.EarnedAt, availableFrom: tx.now, expiresAt: from.ExpiresAt, origin: origin,
		})
		if err != nil {
			return err
		}
	}
	return nil
}
