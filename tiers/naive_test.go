package tiers_test

import (
	"slices"

	"github.com/loyaltykit/loyaltykit/tiers"
)

// fact is something that happened on a day.
type fact struct {
	day    tiers.Day
	metric string
	amount int64
}

// naive decides a ladder day by day, from all facts there are, as one would on
// paper.
type naive struct {
	ladder   tiers.Ladder
	enrolled tiers.Day
	facts    []fact
	grants   []tiers.Grant

	tier, highest int
	since, until  tiers.Day
	next          int
	nextFrom      tiers.Day
	lapsed        tiers.Day
	carried       map[string]int64
	carriedTo     tiers.Day
	log           []string
}

func (n *naive) name(tier int) string {
	if tier < 0 {
		return ""
	}
	return n.ladder.Tiers[tier].Code
}

func (n *naive) find(code string) int {
	return slices.IndexFunc(n.ladder.Tiers, func(t tiers.Tier) bool { return t.Code == code })
}

func (n *naive) say(day tiers.Day, kind tiers.ChangeKind, before int) {
	n.log = append(n.log, day.String()+" "+string(kind)+" "+n.name(before)+" "+n.name(n.tier)+" "+n.until.String())
}

func step(s tiers.Span, d tiers.Day, k int) tiers.Day {
	if s.Days != 0 {
		return d + tiers.Day(k*s.Days)
	}
	return d.AddMonths(k * s.Months)
}

// span is the period that a day is in.
func (n *naive) span(day tiers.Day) (from, end tiers.Day) {
	base := tiers.Date(1900, 1, 1)
	s := n.ladder.Window.Span
	switch n.ladder.Window.Kind {
	case tiers.Lifetime:
		return tiers.FirstDay, day + 1
	case tiers.Rolling:
		return max(tiers.FirstDay, step(s, day+1, -1)), day + 1
	case tiers.Anniversary:
		base = n.enrolled
	case tiers.TierAnniversary:
		base = n.enrolled
		if n.tier >= 0 {
			base = n.since
		}
	case tiers.Cycle:
		base = n.ladder.Window.From
	}
	k := 0
	for step(s, base, k) > day {
		k--
	}
	for step(s, base, k+1) <= day {
		k++
	}
	return step(s, base, k), step(s, base, k+1)
}

func (n *naive) met(c tiers.Condition, from, to tiers.Day, carry bool) bool {
	enough := func(need tiers.Need) bool {
		var sum int64
		for _, f := range n.facts {
			if f.metric == need.Metric && from <= f.day && f.day <= to {
				sum += f.amount
			}
		}
		if carry && n.carriedTo == from {
			sum += n.carried[need.Metric]
		}
		return sum >= need.AtLeast
	}
	all, any := true, len(c.Any) == 0
	for _, need := range c.All {
		all = all && enough(need)
	}
	for _, need := range c.Any {
		any = any || enough(need)
	}
	return all && any
}

func (n *naive) keep(tier int) tiers.Condition {
	t := n.ladder.Tiers[tier]
	if len(t.Keep.All)+len(t.Keep.Any) > 0 {
		return t.Keep
	}
	return t.Enter
}

func (n *naive) stays(tier int, from, to tiers.Day, carry bool) bool {
	kept := n.met(n.keep(tier), from, to, carry)
	if n.ladder.End == tiers.WhileHeld {
		again := n.ladder.Tiers[tier].Reenter
		kept = kept || n.met(n.ladder.Tiers[tier].Enter, from, to, carry) || !again.IsZero() && n.met(again, from, to, carry)
	}
	return kept
}

func (n *naive) ends(day tiers.Day, fresh bool) tiers.Day {
	_, end := n.span(day)
	switch {
	case n.tier < 0, n.keep(n.tier).IsZero(), n.ladder.End == tiers.WhileHeld:
		return tiers.LastDay
	case n.ladder.End == tiers.AfterSpan:
		return step(n.ladder.Lasts, day, 1)
	case n.ladder.End == tiers.EndOfNextPeriod && fresh:
		_, end = n.span(end)
	}
	return end
}

func (n *naive) up(day tiers.Day, tier int) {
	before := n.tier
	n.tier, n.since, n.lapsed = tier, day, 0
	n.highest = max(n.highest, tier)
	if n.next <= tier {
		n.next = -1
	}
	n.until = n.ends(day, true)
	n.say(day, tiers.Promoted, before)
}

func (n *naive) down(day, from, to tiers.Day, carry bool) {
	before := n.tier
	lower := before - 1
	for lower >= 0 && !n.stays(lower, from, to, carry) {
		lower--
	}
	if n.ladder.Down == tiers.OneStep {
		lower = before - 1
	}
	n.tier, n.since, n.lapsed = lower, day, 0
	n.until = n.ends(day, false)
	n.say(day, tiers.Demoted, before)
}

