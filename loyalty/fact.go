package loyalty

import (
	"context"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
)

// Fact records that something happened which is not an order: a visit, a birthday,
// a review, nights stayed. It counts the metric unit of that code, if the program
// has one, and earns the bonuses of rules for that activity. The metric needs no rule: a
// bonus in it for its own activity counts besides.
type Fact struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	// Activity is the code of what happened.
	Activity string `json:"activity"`
	// Amount is how much of the metric to count, in its smallest step; 0 is one
	// step. It must not be negative.
	Amount points.Amount `json:"amount,omitempty"`
	// Channel and Store say where, with up to 128 bytes each.
	Channel string `json:"channel,omitempty"`
	Store   string `json:"store,omitempty"`
	// Attributes are what else rules may ask about it: up to 32 with names of up to 64
	// bytes and values of up to 256.
	Attributes map[string]string `json:"attributes,omitempty"`
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
	for _, text := range []struct{ path, value string }{{"channel", c.Channel}, {"store", c.Store}} {
		if text.value == "" {
			continue
		}
		if err := points.CheckID(text.value, maxID); err != nil {
			problems.Add(text.path, "%v", err)
		}
	}
	problems = append(problems, attributeProblems(c.Attributes)...)
	return problems.Err()
}

// Apply implements [Command].
func (c Fact) Apply(ctx context.Context, tx *Tx) error {
	if err := tx.CanEarn(); err != nil {
		return err
	}
	earning, err := tx.newEarning(ctx)
	if err != nil {
		return err
	}
	rev := earning.rev
	unit, counts := rev.Unit(c.Activity)
	counts = counts && unit.Kind == points.Metric
	result, err := points.EvaluateFact(rev.Earning, rev.Units, points.Activity{
		Code: c.Activity, Amount: c.Amount, Channel: c.Channel, Store: c.Store, Attributes: c.Attributes,
	}, earning.env)
	if err != nil {
		return earnRefusal(err)
	}
	awards := result.Awards
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
	return earning.finish(result, circumstances{channel: c.Channel, store: c.Store, attributes: c.Attributes})
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
