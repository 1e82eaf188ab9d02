package loyalty

import (
	"context"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
)

// Fact records that something happened which is not an order: a visit, a birthday,
// a review, nights stayed. It counts the metric unit of that code, if the program
// has one, and earns the bonuses of rules for that activity.
type Fact struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	// Activity is the code of what happened.
	Activity string `json:"activity"`
	// Amount is how much of the metric to count, in its smallest step; 0 is one
	// step. It must not be negative.
	Amount points.Amount `json:"amount,omitempty"`
	// Reference is what it was about: a booking, a review.
	Reference  string    `json:"reference,omitempty"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c Fact) Plan() Plan {
	return Plan{
		Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor, Reference: c.Reference,
	}
}

// Validate reports every problem of the fact.
func (c Fact) Validate() error {
	var problems points.Problems
	if err := points.CheckID(c.Activity, maxID); err != nil {
		problems.Add("activity", "%v", err)
	}
	if c.Amount < 0 {
		problems.Add("amount", "%d: must not be negative", c.Amount)
	}
	return problems.Err()
}

// Apply implements [Command].
func (c Fact) Apply(_ context.Context, tx *Tx) error {
	if err := tx.CanEarn(); err != nil {
		return err
	}
	rev := revisionAt(tx.deciding.engine.revisions, tx.occurred)
	unit, counts := rev.Unit(c.Activity)
	counts = counts && unit.Kind == points.Metric
	awards, err := points.EvaluateActivity(rev.Earning, rev.Units, c.Activity, points.Env{At: tx.occurred, Zone: rev.zone})
	if err != nil {
		return err
	}
	if !counts && len(awards) == 0 && !rev.knows(c.Activity) {
		return invalid("activity", "%q is neither a metric of the program nor the activity of a rule", c.Activity)
	}
	if counts {
		share := points.Share{Points: max(c.Amount, 1)}
		if err := tx.countFor(unit.Code, share, c.Reference, rev.number); err != nil {
			return err
		}
	}
	source := c.Reference
	if source == "" {
		source = c.Activity
	}
	for _, award := range awards {
		if _, err := tx.award(rev, award, source, ""); err != nil {
			return err
		}
	}
	return nil
}

// knows reports whether some rule is about the activity.
func (r *revision) knows(activity string) bool {
	for i := range r.Earning {
		if r.Earning[i].Activity == activity {
			return true
		}
	}
	return false
}
