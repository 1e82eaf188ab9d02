package points

import "github.com/shopspring/decimal"

// Rule is one earning rule, as data. Exactly one of Spend, Multiply, Bonus and
// Formula says what it gives; the rest says when and how much at most. The order in
// which rules are listed makes no difference.
type Rule struct {
	// Code names the rule in entries and receipts. It is unique in the program
	// and has the form of a unit's code.
	Code string `json:"code"`
	// Label is what receipts call the rule where they explain it to people, such as
	// "double beans on Mondays": up to 128 bytes; empty is words made from the rule.
	Label string `json:"label,omitempty"`
	// Unit is the unit that the rule earns; empty is the program's first.
	Unit string `json:"unit,omitempty"`

	// Spend makes this a base rate. Each line of an order earns by one base rate
	// of a unit: the most specific match, then the highest priority, then the
	// first code.
	Spend *SpendRate `json:"spend,omitempty"`
	// Multiply makes this a multiplier of the base and of its boost: 2 doubles
	// what both give. It is above 0, at most 1000, with at most 6 decimals; below 1
	// it lowers the base. Of several of one Stack that apply to a line the one with
	// the highest priority counts, then the first code.
	Multiply decimal.Decimal `json:"multiply,omitzero"`
	// Bonus, above 0, makes this a fixed bonus in the unit's smallest step, added
	// un-multiplied: once for an order that has a line to match, or for an activity
	// where Activity is set. It belongs to the lines that it matches, by eligible
	// money or else equally.
	Bonus Amount `json:"bonus,omitempty"`
	// Formula makes this a bonus whose amount a function of the host computes: the
	// [Formula] that the engine's options hold under the rule's code.
	Formula bool `json:"formula,omitempty"`

	// Activity is the code of the activity that earns the bonus; orders then do not.
	Activity string `json:"activity,omitempty"`
	// Match narrows the rule to lines; the zero Match takes every line.
	Match Match `json:"match,omitzero"`
	// When narrows the rule in time.
	When When `json:"when,omitzero"`
	// Expiry, if set, is the expiry of what this rule gives, instead of the unit's.
	Expiry Expiry `json:"expiry,omitzero"`
	// Only narrows the rule to orders, activities and members; nil takes all.
	Only *Only `json:"only,omitempty"`
	// Count makes the rule wait for what a member does several times: a first or
	// nth purchase, a punch card, a number of visits.
	Count *Count `json:"count,omitempty"`
	// Priority decides between rules of one kind; the highest wins.
	Priority int `json:"priority,omitempty"`
	// Stack is the stacking group of a multiplier, with the form of a code. On a
	// line one multiplier of each group counts, and those of different groups
	// multiply each other. Empty is a group too.
	Stack string `json:"stack,omitempty"`

	// Caps bound what the rule gives a member, Budgets what it gives to all members
	// together. They apply last: what a rule no longer gives, no other rule gives in
	// its place.
	Caps    []Cap `json:"caps,omitempty"`
	Budgets []Cap `json:"budgets,omitempty"`
}

// SpendRate earns points for money: Points for every Per of Currency.
type SpendRate struct {
	// Points is above 0, in the unit's smallest step.
	Points Amount `json:"points"`
	// Per is the money that earns Points, above 0, in the currency's main unit.
	Per decimal.Decimal `json:"per"`
	// Currency is the ISO 4217 code of the orders that the rate applies to.
	Currency string `json:"currency"`
	// Rounding says how an award is made whole; the zero value rounds down.
	Rounding Rounding `json:"rounding,omitempty"`
	// Grouping says whether parts of Per earn; the zero value is proportional.
	Grouping Grouping `json:"grouping,omitempty"`
	// Basis says which money counts.
	Basis Basis `json:"basis,omitzero"`
}

// Rounding is how an exact number of points is made whole. An award is rounded
// once; rates with the same rounding are rounded together.
type Rounding string

// The roundings.
const (
	Floor    Rounding = ""
	HalfEven Rounding = "half-even"
	HalfUp   Rounding = "half-up"
	Ceil     Rounding = "ceil"
)

// Grouping says whether parts of a rate's Per earn.
type Grouping string

// The groupings.
const (
	// Proportional earns for parts: at 5 per 2.50, 3.00 earns 6.
	Proportional Grouping = ""
	// WholeGroups earns only for whole groups over all lines of the rule: at 5
	// per 2.50, 3.00 earns 5.
	WholeGroups Grouping = "whole-groups"
)

// Basis says which money of an order counts. The zero Basis counts what lines
// cost after discounts, without tax, shipping, fees and stored value, and without
// what was paid in points or by gift card.
//
// A tender that does not count pays for the whole order alike, tax, shipping and
// fees included: where it paid a quarter of all, three quarters of the counted
// money earn. What it takes off is spread over the lines in steps of 10^-6, or of
// 10^-12 where the order's money has more than 6 decimals.
type Basis struct {
	// BeforeDiscounts counts lines at their price before discounts.
	BeforeDiscounts bool `json:"beforeDiscounts,omitempty"`
	// Tax, Shipping and Fees count what they name. Shipping and fees earn as
	// lines of their own, by a rate that takes every line.
	Tax      bool `json:"tax,omitempty"`
	Shipping bool `json:"shipping,omitempty"`
	Fees     bool `json:"fees,omitempty"`
	// StoredValue counts lines that sell gift cards and other stored value.
	StoredValue bool `json:"storedValue,omitempty"`
	// PointsTender counts the part paid in points, GiftCardTender the part paid
	// by gift card.
	PointsTender   bool `json:"pointsTender,omitempty"`
	GiftCardTender bool `json:"giftCardTender,omitempty"`
	// Exclude takes out lines that it matches: they earn nothing by this rate,
	// and no other rate of the unit takes its place.
	Exclude Match `json:"exclude,omitzero"`
}

// Match selects lines of an order: those that have one of the Items, or one of
// the Categories, or one of the Tags. The zero Match is empty: as a condition it
// takes every line, as an exclusion none.
type Match struct {
	Items      []string `json:"items,omitempty"`
	Categories []string `json:"categories,omitempty"`
	Tags       []string `json:"tags,omitempty"`
}

// Weekdays is a set of days of the week, written in JSON as "mon,tue".
type Weekdays uint8

// The days of the week; add them up with |.
const (
	Mon Weekdays = 1 << iota
	Tue
	Wed
	Thu
	Fri
	Sat
	Sun
)
