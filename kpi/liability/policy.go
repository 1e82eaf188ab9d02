package liability

import (
	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// Method says when points that will never be redeemed become revenue.
type Method string

// The methods of IFRS 15 B46 and ASC 606-10-55-48.
const (
	// Proportional is for an entity that expects to be entitled to breakage: revenue
	// is recognized in proportion to the redemptions that are expected in all.
	Proportional Method = "proportional"
	// Remote is for one that does not: a point's share is revenue when it is
	// redeemed, or when its redemption has become remote, as by expiry.
	Remote Method = "remote"
)

// Policy is how an entity keeps these books.
type Policy struct {
	// Method must be chosen.
	Method Method `json:"method"`
	// Currency is an ISO 4217 code that results repeat.
	Currency string `json:"currency,omitempty"`
	// Step is what amounts are rounded to, half away from zero; 0 is 0.01.
	Step decimal.Decimal `json:"step"`
}

func (p Policy) validate(problems *kpi.Problems) Policy {
	if p.Method != Proportional && p.Method != Remote {
		problems.Add("method", "%q is none of %s, %s: choose one", string(p.Method), Proportional, Remote)
	}
	p.Step = checkStep(problems, p.Step)
	return p
}

func checkStep(problems *kpi.Problems, step decimal.Decimal) decimal.Decimal {
	if step.IsZero() {
		return decimal.New(1, -2)
	}
	if !usable(step) || step.IsNegative() {
		problems.Add("step", "must be above 0, such as 0.01")
	}
	return step
}

// usable reports whether a number has at most some 60 digits on either side of its
// point, so that no input costs much memory.
func usable(d decimal.Decimal) bool {
	const most = 60
	return d.Exponent() >= -most && d.Exponent() <= most && d.Coefficient().BitLen() <= 4*most
}

func checkQuantity(problems *kpi.Problems, path string, d decimal.Decimal) {
	switch {
	case !usable(d):
		problems.Add(path, "must have at most 60 digits before and after its point")
	case d.IsNegative():
		problems.Add(path, "must not be negative, is %s", d)
	}
}

func checkRate(problems *kpi.Problems, path string, d decimal.Decimal) {
	checkQuantity(problems, path, d)
	if usable(d) && d.GreaterThan(decimal.NewFromInt(1)) {
		problems.Add(path, "must be at most 1, is %s", d)
	}
}

// portion is amount × part / whole, rounded once to the step.
func portion(amount, part, whole, step decimal.Decimal) decimal.Decimal {
	return amount.Mul(part).DivRound(whole.Mul(step), 0).Mul(step)
}
