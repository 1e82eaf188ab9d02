package sqlkpi

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
	"github.com/loyaltykit/loyaltykit/kpi"
)

// PurchaseQuery is the statement of [Table.Purchases] over a log of that extent: orders,
// refunds and orders out of the period, their money, customers, and those of them with two
// periods of the grain or more. An error wraps [kpi.ErrInvalid].
func (t *Table) PurchaseQuery(period kpi.Period, grain kpi.Grain, e Extent) (string, error) {
	if _, err := kpi.NewPurchaseAccumulator(period, grain); err != nil {
		return "", err
	}
	c, err := t.prepare(period.Zone, e)
	if err != nil {
		return "", err
	}
	return t.purchaseQuery(period, grain, &c), nil
}

func (t *Table) purchaseQuery(p kpi.Period, grain kpi.Grain, c *calendarOf) string {
	d := c.dialect
	return fmt.Sprintf(`WITH orders AS (%s),
dated AS (SELECT member, %s AS period, amount, CASE WHEN ordered_at >= %s AND ordered_at < %s THEN 1 ELSE 0 END AS inside FROM orders),
members AS (
  SELECT member, count(CASE WHEN inside = 1 AND amount >= 0 THEN 1 END) AS bought, count(CASE WHEN inside = 1 AND amount < 0 THEN 1 END) AS returned,
    count(CASE WHEN inside = 0 THEN 1 END) AS outside, sum(CASE WHEN inside = 1 THEN amount END) AS money,
    min(CASE WHEN inside = 1 AND amount >= 0 THEN period END) AS first_period, max(CASE WHEN inside = 1 AND amount >= 0 THEN period END) AS last_period
  FROM dated GROUP BY member
)
SELECT CAST(coalesce(sum(bought), 0) AS BIGINT), CAST(coalesce(sum(returned), 0) AS BIGINT), CAST(coalesce(sum(outside), 0) AS BIGINT), %s,
  count(CASE WHEN bought > 0 THEN 1 END), count(CASE WHEN last_period > first_period THEN 1 END)
FROM members`, t.orders(d), c.period(string(grain)), d.at(p.Start.UnixMicro()), d.at(p.End.UnixMicro()), d.text("sum(money)"))
}

// Purchases are what [kpi.PurchaseAccumulator] counts of the table's orders: repeat
// purchase rate, purchase frequency and average order value are its methods. The grain
// is empty for days.
func (t *Table) Purchases(ctx context.Context, db Querier, period kpi.Period, grain kpi.Grain) (*kpi.Purchases, error) {
	if _, err := kpi.NewPurchaseAccumulator(period, grain); err != nil {
		return nil, err
	}
	_, c, err := t.begin(ctx, db, period.Zone)
	if err != nil {
		return nil, err
	}
	p := &kpi.Purchases{Period: period}
	for rows, err := range read(ctx, db, t.purchaseQuery(period, grain, &c)) {
		var revenue sql.NullString
		if err == nil {
			err = rows.Scan(&p.Orders, &p.Refunds, &p.Outside, &revenue, &p.Customers, &p.Repeating)
		}
		if err == nil && revenue.Valid {
			p.Revenue, err = t.money(revenue.String)
		}
		if err != nil {
			return nil, fmt.Errorf("sqlkpi: purchases: %w", err)
		}
	}
	return p, nil
}

// customersQuery counts members by whether they bought before an instant and from it
// until another.
func (t *Table) customersQuery(d *dialect, from, until time.Time) string {
	return fmt.Sprintf(`WITH orders AS (%s),
members AS (
  SELECT member, count(CASE WHEN ordered_at < %[2]s AND amount >= 0 THEN 1 END) AS before, count(CASE WHEN ordered_at >= %[2]s AND ordered_at < %[3]s AND amount >= 0 THEN 1 END) AS within,
    count(CASE WHEN ordered_at >= %[3]s THEN 1 END) AS late
  FROM orders GROUP BY member
)
SELECT count(CASE WHEN before > 0 THEN 1 END), count(CASE WHEN before = 0 AND within > 0 THEN 1 END), count(CASE WHEN before > 0 AND within > 0 THEN 1 END),
  CAST(coalesce(sum(late), 0) AS BIGINT)
FROM members`, t.orders(d), d.at(from.UnixMicro()), d.at(until.UnixMicro()))
}

// customers are how many bought before from, how many bought first in the time from it
// until before until, how many of the former bought in it too, and how many orders are
// later.
func (t *Table) customers(ctx context.Context, db Querier, from, until time.Time) (before, fresh, retained, late int64, err error) {
	if _, err = t.Extent(ctx, db); err != nil {
		return 0, 0, 0, 0, err
	}
	d, _ := dialectOf(t.Dialect)
	for rows, err := range read(ctx, db, t.customersQuery(d, from, until)) {
		if err == nil {
			err = rows.Scan(&before, &fresh, &retained, &late)
		}
		if err != nil {
			return 0, 0, 0, 0, fmt.Errorf("sqlkpi: customers: %w", err)
		}
	}
	return before, fresh, retained, late, nil
}

// Customers are those of a period as [kpi.CustomersOf] counts them, for [kpi.Retention]
// and [kpi.Churn]: at the start whoever bought before it, new whoever bought for the first
// time in it, at the end whoever bought in it. Refunds are no purchases.
func (t *Table) Customers(ctx context.Context, db Querier, period kpi.Period) (kpi.Customers, error) {
	if _, err := kpi.NewPurchaseAccumulator(period, ""); err != nil {
		return kpi.Customers{}, err
	}
	before, fresh, retained, _, err := t.customers(ctx, db, period.Start, period.End)
	if err != nil {
		return kpi.Customers{}, err
	}
	lost := before - retained
	return kpi.Customers{Start: before, New: fresh, End: retained + fresh, LostFromStart: &lost, Period: period}, nil
}

// Inactivity is the figure of [kpi.InactivityAccumulator] over the table's orders: the
// customers before an instant without a purchase in the days before it.
func (t *Table) Inactivity(ctx context.Context, db Querier, asOf time.Time, days int, zone *time.Location) (kpi.Figure, error) {
	if _, err := kpi.NewInactivityAccumulator(asOf, days, zone); err != nil {
		return kpi.Figure{}, err
	}
	if zone == nil {
		zone = time.UTC
	}
	since := calendar.AddDays(asOf, -days, zone)
	before, fresh, retained, late, err := t.customers(ctx, db, since, asOf)
	if err != nil {
		return kpi.Figure{}, err
	}
	f, err := kpi.InactiveRate(before-retained, before+fresh, days)
	if err != nil {
		return kpi.Figure{}, err
	}
	f = f.In(kpi.Period{Start: since, End: asOf, Zone: zone})
	if late > 0 {
		f = f.Noted("%d orders at or after the end are left out", late)
	}
	return f, nil
}
