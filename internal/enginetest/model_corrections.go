package enginetest

import (
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// extend gives all available points of a unit that expire by a date a later one. Each
// lot becomes another one, which takes along what of it is on hold.
func (m *model) extend(p *person, c loyalty.Extend, now time.Time) error {
	unit, err := m.unit(c.Unit)
	if err != nil {
		return err
	}
	if unit.Kind == points.Metric || !c.ExpiresAt.After(now) {
		return loyalty.ErrInvalid
	}
	lots := p.inOrder(c.Unit)
	for _, i := range lots {
		old := p.lots[i]
		if old.until.After(c.ExpiringBy) || !old.until.Before(c.ExpiresAt) {
			continue
		}
		next := old
		next.until, next.graced = c.ExpiresAt, false
		p.lots[i].left, p.lots[i].held = 0, 0
		p.lots = append(p.lots, m.clamp(p, next))
		p.lots[i].into = len(p.lots)
		p.renumber(i, len(p.lots)-1)
		m.widest++
	}
	return nil
}

// renumber lets holds of a lot be of the one that it became.
func (p *person) renumber(from, to int) {
	for id, h := range p.holds {
		parts := make([]part, len(h.parts))
		for k, held := range h.parts {
			if parts[k] = held; held.lot == from {
				parts[k].lot = to
			}
		}
		h.parts = parts
		p.holds[id] = h
	}
}

// opening brings over what somebody had elsewhere.
func (m *model) opening(p *person, c loyalty.Import, now time.Time) error {
	unit, err := m.unit(c.Unit)
	switch {
	case p.closed:
		return loyalty.ErrClosed
	case err != nil:
		return err
	case unit.Kind == points.Metric:
		p.counted[unit.Code] += c.Points
		m.enter(unit.Code, points.Source, c.Points)
		return nil
	case !c.ExpiresAt.IsZero() && !c.ExpiresAt.After(now):
		return loyalty.ErrInvalid
	}
	l := parcel{unit: unit.Code, left: c.Points, earned: now, from: now, until: c.ExpiresAt, source: c.Reference}
	if !c.EarnedAt.IsZero() {
		l.earned = c.EarnedAt
	}
	if l.until.IsZero() {
		l.until = p.expiryFor(m.program, unit, "").From(now, m.zone)
	}
	m.enter(unit.Code, points.Issued, c.Points)
	m.receive(p, l, now)
	return nil
}
