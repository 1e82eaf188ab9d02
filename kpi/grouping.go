package kpi

import (
	"cmp"
	"math"
	"math/bits"
	"sync"
	"sync/atomic"
	"time"
)

// grouping hands the orders of columns to visit member by member, as spells, on
// all cores. Orders are dealt out to parts of the members that fit in a processor's
// cache, some parts at a time so that memory stays bounded, and each part is sorted
// by member.
type grouping struct {
	columns *Columns
	kind    string
	zone    *time.Location
	// until and last are where orders are late: from an instant on, or after a period.
	until, last int64
	// visit gets each member that has orders, once, with those that are not late. The
	// spells are valid until it returns.
	visit func(worker int, member uint32, spells []spell)

	// workers is how many work at once, at most.
	workers int
	// partOrders is about how many orders a part has, roundOrders how many are dealt
	// out at a time; 0 is the default of each.
	partOrders, roundOrders int
	// A member's part is its number shifted by shift.
	shift int
	parts int
	// dealt counts, per worker, the orders of each part.
	dealt [][]int
	tally []groupTally
}

// groupTally is what a worker counted.
type groupTally struct {
	orders, refunds, late int
	newestAt              int64
	_                     [64]byte // workers write without sharing a cache line
}

// dealtOrder is an order on its way to its member.
type dealtOrder struct {
	period int64
	amount int64
	member uint32
}

// latePeriod marks orders that are late.
const latePeriod = math.MaxInt64

// newest returns the last period that has an order, as the accumulators see it.
func (g *grouping) newest() int64 {
	if len(g.columns.at) == 0 {
		return 0
	}
	last := g.columns.at[0]
	for _, at := range g.columns.at {
		last = max(last, at)
	}
	// Where clocks go back past midnight, the last instant may show an earlier date.
	const margin = 2 * 24 * 60 * 60 * microsecond
	c := newClock(g.kind, g.zone)
	period := c.period(last)
	for _, at := range g.columns.at {
		if at > last-margin {
			period = max(period, c.period(at))
		}
	}
	return period
}

// run visits all members and returns what was counted.
func (g *grouping) run() groupTally {
	orders, members := len(g.columns.at), len(g.columns.names)
	g.partOrders, g.roundOrders = cmp.Or(g.partOrders, 1<<14), cmp.Or(g.roundOrders, 1<<21)
	g.workers = max(1, min(g.workers, orders/g.partOrders))
	for g.shift = 0; members > 0 && orders > 0 && g.partOrders*members/orders>>(g.shift+1) > 0; {
		g.shift++
	}
	g.parts = (members + 1<<g.shift - 1) >> g.shift
	g.tally = make([]groupTally, g.workers)
	g.dealt = make([][]int, g.workers)
	g.each(func(worker int) { g.dealt[worker] = g.sizes(worker) })
	var buffer []dealtOrder
	for first := 0; first < g.parts; {
		end, size := first, 0
		for end < g.parts && (end == first || size+g.size(end) <= g.roundOrders) {
			size += g.size(end)
			end++
		}
		if cap(buffer) < size {
			buffer = make([]dealtOrder, size)
		}
		g.round(first, end, buffer[:size])
		first = end
	}
	var sum groupTally
	for i := range g.tally {
		t := &g.tally[i]
		if sum.orders == 0 || t.orders > 0 && t.newestAt > sum.newestAt {
			sum.newestAt = t.newestAt
		}
		sum.orders += t.orders
		sum.refunds += t.refunds
		sum.late += t.late
	}
	return sum
}

// each runs work on all workers.
func (g *grouping) each(work func(worker int)) {
	var wg sync.WaitGroup
	for worker := range g.workers {
		wg.Go(func() { work(worker) })
	}
	wg.Wait()
}

// share is a worker's share of the orders.
func (g *grouping) share(worker int) (from, to int) {
	n := len(g.columns.at)
	return n * worker / g.workers, n * (worker + 1) / g.workers
}

func (g *grouping) sizes(worker int) []int {
	sizes := make([]int, g.parts)
	from, to := g.share(worker)
	for _, m := range g.columns.member[from:to] {
		sizes[m>>g.shift]++
	}
	return sizes
}

