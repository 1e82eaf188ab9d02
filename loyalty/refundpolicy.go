package loyalty

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/points"
)

// RefundPolicy says how refunds take points back, and what missing ones are worth.
type RefundPolicy struct {
	// From lists where points are taken from, in this order; empty is FromPending,
	// FromOwn, FromOthers and, where the program allows debt, FromDebt. What no source
	// has is a Shortfall.
	From []RefundSource `json:"from,omitempty"`
	// Cuts says by how much money a shop cuts a refund for points that are missing: those of
	// the revision in force as the order is refunded. An order keeps its currency for it where
	// some revision has cuts, also one to come: of an order that earned before, what is missing
	// is told without money.
	Cuts []Cut `json:"cuts,omitempty"`
}

// RefundSource is where a refund takes points from.
type RefundSource string

// The sources of a refund.
const (
	// FromPending is what the order earned and is still pending.
	FromPending RefundSource = "pending"
	// FromOwn is what the order earned and is available, with all that expires with it.
	FromOwn RefundSource = "own"
	// FromOthers is all that is available, soonest expiry first.
	FromOthers RefundSource = "others"
	// FromDebt books what is missing as debt. The program must allow it.
	FromDebt RefundSource = "debt"
)

// Cut is what a missing point of a unit is worth in a currency: a stated rate, or what
// the order spent to earn it.
type Cut struct {
	Unit string `json:"unit"`
	// Currency is that of the orders; empty, with OrderRate, is every one.
	Currency string `json:"currency,omitempty"`
	// OrderRate values missing points by the order's own rate: its money that counted,
	// in the proportion of the missing points to all that it earned of the unit.
	OrderRate bool `json:"orderRate,omitempty"`
	// Points, in the unit's smallest step, are worth Money otherwise.
	Points points.Amount   `json:"points,omitempty"`
	Money  decimal.Decimal `json:"money,omitzero"`
	// Step is what the money is rounded to a multiple of; zero is 0.01. Rounding says
	// how; the zero value rounds down, for the member.
	Step     decimal.Decimal `json:"step,omitzero"`
	Rounding points.Rounding `json:"rounding,omitempty"`
}

func (p *Program) refundProblems() points.Problems {
	var problems points.Problems
	for i, source := range p.Refunds.From {
		path := fmt.Sprintf("refunds.from[%d]", i)
		switch source {
		case FromPending, FromOwn, FromOthers:
		case FromDebt:
			if p.Debt != AllowDebt {
				problems.Add(path, "the program refuses debt: leave %q out, or allow it by \"debt\"", FromDebt)
			}
		default:
			problems.Add(path, "%q is not a source: say %q, %q, %q or %q", source, FromPending, FromOwn, FromOthers, FromDebt)
		}
		if slices.Contains(p.Refunds.From[:i], source) {
			problems.Add(path, "%q is named twice", source)
		}
	}
	for i := range p.Refunds.Cuts {
		c, at := &p.Refunds.Cuts[i], fmt.Sprintf("refunds.cuts[%d]", i)
		problems = append(problems, spendableProblems(at+".unit", c.Unit, p.Units)...)
		if slices.ContainsFunc(p.Refunds.Cuts[:i], func(o Cut) bool { return o.Unit == c.Unit && o.Currency == c.Currency }) {
			problems.Add(at+".unit", "%q is named twice for %q", c.Unit, c.Currency)
		}
		problems = append(problems, c.problems(at)...)
	}
	return problems
}

func (c *Cut) problems(at string) points.Problems {
	var problems points.Problems
	if c.Currency != "" && !currency(c.Currency) || c.Currency == "" && !c.OrderRate {
		problems.Add(at+".currency", "%q is not an ISO 4217 code: three upper-case letters, such as \"EUR\"", c.Currency)
	}
	if c.OrderRate && (c.Points != 0 || !c.Money.IsZero()) {
		problems.Add(at, "give \"orderRate\", or \"points\" and \"money\"")
	}
	if c.Points < 0 || c.Points > maxCutPoints || !c.OrderRate && c.Points == 0 {
		problems.Add(at+".points", "%d is not a number of points from 1 to %d", c.Points, maxCutPoints)
	}
	if !plainMoney(c.Money) || !c.OrderRate && c.Money.IsZero() {
		problems.Add(at+".money", "must be money above 0, with at most 12 decimals")
	}
	if !plainMoney(c.Step) {
		problems.Add(at+".step", "must be money above 0, with at most 12 decimals")
	}
	switch c.Rounding {
	case points.Floor, points.HalfEven, points.HalfUp, points.Ceil:
	default:
		problems.Add(at+".rounding", "%q is not a rounding: leave it out to round down, or say %q, %q or %q", c.Rounding, points.HalfEven, points.HalfUp, points.Ceil)
	}
	return problems
}

