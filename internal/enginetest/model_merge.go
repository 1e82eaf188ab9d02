package enginetest

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// joined says who a person became one with, and since when.
type joined struct {
	into string
	at   time.Time
}

// now is the person that an id names, after all merges.
func (m *model) now(id string) *person {
	for m.merged[id].into != "" {
		id = m.merged[id].into
	}
	return m.person(id)
}

// chain lists an id and those that it was merged into, but not the last.
func (m *model) chain(id string) []string {
	var chain []string
	for ; m.merged[id].into != ""; id = m.merged[id].into {
		chain = append(chain, id)
	}
	return chain
}

// theirs is the id of an order or hold of somebody who was merged, where the
// survivor had one of the same id.
func theirs(id, of string) string { return of + "\x00" + id }

// known is the id under which a person has what a command names.
func known[T any](named []string, of map[string]T, id string) string {
	for _, alias := range named {
		if _, moved := of[theirs(id, alias)]; moved {
			return theirs(id, alias)
		}
	}
	return id
}

// orderOf is the id under which a person has an order that a command names, tenderOf
// that of what paid for it. It is one, where members have order ids of their own.
func (m *model) orderOf(p *person, id string) string {
	name := known(m.named, p.orders, id)
	if m.program.OrdersPerMember && name == id {
		return known(m.named, p.tenders, id)
	}
	return name
}

func (m *model) tenderOf(p *person, id string) string {
	if m.program.OrdersPerMember {
		return m.orderOf(p, id)
	}
	return known(m.named, p.tenders, id)
}

// newOrder is the id under which a person gets an order that a command names. In the name
// of somebody who was merged it is theirs, and none that the survivor has.
func (m *model) newOrder(p *person, id string) string {
	name := m.orderOf(p, id)
	if m.via() == "" || name != id {
		return name
	}
	order, earned := p.orders[id]
	list := p.tenders[id]
	came := order.from != "" || order.via != "" || len(list) > 0 && (list[0].from != "" || list[0].via != "")
	if came || !earned && len(list) == 0 {
		return id
	}
	return theirs(id, m.via())
}

func (m *model) newTender(p *person, id string) string {
	if m.program.OrdersPerMember {
		return m.newOrder(p, id)
	}
	return m.tenderOf(p, id)
}

// via is who was merged and is named by a command, where that tells orders apart.
func (m *model) via() string {
	if len(m.named) == 0 || !m.program.OrdersPerMember {
		return ""
	}
	return m.named[0]
}

func (p *person) hasEarned(order string) bool {
	bought, some := p.orders[order]
	return some && !bought.marks
}

func free[T any](of map[string]T, id, from string) string {
	if _, taken := of[id]; taken {
		return theirs(id, from)
	}
	return id
}

// merge moves all that somebody has to another person.
func (m *model) merge(into, from *person, now time.Time) error {
	if into.closed || from.closed {
		return loyalty.ErrClosed
	}
	if into.guest && !from.guest {
		return loyalty.ErrGuest
	}
	if m.poolOf(into.id) != nil && m.poolOf(from.id) != nil {
		return loyalty.ErrInPool
	}
	m.regroup(into, from)
	into.shutWith(from)
	for unit, owed := range from.debt {
		into.debt[unit] += owed
	}
	for _, unit := range spendables {
		for _, i := range into.inOrder(unit) {
			into.repay(i)
		}
	}
	order := make([]int, len(from.lots))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(from.lots[a].until.Compare(from.lots[b].until), from.lots[a].earned.Compare(from.lots[b].earned))
	})
	places := make([]int, len(from.lots))
	came := brought{until: now.In(m.zone).AddDate(0, 0, 30), counted: from.counted}
	for _, i := range order {
		l := from.lots[i]
		if l.origin = cmp.Or(l.origin, from.id); l.origin == into.id {
			l.origin = ""
		}
		if l.left+l.held > 0 {
			came.lots = append(came.lots, part{lot: len(into.lots), amount: l.left + l.held})
		}
		places[i] = len(into.lots)
		into.lots = append(into.lots, m.clamp(into, l))
		if !l.pending {
			into.repay(places[i])
		}
	}
	for _, i := range order {
		if next := from.lots[i].into; next > 0 {
			into.lots[places[i]].into = places[next-1] + 1
		}
	}
	into.crowded = into.crowded || from.crowded
	m.crowd(into)
	for _, id := range slices.Sorted(maps.Keys(from.holds)) {
		h := from.holds[id]
		h.parts = slices.Clone(h.parts)
		for i := range h.parts {
			h.parts[i].lot = places[h.parts[i].lot]
		}
		into.holds[free(into.holds, id, from.id)] = h
	}
	mixes := func(id string) bool {
		_, earned := into.orders[id]
		_, paid := into.tenders[id]
		return m.program.OrdersPerMember && (earned || paid)
	}
	names := map[string]string{}
	for _, id := range append(slices.Collect(maps.Keys(from.orders)), slices.Collect(maps.Keys(from.tenders))...) {
		if names[id] = id; mixes(id) {
			names[id] = theirs(id, from.id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(from.orders)) {
		bought := from.orders[id]
		bought.lots = slices.Clone(bought.lots)
		for i := range bought.lots {
			bought.lots[i] = places[bought.lots[i]]
		}
		bought.from = cmp.Or(bought.from, from.id)
		into.orders[free(into.orders, names[id], from.id)] = bought
	}
	for _, id := range slices.Sorted(maps.Keys(from.tenders)) {
		list := slices.Clone(from.tenders[id])
		for i := range list {
			list[i].lot = places[list[i].lot]
			list[i].from = cmp.Or(list[i].from, list[0].from, from.id)
		}
		to := free(into.tenders, names[id], from.id)
		into.tenders[to] = list
		if sale, some := from.sales[id]; some {
			into.sales[to] = sale
		}
	}
	into.together(from)
	into.came[from.id] = came
	for unit, n := range from.counted {
		into.counted[unit] += n
	}
	from.lots, from.holds, from.orders, from.tenders = nil, map[string]hold{}, map[string]bought{}, map[string][]paid{}
	from.sales, from.debt, from.counted = map[string]sold{}, map[string]points.Amount{}, map[string]points.Amount{}
	m.rouse(into, from)
	from.closed = true
	m.merged[from.id] = joined{into.id, now}
	return nil
}

// rouse lets the later of two activities count, for a person who loses points by
// inactivity at all.
func (m *model) rouse(p, from *person) {
	for unit, theirs := range from.idle {
		if points.IsNever(theirs.due) || p.inactivity(m.program, unit) == nil {
			continue
		}
		mine, known := p.idle[unit]
		if !known || points.IsNever(mine.due) || theirs.due.After(mine.due) {
			mine.due = theirs.due
		}
		if theirs.last.After(mine.last) {
			mine.last = theirs.last
		}
		p.idle[unit] = mine
	}
	from.idle = map[string]idleness{}
}
