package loyalty

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// openingOf tells how a member stands on ladders as imports take it, a page a row; none
// where they do not stand on any. What was decided is as it is stored, so that nothing is
// given twice that is given on entering a tier; what counts and was not counted so far, since
// the member has not adopted the ladders that hold, is counted from the ledger.
func (e *Engine) openingOf(ctx context.Context, member string) ([]OpeningStanding, error) {
	if len(e.epochs) == 0 {
		return nil, nil
	}
	for range e.options.Attempts {
		pages, err := e.openingAt(ctx, member)
		if !errors.Is(err, errStale) {
			return pages, err
		}
	}
	return nil, ErrContention
}

func (e *Engine) openingAt(ctx context.Context, member string) ([]OpeningStanding, error) {
	d := &deciding{engine: e, ctx: ctx, store: e.store, quote: true, alone: true, accounts: map[string]*account{}}
	request := storage.LoadRequest{Program: e.program, Member: member, Records: e.standingRefs()}
	snaps, err := d.load(ctx, []storage.LoadRequest{request})
	if err != nil || snaps[0].Account == nil || snaps[0].Account.Kind != storage.Person {
		return nil, err
	}
	if d.learn([]storage.LoadRequest{request}, snaps) != nil {
		return nil, errStale
	}
	a := d.accounts[member]
	now := later(instant(e.options.Clock()), a.row.RecordedAt)
	tx, err := d.systemTx(e.dueCall(member, now), a, restandType, now)
	if err != nil {
		return nil, err
	}
	state, err := tx.standing()
	if err != nil {
		return nil, err
	}
	if state == nil {
		state = tx.newStanding()
	}
	if !a.restood(e, now) && tx.lacks(state) {
		if err := tx.recount(); err != nil {
			return nil, err
		}
	}
	if state, err = tx.presentText(state, a.restood(e, now)); err != nil {
		return nil, err
	}
	state.fromDay(tiers.DayOf(tx.row.EnrolledAt, tx.rev.zone))
	days := tx.row.Days
	if state.Page == 0 {
		days = forgetDays(days, tx.reach(state, tx.member(state, nil)))
	}
	days = slices.DeleteFunc(slices.Clone(days), func(day storage.DayCount) bool {
		_, known := tx.rev.Unit(day.Metric)
		return !known
	})
	return state.opening(days).paged(state.Page, state.Pages), nil
}

// presentText is a state without what older texts of the ladders have and those of today do
// not: another store need not have them. It is decided for good up to the day on which those of
// today began, unless that is today, or the member has not had yet what entering tiers gives.
func (p *Party) presentText(state *standingState, adopted bool) (*standingState, error) {
	m, err := p.counted(state)
	if err != nil {
		return nil, err
	}
	state, today := state.clone(), p.today()
	by, _ := p.tx.deciding.engine.epochOn(today)
	metrics := newKept([]*revision{by.rev}).metrics
	state.Ladders = slices.DeleteFunc(state.Ladders, func(l ladderState) bool { return by.rev.ladder(l.Code) == nil })
	for i := range state.Ladders {
		l := &state.Ladders[i]
		if by.day < today && l.Base.At < by.day {
			m.Grants = l.grants()
			base, number, changes := p.decideTo(l.Code, l.Base, l.BaseBy, &m, by.day, false)
			if adopted || !l.owes(changes) {
				l.Base, l.BaseBy = base, number
			}
		}
		l.withoutTiers(by.rev.ladder(l.Code))
		l.withoutMetrics(by.rev.ladder(l.Code), metrics, m.Counts)
	}
	return state, nil
}

// fromDay lets a state be that of a member who joined on a day: who is one with somebody who
// joined before them stands on ladders since their own day, and has its anniversaries.
func (s *standingState) fromDay(joined tiers.Day) {
	if joined >= s.Enrolled {
		return
	}
	s.Anniversary = cmp.Or(s.Anniversary, s.Enrolled)
	for i := range s.Ladders {
		if l := &s.Ladders[i]; l.Base.At == 0 {
			l.Base.At = s.Enrolled - 1
		}
	}
}

// owes reports whether something has not been given yet for entering a tier.
func (l *ladderState) owes(changes []tiers.Change) bool {
	for i := range changes {
		for _, tier := range changes[i].Entered {
			if !slices.ContainsFunc(l.Given, func(g givenState) bool { return g.Tier == tier && g.Day == changes[i].Day }) {
				return true
			}
		}
	}
	return false
}

// withoutTiers drops what was granted and given of tiers that a ladder does not have.
func (l *ladderState) withoutTiers(of *tiers.Ladder) {
	gone := func(tier string) bool { return rankOf(of, tier) < 0 }
	l.Grants = slices.DeleteFunc(l.Grants, func(g grantState) bool { return gone(g.Tier) })
	l.Given = slices.DeleteFunc(l.Given, func(g givenState) bool { return gone(g.Tier) })
	for i := range l.Inherited {
		inh := &l.Inherited[i]
		inh.Given = slices.DeleteFunc(slices.Clone(inh.Given), func(g inheritedGiven) bool { return gone(g.Tier) })
	}
}

// opening is the standing for another store, with the counts of days.
func (s *standingState) opening(days []storage.DayCount) *OpeningStanding {
	o := &OpeningStanding{Anniversary: s.Anniversary}
	for _, d := range days {
		if d.Amount > 0 {
			o.Counts = append(o.Counts, OpeningCount{Metric: d.Metric, Day: dayCounted(d.Day), Amount: d.Amount})
		}
	}
	for i := range s.Ladders {
		o.Ladders = append(o.Ladders, s.Ladders[i].opening())
	}
	return o
}

// opening is how the member stands on a ladder, for another store.
func (l *ladderState) opening() OpeningLadder {
	o := OpeningLadder{Ladder: l.Code, State: l.Base, Matched: l.wasMatched()}
	for _, g := range l.Given {
		if g.Day > l.Base.At {
			o.Entered = append(o.Entered, OpeningEntry{Tier: g.Tier, Day: g.Day})
		}
	}
	for i := range l.Inherited {
		for _, g := range l.Inherited[i].Given {
			if last := max(g.Day, g.Till); last > l.Base.At {
				o.Entered = append(o.Entered, OpeningEntry{Tier: g.Tier, Day: last})
			}
		}
	}
	for i := range l.Grants {
		if g := &l.Grants[i]; g.Until > l.Base.At {
			o.Grants = append(o.Grants, OpeningGrant{By: string(g.How), Grant: g.Grant})
		}
	}
	return o
}

// paged spreads the standing over as many rows as its counts need. Where only some pages of
// so many came, none of the rows is the last, and elsewhere the next page is wanted too.
func (o *OpeningStanding) paged(came, of int) []OpeningStanding {
	if came == 0 && len(o.Counts) <= maxOpeningCounts {
		return []OpeningStanding{*o}
	}
	var pages []OpeningStanding
	for counts := range slices.Chunk(o.Counts, maxOpeningCounts) {
		pages = append(pages, OpeningStanding{Counts: counts, Page: len(pages) + 1})
	}
	all := len(pages)
	if came > 0 {
		for len(pages) < came {
			pages = append(pages, OpeningStanding{Page: len(pages) + 1})
		}
		all = max(of, len(pages)+1)
	} else {
		last := &pages[len(pages)-1]
		last.Anniversary, last.Ladders = o.Anniversary, o.Ladders
	}
	for i := range pages {
		pages[i].Pages = all
	}
	return pages
}