const maxCutPoints = points.Amount(1_000_000_000_000_000)

func currency(code string) bool {
	return len(code) == 3 && !slices.ContainsFunc([]byte(code), func(c byte) bool { return c < 'A' || c > 'Z' })
}

// plainMoney reports whether a number is money that arithmetic can bear.
func plainMoney(d decimal.Decimal) bool {
	return d.IsZero() || d.Sign() > 0 && d.Exponent() >= -12 && d.Exponent() <= 3 && d.NumDigits() <= 18
}

// sources is where refunds take points from.
func (r *revision) sources() []RefundSource {
	switch {
	case len(r.Refunds.From) > 0:
		return r.Refunds.From
	case r.Debt == AllowDebt:
		return []RefundSource{FromPending, FromOwn, FromOthers, FromDebt}
	default:
		return []RefundSource{FromPending, FromOwn, FromOthers}
	}
}

// everCut reports whether missing points are worth money by some revision.
func everCut(revisions []*revision) bool {
	return slices.ContainsFunc(revisions, func(r *revision) bool { return len(r.Refunds.Cuts) > 0 })
}

// cut returns how missing points of a unit are valued in a currency, or nil.
func (r *revision) cut(unit, currency string) *Cut {
	var found *Cut
	for i := range r.Refunds.Cuts {
		c := &r.Refunds.Cuts[i]
		if c.Unit == unit && (c.Currency == currency || c.Currency == "" && found == nil) {
			found = c
		}
	}
	return found
}

// worth is the money for missing points of an award, which counted eligible money.
func (c *Cut) worth(missing points.Amount, award *points.AwardState, eligible decimal.Decimal) decimal.Decimal {
	per, money := c.Points, c.Money
	if c.OrderRate {
		per, money = award.Total(), eligible
	}
	if per == 0 {
		return decimal.Decimal{}
	}
	step := c.Step
	if step.IsZero() {
		step = decimal.New(1, -2)
	}
	steps := new(big.Rat).Mul(big.NewRat(int64(missing), int64(per)), money.Rat())
	steps.Quo(steps, step.Rat())
	return decimal.NewFromBigInt(whole(steps, c.Rounding), 0).Mul(step)
}

// whole rounds a number that is not negative.
func whole(r *big.Rat, rounding points.Rounding) *big.Int {
	n, rest := new(big.Int).QuoRem(r.Num(), r.Denom(), new(big.Int))
	half := rest.Lsh(rest, 1).Cmp(r.Denom())
	up := rounding == points.Ceil && rest.Sign() > 0 ||
		rounding == points.HalfUp && half >= 0 ||
		rounding == points.HalfEven && (half > 0 || half == 0 && n.Bit(0) == 1)
	if up {
		n.Add(n, big.NewInt(1))
	}
	return n
}

// fallShort puts points that could not be taken of an award on the receipt, with what
// they add to the cut of all refunds of the order.
func (tx *Tx) fallShort(state *orderState, i int, missing points.Amount) {
	award, before := &state.Awards[i], state.short(i)
	if len(state.Short) < len(state.Awards) {
		state.Short = append(state.Short, make([]points.Amount, len(state.Awards)-len(state.Short))...)
	}
	state.Short[i] += missing
	short := Shortfall{Unit: award.Unit, Amount: missing}
	if cut := tx.rev.cut(short.Unit, state.Currency); cut != nil && state.Currency != "" {
		eligible := eligibleMoney(state, award)
		short.Money = shortest(cut.worth(state.Short[i], award, eligible).Sub(cut.worth(before, award, eligible)))
		short.Currency = state.Currency
	}
	tx.receipt.Shortfalls = append(tx.receipt.Shortfalls, short)
}

// short is how many points of the i-th award refunds did not find.
func (s *orderState) short(i int) points.Amount {
	if i < len(s.Short) {
		return s.Short[i]
	}
	return 0
}

// eligibleMoney is the money that counted for an award.
func eligibleMoney(state *orderState, award *points.AwardState) decimal.Decimal {
	var sum decimal.Decimal
	for l := range state.Lines {
		switch {
		case award.Eligible == nil:
			sum = sum.Add(state.Lines[l].Amount)
		case l < len(award.Eligible):
			sum = sum.Add(award.Eligible[l])
		}
	}
	return sum
}
