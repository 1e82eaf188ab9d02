package enginetest

import (
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func (m *model) refund(p *person, c loyalty.Refund, now time.Time) (result, error) {
	var r result
	var err error
	onlyPoints := len(c.PointsBack) > 0 && !c.Full && len(c.Lines) == 0 && c.Amount.IsZero()
	order, tender := m.orderOf(p, c.Order), m.tenderOf(p, c.Order)
	earned := p.hasEarned(order)
	if _, paid := p.tenders[tender]; !earned && (!paid || !c.Full && !onlyPoints) {
		return r, loyalty.ErrUnknownOrder
	}
	if earned && !onlyPoints {
		_, sale := p.sales[tender]
		if sale && len(c.PointsBack) > 0 {
			return r, loyalty.ErrInvalid
		}
		if r, err = m.takeBack(p, order, c); err != nil {
			return r, err
		}
		if sale {
			state := p.orders[order].state
			var back points.Amount
			if back, r.split = m.split(p, tender, &state); back > 0 && !c.Full {
				c.PointsBack = []loyalty.PointsBack{{Unit: p.sales[tender].unit, Points: back}}
			}
		}
	}
	r.back, err = m.payBack(p, tender, c, now)
	return r, err
}

// takeBack takes back what an order earned.
func (m *model) takeBack(p *person, id string, c loyalty.Refund) (result, error) {
	var r result
	order := p.orders[id]
	takes, err := order.state.Refund(points.Refund{Full: c.Full, Lines: c.Lines, Amount: c.Amount})
	if errors.Is(err, points.ErrRefund) {
		return r, loyalty.ErrOverRefund
	}
	if err != nil {
		return r, err
	}
	order.short = slices.Clone(order.short)
	for i, take := range takes {
		if missing := m.clawBack(p, order, take); missing > 0 {
			r.shortfalls = append(r.shortfalls, m.fallShort(&order, i, missing))
		}
	}
	p.orders[id] = order
	return r, nil
}

// clawBack takes points back from where the program says, one source after another. It
// returns what nobody has.
func (m *model) clawBack(p *person, order bought, take points.Take) points.Amount {
	unit, _ := m.program.Unit(take.Unit)
	n := take.Points
	if unit.Kind == points.Metric {
		n = min(n, p.counted[unit.Code])
		p.counted[unit.Code] -= n
		m.uncount(p, order, unit.Code, n)
		m.leave(unit.Code, points.Source, n)
		return 0
	}
	claw := func(lots []int, wanted func(parcel) bool) {
		for _, i := range lots {
			if l := &p.lots[i]; l.unit == unit.Code && wanted(*l) {
				taken := min(n, l.left)
				l.left -= taken
				m.leave(unit.Code, points.Reversed, taken)
				n -= taken
			}
		}
	}
	lots := slices.Clone(order.lots)
	for k := range lots {
		lots[k] = p.where(lots[k])
	}
	for _, source := range m.sources() {
		switch source {
		case loyalty.FromPending:
			claw(lots, func(l parcel) bool { return l.pending })
		case loyalty.FromOwn:
			for _, i := range lots {
				if own := p.lots[i]; own.unit == unit.Code && !own.pending {
					claw([]int{i}, func(parcel) bool { return true })
					claw(p.inOrder(unit.Code), func(l parcel) bool { return l.until.Equal(own.until) })
				}
			}
		case loyalty.FromOthers:
			others := min(n, p.balance(unit.Code).Available)
			m.takeFrom(p, p.inOrder(unit.Code), others, points.Reversed)
			n -= others
		case loyalty.FromDebt:
			if n > 0 {
				m.owe(p, unit.Code, n, points.Reversed)
			}
			n = 0
		}
	}
	return n
}

// uncount lets what was counted of an order go back no more with who brought it.
func (m *model) uncount(p *person, order bought, unit string, n points.Amount) {
	for id, came := range p.came {
		if order.from != "" && slices.Contains(m.along(id), order.from) {
			came.counted = maps.Clone(came.counted)
			came.counted[unit] = max(0, came.counted[unit]-n)
			p.came[id] = came
		}
	}
}