func (g *grouping) size(part int) int {
	size := 0
	for worker := range g.dealt {
		size += g.dealt[worker][part]
	}
	return size
}

// round deals out the orders of parts and visits their members.
func (g *grouping) round(first, end int, buffer []dealtOrder) {
	starts := make([]int, end-first+1)
	next := make([][]int, g.workers)
	for worker := range next {
		next[worker] = make([]int, end-first)
	}
	place := 0
	for part := first; part < end; part++ {
		starts[part-first] = place
		for worker := range next {
			next[worker][part-first] = place
			place += g.dealt[worker][part]
		}
	}
	starts[end-first] = place
	g.each(func(worker int) { g.deal(worker, first, end, next[worker], buffer) })
	var taken atomic.Int64
	g.each(func(worker int) {
		sorter := partSorter{grouping: g, worker: worker, starts: make([]int, 1<<g.shift+1)}
		for {
			i := int(taken.Add(1)) - 1
			if i >= end-first {
				return
			}
			sorter.visit(uint32(first+i)<<g.shift, buffer[starts[i]:starts[i+1]])
		}
	})
}

// deal puts a worker's share of the orders where their parts are.
func (g *grouping) deal(worker, first, end int, next []int, buffer []dealtOrder) {
	c := newClock(g.kind, g.zone)
	t := &g.tally[worker]
	from, to := g.share(worker)
	low, high := uint32(first), uint32(end)
	var orders, refunds, late int
	newest := int64(math.MinInt64)
	members, ats, amounts := g.columns.member[from:to], g.columns.at[from:to], g.columns.amount[from:to]
	for i, m := range members {
		part := m >> g.shift
		if part < low || part >= high {
			continue
		}
		at, amount := ats[i], amounts[i]
		period := c.period(at)
		if at >= g.until || period > g.last {
			late++
			period = latePeriod
		} else {
			orders++
			refunds += int(uint64(amount) >> 63)
			newest = max(newest, at)
		}
		place := &next[part-low]
		buffer[*place] = dealtOrder{period, amount, m}
		*place++
	}
	if orders > 0 && (t.orders == 0 || newest > t.newestAt) {
		t.newestAt = newest
	}
	t.orders += orders
	t.refunds += refunds
	t.late += late
}

// partSorter sorts the orders of one part by member.
type partSorter struct {
	*grouping
	worker int
	starts []int
	sorted []dealtOrder
	spells []spell
}

func (s *partSorter) visit(base uint32, orders []dealtOrder) {
	if cap(s.sorted) < len(orders) {
		s.sorted = make([]dealtOrder, len(orders)+len(orders)/4)
	}
	sorted := s.sorted[:len(orders)]
	clear(s.starts)
	for i := range orders {
		s.starts[orders[i].member-base+1]++
	}
	for i := 1; i < len(s.starts); i++ {
		s.starts[i] += s.starts[i-1]
	}
	for i := range orders {
		start := &s.starts[orders[i].member-base]
		sorted[*start] = orders[i]
		*start++
	}
	unit := powersOfTen[amountDecimals-s.columns.decimals]
	for from := 0; from < len(sorted); {
		member := sorted[from].member
		to := from + 1
		for to < len(sorted) && sorted[to].member == member {
			to++
		}
		s.group(sorted[from:to], unit)
		s.grouping.visit(s.worker, member, s.spells)
		from = to
	}
}

// group makes spells of one member's orders.
func (s *partSorter) group(orders []dealtOrder, unit uint64) {
	spells, sorted := s.spells[:0], true
	for i := range orders {
		o := &orders[i]
		if o.period == latePeriod {
			continue
		}
		one := spell{period: o.period, orders: 1 - uint64(o.amount)>>63}
		if hi, lo := bits.Mul64(magnitude(o.amount), unit); o.amount < 0 {
			one.total = Amount{int64(hi), lo}.Neg()
		} else {
			one.total = Amount{int64(hi), lo}
		}
		if n := len(spells); n > 0 {
			newest := &spells[n-1]
			if newest.period == one.period {
				newest.total = newest.total.Add(one.total)
				newest.orders += one.orders
				continue
			}
			sorted = sorted && newest.period < one.period
		}
		spells = append(spells, one)
	}
	if !sorted {
		spells = joined(spells)
	}
	s.spells = spells
}
