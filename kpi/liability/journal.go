package liability

import (
	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// Account names an account of a journal; the host maps it to one of its own.
type Account string

// The accounts of these journals.
const (
	// Consideration is what customers paid or owe: cash or receivables.
	Consideration Account = "consideration"
	// SalesRevenue is revenue of the goods that were sold.
	SalesRevenue Account = "sales_revenue"
	// ContractLiability is what is owed in points.
	ContractLiability Account = "contract_liability"
	// PointsRevenue is revenue of points that were redeemed or broke.
	PointsRevenue Account = "points_revenue"
	// UnclaimedProperty is what was paid to the state for points never redeemed.
	UnclaimedProperty Account = "unclaimed_property_paid"
)

// Reason says what a journal line is for.
type Reason string

// The reasons of journal lines.
const (
	ReasonSale             Reason = "sale"
	ReasonDeferral         Reason = "deferral"
	ReasonRecognition      Reason = "recognition"
	ReasonChangeInEstimate Reason = "change_in_estimate"
	ReasonRemittance       Reason = "remittance"
)

// Line is one line of a journal: a debit or a credit, the other 0.
type Line struct {
	Period   kpi.Period      `json:"period"`
	Account  Account         `json:"account"`
	Debit    decimal.Decimal `json:"debit"`
	Credit   decimal.Decimal `json:"credit"`
	Currency string          `json:"currency,omitempty"`
	Reason   Reason          `json:"reason"`
}

// Journal is the entry of a sale: what the customer paid against revenue of the
// goods and what is owed in points.
func (a Allocation) Journal(period kpi.Period, currency string) []Line {
	j := journal{period: period, currency: currency}
	j.book(ReasonSale, Consideration, SalesRevenue, a.Goods)
	j.book(ReasonSale, Consideration, ContractLiability, a.Points)
	return j.lines
}

// Journal is the entries of a period, each a debit and a credit of one amount: what
// was deferred, recognized, corrected for a changed estimate and remitted. An entry
// of 0 is left out. Take the deferral from here or from the sales' own journals, not
// from both.
func (m Movement) Journal(currency string) []Line {
	j := journal{period: m.Period, currency: currency}
	j.book(ReasonDeferral, Consideration, ContractLiability, m.Deferred)
	j.book(ReasonRecognition, ContractLiability, PointsRevenue, m.Recognized.Sub(m.CatchUp))
	j.book(ReasonChangeInEstimate, ContractLiability, PointsRevenue, m.CatchUp)
	j.book(ReasonRemittance, ContractLiability, UnclaimedProperty, m.Remitted)
	return j.lines
}

// Journal is the entries of all periods, in their order.
func (r Roll) Journal() []Line {
	var lines []Line
	for _, m := range r.Movements {
		lines = append(lines, m.Journal(r.Policy.Currency)...)
	}
	return lines
}

type journal struct {
	period   kpi.Period
	currency string
	lines    []Line
}

// book debits one account and credits the other; an amount below 0 the other way
// around.
func (j *journal) book(reason Reason, debit, credit Account, amount decimal.Decimal) {
	if amount.IsZero() {
		return
	}
	if amount.IsNegative() {
		debit, credit, amount = credit, debit, amount.Neg()
	}
	line := Line{Period: j.period, Currency: j.currency, Reason: reason}
	line.Account, line.Debit = debit, amount
	j.lines = append(j.lines, line)
	line.Account, line.Debit, line.Credit = credit, decimal.Zero, amount
	j.lines = append(j.lines, line)
}
