package tiers

// Ending is how a member loses a tier if nothing more happens.
type Ending struct {
	// Tier is lost on Day, the first day without it: To is the tier then, empty for none.
	// Where grace begins instead, To is Tier.
	Tier, To string
	Day      Day
	// Granted is set where it is held by a grant.
	Granted bool
	// Missing is what is missing to keep it, if it is counted on the days that are left of
	// [From, Day). Nothing is missing where nothing that is counted keeps it.
	Missing []Missing
	From    Day
}

// maxEndings bounds how many days Ending asks NextChange for, beside those of grants.
const maxEndings = 16

// Ending tells how the tier that counts at the end of the state's last day is lost if
// nothing more happens, by a grant that ends too. It reports false where the tier has no
// end, or is kept when its end comes. The state must be evaluated to its day.
//
// A tier that lasts while its window holds enough is looked at for as many days on which
// something leaves the window as NextChange looks at, several times over: at least 6000.
func (l *Ladder) Ending(s State, m *Member) (Ending, bool) {
	if s.At == 0 {
		return Ending{}, false
	}
	ending, ends := l.losing(s, m)
	if ends {
		ending.Missing, ending.From = l.missingBy(s, m, &ending)
	}
	return ending, ends
}

func (l *Ladder) losing(s State, m *Member) (Ending, bool) {
	if g := l.granted(m, s.At); g != nil && l.rank(g.Tier) > l.rank(s.Tier) {
		return l.losingGrant(s, m, g)
	}
	rank := l.rank(s.Tier)
	if rank == none || l.keep(rank).IsZero() {
		return Ending{}, false
	}
	for range maxEndings + 2*len(m.Grants) {
		day := l.NextChange(s, m)
		if day >= LastDay {
			return Ending{}, false
		}
		next, _ := l.Evaluate(s, m, day)
		to, _, until, granted := l.Holding(next, m, day)
		grace := next.Lapsed != 0 && s.Lapsed == 0 && l.grantedRank(m, day) < rank
		if l.rank(to) < rank || grace && to == s.Tier {
			return Ending{Tier: s.Tier, To: to, Day: day}, true
		}
		if granted || to != s.Tier || until != s.Until {
			return Ending{}, false
		}
		s = next
	}
	return Ending{}, false
}

// losingGrant is the ending of a tier that is held by a grant: by its last day nothing that
// is as high may have come.
func (l *Ladder) losingGrant(s State, m *Member, g *Grant) (Ending, bool) {
	for i := range m.Grants {
		if m.Grants[i].From <= s.At || m.Grants[i].From >= g.Until {
			continue
		}
		if then := l.granted(m, m.Grants[i].From); then.Tier != g.Tier || then.Until != g.Until {
			return Ending{}, false
		}
	}
	next, changes := l.Evaluate(s, m, g.Until)
	for i := range changes {
		if l.rank(changes[i].To) >= l.rank(g.Tier) {
			return Ending{}, false
		}
	}
	to := l.Effective(next, m, g.Until)
	return Ending{Tier: g.Tier, To: to, Day: g.Until, Granted: true}, l.rank(to) < l.rank(g.Tier)
}

// grantedRank is the highest tier that is granted on a day.
func (l *Ladder) grantedRank(m *Member, day Day) int {
	if g := l.granted(m, day); g != nil {
		return l.rank(g.Tier)
	}
	return none
}

// missingBy is what is missing to keep a tier beyond an ending, and the first day that
// counts for it.
func (l *Ladder) missingBy(s State, m *Member, ending *Ending) ([]Missing, Day) {
	e := evaluation{ladder: l, member: m, state: s}
	var missing []Missing
	var from Day
	switch {
	case ending.Granted:
		if g := l.granted(m, s.At); g.Until == ending.Day {
			from, missing = g.From, e.missing(g.Challenge, g.From, ending.Day-1, nil)
		}
	case l.End == WhileHeld && s.Lapsed == 0:
		from, _ = e.period(ending.Day)
		if from < ending.Day {
			missing = e.missingToHold(e.rank(), from, ending.Day)
		}
	default:
		missing, from, _ = e.keeping(s.At)
	}
	if len(missing) == 0 {
		return nil, 0
	}
	return missing, from
}

// before is the day that lies a span before d.
func (s Span) before(d Day) Day { return s.add(d, -1) }

// Lead returns the lead of reminders that has come for a tier that ends on a day, by
// another day: of several the one nearest to the end, and the zero Span where none has
// come, or the end has. It also returns the first day on which another one comes, LastDay
// where none does.
func (l *Ladder) Lead(ends, by Day) (lead Span, next Day) {
	next = LastDay
	if ends >= LastDay || ends <= by {
		return Span{}, next
	}
	came := FirstDay - 1
	for _, r := range l.Remind {
		switch day := r.before(ends); {
		case day > by:
			next = min(next, day)
		case day > came || day == came && r.Months < lead.Months:
			lead, came = r, day
		}
	}
	return lead, next
}

// Nearer reports whether a lead comes later than another one before a day on which a tier
// ends: the zero Span comes first of all.
func (s Span) Nearer(other Span, ends Day) bool {
	if s == (Span{}) || other == (Span{}) {
		return s != Span{} && other == (Span{})
	}
	return s.before(ends) > other.before(ends)
}
