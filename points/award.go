package points

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// evaluation is the award of one unit in the making.
type evaluation struct {
	*occasion
	unit  string
	first bool
	// picks has what was decided for each line of the bill.
	picks []pick
}

// pick is what applies to a line.
type pick struct {
	// base and multiplier are the rules' places in the list, from 1; 0 is none.
	base       int
	specific   int
	multiplier int
	multiply   factor
	// eligible is the money that counts, and num points are for den of it.
	eligible uint128
	num      uint64
	den      uint128
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
	// wide is up and down where they need more than 64 bits.
	wide     *wideFactor
	rounding Rounding
	// points is the share made whole.
	points Amount
}

// terms appends the unit's terms, made whole. It reports whether a rule applied.
func (e *evaluation) terms(terms []term) ([]term, bool, error) {
	err := e.resolve()
	if err != nil {
		return nil, false, err
	}
	boost, applied := factorOf(e.env.Boost[e.unit]), false
	for l := range e.picks {
		if e.picks[l].base != 0 {
			terms, applied = e.appendLine(terms, l, boost), true
		}
	}
	sortTerms(terms, byTie)
	if err := round(terms); err != nil {
		return nil, false, err
	}
	for i := range e.rules {
		rule := &e.rules[i]
		if !rule.fixed() || rule.Activity != "" || !rule.earns(e.unit, e.first) || !e.holds(i) {
			continue
		}
		from := len(terms)
		if terms, err = e.appendBonus(terms, i); err != nil {
			return nil, false, err
		}
		applied = applied || len(terms) > from
	}
	if e.tally != nil {
		if err := e.capTerms(terms); err != nil {
			return nil, false, err
		}
	}
	return terms, applied, nil
}

// newAward adds up terms that are whole.
func newAward(unit string, terms []term, lines []billLine, scale int) (Award, error) {
	sortTerms(terms, byShare)
	award := Award{Unit: unit, Shares: make([]Share, 0, len(terms))}
	for i := range terms {
		t := &terms[i]
		var err error
		if award.Points, err = award.Points.Add(t.points); err != nil {
			return Award{}, err
		}
		share := Share{Rule: t.rule, Line: lines[t.line].id, Points: t.points}
		if t.kind != bonusTerm {
			share.Eligible = lines[t.line].decimal(t.money, scale)
		} else if t.points == 0 {
			continue
		}
		award.Shares = append(award.Shares, share)
	}
	return award, nil
}

// termOrder is an order of terms.
type termOrder bool

const (
	// byTie has terms of one rounding together, those that win a tie first.
	byTie termOrder = false
	// byShare is the order of an award's shares.
	byShare termOrder = true
)

func (o termOrder) compare(a, b *term) int {
	if o == byTie {
		if c := cmp.Or(strings.Compare(string(a.rounding), string(b.rounding)), cmp.Compare(a.kind, b.kind)); c != 0 {
			return c
		}
	}
	return cmp.Or(strings.Compare(a.rule, b.rule), cmp.Compare(a.line, b.line))
}

func sortTerms(terms []term, order termOrder) {
	for i := 1; i < len(terms); i++ {
		if order.compare(&terms[i-1], &terms[i]) > 0 {
			slices.SortFunc(terms, func(a, b term) int { return order.compare(&a, &b) })
			return
		}
	}
}

// resolve picks the base rate and the multiplier of each line, and what each
// rate counts and gives.
func (e *evaluation) resolve() error {
	for i := range e.rules {
		rule := &e.rules[i]
		if !rule.earns(e.unit, e.first) || rule.Spend == nil && rule.Multiply.IsZero() || !e.holds(i) {
			continue
		}
		for l := range e.picks {
			e.offer(i, l)
		}
	}
	for l := range e.picks {
		p := &e.picks[l]
		if p.base == 0 {
			continue
		}
		if p.den.isZero() {
			if err := e.measure(l); err != nil {
				return err
			}
		}
		if p.multiplier != 0 {
			p.multiply = factorOf(e.rules[p.multiplier-1].Multiply)
		}
	}
	return nil
}

// offer lets the i-th rule compete for line l.
func (e *evaluation) offer(i, l int) {
	rule, p := &e.rules[i], &e.picks[l]
	specific := rule.Match.specificity(e.lines[l].source)
	if specific == noMatch {
		return
	}
	if rule.Spend == nil && rule.Stack != "" {
		e.stack(i, l)
		return
	}
	if rule.Spend == nil {
		if p.multiplier == 0 || before(rule, &e.rules[p.multiplier-1]) {
			p.multiplier = i + 1
		}
		return
	}
	if rule.Spend.Currency != e.bill.currency {
		return
	}
	if p.base == 0 || specific > p.specific || specific == p.specific && before(rule, &e.rules[p.base-1]) {
		p.base, p.specific = i+1, specific
	}
}

