package enginetest

import (
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// loss is an expiry: so many points of a lot at an instant.
type loss struct {
	unit string
	n    points.Amount
	at   time.Time
	lot  parcel
	// ref names the ledger's entry, once it was asked for, and back is set when the
	// points were brought back.
	ref  points.EntryRef
	back bool
}

// paid is what was spent of a lot on an order, and how much of it came back.
type paid struct {
	unit string
	lot  int
	n    points.Amount
	back points.Amount
	// from is who spent it, if that is another person; of an order that of the first
	// counts.
	from string
	// via is in whose name it was spent, where they had become one with another person.
	via string
}

// where is the place of the lot in which a lot's points are now.
func (p *person) where(lot int) int {
	for p.lots[lot].into > 0 {
		lot = p.lots[lot].into - 1
	}
	return lot
}

// home is where, but for what lives by a grace.
func (p *person) home(lot int) int {
	for p.lots[lot].into > 0 && (p.lots[lot].graced || !p.lots[p.lots[lot].into-1].graced) {
		lot = p.lots[lot].into - 1
	}
	return lot
}

// comeBack puts points into a lot again. Where its time has passed by an instant, they
// live on in another lot for the grace of the unit; what lives by a grace gets no
// second one. It returns the place of the lot that has them.
func (m *model) comeBack(p *person, lot int, n points.Amount, program loyalty.Program, at time.Time) int {
	l := &p.lots[lot]
	unit, _ := program.Unit(l.unit)
	if over := p.lost(lot) || !l.until.After(at); over && !l.graced && unit.Grace != (points.Span{}) {
		next := *l
		next.left, next.held, next.from, next.graced, next.into, next.pending = n, 0, at, true, 0, false
		next.until = points.ExpireAfter(unit.Grace.N, unit.Grace.Unit).From(at, m.zone)
		p.lots = append(p.lots, next)
		p.lots[lot].into = len(p.lots)
		return len(p.lots) - 1
	}
	l.left += n
	return lot
}

// pay notes what a spend took for an order.
func (p *person) pay(order, unit string, parts []part, via string) {
	for _, part := range parts {
		p.tenders[order] = append(slices.Clip(p.tenders[order]), paid{unit: unit, lot: part.lot, n: part.amount, via: via})
	}
}

// payBack gives points back that paid for an order, what was taken last first.
func (m *model) payBack(p *person, order string, c loyalty.Refund, now time.Time) ([]loyalty.PointsBack, error) {
	list, asked := slices.Clone(p.tenders[order]), slices.Clone(c.PointsBack)
	for _, t := range list {
		if !c.Full || t.back == t.n {
			continue
		}
		i := slices.IndexFunc(asked, func(back loyalty.PointsBack) bool { return back.Unit == t.unit })
		if i < 0 {
			i = len(asked)
			asked = append(asked, loyalty.PointsBack{Unit: t.unit})
		}
		asked[i].Points += t.n - t.back
	}
	for _, back := range asked {
		left := back.Points
		for i := len(list) - 1; i >= 0; i-- {
			t := &list[i]
			n := min(left, t.n-t.back)
			if t.unit != back.Unit || n == 0 {
				continue
			}
			t.back += n
			left -= n
			m.enter(t.unit, points.Redeemed, n)
			m.arrive(p, m.comeBack(p, p.home(t.lot), n, m.program, now), now)
			m.widest++
		}
		if left > 0 {
			return nil, loyalty.ErrOverRefund
		}
	}
	p.tenders[order] = list
	return asked, nil
}

// reinstate brings expired points back.
func (m *model) reinstate(p *person, c loyalty.Reinstate, now time.Time) error {
	if c.Member != p.id || !c.ExpiresAt.IsZero() && !c.ExpiresAt.After(now) {
		return loyalty.ErrInvalid
	}
	p.losses = slices.Clone(p.losses)
	for _, ref := range c.Entries {
		i := slices.IndexFunc(p.losses, func(l loss) bool { return l.ref == ref })
		if i < 0 {
			return loyalty.ErrInvalid
		}
		lost := &p.losses[i]
		unit, _ := m.program.Unit(lost.unit)
		switch until := m.reinstatable(unit, *lost); {
		case lost.back:
			return loyalty.ErrAlreadyDone
		case !now.Before(until):
			return loyalty.ErrTooLateToReinstate
		}
		lost.back = true
		l := parcel{unit: lost.unit, left: lost.n, earned: lost.lot.earned, from: now, until: c.ExpiresAt, source: lost.lot.source, origin: lost.lot.origin}
		if l.until.IsZero() {
			l.until = p.expiryFor(m.program, unit, "").From(now, m.zone)
		}
		m.enter(lost.unit, points.Expired, lost.n)
		m.receive(p, l, now)
	}
	return nil
}

// reinstatable is up to when expired points can be brought back.
func (m *model) reinstatable(unit points.Unit, lost loss) time.Time {
	if unit.Reinstate == (points.Span{}) {
		return time.Time{}
	}
	return points.ExpireAfter(unit.Reinstate.N, unit.Reinstate.Unit).From(lost.at, m.zone)
}

// gone lists what of a person's expired points can be brought back.
func (m *model) gone(p *person, now time.Time) []int {
	var list []int
	program := m.revision(now)
	for i, lost := range p.losses {
		unit, _ := program.Unit(lost.unit)
		if !lost.back && now.Before(m.reinstatable(unit, lost)) {
			list = append(list, i)
		}
	}
	return list
}
