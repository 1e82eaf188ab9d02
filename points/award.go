package points

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/shopspring/decimal"
)

// evaluation is the award of one unit in the making.
type evaluation struct {
	rules []Rule
	unit  string
	first bool
	bill  *bill
	env   *Env
	// picks has what was decided for each line of the bill.
	picks []pick
	terms []term
}

// pick is what applies to a line.
type pick struct {
	base       *Rule
	specific   int
	multiplier *Rule
	eligible   uint128
	done       bool
}

// The kinds of terms, in the order in which they win a tie over a remainder.
const (
	baseTerm = iota
	boostTerm
	multiplierTerm
	bonusTerm
)

// term is an exact share of an award: money × num × up ÷ (den × down) points.
type term struct {
	kind     int
	rule     string
	line     int
	money    uint128
	num      uint64
	den      uint128
	up, down uint64
	rounding Rounding
	// points is the share made whole.
	points Amount
}

func (e *evaluation) award() (Award, bool, error) {
	var space [8]term
	e.terms = space[:0]
	applied, err := e.bases()
	if err != nil {
		return Award{}, false, err
	}
	e.sort(compareTies)
	if err := e.round(); err != nil {
		return Award{}, false, err
	}
	bonus, err := e.bonuses()
	if err != nil || !applied && !bonus {
		return Award{}, false, err
	}
	e.sort(compareShares)
	award := Award{Unit: e.unit, Shares: make([]Share, 0, len(e.terms))}
	for i := range e.terms {
		t := &e.terms[i]
		if award.Points, err = award.Points.Add(t.points); err != nil {
			return Award{}, false, err
		}
		share := Share{Rule: t.rule, Line: e.bill.lines[t.line].id, Points: t.points}
		if t.kind != bonusTerm {
			share.Eligible = e.bill.decimal(t)
		} else if t.points == 0 {
			continue
		}
		award.Shares = append(award.Shares, share)
	}
	return award, true, nil
}

func (e *evaluation) sort(compare func(a, b term) int) {
	if len(e.terms) > 1 && !slices.IsSortedFunc(e.terms, compare) {
		slices.SortFunc(e.terms, compare)
	}
}

func compareTies(a, b term) int {
	return cmp.Or(cmp.Compare(a.rounding, b.rounding), cmp.Compare(a.kind, b.kind), cmp.Compare(a.rule, b.rule), cmp.Compare(a.line, b.line))
}

func compareShares(a, b term) int {
	return cmp.Or(cmp.Compare(a.rule, b.rule), cmp.Compare(a.line, b.line))
}

// bases picks the base rate and the multiplier of each line and makes their
// terms. It reports whether a base rate took some line.
func (e *evaluation) bases() (applied bool, err error) {
	for i := range e.rules {
		rule := &e.rules[i]
		if !rule.earns(e.unit, e.first) || rule.Spend == nil && rule.Multiply.IsZero() || !rule.When.Holds(e.env.At, e.env.Zone) {
			continue
		}
		for l := range e.picks {
			e.picks[l].offer(rule, e.bill.lines[l].source, e.bill.currency)
		}
	}
	boost, err := factorOf(e.env.Boost[e.unit])
	if err != nil {
		return false, fmt.Errorf("points: boost of unit %q: %w", e.unit, err)
	}
	for l := range e.picks {
		if e.picks[l].base == nil {
			continue
		}
		applied = true
		if !e.picks[l].done {
			if err := e.base(l, boost); err != nil {
				return false, err
			}
		}
	}
	return applied, nil
}

// offer lets a rule compete for a line.
func (p *pick) offer(rule *Rule, line *Line, currency string) {
	specific := rule.Match.specificity(line)
	if specific == noMatch {
		return
	}
	if rule.Spend == nil {
		if p.multiplier == nil || before(rule, p.multiplier) {
			p.multiplier = rule
		}
		return
	}
	if rule.Spend.Currency != currency {
		return
	}
	if p.base == nil || specific > p.specific || specific == p.specific && before(rule, p.base) {
		p.base, p.specific = rule, specific
	}
}

// before reports whether a wins over b: by priority, then by code.
func before(a, b *Rule) bool {
	return a.Priority > b.Priority || a.Priority == b.Priority && a.Code < b.Code
}

