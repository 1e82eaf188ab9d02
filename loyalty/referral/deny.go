package referral

import (
	"context"
	"errors"
	"fmt"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// Deny ends a referral by hand, on both sides: what is not paid is not paid any more, and what
// is paid is taken back, that of the friend in the same commit and that of the referrer by a
// [Pay]. Reason and Actor are required, and kept with the operation. One that has ended is an
// [ErrNoReferral]. Its receipt's Result is the [Referral].
type Deny struct {
	// Member is the friend, and Referrer the other side.
	Member   string `json:"member"`
	Key      string `json:"key"`
	Referrer string `json:"referrer,omitempty"`
	// Friend, instead of Referrer, says that it is about Member's own side alone, as where
	// the other member was erased: the id of the friend when they accepted.
	Friend string `json:"friend,omitempty"`
	Reason string `json:"reason"`
	Actor  string `json:"actor"`
}

// CommandType implements loyalty.Typed.
func (Deny) CommandType() string { return "referral-deny" }

// Plan implements loyalty.Command.
func (c Deny) Plan() loyalty.Plan {
	plan := between(c.Member, c.Referrer, loyalty.Plan{Key: c.Key, Reason: c.Reason, Actor: c.Actor})
	if c.Friend != "" {
		plan.Records = append(plan.Records, loyalty.RecordRef{Kind: madeKind, ID: digest(c.Friend)})
	}
	return plan
}

// Validate reports a bad referrer, and a missing reason or actor.
func (c Deny) Validate() error {
	var problems points.Problems
	switch {
	case (c.Referrer == "") == (c.Friend == ""):
		problems.Add("referrer", "say who it is, or \"friend\" for one side alone")
	case c.Referrer != "":
		id(&problems, "referrer", c.Referrer, 128)
	default:
		id(&problems, "friend", c.Friend, 128)
	}
	if c.Reason == "" {
		problems.Add("reason", "must say why")
	}
	if c.Actor == "" {
		problems.Add("actor", "must say who")
	}
	return problems.Err()
}

// Apply implements loyalty.Command.
func (c Deny) Apply(_ context.Context, tx *loyalty.Tx) error {
	if c.Friend != "" {
		made, exists, err := madeOf(tx.Party, c.Friend)
		if err != nil {
			return err
		}
		if exists {
			return c.alone(tx, &made)
		}
	}
	p, err := pairOf(tx, c.Referrer)
	if err != nil {
		return err
	}
	d := p.find(func(d *document) bool { return d.open() && (c.Friend == "" || d.Friend == c.Friend) })
	if d == nil {
		return p.none()
	}
	if err := d.end(tx); err != nil {
		return err
	}
	if p.referrer == nil {
		return p.keep(d)
	}
	made, exists, err := madeOf(p.referrer, d.Friend)
	if err != nil {
		return err
	}
	if exists && made.deny(BySupport, true) {
		if err := errors.Join(putMade(p.referrer, d.Friend, &made), tell(p.referrer, &made, d.Friend)); err != nil {
			return err
		}
	}
	return p.keep(d)
}

// end denies a side of the Tx's member, and takes back at once what is paid.
func (d *document) end(tx *loyalty.Tx) error {
	if d.deny(BySupport, true); d.State == Revoked {
		return d.takeBack(tx)
	}
	return nil
}

// alone ends the side of a referrer.
func (c Deny) alone(tx *loyalty.Tx, made *document) error {
	if !made.open() {
		return fmt.Errorf("%w: it is %s", ErrNoReferral, made.State)
	}
	if err := made.end(tx); err != nil {
		return err
	}
	if err := errors.Join(putMade(tx.Party, c.Friend, made), tell(tx.Party, made, made.Friend)); err != nil {
		return err
	}
	return tx.Answer(made.view(tx.Now()))
}
