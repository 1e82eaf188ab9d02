package points

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
)

// Cap bounds what a rule gives in a period: how often, or how much. Exactly one of
// Times and Points is given. What is used goes by the rule's code and the period in
// which something happened; a refund gives nothing back.
type Cap struct {
	// Times is how often the rule gives anything: a bonus for each time that it is
	// given, a rate or a multiplier once for an order.
	Times int64 `json:"times,omitempty"`
	// Points is how much it gives, in the unit's smallest step.
	Points Amount `json:"points,omitempty"`
	// Per is the period. A budget has no [PerEvent].
	Per Period `json:"per"`
}

// Most is the cap's bound, of times or points.
func (c Cap) Most() int64 { return c.Times + int64(c.Points) }

// words says the cap for receipts, with the decimals of the unit.
func (c Cap) words(unit Unit) string {
	if c.Times > 0 {
		if c.Times == 1 {
			return "once " + c.Per.words()
		}
		return fmt.Sprintf("%d times %s", c.Times, c.Per.words())
	}
	return fmt.Sprintf("%s %s %s", unit.Format(c.Points), unit.Code, c.Per.words())
}

// Cut is what a cap or a budget took off what a rule would have given.
type Cut struct {
	Cap    Cap  `json:"cap"`
	Budget bool `json:"budget,omitempty"`
	// Points is what it took off, above 0.
	Points Amount `json:"points"`
}

// Words says what a cut took off, such as "30 bean less by the cap of 100 bean a
// day".
func (c Cut) Words(unit Unit) string {
	kind := "cap"
	if c.Budget {
		kind = "budget"
	}
	return fmt.Sprintf("%s %s less by the %s of %s", unit.Format(c.Points), unit.Code, kind, c.Cap.words(unit))
}

// limit cuts what a rule gives, times × points ÷ times, to its caps, then to its
// budgets, and notes what is used. It returns what is left of the points.
func (o *occasion) limit(i int, times int64, points Amount) (Amount, error) {
	rule := &o.rules[i]
	if points == 0 {
		return 0, nil
	}
	use := o.tally.use(rule.Code)
	each := points / Amount(times)
	for _, bound := range rule.bounds() {
		left, err := o.left(rule, bound.Cap, bound.Budget)
		if err != nil {
			return 0, err
		}
		before := points
		if bound.Cap.Times > 0 && left < times {
			times = left
			points = min(points, each*Amount(times))
		}
		if bound.Cap.Points > 0 {
			points = min(points, Amount(left))
		}
		if points < before {
			use.Cuts = append(use.Cuts, Cut{Cap: bound.Cap, Budget: bound.Budget, Points: before - points})
		}
		if points == 0 {
			return 0, nil
		}
	}
	use.Times, use.Points = times, points
	return points, nil
}

// bounds lists a rule's caps and then its budgets, each from the narrowest period
// on, times before points.
func (r *Rule) bounds() []Cut {
	bounds := make([]Cut, 0, len(r.Caps)+len(r.Budgets))
	for _, bound := range r.Caps {
		bounds = append(bounds, Cut{Cap: bound})
	}
	for _, bound := range r.Budgets {
		bounds = append(bounds, Cut{Cap: bound, Budget: true})
	}
	kind := func(c *Cut) int {
		if c.Budget {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(bounds, func(a, b Cut) int {
		return cmp.Or(cmp.Compare(kind(&a), kind(&b)),
			cmp.Compare(slices.Index(periods, a.Cap.Per), slices.Index(periods, b.Cap.Per)),
			cmp.Compare(a.Cap.Points, b.Cap.Points), cmp.Compare(a.Cap.Times, b.Cap.Times))
	})
	return bounds
}

// left is how many times or points are left of a cap or budget.
func (o *occasion) left(rule *Rule, bound Cap, budget bool) (int64, error) {
	if budget {
		if o.env.Left == nil {
			return bound.Most(), nil
		}
		left, err := o.env.Left(rule.Code, bound)
		return max(0, left), err
	}
	if bound.Per == PerEvent {
		return bound.Most(), nil
	}
	name, end := bound.Per.On(o.env.At, o.env.Zone)
	if !o.env.Usage.keeps(end) {
		return 0, fmt.Errorf("%w: rule %q in %s", ErrUsageGone, rule.Code, name)
	}
	mark, _ := o.env.Usage.mark(rule.Code, name)
	if bound.Times > 0 {
		return max(0, bound.Times-mark.Times), nil
	}
	return max(0, int64(bound.Points-mark.Points)), nil
}

// capTerms cuts the terms of the unit's rules that have caps or budgets.
func (e *evaluation) capTerms(terms []term) error {
	for i := range e.rules {
		rule := &e.rules[i]
		if len(rule.Caps)+len(rule.Budgets) == 0 || !e.isFor(rule) || !rule.earns(e.unit, e.first) {
			continue
		}
		var sum Amount
		for j := range terms {
			if terms[j].rule != rule.Code {
				continue
			}
			var err error
			if sum, err = sum.Add(terms[j].points); err != nil {
				return err
			}
		}
		times := int64(1)
		if rule.fixed() {
			times = e.times(i)
		}
		left, err := e.limit(i, times, sum)
		if err != nil {
			return err
		}
		if left < sum {
			shrink(terms, rule.Code, sum, left)
		}
	}
	return nil
}

// shrink cuts the terms of a rule, which add up to from, in proportion so that they
// add up to to: each is rounded down, and what is left goes to the largest
// fractions, ties to the first.
func shrink(terms []term, rule string, from, to Amount) {
	var places []int
	var fractions []uint64
	rest := to
	for j := range terms {
		if terms[j].rule != rule {
			continue
		}
		hi, lo := bits.Mul64(uint64(terms[j].points), uint64(to))
		whole, fraction := bits.Div64(hi, lo, uint64(from))
		terms[j].points = Amount(whole)
		rest -= Amount(whole)
		places, fractions = append(places, j), append(fractions, fraction)
	}
	order := make([]int, len(places))
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(fractions[b], fractions[a]), cmp.Compare(terms[places[a]].line, terms[places[b]].line))
	})
	for _, k := range order[:int(rest)] {
		terms[places[k]].points++
	}
}

func (p *Problems) caps(path string, caps []Cap, allowed []Period) {
	if len(caps) > maxCaps {
		p.Add(path, "at most %d fit a rule, here are %d", maxCaps, len(caps))
		return
	}
	for i, bound := range caps {
		at := fmt.Sprintf("%s[%d]", path, i)
		if bound.Times < 0 || bound.Times > maxCount {
			p.Add(at+".times", "%d is not a number of times from 1 to %d", bound.Times, maxCount)
		}
		if bound.Points < 0 || bound.Points > maxRuleBonus {
			p.Add(at+".points", "%d is not a number of points from 1 to %d", bound.Points, maxRuleBonus)
		}
		if (bound.Times == 0) == (bound.Points == 0) {
			p.Add(at, "give either \"times\" or \"points\"")
		}
		p.period(at+".per", bound.Per, allowed)
		if slices.ContainsFunc(caps[:i], func(c Cap) bool { return c.Per == bound.Per && (c.Times > 0) == (bound.Times > 0) }) {
			p.Add(at, "there is one of this kind and period already")
		}
	}
}

const maxCaps = 16
