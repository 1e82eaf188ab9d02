package loyalty

import (
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// Standing returns the tiers that the member has now, at most one of each ladder,
// sorted by ladder. Since and Until bound each, [Since, Until); points.Never is no end.
// It must not be changed.
func (p *Party) Standing() []storage.Standing { return p.row.Standing }

// Tier returns the code of the tier that the member has now on a ladder, empty for
// none.
func (p *Party) Tier(ladder string) string {
	if s := standingOn(p.row.Standing, ladder); s != nil {
		return s.Tier
	}
	return ""
}

// AtLeast reports whether the member has now a tier of a ladder, or a higher one. No
// tier, the empty code, is what everybody has; one that the ladder does not have is
// what nobody has.
func (p *Party) AtLeast(ladder, tier string) bool {
	if tier == "" {
		return true
	}
	l := p.tx.rev.ladder(ladder)
	if l == nil {
		return false
	}
	_, has := l.Find(p.Tier(ladder))
	_, needs := l.Find(tier)
	return needs >= 0 && has >= needs
}

func standingOn(standing []storage.Standing, ladder string) *storage.Standing {
	i, found := slices.BinarySearchFunc(standing, ladder, func(s storage.Standing, code string) int {
		return strings.Compare(s.Ladder, code)
	})
	if !found {
		return nil
	}
	return &standing[i]
}

// standing adds to the codes of tiers that the host told those that the member has on
// the program's ladders, as "gold" and as "status/gold", and returns by how much earlier
// than others they redeem.
func (r *revision) standing(told []string, standing []storage.Standing) ([]string, time.Duration) {
	codes, early := slices.Clone(told), 0
	for _, s := range standing {
		if s.Tier == "" {
			continue
		}
		for _, name := range [...]string{s.Tier, tiers.Name(s.Ladder, s.Tier)} {
			if !slices.Contains(codes, name) {
				codes = append(codes, name)
			}
		}
		if l := r.ladder(s.Ladder); l != nil {
			if tier, at := l.Find(s.Tier); at >= 0 {
				early = max(early, tier.Benefits.EarlyAccess)
			}
		}
	}
	return codes, time.Duration(early) * time.Hour
}
