package points

import (
	"fmt"
	"maps"
	"slices"

	"github.com/shopspring/decimal"
)

// Only narrows a rule to orders, activities and members: all that is set must
// hold. Lists are of up to 100 codes of up to 128 bytes, of which one must fit.
type Only struct {
	// Channels and Stores are those of the order or activity.
	Channels []string `json:"channels,omitempty"`
	Stores   []string `json:"stores,omitempty"`
	// Tiers and Segments are the member's when it happened; see [Env]. A tier of a ladder
	// goes by its code, or as "ladder/tier" where several ladders have one of that code.
	Tiers    []string `json:"tiers,omitempty"`
	Segments []string `json:"segments,omitempty"`
	// NotPaidBy lists tenders of which an order must have none: with "points", a rule
	// gives nothing for an order that points paid a part of.
	NotPaidBy []TenderKind `json:"notPaidBy,omitempty"`
	// Minimum is what an order must come to, on the lines that the rule's Match
	// takes; with one for each currency, since no other has any.
	Minimum []Minimum `json:"minimum,omitempty"`
	// Combination is what an order must have together. No piece counts for two
	// parts of it.
	Combination []Pieces `json:"combination,omitempty"`
	// Attributes are values that the activity must have: of each attribute named one
	// of its values.
	Attributes map[string][]string `json:"attributes,omitempty"`
}

// Minimum is the least money of an order in a currency, exactly that included.
type Minimum struct {
	Amount   decimal.Decimal `json:"amount"`
	Currency string          `json:"currency"`
	// Basis says which money counts.
	Basis Basis `json:"basis,omitzero"`
}

// Pieces is a number of pieces on lines that a match takes.
type Pieces struct {
	Match Match `json:"match,omitzero"`
	// Quantity is 1 or more; 0 means 1.
	Quantity int64 `json:"quantity,omitempty"`
}

const (
	maxListed      = 100
	maxCombination = 8
	maxAttributes  = 32
	maxValueBytes  = 256
)

// allows reports whether a rule's own conditions hold, time aside.
func (o *occasion) allows(rule *Rule) bool {
	only := rule.Only
	switch {
	case only == nil:
		return true
	case !listed(only.Channels, o.channel), !listed(only.Stores, o.store),
		!anyListed(only.Tiers, o.env.Tiers), !anyListed(only.Segments, o.env.Segments), o.paidBy(only.NotPaidBy):
		return false
	}
	for name, values := range only.Attributes {
		if !slices.Contains(values, o.attributes[name]) {
			return false
		}
	}
	return (len(only.Combination) == 0 || o.combines(only.Combination)) && (len(only.Minimum) == 0 || o.reaches(rule))
}

// paidBy reports whether one of the tenders paid a part of the order.
func (o *occasion) paidBy(kinds []TenderKind) bool {
	return o.order != nil && slices.ContainsFunc(o.order.Tenders, func(t Tender) bool {
		return !t.Amount.IsZero() && slices.Contains(kinds, t.Kind)
	})
}

func listed(list []string, value string) bool { return len(list) == 0 || slices.Contains(list, value) }

func anyListed(list, values []string) bool {
	return len(list) == 0 || slices.ContainsFunc(values, func(v string) bool { return slices.Contains(list, v) })
}

// reaches reports whether the lines of a rule come to its minimum in the order's
// currency.
func (o *occasion) reaches(rule *Rule) bool {
	for i := range rule.Only.Minimum {
		least := &rule.Only.Minimum[i]
		if least.Currency != o.bill.currency {
			continue
		}
		var sum uint128
		for l, n := range o.bill.eligible(o.lines, &least.Basis) {
			if rule.Match.specificity(o.lines[l].source) != noMatch {
				sum = sum.add(n)
			}
		}
		return money(sum, o.bill.scale).GreaterThanOrEqual(least.Amount)
	}
	return false
}

// combines reports whether the pieces of an order can be dealt to the parts of a
// combination. They can where every set of parts finds as many pieces as it needs
// on the lines that one of the set takes (Hall's theorem).
func (o *occasion) combines(parts []Pieces) bool {
	supply := make([]int64, 1<<len(parts))
	for l := range o.lines {
		source := o.lines[l].source
		if source == nil {
			continue
		}
		takers := 0
		for i := range parts {
			if parts[i].Match.specificity(source) != noMatch {
				takers |= 1 << i
			}
		}
		supply[takers] += max(source.Quantity, 1)
	}
	for set := 1; set < len(supply); set++ {
		var needed, found int64
		for i := range parts {
			if set>>i&1 == 1 {
				needed += max(parts[i].Quantity, 1)
			}
		}
		for takers, n := range supply {
			if takers&set != 0 {
				found += n
			}
		}
		if found < needed {
			return false
		}
	}
	return true
}

