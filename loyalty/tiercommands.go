package loyalty

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

var (
	// ErrMatched reports a member whose status was matched on the ladder before:
	// [MatchTier].Again matches it once more.
	ErrMatched = errors.New("the member's status was matched before")
	// ErrNoGrant reports a member who has no tier by a match or an override.
	ErrNoGrant = errors.New("the member has no granted tier")
)

// The ways to have a tier without qualifying.
const (
	byMatch    grantKind = "match"
	byOverride grantKind = "override"
	byMerge    grantKind = "merge"
)

const (
	maxGrantDays = 3660
	maxGrants    = 50

	maxChallenge      = int64(1_000_000_000_000_000)
	maxChallengeNeeds = 20
)

// MatchTier gives a member a tier for some days because of a status elsewhere, or on
// trial, once on each ladder. Who meets the challenge by what is counted in these
// days has the tier as if by qualifying when they are over; without a challenge it ends
// with them. A higher tier by qualifying counts meanwhile. Points for entering the
// tier are given when it is the member's own. A ladder whose tiers last while its window
// holds enough ([tiers.WhileHeld]) takes no challenge: there no tier is ever the member's own.
//
// It fails with [ErrMatched] for who was matched before, with [ErrTooOld] where OccurredAt
// is, and with [ErrInvalid] for a ladder, tier or metric that the program does not have, and
// for more than 50 grants on a ladder that count still.
type MatchTier struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	Ladder string `json:"ladder"`
	Tier   string `json:"tier"`
	// Days is for how many days of the program's zone, 1 to 3660, that on which it happened
	// included.
	Days int `json:"days"`
	// Challenge is over metrics that ladders of the program count.
	Challenge tiers.Condition `json:"challenge,omitzero"`
	// Again allows a match on a ladder where the member had one.
	Again bool `json:"again,omitempty"`
	// Reference is the other program's card, for whoever asks.
	Reference string `json:"reference,omitempty"`
	// OccurredAt is when it was agreed, from which on the days are counted: within the
	// program's LateWindow, and no day that is decided for good ([Program].Horizon).
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c MatchTier) Plan() Plan {
	return Plan{Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor, Reference: c.Reference}
}

// Validate reports every problem of the match.
func (c MatchTier) Validate() error {
	problems := rungProblems(c.Ladder, c.Tier)
	if c.Days < 1 || c.Days > maxGrantDays {
		problems.Add("days", "%d: must be 1 to %d", c.Days, maxGrantDays)
	}
	problems = append(problems, needProblems("challenge.all", c.Challenge.All)...)
	problems = append(problems, needProblems("challenge.any", c.Challenge.Any)...)
	return problems.Err()
}

// needProblems reports thresholds that are none.
func needProblems(path string, needs []tiers.Need) points.Problems {
	var problems points.Problems
	if len(needs) > maxChallengeNeeds {
		problems.Add(path, "at most %d thresholds", maxChallengeNeeds)
		return problems
	}
	for i, need := range needs {
		if err := points.CheckID(need.Metric, maxID); err != nil {
			problems.Add(fmt.Sprintf("%s[%d].metric", path, i), "%v", err)
		}
		if need.AtLeast <= 0 || need.AtLeast > maxChallenge {
			problems.Add(fmt.Sprintf("%s[%d].atLeast", path, i), "%d: must be above 0, at most %d", need.AtLeast, maxChallenge)
		}
	}
	return problems
}

// rungProblems reports codes that are none.
func rungProblems(ladder, tier string) points.Problems {
	var problems points.Problems
	if err := points.CheckID(ladder, maxID); err != nil {
		problems.Add("ladder", "%v", err)
	}
	if err := points.CheckID(tier, maxID); err != nil {
		problems.Add("tier", "%v", err)
	}
	return problems
}

// Apply implements [Command].
func (c MatchTier) Apply(_ context.Context, tx *Tx) error {
	state, ladder, err := tx.onLadder(c.Ladder, c.Tier)
	if err != nil {
		return err
	}
	if !c.Again && ladder.wasMatched() {
		return fmt.Errorf("%w: on ladder %q", ErrMatched, c.Ladder)
	}
	if l := tx.ladderToday(c.Ladder); l.End == tiers.WhileHeld && !c.Challenge.IsZero() {
		return invalid("challenge", "a tier of ladder %q lasts only while its window holds enough, so that no challenge makes it the member's own: leave it out", c.Ladder)
	}
	known := tx.deciding.engine.kept.metrics
	for _, need := range slices.Concat(c.Challenge.All, c.Challenge.Any) {
		if !slices.Contains(known, need.Metric) {
			return invalid("challenge", "%q is not a metric that ladders count", need.Metric)
		}
	}
	from, err := tx.reopen(ladder)
	if err != nil {
		return err
	}
	until := min(from+tiers.Day(c.Days), tiers.LastDay)
	if until <= tx.today() && c.Challenge.IsZero() {
		return invalid("days", "%d days from %s are over", c.Days, from)
	}
	return tx.grantTier(state, ladder, grantState{
		Grant: tiers.Grant{Tier: c.Tier, From: from, Until: until, Challenge: c.Challenge}, How: byMatch,
	})
}

