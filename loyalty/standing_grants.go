package loyalty

import (
	"cmp"
	"slices"

	"github.com/loyaltykit/loyaltykit/tiers"
)

// wasMatched reports whether the member's status was ever matched on the ladder, as who
// they are or as somebody who was merged into them.
func (l *ladderState) wasMatched() bool {
	return len(l.Matched) > 0 || slices.ContainsFunc(l.Grants, func(g grantState) bool { return g.How == byMatch })
}

// noteMatch remembers a match whose grant is not kept, by who brought it. Of very many
// the last ones are noted as the member's own, which nothing takes away.
func (l *ladderState) noteMatch(source string) {
	if slices.Contains(l.Matched, source) {
		return
	}
	if len(l.Matched) >= maxGrants {
		source = ""
	}
	l.Matched = with(l.Matched, source)
}

// makeRoom lets grants that ended before what is still decided make room for n more, and
// reports whether there is room.
func (l *ladderState) makeRoom(n int) bool {
	for len(l.Grants)+n > maxGrants {
		i := slices.IndexFunc(l.Grants, func(g grantState) bool { return g.Until < l.Base.At })
		if i < 0 {
			return false
		}
		l.drop(i)
	}
	return true
}

// makeWay lets a tier that a merge keeps make way for what an actor grants, where another
// merge keeps the same as long: the one that ends first. Nobody has less by it until that
// other merge is undone.
func (l *ladderState) makeWay(today tiers.Day) bool {
	keeps := func(g *grantState) bool { return g.How == byMerge && g.Revoked.IsZero() && g.Until > today }
	first := -1
	for i := range l.Grants {
		g := &l.Grants[i]
		if !keeps(g) || first >= 0 && g.Until >= l.Grants[first].Until {
			continue
		}
		for j := range l.Grants {
			if other := &l.Grants[j]; i != j && keeps(other) && other.Tier == g.Tier && other.From <= max(g.From, today) && other.Until >= g.Until {
				first = i
				break
			}
		}
	}
	if first >= 0 {
		l.drop(first)
	}
	return first >= 0
}

func (l *ladderState) drop(i int) {
	if g := &l.Grants[i]; g.How == byMatch {
		l.noteMatch(g.Source)
	}
	l.Grants = slices.Delete(l.Grants, i, i+1)
}

// bring adds a grant that a merge brings. Where there is no room, the one gives way that
// gives least from today on.
func (l *ladderState) bring(of *tiers.Ladder, grant grantState, today tiers.Day) {
	l.Grants = append(l.Grants, grant)
	if l.makeRoom(0) {
		return
	}
	gives := func(g *grantState) int {
		if g.Until <= today {
			return -2
		}
		return rankOf(of, g.Tier)
	}
	least := 0
	for i := range l.Grants {
		a, b := &l.Grants[i], &l.Grants[least]
		if cmp.Or(cmp.Compare(gives(a), gives(b)), cmp.Compare(a.Until, b.Until), a.At.Compare(b.At)) < 0 {
			least = i
		}
	}
	l.drop(least)
}
