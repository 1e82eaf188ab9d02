package loyalty

import (
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
	mine = mine.clone()
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
				have.bring(l, g, today)
			}
		}
		earned, err := from.qualified(theirs, had, today)
		if err != nil {
			return err
		}
		own, err := tx.qualified(mine, have, today)
		if err != nil {
			return err
		}
		if rankOf(l, earned.Tier) > rankOf(l, own.Tier) && earned.Until > today {
			have.bring(l, grantState{
				Grant: tiers.Grant{Tier: earned.Tier, From: today, Until: earned.Until}, How: byMerge, At: tx.now, Source: from.Member(),
			}, today)
		}
	}
	tx.stand, tx.standChanged = mine, true
	return from.putStanding(theirs, points.Never)
}

// qualified is how the party stands on a ladder today without grants.
func (p *Party) qualified(state *standingState, l *ladderState, today tiers.Day) (tiers.State, error) {
	sums, err := counts(p.row.Days)
	if err != nil {
		return tiers.State{}, p.tx.fail(err)
	}
	m := p.member(state, sums)
	m.Grants = l.grants()
	now, _, _ := p.decideTo(l.Code, l.Closed, l.ClosedBy, &m, today, true)
	return now, nil
}

func rankOf(l *tiers.Ladder, tier string) int {
	_, rank := l.Find(tier)
	return rank
}

// partStanding takes back from the survivor what a member who is taken out of a merge
// brought, and lets that member's tiers be decided again.
func (tx *Tx) partStanding(from *Party) error {
	if len(tx.deciding.engine.epochs) == 0 {
		return nil
	}
	mine, err := tx.standing()
	if err != nil {
		return err
	}
	if mine != nil {
		mine = mine.clone()
		for i := range mine.Ladders {
			l := &mine.Ladders[i]
			var own []grantState
			for _, g := range l.Grants {
				if g.Source != from.Member() {
					own = append(own, g)
				}
			}
			l.Grants = own
			l.Matched = without(l.Matched, from.Member())
		}
		tx.stand, tx.standChanged = mine, true
	}
	theirs, err := from.standing()
	if err != nil || theirs == nil {
		return err
	}
	from.standChanged = true
	return nil
}
