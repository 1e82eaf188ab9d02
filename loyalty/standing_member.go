package loyalty

import (
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// MemberTier is how a member stands on a ladder. All times are starts of days of the
// program's zone, in UTC.
type MemberTier struct {
	Ladder string `json:"ladder"`
	// Tier is empty for none. It is held since Since and until Until, exclusive;
	// points.Never is no end. Granted is set where it is held by a match or an override,
	// and Qualified is then the tier that the member has without; Lapsing where it was
	// not kept and lasts for the days of grace only.
	Tier      string    `json:"tier,omitempty"`
	Since     time.Time `json:"since,omitzero"`
	Until     time.Time `json:"until,omitzero"`
	Granted   bool      `json:"granted,omitempty"`
	Qualified string    `json:"qualified,omitempty"`
	Lapsing   bool      `json:"lapsing,omitempty"`
	// Next is the next tier up, empty at the top, and Missing what is missing to it.
	Next    string          `json:"next,omitempty"`
	Missing []MissingMetric `json:"missing,omitempty"`
	// Starts is a tier that the member has qualified for, and which starts at StartsAt.
	Starts   string    `json:"starts,omitempty"`
	StartsAt time.Time `json:"startsAt,omitzero"`
	// Keeping is what is missing to keep the tier beyond Until, or the one of Qualified
	// beyond its end: so much must be counted by KeepBy, exclusive, of what happens since
	// KeepFrom. Empty is kept, or no tier, and the times are then zero.
	Keeping  []MissingMetric `json:"keeping,omitempty"`
	KeepFrom time.Time       `json:"keepFrom,omitzero"`
	KeepBy   time.Time       `json:"keepBy,omitzero"`
	// PeriodEnd is when the period ends whose counts count now, points.Never for
	// windows without periods, and Projected the tier after it, or after Until where
	// that is sooner, if nothing more happens.
	PeriodEnd time.Time `json:"periodEnd,omitzero"`
	Projected string    `json:"projected,omitempty"`
}

// MissingMetric is what is left to a threshold, in the metric's smallest step.
type MissingMetric struct {
	Metric string        `json:"metric"`
	Have   points.Amount `json:"have"`
	Need   points.Amount `json:"need"`
	Left   points.Amount `json:"left"`
	// Any is set where one of several thresholds is enough.
	Any bool `json:"any,omitempty"`
}

// Tier returns how the member stands on a ladder; the zero value is not at all, also of a
// ladder that the program does not have.
func (m Member) Tier(ladder string) MemberTier {
	for _, t := range m.Tiers {
		if t.Ladder == ladder {
			return t
		}
	}
	return MemberTier{}
}

// memberTiers shows all ladders of an account that is settled, as of an instant.
func (d *deciding) memberTiers(c *call, a *account, at time.Time) ([]MemberTier, error) {
	if len(d.engine.epochs) == 0 {
		return nil, nil
	}
	tx, err := d.systemTx(c, a, restandType, at)
	if err != nil {
		return nil, err
	}
	state, err := tx.standing()
	if err != nil || state == nil {
		return nil, err
	}
	return tx.memberTiers(state)
}

func (p *Party) memberTiers(state *standingState) ([]MemberTier, error) {
	if state.Page > 0 {
		return p.tiersTold(), nil
	}
	sums, err := counts(p.row.Days)
	if err != nil {
		return nil, err
	}
	today := p.today()
	by, _ := p.tx.deciding.engine.epochOn(today)
	var shown []MemberTier
	for i := range by.rev.Ladders {
		l := &by.rev.Ladders[i]
		ls := state.ladder(l.Code)
		if ls == nil {
			continue
		}
		m := p.member(state, sums)
		m.Grants = ls.grants()
		now, _, _ := p.decideTo(l.Code, ls.Closed, ls.ClosedBy, &m, today, true)
		shown = append(shown, p.memberTier(l, now, &m, today))
	}
	return shown, nil
}

// tiersTold shows the tiers of a member of whom nothing is decided now.
func (p *Party) tiersTold() []MemberTier {
	var shown []MemberTier
	for _, s := range p.row.Standing {
		shown = append(shown, MemberTier{Ladder: s.Ladder, Tier: s.Tier, Since: s.Since, Until: s.Until})
	}
	return shown
}

func (p *Party) memberTier(l *tiers.Ladder, s tiers.State, m *tiers.Member, today tiers.Day) MemberTier {
	progress := l.Progress(s, m, today)
	t := MemberTier{
		Ladder: l.Code, Tier: progress.Tier, Granted: progress.Granted, Lapsing: s.Lapsed != 0 && !progress.Granted,
		Next: progress.Next, Missing: missing(progress.Missing), Keeping: missing(progress.Keeping),
		PeriodEnd: p.dayStarts(progress.PeriodEnd), Projected: progress.Projected, Starts: s.Next,
	}
	if len(t.Keeping) > 0 {
		t.KeepFrom, t.KeepBy = p.dayStarts(progress.KeepFrom), p.dayStarts(progress.KeepUntil)
	}
	if t.Granted {
		t.Qualified = s.Tier
	}
	if t.Tier != "" {
		t.Since, t.Until = p.dayStarts(progress.Since), p.dayStarts(progress.Until)
	}
	if s.Next != "" {
		t.StartsAt = p.dayStarts(s.NextFrom)
	}
	return t
}

func missing(list []tiers.Missing) []MissingMetric {
	var shown []MissingMetric
	for _, m := range list {
		shown = append(shown, MissingMetric{
			Metric: m.Metric, Have: points.Amount(m.Have), Need: points.Amount(m.Need), Left: points.Amount(m.Left), Any: m.Any,
		})
	}
	return shown
}

// tiersThen shows the ladders as of an instant in the past: what was recorded by then,
// decided from the day of enrollment on.
func (d *deciding) tiersThen(c *call, a *account, row storage.Account, days *dayCounter, at time.Time) ([]MemberTier, error) {
	if len(d.engine.epochs) == 0 {
		return nil, nil
	}
	key := storage.RecordKey{Kind: standingKind, ID: standingID}
	snaps, err := d.load(d.ctx, []storage.LoadRequest{{Program: row.Program, Member: row.Member, Records: []storage.RecordKey{key}}})
	if err != nil {
		return nil, err
	}
	then := *a
	if then.row.Days = days.days; len(snaps[0].Records) > 0 {
		then.records = []record{{row: snaps[0].Records[0], exists: true}}
	}
	tx, err := d.systemTx(c, &then, restandType, at)
	if err != nil {
		return nil, err
	}
	if err := days.finish(tx.today()); err != nil {
		return nil, err
	}
	tx.row.Days = days.days
	state, by := tx.newStanding(), d.engine.epochAt(at)
	known, err := tx.standing()
	if err != nil {
		return nil, err
	}
	if known != nil {
		state.Enrolled, state.Page, state.Pages = known.Enrolled, known.Page, known.Pages
	}
	for i := range by.rev.Ladders {
		l := ladderState{Code: by.rev.Ladders[i].Code}
		if known != nil {
			if had := known.ladder(l.Code); had != nil {
				l.Grants = grantsThen(had.Grants, at)
				if had.Opened != nil && !had.Opened.At.After(at) {
					l.Closed, l.ClosedBy = had.Opened.State, had.Opened.By
				}
			}
		}
		state.Ladders = append(state.Ladders, l)
	}
	if known != nil {
		if err := tx.liveThrough(state, known.anniversariesThen(at)); err != nil {
			return nil, err
		}
	}
	return tx.memberTiers(state)
}

// liveThrough decides the ladders up to the day on which the last of a member's
// anniversaries begins to count, each time by the one that counted.
func (p *Party) liveThrough(state *standingState, anniversaries []anniversarySet) error {
	sums, err := counts(p.row.Days)
	if err != nil {
		return err
	}
	for i, set := range anniversaries {
		state.Anniversary = set.Day
		if i+1 == len(anniversaries) {
			return nil
		}
		m := p.member(state, sums)
		for j := range state.Ladders {
			l := &state.Ladders[j]
			if !p.tx.deciding.engine.byAnniversary(l.Code) {
				continue
			}
			m.Grants = l.grants()
			l.Closed, l.ClosedBy, _ = p.decideTo(l.Code, l.Closed, l.ClosedBy, &m, min(anniversaries[i+1].From, p.today()+1)-1, false)
		}
	}
	return nil
}

// grantsThen lists the grants as they were known at an instant.
func grantsThen(grants []grantState, at time.Time) []grantState {
	var known []grantState
	for _, g := range grants {
		if g.At.After(at) {
			continue
		}
		if g.Had != nil && g.Revoked.After(at) {
			g.Grant = *g.Had
		}
		known = append(known, g)
	}
	return known
}
