package rewards

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/points"
)

// Catalog is what members can redeem points for. The order of its rewards makes no
// difference but to the order of offers.
type Catalog []Reward

// Reward returns the reward with the code.
func (c Catalog) Reward(code string) (*Reward, bool) {
	for i := range c {
		if c[i].Code == code {
			return &c[i], true
		}
	}
	return nil, false
}

// Type says what kind of thing a reward is.
type Type string

// The types of rewards, and which fields of a [Benefit] say what they give.
const (
	// TypeMoneyOff takes Amount of Currency off an order.
	TypeMoneyOff Type = "money-off"
	// TypePercentOff takes Percent off an order, at most AtMost.
	TypePercentOff Type = "percent-off"
	// TypeFreeProduct gives Pieces of one of Items.
	TypeFreeProduct Type = "free-product"
	// TypeFreeShipping pays for the shipping of an order, at most AtMost.
	TypeFreeShipping Type = "free-shipping"
	// TypeVoucher is a code that Partner takes.
	TypeVoucher Type = "voucher"
	// TypeGiftCard is Amount of Currency of credit in the store, spent piece by piece.
	TypeGiftCard Type = "gift-card"
	// TypeCashBack turns as many points into money as the member says, by the reward's
	// Exchange.
	TypeCashBack Type = "cash-back"
	// TypePointsAndCash gives Pieces of one of Items for points and money.
	TypePointsAndCash Type = "points-and-cash"
	// TypeDonation gives to Cause: at a price, or as many points as the member says, by
	// an Exchange.
	TypeDonation Type = "donation"
	// TypeExperience is a place at Event.
	TypeExperience Type = "experience"
	// TypeSweepstake is Pieces entries in the raffle Event.
	TypeSweepstake Type = "sweepstake"
	// TypeCustom is anything else, which Attributes describe.
	TypeCustom Type = "custom"
)

// Reward is one thing that members can redeem, as plain data.
type Reward struct {
	// Code names the reward: lower-case letters, digits, '-' and '_', starting with a
	// letter. What was used of its stock and limits stays with the code.
	Code string `json:"code"`
	Type Type   `json:"type"`
	// Label is its name for receipts, up to 200 bytes.
	Label string `json:"label,omitempty"`
	// Benefit is what the member gets.
	Benefit Benefit `json:"benefit,omitzero"`
	// Prices says what it costs; see [Reward.Cost]. Without prices, and without an
	// Exchange, it is free.
	Prices []Price `json:"prices,omitempty"`
	// Exchange lets the member say how many points to redeem: of cash-back and of
	// donations.
	Exchange *Exchange `json:"exchange,omitempty"`
	// Only says who may redeem it.
	Only Only `json:"only,omitzero"`
	// When says when it may be redeemed, by the clock of the program's zone.
	When points.When `json:"when,omitzero"`
	// Early opens it for members of tiers before When.From.
	Early []Early `json:"early,omitempty"`
	// Limits bounds how often it is redeemed: at most 20, and all must hold.
	Limits []Limit `json:"limits,omitempty"`
	// Stock is how many there are, ever, up to 10^12; 0 is no bound. A later revision may
	// raise or lower it.
	Stock int64 `json:"stock,omitempty"`
	// Shards spreads stock and limits of all members over so many counters, 1 to 64, so
	// that very many members redeem at once without waiting for one row. Every counter
	// has its part of the whole, so that no more is ever given than there is; 0 is 1.
	Shards int `json:"shards,omitempty"`
	// Voucher says that a redemption has a code.
	Voucher *Voucher `json:"voucher,omitempty"`
	// Reserve is how long a redemption waits for its issue, with the points set aside:
	// for money to be paid, or somebody to agree. Zero issues at once.
	Reserve points.Span `json:"reserve,omitzero"`
	// Valid is how long it can be used once it is issued, by the calendar of the
	// program's zone; zero is for ever.
	Valid points.Expiry `json:"valid,omitzero"`
	// Lapse says what becomes of points whose redemption was issued and not used in
	// time.
	Lapse Lapse `json:"lapse,omitempty"`
	// CancelWithin is how long after the redemption a member may cancel it, by the
	// calendar of the program's zone; zero is until it is used. Final is set where a member
	// may not. An operator may.
	CancelWithin points.Span `json:"cancelWithin,omitzero"`
	Final        bool        `json:"final,omitempty"`
	// Withdrawn keeps a reward that is not redeemed any more; what was redeemed before
	// stays as it is.
	Withdrawn bool `json:"withdrawn,omitempty"`
	// Categories relate it to what members buy, for [Recommend].
	Categories []string `json:"categories,omitempty"`
}