// OverrideTier gives a member a tier by decision of the house, until a day. Qualifying
// goes on beneath it and counts again afterwards; a higher tier by qualifying counts
// at once. It gives nothing that entering the tier gives.
//
// It fails with [ErrTooOld] where OccurredAt is, and with [ErrInvalid] for an end that is
// past, and for a ladder or tier that the program does not have.
type OverrideTier struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	Ladder string `json:"ladder"`
	Tier   string `json:"tier"`
	// Until is when it ends, at the end of that day unless it is the start of one.
	Until time.Time `json:"until"`
	// OccurredAt is from when on it holds: within the program's LateWindow, and no day
	// that is decided for good ([Program].Horizon).
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	// Reason and Actor must be given.
	Reason string `json:"reason"`
	Actor  string `json:"actor"`
}

// Plan implements [Command].
func (c OverrideTier) Plan() Plan {
	return Plan{Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor}
}

// Validate reports every problem of the override.
func (c OverrideTier) Validate() error {
	problems := rungProblems(c.Ladder, c.Tier)
	if !dated(c.Until) || c.Until.IsZero() {
		problems.Add("until", "say when it ends, in the years 1970 to 9999")
	}
	return append(problems, sayWhy(c.Reason, c.Actor)...).Err()
}

func sayWhy(reason, actor string) points.Problems {
	var problems points.Problems
	if reason == "" {
		problems.Add("reason", "say why")
	}
	if actor == "" {
		problems.Add("actor", "say who decided")
	}
	return problems
}

// Apply implements [Command].
func (c OverrideTier) Apply(_ context.Context, tx *Tx) error {
	state, ladder, err := tx.onLadder(c.Ladder, c.Tier)
	if err != nil {
		return err
	}
	today := tx.today()
	until := tiers.DayOf(instant(c.Until).Add(-time.Microsecond), tx.rev.zone) + 1
	if until = min(until, tiers.LastDay); until <= today || !c.Until.After(tx.now) {
		return invalid("until", "%s is not after now (%s)", c.Until.Format(time.RFC3339), tx.now.Format(time.RFC3339))
	}
	from, err := tx.reopen(ladder)
	if err != nil {
		return err
	}
	return tx.grantTier(state, ladder, grantState{Grant: tiers.Grant{Tier: c.Tier, From: from, Until: until}, How: byOverride})
}

// RevokeTier ends what a member has of a ladder by matches and overrides. The tier by
// qualifying counts again at once. Where nothing is to end it fails with [ErrNoGrant].
type RevokeTier struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	Ladder string `json:"ladder"`
	// OccurredAt is from when on they hold no more, as if a challenge that ended since
	// had never been: within the program's LateWindow, and no day that is decided for
	// good ([Program].Horizon).
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	// Reason and Actor must be given.
	Reason string `json:"reason"`
	Actor  string `json:"actor"`
}

// Plan implements [Command].
func (c RevokeTier) Plan() Plan {
	return Plan{Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor}
}

// Validate reports every problem of the revocation.
func (c RevokeTier) Validate() error {
	var problems points.Problems
	if err := points.CheckID(c.Ladder, maxID); err != nil {
		problems.Add("ladder", "%v", err)
	}
	return append(problems, sayWhy(c.Reason, c.Actor)...).Err()
}

// Apply implements [Command].
func (c RevokeTier) Apply(_ context.Context, tx *Tx) error {
	state, ladder, err := tx.onLadder(c.Ladder, "")
	if err != nil {
		return err
	}
	day, err := tx.reopen(ladder)
	if err != nil {
		return err
	}
	if !ladder.revoke(day, tx.now, func(*grantState) bool { return true }) {
		return fmt.Errorf("%w on ladder %q", ErrNoGrant, c.Ladder)
	}
	tx.stand, tx.standChanged = state, true
	return nil
}

// revoke ends grants on a day, and reports whether there was one.
func (l *ladderState) revoke(day tiers.Day, now time.Time, which func(*grantState) bool) bool {
	found := false
	for i := range l.Grants {
		g := &l.Grants[i]
		if g.Until <= day || !which(g) {
			continue
		}
		had := g.Grant
		g.Had, g.Revoked, found = &had, now, true
		g.Until, g.Challenge = max(g.From, day), tiers.Condition{}
	}
	return found
}

// SetAnniversary sets the day whose anniversaries start the periods of ladders that go
// by them, in the place of the day of enrollment. It counts from now on: what is decided
// on them stays, and a tier keeps the end that it has. Other ladders are as before.
type SetAnniversary struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	// Day is a day of the program's zone.
	Day tiers.Day `json:"day"`
	// OccurredAt is from when on it counts, if not from now on: within the program's
	// LateWindow, and no day that is decided for good ([Program].Horizon).
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c SetAnniversary) Plan() Plan {
	return Plan{Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor}
}

