package booking

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
)

// Booking is a booking as a member's page shows it, and what the commands of this package
// answer. String tells it in English.
type Booking struct {
	// ID is the booking's id among the member's: that of the session, but for merges.
	ID      string           `json:"id"`
	Session string           `json:"session"`
	Title   string           `json:"title,omitempty"`
	Venue   string           `json:"venue,omitempty"`
	Zone    string           `json:"zone,omitempty"`
	Start   time.Time        `json:"start"`
	End     time.Time        `json:"end"`
	State   experience.State `json:"state"`
	Party   int64            `json:"party"`
	// Unit, Points, Money and Currency are the price of the party.
	Unit     string          `json:"unit,omitempty"`
	Points   points.Amount   `json:"points,omitempty"`
	Money    decimal.Decimal `json:"money,omitzero"`
	Currency string          `json:"currency,omitempty"`
	// Hold names the hold of its points, where they are on hold, and Until is when that,
	// or the wait, ends by itself.
	Hold  string    `json:"hold,omitempty"`
	Until time.Time `json:"until,omitzero"`
	// Place is where the party waits or waited. [Desk.Ahead] says how many come before.
	Place *experience.Place `json:"place,omitempty"`
	Guest string            `json:"guest,omitempty"`
	// Came is how many of a party that is present have come, where that is not all: the
	// others have paid as who does not come at all.
	Came int64 `json:"came,omitempty"`
	// Kept is how many of the points a cancellation cost. MoneyBack is the percent of the
	// Money, 0 to 100, that the host returns after one.
	Kept      points.Amount `json:"kept,omitempty"`
	MoneyBack int           `json:"moneyBack,omitempty"`
}

// view is the booking as it is shown.
func (b *booking) view() Booking {
	view := Booking{
		ID: b.row.ID, Session: cmp.Or(b.Session, b.row.Reference), Title: b.Title, Venue: b.Venue, Zone: b.Zone, Start: b.Start, End: b.End,
		State: b.state(), Party: b.Party, Unit: b.Unit, Points: b.Points, Money: b.Money, Currency: b.Currency,
		Hold: b.Hold, Place: b.Place, Guest: b.Guest, Came: b.Came, Kept: b.Kept, MoneyBack: b.MoneyBack,
	}
	if !points.IsNever(b.Until) && b.state() != experience.Booked {
		view.Until = b.Until
	}
	return view
}

// shownAs is the booking as a command answers it.
func (b *booking) shownAs(r *room) Booking {
	view := b.view()
	view.Session = r.session.ID
	return view
}

// Of reads the [Booking] that a command of this package answered.
func Of(receipt loyalty.Receipt) (Booking, error) {
	var b Booking
	if err := json.Unmarshal(receipt.Result, &b); err != nil {
		return b, fmt.Errorf("booking: the receipt of %q is no booking's: %w", receipt.Command, err)
	}
	return b, nil
}

// String says in a sentence what has become of the booking.
func (b Booking) String() string {
	what := b.Title
	if what == "" {
		what = b.Session
	}
	seats := "1 seat"
	if b.Party != 1 {
		seats = fmt.Sprintf("%d seats", b.Party)
	}
	text := fmt.Sprintf("%s for %s, %s: ", seats, what, b.clock(b.Start))
	switch b.State {
	case experience.Waiting:
		text += fmt.Sprintf("on the list, class %d, number %d", b.Place.Class+1, b.Place.Number+1)
	case experience.Held:
		text += fmt.Sprintf("held until %s", b.clock(b.Until))
	case experience.Promised:
		text += fmt.Sprintf("yours if you confirm before %s", b.clock(b.Until))
	case experience.Passed:
		text += fmt.Sprintf("passed over, because %s was not there to pay", b.price())
	case experience.Cancelled, experience.Rescheduled:
		text += string(b.State)
		if b.Kept > 0 {
			text += fmt.Sprintf(", %d %s kept", b.Kept, b.Unit)
		}
		if !b.Money.IsZero() {
			text += fmt.Sprintf(", %d %% of %s %s back", b.MoneyBack, b.Currency, b.Money)
		}
	default:
		if text += string(b.State); b.Came > 0 {
			text += fmt.Sprintf(", %d of them", b.Came)
		}
	}
	switch b.State {
	case experience.Held, experience.Promised, experience.Booked:
		if price := b.price(); price != "" {
			text += ", for " + price
		}
	}
	if b.Guest != "" {
		text += ", for a guest"
	}
	return text
}

// price is what the party costs, in words.
func (b Booking) price() string {
	var parts []string
	if b.Points > 0 {
		parts = append(parts, fmt.Sprintf("%d %s", b.Points, b.Unit))
	}
	if !b.Money.IsZero() {
		parts = append(parts, b.Currency+" "+b.Money.String())
	}
	return strings.Join(parts, " and ")
}

// clock writes an instant by the clock of the venue, and which of two it is where the clock
// is put back.
func (b Booking) clock(t time.Time) string {
	if in, err := time.LoadLocation(b.Zone); err == nil {
		t = t.In(in)
	}
	const layout = "2 Jan 2006 15:04"
	text := t.Format(layout)
	for _, other := range []time.Time{t.Add(-time.Hour), t.Add(time.Hour)} {
		if other.Format(layout) == text {
			return t.Format(layout + " MST")
		}
	}
	return text
}
