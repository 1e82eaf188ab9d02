package booking

import (
	"context"
	"fmt"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Settle does what a deadline has made true, on the side whose record it is. Both sides of a
// booking have the same deadline, so that each can be settled without the other, and a
// command on both settles both first.
func (Feature) Settle(_ context.Context, tx *loyalty.Tx, record storage.Record) error {
	switch record.Kind {
	case bookingKind:
		return settleBooking(tx, record)
	case seatKind:
		return settleSeat(tx, record)
	case boardKind:
		r := &room{Party: tx.Party}
		if err := r.readBoard(); err != nil {
			return err
		}
		r.board.CloseList()
		r.row.DueAt = points.Never
		if r.row.Status == listOpen {
			r.row.Status = listClosed
		}
		return r.keep()
	default:
		return fmt.Errorf("booking: record %s has no deadline", record.Kind)
	}
}

// settleBooking ends a member's side: a hold of points has lapsed by itself at the same
// instant.
func settleBooking(tx *loyalty.Tx, record storage.Record) error {
	b := &booking{member: tx.Party, row: record}
	if err := decode(record, &b.bookingDocument); err != nil {
		return err
	}
	var next experience.State
	switch b.state() {
	case experience.Held, experience.Promised:
		next = experience.Lapsed
		b.Hold = ""
	case experience.Waiting:
		next = experience.Unserved
	case experience.Booked:
		next = experience.Absent
	case abandoned:
		b.row.Reference, b.Session = b.Session, ""
		return b.store(tx, forgotten, points.Never)
	default:
		return b.store(tx, b.state(), points.Never)
	}
	if err := b.become(tx, next, points.Never); err != nil {
		return err
	}
	return tx.Emit("booking-"+string(next), b.view())
}

// settleSeat frees the seats of a hold or an offer that has lapsed.
func settleSeat(tx *loyalty.Tx, record storage.Record) error {
	r := &room{Party: tx.Party}
	if err := r.readBoard(); err != nil {
		return err
	}
	var seat seatDocument
	if err := decode(record, &seat); err != nil {
		return err
	}
	if err := r.board.Release(seat.Party, experience.State(record.Status)); err != nil {
		return err
	}
	return errFirst(r.seat(record.ID, seat.Party, experience.Lapsed, points.Never), r.keep())
}
