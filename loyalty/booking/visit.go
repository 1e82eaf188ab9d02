package booking

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// room is a session inside a command: its account, terms and board.
type room struct {
	*loyalty.Party
	session experience.Session
	board   experience.Board
	// sweeps counts the changes that bookings are told of.
	sweeps int64
	row    storage.Record
}

// roomRecords names what a command loads of a session.
func roomRecords(session string) []loyalty.RecordRef {
	account := house(session).Account()
	return []loyalty.RecordRef{{Member: account, Kind: termsKind, ID: termsID}, {Member: account, Kind: boardKind, ID: boardID}}
}

// visit returns a session that the plan names.
func visit(tx *loyalty.Tx, session string) (*room, error) {
	party, err := tx.House(house(session))
	if err != nil {
		return nil, err
	}
	if !party.Enrolled() {
		return nil, fmt.Errorf("%w: %q", ErrNoSession, session)
	}
	r := &room{Party: party}
	terms, exists, err := party.Record(termsKind, termsID)
	if err != nil {
		return nil, err
	}
	if !exists {
		return nil, fmt.Errorf("%w: %q", ErrNoSession, session)
	}
	if err := decode(terms, &r.session); err != nil {
		return nil, err
	}
	return r, r.readBoard()
}

// visitAs returns a session that the plan names, and the command's member's booking of it.
func visitAs(tx *loyalty.Tx, session, id string) (*room, *booking, error) {
	r, err := visit(tx, session)
	if err != nil {
		return nil, nil, err
	}
	b, err := bookingOf(tx.Party, session, id)
	return r, b, err
}

func (r *room) readBoard() error {
	row, exists, err := r.Record(boardKind, boardID)
	if err != nil {
		return err
	}
	if !exists {
		return fmt.Errorf("%w: it has no board", ErrNoSession)
	}
	r.row = row
	var document boardDocument
	if err := decode(row, &document); err != nil {
		return err
	}
	r.board, r.sweeps = document.Board, document.Sweeps
	return nil
}

// What is left to do about a session, as the reference of its board: a [Desk] finds them
// by it.
const (
	nothing = "idle"
	offers  = "offers"
	sweep   = "sweep"
)

// tell lets a [Desk] tell every booking what has become of the session.
func (r *room) tell() {
	r.sweeps++
	r.row.Reference = sweep
}

// keep stores the board.
func (r *room) keep() error {
	if err := r.board.Check(); err != nil {
		return err
	}
	if r.row.Reference != sweep {
		if r.row.Reference = nothing; r.board.Waiting() > 0 && r.board.Room() > 0 {
			r.row.Reference = offers
		}
	}
	return put(r.Party, r.row, &boardDocument{Board: r.board, Sweeps: r.sweeps})
}

// seat stores what the session knows of a party.
func (r *room) seat(member string, party int64, state experience.State, until time.Time) error {
	return put(r.Party, storage.Record{Kind: seatKind, ID: member, Status: string(state), DueAt: until}, seatDocument{Party: party})
}

// has reports whether the session's seats of a member are those of a state.
func (r *room) has(member string, state experience.State) (bool, error) {
	row, exists, err := r.Record(seatKind, member)
	return exists && row.Status == string(state), err
}

// sit stores the seats of a booking.
func (r *room) sit(b *booking, state experience.State, until time.Time) error {
	return r.seat(b.seat(), b.Party, state, until)
}

// seat is the id of the session's record of the booking's seats.
func (b *booking) seat() string { return cmp.Or(b.Seat, b.As) }

// choose gives a booking that is about to have seats a record of its own: bookings that
// members made by one id, before a merge and after it was undone, may both be live, and one
// whose party was dismissed is told so by its record.
func (b *booking) choose(r *room) error {
	b.Seat = ""
	for n := 2; ; n++ {
		row, exists, err := r.Record(seatKind, b.seat())
		if err != nil || !exists || !experience.State(row.Status).Seated() && row.Status != dismissed {
			return err
		}
		if b.Seat = fmt.Sprintf("%s/%d", b.As, n); len(b.Seat) > 128 {
			b.Seat = fmt.Sprintf("%s/%d", digest(b.As), n)
		}
	}
}

// place stores a place on the list.
func (r *room) place(place experience.Place, status string, document waitDocument) error {
	return put(r.Party, storage.Record{Kind: waitKind, ID: placeID(place), Status: status}, document)
}

