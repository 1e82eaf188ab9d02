package points

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// ErrUnknownCurrency reports an order in a currency that no spend rate accepts.
var ErrUnknownCurrency = errors.New("points: no rule accepts the order's currency")

// BoostRule is the code under which [Share] shows what [Env.Boost] added. No rule
// may have it.
const BoostRule = "boost"

// Env is what an evaluation depends on besides rules and order.
type Env struct {
	// At is when the order or activity happened, Zone where days begin and end;
	// nil is UTC.
	At   time.Time
	Zone *time.Location
	// Boost multiplies the base of a unit, from a tier for example. Absent is 1;
	// values are above 0, at most 1000, with at most 6 decimals.
	Boost map[string]decimal.Decimal
}

// Award is what an order or activity earns of one unit, with its explanation.
type Award struct {
	Unit string `json:"unit"`
	// Points is not negative, in the unit's smallest step.
	Points Amount `json:"points"`
	// Shares add up to Points exactly. They are sorted by rule, then by line in
	// the order's order.
	Shares []Share `json:"shares,omitempty"`
}

// Share is the part of an award that one rule gave for one line.
type Share struct {
	// Rule is a rule's code, or [BoostRule]. A multiplier's share is what it
	// added to the base.
	Rule string `json:"rule"`
	// Line is the line's id or number, "shipping" or "fees"; empty for an
	// activity.
	Line string `json:"line,omitempty"`
	// Points is not negative.
	Points Amount `json:"points"`
	// Eligible is the money that the rule counted on the line, zero for a bonus.
	Eligible decimal.Decimal `json:"eligible,omitzero"`
}

// ByRule sums the shares over lines: one for each rule, without a line.
func (a Award) ByRule() []Share {
	var rules []Share
	for _, share := range a.Shares {
		if n := len(rules); n == 0 || rules[n-1].Rule != share.Rule {
			rules = append(rules, Share{Rule: share.Rule, Points: share.Points, Eligible: share.Eligible})
			continue
		}
		last := &rules[len(rules)-1]
		last.Points += share.Points
		last.Eligible = last.Eligible.Add(share.Eligible)
	}
	return rules
}

// Evaluate returns what an order earns under the rules: an award for each unit
// of which some rule applied, even if it comes to 0, in the order of units.
//
// Each line earns by one base rate of a unit, see [Rule.Spend]. The base is
// multiplied by the unit's boost, and that by at most one multiplier. Bonuses are
// added un-multiplied and spread over the lines that they match, by eligible
// money or else equally. Arithmetic is exact; each award is rounded once, rates
// of the same rounding together. The order in which rules are listed makes no
// difference.
//
// The rules and the order must be valid. An order in a currency that no rate of
// any unit accepts, while there are rates, is [ErrUnknownCurrency]; an award
// beyond [MaxAmount] is [ErrOverflow].
func Evaluate(rules []Rule, units []Unit, order Order, env Env) ([]Award, error) {
	if !accepts(rules, order.Currency) {
		return nil, fmt.Errorf("%w: %q: add a spend rate for it", ErrUnknownCurrency, order.Currency)
	}
	if err := computable(rules, units, &env); err != nil {
		return nil, err
	}
	var lineSpace [4]billLine
	bill, lines, err := newBill(&order, rules, lineSpace[:0])
	if err != nil {
		return nil, err
	}
	var pickSpace [4]pick
	picks := pickSpace[:min(len(lines), len(pickSpace))]
	if len(lines) > len(picks) {
		picks = make([]pick, len(lines))
	}
	var termSpace [8]term
	awards := make([]Award, 0, len(units))
	for i := range units {
		clear(picks)
		unit := evaluation{rules: rules, unit: units[i].Code, first: i == 0, bill: &bill, lines: lines, picks: picks, env: &env}
		terms, applied, err := unit.terms(termSpace[:0])
		if err != nil {
			return nil, err
		}
		if !applied {
			continue
		}
		award, err := newAward(units[i].Code, terms, lines, bill.scale)
		if err != nil {
			return nil, err
		}
		awards = append(awards, award)
	}
	return awards, nil
}

// EvaluateActivity returns what an activity, such as "birthday", earns: the sum
// of the bonuses for it, for each unit of which there is one, in the order of units.
func EvaluateActivity(rules []Rule, units []Unit, activity string, env Env) ([]Award, error) {
	if err := computable(rules, units, &env); err != nil {
		return nil, err
	}
	var awards []Award
	for i, unit := range units {
		award := Award{Unit: unit.Code}
		for j := range rules {
			rule := &rules[j]
			if activity == "" || rule.Activity != activity || !rule.earns(unit.Code, i == 0) || !rule.When.Holds(env.At, env.Zone) {
				continue
			}
			var err error
			if award.Points, err = award.Points.Add(rule.Bonus); err != nil {
				return nil, err
			}
			award.Shares = append(award.Shares, Share{Rule: rule.Code, Points: rule.Bonus})
		}
		if award.Shares == nil {
			continue
		}
		slices.SortFunc(award.Shares, func(a, b Share) int { return cmp.Compare(a.Rule, b.Rule) })
		awards = append(awards, award)
	}
	return awards, nil
}

// computable reports what would make the arithmetic wrong in rules that were not
// validated, and fills in the zone.
func computable(rules []Rule, units []Unit, env *Env) error {
	for i := range rules {
		rule := &rules[i]
		problem := ""
		switch spend := rule.Spend; {
		case spend != nil && (spend.Points <= 0 || moneyProblem(spend.Per) != "" || spend.Per.IsZero()):
			problem = "points and money of the rate must be above 0 and in range"
		case spend != nil && !spend.Rounding.valid():
			problem = "its rounding is unknown"
		case !rule.Multiply.IsZero():
			problem = factorProblem(rule.Multiply)
		case rule.Bonus < 0 || rule.Activity != "" && rule.Bonus == 0:
			problem = "its bonus must be positive"
		}
		if problem != "" {
			return fmt.Errorf("points: rule %q: %s", rule.Code, problem)
		}
	}
	for i := range units {
		if boost, ok := env.Boost[units[i].Code]; ok && factorProblem(boost) != "" {
			return fmt.Errorf("points: boost of unit %q: %s", units[i].Code, factorProblem(boost))
		}
	}
	if env.Zone == nil {
		env.Zone = time.UTC
	}
	return nil
}

// earns reports whether the rule is one of the unit, which may be the program's
// first.
func (r *Rule) earns(unit string, first bool) bool {
	return r.Unit == unit || first && r.Unit == ""
}

func accepts(rules []Rule, currency string) bool {
	rates := false
	for i := range rules {
		if spend := rules[i].Spend; spend != nil {
			if spend.Currency == currency {
				return true
			}
			rates = true
		}
	}
	return !rates
}
