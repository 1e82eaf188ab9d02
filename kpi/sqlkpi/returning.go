package sqlkpi

import (
	"context"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
	"github.com/loyaltykit/loyaltykit/kpi"
)

// Returning are what [kpi.ReturningAccumulator] counts of the table's orders: the new
// customers of a period, and those from before who bought in it.
func (t *Table) Returning(ctx context.Context, db Querier, period kpi.Period) (*kpi.Returning, error) {
	if _, err := kpi.NewReturningAccumulator(period); err != nil {
		return nil, err
	}
	before, fresh, returned, late, err := t.customers(ctx, db, period.Start, period.End)
	if err != nil {
		return nil, err
	}
	return &kpi.Returning{Period: period, New: fresh, Before: before, Returned: returned, Late: int(late)}, nil
}

// RetentionQuery is the statement of [Table.Retention]: how many were customers at the
// start of a period, how many bought in it who were not, how many are customers at its
// end, and how many of the first are not. An error wraps [kpi.ErrInvalid].
func (t *Table) RetentionQuery(period kpi.Period, days int) (string, error) {
	if _, err := kpi.NewRetentionAccumulator(period, days); err != nil {
		return "", err
	}
	var problems kpi.Problems
	d := t.validate(&problems)
	if err := problems.Err(); err != nil {
		return "", err
	}
	return t.retentionQuery(d, period, days), nil
}

func (t *Table) retentionQuery(d *dialect, period kpi.Period, days int) string {
	zone := period.Zone
	if zone == nil {
		zone = time.UTC
	}
	before := func(at time.Time) string { return d.at(calendar.AddDays(at, -days, zone).UnixMicro()) }
	return fmt.Sprintf(`WITH orders AS (%s),
members AS (
  SELECT member, count(CASE WHEN ordered_at < %[2]s THEN 1 END) AS at_start, count(CASE WHEN ordered_at >= %[2]s THEN 1 END) AS within,
    count(CASE WHEN ordered_at >= %[3]s THEN 1 END) AS at_end
  FROM orders WHERE amount >= 0 AND ordered_at >= %[4]s AND ordered_at < %[5]s
  GROUP BY member
)
SELECT count(CASE WHEN at_start > 0 THEN 1 END), count(CASE WHEN at_start = 0 AND within > 0 THEN 1 END), count(CASE WHEN at_end > 0 THEN 1 END),
  count(CASE WHEN at_start > 0 AND at_end = 0 THEN 1 END)
FROM members`, t.orders(d), d.at(period.Start.UnixMicro()), before(period.End), before(period.Start), d.at(period.End.UnixMicro()))
}

// Retention counts the customers of a period as [kpi.RetentionAccumulator] does, for
// [kpi.Retention] and [kpi.Churn]: a customer of an instant has bought in so many days
// of the period's zone before it.
func (t *Table) Retention(ctx context.Context, db Querier, period kpi.Period, days int) (kpi.Customers, error) {
	a, err := kpi.NewRetentionAccumulator(period, days)
	if err != nil {
		return kpi.Customers{}, err
	}
	if _, err := t.Extent(ctx, db); err != nil {
		return kpi.Customers{}, err
	}
	d, _ := dialectOf(t.Dialect)
	result, lost := a.Result(), int64(0)
	for rows, err := range read(ctx, db, t.retentionQuery(d, period, days)) {
		if err == nil {
			err = rows.Scan(&result.Start, &result.New, &result.End, &lost)
		}
		if err != nil {
			return kpi.Customers{}, fmt.Errorf("sqlkpi: retention: %w", err)
		}
	}
	result.LostFromStart = &lost
	return result, nil
}