// base makes the terms of all lines that have the same base rate as line first.
func (e *evaluation) base(first int, boost factor) error {
	rule := e.picks[first].base
	var money []uint128
	if !e.bill.uncounted(&rule.Spend.Basis).isZero() {
		money = e.bill.eligible(&rule.Spend.Basis)
	}
	var total uint128
	for l := first; l < len(e.picks); l++ {
		p := &e.picks[l]
		if p.base != rule {
			continue
		}
		p.done = true
		if money != nil {
			p.eligible = money[l]
		} else {
			p.eligible = e.bill.counted(&e.bill.lines[l], &rule.Spend.Basis)
		}
		total = total.add(p.eligible)
	}
	num, den := uint64(rule.Spend.Points), scaled(rule.Spend.Per, e.bill.scale)
	if rule.Spend.Grouping == WholeGroups {
		var err error
		if num, err = wholeGroups(total, den, num); err != nil {
			return fmt.Errorf("rule %q: %w", rule.Code, err)
		}
		den = total
	}
	for l := first; l < len(e.picks); l++ {
		p := &e.picks[l]
		if p.base != rule || p.eligible.isZero() {
			continue
		}
		multiply := factor{1, 1}
		if p.multiplier != nil {
			var err error
			if multiply, err = factorOf(p.multiplier.Multiply); err != nil {
				return fmt.Errorf("points: rule %q: %w", p.multiplier.Code, err)
			}
		}
		e.appendLine(l, num, den, boost, multiply)
	}
	return nil
}

// appendLine splits base × boost × multiplier of a line into what each gave. A
// factor below 1 gives nothing and lowers the others.
func (e *evaluation) appendLine(l int, num uint64, den uint128, boost, multiply factor) {
	p := &e.picks[l]
	t := term{
		kind: baseTerm, rule: p.base.Code, line: l, money: p.eligible, num: num, den: den,
		up: min(boost.up, boost.down) * min(multiply.up, multiply.down), down: boost.down * multiply.down,
		rounding: p.base.Spend.Rounding,
	}
	e.terms = append(e.terms, t)
	if boost.up != boost.down {
		t.kind, t.rule = boostTerm, BoostRule
		t.up = (max(boost.up, boost.down) - boost.down) * min(multiply.up, multiply.down)
		e.terms = append(e.terms, t)
	}
	if p.multiplier != nil {
		t.kind, t.rule = multiplierTerm, p.multiplier.Code
		t.up = boost.up * (max(multiply.up, multiply.down) - multiply.down)
		e.terms = append(e.terms, t)
	}
}

// bonuses adds the terms of fixed bonuses, whole already, and reports whether
// there are any.
func (e *evaluation) bonuses() (applied bool, err error) {
	for i := range e.rules {
		rule := &e.rules[i]
		if rule.Bonus == 0 || rule.Activity != "" || !rule.earns(e.unit, e.first) || !rule.When.Holds(e.env.At, e.env.Zone) {
			continue
		}
		if rule.Bonus < 0 {
			return false, fmt.Errorf("points: rule %q: bonus %d must be positive", rule.Code, rule.Bonus)
		}
		from := len(e.terms)
		var total uint128
		for l := range e.picks {
			if e.bill.lines[l].source == nil || rule.Match.specificity(e.bill.lines[l].source) == noMatch {
				continue
			}
			total = total.add(e.picks[l].eligible)
			e.terms = append(e.terms, term{
				kind: bonusTerm, rule: rule.Code, line: l, money: e.picks[l].eligible, num: uint64(rule.Bonus), up: 1, down: 1,
			})
		}
		spread := e.terms[from:]
		if len(spread) == 0 {
			continue
		}
		applied = true
		for j := range spread {
			spread[j].den = total
			if total.isZero() {
				spread[j].money, spread[j].den = uint128{lo: 1}, uint128{lo: uint64(len(spread))}
			}
		}
		if err := roundTogether(spread, Floor); err != nil {
			return false, err
		}
	}
	return applied, nil
}

// factor is up ÷ down.
type factor struct{ up, down uint64 }

const (
	maxFactor       = 1000
	maxFactorPlaces = 6
)

// factorOf returns d as a fraction; zero, the absent factor, is 1.
func factorOf(d decimal.Decimal) (factor, error) {
	if d.IsZero() {
		return factor{1, 1}, nil
	}
	if problem := factorProblem(d); problem != "" {
		return factor{}, fmt.Errorf("factor %s", problem)
	}
	places := max(0, -int(d.Exponent()))
	down := pow10(places)
	up := scaled(d, places).lo
	for places > 0 && up%10 == 0 {
		up, down, places = up/10, down/10, places-1
	}
	return factor{up, down}, nil
}

// factorProblem says what is wrong with a multiplier, or "".
func factorProblem(d decimal.Decimal) string {
	if e := d.Exponent(); e < -maxFactorPlaces || e > 3 || d.Sign() <= 0 || d.NumDigits() > 18 ||
		scaled(d, maxFactorPlaces).cmp(uint128{lo: maxFactor * 1000000}) > 0 {
		return fmt.Sprintf("must be above 0, at most %d, with at most %d decimals", maxFactor, maxFactorPlaces)
	}
	return ""
}

// lineID is the line's own id, or its number from 1.
func lineID(l *Line, i int) string {
	if l.ID != "" {
		return l.ID
	}
	return strconv.Itoa(i + 1)
}

// decimal is the money of a term; that of a line whose price counts as it is
// keeps the price's digits.
func (b *bill) decimal(t *term) decimal.Decimal {
	if line := &b.lines[t.line]; t.money == line.amount {
		return line.price
	}
	return money(t.money, b.scale)
}
