package sqlkpi

import (
	"context"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// OccasionQuery is the statement of [Table.Occasions] over a log of that extent: for
// each member who was observed for a bucket after that of the first purchase, in how many
// of them there was a purchase, which was the last such, and how many there are. An
// error wraps [kpi.ErrInvalid].
func (t *Table) OccasionQuery(o *kpi.CohortOptions, e Extent) (string, error) {
	return t.cohortStatement(o, e, func(o *kpi.CohortOptions, c *calendarOf) string {
		return t.occasionQuery(o, c, observedUntil(o, e))
	})
}

// observedUntil is the end of the observation, zero where there is no order to tell it.
func observedUntil(o *kpi.CohortOptions, e Extent) time.Time {
	if o.Until.IsZero() && !e.Last.IsZero() {
		return e.Last.Add(time.Microsecond)
	}
	return o.Until
}

// lastWhole is the last bucket that was observed to its end.
func (c *calendarOf) lastWhole(kind string, until time.Time) int64 {
	until = time.UnixMicro(until.UnixMicro())
	last := c.number(kind, until.Add(-time.Microsecond))
	if until.Before(c.start(kind, last+1)) {
		last--
	}
	return last
}

func (t *Table) occasionQuery(o *kpi.CohortOptions, c *calendarOf, until time.Time) string {
	d, kind := c.dialect, string(o.Bucket)
	return fmt.Sprintf(`WITH orders AS (%s),
dated AS (SELECT member, %s AS bucket FROM orders WHERE amount >= 0 AND ordered_at < %s),
buckets AS (SELECT member, bucket FROM dated GROUP BY member, bucket),
members AS (
  SELECT member, min(bucket) AS cohort, max(CASE WHEN bucket <= %[4]d THEN bucket END) AS last_bucket, count(CASE WHEN bucket <= %[4]d THEN 1 END) AS bought
  FROM buckets GROUP BY member
)
SELECT member, bought - 1 AS frequency, last_bucket - cohort AS last_place, %[4]d - cohort AS number
FROM members WHERE cohort < %[4]d
ORDER BY member%[5]s%[6]s`, t.orders(d), c.period(kind), d.at(until.UnixMicro()), c.lastWhole(kind, until), d.collation, d.settings)
}

// Occasions are those of [kpi.CohortAccumulator.Occasions] over the table's orders, for
// models of purchases at given occasions such as BG/BB, in order of the members' ids.
func (t *Table) Occasions(ctx context.Context, db Querier, o *kpi.CohortOptions) ([]kpi.MemberOccasions, error) {
	options, err := cohortOptions(o)
	if err != nil {
		return nil, err
	}
	extent, c, err := t.begin(ctx, db, options.Zone)
	if err != nil || extent.Last.IsZero() {
		return nil, err
	}
	var all []kpi.MemberOccasions
	for rows, err := range read(ctx, db, t.occasionQuery(&options, &c, observedUntil(&options, extent))) {
		var one kpi.MemberOccasions
		if err == nil {
			err = rows.Scan(&one.Member, &one.Frequency, &one.Last, &one.Number)
		}
		if err != nil {
			return nil, fmt.Errorf("sqlkpi: occasions: %w", err)
		}
		all = append(all, one)
	}
	return all, nil
}
