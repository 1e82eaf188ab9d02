package booking

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
)

// Book gives free seats of a session to a member, who pays for them with points at once.
// Seats and points change in one commit. Its receipt's Result is a [Booking].
type Book struct {
	Member  string `json:"member"`
	Key     string `json:"key"`
	Session string `json:"session"`
	// Party is the number of seats, 1 to what the session says.
	Party int64 `json:"party"`
	// Unit and Points, and Money of Currency, are the price of the whole party that the
	// member was shown; any other is a [loyalty.PriceError]. Points are in the unit's
	// smallest step, money is the host's to collect.
	Unit       string          `json:"unit,omitempty"`
	Points     points.Amount   `json:"points,omitempty"`
	Money      decimal.Decimal `json:"money,omitzero"`
	Currency   string          `json:"currency,omitempty"`
	OccurredAt time.Time       `json:"occurredAt,omitzero"`
	Reason     string          `json:"reason,omitempty"`
	Actor      string          `json:"actor,omitempty"`
}

// CommandType implements loyalty.Typed.
func (Book) CommandType() string { return "booking-book" }

// memberPlan is the plan of a command of a member about a session.
func memberPlan(member, key, session, id string, at time.Time, reason, actor string) loyalty.Plan {
	if id == "" {
		id = session
	}
	return loyalty.Plan{
		Member: member, Key: key, OccurredAt: at, Reason: reason, Actor: actor, Reference: session,
		Houses: []loyalty.House{house(session)},
		Records: append(roomRecords(session), loyalty.RecordRef{Kind: bookingKind, ID: id},
			loyalty.RecordRef{Member: house(session).Account(), Kind: seatKind, ID: member}),
	}
}

// Plan implements loyalty.Command.
func (c Book) Plan() loyalty.Plan {
	plan := memberPlan(c.Member, c.Key, c.Session, "", c.OccurredAt, c.Reason, c.Actor)
	return paying(plan, c.Member, c.Key, c.Session, c.Unit, c.Points)
}

// spend is how a party is paid for.
func spend(member, key, session, unit string, amount points.Amount) loyalty.Spend {
	return loyalty.Spend{Member: member, Key: key, Unit: unit, Points: amount, Order: orderID(session, member)}
}

// paying adds to a plan what paying needs.
func paying(plan loyalty.Plan, member, key, session, unit string, amount points.Amount) loyalty.Plan {
	if amount > 0 {
		needs := spend(member, key, session, unit, amount).Plan()
		plan.Records, plan.Debits = append(plan.Records, needs.Records...), needs.Debits
	}
	return plan
}

// Validate reports every problem of the booking.
func (c Book) Validate() error { return checkParty(c.Session, c.Party, c.price()) }

// price is what the member was shown.
func (c Book) price() rewards.Cost {
	return rewards.Cost{Unit: c.Unit, Points: c.Points, Cash: c.Money, Currency: c.Currency}
}

func checkParty(session string, party int64, shown rewards.Cost) error {
	var found checks
	found.id("session", session, 64)
	found.party(party)
	found.price(shown)
	return found.Err()
}

// Apply implements loyalty.Command.
func (c Book) Apply(ctx context.Context, tx *loyalty.Tx) error {
	r, b, err := visitAs(tx, c.Session, "")
	if err != nil {
		return err
	}
	if err := b.book(ctx, tx, r, c.Party, c.price()); err != nil {
		return err
	}
	if err := r.keep(); err != nil {
		return err
	}
	return tx.Answer(b.shownAs(r))
}

// book takes free seats for a fresh booking and pays for them. The caller keeps the board.
func (b *booking) book(ctx context.Context, tx *loyalty.Tx, r *room, party int64, shown rewards.Cost) error {
	if err := b.fresh(ctx, tx, r, party, experience.Booked); err != nil {
		return err
	}
	if err := r.session.MayBook(b.Tiers, party, tx.Now()); err != nil {
		return err
	}
	if err := b.shown(tx, shown); err != nil {
		return err
	}
	if err := r.board.Take(party, experience.Booked); err != nil {
		return err
	}
	if b.Points > 0 {
		if err := spend(b.As, tx.Key(), r.session.ID, b.Unit, b.Points).Apply(ctx, tx); err != nil {
			return err
		}
	}
	if err := errFirst(b.choose(r), b.become(tx, experience.Booked, r.session.End)); err != nil {
		return err
	}
	return r.sit(b, experience.Booked, points.Never)
}

// Hold holds free seats of a session, and the points for them, until the member confirms,
// cancels, or the hold lapses. Its receipt's Result is a [Booking].
type Hold struct {
	Member  string `json:"member"`
	Key     string `json:"key"`
	Session string `json:"session"`
	// Party is the number of seats, 1 to what the session says.
	Party int64 `json:"party"`
	// Unit and Points, and Money of Currency, are the price of the whole party that the
	// member was shown; any other is a [loyalty.PriceError]. Points are in the unit's
	// smallest step, money is the host's to collect.
	Unit       string          `json:"unit,omitempty"`
	Points     points.Amount   `json:"points,omitempty"`
	Money      decimal.Decimal `json:"money,omitzero"`
	Currency   string          `json:"currency,omitempty"`
	OccurredAt time.Time       `json:"occurredAt,omitzero"`
	Reason     string          `json:"reason,omitempty"`
	Actor      string          `json:"actor,omitempty"`
}

