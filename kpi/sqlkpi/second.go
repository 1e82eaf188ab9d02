package sqlkpi

import (
	"context"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// SecondPurchaseQuery is the statement of [Table.SecondPurchases] over a log of that
// extent. A row has a number of days, whether customers came again after so many since
// the date of their first purchase (1) or had not until the end (0), and how many they
// are. An error wraps [kpi.ErrInvalid].
func (t *Table) SecondPurchaseQuery(until time.Time, zone *time.Location, e Extent) (string, error) {
	if _, err := kpi.NewSecondPurchaseAccumulator(until, zone); err != nil {
		return "", err
	}
	c, err := t.prepare(zone, e)
	if err != nil {
		return "", err
	}
	return t.secondPurchaseQuery(until, &c), nil
}

func (t *Table) secondPurchaseQuery(until time.Time, c *calendarOf) string {
	return fmt.Sprintf(`WITH %s
SELECT waited, again, count(*) AS n FROM waits GROUP BY waited, again ORDER BY waited, again%s`, t.waits(until, c), c.dialect.settings)
}

// waits has for each member the day of the first purchase and how many days passed until
// the second, or until the end.
func (t *Table) waits(until time.Time, c *calendarOf) string {
	d, day := c.dialect, string(kpi.ByDay)
	return fmt.Sprintf(`orders AS (%s),
dated AS (SELECT member, %s AS day FROM orders WHERE amount >= 0 AND ordered_at < %s),
days AS (SELECT member, day FROM dated GROUP BY member, day),
members AS (SELECT member, min(day) AS first_day, %s AS second_day FROM days GROUP BY member),
waits AS (
  SELECT member, first_day, CASE WHEN second_day IS NOT NULL THEN second_day - first_day WHEN first_day < %[5]d THEN %[5]d - first_day ELSE 0 END AS waited,
    CASE WHEN second_day IS NOT NULL THEN 1 ELSE 0 END AS again
  FROM members
)`, t.orders(d), c.period(day), d.at(until.UnixMicro()), d.second("day"), c.number(day, time.UnixMicro(until.UnixMicro()-1)))
}

// SecondPurchases are what [kpi.SecondPurchaseAccumulator] makes of the table's orders
// before an instant: how many customers come again, and after how long.
func (t *Table) SecondPurchases(ctx context.Context, db Querier, until time.Time, zone *time.Location, o *kpi.SurvivalOptions) (*kpi.SecondPurchases, error) {
	if _, err := kpi.NewSecondPurchaseAccumulator(until, zone); err != nil {
		return nil, err
	}
	_, c, err := t.begin(ctx, db, zone)
	if err != nil {
		return nil, err
	}
	counts, err := t.tally(ctx, db, &c, string(kpi.ByInstant), fmt.Sprintf("period < %d", until.UnixMicro()))
	if err != nil {
		return nil, err
	}
	var curve kpi.SurvivalAccumulator
	result := &kpi.SecondPurchases{Until: time.UnixMicro(until.UnixMicro()).UTC(), Zone: c.zone, Late: counts.late}
	for rows, err := range read(ctx, db, t.secondPurchaseQuery(until, &c)) {
		var days int64
		var again, n int
		if err == nil {
			err = rows.Scan(&days, &again, &n)
		}
		if err == nil {
			err = curve.AddN(kpi.Lifetime{Exit: float64(days), Event: again == 1}, n)
		}
		if err != nil {
			return nil, fmt.Errorf("sqlkpi: second purchases: %w", err)
		}
		result.Customers += n
		result.Again += again * n
	}
	result.Curve, err = curve.Result(o)
	return result, err
}
