package kpi

import (
	"iter"
	"slices"
)

// MemberOccasions is how often a member bought in the calendar periods after that of the
// first purchase: what models of purchases at given occasions, such as BG/BB, read.
type MemberOccasions struct {
	Member string
	// Frequency counts the periods with a purchase, Last is the number of the last of
	// them, from 1, or 0 where there was none, and Number counts all periods.
	Frequency, Last, Number int
}

// Occasions ranges over the members who were observed for at least one period after
// that of their first purchase, in order of their ids. A period that was not observed to
// its end is no occasion yet, and what was bought in it counts nowhere.
//
// Source: P. Fader, B. Hardie, J. Shang, Customer-base analysis in a discrete-time
// noncontractual setting, Marketing Science 29 (2010).
func (a *CohortAccumulator) Occasions() iter.Seq[MemberOccasions] {
	return func(yield func(MemberOccasions) bool) {
		seen, ok := a.rule.observed(&a.clock, a.newest, a.any)
		if !ok {
			return
		}
		last := seen.last
		if seen.partial {
			last--
		}
		var buffer []spell
		for _, m := range a.histories.members.byName() {
			buffer = a.histories.of(m, buffer)
			one, some := occasionsUntil(last, buffer)
			one.Member = a.histories.members.names[m]
			if some && !yield(one) {
				return
			}
		}
	}
}

// occasionsUntil counts the periods of a member up to the last that was observed.
func occasionsUntil(last int64, spells []spell) (o MemberOccasions, some bool) {
	won := slices.IndexFunc(spells, func(s spell) bool { return s.orders > 0 })
	if won < 0 || spells[won].period >= last {
		return o, false
	}
	first := spells[won].period
	o.Number = int(last - first)
	for _, s := range spells[won+1:] {
		if s.orders > 0 && s.period <= last {
			o.Frequency++
			o.Last = int(s.period - first)
		}
	}
	return o, true
}
