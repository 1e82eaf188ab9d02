package loyalty

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/points"
)

// explain says by which rules an award came about.
func (r *revision) explain(award points.Award, shares []points.Share, currency string) []RuleReceipt {
	if len(shares) == 0 {
		return nil
	}
	explained := make([]RuleReceipt, 0, len(shares))
	for _, share := range shares {
		receipt := RuleReceipt{Rule: share.Rule, Points: share.Points}
		if rule := r.rule(share.Rule); rule != nil {
			receipt.describe(rule)
			if rule.Spend != nil {
				receipt.Eligible, receipt.Currency = shortest(share.Eligible), currency
			}
		}
		explained = append(explained, receipt)
	}
	if len(shares) < len(award.Shares) {
		splitByLine(explained, award.Shares)
	}
	return explained
}

// describe fills in the parameters of a rule.
func (r *RuleReceipt) describe(rule *points.Rule) {
	r.Label, r.Weekdays = rule.Label, rule.When.Weekdays
	switch {
	case rule.Spend != nil:
		r.Rate, r.Per, r.Groups = rule.Spend.Points, shortest(rule.Spend.Per), rule.Spend.Grouping == points.WholeGroups
	case rule.Multiply.GreaterThan(decimal.Zero):
		r.Factor = shortest(rule.Multiply)
	default:
		r.Activity, r.Formula = rule.Activity, rule.Formula
	}
	if rule.Count != nil {
		r.Counted = &CountedReceipt{Nth: rule.Count.Nth, Every: rule.Count.Every, Pieces: rule.Count.Pieces}
	}
}

// splitByLine gives the rules that have several lines their shares of each.
func splitByLine(explained []RuleReceipt, shares []points.Share) {
	for i := range explained {
		var lines []LineReceipt
		for _, share := range shares {
			if share.Rule == explained[i].Rule {
				lines = append(lines, LineReceipt{Line: share.Line, Points: share.Points, Eligible: shortest(share.Eligible)})
			}
		}
		if len(lines) > 1 {
			explained[i].Lines = lines
		}
	}
}

// explainBoosts says by how much a tier multiplies, and which.
func (e *earning) explainBoosts() {
	for i := range e.tx.receipt.Awards {
		award := &e.tx.receipt.Awards[i]
		for j := range award.Rules {
			for _, boost := range e.boosts {
				if award.Rules[j].Rule == points.BoostRule && boost.unit == award.Unit {
					award.Rules[j].Factor = shortest(boost.factor)
					award.Rules[j].Found = &FoundReceipt{Tier: boost.ladder + "/" + boost.tier}
				}
			}
		}
	}
}

// explainUses says on the receipt what caps and budgets took off, how often counts
// were completed, and how far they are.
func (e *earning) explainUses(result points.Result) {
	for i := range result.Uses {
		use := &result.Uses[i]
		rule := e.rev.rule(use.Rule)
		if rule == nil {
			continue
		}
		if use.Counted > 0 {
			if progress, ok := e.env.Usage.Progress(rule, e.tx.occurred, e.rev.zone); ok {
				e.tx.receipt.Progress = append(e.tx.receipt.Progress, progress)
			}
		}
		receipt := e.receiptOf(rule, len(use.Cuts) > 0)
		if receipt == nil {
			continue
		}
		receipt.Cuts = use.Cuts
		if receipt.Counted != nil && use.Completed > 1 {
			receipt.Counted.Times = use.Completed
		}
	}
}

// receiptOf finds what the receipt says of a rule. Where caps left nothing of it
// and it is to be there, it is added.
func (e *earning) receiptOf(rule *points.Rule, wanted bool) *RuleReceipt {
	unit := rule.Unit
	if unit == "" {
		unit = e.rev.Units[0].Code
	}
	var last *AwardReceipt
	for i := range e.tx.receipt.Awards {
		award := &e.tx.receipt.Awards[i]
		if award.Unit != unit {
			continue
		}
		last = award
		for j := range award.Rules {
			if award.Rules[j].Rule == rule.Code {
				return &award.Rules[j]
			}
		}
	}
	if last == nil || !wanted {
		return nil
	}
	receipt := RuleReceipt{Rule: rule.Code}
	receipt.describe(rule)
	last.Rules = append(slices.Clip(last.Rules), receipt)
	return &last.Rules[len(last.Rules)-1]
}

