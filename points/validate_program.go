package points

import (
	"fmt"
	"slices"
	"time"
)

const (
	maxUnits     = 64
	maxRules     = 1000
	maxMatched   = 10_000
	maxSpan      = 1200
	maxPriority  = 1_000_000
	minYear      = 1970
	maxYear      = 9998
	maxRuleBonus = Amount(1_000_000_000_000_000)
)

// ValidateUnits reports every problem of a program's units: of each alone, and
// codes that occur twice. Paths start with path.
func ValidateUnits(path string, units []Unit) Problems {
	var p Problems
	if len(units) > maxUnits {
		p.Add(path, "at most %d units fit a program, here are %d", maxUnits, len(units))
		return p
	}
	for i, unit := range units {
		at := fmt.Sprintf("%s[%d]", path, i)
		p = append(p, ValidateUnit(at, unit)...)
		if first := slices.IndexFunc(units[:i], func(u Unit) bool { return u.Code == unit.Code }); first >= 0 {
			p.Add(at+".code", "%q is already the code of %s[%d]", unit.Code, path, first)
		}
	}
	return p
}

// ValidateUnit reports every problem of a unit. Paths start with path.
func ValidateUnit(path string, u Unit) Problems {
	var p Problems
	if problem := codeProblem(u.Code); problem != "" {
		p.Add(path+".code", "%s", problem)
	}
	if u.Scale < 0 || u.Scale > MaxScale {
		p.Add(path+".scale", "%d is not a number of decimals from 0 to %d", u.Scale, MaxScale)
	}
	switch u.Kind {
	case Spendable:
		p = append(p, ValidateExpiry(path+".expiry", u.Expiry)...)
		p = append(p, ValidateActivation(path+".pending", u.Pending)...)
		p = append(p, ValidateInactivity(path+".inactivity", u.Inactivity)...)
		p.optionalSpan(path+".grace", u.Grace)
		p.optionalSpan(path+".reinstate", u.Reinstate)
	case Metric:
		if u.Inactivity != nil || u.Grace != (Span{}) || u.Reinstate != (Span{}) {
			p.Add(path, "a metric never expires: leave out \"inactivity\", \"grace\" and \"reinstate\"")
		}
		if u.Expiry != (Expiry{}) {
			p.Add(path+".expiry", "a metric never expires: leave it out")
		}
		if u.Pending != (Activation{}) {
			p.Add(path+".pending", "a metric counts at once: leave it out")
		}
	default:
		p.Add(path+".kind", "%q is not a kind: leave it out for points to spend, or say %q", u.Kind, Metric)
	}
	return p
}

// ValidateActivation reports every problem of an activation. Paths start with
// path.
func ValidateActivation(path string, a Activation) Problems {
	var p Problems
	p.boundary(path+".boundary", a.Boundary)
	switch {
	case a.Confirm && (a.Window != Span{} || a.Boundary != EndOfDay):
		p.Add(path, "\"confirm\" excludes \"window\" and \"boundary\"")
	case a.Window != Span{}:
		p.span(path+".window", a.Window)
	case a.Boundary != EndOfDay:
		p.Add(path+".boundary", "there is no window to round: leave it out, or give a \"window\"")
	}
	return p
}

func (p *Problems) span(path string, s Span) {
	if s.N < 1 || s.N > maxSpan {
		p.Add(path+".n", "%d is not a number from 1 to %d", s.N, maxSpan)
	}
	switch s.Unit {
	case Days, Weeks, Months, Years:
	default:
		p.Add(path+".unit", "%q is not a unit of time: say %q, %q, %q or %q", s.Unit, Days, Weeks, Months, Years)
	}
}

func (p *Problems) boundary(path string, b Boundary) {
	switch b {
	case EndOfDay, Exact, EndOfMonth, EndOfQuarter, EndOfYear:
	default:
		p.Add(path, "%q is not a boundary: leave it out for the end of the day, or say %q, %q, %q or %q",
			b, Exact, EndOfMonth, EndOfQuarter, EndOfYear)
	}
}

// ValidateRules reports every problem of a program's earning rules: of each
// alone, and codes that occur twice. Paths start with path.
func ValidateRules(path string, rules []Rule, units []Unit) Problems {
	var p Problems
	if len(rules) > maxRules {
		p.Add(path, "at most %d rules fit a program, here are %d", maxRules, len(rules))
		return p
	}
	seen := make(map[string]int, len(rules))
	for i, rule := range rules {
		at := fmt.Sprintf("%s[%d]", path, i)
		p = append(p, ValidateRule(at, rule, units)...)
		if first, ok := seen[rule.Code]; ok {
			p.Add(at+".code", "%q is already the code of %s[%d]", rule.Code, path, first)
			continue
		}
		seen[rule.Code] = i
	}
	return p
}

