package booking

import (
	"errors"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
)

// Errors that a host branches on with errors.Is. Those of packages loyalty and experience
// come too: a member without enough points is loyalty.ErrInsufficientPoints, a session
// without free seats experience.ErrSoldOut, a price that is not the one that was shown
// loyalty.ErrPrice, with both prices in a loyalty.PriceError.
var (
	// ErrNoSession reports a session that was not opened: [Open] it first.
	ErrNoSession = errors.New("there is no such session")
	// ErrNoBooking reports a booking that the member does not have.
	ErrNoBooking = errors.New("the member has no such booking")
	// ErrDismissed reports a booking whose seats an operator has given away: the member
	// gets all points back by [Cancel].
	ErrDismissed = errors.New("the session has dismissed the party: cancel to get the points back")
	// ErrTerms reports a change of a session that is over, or that those who are on its list
	// forbid: leave the list's classes as they are until nobody waits.
	ErrTerms = errors.New("the session cannot be changed so")
)

// checks collects the problems of a command's fields.
type checks struct{ points.Problems }

func (c *checks) id(path, value string, most int) {
	if err := points.CheckID(value, most); err != nil {
		c.Add(path, "%v", err)
	}
}

func (c *checks) optional(path, value string, most int) {
	if value != "" {
		c.id(path, value, most)
	}
}

func (c *checks) price(shown rewards.Cost) {
	c.optional("unit", shown.Unit, 32)
	if shown.Points < 0 {
		c.Add("points", "%d: must not be negative", shown.Points)
	}
	if shown.Points > 0 && shown.Unit == "" {
		c.Add("unit", "must say what the points are of")
	}
	if !shown.Cash.IsZero() || shown.Currency != "" {
		c.Problems = append(c.Problems, points.ValidateMoney("money", shown.Cash, "currency", shown.Currency)...)
	}
}

func (c *checks) party(party int64) {
	if party < 1 || party > 1000 {
		c.Add("party", "%d: must be 1 to 1000", party)
	}
}

func (c *checks) person(reason, actor string) {
	if reason == "" {
		c.Add("reason", "must say why")
	}
	if actor == "" {
		c.Add("actor", "must say who")
	}
}

func (c *checks) place(class int, number int64) {
	if class < 0 || class > 15 {
		c.Add("class", "%d: must be 0 to 15", class)
	}
	if number < 0 || number > maxNumber {
		c.Add("number", "%d: must be 0 to %d", number, int64(maxNumber))
	}
}

// maxNumber is more than the places of any list.
const maxNumber = 999_999_999_999

func decimalOf(n int64) decimal.Decimal { return decimal.NewFromInt(n) }
