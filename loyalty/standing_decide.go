package loyalty

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// closedLag and baseLag are how many days a member's state is behind, at most, when
// something is counted: how much of it is decided again each time.
const (
	closedLag = 31
	baseLag   = 31
)

// TierChange is a change of a member's tier on a ladder, of what was told of it last to what
// holds now, whatever came between.
type TierChange struct {
	// Ladder is the code of the ladder.
	Ladder string `json:"ladder"`
	// Kind is one of those of package tiers, [Corrected] or [Opened].
	Kind tiers.ChangeKind `json:"kind"`
	// From and To are tiers, empty for none. To is held since Since and until Until,
	// exclusive: starts of days of the program's zone, and points.Never for no end. Both
	// are zero without To.
	From  string    `json:"from,omitempty"`
	To    string    `json:"to,omitempty"`
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
	// Granted is set where To is held by a match or an override.
	Granted bool `json:"granted,omitempty"`
	// Entered lists the tiers that were entered, the lowest first, whose entry benefits
	// were given, and Undone those that turned out not to have been, whose benefits
	// were taken back.
	Entered []string `json:"entered,omitempty"`
	Undone  []string `json:"undone,omitempty"`
	// Rewards are those of the catalog that entering gave, and Missed those that were out
	// of stock. UndoneRewards are those that were taken back, and KeptRewards those that
	// were not, since they had been fulfilled or used.
	Rewards       []EntryReward `json:"rewards,omitempty"`
	Missed        []EntryReward `json:"missed,omitempty"`
	UndoneRewards []EntryReward `json:"undoneRewards,omitempty"`
	KeptRewards   []EntryReward `json:"keptRewards,omitempty"`
}

// Corrected is the kind of a change of the same tier that neither keeps nor ends it:
// of its dates, or of what was entered, because something was counted late.
const Corrected tiers.ChangeKind = "corrected"

// restood reports whether the account knows the ladders of an instant, and counts all
// that they ask for.
func (a *account) restood(e *Engine, now time.Time) bool {
	if len(e.epochs) == 0 || a.row.Kind != storage.Person || a.row.Status == storage.Closed || !a.exists {
		return true
	}
	i := a.recordAt(standingKind, standingID)
	return i >= 0 && a.records[i].exists && a.records[i].row.Sort == e.epochAt(now).label()
}

// restand lets an account adopt the ladders that hold.
func (d *deciding) restand(c *call, a *account, now time.Time) error {
	if a.restood(d.engine, now) {
		return nil
	}
	tx, err := d.systemTx(c, a, restandType, now)
	if err != nil {
		return err
	}
	if err := tx.adopt(); err != nil {
		return err
	}
	if tx.failed != nil {
		return tx.failed
	}
	_, err = d.seal(c, tx)
	return err
}

// adopt makes a state for the ladders that hold now, from the ledger where they ask
// for what was not counted so far.
func (p *Party) adopt() error {
	state, err := p.standing()
	if err != nil {
		return err
	}
	if state == nil {
		state = p.newStanding()
	}
	state = state.clone()
	if p.lacks(state) {
		if err := p.recount(); err != nil {
			return err
		}
		state.Kept, state.Metrics = 0, p.tx.deciding.engine.kept.metrics
	}
	return p.decideStanding(state, true)
}

func (p *Party) newStanding() *standingState {
	return &standingState{Enrolled: tiers.DayOf(p.row.EnrolledAt, p.tx.rev.zone), Metrics: p.tx.deciding.engine.kept.metrics}
}

// lacks reports whether the counts of days miss something: a metric that was not
// counted by the day before, days that a window asks for, or what a binary counted
// that did not know the ladders.
func (p *Party) lacks(state *standingState) bool {
	engine := p.tx.deciding.engine
	for _, metric := range engine.kept.metrics {
		if p.countedBy(metric) != p.Balance(metric).Counted {
			return true
		}
	}
	if state.Kept == 0 {
		return false
	}
	return p.reach(state, p.member(state, nil)) < state.Kept
}

// member is what the ladders are evaluated with.
func (p *Party) member(state *standingState, sums tiers.Counts) tiers.Member {
	return tiers.Member{Enrolled: state.Enrolled, Anniversary: cmp.Or(state.Anniversary, state.Enrolled), Counts: sums}
}

// counted is what the ladders are evaluated with by the days of the account.
func (p *Party) counted(state *standingState) (tiers.Member, error) {
	sums, err := counts(p.row.Days)
	if err != nil {
		return tiers.Member{}, p.tx.fail(err)
	}
	return p.member(state, sums), nil
}