// ValidateRule reports every problem of a rule for the given units. Paths start
// with path.
func ValidateRule(path string, r Rule, units []Unit) Problems {
	var p Problems
	if problem := codeProblem(r.Code); problem != "" {
		p.Add(path+".code", "%s", problem)
	}
	if r.Label != "" {
		if err := CheckID(r.Label, maxIDBytes); err != nil {
			p.Add(path+".label", "%v", err)
		}
	}
	if r.Code == BoostRule {
		p.Add(path+".code", "%q is what receipts call a tier's multiplier: choose another", BoostRule)
	}
	if r.Unit != "" && !slices.ContainsFunc(units, func(u Unit) bool { return u.Code == r.Unit }) {
		p.Add(path+".unit", "%q is not a unit of the program", r.Unit)
	}
	p.gives(path, &r)
	if r.Activity != "" {
		p.activity(path, &r)
	}
	p.match(path+".match", &r.Match)
	p.when(path+".when", &r.When)
	p.only(path+".only", &r)
	p.count(path+".count", r.Count)
	p.caps(path+".caps", r.Caps, periods)
	p.caps(path+".budgets", r.Budgets, periods[1:])
	p.stacks(path+".stack", &r)
	p.ruleExpiry(path+".expiry", &r, units)
	if r.Priority < -maxPriority || r.Priority > maxPriority {
		p.Add(path+".priority", "%d is not between -%d and %d", r.Priority, maxPriority, maxPriority)
	}
	return p
}

func (p *Problems) gives(path string, r *Rule) {
	kinds := 0
	if r.Spend != nil {
		kinds++
		p.spend(path+".spend", r.Spend)
	}
	if !r.Multiply.IsZero() {
		kinds++
		if problem := factorProblem(r.Multiply); problem != "" {
			p.Add(path+".multiply", "%s", problem)
		}
	}
	if r.Bonus != 0 {
		kinds++
		if r.Bonus < 0 || r.Bonus > maxRuleBonus {
			p.Add(path+".bonus", "%d is not a bonus from 1 to %d", r.Bonus, maxRuleBonus)
		}
	}
	if r.Formula {
		kinds++
	}
	if kinds != 1 {
		p.Add(path, "give exactly one of \"spend\", \"multiply\", \"bonus\" and \"formula\", here are %d", kinds)
	}
}

func (p *Problems) spend(path string, s *SpendRate) {
	if s.Points < 1 || s.Points > maxRuleBonus {
		p.Add(path+".points", "%d is not a number of points from 1 to %d", s.Points, maxRuleBonus)
	}
	if problem := moneyProblem(s.Per); problem != "" {
		p.Add(path+".per", "%s", problem)
	} else if s.Per.IsZero() {
		p.Add(path+".per", "must be above 0")
	}
	if problem := currencyProblem(s.Currency); problem != "" {
		p.Add(path+".currency", "%s", problem)
	}
	if !s.Rounding.valid() {
		p.Add(path+".rounding", "%q is not a rounding: leave it out to round down, or say %q, %q or %q", s.Rounding, HalfEven, HalfUp, Ceil)
	}
	if s.Grouping != Proportional && s.Grouping != WholeGroups {
		p.Add(path+".grouping", "%q is not a grouping: leave it out for proportional, or say %q", s.Grouping, WholeGroups)
	}
	p.match(path+".basis.exclude", &s.Basis.Exclude)
}

func (p *Problems) activity(path string, r *Rule) {
	if problem := codeProblem(r.Activity); problem != "" {
		p.Add(path+".activity", "%s", problem)
	}
	if !r.fixed() {
		p.Add(path+".activity", "an activity earns a bonus: give \"bonus\" or \"formula\"")
	}
	if !r.Match.IsZero() {
		p.Add(path+".match", "an activity has no lines to match: leave it out")
	}
}

// ValidateMatch reports every problem of a match. Paths start with path.
func ValidateMatch(path string, m Match) Problems {
	var p Problems
	p.match(path, &m)
	return p
}

func (p *Problems) match(path string, m *Match) {
	if n := len(m.Items) + len(m.Categories) + len(m.Tags); n > maxMatched {
		p.Add(path, "at most %d items, categories and tags fit a match, here are %d", maxMatched, n)
		return
	}
	p.texts(path+".items", m.Items)
	p.texts(path+".categories", m.Categories)
	p.texts(path+".tags", m.Tags)
}

func (p *Problems) instant(path string, t time.Time) {
	if !t.IsZero() && (t.Year() < minYear || t.Year() > maxYear) {
		p.Add(path, "the year must be %d to %d", minYear, maxYear)
	}
}