// Benefit is what a reward gives. Which fields matter says the [Type].
type Benefit struct {
	// Amount of Currency is money.
	Amount   decimal.Decimal `json:"amount,omitzero"`
	Currency string          `json:"currency,omitempty"`
	// Percent is above 0 and up to 100.
	Percent decimal.Decimal `json:"percent,omitzero"`
	// AtMost, of Currency, is the most money that a percentage or free shipping is
	// worth; zero is no bound.
	AtMost decimal.Decimal `json:"atMost,omitzero"`
	// MinimumOrder, of Currency, is what an order must come to.
	MinimumOrder decimal.Decimal `json:"minimumOrder,omitzero"`
	// Items lists ids of products, of which the member gets one, and Pieces how many
	// pieces of it; 0 is 1.
	Items  []string `json:"items,omitempty"`
	Pieces int64    `json:"pieces,omitempty"`
	// Partner, Cause and Event name who takes a voucher, who gets a donation, and what
	// an experience or a raffle is.
	Partner string `json:"partner,omitempty"`
	Cause   string `json:"cause,omitempty"`
	Event   string `json:"event,omitempty"`
	// Attributes are the host's own.
	Attributes map[string]string `json:"attributes,omitempty"`
}

// Only says who may redeem a reward: all that is set must hold, and of each list one.
type Only struct {
	// Tiers are codes, or "ladder/tier" where several ladders have one of that code.
	Tiers    []string `json:"tiers,omitempty"`
	Segments []string `json:"segments,omitempty"`
	Channels []string `json:"channels,omitempty"`
	// Enrolled is how long ago the member must have enrolled, by the calendar of the
	// program's zone.
	Enrolled points.Span `json:"enrolled,omitzero"`
}

// Early opens a reward for members of one of the tiers at the instant From, which is
// before its When.From.
type Early struct {
	Tiers []string  `json:"tiers"`
	From  time.Time `json:"from"`
}

// Limit bounds how often a reward is redeemed in a calendar period of the program's
// zone. What is cancelled or rejected does not count.
type Limit struct {
	// Times is the bound, 1 to 10^12, of the period Per.
	Times int64         `json:"times"`
	Per   points.Period `json:"per"`
	// All counts all members together; otherwise each member's own count.
	All bool `json:"all,omitempty"`
}

// Voucher says what code a redemption has.
type Voucher struct {
	// Host is set where the host has the codes, such as those of a partner.
	Host bool `json:"host,omitempty"`
	// Prefix is what the code begins with, of [CodeAlphabet]; Length is how long the
	// code is with prefix and check digit, up to 30; 0 is 12.
	Prefix string `json:"prefix,omitempty"`
	Length int    `json:"length,omitempty"`
}

// Lapse says what becomes of the points of a redemption that was not used in time.
type Lapse string

// What becomes of them.
const (
	// LapseKeeps leaves points and stock used.
	LapseKeeps Lapse = ""
	// LapseReturns gives points, stock and limits back.
	LapseReturns Lapse = "return"
)

// Coded reports whether a redemption of the reward has a code.
func (r *Reward) Coded() bool { return r.Voucher != nil }

// Divisible reports whether a redemption can be used piece by piece.
func (r *Reward) Divisible() bool { return r.Type == TypeGiftCard }

// Units lists the units of points that the reward may cost, sorted.
func (r *Reward) Units() []string {
	var units []string
	for i := range r.Prices {
		if r.Prices[i].Points > 0 {
			units = append(units, r.Prices[i].Unit)
		}
	}
	if r.Exchange != nil {
		units = append(units, r.Exchange.Unit)
	}
	slices.Sort(units)
	return slices.Compact(units)
}