// goneAt tells of loaded places whether nobody waits there any more.
func (r *room) goneAt(class int, failed *error) func(number int64) bool {
	return func(number int64) bool {
		row, exists, err := r.Record(waitKind, placeID(experience.Place{Class: class, Number: number}))
		*failed = errors.Join(*failed, err)
		return err == nil && exists && row.Status != string(experience.Waiting)
	}
}

// booking is a member's booking inside a command.
type booking struct {
	bookingDocument
	member *loyalty.Party
	row    storage.Record
}

// state is where the booking is in its life; empty is nowhere.
func (b *booking) state() experience.State { return experience.State(b.row.Status) }

// bookingOf returns the member's booking, which may not exist. An empty id is that of the
// session.
func bookingOf(member *loyalty.Party, session, id string) (*booking, error) {
	if id == "" {
		id = session
	}
	b := &booking{member: member}
	row, exists, err := member.Record(bookingKind, id)
	if err != nil {
		return nil, err
	}
	if !exists {
		b.row = storage.Record{Kind: bookingKind, ID: id, Reference: session}
		return b, nil
	}
	if row.Reference != session {
		return nil, fmt.Errorf("%w: %q is of session %q", ErrNoBooking, id, row.Reference)
	}
	b.row = row
	return b, decode(row, &b.bookingDocument)
}

// fresh makes a new booking of a member who has no live one.
func (b *booking) fresh(ctx context.Context, tx *loyalty.Tx, r *room, party int64, become experience.State) error {
	if b.state().Live() {
		return &experience.StateError{From: b.state(), To: become}
	}
	if err := tx.CanRedeem(); err != nil {
		return err
	}
	tiers, err := tiersOf(ctx, tx)
	if err != nil {
		return err
	}
	s := &r.session
	price := s.Price(tiers)
	b.bookingDocument = bookingDocument{
		As: tx.Member(), Party: party, Tiers: tiers, Cancellation: s.Cancellation, Changes: r.board.Changes,
		Unit: s.Unit, Points: price.Points * points.Amount(party), Currency: price.Currency,
	}
	if !price.Money.IsZero() {
		b.Money = price.Money.Mul(decimalOf(party))
	}
	b.row.Status = ""
	b.told(r)
	return nil
}

// tiersOf returns the codes of the tiers that the member has on the program's ladders, as
// "gold" and as "status/gold", and those that the host's Profile tells.
func tiersOf(ctx context.Context, tx *loyalty.Tx) ([]string, error) {
	profile, err := tx.Profile(ctx)
	names := slices.Clone(profile.Tiers)
	for _, s := range tx.Standing() {
		names = append(names, s.Tier, tiers.Name(s.Ladder, s.Tier))
	}
	return names, err
}

// told takes over what the session says of itself.
func (b *booking) told(r *room) {
	s := &r.session
	b.Title, b.Venue, b.Zone, b.Start, b.End, b.Changes = s.Title, s.Venue, s.Zone, s.Start, s.End, r.board.Changes
}

// agreed is what the member agreed to: the session with the terms of the booking.
func (b *booking) agreed(r *room) experience.Session {
	s := r.session
	s.Cancellation = b.Cancellation
	return s
}

// become stores the booking in its next state, which lasts until an instant.
func (b *booking) become(tx *loyalty.Tx, next experience.State, until time.Time) error {
	state, err := experience.State(b.row.Status).Become(next)
	if err != nil {
		return err
	}
	return b.store(tx, state, until)
}

func (b *booking) store(tx *loyalty.Tx, state experience.State, until time.Time) error {
	if b.Until = until; b.state() != state {
		b.At = tx.OccurredAt()
	}
	b.row.Status, b.row.Sort, b.row.DueAt = string(state), b.At.Format(sortable), until
	return put(b.member, b.row, &b.bookingDocument)
}

// shown is refused where a price is not the one that the member was shown.
func (b *booking) shown(tx *loyalty.Tx, shown rewards.Cost) error {
	price := rewards.Cost{Unit: b.Unit, Points: b.Points, Cash: b.Money, Currency: b.Currency}
	if price.Equal(shown) {
		return nil
	}
	of, _ := tx.Program().Unit(b.Unit)
	return &loyalty.PriceError{What: "the party", Price: price, Shown: shown, Scale: of.Scale}
}