// why is the sentence that a clerk reads out for a rule of an award.
func (r Receipt) why(unit string, rule *RuleReceipt) string {
	var b strings.Builder
	if rule.Label != "" {
		b.WriteString(rule.Label + ": ")
	}
	b.WriteString(rule.gives(unit, r.amount(unit, rule.Rate)))
	if rule.Weekdays != 0 {
		b.WriteString(" on " + rule.Weekdays.String())
	}
	b.WriteString(rule.counted())
	if rule.Found != nil {
		b.WriteString(rule.Found.words(rule.Currency))
	}
	for _, cut := range rule.Cuts {
		b.WriteString(", " + cut.Words(points.Unit{Code: unit, Scale: r.Scales[unit]}))
	}
	return b.String()
}

// gives says what the rule gives, and on what.
func (r *RuleReceipt) gives(unit, rate string) string {
	switch {
	case r.Rule == points.BoostRule && r.Factor.IsZero():
		return "more by the member's tier"
	case r.Per.IsPositive():
		return fmt.Sprintf("%s %s %s %s %s on %s %s", rate, unit, r.per(), r.Currency, r.Per, r.Currency, r.Eligible.StringFixed(2))
	case r.Factor.IsPositive():
		return fmt.Sprintf("× %s", r.Factor)
	}
	text := "bonus"
	if r.Counted != nil && r.Counted.Times > 1 {
		text = fmt.Sprintf("bonus, %d times,", r.Counted.Times)
	}
	if r.Formula {
		text += " by the shop's own formula"
	}
	if r.Activity != "" {
		text += " for " + r.Activity
	}
	return strings.TrimSuffix(text, ",")
}

// per says of a rate whether parts of its money earn.
func (r *RuleReceipt) per() string {
	if r.Groups {
		return "per whole"
	}
	return "per"
}

// counted says the number that the rule counts to.
func (r *RuleReceipt) counted() string {
	if r.Counted == nil {
		return ""
	}
	what := "order"
	switch {
	case r.Counted.Pieces:
		what = "piece"
	case r.Activity != "":
		what = "time"
	}
	if r.Counted.Nth > 0 {
		return fmt.Sprintf(" on the %s %s", ordinal(r.Counted.Nth), what)
	}
	return fmt.Sprintf(" on every %s %s", ordinal(r.Counted.Every), what)
}

// ordinal writes a number as "1st".
func ordinal(n int64) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return fmt.Sprintf("%d%s", n, suffix)
}

// why is the sentence that a clerk reads out for a rule's share of a line.
func (l *LineReceipt) why(rule *RuleReceipt) string {
	if l.Eligible.IsPositive() && rule.Currency != "" {
		return fmt.Sprintf("on %s %s of line %s", rule.Currency, l.Eligible.StringFixed(2), l.Line)
	}
	return "for line " + l.Line
}

// checkFormulas refuses rules with a formula that the options do not have, and
// formulas that no rule has.
func (e *Engine) checkFormulas() error {
	used := map[string]bool{}
	for _, rev := range e.revisions {
		for i := range rev.Earning {
			rule := &rev.Earning[i]
			if !rule.Formula {
				continue
			}
			used[rule.Code] = true
			if e.options.Formulas[rule.Code] == nil {
				return fmt.Errorf("loyalty: revision %d: %w", rev.number, invalid(fmt.Sprintf("earning[%d].formula", i), "Options.Formulas has no function %q", rule.Code))
			}
		}
	}
	for _, code := range slices.Sorted(maps.Keys(e.options.Formulas)) {
		if !used[code] {
			return fmt.Errorf("loyalty: Options.Formulas has %q, and no rule of that code has a formula", code)
		}
	}
	return nil
}

// attributeProblems lists what is wrong with attributes.
func attributeProblems(attributes map[string]string) points.Problems {
	var problems points.Problems
	if len(attributes) > 32 {
		problems.Add("attributes", "at most 32, has %d", len(attributes))
		return problems
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		path := fmt.Sprintf("attributes[%q]", points.Clip(name))
		if err := points.CheckID(name, 64); err != nil {
			problems.Add(path, "the name %v", err)
		}
		if err := checkText(attributes[name]); err != nil {
			problems.Add(path, "%v", err)
		} else if len(attributes[name]) > 256 {
			problems.Add(path, "must have at most 256 bytes, has %d", len(attributes[name]))
		}
	}
	return problems
}
