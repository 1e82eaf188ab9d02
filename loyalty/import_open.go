package loyalty

import (
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// openedState is what a ladder was opened with, for the time since At. By is the epoch whose
// text decided it.
type openedState struct {
	At    time.Time   `json:"t"`
	By    int         `json:"b,omitempty"`
	State tiers.State `json:"s,omitzero"`
}

// open lets the member stand as in the other system.
func (o *OpeningStanding) open(tx *Tx, reference string) error {
	state, err := tx.standingToOpen()
	if err != nil {
		return err
	}
	if err := o.turn(state); err != nil {
		return err
	}
	for i, count := range o.Counts {
		if err := tx.openCount(fmt.Sprintf("standing.counts[%d]", i), count, reference); err != nil {
			return err
		}
	}
	tx.stand, tx.standChanged = state, true
	if o.more() {
		return nil
	}
	if err := o.celebrate(tx, state); err != nil {
		return err
	}
	for i := range o.Ladders {
		if err := o.Ladders[i].open(tx, state, fmt.Sprintf("standing.ladders[%d]", i)); err != nil {
			return err
		}
	}
	if !tx.lacks(state) {
		return nil
	}
	if err := tx.recount(); err != nil {
		return err
	}
	state.Kept, state.Metrics = 0, tx.deciding.engine.kept.metrics
	return nil
}

// standingToOpen is the member's state, a new one for who joins with the command.
func (tx *Tx) standingToOpen() (*standingState, error) {
	if len(tx.deciding.engine.epochs) == 0 {
		return nil, invalid("standing", "the program has no ladders")
	}
	if tx.base.exists {
		return tx.standingOfPerson()
	}
	return tx.newStanding(), nil
}

// turn goes on to the next page of the standing, which must be this one.
func (o *OpeningStanding) turn(state *standingState) error {
	if page := max(1, o.Page); page != state.Page+1 {
		return invalid("standing.page", "page %d is wanted, this is %d of %d: import the pages of a member in order", state.Page+1, o.Page, o.Pages)
	}
	if state.Page > 0 && state.Pages > 0 && o.Pages != state.Pages {
		return invalid("standing.pages", "%d: the pages before are of %d: import those of one export", o.Pages, state.Pages)
	}
	if state.Page, state.Pages = state.Page+1, o.Pages; !o.more() {
		state.Page, state.Pages = 0, 0
	}
	return nil
}

// waitStanding keeps a state whose pages have not all come.
func (p *Party) waitStanding(state *standingState, store bool) error {
	if !store {
		return nil
	}
	state.Quiet = ""
	return p.putStanding(state, points.Never)
}

// whole refuses what decides on the tiers of a member whose pages have not all come.
func (s *standingState) whole(member string) error {
	if s.Page == 0 {
		return nil
	}
	return invalid("member", "the opening standing of %s goes on with page %d: import that first", AccountName(member), s.Page+1)
}

// celebrate lets the member's anniversary be another day than that of enrollment. What was
// decided by that one and is not decided for good is decided again.
func (o *OpeningStanding) celebrate(tx *Tx, state *standingState) error {
	if o.Anniversary == 0 || o.Anniversary == state.Anniversary {
		return nil
	}
	if state.Anniversary != 0 {
		return invalid("standing.anniversary", "the member has %s already: SetAnniversary sets another", state.Anniversary)
	}
	state.Anniversary = o.Anniversary
	for i := range state.Ladders {
		if l := &state.Ladders[i]; tx.deciding.engine.byAnniversary(l.Code) {
			l.Closed, l.ClosedBy = l.Base, l.BaseBy
		}
	}
	return nil
}

// openCount books what was counted on a day, at its start.
func (tx *Tx) openCount(path string, count OpeningCount, reference string) error {
	unit, err := tx.rev.unit(path+".metric", count.Metric)
	if err != nil {
		return err
	}
	if unit.Kind != points.Metric {
		return invalid(path+".metric", "%q is not a metric", count.Metric)
	}
	if count.Day > tx.today() {
		return invalid(path+".day", "%s is after today (%s)", count.Day, tx.today())
	}
	at := count.Day.Start(tx.rev.zone)
	if zone := revisionAt(tx.deciding.engine.revisions, at).zone; tiers.DayOf(at, zone) != count.Day {
		at = count.Day.Start(zone)
	}
	return tx.book(points.Entry{
		Unit: unit.Code, Kind: points.EntryImport, From: points.Source, To: points.Counted, Amount: count.Amount,
		Reference: reference, OccurredAt: at,
	})
}

// open lets the member stand on the ladder as in the other system.
func (o *OpeningLadder) open(tx *Tx, state *standingState, path string) error {
	l := tx.ladderToday(o.Ladder)
	if l == nil {
		return invalid(path+".ladder", "%q is not a ladder of the program", points.Clip(o.Ladder))
	}
	ladder := state.ladder(o.Ladder)
	if ladder == nil {
		state.Ladders = append(state.Ladders, ladderState{Code: o.Ladder})
		ladder = &state.Ladders[len(state.Ladders)-1]
	}
	if ladder.Opened != nil {
		return invalid(path+".ladder", "the member was brought to %q before, at %s: OverrideTier puts a mistake right", o.Ladder, ladder.Opened.At.Format(time.RFC3339))
	}
	if err := o.known(tx, l, path); err != nil {
		return err
	}
	ladder.Opened = &openedState{At: tx.now}
	if o.State.Tier != "" || o.State.At != 0 {
		if err := o.bringState(tx, state, ladder, path+".state"); err != nil {
			return err
		}
	}
	for _, entered := range o.Entered {
		ladder.Given = append(ladder.Given, givenState{Tier: entered.Tier, Day: entered.Day})
	}
	if !ladder.makeRoom(len(o.Grants)) {
		return invalid(path+".grants", "the member has %d grants on %q already", len(ladder.Grants), o.Ladder)
	}
	for i := range o.Grants {
		ladder.Grants = append(ladder.Grants, grantState{Grant: o.Grants[i].Grant, How: grantKind(o.Grants[i].By), At: tx.now})
	}
	if o.Matched {
		ladder.noteMatch("")
	}
	tx.opened = append(tx.opened, o.Ladder)
	return nil
}

// known refuses tiers and metrics that the program does not have.
func (o *OpeningLadder) known(tx *Tx, l *tiers.Ladder, path string) error {
	var problems points.Problems
	tier := func(path, code string) {
		if rankOf(l, code) < 0 {
			problems.Add(path, "%q is not a tier of ladder %q", points.Clip(code), l.Code)
		}
	}
	metrics := func(path string, needs []tiers.Need) {
		for i, need := range needs {
			if !slices.Contains(tx.deciding.engine.kept.metrics, need.Metric) {
				problems.Add(fmt.Sprintf("%s[%d].metric", path, i), "%q is not a metric that ladders count", points.Clip(need.Metric))
			}
		}
	}
	for i := range o.Entered {
		tier(fmt.Sprintf("%s.entered[%d].tier", path, i), o.Entered[i].Tier)
	}
	for i := range o.Grants {
		g, at := &o.Grants[i], fmt.Sprintf("%s.grants[%d]", path, i)
		tier(at+".tier", g.Tier)
		metrics(at+".challenge.all", g.Challenge.All)
		metrics(at+".challenge.any", g.Challenge.Any)
	}
	metrics(path+".state.carried", o.State.Carried)
	if len(problems) > 0 {
		return fmt.Errorf("%w: %w", ErrInvalid, problems)
	}
	return nil
}

// bringState lets the ladder be decided from the state that the member brings.
func (o *OpeningLadder) bringState(tx *Tx, state *standingState, ladder *ladderState, path string) error {
	brought, today := o.State, tx.today()
	if brought.At == 0 {
		brought.At = today - 1
	}
	if brought.At >= today {
		return invalid(path+".at", "%s must be before today (%s): what happens today is decided here", brought.At, today)
	}
	l, by, err := tx.textOf(o.Ladder, &brought, path)
	if err != nil {
		return err
	}
	m := tx.member(state, nil)
	brought, problems := l.Opening(path, brought, &m)
	if len(problems) > 0 {
		return fmt.Errorf("%w: %w", ErrInvalid, problems)
	}
	ladder.Base, ladder.BaseBy, ladder.Closed, ladder.ClosedBy = brought, by, brought, by
	ladder.Opened.By, ladder.Opened.State = by, brought
	ladder.Given = slices.DeleteFunc(slices.Clone(ladder.Given), func(g givenState) bool { return g.Day <= brought.At })
	return nil
}

// textOf is the text of a ladder by which a member stood on it at the end of a day, with
// its epoch: 0 where the program was without the ladder, and the member without a tier.
func (tx *Tx) textOf(code string, brought *tiers.State, path string) (*tiers.Ladder, int, error) {
	engine, today := tx.deciding.engine, tx.today()
	for day := brought.At + 1; day <= today; {
		e, last := engine.epochOn(day)
		if e.rev.ladder(code) == nil && brought.Tier == "" {
			return tx.ladderToday(code), 0, nil
		}
		if e.rev.ladder(code) == nil {
			return nil, 0, invalid(path+".at", "the program had no ladder %q on %s: say a day since it has it, or the one before", code, day)
		}
		day = last + 1
	}
	by, _ := engine.epochOn(brought.At)
	if l := by.rev.ladder(code); l == nil || brought.Tier != "" && rankOf(l, brought.Tier) < 0 {
		by, _ = engine.epochOn(brought.At + 1)
	}
	return by.rev.ladder(code), by.number, nil
}
