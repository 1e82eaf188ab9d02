package enginetest

import (
	"time"

	"github.com/loyaltykit/loyaltykit/internal/enginetest/ladders"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// anniversary sets the anniversary of a member who was never merged, from now on.
func (h *house) anniversary(who *lodger) error {
	if who.joined > 0 {
		return nil
	}
	day := tiers.Date(2020, time.Month(1+h.pick("month", 12)), 1+h.pick("day", 29))
	return h.do(who, loyalty.SetAnniversary{Member: who.id, Key: h.key(), Day: day}, func() { who.celebrates(day, h.today()) })
}

// celebrates lets the periods of ladders that go by anniversaries start on those of a day,
// from today on: what is decided on them stays.
func (p *lodger) celebrates(day, today tiers.Day) {
	for l := range p.ladders {
		if kind := p.ladders[l].Window.Kind; kind != tiers.Anniversary && kind != tiers.TierAnniversary {
			continue
		}
		paper := p.paper(l)
		paper.To(today - 1)
		paper.Anniversaries = append(paper.Anniversaries, ladders.Anniversary{From: today, Day: day})
		p.settled[l], p.known[l] = paper, nil
	}
}

// settledBy reports whether a day of a ladder is decided for good.
func (p *lodger) settledBy(l int, day tiers.Day) bool {
	return p.settled[l] != nil && day <= p.settled[l].At()
}
