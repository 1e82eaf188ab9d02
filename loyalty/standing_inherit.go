package loyalty

import (
	"cmp"
	"iter"
	"slices"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// inheritedState is what a member had of a ladder who was merged into this one, or what this
// one had until then: what a refund of an order from before the merge decides again, as if
// the order had never been.
type inheritedState struct {
	// Path names who had it and through whom it came, the last one last. With is who was
	// merged into the first of them, or into the member where it is empty, when the account
	// of that one had the version Version; no With is what they had when they went.
	Path    []string `json:"p,omitempty"`
	With    string   `json:"w,omitempty"`
	Version int64    `json:"r,omitempty"`
	// On is the day of the merge. The rest is as the ladder was decided on it, and Days
	// have only what it counts.
	On          tiers.Day          `json:"d"`
	Enrolled    tiers.Day          `json:"e"`
	Anniversary tiers.Day          `json:"a,omitempty"`
	Base        tiers.State        `json:"b,omitzero"`
	BaseBy      int                `json:"bb,omitempty"`
	Days        []storage.DayCount `json:"c,omitempty"`
	Grants      []tiers.Grant      `json:"g,omitempty"`
	Given       []inheritedGiven   `json:"v,omitempty"`
}

// inheritedGiven is what somebody had for entering a tier who is one with the member now.
// Till is the last day on which the member entered it by the same, and Used the one on which
// they did as it was decided last, 0 for none. Here is set where the member was given it, for
// what turned out later to have been entered before the merge, and Owed where that is still
// to be given: now, or once a later merge is undone, by which somebody else was given it.
type inheritedGiven struct {
	givenState
	Till tiers.Day `json:"u,omitempty"`
	Used tiers.Day `json:"e,omitempty"`
	Here bool      `json:"h,omitempty"`
	Owed bool      `json:"o,omitempty"`
}

// maxInherited bounds for how many merges a ladder keeps what refunds may decide again.
const maxInherited = 20

// boundInherited drops what is too much, the oldest first: of that which has given nothing that
// is still decided, then of what others brought, and then of the member's own.
func (l *ladderState) boundInherited() {
	worth := func(inh *inheritedState) int {
		switch gave := slices.ContainsFunc(inh.Given, func(g inheritedGiven) bool {
			return inh.decidedAgain(&g) && len(g.Points)+len(g.Rewards) > 0
		}); {
		case !gave:
			return 0
		case len(inh.Path) > 0:
			return 1
		default:
			return 2
		}
	}
	for len(l.Inherited) > maxInherited {
		least := 0
		for i := range l.Inherited {
			if worth(&l.Inherited[i]) < worth(&l.Inherited[least]) {
				least = i
			}
		}
		l.Inherited = slices.Delete(l.Inherited, least, least+1)
	}
}

// inherited is what a member has of a ladder who becomes one with another, nil for nothing.
func (p *Party) inherited(state *standingState, l *ladderState, of *tiers.Ladder, earned tiers.State, on tiers.Day) *inheritedState {
	held := rankOf(of, earned.Tier)
	if held < 0 && len(l.Given) == 0 {
		return nil
	}
	inh := &inheritedState{
		On: on, Enrolled: state.Enrolled, Anniversary: cmp.Or(state.Anniversary, state.Enrolled), Base: l.Base, BaseBy: l.BaseBy,
	}
	v := verdictOn{ladder: of, state: l}
	for _, d := range p.row.Days {
		if v.counts(d.Metric) {
			inh.Days = append(inh.Days, d)
		}
	}
	for _, g := range l.Grants {
		if !g.Challenge.IsZero() && g.Until > l.Base.At {
			inh.Grants = append(inh.Grants, g.Grant)
		}
	}
	for _, g := range l.Given {
		inh.Given = append(inh.Given, inheritedGiven{givenState: g})
	}
	for rank := range held + 1 {
		code := of.Tiers[rank].Code
		if !slices.ContainsFunc(l.Given, func(g givenState) bool { return g.Tier == code }) {
			inh.Given = append(inh.Given, inheritedGiven{givenState: givenState{Tier: code, Day: l.Base.At}})
		}
	}
	return inh
}

// through is what was inherited, as the next one inherits it: the lots of what was given
// get other numbers once they are there.
func (s inheritedState) through(member string) inheritedState {
	s.Path = append(slices.Clone(s.Path), member)
	s.Given = slices.Clone(s.Given)
	for i := range s.Given {
		g := &s.Given[i]
		g.Points = slices.Clone(g.Points)
		for j := range g.Points {
			g.Points[j].Lot = min(0, -g.Points[j].Lot)
		}
		g.Used, g.Here = 0, false
	}
	return s
}

// until lets what the member had until now be decided by itself from now on.
func (l *ladderState) until(own *inheritedState, with string, version int64) {
	if own == nil {
		return
	}
	own.With, own.Version = with, version
	for i := range own.Given {
		own.Given[i].Used = own.Given[i].Day
	}
	l.Inherited, l.Given = append(l.Inherited, *own), nil
}

// of reports whether a fact was known when what was inherited was decided.
func (s *inheritedState) of(f *fact) bool {
	n := len(f.path) - len(s.Path)
	if n < 0 || !slices.Equal(f.path[n:], s.Path) {
		return false
	}
	if s.With == "" {
		return len(s.Path) > 0
	}
	return n < len(f.versions) && f.versions[n] > 0 && f.versions[n] <= s.Version
}

// decidedAgain reports whether an entry is of a day that a refund decides again.
func (s *inheritedState) decidedAgain(g *inheritedGiven) bool { return g.Day > s.Base.At }

// inherits reports whether entering a tier on a day is what a merge brought, for which
// the one who went had what entering gives. Days after one are decided: what was used up to
// it is used up.
func (v *verdictOn) inherits(tier string, day, after tiers.Day, used map[[2]int]bool) bool {
	moving := v.party.tx.absorbing()
	for i := range v.state.Inherited {
		inh := &v.state.Inherited[i]
		for j := range inh.Given {
			g := &inh.Given[j]
			spent := used[[2]int{i, j}] || g.Used != 0 && g.Used <= after
			if g.Tier != tier || spent || !moving && day > max(inh.On, g.Till) {
				continue
			}
			used[[2]int{i, j}] = true
			v.useInherited(i, j, day)
			return true
		}
	}
	return false
}

// useInherited notes on which day something inherited is used, 0 for none.
func (v *verdictOn) useInherited(i, j int, day tiers.Day) {
	had := &v.state.Inherited[i].Given[j]
	if had.Used == day && had.Till >= day {
		return
	}
	v.state.Inherited = slices.Clone(v.state.Inherited)
	inh := &v.state.Inherited[i]
	inh.Given = slices.Clone(inh.Given)
	g := &inh.Given[j]
	g.Used, g.Till, v.store = day, max(g.Till, day), true
}

// freeInherited notes that what was inherited and used after a day is used no more, apart
// from what is.
func (v *verdictOn) freeInherited(after tiers.Day, used map[[2]int]bool) {
	for i := range v.state.Inherited {
		for j := range v.state.Inherited[i].Given {
			if !used[[2]int{i, j}] && v.state.Inherited[i].Given[j].Used > after {
				v.useInherited(i, j, 0)
			}
		}
	}
}

// undoInherited decides again what merges brought, where the command takes back what was
// counted of an order that came with them. It returns the tiers that turn out to have been
// entered, whose benefits it gave, and those that turn out not to, whose benefits it
// took back.
func (v *verdictOn) undoInherited() (entered, undone []string, err error) {
	for i := range v.state.Inherited {
		if entered, err = v.giveOwed(i, entered); err != nil {
			return nil, nil, err
		}
		days, changed, err := v.withoutRefunded(&v.state.Inherited[i])
		if err != nil {
			return nil, nil, err
		}
		if !changed {
			continue
		}
		v.state.Inherited = slices.Clone(v.state.Inherited)
		inh := &v.state.Inherited[i]
		_, _, before, err := v.livedThrough(inh)
		if err != nil {
			return nil, nil, err
		}
		inh.Days, v.store = days, true
		them, now, changes, err := v.livedThrough(inh)
		if err != nil {
			return nil, nil, err
		}
		v.regrant(inh, them, now)
		less, err := v.takeInherited(inh, changes)
		if err != nil {
			return nil, nil, err
		}
		undone = append(undone, less...)
		// Of a merge that is being undone nothing is owed: what is decided next is what each
		// has alone.
		if v.settles() {
			inh.owe(before, changes)
		}
		if entered, err = v.giveOwed(i, entered); err != nil {
			return nil, nil, err
		}
	}
	return entered, undone, nil
}

// livedThrough decides what was inherited to the day of its merge, and returns also who had
// it, as they were then.
func (v *verdictOn) livedThrough(inh *inheritedState) (tiers.Member, tiers.State, []tiers.Change, error) {
	sums, err := counts(inh.Days)
	if err != nil {
		return tiers.Member{}, tiers.State{}, nil, v.party.tx.fail(err)
	}
	m := tiers.Member{Enrolled: inh.Enrolled, Anniversary: inh.Anniversary, Counts: sums, Grants: inh.Grants}
	now, _, changes := v.party.decideTo(v.state.Code, inh.Base, inh.BaseBy, &m, inh.On, true)
	return m, now, changes, nil
}

// withoutRefunded takes off what was inherited what the command takes back of it.
func (v *verdictOn) withoutRefunded(inh *inheritedState) (days []storage.DayCount, changed bool, err error) {
	days = inh.Days
	for _, f := range v.party.facts {
		if f.amount >= 0 || !inh.of(&f) || !v.counts(f.metric) {
			continue
		}
		if !changed {
			days, changed = slices.Clone(days), true
		}
		if days, err = countDay(days, f.metric, f.day, f.amount); err != nil {
			return nil, false, v.party.tx.fail(err)
		}
	}
	return days, changed, nil
}

// regrant lets the tier of theirs that was kept by a merge be what it turns out to be.
func (v *verdictOn) regrant(inh *inheritedState, them tiers.Member, now tiers.State) {
	s := v.state
	next := grantState{How: byMerge, At: v.party.tx.now, Path: inh.Path, With: inh.With}
	if next.Source = inh.With; len(inh.Path) > 0 {
		next.Source = inh.Path[len(inh.Path)-1]
	}
	k := keeping{ladder: v.ladder, state: now, member: them, survivor: v.member}
	keeps := k.grant(&next, inh.On, v.today)
	s.Grants = slices.Clone(s.Grants)
	for i := range s.Grants {
		g := &s.Grants[i]
		if g.How != byMerge || g.With != inh.With || !slices.Equal(g.Path, inh.Path) || g.Until <= v.today {
			continue
		}
		if keeps && g.Tier == next.Tier && g.Until == next.Until {
			keeps = false
			continue
		}
		had := g.Grant
		g.Had, g.Revoked, g.Until = &had, v.party.tx.now, max(g.From, v.today)
	}
	if keeps {
		s.bring(v.ladder, next, v.today)
	}
	v.member.Grants = s.grants()
}

// takeInherited takes back what was given for entering tiers that were not entered. While it
// must not, that is settled later with what else was given.
func (v *verdictOn) takeInherited(inh *inheritedState, changes []tiers.Change) (undone []string, err error) {
	entered := map[string]int{}
	for on := range eachEntered(changes) {
		entered[on.tier]++
	}
	var stay []inheritedGiven
	for i := range inh.Given {
		g := &inh.Given[i]
		if !inh.decidedAgain(g) {
			stay = append(stay, *g)
			continue
		}
		if entered[g.Tier]--; entered[g.Tier] >= 0 {
			stay = append(stay, *g)
			continue
		}
		if !v.settles() {
			v.state.Given = append(slices.Clone(v.state.Given), g.givenState)
			v.state.Again, v.store = true, true
			continue
		}
		undone = append(undone, g.Tier)
		if err := v.takeBack(&g.givenState, inh.Path); err != nil {
			return nil, err
		}
	}
	inh.Given = stay
	return undone, nil
}

// giveOwed gives what is still to be given of what was inherited, and adds the tiers to those
// entered.
func (v *verdictOn) giveOwed(i int, entered []string) ([]string, error) {
	owed := slices.ContainsFunc(v.state.Inherited[i].Given, func(g inheritedGiven) bool { return g.Owed })
	if !owed || !v.settles() {
		return entered, nil
	}
	v.state.Inherited = slices.Clone(v.state.Inherited)
	inh := &v.state.Inherited[i]
	inh.Given = slices.Clone(inh.Given)
	for j := range inh.Given {
		g := &inh.Given[j]
		if !g.Owed {
			continue
		}
		var err error
		if g.Points, g.Rewards, err = v.give(g.Tier); err != nil {
			return nil, err
		}
		g.Owed, g.Here, v.store = false, true, true
		entered = append(entered, g.Tier)
	}
	return entered, nil
}

// owe notes what entering tiers gives that are entered more often than before, such as a
// lower one anew, now that a higher one was not held then.
func (s *inheritedState) owe(before, now []tiers.Change) {
	more, had := map[string]int{}, map[givenOn]bool{}
	for on := range eachEntered(now) {
		more[on.tier]++
	}
	for on := range eachEntered(before) {
		more[on.tier]--
		had[on] = true
	}
	for on := range eachEntered(now) {
		if !had[on] && more[on.tier] > 0 {
			more[on.tier]--
			s.Given = append(slices.Clip(s.Given), inheritedGiven{givenState: givenState{Tier: on.tier, Day: on.day}, Owed: true})
		}
	}
}

// givenOn is a tier and a day on which it was entered.
type givenOn struct {
	tier string
	day  tiers.Day
}

// eachEntered lists what was entered, in order.
func eachEntered(changes []tiers.Change) iter.Seq[givenOn] {
	return func(yield func(givenOn) bool) {
		for i := range changes {
			for _, tier := range changes[i].Entered {
				if !yield(givenOn{tier, changes[i].Day}) {
					return
				}
			}
		}
	}
}

// forgetInherited drops what no refund decides again any more, since it is decided for
// good.
func (l *ladderState) forgetInherited() {
	l.Inherited = slices.DeleteFunc(slices.Clone(l.Inherited), func(inh inheritedState) bool {
		last := inh.On
		for _, g := range inh.Given {
			last = max(last, g.Till)
		}
		return l.Base.At >= last
	})
}

// path names who earned an order and through whom it came, the last one last; it is empty
// for the member's own.
func (s *orderState) path() []string {
	if s.From == "" {
		return nil
	}
	path := []string{s.From}
	for i := 1; i < len(s.Hops); i++ {
		path = append(path, s.Hops[i].From)
	}
	return path
}

// orderHop is a merge that took an order to another account: From that of a member, to the
// version Version of the other one, and Taken is what had been taken back of each award by
// then.
type orderHop struct {
	From    string          `json:"f"`
	Version int64           `json:"v"`
	Taken   []points.Amount `json:"k,omitempty"`
}

// versions lists from which version of their accounts on those of its path have had the
// order, and the member last; 0 is not known.
func (s *orderState) versions() []int64 {
	list := []int64{s.Version}
	for i := range s.Hops {
		list = append(list, s.Hops[i].Version)
	}
	if s.From != "" && len(s.Hops) == 0 {
		list = append(list, 0)
	}
	return list
}

// hop notes that an order goes from one account to the next version of another: on by a
// merge, or back to where it came from. It returns what was taken back of each award since the order had
// come, where it goes back.
func (s *orderState) hop(from, into string, version int64) (since []points.Amount) {
	taken, any := make([]points.Amount, len(s.Awards)), false
	for i := range s.Awards {
		taken[i] = s.Awards[i].Taken
		any = any || taken[i] != 0
	}
	if n := len(s.Hops) - 1; n >= 0 && s.Hops[n].From == into {
		before := s.Hops[n].Taken
		for i := range min(len(before), len(taken)) {
			taken[i] -= before[i]
		}
		s.Hops = s.Hops[:n]
		if n == 0 {
			s.From = ""
		}
		return taken
	}
	if !any {
		taken = nil
	}
	if s.From == "" || len(s.Hops) > 0 {
		s.Hops = append(slices.Clone(s.Hops), orderHop{From: from, Version: version, Taken: taken})
	}
	if s.From = cmp.Or(s.From, from); s.From == into {
		s.From, s.Hops = "", nil
	}
	return nil
}
