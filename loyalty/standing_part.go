package loyalty

import (
	"slices"

	"github.com/loyaltykit/loyaltykit/points"
)

// What entering a tier gave, through merges and their undoing, is kept by these rules:
//
//   - Whatever an account was given is in its own Given, and a merge closes that: the account
//     that goes keeps its list as it was, and the survivor sets its own aside (Inherited).
//   - While members are one, entering a tier that one of them had brought gives nothing, and
//     what the survivor is given beside that is the survivor's.
//   - An undone merge takes both up where they were: each is decided again, from the last day
//     that was decided for good, by what is theirs alone. Entering that was given for by then
//     keeps it, other entering is given for now, and what was given for entering that was
//     not theirs is taken back.
//
// So, within the horizon, and but for what was spent: once all merges are undone each has the
// tiers, and the points for entering them, of a member whom nobody ever merged and for whom
// the same was counted. The last rule is applied once everything is back where it was, so
// that nobody's points pay for what another one returns.

// withoutGrants takes off what a member had been granted who is taken out of a merge. What it
// kept of the survivor's own tier a later merge keeps from now on that is not undone.
func (l *ladderState) withoutGrants(member string) {
	var own []grantState
	l.Grants = slices.DeleteFunc(l.Grants, func(g grantState) bool {
		if g.Source == member && g.ofOwn() && g.Revoked.IsZero() {
			own = append(own, g)
		}
		return g.Source == member
	})
	later := slices.IndexFunc(l.Inherited, func(inh inheritedState) bool { return len(inh.Path) == 0 && inh.With != "" })
	if later < 0 {
		return
	}
	for _, g := range own {
		if inh := &l.Inherited[later]; g.Until > inh.On {
			g.Source, g.With, g.From = inh.With, inh.With, max(g.From, inh.On)
			l.Grants = append(l.Grants, g)
		}
	}
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
	theirs, err := from.standing()
	if err != nil {
		return err
	}
	if theirs != nil {
		theirs = theirs.clone()
		theirs.part()
		from.stand = theirs
	}
	if mine != nil {
		mine = mine.clone()
		us, err := tx.counted(mine)
		if err != nil {
			return err
		}
		for i := range mine.Ladders {
			l := &mine.Ladders[i]
			tx.catchUp(us, l, tx.today())
			if theirs != nil {
				if had := theirs.ladder(l.Code); had != nil {
					l.handBack(had, from.Member())
				}
			}
			l.withoutGrants(from.Member())
			l.Matched = without(l.Matched, from.Member())
		}
		mine.part()
		tx.stand, tx.standChanged = mine, true
	}
	from.standChanged = theirs != nil
	return nil
}

// part lets all that is not decided for good be decided again, and leaves what entering gives
// to the end of the parting.
func (s *standingState) part() {
	s.Parting = true
	for i := range s.Ladders {
		l := &s.Ladders[i]
		l.Closed, l.ClosedBy = l.Base, l.BaseBy
	}
}

// hasParted settles what entering tiers gave, now that all is back that a merge brought.
func (p *Party) hasParted() error {
	if len(p.tx.deciding.engine.epochs) == 0 {
		return nil
	}
	state, err := p.standing()
	if err != nil || state == nil || !state.Parting {
		return err
	}
	state = state.clone()
	state.Parting = false
	p.stand, p.standChanged = state, true
	return nil
}

// handBack gives a member who is taken out of a merge what was decided again meanwhile of
// what they brought.
func (l *ladderState) handBack(theirs *ladderState, member string) {
	for i, inh := range l.Inherited {
		n := len(inh.Path) - 1
		if n < 0 && inh.With == member {
			l.takeUp(i)
		}
		if n < 0 || inh.Path[n] != member {
			continue
		}
		l.takeOver(inh.Given)
		if n > 0 || inh.With != "" {
			theirs.handBackOf(&inh, inh.Path[:n])
			continue
		}
		theirs.Given = slices.DeleteFunc(slices.Clone(theirs.Given), func(g givenState) bool { return !inh.has(g) })
	}
	theirs.Grants = slices.DeleteFunc(theirs.Grants, func(g grantState) bool { return g.How == byMerge })
	for _, g := range l.Grants {
		n := len(g.Path) - 1
		if g.How != byMerge || n < 0 || g.Path[n] != member || n == 0 && g.With == "" {
			continue
		}
		if g.Path, g.Source = g.Path[:n], g.With; n > 0 {
			g.Source = g.Path[n-1]
		}
		theirs.Grants = append(theirs.Grants, g)
	}
	l.Inherited = slices.DeleteFunc(slices.Clone(l.Inherited), func(inh inheritedState) bool {
		return inh.With == member || len(inh.Path) > 0 && inh.Path[len(inh.Path)-1] == member
	})
}

