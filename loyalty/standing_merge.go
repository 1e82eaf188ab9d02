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
			k := keeping{ladder: l, state: earned, member: them, survivor: us}
			if g.With != "" {
				k.state, k.member = own, us
			}
			g.How, g.At, g.Source = byMerge, tx.now, from.Member()
			if k.grant(&g, today, today) && !have.keepsOwn(&g) {
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

// keeping is a tier that a merge keeps for the survivor: that of a member, by the state in
// which the ladder has them.
type keeping struct {
	ladder           *tiers.Ladder
	state            tiers.State
	member, survivor tiers.Member
}

// grant lets a grant be of the tier from a day to its end, and reports whether there is one.
// Where the survivor has the tier as long by what was counted alone, it needs none, and a
// revision may ask more for it.
func (k *keeping) grant(g *grantState, on, today tiers.Day) bool {
	g.Grant = tiers.Grant{Tier: k.state.Tier, From: on, Until: k.state.Until}
	rank := rankOf(k.ladder, g.Tier)
	if rank < 0 || k.state.Until < tiers.LastDay {
		return rank >= 0 && g.Until > today
	}
	if k.ladder.Tiers[rank].Enter.IsZero() {
		return false // Everybody has it.
	}
	g.Until = lastsOn(k.ladder, k.state, &k.member)
	return g.Until > today && !k.counted(rank, g.Until, on)
}

// counted reports whether what was counted of the member makes the survivor have the tier as
// long, whatever else was counted of the survivor: whether they enter it for the first time
// or come back to it. It does not tell that of a ladder whose excess rolls over, since a higher
// tier leaves less over.
func (k *keeping) counted(rank int, until, on tiers.Day) bool {
	if len(k.ladder.Rollover) > 0 {
		return false
	}
	back := *k.ladder
	back.Tiers = slices.Clone(back.Tiers)
	for i := range back.Tiers {
		if tier := &back.Tiers[i]; !tier.Reenter.IsZero() {
			tier.Enter = tier.Reenter
		}
	}
	return k.countedFor(k.ladder, rank, until, on) && k.countedFor(&back, rank, until, on)
}

// countedFor reports it of somebody who never had a tier of a ladder.
func (k *keeping) countedFor(l *tiers.Ladder, rank int, until, on tiers.Day) bool {
	m := tiers.Member{Enrolled: k.survivor.Enrolled, Anniversary: k.survivor.Anniversary, Counts: k.member.Counts}
	alone := tiers.State{Since: m.Enrolled, At: on - 1}
	if alone.At < m.Enrolled {
		alone.At = 0
	}
	alone, _ = l.Decide(alone, &m, on)
	return rankOf(l, alone.Tier) >= rank && lastsOn(l, alone, &m) >= until
}

// lastsOn is the first day without the tier of a state if nothing more happens.
func lastsOn(l *tiers.Ladder, s tiers.State, m *tiers.Member) tiers.Day {
	if s.Until < tiers.LastDay || l.End != tiers.WhileHeld {
		return s.Until
	}
	own := *m
	own.Grants = nil
	ending, ends := l.Ending(s, &own)
	if !ends {
		return tiers.LastDay
	}
	if ending.To == ending.Tier {
		return min(tiers.LastDay, ending.Day+tiers.Day(l.Grace))
	}
	return ending.Day
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