// fail is what happens when a tier is not kept.
func (n *naive) fail(day, from, to tiers.Day, carry bool) {
	if n.ladder.Grace == 0 {
		n.down(day, from, to, carry)
		return
	}
	n.lapsed, n.until = day, day+tiers.Day(n.ladder.Grace)
	n.say(day, tiers.Lapsing, n.tier)
}

func (n *naive) run(to tiers.Day) {
	n.tier, n.highest, n.next, n.since, n.until = -1, -1, -1, n.enrolled, tiers.LastDay
	for day := n.enrolled; day <= to; day++ {
		n.day(day)
	}
}

func (n *naive) day(day tiers.Day) {
	// What the period before leaves over.
	var left map[string]int64
	turned := false
	if from, end := n.span(day - 1); len(n.ladder.Rollover) > 0 && day > n.enrolled && end == day {
		turned = true
		left = map[string]int64{}
		for _, r := range n.ladder.Rollover {
			if n.tier < 0 {
				continue
			}
			var needed, have int64
			for _, c := range []tiers.Condition{n.ladder.Tiers[n.tier].Enter, n.keep(n.tier)} {
				for _, need := range append(append([]tiers.Need{}, c.All...), c.Any...) {
					if need.Metric == r.Metric {
						needed = max(needed, need.AtLeast)
					}
				}
			}
			for _, f := range n.facts {
				if f.metric == r.Metric && from <= f.day && f.day < day {
					have += f.amount
				}
			}
			if n.carriedTo == from {
				have += n.carried[r.Metric]
			}
			over := have - needed
			if r.Most > 0 {
				over = min(over, r.Most)
			}
			left[r.Metric] = max(0, over)
		}
	}
	if n.next >= 0 && n.nextFrom == day {
		tier := n.next
		n.next = -1
		if tier > n.tier {
			n.up(day, tier)
		}
	}
	for _, g := range n.grants {
		if g.Until == day && len(g.Challenge.All)+len(g.Challenge.Any) > 0 && n.met(g.Challenge, g.From, day-1, false) && n.find(g.Tier) > n.tier {
			n.up(day, n.find(g.Tier))
		}
	}
	if n.tier >= 0 && n.until == day {
		n.ended(day)
	}
	if turned {
		n.carried, n.carriedTo = left, day
	}
	n.counted(day)
}

func (n *naive) ended(day tiers.Day) {
	switch {
	case n.ladder.End == tiers.WhileHeld:
		from, _ := n.span(day)
		n.down(day, from, day, false)
	case n.lapsed != 0:
		from, _ := n.span(n.lapsed - 1)
		n.down(day, from, day-1, true)
	default:
		from, _ := n.span(day - 1)
		if n.met(n.keep(n.tier), from, day-1, true) {
			n.until = n.ends(day, false)
			n.say(day, tiers.Retained, n.tier)
			return
		}
		n.fail(day, from, day-1, true)
	}
}

func (n *naive) counted(day tiers.Day) {
	if n.tier < 0 && n.ladder.Tiers[0].Enter.IsZero() {
		n.up(day, 0)
	}
	from, end := n.span(day)
	best := -1
	for tier, t := range n.ladder.Tiers {
		enter := t.Enter
		if tier <= n.highest && !t.Reenter.IsZero() {
			enter = t.Reenter
		}
		if n.met(enter, from, day, true) {
			best = tier
		}
	}
	if best > n.tier {
		if n.ladder.Start != tiers.NextPeriod {
			n.up(day, best)
			return
		}
		if best > n.next {
			n.next, n.nextFrom = best, end
		}
	}
	if n.tier < 0 {
		return
	}
	kept := n.stays(n.tier, from, day, true)
	switch {
	case n.lapsed != 0:
		since := n.lapsed
		if n.ladder.End != tiers.WhileHeld {
			before, _ := n.span(since - 1)
			kept = n.met(n.keep(n.tier), before, day, true)
		}
		if kept {
			n.lapsed = 0
			if n.until = n.ends(since, false); n.until <= day {
				n.until = n.ends(day, false)
			}
			n.say(day, tiers.Retained, n.tier)
		}
	case n.ladder.End == tiers.WhileHeld && !kept:
		n.fail(day, from, day, true)
	}
	if n.ladder.End == tiers.EndOfNextPeriod && n.lapsed == 0 && n.stays(n.tier, from, day, true) {
		if until := n.ends(day, true); until > n.until {
			n.until = until
			n.say(day, tiers.Retained, n.tier)
		}
	}
}
