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

// Cancel gives up a booking, seats that are held or promised, or a place on the list. What
// the agreed policy does not keep of the points returns to the lots they came from, with
// their own expiry; seats go to the list in the same commit while somebody waits. A
// session that was called off, or put to another time or place since, costs nothing. Its
// receipt's Result is a [Booking].
type Cancel struct {
	Member  string `json:"member"`
	Key     string `json:"key"`
	Session string `json:"session"`
	// Booking is the id of the booking where it is not the session's.
	Booking string `json:"booking,omitempty"`
	// Hold is what the [Booking] said. It may be left out at the price of a round trip.
	Hold string `json:"hold,omitempty"`
	// Place is where the [Booking] said that the party waits. It may be left out at the
	// price of a round trip, too.
	Place      *experience.Place `json:"place,omitempty"`
	OccurredAt time.Time         `json:"occurredAt,omitzero"`
	Reason     string            `json:"reason,omitempty"`
	Actor      string            `json:"actor,omitempty"`
}

// CommandType implements loyalty.Typed.
func (Cancel) CommandType() string { return "booking-cancel" }

// Plan implements loyalty.Command.
func (c Cancel) Plan() loyalty.Plan {
	plan := memberPlan(c.Member, c.Key, c.Session, c.Booking, c.OccurredAt, c.Reason, c.Actor)
	plan.Records = append(plan.Records, refundRecords(c.Session, c.Member)...)
	if c.Place != nil {
		plan.Records = append(plan.Records, placesFrom(c.Session, c.Place.Class, c.Place.Number, c.Place.Number+1)...)
	}
	if c.Hold != "" {
		plan.Records = append(plan.Records, loyalty.Void{Member: c.Member, Hold: c.Hold}.Plan().Records...)
	}
	return plan
}

// refundRecords names what giving points back needs.
func refundRecords(session, member string) []loyalty.RecordRef {
	return loyalty.Refund{Member: member, Order: orderID(session, member)}.Plan().Records
}

// Validate reports every problem of the cancellation.
func (c Cancel) Validate() error {
	var found checks
	found.booking(c.Session, c.Booking)
	found.optional("hold", c.Hold, 128)
	if c.Place != nil {
		found.place(c.Place.Class, c.Place.Number)
	}
	return found.Err()
}

// Apply implements loyalty.Command.
func (c Cancel) Apply(ctx context.Context, tx *loyalty.Tx) error {
	r, b, err := visitAs(tx, c.Session, c.Booking)
	if err != nil {
		return err
	}
	if err := b.giveUp(ctx, tx, r, experience.Cancelled); err != nil {
		return err
	}
	if err := r.keep(); err != nil {
		return err
	}
	return tx.Answer(b.shownAs(r))
}

// giveUp ends a live booking, by the state that says how; of a session that was called
// off, that is CalledOff. The caller keeps the board.
func (b *booking) giveUp(ctx context.Context, tx *loyalty.Tx, r *room, how experience.State) error {
	was := b.state()
	if was == experience.Waiting && how == experience.Cancelled {
		how = experience.Left
	}
	if r.board.Off {
		how = experience.CalledOff
	}
	if _, err := was.Become(how); err != nil {
		return err
	}
	if was == experience.Waiting {
		return errFirst(r.leave(b), b.become(tx, how, points.Never))
	}
	has, err := r.has(b.seat(), was)
	if err != nil {
		return err
	}
	fee := experience.Fee{MoneyBack: 100}
	free := r.board.Off || !has || b.Changes < r.board.Changes && tx.Now().Before(r.session.Start)
	if was == experience.Booked && !free {
		agreed := b.agreed(r)
		if fee, err = agreed.Fee(b.Tiers, b.Party, b.Points, tx.Now()); err != nil {
			return err
		}
	}
	if err := b.pointsBack(ctx, tx, r, was, fee); err != nil {
		return err
	}
	if b.Kept = fee.Points; !b.Money.IsZero() {
		b.MoneyBack = fee.MoneyBack
	}
	if err := b.become(tx, how, points.Never); err != nil || !has {
		return err
	}
	if err := r.board.Release(b.Party, was); err != nil {
		return err
	}
	return r.sit(b, how, points.Never)
}