// combined reports whether a line belongs to a rule's combination, if it has one.
func (only *Only) combined(l *Line) bool {
	return only == nil || len(only.Combination) == 0 || slices.ContainsFunc(only.Combination, func(part Pieces) bool {
		return part.Match.specificity(l) != noMatch
	})
}

func (p *Problems) only(path string, r *Rule) {
	only := r.Only
	if only == nil {
		return
	}
	for _, list := range []struct {
		name   string
		values []string
	}{{"channels", only.Channels}, {"stores", only.Stores}, {"tiers", only.Tiers}, {"segments", only.Segments}} {
		p.listed(path+"."+list.name, list.values)
	}
	p.tenderKinds(path+".notPaidBy", only.NotPaidBy)
	if r.Activity != "" && len(only.NotPaidBy) > 0 {
		p.Add(path+".notPaidBy", "an activity is not paid: leave it out")
	}
	p.minimums(path+".minimum", only.Minimum)
	p.combination(path+".combination", only.Combination)
	p.attributes(path+".attributes", only.Attributes)
	if r.Activity != "" && len(only.Minimum) > 0 {
		p.Add(path+".minimum", "an activity has no money: leave it out")
	}
	if r.Activity != "" && len(only.Combination) > 0 {
		p.Add(path+".combination", "an activity has no lines: leave it out")
	}
	if r.Activity == "" && len(only.Attributes) > 0 {
		p.Add(path+".attributes", "an order has no attributes: leave it out, or say for which \"activity\"")
	}
}

func (p *Problems) listed(path string, list []string) {
	if len(list) > maxListed {
		p.Add(path, "at most %d fit, here are %d", maxListed, len(list))
		return
	}
	p.texts(path, list)
}

func (p *Problems) tenderKinds(path string, kinds []TenderKind) {
	for i, kind := range kinds {
		switch at := fmt.Sprintf("%s[%d]", path, i); {
		case kind != PointsTender && kind != GiftCardTender:
			p.Add(at, "%q is not a tender: say %q or %q", Clip(string(kind)), PointsTender, GiftCardTender)
		case slices.Contains(kinds[:i], kind):
			p.Add(at, "%q is listed twice", kind)
		}
	}
}

func (p *Problems) minimums(path string, list []Minimum) {
	if len(list) > maxListed {
		p.Add(path, "at most %d fit, here are %d", maxListed, len(list))
		return
	}
	for i := range list {
		least, at := &list[i], fmt.Sprintf("%s[%d]", path, i)
		if problem := moneyProblem(least.Amount); problem != "" {
			p.Add(at+".amount", "%s", problem)
		} else if least.Amount.IsZero() {
			p.Add(at+".amount", "must be above 0")
		}
		if problem := currencyProblem(least.Currency); problem != "" {
			p.Add(at+".currency", "%s", problem)
		}
		if first := slices.IndexFunc(list[:i], func(m Minimum) bool { return m.Currency == least.Currency }); first >= 0 {
			p.Add(at+".currency", "%q has a minimum already, %s[%d]", least.Currency, path, first)
		}
		p.match(at+".basis.exclude", &least.Basis.Exclude)
	}
}

func (p *Problems) combination(path string, parts []Pieces) {
	if len(parts) > maxCombination {
		p.Add(path, "at most %d parts fit a combination, here are %d", maxCombination, len(parts))
		return
	}
	for i := range parts {
		at := fmt.Sprintf("%s[%d]", path, i)
		p.match(at+".match", &parts[i].Match)
		if parts[i].Quantity < 0 || parts[i].Quantity > MaxQuantity {
			p.Add(at+".quantity", "%d is not a number of pieces from 0 to %d", parts[i].Quantity, MaxQuantity)
		}
	}
}

func (p *Problems) attributes(path string, attributes map[string][]string) {
	if len(attributes) > maxAttributes {
		p.Add(path, "at most %d attributes fit, here are %d", maxAttributes, len(attributes))
		return
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		if err := CheckID(name, maxIDBytes); err != nil {
			p.Add(path, "the name %q %v", Clip(name), err)
			continue
		}
		at := path + "." + Clip(name)
		if len(attributes[name]) == 0 || len(attributes[name]) > maxListed {
			p.Add(at, "give 1 to %d values", maxListed)
			continue
		}
		for i, value := range attributes[name] {
			if err := CheckID(value, maxValueBytes); err != nil {
				p.Add(fmt.Sprintf("%s[%d]", at, i), "%v", err)
			}
		}
	}
}