// before reports whether a wins over b: by priority, then by code.
func before(a, b *Rule) bool {
	return a.Priority > b.Priority || a.Priority == b.Priority && a.Code < b.Code
}

// measure sets the money and the rate of all lines that have the same base rule
// as line first.
func (e *evaluation) measure(first int) error {
	base := e.picks[first].base
	rule := &e.rules[base-1]
	var money []uint128
	if !e.bill.uncounted(&rule.Spend.Basis).isZero() {
		money = e.bill.eligible(e.lines, &rule.Spend.Basis)
	}
	var total uint128
	for l := first; l < len(e.picks); l++ {
		if p := &e.picks[l]; p.base == base {
			if money != nil {
				p.eligible = money[l]
			} else {
				p.eligible = e.lines[l].counted(&rule.Spend.Basis)
			}
			total = total.add(p.eligible)
		}
	}
	num, den := uint64(rule.Spend.Points), scaled(rule.Spend.Per, e.bill.scale)
	if rule.Spend.Grouping == WholeGroups && !total.isZero() {
		var err error
		if num, err = wholeGroups(total, den, num); err != nil {
			return err
		}
		den = total
	}
	for l := first; l < len(e.picks); l++ {
		if p := &e.picks[l]; p.base == base {
			p.num, p.den = num, den
		}
	}
	return nil
}

// appendLine splits base × boost × multiplier of a line into what each gave. A
// factor below 1 gives nothing and lowers the others.
func (e *evaluation) appendLine(terms []term, l int, boost factor) []term {
	p := &e.picks[l]
	if p.eligible.isZero() {
		return terms
	}
	if e.stacks != nil {
		return e.appendStacked(terms, l, boost)
	}
	base, multiply := &e.rules[p.base-1], p.multiply
	if p.multiplier == 0 {
		multiply = factor{1, 1}
	}
	t := term{
		kind: baseTerm, rule: base.Code, line: l, money: p.eligible, num: p.num, den: p.den,
		up: min(boost.up, boost.down) * min(multiply.up, multiply.down), down: boost.down * multiply.down,
		rounding: base.Spend.Rounding,
	}
	terms = append(terms, t)
	if boost.up != boost.down {
		t.kind, t.rule = boostTerm, BoostRule
		t.up = (max(boost.up, boost.down) - boost.down) * min(multiply.up, multiply.down)
		terms = append(terms, t)
	}
	if p.multiplier != 0 {
		t.kind, t.rule = multiplierTerm, e.rules[p.multiplier-1].Code
		t.up = boost.up * (max(multiply.up, multiply.down) - multiply.down)
		terms = append(terms, t)
	}
	return terms
}

// appendBonus spreads a bonus over the lines that it matches.
func (e *evaluation) appendBonus(terms []term, i int) ([]term, error) {
	rule, from := &e.rules[i], len(terms)
	bonus, err := e.bonus(i)
	if err != nil || bonus == 0 {
		return terms, err
	}
	var total uint128
	for l := range e.picks {
		source := e.lines[l].source
		if source == nil || rule.Match.specificity(source) == noMatch || !rule.Only.combined(source) {
			continue
		}
		total = total.add(e.picks[l].eligible)
		terms = append(terms, term{
			kind: bonusTerm, rule: rule.Code, line: l, money: e.picks[l].eligible, num: uint64(bonus), up: 1, down: 1,
		})
	}
	spread := terms[from:]
	for j := range spread {
		spread[j].den = total
		if total.isZero() {
			spread[j].money, spread[j].den = uint128{lo: 1}, uint128{lo: uint64(len(spread))}
		}
	}
	return terms, roundTogether(spread, Floor)
}

// factor is up ÷ down.
type factor struct{ up, down uint64 }

const (
	maxFactor       = 1000
	maxFactorPlaces = 6
)

// factorOf returns d, which has no problem, as a fraction; zero, the absent
// factor, is 1.
func factorOf(d decimal.Decimal) factor {
	if d.IsZero() {
		return factor{1, 1}
	}
	places := max(0, -int(d.Exponent()))
	down := pow10(places)
	up := scaled(d, places).lo
	for places > 0 && up%10 == 0 {
		up, down, places = up/10, down/10, places-1
	}
	return factor{up, down}
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

// decimal is n ÷ 10^scale; where that is the line's price, in the price's digits.
func (l *billLine) decimal(n uint128, scale int) decimal.Decimal {
	if n == l.amount {
		return l.price
	}
	return money(n, scale)
}
