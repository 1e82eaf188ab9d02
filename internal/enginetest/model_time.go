package enginetest

import (
	"cmp"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
)

// happening is something that time brings: a lot that matures, a hold that
// lapses, a lot that expires. At one instant they come in this order.
type happening struct {
	at   time.Time
	rank int
	lot  int
	hold string
}

const (
	matures = iota
	lapses
	expires
	tires
)

// advance lets a person's time go on to an instant, one happening after another.
func (m *model) advance(p *person, to time.Time) {
	for {
		next := p.happenings()
		if len(next) == 0 || next[0].at.After(to) {
			return
		}
		h := next[0]
		switch h.rank {
		case tires:
			m.tire(p, h.hold)
			continue
		case matures:
			p.lots[h.lot].pending = false
			p.repay(h.lot)
		case lapses:
			m.lapse(p, h.hold, h.at)
		case expires:
			m.expire(p, h.lot, h.at)
		}
		m.crowd(p)
		m.wake(p, h.at)
	}
}

// happenings lists all that time will bring, the first first.
func (p *person) happenings() []happening {
	var all []happening
	for i, l := range p.lots {
		switch {
		case l.left == 0:
		case l.pending && !points.IsNever(l.from):
			all = append(all, happening{at: l.from, rank: matures, lot: i})
		case !l.pending && !points.IsNever(l.until):
			all = append(all, happening{at: l.until, rank: expires, lot: i})
		}
	}
	for id, h := range p.holds {
		if h.open && !points.IsNever(h.until) {
			all = append(all, happening{at: h.until, rank: lapses, hold: id})
		}
	}
	all = append(all, p.tirings()...)
	slices.SortFunc(all, func(a, b happening) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.rank, b.rank), cmp.Compare(a.lot, b.lot), cmp.Compare(a.hold, b.hold))
	})
	return all
}

// lapse gives the points of a hold back. Where their time has passed, they are
// the next to expire.
func (m *model) lapse(p *person, id string, at time.Time) {
	h := p.holds[id]
	for _, part := range h.parts {
		p.lots[part.lot].held -= part.amount
		lot := m.comeBack(p, part.lot, part.amount, m.revision(at), at)
		p.repay(lot)
		if p.lost(lot) && p.lots[lot].left > 0 {
			m.expire(p, lot, m.over(p, lot, at))
		}
	}
	h.open = false
	p.holds[id] = h
}

// expire takes what is left of a lot.
func (m *model) expire(p *person, lot int, at time.Time) {
	l := &p.lots[lot]
	if l.left > 0 {
		p.losses = append(slices.Clip(p.losses), loss{unit: l.unit, n: l.left, at: at, lot: *l})
	}
	m.leave(l.unit, points.Expired, l.left)
	l.left = 0
}

// repay lets a lot that became available repay debt.
func (p *person) repay(lot int) {
	l := &p.lots[lot]
	n := min(l.left, p.debt[l.unit])
	l.left -= n
	p.debt[l.unit] -= n
}

// inOrder lists the places of a unit's open lots in the order in which they are
// spent: soonest expiry first, then the first earned, then the first made.
func (p *person) inOrder(unit string) []int {
	var open []int
	for i, l := range p.lots {
		if l.unit == unit && !l.pending && l.left > 0 {
			open = append(open, i)
		}
	}
	slices.SortStableFunc(open, func(a, b int) int {
		return cmp.Or(p.lots[a].until.Compare(p.lots[b].until), p.lots[a].earned.Compare(p.lots[b].earned))
	})
	return open
}
