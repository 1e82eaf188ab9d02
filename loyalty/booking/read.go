package booking

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Session is a session as a page shows it, as of an instant: what has lapsed by then is
// free.
type Session struct {
	Terms experience.Session `json:"terms"`
	Board experience.Board   `json:"board"`
	At    time.Time          `json:"at"`
}

// Session returns a session as of now; it stores nothing.
func (d *Desk) Session(ctx context.Context, session string) (Session, error) {
	now, err := d.look(ctx, session)
	return Session{Terms: now.Terms, Board: now.Board, At: now.At}, err
}

func (d *Desk) look(ctx context.Context, session string) (looked, error) {
	var now looked
	receipt, err := d.engine.Quote(ctx, look{Key: "look", Session: session})
	if err != nil {
		return now, err
	}
	return now, json.Unmarshal(receipt.Result, &now)
}

// Bookings iterates over all bookings of a member, by session, as of an instant; those of
// who was merged are the survivor's. It stops at the first error, which it yields:
// [loyalty.ErrErased] for a member who was erased.
func (d *Desk) Bookings(ctx context.Context, member string, at time.Time) iter.Seq2[Booking, error] {
	query := storage.RecordQuery{Program: d.program(), Member: member, Kind: bookingKind}
	return func(yield func(Booking, error) bool) {
		for row, err := range loyalty.Records(ctx, d.store, query) {
			b := &booking{row: row}
			if err == nil {
				err = decode(row, &b.bookingDocument)
			}
			if err != nil {
				yield(Booking{}, fmt.Errorf("booking: bookings of %s: %w", loyalty.AccountName(member), err))
				return
			}
			if !row.DueAt.After(at) {
				b.row.Status = string(ended(b.state()))
				b.Hold = ""
			}
			if !yield(b.view(), nil) {
				return
			}
		}
	}
}

// ended is what a state becomes at its deadline.
func ended(state experience.State) experience.State {
	switch state {
	case experience.Held, experience.Promised:
		return experience.Lapsed
	case experience.Waiting:
		return experience.Unserved
	case experience.Booked:
		return experience.Absent
	default:
		return state
	}
}

// Seat is what a session knows of a party that has, or had, seats.
type Seat struct {
	// Who is the id by which the member booked, followed by "/2" and so on where another
	// party has, or had, seats by that id.
	Who   string `json:"who"`
	Party int64  `json:"party"`
	// Came is how many of a party that is present have come, where that is not all.
	Came  int64            `json:"came,omitempty"`
	State experience.State `json:"state"`
	// Until is when seats that are held or promised are free again.
	Until time.Time `json:"until,omitzero"`
}

// Seats iterates over the parties of a session, by who booked, as of an instant. It stops
// at the first error, which it yields. Seats of who was erased are taken until a desk frees
// them, and shown as long.
func (d *Desk) Seats(ctx context.Context, session string, at time.Time) iter.Seq2[Seat, error] {
	query := storage.RecordQuery{Program: d.program(), Member: house(session).Account(), Kind: seatKind, Limit: 1000}
	return func(yield func(Seat, error) bool) {
		for row, err := range storage.AllRecords(ctx, d.store, query) {
			var document seatDocument
			if err == nil {
				err = decode(row, &document)
			}
			seat := Seat{Who: row.ID, Party: document.Party, Came: document.Came, State: experience.State(row.Status)}
			if !row.DueAt.After(at) {
				seat.State = ended(seat.State)
			} else if !points.IsNever(row.DueAt) {
				seat.Until = row.DueAt
			}
			if !yield(seat, err) || err != nil {
				return
			}
		}
	}
}

// Ahead counts the parties that come before a booking on the list of its session, and
// says whether it waits: one whose place was given up by [Dismiss] does not, whatever the
// booking says. It reads the places in between.
func (d *Desk) Ahead(ctx context.Context, b Booking) (int64, bool, error) {
	now, err := d.look(ctx, b.Session)
	if err != nil {
		return 0, false, err
	}
	if b.Place == nil || b.State != experience.Waiting || now.Board.Passed(*b.Place) {
		return 0, false, nil
	}
	var ahead int64
	for _, class := range now.Board.Line[:b.Place.Class] {
		ahead += class.Waiting
	}
	for from := now.Board.Line[b.Place.Class].Head; from <= b.Place.Number; {
		request := storage.LoadRequest{Program: d.program(), Member: house(b.Session).Account()}
		for ; from <= b.Place.Number && len(request.Records) < 200; from++ {
			id := placeID(experience.Place{Class: b.Place.Class, Number: from})
			request.Records = append(request.Records, storage.RecordKey{Kind: waitKind, ID: id})
		}
		snaps, err := d.store.Load(ctx, []storage.LoadRequest{request})
		if err != nil {
			return 0, false, fmt.Errorf("booking: %w", err)
		}
		for _, row := range snaps[0].Records {
			waits := row.Status == string(experience.Waiting)
			switch mine := row.ID == placeID(*b.Place); {
			case mine && !waits:
				return 0, false, nil
			case !mine && waits:
				ahead++
			}
		}
	}
	return ahead, true, nil
}
