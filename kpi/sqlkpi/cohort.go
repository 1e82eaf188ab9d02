package sqlkpi

import (
	"context"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
)

func cohortOptions(o *kpi.CohortOptions) (kpi.CohortOptions, error) {
	a, err := kpi.NewCohortAccumulator(o)
	if err != nil {
		return kpi.CohortOptions{}, err
	}
	return a.Options(), nil
}

// CohortQuery is the statement of [Table.Cohorts] over a log of that extent. Its rows
// are of two kinds. One has a bucket of first purchases, a distance from it in
// buckets, and the members who bought there, their purchases and their money; with
// nulls, the money that belongs to no cell. The other, with a null for the members, has
// how many of a bucket's bought for the second time, and for the last, at these
// distances; with nulls, those without a purchase. Buckets are numbered: weeks since
// 1970, longer ones since the year 0. An error wraps [kpi.ErrInvalid].
func (t *Table) CohortQuery(o *kpi.CohortOptions, e Extent) (string, error) {
	return t.cohortStatement(o, e, t.cohortQuery)
}

// cohortStatement is what write makes of checked options, with the calendar of a log of
// that extent.
func (t *Table) cohortStatement(o *kpi.CohortOptions, e Extent, write func(*kpi.CohortOptions, *calendarOf) string) (string, error) {
	options, err := cohortOptions(o)
	if err != nil {
		return "", err
	}
	c, err := t.prepare(options.Zone, e)
	if err != nil {
		return "", err
	}
	return write(&options, &c), nil
}

func (t *Table) cohortQuery(o *kpi.CohortOptions, c *calendarOf) string {
	d, where := c.dialect, ""
	if !o.Until.IsZero() {
		where = " WHERE ordered_at < " + d.at(o.Until.UnixMicro())
	}
	const bought = "CASE WHEN bought > 0 THEN bucket END"
	return fmt.Sprintf(`WITH orders AS (%s),
dated AS (SELECT member, %s AS bucket, amount FROM orders%s),
spells AS (
  SELECT member, bucket, sum(amount) AS total, count(CASE WHEN amount >= 0 THEN 1 END) AS bought
  FROM dated GROUP BY member, bucket
),
members AS (
  SELECT member, min(%[4]s) AS cohort, %[5]s AS second_bucket, max(%[4]s) AS last_bucket
  FROM spells GROUP BY member
),
cells AS (
  SELECT CASE WHEN bucket >= cohort THEN cohort END AS cell_cohort, CASE WHEN bucket >= cohort THEN bucket - cohort END AS cell_place,
    count(CASE WHEN bought > 0 THEN 1 END) AS active, CAST(sum(bought) AS BIGINT) AS purchases, sum(total) AS revenue
  FROM spells JOIN members USING (member)
  GROUP BY CASE WHEN bucket >= cohort THEN cohort END, CASE WHEN bucket >= cohort THEN bucket - cohort END
),
fates AS (
  SELECT cohort, second_bucket - cohort AS second_place, last_bucket - cohort AS last_place, count(*) AS size
  FROM members GROUP BY cohort, second_bucket - cohort, last_bucket - cohort
)
SELECT cell_cohort, cell_place, active, purchases, %[6]s AS money, NULL AS second_place, NULL AS last_place, 0 AS size FROM cells
UNION ALL
SELECT cohort, NULL, NULL, NULL, NULL, second_place, last_place, size FROM fates%[7]s`,
		t.orders(d), c.period(string(o.Bucket)), where, bought, d.second(bought), d.text("revenue"), d.settings)
}

// Cohorts are what [kpi.CohortAccumulator] makes of the table's orders.
func (t *Table) Cohorts(ctx context.Context, db Querier, o *kpi.CohortOptions) (*kpi.CohortMatrix, error) {
	options, err := cohortOptions(o)
	if err != nil {
		return nil, err
	}
	extent, c, err := t.begin(ctx, db, options.Zone)
	if err != nil {
		return nil, err
	}
	end, until := "", options.Until
	if !until.IsZero() {
		end = fmt.Sprintf("period < %d", until.UnixMicro())
	}
	counts, err := t.tally(ctx, db, &c, string(kpi.ByInstant), end)
	if err != nil {
		return nil, err
	}
	g := grid{
		table: t, kind: string(options.Bucket), calendar: &c, rows: map[int64]*gridRow{},
		matrix: kpi.CohortMatrix{Bucket: options.Bucket, Zone: options.Zone, Orders: counts.orders, Refunds: counts.refunds, Late: counts.late},
	}
	for rows, err := range read(ctx, db, t.cohortQuery(&options, &c)) {
		if err == nil {
			err = g.take(rows)
		}
		if err != nil {
			return nil, fmt.Errorf("sqlkpi: cohorts: %w", err)
		}
	}
	if until.IsZero() && !extent.Last.IsZero() {
		until = extent.Last.Add(time.Microsecond)
	}
	return g.complete(until), nil
}
