package referral

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Referral is a referral as one of its sides has it.
type Referral struct {
	// Friend and Referrer are the ids of both when it was accepted.
	Friend   string `json:"friend,omitempty"`
	Referrer string `json:"referrer,omitempty"`
	State    State  `json:"state"`
	Why      Why    `json:"why,omitempty"`
	// AcceptedAt is when it began, and Until the instant before which the friend has to
	// order.
	AcceptedAt time.Time `json:"acceptedAt"`
	Until      time.Time `json:"until,omitzero"`
	// Order is the order that counts, which only the friend sees, OrderedAt when it was
	// placed, and PayAt when its cooling-off is over.
	Order     string    `json:"order,omitempty"`
	OrderedAt time.Time `json:"orderedAt,omitzero"`
	PayAt     time.Time `json:"payAt,omitzero"`
	// PaidAt is when this side had its reward, and Granted what that came to.
	PaidAt  time.Time `json:"paidAt,omitzero"`
	Granted []Grant   `json:"granted,omitempty"`
}

// String says where the referral is, and why it is not paid.
func (r Referral) String() string {
	said := string(r.State)
	switch r.State {
	case Accepted:
		said = "waits for an order before " + day(r.Until)
	case Qualified:
		said = "ordered, cooling off until " + day(r.PayAt)
	case Cleared:
		said = "to be booked"
	case Withdrawn:
		said = "the order came back; waits for another one before " + day(r.Until)
	case Lapsed:
		said = "no order before " + day(r.Until)
	case Paid:
		for _, grant := range r.Granted {
			said += fmt.Sprintf(" %d %s", grant.Points, grant.Unit)
		}
	}
	if r.Why != "" && r.State != Withdrawn {
		said += ": " + string(r.Why)
	}
	return said
}

func day(t time.Time) string { return t.Format(time.RFC3339) }

// stored is the referral as it is stored.
func (d *document) stored() Referral {
	return Referral{
		Friend: d.Friend, Referrer: d.Referrer, State: d.State, Why: d.Why, AcceptedAt: d.At, Until: d.Until,
		Order: d.Order, OrderedAt: d.OrderedAt, PayAt: d.PayAt, PaidAt: d.PaidAt, Granted: d.Granted,
	}
}

// view is the referral as of an instant.
func (d *document) view(at time.Time) Referral {
	r := d.stored()
	if (r.State == Accepted || r.State == Withdrawn) && !at.Before(r.Until) {
		r.State = Lapsed
	}
	return r
}

// Of reads the [Referral] that a command answered.
func Of(receipt loyalty.Receipt) (Referral, error) {
	var r Referral
	if err := json.Unmarshal(receipt.Result, &r); err != nil {
		return r, fmt.Errorf("referral: the receipt of %q has no referral: %w", receipt.Command, err)
	}
	return r, nil
}

// CodeOf reads the [Code] that an [Issue] answered.
func CodeOf(receipt loyalty.Receipt) (Code, error) {
	var c Code
	if err := json.Unmarshal(receipt.Result, &c); err != nil {
		return c, fmt.Errorf("referral: the receipt of %q has no code: %w", receipt.Command, err)
	}
	return c, nil
}

// Desk reads referrals, and does what is due about them. It keeps no state, may run in several
// processes, be stopped at any moment, and goes on where another has stopped.
//
// The keys of its commands start with "referral": a host's own keys must not.
type Desk struct {
	engine *loyalty.Engine
	store  storage.Store
}

// NewDesk is a desk of an engine that lists a [Feature], and of its store.
func NewDesk(engine *loyalty.Engine, store storage.Store) *Desk {
	return &Desk{engine: engine, store: store}
}

func (d *Desk) program() string { return d.engine.Program(time.Time{}).ID }

// Find returns whose a code is, as [Find] does.
func (d *Desk) Find(ctx context.Context, code string) (string, error) {
	return Find(ctx, d.store, d.program(), code)
}

// Code returns the code that a member has, or [ErrCode].
func (d *Desk) Code(ctx context.Context, member string) (Code, error) {
	var have codes
	_, err := d.record(ctx, member, codesKind, &have)
	if err == nil && len(have.Codes) == 0 {
		err = ErrCode
	}
	if err != nil {
		return Code{}, fmt.Errorf("referral: code of %q: %w", member, err)
	}
	return have.Codes[0], nil
}

// Joined returns by which referrals a member came, as of now: none, one, or after merges
// several, the survivor's own first.
func (d *Desk) Joined(ctx context.Context, member string) ([]Referral, error) {
	list, _, err := d.joined(ctx, member)
	if err != nil {
		return nil, fmt.Errorf("referral: who referred %q: %w", member, err)
	}
	return list, nil
}

