package loyalty

import (
	"slices"

	"github.com/loyaltykit/loyaltykit/tiers"
)

// withoutMetrics lets what was granted and carried over do without metrics that no ladder of
// today counts, since another store need not count them. A challenge that such a metric still
// has to meet cannot be met there: the tier ends with its days. One that nothing is left of,
// since they all met it, makes the tier the member's own when its days are over.
func (l *ladderState) withoutMetrics(of *tiers.Ladder, counted []string, counts tiers.Counts) {
	gone := func(n tiers.Need) bool { return !slices.Contains(counted, n.Metric) }
	l.Base.Carried = slices.DeleteFunc(slices.Clone(l.Base.Carried), gone)
	for i := range l.Grants {
		g := &l.Grants[i].Grant
		if !slices.ContainsFunc(g.Challenge.All, gone) && !slices.ContainsFunc(g.Challenge.Any, gone) {
			continue
		}
		challenge, possible := portable(g, gone, counts)
		g.Challenge = challenge
		if possible && challenge.IsZero() && rankOf(of, g.Tier) > max(rankOf(of, l.Base.Tier), rankOf(of, l.Base.Next)) && g.Until > l.Base.At {
			l.Base.Next, l.Base.NextFrom = g.Tier, g.Until
		}
	}
}

// portable is what is left of a challenge without metrics that are gone, and whether it can
// still be met.
func portable(g *tiers.Grant, gone func(tiers.Need) bool, counts tiers.Counts) (left tiers.Condition, possible bool) {
	met := func(n tiers.Need) bool { return counts.Sum(n.Metric, g.From, g.Until-1) >= n.AtLeast }
	for _, n := range g.Challenge.All {
		switch {
		case !gone(n):
			left.All = append(left.All, n)
		case !met(n):
			return tiers.Condition{}, false
		}
	}
	if slices.ContainsFunc(g.Challenge.Any, func(n tiers.Need) bool { return gone(n) && met(n) }) {
		return left, true
	}
	left.Any = slices.DeleteFunc(slices.Clone(g.Challenge.Any), gone)
	if len(left.Any) == 0 && len(g.Challenge.Any) > 0 {
		return tiers.Condition{}, false
	}
	return left, true
}
