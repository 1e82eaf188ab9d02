package loyalty

import (
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// MemberTier is how a member stands on a ladder.
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
	// Keeping is what is missing to keep the tier beyond Until; empty is kept, or no
	// tier.
	Keeping []MissingMetric `json:"keeping,omitempty"`
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

// Tier returns how the member stands on a ladder; the zero value is not at all.
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

func (p *Party) memberTier(l *tiers.Ladder, s tiers.State, m *tiers.Member, today tiers.Day) MemberTier {
	progress := l.Progress(s, m, today)
	t := MemberTier{
		Ladder: l.Code, Tier: progress.Tier, Granted: progress.Granted, Lapsing: s.Lapsed != 0 && !progress.Granted,
		Next: progress.Next, Missing: missing(progress.Missing), Keeping: missing(progress.Keeping),
		PeriodEnd: p.dayStarts(progress.PeriodEnd), Projected: progress.Projected, Starts: s.Next,
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
