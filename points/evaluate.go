package points

import (
	"errors"
	"fmt"
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
	// Tiers and Segments are the member's at that time, for rules that ask.
	Tiers    []string
	Segments []string
	// Usage is what the member has used of counts and caps; nil is nothing. It is
	// not changed: see [Usage.Add].
	Usage *Usage
	// Left tells how many times or points are left of a rule's budget; nil is that
	// nothing was used. It is asked only where the rule gives something.
	Left func(rule string, budget Cap) (int64, error)
	// Formulas holds the functions of rules with a formula, by the rule's code.
	Formulas map[string]Formula
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

// Evaluate returns what an order earns under the rules: the awards of
// [EvaluateOrder].
func Evaluate(rules []Rule, units []Unit, order Order, env Env) ([]Award, error) {
	result, err := EvaluateOrder(rules, units, order, env)
	return result.Awards, err
}

// EvaluateActivity returns what an activity, such as "birthday", earns where
// nothing but its code is known: the awards of [EvaluateFact].
func EvaluateActivity(rules []Rule, units []Unit, activity string, env Env) ([]Award, error) {
	result, err := EvaluateFact(rules, units, Activity{Code: activity}, env)
	return result.Awards, err
}

// EvaluateOrder returns what an order earns under the rules and what that uses of
// their counts, caps and budgets: an award for each unit of which some rule
// applied, even if it comes to 0, in the order of units.
//
// Each line earns by one base rate of a unit, see [Rule.Spend]. The base is
// multiplied by the unit's boost, and that by one multiplier of each stacking
// group. Bonuses are added un-multiplied and spread over the lines that they
// match, by eligible money or else equally. Arithmetic is exact; each award is
// rounded once, rates of the same rounding together. Caps and budgets come last and
// cut what a rule gave on its lines in proportion. The order in which rules are
// listed makes no difference, and that of lines only to which of several lines a
// last point belongs.
//
// The rules and the order must be valid. An order in a currency that no rate of
// any unit accepts, while there are rates, is [ErrUnknownCurrency]; an award
// beyond [MaxAmount] is [ErrOverflow].
func EvaluateOrder(rules []Rule, units []Unit, order Order, env Env) (Result, error) {
	if !accepts(rules, order.Currency) {
		return Result{}, fmt.Errorf("%w: %q: add a spend rate for it", ErrUnknownCurrency, order.Currency)
	}
	limited, err := computable(rules, units, &env)
	if err != nil {
		return Result{}, err
	}
	var lineSpace [4]billLine
	bill, lines, err := newBill(&order, rules, lineSpace[:0])
	if err != nil {
		return Result{}, err
	}
	o := occasion{
		rules: rules, env: &env, order: &order, bill: &bill, lines: lines,
		channel: order.Channel, store: order.Store,
	}
	if limited {
		o.tally = &tally{}
		if err := o.count(); err != nil {
			return Result{}, err
		}
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
		o.stacks = nil
		unit := evaluation{occasion: &o, unit: units[i].Code, first: i == 0, picks: picks}
		terms, applied, err := unit.terms(termSpace[:0])
		if err != nil {
			return Result{}, err
		}
		if !applied {
			continue
		}
		award, err := newAward(units[i].Code, terms, lines, bill.scale)
		if err != nil {
			return Result{}, err
		}
		awards = append(awards, award)
	}
	return Result{Awards: awards, Uses: o.tally.sorted()}, nil
}

// computable reports what would make the arithmetic wrong in rules that were not
// validated, and fills in the zone. It says whether some rule counts or is capped.
func computable(rules []Rule, units []Unit, env *Env) (limited bool, err error) {
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
		case rule.Bonus < 0 || rule.Activity != "" && !rule.fixed():
			problem = "its bonus must be positive"
		}
		if rule.Count != nil || len(rule.Caps)+len(rule.Budgets) > 0 {
			limited = true
			if problem == "" {
				problem = rule.boundProblem()
			}
		}
		if problem != "" {
			return false, fmt.Errorf("points: rule %q: %s", rule.Code, problem)
		}
	}
	for i := range units {
		if boost, ok := env.Boost[units[i].Code]; ok && factorProblem(boost) != "" {
			return false, fmt.Errorf("points: boost of unit %q: %s", units[i].Code, factorProblem(boost))
		}
	}
	env.Zone = zoneOf(env.Zone)
	return limited, nil
}

// boundProblem says what is wrong with a count or a cap of a rule that was not
// validated, or "".
func (r *Rule) boundProblem() string {
	if c := r.Count; c != nil && (c.Nth < 0 || c.Every < 0 || (c.Nth == 0) == (c.Every == 0)) {
		return "its count must have one number above 0"
	}
	for _, bound := range r.bounds() {
		if bound.Cap.Times < 0 || bound.Cap.Points < 0 || (bound.Cap.Times == 0) == (bound.Cap.Points == 0) {
			return "a cap must have either times or points above 0"
		}
	}
	return ""
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