// Validate reports a day that is none.
func (c SetAnniversary) Validate() error {
	var problems points.Problems
	if c.Day <= tiers.FirstDay || c.Day >= tiers.LastDay {
		problems.Add("day", "give a day, in the years 1970 to 9999")
	}
	return problems.Err()
}

// Apply implements [Command].
func (c SetAnniversary) Apply(_ context.Context, tx *Tx) error {
	if err := tx.inTime(); err != nil {
		return err
	}
	state, err := tx.standingToChange()
	if err != nil {
		return err
	}
	m, err := tx.counted(state)
	if err != nil {
		return err
	}
	for i := range state.Ladders {
		l := &state.Ladders[i]
		if !tx.deciding.engine.byAnniversary(l.Code) {
			continue
		}
		from, err := tx.reopen(l)
		if err != nil {
			return err
		}
		m.Grants = l.grants()
		l.Closed, l.ClosedBy, _ = tx.decideTo(l.Code, l.Closed, l.ClosedBy, &m, from-1, false)
		l.Base, l.BaseBy = l.Closed, l.ClosedBy
	}
	state.setAnniversary(c.Day, tiers.DayOf(tx.occurred, tx.rev.zone), tx.now)
	if tx.lacks(state) {
		if err := tx.recount(); err != nil {
			return err
		}
		state.Kept, state.Metrics = 0, tx.deciding.engine.kept.metrics
	}
	tx.stand, tx.standChanged = state, true
	return nil
}

// byAnniversary reports whether a text of a ladder has periods that anniversaries start.
func (e *Engine) byAnniversary(code string) bool {
	return slices.ContainsFunc(e.epochs, func(of epoch) bool {
		l := of.rev.ladder(code)
		return l != nil && (l.Window.Kind == tiers.Anniversary || l.Window.Kind == tiers.TierAnniversary)
	})
}

// standingToChange is the member's state, for a command to change.
func (tx *Tx) standingToChange() (*standingState, error) {
	state, err := tx.standingOfPerson()
	if err != nil {
		return nil, err
	}
	return state, state.whole(tx.row.Member)
}

// standingOfPerson is the member's state, also where pages of it have not come.
func (tx *Tx) standingOfPerson() (*standingState, error) {
	if tx.row.Kind != storage.Person {
		return nil, fmt.Errorf("%w: %s", ErrNotPerson, whose(tx.row.Member))
	}
	if tx.row.Status == storage.Closed {
		return nil, ErrClosed
	}
	if len(tx.deciding.engine.epochs) == 0 {
		return nil, invalid("ladder", "the program has no ladders")
	}
	state, err := tx.standing()
	if err != nil {
		return nil, err
	}
	if state == nil {
		return nil, tx.fail(errors.New("loyalty: the record of a member's tiers is gone: verify the ledger"))
	}
	return state.clone(), nil
}

// onLadder is the member's state on a ladder of the program that holds today, for a
// command to change. The tier must be one of it unless it is empty.
func (tx *Tx) onLadder(code, tier string) (*standingState, *ladderState, error) {
	state, err := tx.standingToChange()
	if err != nil {
		return nil, nil, err
	}
	l, ladder := tx.ladderToday(code), state.ladder(code)
	if l == nil || ladder == nil {
		return nil, nil, invalid("ladder", "%q is not a ladder of the program", code)
	}
	if _, rank := l.Find(tier); tier != "" && rank < 0 {
		return nil, nil, invalid("tier", "%q is not a tier of ladder %q", tier, code)
	}
	return state, ladder, nil
}

// ladderToday is the text of a ladder that holds today, nil where there is none.
func (p *Party) ladderToday(code string) *tiers.Ladder {
	by, _ := p.tx.deciding.engine.epochOn(p.today())
	return by.rev.ladder(code)
}

// reopen returns the day on which the command happened. Where that is past, the ladder is
// decided again from before it, which is refused where that is decided for good.
func (tx *Tx) reopen(ladder *ladderState) (tiers.Day, error) {
	if err := tx.inTime(); err != nil {
		return 0, err
	}
	day := max(tiers.DayOf(tx.occurred, tx.rev.zone), tiers.DayOf(tx.row.EnrolledAt, tx.rev.zone))
	if day > ladder.Closed.At {
		return day, nil
	}
	if day <= ladder.Base.At {
		return 0, fmt.Errorf("%w: ladder %q is decided for good up to %s", ErrTooOld, ladder.Code, ladder.Base.At)
	}
	ladder.Closed, ladder.ClosedBy = ladder.Base, ladder.BaseBy
	return day, nil
}

// grantTier adds a grant to a ladder.
func (p *Party) grantTier(state *standingState, ladder *ladderState, grant grantState) error {
	grant.At = p.tx.now
	if !ladder.makeRoom(1) && !ladder.makeWay(p.today()) {
		return invalid("ladder", "the member has %d grants on %q already", maxGrants, ladder.Code)
	}
	ladder.Grants = append(ladder.Grants, grant)
	p.stand, p.standChanged = state, true
	return nil
}
