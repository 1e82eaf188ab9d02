package main

import (
	"cmp"
	"slices"
	"time"
)

// modelShop is a loyalty program as a shopkeeper would keep it by hand: every
// member has a list of lots, and nothing is remembered but what is written here.
// It shares no code with the library.
type modelShop struct {
	zone *time.Location
	// doubleMondays earns twice on Mondays.
	doubleMondays bool
	// pendingDays is the return window: points count from the midnight after it.
	pendingDays int
	// months is how long points are valid then, to the end of that day or month.
	months     int
	endOfMonth bool

	members map[string]*modelMember
	totals  pointsReport
}

type modelMember struct {
	lots   []*modelLot
	orders map[string]*modelOrder
	debt   int64
}

type modelLot struct {
	left         int64
	earned       time.Time
	from, until  time.Time
	active, gone bool
}

type modelOrder struct {
	lot    *modelLot
	points int64
	// cents is what the order cost, refunded what was given back of it, and
	// taken how many of its points.
	cents, refunded, taken int64
}

func (s *modelShop) member(id string) *modelMember {
	if s.members == nil {
		s.members = map[string]*modelMember{}
	}
	if s.members[id] == nil {
		s.members[id] = &modelMember{orders: map[string]*modelOrder{}}
	}
	return s.members[id]
}

// earn books an order of so many cents.
func (s *modelShop) earn(member, order string, cents int64, at time.Time) {
	m := s.member(member)
	s.passes(m, at)
	points := cents / 100
	if s.doubleMondays && at.In(s.zone).Weekday() == time.Monday {
		points = cents * 2 / 100
	}
	lot := &modelLot{left: points, earned: at, from: s.availableFrom(at)}
	lot.until = s.expiry(lot.from)
	m.lots = append(m.lots, lot)
	m.orders[order] = &modelOrder{lot: lot, points: points, cents: cents}
	s.totals.Issued += amount(points)
	s.passes(m, at)
}

// availableFrom is the midnight that ends the last day of the return window.
func (s *modelShop) availableFrom(at time.Time) time.Time {
	if s.pendingDays == 0 {
		return at
	}
	y, m, d := at.In(s.zone).Date()
	return time.Date(y, m, d+s.pendingDays+1, 0, 0, 0, 0, s.zone)
}

func (s *modelShop) expiry(from time.Time) time.Time {
	y, m, d := from.In(s.zone).Date()
	m += time.Month(s.months)
	if s.endOfMonth {
		return time.Date(y, m+1, 1, 0, 0, 0, 0, s.zone)
	}
	lastDay := time.Date(y, m+1, 0, 0, 0, 0, 0, s.zone).Day()
	return time.Date(y, m, min(d, lastDay)+1, 0, 0, 0, 0, s.zone)
}

// passes lets time pass for a member: in order, points become available and pay
// debt, and points expire.
func (s *modelShop) passes(m *modelMember, now time.Time) {
	for {
		var next *modelLot
		var at time.Time
		for _, lot := range m.lots {
			due := lot.from
			if lot.active {
				due = lot.until
			}
			if lot.gone || due.After(now) || (next != nil && !due.Before(at)) {
				continue
			}
			next, at = lot, due
		}
		switch {
		case next == nil:
			return
		case next.active:
			s.totals.Expired += amount(next.left)
			next.left, next.gone = 0, true
		default:
			next.active = true
			pays := min(m.debt, next.left)
			m.debt -= pays
			next.left -= pays
		}
	}
}

// spendable are the lots that can be spent, those that expire first in front.
func (m *modelMember) spendable() (lots []*modelLot, sum int64) {
	for _, lot := range m.lots {
		if lot.active && !lot.gone && lot.left > 0 {
			lots = append(lots, lot)
			sum += lot.left
		}
	}
	slices.SortStableFunc(lots, func(a, b *modelLot) int {
		return cmp.Or(a.until.Compare(b.until), a.earned.Compare(b.earned))
	})
	return lots, sum
}

// take takes points from the lots that can be spent, as far as there are any.
func (m *modelMember) take(points int64) (taken int64) {
	lots, _ := m.spendable()
	for _, lot := range lots {
		part := min(lot.left, points-taken)
		lot.left -= part
		taken += part
	}
	return taken
}

// freeCoffee spends the price, if it is there.
func (s *modelShop) freeCoffee(member string, price int64, at time.Time) {
	m := s.member(member)
	s.passes(m, at)
	if _, sum := m.spendable(); sum >= price {
		s.totals.Redeemed += amount(m.take(price))
	}
}

// refund gives back so many cents of an order, or all that is left of it. What
// the member has no more becomes debt.
func (s *modelShop) refund(member, order string, cents int64, full bool, at time.Time) {
	m := s.member(member)
	s.passes(m, at)
	o := m.orders[order]
	o.refunded += cents
	target := o.points
	if !full && o.refunded < o.cents {
		target = o.points * o.refunded / o.cents
	}
	missing := target - o.taken
	o.taken = target
	s.totals.Reversed += amount(missing)
	if !o.lot.gone {
		own := min(o.lot.left, missing)
		o.lot.left -= own
		missing -= own
	}
	missing -= m.take(missing)
	m.debt += missing
}

// asOf lets time pass for everybody and returns what it comes to.
func (s *modelShop) asOf(at time.Time) pointsReport {
	for _, m := range s.members {
		s.passes(m, at)
		s.totals.Debt += amount(m.debt)
		for _, lot := range m.lots {
			switch {
			case lot.gone:
			case lot.active:
				s.totals.Available += amount(lot.left)
			default:
				s.totals.Pending += amount(lot.left)
			}
		}
	}
	return s.totals
}
