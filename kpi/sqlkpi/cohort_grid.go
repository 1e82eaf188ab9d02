package sqlkpi

import (
	"database/sql"
	"maps"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// grid collects the cells of a cohort matrix.
type grid struct {
	table    *Table
	kind     string
	calendar *calendarOf
	rows     map[int64]*gridRow
	matrix   kpi.CohortMatrix
}

// gridRow has the cells of a cohort, and how many returned first in one or bought last
// in it, by place.
type gridRow struct {
	cells       map[int64]kpi.CohortCell
	again, gone map[int64]int
}

func (g *grid) row(cohort int64) *gridRow {
	row := g.rows[cohort]
	if row == nil {
		row = &gridRow{map[int64]kpi.CohortCell{}, map[int64]int{}, map[int64]int{}}
		g.rows[cohort] = row
	}
	return row
}

// take takes a row of the statement.
func (g *grid) take(rows *sql.Rows) error {
	var cohort, place, active, purchases, second, last sql.NullInt64
	var revenue sql.NullString
	var size int
	if err := rows.Scan(&cohort, &place, &active, &purchases, &revenue, &second, &last, &size); err != nil {
		return err
	}
	switch {
	case !active.Valid && !cohort.Valid:
		g.matrix.WithoutPurchase += size
	case !active.Valid:
		row := g.row(cohort.Int64)
		row.gone[last.Int64] += size
		if second.Valid {
			row.again[second.Int64] += size
		}
	default:
		money, err := g.table.money(revenue.String)
		if err != nil {
			return err
		}
		if !cohort.Valid {
			g.matrix.Unassigned = money
			return nil
		}
		g.row(cohort.Int64).cells[place.Int64] = kpi.CohortCell{Active: int(active.Int64), Orders: int(purchases.Int64), Revenue: money}
	}
	return nil
}

// complete makes the matrix of an observation that ends before until; zero is no
// order at all.
func (g *grid) complete(until time.Time) *kpi.CohortMatrix {
	m := &g.matrix
	if until.IsZero() {
		return m
	}
	m.Until = time.UnixMicro(until.UnixMicro()).UTC()
	last := g.calendar.number(g.kind, m.Until.Add(-time.Microsecond))
	m.Partial = m.Until.Before(g.calendar.start(g.kind, last+1))
	for _, cohort := range slices.Sorted(maps.Keys(g.rows)) {
		row := g.rows[cohort]
		c := kpi.Cohort{Start: g.calendar.start(g.kind, cohort), Size: row.cells[0].Active, Cells: make([]kpi.CohortCell, last-cohort+1)}
		returned, remaining := 0, c.Size
		for i := range c.Cells {
			place := int64(i)
			returned += row.again[place]
			c.Cells[i] = row.cells[place]
			c.Cells[i].Returned, c.Cells[i].Remaining = returned, remaining
			remaining -= row.gone[place]
		}
		m.Cohorts = append(m.Cohorts, c)
	}
	return m
}