// CommandType implements loyalty.Typed.
func (Hold) CommandType() string { return "booking-hold" }

// Plan implements loyalty.Command.
func (c Hold) Plan() loyalty.Plan {
	plan := memberPlan(c.Member, c.Key, c.Session, "", c.OccurredAt, c.Reason, c.Actor)
	return holding(plan, c.Member, c.Key, c.Session, c.Unit, c.Points)
}

// holding adds to a plan what a hold of points needs.
func holding(plan loyalty.Plan, member, key, session, unit string, amount points.Amount) loyalty.Plan {
	if amount > 0 {
		needs := loyalty.Hold{Member: member, Key: key, ID: holdID(session, member, key), Unit: unit, Points: amount}.Plan()
		plan.Records, plan.Debits = append(plan.Records, needs.Records...), needs.Debits
	}
	return plan
}

// Validate reports every problem of the hold.
func (c Hold) Validate() error { return Book(c).Validate() }

// Apply implements loyalty.Command.
func (c Hold) Apply(ctx context.Context, tx *loyalty.Tx) error {
	r, b, err := visitAs(tx, c.Session, "")
	if err != nil {
		return err
	}
	if err := b.fresh(ctx, tx, r, c.Party, experience.Held); err != nil {
		return err
	}
	if r.session.HoldMinutes == 0 {
		return experience.ErrNoHolds
	}
	if err := r.session.MayBook(b.Tiers, c.Party, tx.Now()); err != nil {
		return err
	}
	if err := b.shown(tx, Book(c).price()); err != nil {
		return err
	}
	if err := r.board.Take(c.Party, experience.Held); err != nil {
		return err
	}
	if err := b.setAside(tx, r, experience.Held, holdID(c.Session, c.Member, c.Key), instant(r.session.HeldUntil(tx.Now()))); err != nil {
		return err
	}
	if err := r.keep(); err != nil {
		return err
	}
	return tx.Answer(b.shownAs(r))
}

// setAside puts the points of a party on hold, and its seats into a state that lasts until
// an instant.
func (b *booking) setAside(tx *loyalty.Tx, r *room, state experience.State, hold string, until time.Time) error {
	if b.Hold = ""; b.Points > 0 {
		b.Hold = hold
		if err := tx.Party.Hold(hold, b.Unit, b.Points, until); err != nil {
			return err
		}
	}
	if err := errFirst(b.choose(r), b.become(tx, state, until)); err != nil {
		return err
	}
	return r.sit(b, state, until)
}

// Confirm books seats that a member holds, or was promised from the list: the points on
// hold are taken. Its receipt's Result is a [Booking].
type Confirm struct {
	Member  string `json:"member"`
	Key     string `json:"key"`
	Session string `json:"session"`
	// Booking is the id of the booking where it is not the session's, as after a merge
	// of two members who had both booked.
	Booking string `json:"booking,omitempty"`
	// Hold is what the [Booking] said. It may be left out at the price of a round trip.
	Hold       string    `json:"hold,omitempty"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// CommandType implements loyalty.Typed.
func (Confirm) CommandType() string { return "booking-confirm" }

// Plan implements loyalty.Command.
func (c Confirm) Plan() loyalty.Plan {
	plan := memberPlan(c.Member, c.Key, c.Session, c.Booking, c.OccurredAt, c.Reason, c.Actor)
	if c.Hold != "" {
		needs := loyalty.Capture{Member: c.Member, Hold: c.Hold, Order: orderID(c.Session, c.Member)}.Plan()
		plan.Records = append(plan.Records, needs.Records...)
	}
	return plan
}

// Validate reports every problem of the confirmation.
func (c Confirm) Validate() error {
	var found checks
	found.booking(c.Session, c.Booking)
	found.optional("hold", c.Hold, 128)
	return found.Err()
}

func (c *checks) booking(session, id string) {
	c.id("session", session, 64)
	c.optional("booking", id, 128)
}

// Apply implements loyalty.Command.
func (c Confirm) Apply(ctx context.Context, tx *loyalty.Tx) error {
	r, b, err := visitAs(tx, c.Session, c.Booking)
	if err != nil {
		return err
	}
	if was := b.state(); was != experience.Held && was != experience.Promised {
		return &experience.StateError{From: was, To: experience.Booked}
	}
	if err := r.still(b); err != nil {
		return err
	}
	if err := r.board.Settle(b.Party, b.state()); err != nil {
		return err
	}
	if b.Hold != "" {
		capture := loyalty.Capture{Member: c.Member, Key: c.Key, Hold: b.Hold, Order: orderID(c.Session, b.As)}
		if err := capture.Apply(ctx, tx); err != nil {
			return err
		}
		b.Hold = ""
	}
	if err := b.become(tx, experience.Booked, r.session.End); err != nil {
		return err
	}
	if err := r.sit(b, experience.Booked, points.Never); err != nil {
		return err
	}
	if err := r.keep(); err != nil {
		return err
	}
	return tx.Answer(b.shownAs(r))
}

// still returns why the seats of a booking are not those of its state any more: the
// session dismissed the party.
func (r *room) still(b *booking) error {
	has, err := r.has(b.seat(), b.state())
	if err == nil && !has {
		err = ErrDismissed
	}
	return err
}
