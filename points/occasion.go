package points

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Activity is something that happened which is not an order.
type Activity struct {
	// Code is what happened, such as "birthday".
	Code string
	// Amount is how much of it, for rules that count pieces; 0 is 1.
	Amount Amount
	// Channel and Store say where, Attributes what else is known about it.
	Channel    string
	Store      string
	Attributes map[string]string
}

// Formula is a rule of the host's own: it returns what an order or activity earns
// by the rule, 0 or more, in the unit's smallest step. It must be a pure function
// of what it is given, since a quote and an award ask it separately, and an award
// again after a conflict. What it gives is a bonus: conditions, counts, caps and
// budgets of the rule apply to it as to any.
type Formula func(Occasion) (Amount, error)

// Occasion is what a [Formula] is asked about: an order or an activity.
type Occasion struct {
	Rule Rule
	// Order is nil for an activity, Activity for an order.
	Order    *Order
	Activity *Activity
	// At is when it happened, Zone the program's.
	At   time.Time
	Zone *time.Location
	// Tiers and Segments are the member's.
	Tiers    []string
	Segments []string
}

// Result is what an order or activity earns, and what that uses.
type Result struct {
	// Awards has one for each unit of which some rule applied, in the order of units.
	Awards []Award
	// Uses has what it uses of rules that count or are capped, sorted by rule.
	Uses []Use
}

// occasion is an order or an activity while it is evaluated.
type occasion struct {
	rules []Rule
	env   *Env
	// tally is what is used of rules; nil where none counts or is capped.
	tally      *tally
	channel    string
	store      string
	attributes map[string]string
	// stacks has the multipliers of one unit in stacking groups that have a name.
	stacks *stacks
	// bill and lines are those of an order, activity is what else it may be.
	order    *Order
	bill     *bill
	lines    []billLine
	activity *Activity
}

// tally collects what is used of rules that count or are capped.
type tally struct{ uses []Use }

// isFor reports whether a rule is one for orders, or for the activity.
func (o *occasion) isFor(rule *Rule) bool {
	if o.activity != nil {
		return rule.Activity == o.activity.Code
	}
	return rule.Activity == "" && (rule.Spend == nil || rule.Spend.Currency == o.bill.currency)
}

// holds reports whether the conditions of the i-th rule hold, other than those of
// single lines.
func (o *occasion) holds(i int) bool {
	rule := &o.rules[i]
	return rule.When.holds(o.env.At, o.env.Zone) && (rule.Only == nil || o.allows(rule)) && (rule.Count == nil || o.times(i) > 0)
}

// times is how often the i-th rule gives what it gives.
func (o *occasion) times(i int) int64 {
	if o.rules[i].Count == nil {
		return 1
	}
	return o.tally.use(o.rules[i].Code).Completed
}

// use returns what is used of a rule, to be changed.
func (t *tally) use(rule string) *Use {
	for j := range t.uses {
		if t.uses[j].Rule == rule {
			return &t.uses[j]
		}
	}
	t.uses = append(t.uses, Use{Rule: rule})
	return &t.uses[len(t.uses)-1]
}

// fixed reports whether the rule gives a bonus.
func (r *Rule) fixed() bool { return r.Bonus != 0 || r.Formula }

// bonus is what the i-th rule, which is fixed, gives in all.
func (o *occasion) bonus(i int) (Amount, error) {
	rule := &o.rules[i]
	each := rule.Bonus
	if rule.Formula {
		var err error
		if each, err = o.compute(rule); err != nil {
			return 0, err
		}
	}
	total, err := each.MulDiv(Amount(o.times(i)), 1)
	if err != nil {
		return 0, fmt.Errorf("points: rule %q: %w", rule.Code, err)
	}
	return total, nil
}

// compute asks the formula of a rule.
func (o *occasion) compute(rule *Rule) (Amount, error) {
	formula := o.env.Formulas[rule.Code]
	if formula == nil {
		return 0, fmt.Errorf("points: rule %q: there is no formula for it", rule.Code)
	}
	what := Occasion{Rule: *rule, At: o.env.At, Zone: o.env.Zone, Tiers: o.env.Tiers, Segments: o.env.Segments}
	if o.order != nil {
		order := *o.order
		what.Order = &order
	}
	if o.activity != nil {
		activity := *o.activity
		what.Activity = &activity
	}
	amount, err := formula(what)
	if err != nil {
		return 0, fmt.Errorf("points: rule %q: its formula: %w", rule.Code, err)
	}
	if amount < 0 || amount > maxRuleBonus {
		return 0, fmt.Errorf("points: rule %q: its formula gave %d, want 0 to %d", rule.Code, amount, maxRuleBonus)
	}
	return amount, nil
}

// sorted returns what was used, by rule.
func (t *tally) sorted() []Use {
	if t == nil {
		return nil
	}
	uses := slices.DeleteFunc(t.uses, func(u Use) bool {
		return u.Counted == 0 && u.Times == 0 && len(u.Cuts) == 0
	})
	slices.SortFunc(uses, func(a, b Use) int { return strings.Compare(a.Rule, b.Rule) })
	return uses
}

// EvaluateFact returns what an activity earns and uses: the sum of the bonuses for
// it, for each unit of which there is one.
func EvaluateFact(rules []Rule, units []Unit, activity Activity, env Env) (Result, error) {
	limited, err := computable(rules, units, &env)
	if err != nil || activity.Code == "" {
		return Result{}, err
	}
	o := occasion{
		rules: rules, env: &env, activity: &activity,
		channel: activity.Channel, store: activity.Store, attributes: activity.Attributes,
	}
	if limited {
		o.tally = &tally{}
		if err := o.count(); err != nil {
			return Result{}, err
		}
	}
	var awards []Award
	for i := range units {
		award, err := o.activityAward(units[i].Code, i == 0)
		if err != nil {
			return Result{}, err
		}
		if award.Shares != nil {
			awards = append(awards, award)
		}
	}
	return Result{Awards: awards, Uses: o.tally.sorted()}, nil
}

// activityAward adds up the bonuses of a unit. The award of a unit that has none is
// without shares.
func (o *occasion) activityAward(unit string, first bool) (Award, error) {
	award := Award{Unit: unit}
	for i := range o.rules {
		rule := &o.rules[i]
		if !rule.fixed() || !o.isFor(rule) || !rule.earns(unit, first) || !o.holds(i) {
			continue
		}
		points, err := o.bonus(i)
		if err != nil {
			return award, err
		}
		if rule.Formula && points == 0 {
			continue
		}
		if len(rule.Caps)+len(rule.Budgets) > 0 {
			if points, err = o.limit(i, o.times(i), points); err != nil {
				return award, err
			}
		}
		if award.Points, err = award.Points.Add(points); err != nil {
			return award, err
		}
		award.Shares = append(award.Shares, Share{Rule: rule.Code, Points: points})
	}
	slices.SortFunc(award.Shares, func(a, b Share) int { return cmp.Compare(a.Rule, b.Rule) })
	return award, nil
}
