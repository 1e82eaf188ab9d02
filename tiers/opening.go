package tiers

import (
	"cmp"
	"fmt"

	"github.com/loyaltykit/loyaltykit/points"
)

// Opening completes the state that a member brings from another system, as it was at the end
// of the day State.At, and lists every problem of it with the path of its field under path.
// At must be set, and be no day before the member enrolled; Since must be neither, nor after
// At, and Until and NextFrom are after At.
//
// What is left out is filled in: Since is At, Highest is the tier, Until is the end of a tier
// that started or was kept on Since, and CarriedTo starts the period of At. A tier that
// lasts while its window holds enough, or that takes everybody, has no Until to say.
func (l *Ladder) Opening(path string, s State, m *Member) (State, points.Problems) {
	v := &validation{}
	rank := l.openingTiers(v, path, &s)
	if s.At < m.Enrolled {
		v.add(path+".at", "%s is before the member enrolled (%s)", s.At, m.Enrolled)
	}
	if (s.Next == "") != (s.NextFrom == 0) || s.Next != "" && s.NextFrom <= s.At {
		v.add(path+".nextFrom", "goes with a next tier, and is after %s", s.At)
	}
	if s.Tier == "" && (s.Until != 0 && s.Until != LastDay || s.Lapsed != 0) {
		v.add(path+".tier", "is missing: until and lapsed go with one")
	}
	for i, carried := range s.Carried {
		if carried.AtLeast <= 0 {
			v.add(fmt.Sprintf("%s.carried[%d].atLeast", path, i), "%d: must be above 0", carried.AtLeast)
		}
	}
	if len(s.Carried) > 0 && !l.Window.periodic() {
		v.add(path+".carried", "window %q has no periods: leave it out", l.Window.Kind)
	}
	if len(v.problems) == 0 && rank > none {
		l.openingDates(v, path, &s, m)
	}
	if len(v.problems) == 0 && len(s.Carried) > 0 && s.CarriedTo == 0 {
		e := evaluation{ladder: l, member: m, state: s}
		s.CarriedTo, _ = e.period(s.At)
	}
	return s, v.problems
}

// openingTiers checks the tiers of a state, and returns the rank of the one that is held.
func (l *Ladder) openingTiers(v *validation, path string, s *State) int {
	known := func(field, code string) int {
		rank := l.rank(code)
		if code != "" && rank == none {
			v.add(path+field, "%q is not a tier of ladder %q", points.Clip(code), l.Code)
		}
		return rank
	}
	rank := known(".tier", s.Tier)
	if highest := known(".highest", s.Highest); highest > none && highest < rank {
		v.add(path+".highest", "%q is below the tier %q", s.Highest, s.Tier)
	}
	s.Highest = cmp.Or(s.Highest, s.Tier)
	if next := known(".next", s.Next); next > none && next <= rank {
		v.add(path+".next", "%q is not above the tier %q", s.Next, s.Tier)
	}
	return rank
}

// openingDates completes the dates of a tier, and checks them.
func (l *Ladder) openingDates(v *validation, path string, s *State, m *Member) {
	if s.Since == 0 {
		s.Since = s.At
	}
	if s.Since < m.Enrolled || s.Since > s.At {
		v.add(path+".since", "%s must be from %s, when the member enrolled, to %s", s.Since, m.Enrolled, s.At)
		return
	}
	if s.Lapsed != 0 && (s.Lapsed < s.Since || s.Lapsed > s.At) {
		v.add(path+".lapsed", "%s must be from %s to %s", s.Lapsed, s.Since, s.At)
		return
	}
	if s.Lapsed != 0 && l.Grace == 0 && s.Until == 0 {
		v.add(path+".lapsed", "ladder %q has no days of grace: say in until when those end that an earlier text of it began", l.Code)
		return
	}
	e := evaluation{ladder: l, member: m, state: *s}
	switch {
	case s.Until != 0:
	case s.Lapsed != 0:
		s.Until = s.Lapsed + Day(l.Grace)
	default:
		s.Until = e.until(s.Since)
	}
	switch lasts := s.Lapsed == 0 && (l.End == WhileHeld || e.endless()); {
	case s.Until <= s.At:
		v.add(path+".until", "%s is not after %s: say until when the member has the tier", s.Until, s.At)
	case s.Until > LastDay:
		v.add(path+".until", "the year must be 1970 to 9999")
	case s.Lapsed != 0 && s.Until > s.Lapsed+maxGrace:
		v.add(path+".until", "%s is more than %d days after %s, when the tier lapsed", s.Until, maxGrace, s.Lapsed)
	case lasts && s.Until != LastDay:
		v.add(path+".until", "leave it out: %q of ladder %q lasts as long as it is kept", s.Tier, l.Code)
	}
}
