package sqlkpi

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// begin reads the extent of the table and makes the calendar of a zone over it.
func (t *Table) begin(ctx context.Context, db Querier, zone *time.Location) (Extent, calendarOf, error) {
	e, err := t.Extent(ctx, db)
	d, _ := dialectOf(t.Dialect)
	return e, newCalendar(d, zone, e), err
}

// prepare checks the description and makes the calendar of a zone over an extent.
func (t *Table) prepare(zone *time.Location, e Extent) (calendarOf, error) {
	var problems kpi.Problems
	d := t.validate(&problems)
	if e.Last.Before(e.First) {
		problems.Add("extent", "must end after it starts")
	}
	return newCalendar(d, zone, e), problems.Err()
}

// tally counts the orders of a log: those up to a last period, refunds among them, and
// those after it, and finds the newest period of the former.
type tally struct {
	orders, refunds, late int
	newest                int64
}

// tally counts; end is a condition on the column period, or empty.
func (t *Table) tally(ctx context.Context, db Querier, c *calendarOf, kind, end string) (tally, error) {
	if end == "" {
		end = "period = period"
	}
	query := fmt.Sprintf(`WITH orders AS (%s),
dated AS (SELECT %s AS period, amount FROM orders)
SELECT count(CASE WHEN %[3]s THEN 1 END), count(CASE WHEN %[3]s AND amount < 0 THEN 1 END), count(CASE WHEN %[3]s THEN NULL ELSE 1 END),
  max(CASE WHEN %[3]s THEN period END)
FROM dated`, t.orders(c.dialect), c.period(kind), end)
	var found tally
	for rows, err := range read(ctx, db, query) {
		var newest sql.NullInt64
		if err == nil {
			err = rows.Scan(&found.orders, &found.refunds, &found.late, &newest)
		}
		if err != nil {
			return found, fmt.Errorf("sqlkpi: count of orders: %w", err)
		}
		found.newest = newest.Int64
	}
	return found, nil
}
