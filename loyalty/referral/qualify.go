package referral

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// Qualify tells the order of a friend that counts: one that the ledger has, since it earned
// by a loyalty.Earn, that was placed after the acceptance and within its time, and of which
// enough is left. Its cooling-off begins when it was placed. Its receipt's Result is the
// [Referral]. Ask it after every order of a member who was referred, such as where the event of
// an Earn arrives; [Desk.Ordered] does it where there is somebody to reward.
type Qualify struct {
	// Member is the friend. Referrer is empty where that member was erased: then it is about
	// the friend's side alone.
	Member   string `json:"member"`
	Key      string `json:"key"`
	Referrer string `json:"referrer,omitempty"`
	// Order is the shop's id of it, and Currency the order's: an ISO 4217 code.
	Order    string `json:"order"`
	Currency string `json:"currency"`
	// Fingerprints are digests that are known by the order, such as that of the card that
	// paid: see [Accept.Fingerprints].
	Fingerprints []string `json:"fingerprints,omitempty"`
	// OccurredAt is when it was ordered; zero is now.
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// CommandType implements loyalty.Typed.
func (Qualify) CommandType() string { return "referral-qualify" }

// between is the plan of a command about a friend and their referrer.
func between(friend, referrer string, plan loyalty.Plan) loyalty.Plan {
	plan.Member, plan.Records = friend, append(plan.Records, loyalty.RecordRef{Kind: joinedKind, ID: onlyID})
	if referrer != "" {
		plan.Others = []string{referrer}
		plan.Records = append(plan.Records, loyalty.RecordRef{Member: referrer, Kind: madeKind, ID: digest(friend)})
	}
	return plan
}

// Plan implements loyalty.Command.
func (c Qualify) Plan() loyalty.Plan {
	// The order is no Reference: that would be told to the referrer's account as well.
	plan := loyalty.Plan{
		Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor,
		Records: []loyalty.RecordRef{loyalty.OrderRecord("", c.Order)}, Claims: printClaims(c.Fingerprints),
	}
	if len(c.Fingerprints) > 0 && c.Referrer != "" {
		plan.Records = append(plan.Records, loyalty.RecordRef{Member: c.Referrer, Kind: codesKind, ID: onlyID})
	}
	return between(c.Member, c.Referrer, plan)
}

// Validate reports every problem of the order.
func (c Qualify) Validate() error {
	var problems points.Problems
	if c.Referrer != "" {
		id(&problems, "referrer", c.Referrer, 128)
	}
	id(&problems, "order", c.Order, 128)
	problems = append(problems, points.ValidateMoney("currency", decimal.Decimal{}, "currency", c.Currency)...)
	printProblems(&problems, c.Fingerprints)
	return problems.Err()
}

// Apply implements loyalty.Command.
func (c Qualify) Apply(_ context.Context, tx *loyalty.Tx) error {
	if _, err := termsOf(tx); err != nil {
		return err
	}
	p, err := pairOf(tx, c.Referrer)
	if err != nil {
		return err
	}
	d := p.find(func(d *document) bool { return d.State == Accepted || d.State == Withdrawn })
	if d == nil {
		return p.none()
	}
	if err := tx.CanEarn(); err != nil {
		return err
	}
	if err := c.counts(tx, d); err != nil {
		return err
	}
	if err := claimPrints(tx, p.referrer, c.Fingerprints); err != nil {
		return err
	}
	d.State, d.Why, d.Order, d.Currency = Qualified, "", c.Order, c.Currency
	d.OrderedAt, d.PayAt = tx.OccurredAt(), d.Offer.CoolingOff.After(tx.OccurredAt(), tx.Zone())
	for _, mark := range c.Fingerprints {
		if !slices.Contains(d.Prints, mark) {
			d.Prints = append(d.Prints, mark)
		}
	}
	return p.keep(d)
}

// counts reports why an order does not count.
func (c Qualify) counts(tx *loyalty.Tx, d *document) error {
	at := tx.OccurredAt()
	switch {
	case at.Before(d.At):
		return fmt.Errorf("%w: it was placed before the code was accepted, at %s", ErrOrder, d.At.Format(time.RFC3339))
	case !at.Before(d.Until):
		return fmt.Errorf("%w: it had to be placed before %s", ErrOrder, d.Until.Format(time.RFC3339))
	}
	order, earned, err := tx.EarnedOrder(c.Order)
	switch {
	case err != nil:
		return err
	case !earned || !order.Keeps:
		return fmt.Errorf("%w: it earned nothing, or that was taken back", ErrOrder)
	case tx.Member() == d.Friend && order.Version > 0 && order.Version <= d.Version:
		return fmt.Errorf("%w: it earned before the code was accepted", ErrOrder)
	case !d.Offer.enough(c.Currency, order.Eligible):
		return fmt.Errorf("%w: %s %s of it count, and that is too little", ErrOrder, order.Eligible, c.Currency)
	}
	return nil
}

// pair is a friend and a referrer within a command about both, or about the friend alone
// where the referrer is nil. The friend is the Tx's member.
type pair struct {
	tx       *loyalty.Tx
	referrer *loyalty.Party
	mine     joined
	// theirs are the places in the list of what is between the two.
	theirs []int
}

func pairOf(tx *loyalty.Tx, referrer string) (*pair, error) {
	p := &pair{tx: tx}
	var err error
	if referrer != "" {
		if p.referrer, err = tx.Other(referrer); err != nil {
			return nil, err
		}
	}
	if p.mine, err = joinedOf(tx.Party); err != nil {
		return nil, err
	}
	for i := range p.mine.List {
		same := p.referrer == nil
		if !same {
			if same, err = p.referrer.Is(p.mine.List[i].Referrer); err != nil {
				return nil, err
			}
		}
		if same {
			p.theirs = append(p.theirs, i)
		}
	}
	if len(p.theirs) == 0 {
		return nil, ErrNoReferral
	}
	return p, nil
}

// find returns the first referral between the two that is as asked, or nil.
func (p *pair) find(as func(*document) bool) *document {
	for _, i := range p.theirs {
		if d := &p.mine.List[i]; as(d) {
			return d
		}
	}
	return nil
}

// none says why no referral is as asked: where each of them is.
func (p *pair) none() error {
	err := ErrNoReferral
	if d := p.find(func(*document) bool { return true }); d != nil {
		err = fmt.Errorf("%w: it is %s", err, d.State)
	}
	return err
}

// keep stores the friend's list, of which a referral has changed, brings the referrer's side to
// it, and answers with it.
func (p *pair) keep(d *document) error {
	if err := putJoined(p.tx.Party, &p.mine); err != nil {
		return err
	}
	if err := tell(p.tx.Party, d, d.Referrer); err != nil {
		return err
	}
	if err := p.follow(d); err != nil {
		return err
	}
	return p.tx.Answer(d.view(p.tx.Now()))
}

// follow brings the referrer's side to where the friend's is.
func (p *pair) follow(d *document) error {
	if p.referrer == nil {
		return nil
	}
	made, exists, err := madeOf(p.referrer, d.Friend)
	if err != nil || !exists {
		return err
	}
	if !made.follow(d) {
		return nil
	}
	return errors.Join(putMade(p.referrer, d.Friend, &made), tell(p.referrer, &made, d.Friend))
}

// follow changes a referrer's side by what is decided on the friend's, and reports whether it
// did. What a side has booked, or is to book, is its own.
func (d *document) follow(friend *document) bool {
	before := d.State
	switch friend.State {
	case Accepted, Withdrawn, Qualified:
		if d.State != Accepted && d.State != Withdrawn && d.State != Qualified {
			return false
		}
		d.State = friend.State
	case Cleared, Paid:
		if d.State != Accepted && d.State != Withdrawn && d.State != Qualified {
			return false
		}
		d.State = Cleared
	case Revoked, Reversed:
		if !d.deny(friend.Why, true) {
			return false
		}
	case Denied:
		if !d.deny(friend.Why, false) {
			return false
		}
	}
	d.Why, d.OrderedAt, d.PayAt = friend.Why, friend.OrderedAt, friend.PayAt
	return d.State != before
}
