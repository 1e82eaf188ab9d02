package kpi

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
)

// RFM is what an [RFMAccumulator] makes of the same orders, on all cores. Memory
// beyond the columns is about 90 bytes for each member and 16 MB.
func (c *Columns) RFM(o *RFMOptions) (*RFM, error) {
	rule, clock, err := newRFMRule(o)
	if err != nil {
		return nil, err
	}
	last := rule.asOf
	if rule.open {
		last = math.MaxInt64
	}
	totals := make([]columnTotals, len(c.names))
	sums := orderSums{columns: c, zone: rule.options.Zone, last: last, totals: totals, workers: partsOf(len(c.at)), chunk: 1 << 20, shift: 13}
	counts, newest := sums.run()
	if rule.open {
		rule.asOf = newest
	}
	result := rule.frame(&clock, counts)
	result.takeAll(c, totals, rule.asOf)
	rule.score(result)
	return result, nil
}

// columnTotals are what scores are made of, for one member of columns, in 24 bytes.
type columnTotals struct {
	// hi and lo are the money in the columns' units, in two's complement.
	hi int64
	lo uint64
	// last is 0 where nothing was ordered, 1 where nothing was bought, and else the date
	// of the last purchase, counted from dateZero.
	last   uint32
	orders uint32
}

// dateZero is before all dates of orders, so that there are two numbers left below
// them.
const dateZero = firstDay - 2

// orderSums add up the orders of each member. Some orders at a time are dealt out to parts of
// the members whose totals fit in a processor's cache, so that memory is read in
// order and stays bounded.
type orderSums struct {
	columns *Columns
	zone    *time.Location
	// last is the date after which orders are late.
	last   int64
	totals []columnTotals

	// workers is how many work at once, chunk how many orders are dealt out at a time,
	// and a part has 1<<shift members.
	workers, chunk, shift int
	parts                 int
	dealt                 []orderSum
	// next is, per worker, where the next order of each part goes.
	next   [][]int
	counts []paddedSums
}

// orderSum is an order on its way to its member.
type orderSum struct {
	amount int64
	// last is as in columnTotals: 1 where nothing was bought.
	last, member uint32
}

// paddedSums keep workers from sharing a cache line.
type paddedSums struct {
	rfmCounts
	newest int64
	dates  *calendar.Dates
	_      [64]byte
}

// run returns what was counted, and the date of the newest order that is not late.
func (s *orderSums) run() (counts rfmCounts, newest int64) {
	n := len(s.columns.at)
	s.chunk = min(s.chunk, n)
	s.parts = (len(s.totals) + 1<<s.shift - 1) >> s.shift
	s.dealt = make([]orderSum, s.chunk)
	s.next, s.counts = make([][]int, s.workers), make([]paddedSums, s.workers)
	for worker := range s.workers {
		s.next[worker] = make([]int, s.parts)
		s.counts[worker].dates, s.counts[worker].newest = calendar.NewDates(s.zone), math.MinInt64
	}
	for first := 0; first < n; first += s.chunk {
		s.round(first, min(first+s.chunk, n))
	}
	newest = math.MinInt64
	for i := range s.counts {
		c := &s.counts[i]
		newest = max(newest, c.newest)
		counts.orders += c.orders
		counts.refunds += c.refunds
		counts.late += c.late
	}
	return counts, newest
}

// round adds up some orders.
func (s *orderSums) round(first, end int) {
	c := s.columns
	share := func(work func(worker, from, to int)) {
		inParts(s.workers, end-first, func(worker, from, to int) { work(worker, first+from, first+to) })
	}
	share(func(worker, from, to int) {
		sizes := s.next[worker]
		clear(sizes)
		for _, m := range c.member[from:to] {
			sizes[m>>s.shift]++
		}
	})
	starts, place := make([]int, s.parts+1), 0
	for part := range s.parts {
		starts[part] = place
		for worker := range s.next {
			size := s.next[worker][part]
			s.next[worker][part] = place
			place += size
		}
	}
	starts[s.parts] = place
	share(func(worker, from, to int) {
		s.deal(&s.counts[worker], s.next[worker], c.member[from:to], c.at[from:to], c.amount[from:to])
	})
	var taken atomic.Int64
	inParts(s.workers, s.workers, func(int, int, int) {
		for part := int(taken.Add(1)) - 1; part < s.parts; part = int(taken.Add(1)) - 1 {
			s.add(s.dealt[starts[part]:starts[part+1]])
		}
	})
}

// deal puts orders where their parts are.
func (s *orderSums) deal(counts *paddedSums, next []int, members []uint32, ats, amounts []int64) {
	ats, amounts = ats[:len(members)], amounts[:len(members)]
	dates, newest := counts.dates, counts.newest
	for i, m := range members {
		day := dates.Day(secondOf(ats[i]))
		one := orderSum{amount: amounts[i], last: uint32(day - dateZero), member: m}
		switch {
		case day > s.last:
			counts.late++
			one.amount, one.last = 0, 1
		case one.amount < 0:
			counts.refunds++
			one.last = 1
			fallthrough
		default:
			counts.orders++
			newest = max(newest, day)
		}
		place := &next[m>>s.shift]
		s.dealt[*place] = one
		*place++
	}
	counts.newest = newest
}

// add adds up the orders of a part.
func (s *orderSums) add(dealt []orderSum) {
	totals := s.totals
	for i := range dealt {
		one := &dealt[i]
		t := &totals[one.member]
		lo, carry := bits.Add64(t.lo, uint64(one.amount), 0)
		t.hi, t.lo = t.hi+one.amount>>63+int64(carry), lo
		t.last = max(t.last, one.last)
		if one.last > 1 {
			t.orders++
		}
	}
}

// spent is the money of the totals, of which a unit is that many units of amounts.
func (t *columnTotals) spent(unit uint64) Amount {
	m := Amount{t.hi, t.lo}
	if t.hi < 0 {
		m = m.Neg()
	}
	hi, lo := bits.Mul64(m.lo, unit)
	m = Amount{m.hi*int64(unit) + int64(hi), lo}
	if t.hi < 0 {
		return m.Neg()
	}
	return m
}

// takeAll lists the members who bought.
func (r *RFM) takeAll(c *Columns, totals []columnTotals, asOf int64) {
	parts := partsOf(len(totals))
	bought, without := make([]int, parts), make([]int, parts)
	inParts(parts, len(totals), func(part, from, to int) {
		for i := range totals[from:to] {
			switch totals[from+i].last {
			case 0:
			case 1:
				without[part]++
			default:
				bought[part]++
			}
		}
	})
	starts, all := make([]int, parts), 0
	for part := range parts {
		starts[part] = all
		all += bought[part]
		r.WithoutPurchase += without[part]
	}
	r.Customers = make([]RFMCustomer, all)
	unit := powersOfTen[amountDecimals-c.decimals]
	inParts(parts, len(totals), func(part, from, to int) {
		place := starts[part]
		for m := from; m < to; m++ {
			if t := &totals[m]; t.last > 1 {
				days := asOf - (int64(t.last) + dateZero)
				r.Customers[place] = RFMCustomer{Member: c.names[m], Days: int(days), Orders: int(t.orders), Spent: t.spent(unit)}
				place++
			}
		}
	})
}
