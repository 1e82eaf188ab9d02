package booking

import (
	"context"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
)

// Join puts a member on the wait list of a session that has no room for their party. No
// points are taken or held before it is the member's turn; the price is the one they
// joined by. [Cancel] leaves the list. A member whose points lie in more lots than one commit
// puts on hold, some two hundred, when it is their turn is taken off the list by a [Dismiss],
// whose reason says so. Its receipt's Result is a [Booking].
type Join struct {
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
func (Join) CommandType() string { return "booking-join" }

// Plan implements loyalty.Command.
func (c Join) Plan() loyalty.Plan {
	return memberPlan(c.Member, c.Key, c.Session, "", c.OccurredAt, c.Reason, c.Actor)
}

// Validate reports every problem of the wish.
func (c Join) Validate() error { return Book(c).Validate() }

// Apply implements loyalty.Command.
func (c Join) Apply(ctx context.Context, tx *loyalty.Tx) error {
	r, b, err := visitAs(tx, c.Session, "")
	if err != nil {
		return err
	}
	if err := b.fresh(ctx, tx, r, c.Party, experience.Waiting); err != nil {
		return err
	}
	s := &r.session
	if err := s.MayJoin(b.Tiers, c.Party, tx.Now()); err != nil {
		return err
	}
	if err := b.shown(tx, Book(c).price()); err != nil {
		return err
	}
	place, err := r.board.Join(s.Class(b.Tiers), c.Party, s.ListMax())
	if err != nil {
		return err
	}
	b.Place = &place
	if err := b.become(tx, experience.Waiting, instant(s.ListCloses())); err != nil {
		return err
	}
	waits := waitDocument{Member: b.As, Party: b.Party, Unit: b.Unit, Points: b.Points}
	if err := r.place(place, string(experience.Waiting), waits); err != nil {
		return err
	}
	if err := r.keep(); err != nil {
		return err
	}
	return tx.Answer(b.shownAs(r))
}

// Promote promises seats to the member who is next on a session's list: the points are
// put on hold, and the member has until the offer lapses to [Confirm] or [Cancel]. A member
// who cannot pay is passed over, and so is a party larger than the session has become by a
// [Change], which nobody could ever seat: it is unserved. A [Desk] makes these commands; the commit sees to it that
// nobody but the head is promoted, and only while there is room. Its receipt's Result is
// a [Booking].
type Promote struct {
	Member  string `json:"member"`
	Key     string `json:"key"`
	Session string `json:"session"`
	// Class and Number are the member's place. From is the place up to which the class
	// has come; between the two nobody waits any more, over at most 64 places.
	Class  int   `json:"class,omitempty"`
	Number int64 `json:"number,omitempty"`
	From   int64 `json:"from,omitempty"`
	// Unit and Points are the price by which the member joined.
	Unit   string        `json:"unit,omitempty"`
	Points points.Amount `json:"points,omitempty"`
}

// maxGone bounds the places that one command passes.
const maxGone = 64

// CommandType implements loyalty.Typed.
func (Promote) CommandType() string { return "booking-promote" }

// Plan implements loyalty.Command.
func (c Promote) Plan() loyalty.Plan {
	plan := memberPlan(c.Member, c.Key, c.Session, "", time.Time{}, "", "")
	plan.Records = append(plan.Records, placesFrom(c.Session, c.Class, c.From, c.Number+1)...)
	return holding(plan, c.Member, c.Key, c.Session, c.Unit, c.Points)
}

func placesFrom(session string, class int, from, to int64) []loyalty.RecordRef {
	account := house(session).Account()
	var refs []loyalty.RecordRef
	for n := from; n < to && n-from <= maxGone; n++ {
		refs = append(refs, loyalty.RecordRef{Member: account, Kind: waitKind, ID: placeID(experience.Place{Class: class, Number: n})})
	}
	return refs
}

// Validate reports every problem of the promotion.
func (c Promote) Validate() error {
	var found checks
	found.id("session", c.Session, 64)
	found.place(c.Class, c.Number)
	if c.From < 0 || c.From > c.Number || c.Number-c.From > maxGone {
		found.Add("from", "%d: must be 0 to number, and at most %d below it", c.From, maxGone)
	}
	found.price(rewards.Cost{Unit: c.Unit, Points: c.Points})
	return found.Err()
}

// Apply implements loyalty.Command.
func (c Promote) Apply(_ context.Context, tx *loyalty.Tx) error {
	r, err := visit(tx, c.Session)
	if err != nil {
		return err
	}
	place := experience.Place{Class: c.Class, Number: c.Number}
	waits, err := r.waits(tx, place)
	if err != nil {
		return err
	}
	b, err := bookingAt(tx.Party, c.Session, place)
	if err != nil {
		return err
	}
	var failed error
	gone := r.goneAt(c.Class, &failed)
	if !b.waitsAt(place) || !tx.Now().Before(r.session.Closes()) {
		// The member's side ended by an earlier deadline of the list.
		return errFirst(failed, r.board.PassOver(place, gone), r.place(place, waitGone, waits), r.keep(), tx.Answer(b.shownAs(r)))
	}
	if passed := b.passed(tx, r); passed != "" {
		return errFirst(
			failed, r.board.PassOver(place, gone), b.become(tx, passed, points.Never),
			r.place(place, string(passed), waits), r.keep(), tx.Answer(b.shownAs(r)),
		)
	}
	if err := r.board.Promote(place, b.Party, gone); err != nil || failed != nil {
		return errFirst(failed, err)
	}
	until := instant(r.session.OfferedUntil(tx.Now()))
	if err := b.setAside(tx, r, experience.Promised, holdID(c.Session, c.Member, c.Key), until); err != nil {
		return err
	}
	return errFirst(r.place(place, string(experience.Promised), waits), r.keep(), tx.Answer(b.shownAs(r)))
}

// bookingAt returns the member's booking that waits at a place: after merges a member may
// have several of a session. Where none does, it is that of the session.
func bookingAt(member *loyalty.Party, session string, place experience.Place) (*booking, error) {
	first, err := bookingOf(member, session, "")
	if err != nil {
		return nil, err
	}
	b := first
	for n := 2; !b.waitsAt(place); n++ {
		if b, err = bookingOf(member, session, mergedID(session, n)); err != nil || b.state() == "" {
			return first, err
		}
	}
	return b, nil
}

func (b *booking) waitsAt(place experience.Place) bool {
	return b.state() == experience.Waiting && b.Place != nil && *b.Place == place
}

// waits returns who waits at a place, which must be the member.
func (r *room) waits(tx *loyalty.Tx, place experience.Place) (waitDocument, error) {
	var waits waitDocument
	row, exists, err := r.Record(waitKind, placeID(place))
	if err != nil {
		return waits, err
	}
	if !exists || row.Status != string(experience.Waiting) || r.board.Passed(place) {
		return waits, fmt.Errorf("%w: nobody waits at place %d of class %d", experience.ErrNotNext, place.Number, place.Class)
	}
	if err := decode(row, &waits); err != nil {
		return waits, err
	}
	mine, err := tx.Is(waits.Member)
	if err == nil && !mine {
		err = fmt.Errorf("%w: it is the place of another member", experience.ErrNotNext)
	}
	return waits, err
}

// passed is what a party becomes that cannot be promoted when it is next, or nothing.
func (b *booking) passed(tx *loyalty.Tx, r *room) experience.State {
	switch {
	case b.Party > r.board.Capacity:
		return experience.Unserved
	case b.cannotPay(tx) != nil:
		return experience.Passed
	default:
		return ""
	}
}

// cannotPay returns why the points of a party cannot be put on hold, or nil.
func (b *booking) cannotPay(tx *loyalty.Tx) error {
	if err := tx.CanRedeem(); err != nil {
		return err
	}
	if has := tx.Balance(b.Unit).Available; b.Points > has {
		return fmt.Errorf("%w: %d %s needed, %d available", loyalty.ErrInsufficientPoints, b.Points, b.Unit, has)
	}
	return nil
}

// errFirst returns the first error of steps that were all taken: a command that returns an
// error changes nothing.
func errFirst(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Skip lets a class of a session's list come past places at which nobody waits any more,
// where there are more of them than a [Promote] passes; a [Desk] does it.
type Skip struct {
	Key     string `json:"key"`
	Session string `json:"session"`
	Class   int    `json:"class,omitempty"`
	// From is where the class is, To where it comes: at most 64 places on.
	From int64 `json:"from,omitempty"`
	To   int64 `json:"to"`
}

// CommandType implements loyalty.Typed.
func (Skip) CommandType() string { return "booking-skip" }

// Plan implements loyalty.Command.
func (c Skip) Plan() loyalty.Plan {
	plan := sessionPlan(c.Session, c.Key, "", "")
	plan.Records = append(plan.Records, placesFrom(c.Session, c.Class, c.From, c.To)...)
	return plan
}

// Validate reports every problem of the places.
func (c Skip) Validate() error {
	var found checks
	found.id("session", c.Session, 64)
	found.place(c.Class, c.To)
	if c.From < 0 || c.From >= c.To || c.To-c.From > maxGone {
		found.Add("from", "%d: must be 0 or more, and 1 to %d below to", c.From, maxGone)
	}
	return found.Err()
}

// Apply implements loyalty.Command.
func (c Skip) Apply(_ context.Context, tx *loyalty.Tx) error {
	r, err := visit(tx, c.Session)
	if err != nil {
		return err
	}
	var failed error
	err = r.board.SkipGone(experience.Place{Class: c.Class, Number: c.To}, r.goneAt(c.Class, &failed))
	return errFirst(failed, err, r.keep())
}
