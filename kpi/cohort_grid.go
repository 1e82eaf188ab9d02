package kpi

import (
	"slices"
	"time"
)

// cohortGrid counts cells. It is a triangle for each bucket from the first on, and
// grows at both ends.
type cohortGrid struct {
	first int64
	rows  [][]CohortCell
	// again and gone count, in cell offset, members who returned first at it, and
	// whose last purchase was at it.
	again, gone [][]int
	counts      cohortCounts
}

// add adds the spells of a member.
func (g *cohortGrid) add(spells []spell) {
	at := slices.IndexFunc(spells, func(s spell) bool { return s.orders > 0 })
	for i := range spells {
		if i < at || at < 0 {
			g.counts.unassigned = g.counts.unassigned.Add(spells[i].total)
		}
	}
	if at < 0 {
		if len(spells) > 0 {
			g.counts.withoutPurchase++
		}
		return
	}
	spells = spells[at:]
	first, returned, last := spells[0].period, int64(0), int64(0)
	for i := range spells {
		s := &spells[i]
		offset := s.period - first
		cell := g.cell(first, offset)
		cell.Revenue = cell.Revenue.Add(s.total)
		if s.orders == 0 {
			continue
		}
		cell.Active++
		cell.Orders += int(s.orders)
		last = offset
		if returned == 0 {
			returned = offset
		}
	}
	row := first - g.first
	if returned > 0 {
		g.again[row][returned]++
	}
	g.gone[row][last]++
}

// cell returns the cell of a bucket and an offset, making room for it.
func (g *cohortGrid) cell(bucket, offset int64) *CohortCell {
	if len(g.rows) == 0 {
		g.first = bucket
	}
	if bucket < g.first {
		more := int(g.first - bucket)
		g.rows = slices.Concat(make([][]CohortCell, more), g.rows)
		g.again = slices.Concat(make([][]int, more), g.again)
		g.gone = slices.Concat(make([][]int, more), g.gone)
		g.first = bucket
	}
	row := int(bucket - g.first)
	for len(g.rows) <= row {
		g.rows, g.again, g.gone = append(g.rows, nil), append(g.again, nil), append(g.gone, nil)
	}
	for int64(len(g.rows[row])) <= offset {
		g.rows[row] = append(g.rows[row], CohortCell{})
		g.again[row], g.gone[row] = append(g.again[row], 0), append(g.gone[row], 0)
	}
	return &g.rows[row][offset]
}

// merge adds all of other.
func (g *cohortGrid) merge(other *cohortGrid) {
	for row := range other.rows {
		bucket := other.first + int64(row)
		for offset := range other.rows[row] {
			from, to := &other.rows[row][offset], g.cell(bucket, int64(offset))
			to.Active += from.Active
			to.Orders += from.Orders
			to.Revenue = to.Revenue.Add(from.Revenue)
			g.again[bucket-g.first][offset] += other.again[row][offset]
			g.gone[bucket-g.first][offset] += other.gone[row][offset]
		}
	}
	g.counts.add(&other.counts)
}

// observation is what was seen of the calendar: until an instant in microseconds, in the
// last bucket, which is partial unless it was seen to its end.
type observation struct {
	end, last int64
	partial   bool
}

// observed tells what was seen, where the last order was at newest; nothing where there
// was none and no end was asked for.
func (r *cohortRule) observed(c *clock, newest int64, any bool) (o observation, ok bool) {
	if r.open && !any {
		return o, false
	}
	if o.end = r.until; r.open {
		o.end = newest + 1
	}
	o.last = c.period(o.end - 1)
	o.partial = time.UnixMicro(o.end).Before(c.start(o.last+1, r.options.Zone))
	return o, true
}

// matrix makes the matrix of a grid, whose last order was at newest.
func (r *cohortRule) matrix(g *cohortGrid, c *clock, newest int64, any bool) *CohortMatrix {
	m := &CohortMatrix{
		Bucket: r.options.Bucket, Zone: r.options.Zone,
		Orders: g.counts.orders, Refunds: g.counts.refunds, Late: g.counts.late,
		WithoutPurchase: g.counts.withoutPurchase, Unassigned: g.counts.unassigned,
	}
	seen, ok := r.observed(c, newest, any)
	if !ok {
		return m
	}
	m.Until, m.Partial = time.UnixMicro(seen.end).UTC(), seen.partial
	for row := range g.rows {
		bucket := g.first + int64(row)
		if cells := g.cells(row, int(seen.last-bucket)+1); cells != nil {
			m.Cohorts = append(m.Cohorts, Cohort{Start: c.start(bucket, r.options.Zone), Size: cells[0].Active, Cells: cells})
		}
	}
	return m
}

// cells returns the cells of a row up to a number of them, nil where nobody bought
// first in it.
func (g *cohortGrid) cells(row, n int) []CohortCell {
	if len(g.rows[row]) == 0 {
		return nil
	}
	cells := make([]CohortCell, n)
	copy(cells, g.rows[row])
	returned, remaining := 0, cells[0].Active
	for offset := range cells {
		if offset < len(g.rows[row]) {
			returned += g.again[row][offset]
		}
		cells[offset].Returned, cells[offset].Remaining = returned, remaining
		if offset < len(g.rows[row]) {
			remaining -= g.gone[row][offset]
		}
	}
	return cells
}
