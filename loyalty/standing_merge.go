package loyalty

import (
	"cmp"
	"slices"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// inheritStanding lets the survivor of a merge keep what the member who goes has: a
// higher tier until its end, and what was granted. What was counted arrives with the
// entries and is decided then.
func (tx *Tx) inheritStanding(from *Party) error {
	if len(tx.deciding.engine.epochs) == 0 {
		return nil
	}
	theirs, err := from.standing()
	if err != nil || theirs == nil {
		return err
	}
	mine, err := tx.standing()
	if err != nil || mine == nil {
		return err
	}
	if err := cmp.Or(theirs.whole(from.Member()), mine.whole(tx.Party.Member())); err != nil {
		return err
	}
	mine = mine.clone()
	them, err := from.counted(theirs)
	if err != nil {
		return err
	}
	us, err := tx.counted(mine)
	if err != nil {
		return err
	}
	today := tx.today()
	by, _ := tx.deciding.engine.epochOn(today)
	for i := range by.rev.Ladders {
		l := &by.rev.Ladders[i]
		had, have := theirs.ladder(l.Code), mine.ladder(l.Code)
		if had == nil || have == nil {
			continue
		}
		if had.wasMatched() {
			have.noteMatch(from.Member())
		}
		for _, g := range had.Grants {
			if g.Until > today {
				g.Source, g.At = from.Member(), tx.now
				if g.How == byMerge {
					g.Path = append(slices.Clone(g.Path), from.Member())
				}
				have.bring(l, g, today)
			}
		}
		earned, own := from.qualified(them, had, today), tx.qualified(us, have, today)
		tx.catchUp(us, have, today)
		have.until(tx.inherited(mine, have, l, own, today), from.Member(), tx.base.row.Version)
		theirOwn := had.Inherited
		if inh := from.inherited(theirs, had, l, earned, today); inh != nil {
			theirOwn = append(slices.Clone(theirOwn), *inh)
		}
		for _, inh := range theirOwn {
			have.Inherited = append(have.Inherited, inh.through(from.Member()))
		}
		have.boundInherited()
		for _, g := range []grantState{{Path: []string{from.Member()}}, {With: from.Member()}} {
			state := earned
			if g.With != "" {
				state = own
			}
			g.How, g.At, g.Source = byMerge, tx.now, from.Member()
			if g.keeps(l, state, today, today) && !have.keepsOwn(&g) {
				have.bring(l, g, today)
			}
		}
	}
	tx.stand, tx.standChanged = mine, true
	return from.putStanding(theirs, points.Never)
}

// catchUp decides for good all that is older than the horizon, so that what arrives of
// days before it decides nothing there.
func (p *Party) catchUp(m tiers.Member, l *ladderState, today tiers.Day) {
	m.Grants = l.grants()
	l.Closed, l.ClosedBy, _ = p.decideTo(l.Code, l.Closed, l.ClosedBy, &m, today-1, false)
	by, _ := p.tx.deciding.engine.epochOn(today)
	if horizon := by.rev.horizonDay(today) - 1; horizon > l.Base.At && horizon >= m.Enrolled {
		l.Base, l.BaseBy, _ = p.decideTo(l.Code, l.Base, l.BaseBy, &m, horizon, false)
		l.Given = slices.DeleteFunc(l.Given, func(g givenState) bool { return g.Day <= horizon })
	}
}

// qualified is how the party stands on a ladder today without grants.
func (p *Party) qualified(m tiers.Member, l *ladderState, today tiers.Day) tiers.State {
	m.Grants = l.grants()
	now, _, _ := p.decideTo(l.Code, l.Closed, l.ClosedBy, &m, today, true)
	return now
}

// keeps lets a grant be of the tier that a state has on a day, from the day of a merge to its
// end, and reports whether there is one. What a window holds counts for the survivor too, and
// needs no grant.
func (g *grantState) keeps(l *tiers.Ladder, s tiers.State, on, today tiers.Day) bool {
	g.Grant = tiers.Grant{Tier: s.Tier, From: on, Until: s.Until}
	return rankOf(l, s.Tier) >= 0 && s.Until > today && s.Until < tiers.LastDay
}

// keepsOwn reports whether a merge before this one keeps the same tier of the member's own as
// long, so that many merges need no grant each.
func (l *ladderState) keepsOwn(grant *grantState) bool {
	return grant.With != "" && slices.ContainsFunc(l.Grants, func(g grantState) bool {
		return g.ofOwn() && g.Revoked.IsZero() && g.Tier == grant.Tier && g.Until == grant.Until
	})
}

// ofOwn reports whether the grant keeps a tier that the member themselves had at a merge.
func (g *grantState) ofOwn() bool { return g.How == byMerge && g.With != "" && len(g.Path) == 0 }

func rankOf(l *tiers.Ladder, tier string) int {
	_, rank := l.Find(tier)
	return rank
}