// reach is the first day whose counts the ladders of today can ask for, by each text that they
// have had since the day that is decided for good.
func (p *Party) reach(state *standingState, m tiers.Member) tiers.Day {
	engine := p.tx.deciding.engine
	today := p.today()
	by, _ := engine.epochOn(today)
	first := today
	for i := range by.rev.Ladders {
		code := by.rev.Ladders[i].Code
		had := state.ladder(code)
		if had == nil {
			had = &ladderState{Base: tiers.State{Since: m.Enrolled, At: max(m.Enrolled, by.day)}}
		}
		base := had.Base
		if base.At == 0 {
			base.At, base.Since = m.Enrolled, m.Enrolled
		}
		m.Grants = had.grants()
		for day := min(base.At, today); day <= today; {
			of, last := engine.epochOn(day)
			if l := of.rev.ladder(code); l != nil {
				first = min(first, l.Reach(base, &m))
			}
			day = last + 1
		}
	}
	return first
}

func (l *ladderState) grants() []tiers.Grant {
	grants := make([]tiers.Grant, len(l.Grants))
	for i := range l.Grants {
		grants[i] = l.Grants[i].Grant
	}
	return grants
}

// today is the day that the account has come to.
func (p *Party) today() tiers.Day { return tiers.DayOf(p.tx.reached(), p.tx.rev.zone) }

// maxDecisions bounds how often one commit decides a member's tiers.
const maxDecisions = 32

// decideStanding decides all ladders as of now, and again where features counted something
// when they were told of a change.
func (p *Party) decideStanding(state *standingState, store bool) error {
	for range maxDecisions {
		counted := len(p.facts)
		if err := p.decideOnce(state, store); err != nil || len(p.facts) == counted {
			return err
		}
		state, store = p.stand.clone(), true
	}
	return p.tx.fail(fmt.Errorf("loyalty: features count at every change of a tier, and no end is seen after %d decisions", maxDecisions))
}

// decideOnce decides all ladders as of now, tells what changed, gives what entering
// a tier gives, and stores the state where it must.
func (p *Party) decideOnce(state *standingState, store bool) error {
	if state.Page > 0 {
		return p.waitStanding(state, store)
	}
	engine, today := p.tx.deciding.engine, p.today()
	m, err := p.counted(state)
	if err != nil {
		return err
	}
	p.tellAged(state)
	by, last := engine.epochOn(today)
	changes := p.dropped(state, by)
	verdicts := make([]verdictOn, len(by.rev.Ladders))
	kept := make([]ladderState, len(verdicts))
	for i := range verdicts {
		l, v := &by.rev.Ladders[i], &verdicts[i]
		kept[i].Code = l.Code
		if had := state.ladder(l.Code); had != nil {
			kept[i] = *had
		}
		*v = verdictOn{party: p, ladder: l, state: &kept[i], member: m, today: today, by: by, parting: state.Parting}
		v.member.Grants = kept[i].grants()
		change, err := v.decide()
		if err != nil {
			return err
		}
		if change != nil {
			changes = append(changes, *change)
		}
		store = store || v.store
	}
	state.Ladders = kept
	if err := p.tell(changes); err != nil {
		return err
	}
	store = store || state.Quiet != "" // It holds no more.
	if !store && !p.mayBeSooner(by, today) {
		return nil
	}
	next := tiers.LastDay
	if last < tiers.LastDay {
		next = last + 1
	}
	for i := range verdicts {
		next = min(next, verdicts[i].wake, verdicts[i].ladder.NextChange(verdicts[i].now, &verdicts[i].member))
	}
	if !store && !p.duesEarlier(next) {
		return nil
	}
	if reach := p.reach(state, m); reach > state.Kept && len(p.row.Days) > 0 {
		p.row.Days, p.daysOwned, state.Kept = forgetDays(p.row.Days, reach), true, reach
	}
	state.Quiet = p.quiet(verdicts, today, next)
	due := p.dayStarts(next)
	if !state.Parting && slices.ContainsFunc(kept, func(l ladderState) bool { return l.Again }) {
		due = p.tx.reached()
	}
	return p.putStanding(state, due)
}

// dropped ends what a member had of ladders that are no more.
func (p *Party) dropped(state *standingState, by *epoch) []TierChange {
	var changes []TierChange
	for i := range state.Ladders {
		if l := &state.Ladders[i]; l.Told.Tier != "" && by.rev.ladder(l.Code) == nil {
			changes = append(changes, TierChange{Ladder: l.Code, Kind: tiers.Demoted, From: l.Told.Tier})
		}
	}
	return changes
}

