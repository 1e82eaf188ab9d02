package enginetest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// brought is what came to a person with another one, so that it can go back.
type brought struct {
	until   time.Time
	lots    []part
	counted map[string]points.Amount
}

// part takes somebody out of a merge: what is left of the lots that came with them goes
// back, and so do their orders and what their metrics counted.
func (m *model) part(p *person, from *person, now time.Time) error {
	joined := m.merged[from.id]
	if joined.into != p.id {
		return loyalty.ErrNotMerged
	}
	came := p.came[from.id]
	if now.After(came.until) {
		return loyalty.ErrTooLate
	}
	back := map[int]int{}
	for _, moved := range came.lots {
		i := p.where(moved.lot)
		n := min(moved.amount, p.lots[i].left)
		if n == 0 {
			continue
		}
		l := p.lots[i]
		l.left, l.held, l.into = n, 0, 0
		if l.origin = cmp.Or(l.origin, p.id); l.origin == from.id {
			l.origin = ""
		}
		p.lots[i].left -= n
		from.lots = append(from.lots, m.clamp(from, l))
		back[i] = len(from.lots) - 1
	}
	// went is where a lot is now, or an empty one like it where nothing was left.
	went := func(lot int) int {
		if at, some := back[lot]; some {
			return at
		}
		empty := p.lots[lot]
		empty.left, empty.held, empty.into = 0, 0, 0
		from.lots = append(from.lots, empty)
		return len(from.lots) - 1
	}
	along := m.along(from.id)
	for _, id := range slices.Sorted(maps.Keys(p.orders)) {
		order := p.orders[id]
		if order.from == "" && slices.Contains(along, order.via) {
			p.keep(from, id, along)
		}
		if !slices.Contains(along, order.from) {
			continue
		}
		m.settleUses(p, order)
		order.lots = slices.Clone(order.lots)
		for k, lot := range order.lots {
			order.lots[k] = went(p.where(lot))
		}
		if order.from == from.id {
			order.from = ""
		}
		delete(p.orders, id)
		from.orders[plain(id, from.id)] = order
	}
	for _, id := range slices.Sorted(maps.Keys(p.tenders)) {
		list := slices.Clone(p.tenders[id])
		if len(list) > 0 && list[0].from == "" && slices.Contains(along, list[0].via) {
			p.keep(from, id, along)
		}
		if len(list) == 0 || !slices.Contains(along, list[0].from) {
			continue
		}
		for k := range list {
			if list[k].from == from.id {
				list[k].from = ""
			}
			if list[k].back < list[k].n {
				list[k].lot = went(p.home(list[k].lot))
			}
		}
		delete(p.tenders, id)
		from.tenders[plain(id, from.id)] = list
		if sale, some := p.sales[id]; some {
			delete(p.sales, id)
			from.sales[plain(id, from.id)] = sale
		}
	}
	p.renameHolds(along)
	for unit, n := range came.counted {
		n = min(n, p.counted[unit])
		p.counted[unit] -= n
		from.counted[unit] += n
	}
	p.openWithout(from)
	delete(p.came, from.id)
	delete(m.merged, from.id)
	from.closed, from.recorded = false, now
	from.crowded = from.crowded || p.crowded
	return nil
}

// keep leaves an order of somebody who goes, which earned or was paid while they were one
// with another person, with that person, and notes that it earned.
func (p *person) keep(from *person, id string, along []string) {
	order, list := p.orders[id], p.tenders[id]
	earned := order.from == "" && slices.Contains(along, order.via)
	paid := len(list) > 0 && list[0].from == "" && slices.Contains(along, list[0].via)
	via := order.via
	if !earned {
		via = list[0].via
	}
	called := strings.TrimPrefix(id, theirs("", via))
	name := called
	for n := 2; id != name && p.has(name); n++ {
		name = fmt.Sprintf("%s/%d", called, n)
	}
	if paid {
		list = slices.Clone(list)
		list[0].via = ""
		sale, sold := p.sales[id]
		delete(p.tenders, id)
		delete(p.sales, id)
		if p.tenders[name] = list; sold {
			p.sales[name] = sale
		}
	}
	if !earned {
		return
	}
	delete(p.orders, id)
	order.via = ""
	p.orders[name] = order
	mark := called
	if via != from.id {
		mark = theirs(mark, via)
	}
	if _, some := from.orders[mark]; !some {
		from.orders[mark] = bought{marks: true}
	}
}

// renameHolds gives holds that stay, of those who go, ids by which they can be named.
func (p *person) renameHolds(along []string) {
	for _, id := range slices.Sorted(maps.Keys(p.holds)) {
		for _, who := range along {
			called, theirs := strings.CutPrefix(id, theirs("", who))
			if !theirs {
				continue
			}
			name, taken := called, true
			for n := 2; taken; n++ {
				name = fmt.Sprintf("%s/%d", called, n)
				_, taken = p.holds[name]
			}
			p.holds[name] = p.holds[id]
			delete(p.holds, id)
		}
	}
}

// has reports whether a person has an order of an id, or paid for one.
func (p *person) has(id string) bool {
	_, earned := p.orders[id]
	return earned || len(p.tenders[id]) > 0
}

// plain is the id of an order as it was before its member was merged.
func plain(id, of string) string { return strings.TrimPrefix(id, theirs("", of)) }

// along lists somebody and all who became one with them.
func (m *model) along(id string) []string {
	list := []string{id}
	for _, other := range slices.Sorted(maps.Keys(m.merged)) {
		if m.merged[other].into == id {
			list = append(list, m.along(other)...)
		}
	}
	return list
}
