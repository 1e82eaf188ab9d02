package loyalty

import (
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// TierBenefits is what one tier gives a member. A tier gives what its own text says,
// and nothing of those below it.
type TierBenefits struct {
	Ladder string `json:"ladder"`
	Tier   string `json:"tier"`
	tiers.Benefits
}

// Benefits is what the tiers of a member give, one entry for each tier, sorted by
// ladder, so that each benefit says who gave it.
type Benefits []TierBenefits

// Earn returns by how much base rates of a unit are multiplied, and the tier that gives
// it: the highest factor counts, and those of several tiers are not multiplied. Nil is
// none, and the factor is then 1.
func (b Benefits) Earn(unit string) (decimal.Decimal, *TierBenefits) {
	best := decimal.NewFromInt(1)
	var by *TierBenefits
	for i := range b {
		factor, ok := b[i].Benefits.Earn[unit]
		if !ok {
			factor, ok = b[i].Benefits.Earn[""]
		}
		if ok && (by == nil || factor.GreaterThan(best)) {
			best, by = factor, &b[i]
		}
	}
	return best, by
}

// EarlyAccess returns how long before others the member may redeem rewards, and the
// tier that gives it; nil is none.
func (b Benefits) EarlyAccess() (time.Duration, *TierBenefits) {
	hours := 0
	var by *TierBenefits
	for i := range b {
		if b[i].Benefits.EarlyAccess > hours {
			hours, by = b[i].Benefits.EarlyAccess, &b[i]
		}
	}
	return time.Duration(hours) * time.Hour, by
}

// Service returns the tier that gives a service free of charge: the first in the order of
// ladders. Nil is none: the member pays for it.
func (b Benefits) Service(name string) *TierBenefits {
	for i := range b {
		if slices.Contains(b[i].Benefits.Services, name) {
			return &b[i]
		}
	}
	return nil
}

// Custom returns the host's own benefit of a name, and the tier that gives it: the
// first in the order of ladders. Nil is none.
func (b Benefits) Custom(name string) (string, *TierBenefits) {
	for i := range b {
		if value, ok := b[i].Benefits.Custom[name]; ok {
			return value, &b[i]
		}
	}
	return "", nil
}

// Benefits returns what the member's tiers give now. It must not be changed.
func (p *Party) Benefits() Benefits { return p.tx.rev.benefits(p.row.Standing) }

// benefits looks up what tiers give.
func (r *revision) benefits(standing []storage.Standing) Benefits {
	var list Benefits
	for i := range standing {
		l := r.ladder(standing[i].Ladder)
		if l == nil {
			continue
		}
		if tier, rank := l.Find(standing[i].Tier); rank >= 0 {
			list = append(list, TierBenefits{Ladder: l.Code, Tier: tier.Code, Benefits: tier.Benefits})
		}
	}
	return list
}

// standingOf is what tiers that are shown are in a row, sorted by ladder.
func standingOf(list []MemberTier) []storage.Standing {
	var standing []storage.Standing
	for i := range list {
		if t := &list[i]; t.Tier != "" {
			standing = append(standing, storage.Standing{Ladder: t.Ladder, Tier: t.Tier, Since: t.Since, Until: t.Until})
		}
	}
	slices.SortFunc(standing, func(a, b storage.Standing) int { return strings.Compare(a.Ladder, b.Ladder) })
	return standing
}

// standingAt returns the tiers that the member had when a command happened: those of
// its day, as it is known now. Of a day before the horizon it is the horizon's.
func (p *Party) standingAt(at time.Time) ([]storage.Standing, error) {
	engine := p.tx.deciding.engine
	day := tiers.DayOf(at, p.tx.rev.zone)
	if len(engine.epochs) == 0 || day >= p.today() {
		return p.row.Standing, nil
	}
	state, err := p.standing()
	if err != nil || state == nil {
		return p.row.Standing, err
	}
	sums, err := counts(p.row.Days)
	if err != nil {
		return nil, p.tx.fail(err)
	}
	by, _ := engine.epochOn(day)
	var standing []storage.Standing
	for i := range by.rev.Ladders {
		l := &by.rev.Ladders[i]
		ls := state.ladder(l.Code)
		if ls == nil {
			continue
		}
		m := p.member(state, sums)
		m.Grants = ls.grants()
		then, _, _ := p.decideTo(l.Code, ls.Base, ls.BaseBy, &m, day, false)
		if tier := l.Effective(then, &m, day); tier != "" {
			standing = append(standing, storage.Standing{Ladder: l.Code, Tier: tier})
		}
	}
	slices.SortFunc(standing, func(a, b storage.Standing) int { return strings.Compare(a.Ladder, b.Ladder) })
	return standing, nil
}