// mayBeSooner reports whether what the command counted may make something happen sooner:
// what is taken back may, what is added where it rolls over, since a tier may be kept
// by it when the next period begins, and what is added beside what is counted ahead of
// today, by a zone that was further east. Otherwise what is added never makes a tier end
// sooner.
func (p *Party) mayBeSooner(by *epoch, today tiers.Day) bool {
	last := dayNumber(today)
	return slices.ContainsFunc(p.facts, func(f fact) bool { return f.amount < 0 || by.rev.rollsOver(f.metric) }) ||
		slices.ContainsFunc(p.row.Days, func(d storage.DayCount) bool { return d.Day > last })
}

// rollsOver reports whether what a period has of a metric counts in the next one.
func (r *revision) rollsOver(metric string) bool {
	return slices.ContainsFunc(r.Ladders, func(l tiers.Ladder) bool {
		return slices.ContainsFunc(l.Rollover, func(of tiers.Rollover) bool { return of.Metric == metric })
	})
}

// dayStarts is the instant at which a day starts; the last day never does.
func (p *Party) dayStarts(day tiers.Day) time.Time {
	if day >= tiers.LastDay {
		return points.Never
	}
	return day.Start(p.tx.rev.zone)
}

// duesEarlier reports whether the record must be due before it is.
func (p *Party) duesEarlier(next tiers.Day) bool {
	if next >= tiers.LastDay {
		return false
	}
	row, exists, err := p.kept(standingKind, standingID)
	return err == nil && (!exists || p.dayStarts(next).Before(row.DueAt))
}

// verdictOn decides one ladder.
type verdictOn struct {
	party  *Party
	ladder *tiers.Ladder
	state  *ladderState
	member tiers.Member
	today  tiers.Day
	by     *epoch
	// parting is set while the undoing of a merge is not finished.
	parting bool

	now   tiers.State
	store bool
	// wake is the day of the next reminder, tiers.LastDay for none.
	wake tiers.Day
	// rewards is what entering tiers gave of the catalog, or gives no more.
	rewards entryRewards
}

// settles reports whether what entering tiers gave can be settled: of a member whom the
// operation is about, and who is not just being taken out of a merge.
func (v *verdictOn) settles() bool { return v.party == v.party.tx.Party && !v.parting }

func (v *verdictOn) decide() (*TierChange, error) {
	if err := v.beforeOldFacts(); err != nil {
		return nil, err
	}
	s, from, by := v.state, v.state.Closed, v.state.ClosedBy
	again := s.Again && v.settles()
	s.Again = s.Again && !again
	if day, late := v.firstFact(); again || late && day <= from.At {
		from, by = s.Base, s.BaseBy
		v.store = true
	}
	gained, lost, err := v.undoInherited()
	if err != nil {
		return nil, err
	}
	now, _, changes := v.party.decideTo(s.Code, from, by, &v.member, v.today, true)
	v.now = now
	given, entered, undone, err := v.settleGiven(changes, from.At)
	if err != nil {
		return nil, err
	}
	told := v.told()
	reminded := s.Reminded
	v.remind(told)
	change := v.change(s.Told, told, append(entered, gained...), append(undone, lost...))
	if change != nil && slices.Contains(v.party.opened, s.Code) {
		change.Kind = Opened
	}
	v.store = v.store || change != nil || told != s.Told || s.Reminded != reminded || v.today-max(s.Closed.At, v.member.Enrolled) > closedLag
	s.Told, s.Given = told, given
	if v.store && !v.parting {
		s.Closed, s.ClosedBy, _ = v.party.decideTo(s.Code, from, by, &v.member, v.today-1, false)
		v.moveBase()
	}
	return change, nil
}

// firstFact is the first day on which this command counted something of the ladder, or
// of a challenge on it.
func (v *verdictOn) firstFact() (first tiers.Day, found bool) {
	for _, f := range v.party.facts {
		if (!found || f.day < first) && v.counts(f.metric) {
			first, found = f.day, true
		}
	}
	return first, found
}

func (v *verdictOn) counts(metric string) bool {
	of := func(n tiers.Need) bool { return n.Metric == metric }
	return v.ladder.Counts(metric) || slices.ContainsFunc(v.state.Grants, func(g grantState) bool {
		return slices.ContainsFunc(g.Challenge.All, of) || slices.ContainsFunc(g.Challenge.Any, of)
	})
}

// told is the standing as it is to be told.
func (v *verdictOn) told() toldState {
	t := toldState{Lapsed: v.now.Lapsed, Next: v.now.Next, NextFrom: v.now.NextFrom}
	if t.Tier, t.Since, t.Until, t.Granted = v.ladder.Holding(v.now, &v.member, v.today); t.Granted {
		t.Lapsed = 0
	}
	return t
}