// pointsBack returns what a fee does not keep.
func (b *booking) pointsBack(ctx context.Context, tx *loyalty.Tx, r *room, was experience.State, fee experience.Fee) error {
	switch {
	case b.Hold != "":
		id := b.Hold
		b.Hold = ""
		_, err := tx.Void(id)
		return err
	case was != experience.Booked || b.Points == fee.Points:
		return nil
	}
	order := orderID(r.session.ID, b.As)
	left, err := tx.LeftOfPayment(order, b.Unit)
	if err != nil {
		return err
	}
	back := loyalty.PointsBack{Unit: b.Unit, Points: min(b.Points-fee.Points, left)}
	if back.Points == 0 {
		return nil
	}
	return loyalty.Refund{Member: b.As, Key: tx.Key(), Order: order, PointsBack: []loyalty.PointsBack{back}}.Apply(ctx, tx)
}

// leave takes a party that waits off the list, unless the list has come past it, or an
// operator has taken it off.
func (r *room) leave(b *booking) error {
	if b.Place == nil || r.board.Passed(*b.Place) {
		return nil
	}
	row, exists, err := r.Record(waitKind, placeID(*b.Place))
	if err != nil || !exists || row.Status != string(experience.Waiting) {
		return err
	}
	if err := r.board.Leave(*b.Place); err != nil {
		return err
	}
	return r.place(*b.Place, waitGone, waitDocument{Member: b.As, Party: b.Party, Unit: b.Unit, Points: b.Points})
}

// Reschedule moves a booked party to another session, in one commit: what the first one
// costs to cancel is kept, the rest of its points returns, and the other is paid for. Its
// receipt's Result is the [Booking] of the other session.
type Reschedule struct {
	Member  string `json:"member"`
	Key     string `json:"key"`
	Session string `json:"session"`
	// Booking is the id of the booking where it is not the session's.
	Booking string `json:"booking,omitempty"`
	// To is the other session, with free seats for the party. Unit and Points, and Money of
	// Currency, are the price of the whole party there that the member was shown; any other
	// is a [loyalty.PriceError].
	To         string          `json:"to"`
	Unit       string          `json:"unit,omitempty"`
	Points     points.Amount   `json:"points,omitempty"`
	Money      decimal.Decimal `json:"money,omitzero"`
	Currency   string          `json:"currency,omitempty"`
	OccurredAt time.Time       `json:"occurredAt,omitzero"`
	Reason     string          `json:"reason,omitempty"`
	Actor      string          `json:"actor,omitempty"`
}

// CommandType implements loyalty.Typed.
func (Reschedule) CommandType() string { return "booking-reschedule" }

// Plan implements loyalty.Command.
func (c Reschedule) Plan() loyalty.Plan {
	plan := memberPlan(c.Member, c.Key, c.Session, c.Booking, c.OccurredAt, c.Reason, c.Actor)
	plan.Records = append(plan.Records, refundRecords(c.Session, c.Member)...)
	other := memberPlan(c.Member, c.Key, c.To, "", c.OccurredAt, c.Reason, c.Actor)
	other = paying(other, c.Member, c.Key, c.To, c.Unit, c.Points)
	plan.Houses = append(plan.Houses, other.Houses...)
	plan.Records = append(plan.Records, other.Records...)
	plan.Debits = other.Debits
	return plan
}

// price is what the member was shown.
func (c Reschedule) price() rewards.Cost {
	return Book{Unit: c.Unit, Points: c.Points, Money: c.Money, Currency: c.Currency}.price()
}

// Validate reports every problem of the move.
func (c Reschedule) Validate() error {
	var found checks
	found.booking(c.Session, c.Booking)
	found.id("to", c.To, 64)
	if c.To == c.Session {
		found.Add("to", "must be another session")
	}
	found.price(c.price())
	return found.Err()
}

// Apply implements loyalty.Command.
func (c Reschedule) Apply(ctx context.Context, tx *loyalty.Tx) error {
	from, err := visit(tx, c.Session)
	if err != nil {
		return err
	}
	to, err := visit(tx, c.To)
	if err != nil {
		return err
	}
	had, err := bookingOf(tx.Party, c.Session, c.Booking)
	if err != nil {
		return err
	}
	next, err := bookingOf(tx.Party, c.To, "")
	if err != nil {
		return err
	}
	if err := had.giveUp(ctx, tx, from, experience.Rescheduled); err != nil {
		return err
	}
	if err := next.book(ctx, tx, to, had.Party, c.price()); err != nil {
		return err
	}
	if next.Guest = had.Guest; next.Guest != "" {
		if err := next.store(tx, next.state(), next.Until); err != nil {
			return err
		}
	}
	return errFirst(from.keep(), to.keep(), tx.Answer(next.shownAs(to)))
}
