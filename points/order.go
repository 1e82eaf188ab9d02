package points

import "github.com/shopspring/decimal"

// Order is a sale, final and paid. Money is in Currency's main unit, exact, and
// not negative.
type Order struct {
	// ID is the shop's id of the order, 1 to 128 bytes.
	ID string `json:"id"`
	// Currency is an ISO 4217 code, such as "EUR".
	Currency string `json:"currency"`
	Lines    []Line `json:"lines"`
	// Shipping and Fees are charges of the order that belong to no line.
	Shipping decimal.Decimal `json:"shipping,omitzero"`
	Fees     decimal.Decimal `json:"fees,omitzero"`
	// Channel is the code of where it was sold, such as "app", and Store of the
	// shop: up to 128 bytes each.
	Channel string `json:"channel,omitempty"`
	Store   string `json:"store,omitempty"`
	// Tenders names parts that were paid in points or by gift card.
	Tenders []Tender `json:"tenders,omitempty"`
}

// Line is one line of an order.
type Line struct {
	// ID names the line in refunds; empty is its number, from 1.
	ID       string   `json:"id,omitempty"`
	Item     string   `json:"item,omitempty"`
	Category string   `json:"category,omitempty"`
	Tags     []string `json:"tags,omitempty"`
	// Quantity is the number of pieces; 0 means 1.
	Quantity int64 `json:"quantity,omitempty"`
	// Amount is what the line costs: all pieces, after discounts, before tax.
	Amount decimal.Decimal `json:"amount"`
	// Discount was taken off to come to Amount; Tax comes on top of it.
	Discount decimal.Decimal `json:"discount,omitzero"`
	Tax      decimal.Decimal `json:"tax,omitzero"`
	// StoredValue marks gift cards and other goods that are money themselves.
	StoredValue bool `json:"storedValue,omitempty"`
}

// TenderKind is a way of paying that is not money.
type TenderKind string

// The kinds of tenders.
const (
	PointsTender   TenderKind = "points"
	GiftCardTender TenderKind = "gift-card"
)

// Tender is a part of an order that was paid in points or by gift card.
type Tender struct {
	Kind   TenderKind      `json:"kind"`
	Amount decimal.Decimal `json:"amount"`
	// Exclude takes out lines for which points did not pay, of the only tender in points:
	// gift cards paid for these lines first. Other tenders pay for all of the bill alike.
	Exclude Match `json:"exclude,omitzero"`
}
