package referral

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// Review looks at a referral that has an order, as the ledger has it now. Where refunds have
// left too little of the order, the referral is withdrawn on both sides; the friend may order
// again, within the time that they had. Once the cooling-off is over, it is decided: the
// friend gets the reward of their side in the same commit, as a loyalty.Fact of the
// activity, and the referrer's is left for a [Pay]. After that, an order that comes back
// changes nothing, unless the offer claws back. While there is nothing to decide it is an
// [ErrNotDue]. Its receipt's Result is the [Referral].
type Review struct {
	// Member is the friend. Referrer is empty where that member was erased, or is the friend
	// by now: then it is about the friend's side alone.
	Member   string `json:"member"`
	Key      string `json:"key"`
	Referrer string `json:"referrer,omitempty"`
	// OccurredAt is when the reward is earned, not before its time has come; zero is now.
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// CommandType implements loyalty.Typed.
func (Review) CommandType() string { return "referral-review" }

// Plan implements loyalty.Command.
func (c Review) Plan() loyalty.Plan {
	return between(c.Member, c.Referrer, loyalty.Plan{Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor})
}

// Validate reports a bad referrer.
func (c Review) Validate() error {
	var problems points.Problems
	if c.Referrer != "" {
		id(&problems, "referrer", c.Referrer, 128)
	}
	return problems.Err()
}

// Apply implements loyalty.Command.
func (c Review) Apply(ctx context.Context, tx *loyalty.Tx) error {
	if _, err := termsOf(tx); err != nil {
		return err
	}
	p, err := pairOf(tx, c.Referrer)
	if err != nil {
		return err
	}
	var changed bool
	d := p.find(func(d *document) bool {
		if err == nil && d.Order != "" && d.open() {
			changed, err = p.decide(d)
		}
		return err != nil || changed || p.behind(d)
	})
	switch {
	case err != nil:
		return err
	case d == nil:
		return p.notDue()
	case d.owes():
		if err := d.book(ctx, tx, d.Offer.Friend); err != nil {
			return err
		}
	}
	return p.keep(d)
}

// notDue says how far a referral is of which there is nothing to decide.
func (p *pair) notDue() error {
	d := p.find((*document).open)
	if d == nil {
		return p.none()
	}
	if d.State != Qualified {
		return fmt.Errorf("%w: it is %s", ErrNotDue, d.State)
	}
	return fmt.Errorf("%w: its cooling-off ends at %s", ErrNotDue, d.PayAt.Format(time.RFC3339))
}

// behind reports whether the referrer's side is not where that of the friend is.
func (p *pair) behind(d *document) bool {
	if p.referrer == nil {
		return false
	}
	made, exists, err := madeOf(p.referrer, d.Friend)
	return err == nil && exists && made.follow(d)
}

// decide brings a referral with an order to where it is now, and reports whether it changed.
func (p *pair) decide(d *document) (bool, error) {
	order, earned, err := p.tx.EarnedOrder(d.Order)
	if err != nil {
		return false, err
	}
	stands := earned && order.Keeps && d.Offer.enough(d.Currency, order.Eligible)
	same, err := p.tx.Is(d.Referrer)
	if err != nil {
		return false, err
	}
	switch {
	case same:
		return d.deny(Self, false), nil
	case d.State == Paid && !stands:
		return d.deny(Refunded, false), nil
	case d.State != Qualified:
		return false, nil
	case !stands:
		d.State, d.Why, d.Order, d.Currency, d.OrderedAt, d.PayAt = Withdrawn, Refunded, "", "", time.Time{}, time.Time{}
		return true, nil
	case p.tx.OccurredAt().Before(d.PayAt):
		return false, nil
	case d.New.N > 0 && !d.At.Before(d.New.After(p.tx.EnrolledAt(), p.tx.Zone())):
		return d.deny(NotNew, false), nil
	}
	switch err := p.tx.CanEarn(); {
	case errors.Is(err, loyalty.ErrClosed):
		return d.deny(Gone, false), nil
	case err != nil:
		return false, err
	}
	d.State = Cleared
	return true, nil
}
