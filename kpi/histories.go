package kpi

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// ErrMerge reports accumulators that were made with different options, whose
// contents cannot be one.
var ErrMerge = errors.New("accumulators with different options cannot be merged")

// mergeable is the error of merging accumulators that were made with options of these
// keys, nil where they are the same.
func mergeable(key, other string) error {
	if key != other {
		return fmt.Errorf("%w: %s, and %s", ErrMerge, key, other)
	}
	return nil
}

// ErrState reports bytes that are no state of the accumulator that reads them.
var ErrState = errors.New("not the state of this accumulator")

// spell is what a member ordered within one period: how many purchases, and the
// money of purchases and refunds together.
type spell struct {
	period int64
	total  Amount
	orders uint64
}

// histories keep the spells of all members. Orders add up in whatever sequence
// they come.
type histories struct {
	members memberTable
	// last is, for each member, 1 + the place of its newest link.
	last []uint32
	// links are kept in blocks, so that growing copies nothing.
	links [][]link
	size  int
}

const (
	blockBits = 13
	blockSize = 1 << blockBits
)

// at returns the link of a place that counts from 1.
func (h *histories) at(place uint32) *link {
	place--
	return &h.links[place>>blockBits][place%blockSize]
}

// link is a spell, or a part of one, with 1 + the place of the link before it.
type link struct {
	spell
	before uint32
}

// add adds to a member's spell.
func (h *histories) add(member string, s spell) error {
	m := h.known(member)
	before := h.last[m]
	if before != 0 {
		if newest := h.at(before); newest.period == s.period {
			newest.total = newest.total.Add(s.total)
			newest.orders += s.orders
			return nil
		}
	}
	if h.size == math.MaxUint32 {
		return fmt.Errorf("an accumulator holds %d periods of members at most; make one per shard of members", math.MaxUint32)
	}
	if h.size%blockSize == 0 {
		h.links = append(h.links, make([]link, 0, min(blockSize, max(64, h.size))))
	}
	last := &h.links[len(h.links)-1]
	*last = append(*last, link{s, before})
	h.size++
	h.last[m] = uint32(h.size)
	return nil
}

// known makes sure that a member is listed, be it without orders.
func (h *histories) known(member string) uint32 {
	m := h.members.number(member)
	if int(m) == len(h.last) {
		h.last = append(h.last, 0)
	}
	return m
}

// of returns the spells of a member by period, in a buffer that it may grow.
func (h *histories) of(m uint32, buffer []spell) []spell {
	buffer = buffer[:0]
	for place := h.last[m]; place != 0; {
		one := h.at(place)
		buffer = append(buffer, one.spell)
		place = one.before
	}
	slices.Reverse(buffer)
	return joined(buffer)
}

// newest is the last period that anybody has.
func (h *histories) newest() (period int64, any bool) {
	for _, block := range h.links {
		for i := range block {
			if !any || block[i].period > period {
				period, any = block[i].period, true
			}
		}
	}
	return period, any
}

// joined sorts spells by period and makes those of one period one.
func joined(spells []spell) []spell {
	byPeriod := func(a, b spell) int { return cmp.Compare(a.period, b.period) }
	if !slices.IsSortedFunc(spells, byPeriod) {
		slices.SortFunc(spells, byPeriod)
	}
	kept := 0
	for i := range spells {
		if kept > 0 && spells[kept-1].period == spells[i].period {
			spells[kept-1].total = spells[kept-1].total.Add(spells[i].total)
			spells[kept-1].orders += spells[i].orders
			continue
		}
		spells[kept] = spells[i]
		kept++
	}
	return spells[:kept]
}

// merge adds all of other.
func (h *histories) merge(other *histories) error {
	var buffer []spell
	for m, name := range other.members.names {
		h.known(name)
		buffer = other.of(uint32(m), buffer)
		for _, s := range buffer {
			if err := h.add(name, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// each calls visit for all members in order of their ids, with their spells.
func (h *histories) each(visit func(name string, spells []spell)) {
	var buffer []spell
	for _, m := range h.members.byName() {
		buffer = h.of(m, buffer)
		visit(h.members.names[m], buffer)
	}
}

// write appends the histories in the order of the members' ids, so that the same
// orders give the same bytes.
func (h *histories) write(w *stateWriter) {
	w.count(len(h.members.names))
	h.each(func(name string, spells []spell) {
		w.text(name)
		w.count(len(spells))
		before := int64(0)
		for _, s := range spells {
			w.signed(s.period - before)
			w.unsigned(s.orders)
			w.amount(s.total)
			before = s.period
		}
	})
}

// read reads what write wrote.
func (h *histories) read(r *stateReader) {
	r.members(2, func(name string) {
		h.known(name)
		period := int64(0)
		for i := range r.count(4) {
			step := r.period()
			if i > 0 && step <= 0 {
				r.fail("periods are not in order")
			}
			period += step
			s := spell{period: period, orders: uint64(r.number()), total: r.amount()}
			if period > maxPeriod || period < -maxPeriod {
				r.fail("a period is out of range")
			}
			if r.err != nil {
				return
			}
			if err := h.add(name, s); err != nil {
				r.fail(err.Error())
				return
			}
		}
	})
}

// maxPeriod is past the last microsecond of the year 9999.
const maxPeriod = 1 << 59
