package booking

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Merge moves a booking to the survivor, under an id of its own where both had booked the
// session. The session knows the party by the id that booked. After an UnMerge bookings
// stay with the survivor, who has the points that return.
func (Feature) Merge(_ context.Context, _ *loyalty.Tx, into *loyalty.Party, record storage.Record) error {
	if record.Kind != bookingKind {
		return nil
	}
	for n := 2; ; n++ {
		_, taken, err := into.Record(bookingKind, record.ID)
		if err != nil {
			return err
		}
		if !taken {
			return into.PutRecord(record)
		}
		record.ID = mergedID(record.Reference, n)
	}
}

// mergedID is the id of the n-th booking of a session that a member has by merges.
func mergedID(session string, n int) string { return fmt.Sprintf("%s/%d", session, n) }

// Export renders a booking for the member whose it is.
func (Feature) Export(record storage.Record) (json.RawMessage, error) {
	if record.Kind != bookingKind {
		return record.Data, nil
	}
	b := &booking{row: record}
	if err := decode(record, &b.bookingDocument); err != nil {
		return nil, err
	}
	return json.Marshal(b.view())
}

// Erase takes out who the guest was and what tiers the member had. A live booking is
// abandoned: its points on hold are back, and a [Desk] frees its seats.
func (Feature) Erase(_ context.Context, tx *loyalty.Tx, record storage.Record) error {
	if record.Kind != bookingKind {
		return nil
	}
	b := &booking{member: tx.Party, row: record}
	if err := decode(record, &b.bookingDocument); err != nil {
		return err
	}
	switch state := b.state(); {
	case state == abandoned:
	case state.Live() && state != experience.Present:
		b.Session, b.Was = b.row.Reference, state
		b.row.Status, b.row.Reference = abandoned, abandoned
	case state.Live():
		b.row.Status = forgotten
	default:
		b.row.DueAt = points.Never
	}
	b.Guest, b.Tiers, b.Hold = "", nil, ""
	return put(tx.Party, b.row, &b.bookingDocument)
}