func (d *Desk) joined(ctx context.Context, member string) ([]Referral, loyalty.Member, error) {
	var j joined
	has, err := d.record(ctx, member, joinedKind, &j)
	if err != nil {
		return nil, has, err
	}
	list := make([]Referral, len(j.List))
	for i := range j.List {
		list[i] = j.List[i].view(has.At)
	}
	return list, has, nil
}

// record reads a member's one record of a kind, and who they are.
func (d *Desk) record(ctx context.Context, member, kind string, into any) (loyalty.Member, error) {
	has, err := d.engine.Member(ctx, member)
	if err != nil {
		return has, err
	}
	snaps, err := d.store.Load(ctx, []storage.LoadRequest{{
		Program: d.program(), Member: has.ID, Records: []storage.RecordKey{{Kind: kind, ID: onlyID}},
	}})
	if err != nil {
		return has, err
	}
	for _, row := range snaps[0].Records {
		if len(row.Data) > 0 && !loyalty.Moved(row) {
			return has, decode(row, into)
		}
	}
	return has, nil
}

// Made iterates over the referrals that a member has made, as of now, in no order that
// means anything. It stops at the first error, which it yields.
func (d *Desk) Made(ctx context.Context, member string) iter.Seq2[Referral, error] {
	return func(yield func(Referral, error) bool) {
		has, err := d.engine.Member(ctx, member)
		if err != nil {
			yield(Referral{}, fmt.Errorf("referral: referrals of %q: %w", member, err))
			return
		}
		for row, err := range storage.AllRecords(ctx, d.store, storage.RecordQuery{Program: d.program(), Member: has.ID, Kind: madeKind}) {
			var made document
			if err == nil {
				if len(row.Data) == 0 || loyalty.Moved(row) {
					continue
				}
				err = decode(row, &made)
			}
			if !yield(made.view(has.At), err) || err != nil {
				return
			}
		}
	}
}

// Ordered tells an order of a member, where they were referred and an order is waited for: as a
// [Qualify]. Call it after each loyalty.Earn, or where its event arrives; of an order that
// does not count it says whether one does by now, and no error. It may be told twice.
func (d *Desk) Ordered(ctx context.Context, member, order, currency string, at time.Time) (bool, error) {
	list, _, err := d.joined(ctx, member)
	if err != nil {
		return false, fmt.Errorf("referral: order %q of %q: %w", order, member, err)
	}
	for _, r := range list {
		if r.State != Accepted && r.State != Withdrawn {
			if r.Order == order {
				return true, nil
			}
			continue
		}
		cmd := Qualify{
			Member: member, Key: "referral/order/" + digest(order), Referrer: r.Referrer, Order: order, Currency: currency, OccurredAt: at,
		}
		receipt, err := d.engine.Do(ctx, cmd)
		if errors.Is(err, loyalty.ErrErased) {
			cmd.Referrer = ""
			receipt, err = d.engine.Do(ctx, cmd)
		}
		switch {
		case err == nil && receipt.Replayed, errors.Is(err, loyalty.ErrKeyReused):
			// It counted before, and came back.
		case err == nil:
			return true, nil
		case !errors.Is(err, ErrOrder) && !errors.Is(err, ErrNoReferral):
			return false, err
		}
	}
	return false, nil
}

// Returned tells that something of a member's order came back, after the loyalty.Refund: as a
// [Review], where the order is that of a referral. It reports whether the referral changed.
func (d *Desk) Returned(ctx context.Context, member, order string) (bool, error) {
	list, _, err := d.joined(ctx, member)
	if err != nil {
		return false, fmt.Errorf("referral: order %q of %q: %w", order, member, err)
	}
	for _, r := range list {
		if r.Order != order {
			continue
		}
		_, err := d.review(ctx, member, r, time.Time{})
		if errors.Is(err, ErrNotDue) || errors.Is(err, ErrNoReferral) {
			continue
		}
		return err == nil, err
	}
	return false, nil
}

// review decides a referral of a friend.
func (d *Desk) review(ctx context.Context, member string, r Referral, at time.Time) (loyalty.Receipt, error) {
	cmd := Review{
		Member: member, Key: "referral/review/" + string(r.State) + "/" + digest(r.Friend+"\x00"+r.Order), Referrer: r.Referrer, OccurredAt: at,
	}
	receipt, err := d.engine.Do(ctx, cmd)
	if errors.Is(err, loyalty.ErrTooOld) {
		cmd.OccurredAt = time.Time{}
		receipt, err = d.engine.Do(ctx, cmd)
	}
	if errors.Is(err, loyalty.ErrErased) || errors.Is(err, loyalty.ErrSameMember) {
		cmd.Referrer = ""
		receipt, err = d.engine.Do(ctx, cmd)
	}
	return receipt, err
}
