package sqlkpi

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
	"github.com/loyaltykit/loyaltykit/kpi"
)

// CohortQuery is the statement of [Table.Cohorts]. An error wraps
// [kpi.ErrInvalid].
func (t *Table) CohortQuery(o *kpi.CohortOptions) (Query, error) {
	var q Query
	if _, err := kpi.NewCohortAccumulator(o); err != nil {
		return q, err
	}
	var options kpi.CohortOptions
	if o != nil {
		options = *o
	}
	name, err := zoneName(options.Zone)
	if err != nil {
		return q, err
	}
	zone := q.arg(name) + "::text"
	month := fmt.Sprintf("(EXTRACT(YEAR FROM at AT TIME ZONE %[1]s) * 12 + EXTRACT(MONTH FROM at AT TIME ZONE %[1]s) - 1)::bigint", zone)
	bucket := month
	switch options.Bucket {
	case kpi.Weekly:
		bucket = fmt.Sprintf("floor((%s + 3) / 7.0)::bigint", dayOf("at", zone))
	case kpi.Quarterly:
		bucket = month + " / 3"
	case kpi.Yearly:
		bucket = month + " / 12"
	}
	where := ""
	if !options.Until.IsZero() {
		where = fmt.Sprintf(" WHERE at < %s::timestamptz", q.arg(options.Until))
	}
	q.Text = fmt.Sprintf(`WITH orders AS (%s),
bucketed AS (SELECT member, %s AS bucket, at, amount FROM orders%s),
spells AS (
  SELECT member, bucket, max(at) AS last_at, sum(amount) AS total, count(*) FILTER (WHERE amount >= 0) AS orders
  FROM bucketed GROUP BY 1, 2
),
members AS (
  SELECT member, min(bucket) AS first, max(bucket) - min(bucket) AS gone,
    (array_agg(bucket ORDER BY bucket))[2] - min(bucket) AS again
  FROM spells WHERE orders > 0 GROUP BY member
),
cells AS (
  SELECT first, bucket - first AS place, count(*) FILTER (WHERE orders > 0) AS active, sum(orders)::bigint AS orders, sum(total) AS revenue
  FROM spells JOIN members USING (member) WHERE bucket >= first GROUP BY 1, 2
),
fates AS (
  SELECT first, place, sum(again)::bigint AS again, sum(gone)::bigint AS gone FROM (
    SELECT first, again AS place, 1 AS again, 0 AS gone FROM members WHERE again IS NOT NULL
    UNION ALL SELECT first, gone, 0, 1 FROM members
  ) AS each_member GROUP BY 1, 2
),
observed AS (SELECT max(last_at) AS last_at FROM spells)
SELECT first, place, active, orders, revenue::text, coalesce(again, 0), coalesce(gone, 0), (EXTRACT(EPOCH FROM last_at) * 1000000)::bigint
FROM cells LEFT JOIN fates USING (first, place), observed
ORDER BY first, place`, t.orders(), bucket, where)
	return q, nil
}

// Cohorts are the cohorts of [kpi.CohortAccumulator]'s result over the table.
func (t *Table) Cohorts(ctx context.Context, db Querier, o *kpi.CohortOptions) ([]kpi.Cohort, error) {
	q, err := t.CohortQuery(o)
	if err != nil {
		return nil, err
	}
	g := grid{bucket: kpi.Monthly, zone: time.UTC}
	if o != nil {
		g.bucket, g.until = cmp.Or(o.Bucket, kpi.Monthly), o.Until
		if o.Zone != nil {
			g.zone = o.Zone
		}
	}
	for rows, err := range read(ctx, db, q) {
		var r cell
		var revenue string
		if err == nil {
			err = rows.Scan(&r.first, &r.place, &r.Active, &r.Orders, &revenue, &r.again, &r.gone, &r.last)
		}
		if err == nil {
			r.Revenue, err = kpi.ParseTotal(revenue)
		}
		if err != nil {
			return nil, fmt.Errorf("sqlkpi: cohorts: %w", err)
		}
		g.cells = append(g.cells, r)
	}
	return g.cohorts(), nil
}

// cell is one row: a cell, and how many members returned first in it or bought
// last in it.
type cell struct {
	kpi.CohortCell
	first, place, last int64
	again, gone        int
}

type grid struct {
	bucket kpi.Bucket
	zone   *time.Location
	until  time.Time
	cells  []cell
}

// cohorts completes the rows by cells in which nothing happened.
func (g *grid) cohorts() []kpi.Cohort {
	var all []kpi.Cohort
	for from := 0; from < len(g.cells); {
		to := from + 1
		for to < len(g.cells) && g.cells[to].first == g.cells[from].first {
			to++
		}
		all = append(all, g.cohort(g.cells[from:to]))
		from = to
	}
	return all
}

func (g *grid) cohort(found []cell) kpi.Cohort {
	until := g.until
	if until.IsZero() {
		until = time.UnixMicro(found[0].last + 1)
	}
	first := found[0].first
	c := kpi.Cohort{Start: g.start(first), Size: found[0].Active, Cells: make([]kpi.CohortCell, g.number(until.Add(-time.Microsecond))-first+1)}
	returned, remaining := 0, c.Size
	for place := range c.Cells {
		cell := &c.Cells[place]
		gone := 0
		if len(found) > 0 && found[0].place == int64(place) {
			*cell = found[0].CohortCell
			returned += found[0].again
			gone = found[0].gone
			found = found[1:]
		}
		cell.Returned, cell.Remaining = returned, remaining
		remaining -= gone
	}
	return c
}

func (g *grid) number(at time.Time) int64 {
	day := calendar.NewDates(g.zone).Day(at.Unix())
	switch g.bucket {
	case kpi.Weekly:
		return calendar.WeekOf(day)
	case kpi.Quarterly:
		return calendar.MonthOf(day) / 3
	case kpi.Yearly:
		return calendar.MonthOf(day) / 12
	default:
		return calendar.MonthOf(day)
	}
}

func (g *grid) start(bucket int64) time.Time {
	switch g.bucket {
	case kpi.Weekly:
		return calendar.StartOfDate(calendar.StartOfWeek(bucket), g.zone)
	case kpi.Quarterly:
		bucket *= 3
	case kpi.Yearly:
		bucket *= 12
	}
	return calendar.StartOfDate(calendar.StartOfMonth(bucket), g.zone)
}
