package loyalty

import (
	"slices"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// AgedCount is something that was counted, or taken back where Amount is below 0, on a
// day before the program's horizon. Amount is in the metric's smallest step, and Day a day
// of the program's zone.
type AgedCount struct {
	Metric string        `json:"metric"`
	Day    tiers.Day     `json:"day"`
	Amount points.Amount `json:"amount"`
	// LifetimeOnly is set where the day is so old that no period counts it any more.
	LifetimeOnly bool `json:"lifetimeOnly,omitempty"`
}

// tellAged puts on the receipt what was counted on days that are decided for good.
func (p *Party) tellAged(state *standingState) {
	if p != p.tx.Party || len(p.opened) > 0 {
		return
	}
	by, _ := p.tx.deciding.engine.epochOn(p.today())
	horizon := by.rev.horizonDay(p.today())
	for _, f := range p.facts {
		decided := f.day < horizon || slices.ContainsFunc(state.Ladders, func(l ladderState) bool { return f.day <= l.Base.At })
		if decided || f.day < state.Kept {
			p.tx.receipt.Aged = append(p.tx.receipt.Aged, AgedCount{Metric: f.metric, Day: f.day, Amount: f.amount, LifetimeOnly: f.day < state.Kept})
		}
	}
}

// beforeOldFacts decides for good what is older than the horizon without what the command
// counts of days before it, so that this decides nothing there, however long ago the member
// was decided last.
func (v *verdictOn) beforeOldFacts() error {
	day, counted := v.firstFact()
	horizon := v.by.rev.horizonDay(v.today) - 1
	s, p := v.state, v.party
	if !counted || v.parting || len(p.opened) > 0 || day > horizon || horizon <= s.Base.At || horizon < v.member.Enrolled {
		return nil
	}
	sums, err := counts(p.base.row.Days)
	if err != nil {
		return p.tx.fail(err)
	}
	m := v.member
	m.Counts = sums
	v.decideForGood(&m, horizon)
	if s.Closed.At < horizon {
		s.Closed, s.ClosedBy = s.Base, s.BaseBy
	}
	v.store = true
	return nil
}

// moveBase decides for good what is older than the horizon.
func (v *verdictOn) moveBase() {
	horizon := v.by.rev.horizonDay(v.today) - 1
	if horizon < v.member.Enrolled || horizon-max(v.state.Base.At, v.member.Enrolled) < baseLag {
		return
	}
	v.decideForGood(&v.member, horizon)
}

// decideForGood decides a ladder for good up to a day.
func (v *verdictOn) decideForGood(m *tiers.Member, day tiers.Day) {
	s := v.state
	s.Base, s.BaseBy, _ = v.party.decideTo(s.Code, s.Base, s.BaseBy, m, day, false)
	s.Given = slices.DeleteFunc(slices.Clone(s.Given), func(g givenState) bool { return g.Day <= day })
	s.forgetInherited()
}
