package booking

import (
	"cmp"
	"context"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
	"github.com/loyaltykit/loyaltykit/storage"
)

// CheckIn notes, once, that a booked party has come: from when the doors open to the end.
// Where only a part of it has, Party says how many; those who come later are a CheckIn of
// their own. Its receipt's Result is a [Booking].
type CheckIn struct {
	Member  string `json:"member"`
	Key     string `json:"key"`
	Session string `json:"session"`
	// Booking is the id of the booking where it is not the session's.
	Booking string `json:"booking,omitempty"`
	// Party is how many of the party come now, up to those that are missing; 0 is the whole
	// party.
	Party      int64     `json:"party,omitempty"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// CommandType implements loyalty.Typed.
func (CheckIn) CommandType() string { return "booking-check-in" }

// Plan implements loyalty.Command.
func (c CheckIn) Plan() loyalty.Plan {
	return memberPlan(c.Member, c.Key, c.Session, c.Booking, c.OccurredAt, c.Reason, c.Actor)
}

// Validate reports every problem of the check-in.
func (c CheckIn) Validate() error {
	var found checks
	found.booking(c.Session, c.Booking)
	if c.Party != 0 {
		found.party(c.Party)
	}
	return found.Err()
}

// Apply implements loyalty.Command.
func (c CheckIn) Apply(_ context.Context, tx *loyalty.Tx) error {
	r, b, err := visitAs(tx, c.Session, c.Booking)
	if err != nil {
		return err
	}
	was, come := b.state(), cmp.Or(c.Party, b.Party)
	if was != experience.Present || b.Came == 0 || c.Party == 0 {
		if _, err := was.Become(experience.Present); err != nil {
			return err
		}
		was = experience.Booked
	}
	if err := r.session.MayEnter(tx.Now()); err != nil {
		return err
	}
	if has, err := r.has(b.seat(), was); err != nil || !has {
		return errFirst(err, ErrDismissed)
	}
	if missing := b.Party - b.Came; come > missing {
		return &experience.PartyError{Party: come, Max: missing}
	}
	if err := r.board.CheckIn(come); err != nil {
		return err
	}
	if b.Came += come; b.Came == b.Party {
		b.Came = 0
	}
	return errFirst(b.store(tx, experience.Present, points.Never), r.arrive(b), r.keep(), tx.Answer(b.shownAs(r)))
}

// arrive stores the seats of a party that has come, or a part of it.
func (r *room) arrive(b *booking) error {
	seat := storage.Record{Kind: seatKind, ID: b.seat(), Status: string(experience.Present), DueAt: points.Never}
	return put(r.Party, seat, seatDocument{Party: b.Party, Came: b.Came})
}

// HandOver gives booked seats to a guest of the member, or back to the member. The booking
// stays the member's: it is theirs to cancel, and points return to them. Its receipt's
// Result is a [Booking].
type HandOver struct {
	Member  string `json:"member"`
	Key     string `json:"key"`
	Session string `json:"session"`
	// Booking is the id of the booking where it is not the session's.
	Booking string `json:"booking,omitempty"`
	// Guest says who comes instead, up to 128 bytes; empty is the member again. An erasure
	// of the member takes it out.
	Guest      string    `json:"guest,omitempty"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// CommandType implements loyalty.Typed.
func (HandOver) CommandType() string { return "booking-hand-over" }

// Plan implements loyalty.Command.
func (c HandOver) Plan() loyalty.Plan {
	return memberPlan(c.Member, c.Key, c.Session, c.Booking, c.OccurredAt, c.Reason, c.Actor)
}

// Validate reports every problem of the transfer.
func (c HandOver) Validate() error {
	var found checks
	found.booking(c.Session, c.Booking)
	found.optional("guest", c.Guest, 128)
	return found.Err()
}

// Apply implements loyalty.Command.
func (c HandOver) Apply(_ context.Context, tx *loyalty.Tx) error {
	r, b, err := visitAs(tx, c.Session, c.Booking)
	if err != nil {
		return err
	}
	switch {
	case b.state() != experience.Booked:
		return &experience.StateError{From: b.state(), To: "a guest's"}
	case r.board.Off:
		return experience.ErrCalledOff
	}
	if err := r.still(b); err != nil {
		return err
	}
	b.Guest = c.Guest
	return errFirst(b.store(tx, experience.Booked, b.Until), tx.Answer(b.shownAs(r)))
}

// Dismiss takes a party out of a session without its member's account: one that was
// erased or closed, or that the house does not let in. Seats go to the list while somebody
// waits. A member who is still there gets all points back by [Cancel].
type Dismiss struct {
	Key     string `json:"key"`
	Session string `json:"session"`
	// Who is the id by which the session knows the member; see [Seat].
	Who string `json:"who"`
	// Waiting says that it is a party on the list, at the place of Class and Number.
	Waiting bool   `json:"waiting,omitempty"`
	Class   int    `json:"class,omitempty"`
	Number  int64  `json:"number,omitempty"`
	Reason  string `json:"reason"`
	Actor   string `json:"actor"`
}

// CommandType implements loyalty.Typed.
func (Dismiss) CommandType() string { return "booking-dismiss" }

// Plan implements loyalty.Command.
func (c Dismiss) Plan() loyalty.Plan {
	plan := sessionPlan(c.Session, c.Key, c.Reason, c.Actor)
	ref := loyalty.RecordRef{Kind: seatKind, ID: c.Who}
	if c.Waiting {
		ref = loyalty.RecordRef{Kind: waitKind, ID: placeID(experience.Place{Class: c.Class, Number: c.Number})}
	}
	ref.Member = house(c.Session).Account()
	plan.Records = append(plan.Records, ref)
	return plan
}

// Validate reports every problem of the dismissal.
func (c Dismiss) Validate() error {
	var found checks
	found.id("session", c.Session, 64)
	found.id("who", c.Who, 128)
	found.place(c.Class, c.Number)
	found.person(c.Reason, c.Actor)
	return found.Err()
}

// dismissed is the status of a seat or place whose party was dismissed.
const dismissed = "dismissed"

// Apply implements loyalty.Command.
func (c Dismiss) Apply(_ context.Context, tx *loyalty.Tx) error {
	r, err := visit(tx, c.Session)
	if err != nil {
		return err
	}
	if c.Waiting {
		return c.fromList(r)
	}
	row, exists, err := r.Record(seatKind, c.Who)
	if err != nil {
		return err
	}
	state := experience.State(row.Status)
	if !exists || !state.Seated() || state == experience.Present {
		return &experience.StateError{From: state, To: dismissed}
	}
	var seat seatDocument
	if err := decode(row, &seat); err != nil {
		return err
	}
	if err := r.board.Release(seat.Party, state); err != nil {
		return err
	}
	return errFirst(r.seat(c.Who, seat.Party, dismissed, points.Never), r.keep())
}

func (c Dismiss) fromList(r *room) error {
	place := experience.Place{Class: c.Class, Number: c.Number}
	row, exists, err := r.Record(waitKind, placeID(place))
	if err != nil {
		return err
	}
	if !exists || row.Status != string(experience.Waiting) || r.board.Passed(place) {
		return &experience.StateError{From: experience.State(row.Status), To: dismissed}
	}
	var waits waitDocument
	if err := decode(row, &waits); err != nil {
		return err
	}
	if waits.Member != c.Who {
		return ErrNoBooking
	}
	return errFirst(r.board.Leave(place), r.place(place, dismissed, waits), r.keep())
}

// Refresh tells a member's live booking what has become of its session: its time and place
// after a [Change], or that it was called off, in which case all points return. A [Desk]
// does it for everybody. Its receipt's Result is a [Booking].
type Refresh struct {
	Member  string `json:"member"`
	Key     string `json:"key"`
	Session string `json:"session"`
	Booking string `json:"booking,omitempty"`
}

// CommandType implements loyalty.Typed.
func (Refresh) CommandType() string { return "booking-refresh" }

// Plan implements loyalty.Command.
func (c Refresh) Plan() loyalty.Plan {
	plan := memberPlan(c.Member, c.Key, c.Session, c.Booking, time.Time{}, "", "")
	plan.Records = append(plan.Records, refundRecords(c.Session, c.Member)...)
	return plan
}

// Validate reports every problem of the refresh.
func (c Refresh) Validate() error {
	var found checks
	found.booking(c.Session, c.Booking)
	return found.Err()
}

// Apply implements loyalty.Command.
func (c Refresh) Apply(ctx context.Context, tx *loyalty.Tx) error {
	r, b, err := visitAs(tx, c.Session, c.Booking)
	if err != nil {
		return err
	}
	state := b.state()
	switch {
	case !state.Live() || state == experience.Present:
	case r.board.Off:
		err = errFirst(b.giveUp(ctx, tx, r, experience.CalledOff), r.keep())
	default:
		agreed := b.Changes // who agreed to another time still cancels free of charge
		b.told(r)
		b.Changes = agreed
		until := b.Until
		switch state {
		case experience.Booked:
			until = instant(r.session.End)
		case experience.Waiting:
			until = instant(r.session.ListCloses())
		}
		err = b.store(tx, state, until)
	}
	if err != nil {
		return err
	}
	return tx.Answer(b.shownAs(r))
}