// handBackOf gives a member back what is left of what an earlier merge of their own brought,
// or of what they had until then, which has no path. What the survivor was given for it
// meanwhile is taken back there, and owed here.
func (l *ladderState) handBackOf(left *inheritedState, path []string) {
	for i := range l.Inherited {
		had := &l.Inherited[i]
		if had.With != left.With || !slices.Equal(had.Path, path) {
			continue
		}
		had.Days = left.Days
		had.Given = slices.DeleteFunc(slices.Clone(had.Given), func(g inheritedGiven) bool {
			return !left.has(g.givenState)
		})
		for _, g := range left.Given {
			if g.Here || g.Owed {
				had.Given = append(had.Given, inheritedGiven{givenState: givenState{Tier: g.Tier, Day: g.Day}, Owed: true})
				l.Again = true
			}
		}
	}
}

// has reports whether what a merge brought is still there.
func (s *inheritedState) has(g givenState) bool {
	return slices.ContainsFunc(s.Given, func(left inheritedGiven) bool {
		return !left.Here && left.Tier == g.Tier && left.Day == g.Day
	})
}

// takeOver lets what the member was given in the place of who goes be decided with the
// member's own: it stays where they entered the tier themselves.
func (l *ladderState) takeOver(list []inheritedGiven) {
	l.Given = slices.Clone(l.Given)
	for _, g := range list {
		if g.Here {
			g.Day = max(g.Day, l.Base.At+1)
			l.Given = append(l.Given, g.givenState)
		}
	}
}

// takeUp lets what was given before a merge that is undone be decided with the rest again, or
// belong to what the member had until the next merge, while there is one.
func (l *ladderState) takeUp(i int) {
	given := slices.DeleteFunc(slices.Clone(l.Inherited[i].Given), func(g inheritedGiven) bool { return g.Day <= l.Base.At })
	for later := i + 1; later < len(l.Inherited); later++ {
		if next := &l.Inherited[later]; len(next.Path) == 0 && next.With != "" {
			next.takeUp(given)
			return
		}
	}
	var own []givenState
	for _, g := range given {
		own = append(own, g.givenState)
	}
	l.Given = append(own, l.Given...)
}

// takeUp takes what was given in the place of what stands for it.
func (s *inheritedState) takeUp(given []inheritedGiven) {
	for _, g := range given {
		if !s.decidedAgain(&g) {
			continue
		}
		s.Given = slices.DeleteFunc(s.Given, func(had inheritedGiven) bool { return had.Tier == g.Tier && !s.decidedAgain(&had) })
		g.Used = g.Day
		s.Given = append(s.Given, g)
	}
}

// lotsWent lets what was given name the lots where a merge took them, or its undoing: lot of
// the party to next of another account. Those who inherit it name it by the number below 0
// until then.
func (p *Party) lotsWent(into *Party, lot, next points.LotID) error {
	return into.renumber(func(inh *inheritedState, g *givenPoints) (bool, error) {
		if inh == nil || g.Lot >= 0 || len(inh.Path) == 0 || inh.Path[len(inh.Path)-1] != p.Member() {
			return false, nil
		}
		now, err := p.whereNow(-g.Lot)
		return now.ID == lot, err
	}, next)
}

// lotsCame is lotsWent of an account to which a lot of its own came back as another one.
func (p *Party) lotsCame(lot, next points.LotID) error {
	return p.renumber(func(_ *inheritedState, g *givenPoints) (bool, error) {
		if g.Lot <= 0 {
			return false, nil
		}
		now, err := p.whereNow(g.Lot)
		return now.ID == lot, err
	}, next)
}

// renumber lets those of the points that were given name another lot.
func (p *Party) renumber(are func(*inheritedState, *givenPoints) (bool, error), lot points.LotID) error {
	if len(p.tx.deciding.engine.epochs) == 0 {
		return nil
	}
	state, err := p.standing()
	if err != nil || state == nil {
		return err
	}
	var found []*givenPoints
	err = state.eachGiven(func(inh *inheritedState, g *givenState) error {
		for i := range g.Points {
			is, err := are(inh, &g.Points[i])
			if err != nil {
				return err
			}
			if is {
				found = append(found, &g.Points[i])
			}
		}
		return nil
	})
	if err != nil || len(found) == 0 {
		return err
	}
	next := state.clone()
	err = next.eachGiven(func(_ *inheritedState, g *givenState) error {
		renumbered := slices.Clone(g.Points)
		for i := range g.Points {
			if slices.Contains(found, &g.Points[i]) {
				renumbered[i].Lot = lot
			}
		}
		g.Points = renumbered
		return nil
	})
	p.stand, p.standChanged = next, true
	return err
}
