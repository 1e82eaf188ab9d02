package loyalty

import (
	"cmp"
	"context"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
)

// Spend takes available points, soonest expiry first. More than is available is
// an [InsufficientPointsError]. A spend over very many lots is gathered in
// several commits under one key: it is done or not done as a whole.
type Spend struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	// Unit is the code of a spendable unit.
	Unit string `json:"unit"`
	// Points is above 0, in the unit's smallest step.
	Points points.Amount `json:"points"`
	// Reference is what the points were spent on, such as an order.
	Reference string `json:"reference,omitempty"`
	// Order is the order that the points pay for, if any: a Refund of it can give them
	// back. It costs a row.
	Order      string    `json:"order,omitempty"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c Spend) Plan() Plan {
	plan := Plan{
		Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor, Reference: cmp.Or(c.Reference, c.Order),
		Debits: []Debit{{Unit: c.Unit, Amount: c.Points}},
	}
	if c.Order != "" {
		plan.Records = []RecordRef{{Kind: tenderKind, ID: c.Order}}
	}
	return plan
}

// Validate reports every problem of the spend.
func (c Spend) Validate() error {
	return append(pointsProblems(c.Unit, c.Points), orderProblems(c.Order)...).Err()
}

// orderProblems reports an order's id that is none; there need be none.
func orderProblems(id string) points.Problems {
	var problems points.Problems
	if id == "" {
		return nil
	}
	if err := points.CheckID(id, maxID); err != nil {
		problems.Add("order", "%v", err)
	}
	return problems
}

// Apply implements [Command].
func (c Spend) Apply(_ context.Context, tx *Tx) error {
	if err := tx.CanRedeem(); err != nil {
		return err
	}
	if tx.call.gathered {
		return tx.sellGathered(c, nil)
	}
	resumes, err := tx.resumes(c)
	if err != nil {
		return err
	}
	if resumes {
		return tx.fail(errGather)
	}
	parts, err := tx.debit(c.Unit, c.Points, points.Entry{
		Kind: points.EntrySpend, To: points.Redeemed, Reference: tx.plan.Reference, OccurredAt: tx.occurred,
	})
	if err != nil {
		return err
	}
	return tx.pay(c.Order, c.Unit, parts, len(tx.entries)-len(parts))
}

// resumes reports whether a gathering of this spend is under way, where the
// points that are missing may be in it.
func (tx *Tx) resumes(c Spend) (bool, error) {
	b := tx.Balance(c.Unit)
	if b.Held == 0 || b.Available >= c.Points || b.Held < c.Points-b.Available {
		return false, nil
	}
	_, status, err := tx.gathering(gathering(c.Key))
	return status == gatherOpen, err
}

func pointsProblems(unit string, amount points.Amount) points.Problems {
	var problems points.Problems
	if err := points.CheckID(unit, maxID); err != nil {
		problems.Add("unit", "%v", err)
	}
	if amount <= 0 {
		problems.Add("points", "%d: must be above 0", amount)
	}
	return problems
}
