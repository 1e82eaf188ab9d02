package referral

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// Pay books what was decided about one side of a referral and is not booked there yet: a
// reward, or taking one back. It does so once, whatever its key. A side with nothing to book
// is an [ErrNotDue]. Its receipt's Result is the [Referral].
type Pay struct {
	// Member is the side whose account it is: the referrer, or the friend.
	Member string `json:"member"`
	Key    string `json:"key"`
	// Friend is the id of the friend when they accepted, as a [Referral] has it. AsFriend
	// says that it is about the friend's side, and not about the referrer's.
	Friend     string    `json:"friend"`
	AsFriend   bool      `json:"asFriend,omitempty"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// CommandType implements loyalty.Typed.
func (Pay) CommandType() string { return "referral-pay" }

// Plan implements loyalty.Command.
func (c Pay) Plan() loyalty.Plan {
	return loyalty.Plan{
		Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor,
		Records: []loyalty.RecordRef{{Kind: madeKind, ID: digest(c.Friend)}, {Kind: joinedKind, ID: onlyID}},
	}
}

// Validate reports a bad friend.
func (c Pay) Validate() error {
	var problems points.Problems
	id(&problems, "friend", c.Friend, 128)
	return problems.Err()
}

// Apply implements loyalty.Command.
func (c Pay) Apply(ctx context.Context, tx *loyalty.Tx) error {
	if c.AsFriend {
		return c.payFriend(ctx, tx)
	}
	made, exists, err := madeOf(tx.Party, c.Friend)
	switch {
	case err != nil:
		return err
	case !exists:
		return ErrNoReferral
	case !made.owes():
		return fmt.Errorf("%w: it is %s", ErrNotDue, made.State)
	}
	if err := made.book(ctx, tx, made.Offer.Referrer); err != nil {
		return err
	}
	if err := errors.Join(putMade(tx.Party, c.Friend, &made), tell(tx.Party, &made, made.Friend)); err != nil {
		return err
	}
	return tx.Answer(made.view(tx.Now()))
}

// payFriend books what is open on a friend's side: what a merge has left to take back.
func (c Pay) payFriend(ctx context.Context, tx *loyalty.Tx) error {
	p, err := pairOf(tx, "")
	if err != nil {
		return err
	}
	d := p.find(func(d *document) bool { return d.Friend == c.Friend && d.owes() })
	if d == nil {
		d = p.find(func(d *document) bool { return d.Friend == c.Friend })
		if d == nil {
			return ErrNoReferral
		}
		return fmt.Errorf("%w: it is %s", ErrNotDue, d.State)
	}
	if err := d.book(ctx, tx, d.Offer.Friend); err != nil {
		return err
	}
	return p.keep(d)
}

// book books what a side owes or is owed, by the activity of its reward.
func (d *document) book(ctx context.Context, tx *loyalty.Tx, activity string) error {
	if d.State == Revoked {
		return d.takeBack(tx)
	}
	if tx.OccurredAt().Before(d.PayAt) {
		return fmt.Errorf("%w: its cooling-off ends at %s", ErrNotDue, d.PayAt.Format(time.RFC3339))
	}
	program := tx.Program()
	switch err := tx.CanEarn(); {
	case errors.Is(err, loyalty.ErrClosed):
		d.State, d.Why = Denied, Gone
		return nil
	case err != nil:
		return err
	case !rewarded(&program, activity):
		d.State, d.Why, d.PaidAt = Paid, Unrewarded, tx.OccurredAt()
		return nil
	}
	before := balances(tx, &program)
	if activity != "" {
		fact := loyalty.Fact{Activity: activity, Reference: d.reference()}
		if err := fact.Apply(ctx, tx); err != nil {
			return err
		}
	}
	d.State, d.Why, d.PaidAt, d.Granted = Paid, "", tx.OccurredAt(), nil
	for i, has := range balances(tx, &program) {
		if has != before[i] {
			d.Granted = append(d.Granted, Grant{Unit: program.Units[i].Code, Points: has - before[i]})
		}
	}
	return nil
}

// reference is what lots and entries of the referral's rewards name.
func (d *document) reference() string { return "referral/" + digest(d.Friend) }

// balances is what the member has of each unit of the program, less what they owe.
func balances(tx *loyalty.Tx, program *loyalty.Program) []points.Amount {
	list := make([]points.Amount, len(program.Units))
	for i := range program.Units {
		b := tx.Balance(program.Units[i].Code)
		list[i] = b.Pending + b.Available + b.Held + b.Counted - b.Debt
	}
	return list
}

// takeBack takes a reward back, as a refund does: what is pending of it first. Metrics are
// taken from the day on which they counted.
func (d *document) takeBack(tx *loyalty.Tx) error {
	program := tx.Program()
	for _, grant := range d.Granted {
		if _, known := program.Unit(grant.Unit); !known || grant.Points <= 0 {
			continue
		}
		if err := tx.TakeBack(grant.Unit, grant.Points, d.reference(), d.PaidAt); err != nil {
			return err
		}
	}
	d.State = Reversed
	return nil
}