// change says what is different for the member, nil where nothing is.
func (v *verdictOn) change(before, after toldState, entered, undone []string) *TierChange {
	c := &TierChange{
		Ladder: v.state.Code, From: before.Tier, To: after.Tier, Granted: after.Granted, Entered: entered, Undone: undone,
		Rewards: v.rewards.issued, Missed: v.rewards.missed, UndoneRewards: v.rewards.undone, KeptRewards: v.rewards.kept,
	}
	if after.Tier != "" {
		c.Since, c.Until = v.party.dayStarts(after.Since), v.party.dayStarts(after.Until)
	}
	_, was := v.ladder.Find(before.Tier)
	_, is := v.ladder.Find(after.Tier)
	switch {
	case is > was:
		c.Kind = tiers.Promoted
	case is < was || before.Tier != after.Tier:
		c.Kind = tiers.Demoted
	case after.Lapsed != 0 && before.Lapsed == 0:
		c.Kind = tiers.Lapsing
	case after.Until > before.Until || after.Lapsed == 0 && before.Lapsed != 0:
		c.Kind = tiers.Retained
	case after.Until != before.Until || after.Since != before.Since || after.Granted != before.Granted || len(entered)+len(undone) > 0:
		c.Kind = Corrected
	default:
		return nil
	}
	return c
}

// decideTo decides a ladder from a state on to the end of a day, each day by the text
// that holds on it, and returns the epoch of the last one. The first day is decided though
// nothing was counted on it, since what was told late of days before tells from then on,
// and the last one where that is asked for. Where the program was without
// the ladder, what changed before is past: the ladder begins anew.
func (p *Party) decideTo(code string, s tiers.State, by int, m *tiers.Member, to tiers.Day, last bool) (tiers.State, int, []tiers.Change) {
	engine := p.tx.deciding.engine
	var changes []tiers.Change
	for {
		day := s.At + 1
		if s.At == 0 {
			day = m.Enrolled
		}
		if day > to {
			return s, by, changes
		}
		e, ends := engine.epochOn(day)
		l := e.rev.ladder(code)
		if l == nil {
			s, by, changes = tiers.State{Since: day, At: min(to, ends)}, 0, nil
			continue
		}
		if s.At != 0 && by != e.number {
			before := engine.ladderText(by, code)
			if before == nil {
				before = l
			}
			var more []tiers.Change
			s, more = l.Adopt(s, before, m, day)
			changes, by = append(changes, more...), e.number
			continue
		}
		if s.At != 0 {
			var more []tiers.Change
			s, more = l.Decide(s, m, day)
			changes = append(changes, more...)
		}
		decide := l.Evaluate
		if last && ends >= to {
			decide = l.Decide
		}
		next, more := decide(s, m, min(to, ends))
		changes = append(changes, more...)
		s, by = next, e.number
	}
}

// tell puts changes into the row's Standing, on the receipt and among the events.
func (p *Party) tell(changes []TierChange) error {
	if len(changes) == 0 {
		return nil
	}
	p.row.Standing = slices.Clone(p.row.Standing)
	for i := range changes {
		c := &changes[i]
		p.row.Standing = slices.DeleteFunc(p.row.Standing, func(s storage.Standing) bool { return s.Ladder == c.Ladder })
		if c.To == "" {
			continue
		}
		at, _ := slices.BinarySearchFunc(p.row.Standing, c.Ladder, func(s storage.Standing, code string) int {
			return strings.Compare(s.Ladder, code)
		})
		p.row.Standing = slices.Insert(p.row.Standing, at, storage.Standing{Ladder: c.Ladder, Tier: c.To, Since: c.Since, Until: c.Until})
	}
	p.changes = append(p.changes, changes...)
	if p != p.tx.Party {
		return nil
	}
	p.tx.receipt.Tiers = append(p.tx.receipt.Tiers, changes...)
	return p.tx.tellWatchers(changes)
}

// tellWatchers lets features act on changes.
func (tx *Tx) tellWatchers(changes []TierChange) error {
	d := tx.deciding
	for _, feature := range d.engine.options.Features {
		watcher, ok := feature.(TierWatcher)
		if !ok {
			continue
		}
		for i := range changes {
			err := d.guard(tx.call, func(ctx context.Context) error { return watcher.TierChanged(ctx, tx, changes[i]) })
			if err != nil {
				return tx.fail(fmt.Errorf("feature %q: %w", feature.Name(), err))
			}
		}
	}
	return nil
}
