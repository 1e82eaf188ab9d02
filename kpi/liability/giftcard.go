package liability

import (
	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// Prepaid is value that customers paid in before buying, such as on gift cards, and
// what became of it until now.
type Prepaid struct {
	// Paid is what was paid in; Redeemed and Expired are what of it was spent and can
	// be spent no more.
	Paid, Redeemed, Expired decimal.Decimal
	// Breakage is the share of Paid that is expected never to be spent, for the method
	// [Proportional]: from 0 to below 1.
	Breakage decimal.Decimal
	// Remote is what of the rest has become unlikely to be spent, for [Remote].
	Remote decimal.Decimal
	// Escheat is what the law of unclaimed property gives to the state, Remitted what
	// of it was paid.
	Escheat, Remitted decimal.Decimal
}

// Position is what is recognized and what is owed at an instant.
type Position struct {
	Policy    Policy          `json:"policy"`
	Revenue   decimal.Decimal `json:"revenue"`
	Breakage  decimal.Decimal `json:"breakage"`
	Liability decimal.Decimal `json:"liability"`
}

// GiftCards says what prepaid value is revenue and what is owed. With the method
// [Proportional] revenue is Redeemed/(1 − Breakage), at most all that was paid.
//
// Source: IFRS 15, B44 to B47; ASC 606-10-55-46 to 55-49.
func GiftCards(policy Policy, p Prepaid) (Position, error) {
	var problems kpi.Problems
	policy = policy.validate(&problems)
	checkQuantity(&problems, "paid", p.Paid)
	checkRate(&problems, "breakage", p.Breakage)
	if err := problems.Err(); err != nil {
		return Position{}, err
	}
	s := State{
		Deferred: p.Paid, Issued: p.Paid, Redeemed: p.Redeemed, Expired: p.Expired,
		Remote: p.Remote, Escheat: p.Escheat, Remitted: p.Remitted,
	}
	if policy.Method == Remote && !p.Breakage.IsZero() {
		problems.Add("breakage", "must be left out: the method %s recognizes none by estimate", Remote)
	}
	if policy.Method == Proportional {
		s.Expected = p.Paid.Sub(p.Paid.Mul(p.Breakage))
		// More spent or expired than the estimate allowed for ends its usefulness: what
		// can be spent bounds it from both sides.
		s.Expected = decimal.Max(decimal.Min(s.Expected, p.Paid.Sub(p.Expired)), p.Redeemed)
	}
	if s.validate(&problems, policy.Method, "prepaid"); len(problems) > 0 {
		return Position{}, problems.Err()
	}
	return policy.position(&s), nil
}

func (p Policy) position(s *State) Position {
	revenue, breakage := p.revenue(s)
	return Position{Policy: p, Revenue: revenue, Breakage: breakage, Liability: s.Deferred.Sub(revenue).Sub(s.Remitted)}
}
