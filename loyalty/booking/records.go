package booking

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
	"github.com/loyaltykit/loyaltykit/storage"
)

// abandoned is the status of a live booking whose member was erased, and the reference of
// one that may still have seats or a place: a [Desk] finds them by it. They keep the
// deadline that they had, and are forgotten by then.
const (
	abandoned = "abandoned"
	forgotten = "forgotten"
)

// bookingDocument is what a member's record of a booking holds. The record's id is the
// session's, its Reference the session, its Status the state.
type bookingDocument struct {
	// As is the id by which the session knows the member.
	As string `json:"as"`
	// Seat is the id of the session's record of its seats, where that is not As.
	Seat  string   `json:"seat,omitempty"`
	Party int64    `json:"party"`
	Tiers []string `json:"tiers,omitempty"`
	// Title, Venue, Zone, Start and End are those of the session when it was booked, or
	// when it last told the member that they had changed.
	Title string    `json:"title,omitempty"`
	Venue string    `json:"venue,omitempty"`
	Zone  string    `json:"zone"`
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
	// Unit and Points are the price of the party, as is the money.
	Unit     string          `json:"unit,omitempty"`
	Points   points.Amount   `json:"points,omitempty"`
	Money    decimal.Decimal `json:"money,omitzero"`
	Currency string          `json:"currency,omitempty"`
	// Cancellation is what was agreed.
	Cancellation []experience.CancelRule `json:"cancellation,omitempty"`
	// Session is the session of an abandoned booking, whose Reference is another, and Was
	// the state that it was in.
	Session string           `json:"session,omitempty"`
	Was     experience.State `json:"was,omitempty"`
	// Place is where the party waits or waited, nil where it never did.
	Place *experience.Place `json:"place,omitempty"`
	// Hold names the hold of the points of a party that has not decided.
	Hold string `json:"hold,omitempty"`
	// Until is when that ends by itself.
	Until time.Time `json:"until"`
	// At is when the booking came to its state.
	At time.Time `json:"at"`
	// Came is how many of the party have come, where that is not all.
	Came int64 `json:"came,omitempty"`
	// Guest is for whom it is, where not for the member.
	Guest string `json:"guest,omitempty"`
	// Changes counts the changes of the session that the member was told of.
	Changes int64 `json:"changes,omitempty"`
	// Kept is the fee of a cancellation.
	Kept points.Amount `json:"kept,omitempty"`
	// MoneyBack is the percent of the money that goes back by a cancellation.
	MoneyBack int `json:"moneyBack,omitempty"`
}

// boardDocument is what a session's record of its board holds.
type boardDocument struct {
	experience.Board
	// Sweeps counts the changes that bookings are told of.
	Sweeps int64 `json:"sweeps,omitempty"`
}

// seatDocument is what a session's record of a party holds: its id is the member's, or
// that and a number where the member's had been taken, its Status the state.
type seatDocument struct {
	Party int64 `json:"n"`
	// Came is how many of a party that is present have come, where that is not all.
	Came int64 `json:"c,omitempty"`
}

// waitDocument is what a session's record of a place on its list holds.
type waitDocument struct {
	Member string        `json:"m"`
	Party  int64         `json:"n"`
	Unit   string        `json:"u,omitempty"`
	Points points.Amount `json:"p,omitempty"`
}

// waitGone is the status of a place at which nobody waits any more.
const waitGone = "gone"

// placeID names the record of a place, in the order of the list.
func placeID(place experience.Place) string {
	return fmt.Sprintf("%02d/%012d", place.Class, place.Number)
}

// holdID names the hold of the points of a booking that a key asked for.
func holdID(session, member, key string) string {
	return "booking/" + digest(session, member, key)
}

// orderID names the points that were paid for a booking of a member, so that they can
// come back.
func orderID(session, member string) string {
	return "booking/" + session + "/" + digest(member)
}

func digest(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(part), part) // a hash never fails to write
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

func decode(record storage.Record, into any) error {
	if err := json.Unmarshal(record.Data, into); err != nil {
		return fmt.Errorf("booking: record %s %q of %s: %w", record.Kind, record.ID, loyalty.AccountName(record.Member), err)
	}
	return nil
}

func put(party *loyalty.Party, record storage.Record, document any) error {
	data, err := json.Marshal(document)
	if err != nil {
		return fmt.Errorf("booking: record %s %q: %w", record.Kind, record.ID, err)
	}
	record.Data = data
	return party.PutRecord(record)
}

// sortable writes instants in UTC so that their order is that of the text.
const sortable = "2006-01-02T15:04:05.000000Z"
