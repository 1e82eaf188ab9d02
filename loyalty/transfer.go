package loyalty

import (
	"cmp"
	"context"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
)

// Transfer moves points to another member. Both accounts change in one commit.
// The points keep their expiry and do not qualify for status, unless the program has
// another [TransferPolicy].
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
	if err := tx.rev.mayTransfer(c.Unit, c.Points); err != nil {
		return err
	}
	return tx.Party.Transfer(to, c.Unit, c.Points)
}

// Transfer moves points to another account of the plan, soonest expiry first: they
// keep their expiry and do not qualify for status, unless the program has another
// [TransferPolicy]. It looks at no gate; see CanRedeem
// and CanEarn.
func (p *Party) Transfer(to *Party, unit string, amount points.Amount) error {
	if to.tx != p.tx || to == p {
		return p.tx.fail(invalid("to", "must be another account of the plan"))
	}
	parts, err := p.debit(unit, amount, points.Entry{
		Kind: points.EntryTransferOut, To: points.Transferred, Reference: to.row.Member, OccurredAt: p.tx.occurred,
	})
	if err != nil {
		return err
	}
	u, err := p.tx.rev.spendable("unit", unit)
	if err != nil {
		return p.tx.fail(err)
	}
	policy := p.tx.rev.transfers(unit)
	for _, part := range parts {
		lot := p.lots[p.lotAt(part.Lot)]
		terms := p.termsFor(to, lot)
		terms.origin, terms.source = cmp.Or(lot.Origin, p.row.Member), p.row.Member
		terms.from, terms.kind, terms.cameFrom = points.Transferred, points.EntryTransferIn, lot.ID
		terms.at, terms.availableFrom, terms.qualifies = p.tx.occurred, p.tx.now, policy.Qualifies && lot.Qualifies
		if policy.Expiry != (points.Expiry{}) {
			terms.expiresAt = policy.Expiry.From(p.tx.now, p.tx.rev.zone)
		}
		if _, err := to.credit(u, part.Amount, terms); err != nil {
			return err
		}
	}
	return nil
}
