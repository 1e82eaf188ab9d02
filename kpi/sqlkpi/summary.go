package sqlkpi

import (
	"cmp"
	"context"
	"fmt"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// SummaryQuery is the statement of [Table.Summaries]. An error wraps
// [kpi.ErrInvalid].
func (t *Table) SummaryQuery(o *kpi.SummaryOptions) (Query, error) {
	var q Query
	if _, err := kpi.NewSummaryAccumulator(o); err != nil {
		return q, err
	}
	var options kpi.SummaryOptions
	if o != nil {
		options = *o
	}
	name, err := zoneName(options.Zone)
	if err != nil {
		return q, err
	}
	zone := ""
	if options.Grain != kpi.ByInstant {
		zone = q.arg(name) + "::text"
	}
	period := func(at string) string {
		switch options.Grain {
		case kpi.ByInstant:
			return fmt.Sprintf("(EXTRACT(EPOCH FROM %s) * 1000000)::bigint", at)
		case kpi.ByWeek:
			return fmt.Sprintf("floor((%s + 3) / 7.0)::bigint", dayOf(at, zone))
		default:
			return dayOf(at, zone)
		}
	}
	asOf := "(SELECT max(period) FROM spells)"
	if !options.AsOf.IsZero() {
		asOf = period(q.arg(options.AsOf) + "::timestamptz")
	}
	end := "as_of"
	if !options.HoldoutEnd.IsZero() {
		end = period(q.arg(options.HoldoutEnd) + "::timestamptz")
	}
	q.Text = fmt.Sprintf(`WITH orders AS (%s),
spells AS (
  SELECT member, %s AS period, sum(amount) AS total, count(*) FILTER (WHERE amount >= 0) AS orders
  FROM orders GROUP BY 1, 2
),
ends AS (SELECT %s AS as_of),
bought AS (
  SELECT member, period, total, orders, as_of, min(period) OVER (PARTITION BY member) AS first
  FROM spells, ends WHERE orders > 0 AND period <= %s
)
SELECT member,
  count(*) FILTER (WHERE period <= as_of) - 1,
  max(period) FILTER (WHERE period <= as_of) - min(first),
  min(as_of) - min(first),
  count(*) FILTER (WHERE period <= as_of AND period > first AND total >= 0),
  coalesce(sum(total) FILTER (WHERE period <= as_of AND period > first AND total >= 0), 0)::text,
  count(*) FILTER (WHERE period > as_of),
  coalesce(sum(orders) FILTER (WHERE period > as_of), 0)::bigint,
  coalesce(sum(total) FILTER (WHERE period > as_of), 0)::text
FROM bought
GROUP BY member
HAVING count(*) FILTER (WHERE period <= as_of) > 0
ORDER BY member COLLATE "C"`, t.orders(), period("at"), asOf, end)
	return q, nil
}

// Summaries are the customers of [kpi.SummaryAccumulator]'s result over the table.
func (t *Table) Summaries(ctx context.Context, db Querier, o *kpi.SummaryOptions) ([]kpi.CustomerSummary, error) {
	q, err := t.SummaryQuery(o)
	if err != nil {
		return nil, err
	}
	time := periodsAs(o)
	var all []kpi.CustomerSummary
	for rows, err := range read(ctx, db, q) {
		var s kpi.CustomerSummary
		var recency, age int64
		var repeats, holdout string
		if err == nil {
			err = rows.Scan(&s.Member, &s.Repeats, &recency, &age, &s.MonetaryRepeats, &repeats, &s.HoldoutRepeats, &s.HoldoutOrders, &holdout)
		}
		var money kpi.Amount
		if err == nil {
			money, err = kpi.ParseTotal(repeats)
		}
		if err == nil {
			s.HoldoutSpend, err = kpi.ParseTotal(holdout)
		}
		if err != nil {
			return nil, fmt.Errorf("sqlkpi: summaries: %w", err)
		}
		s.Recency, s.Age = time(recency), time(age)
		if s.MonetaryRepeats > 0 {
			s.Monetary = money.Float64() / float64(s.MonetaryRepeats)
		}
		all = append(all, s)
	}
	return all, nil
}

// periodsAs turns a number of periods into a time in the unit asked for.
func periodsAs(o *kpi.SummaryOptions) func(periods int64) float64 {
	var options kpi.SummaryOptions
	if o != nil {
		options = *o
	}
	unit := float64(cmp.Or(options.Unit, kpi.InDays))
	return func(periods int64) float64 {
		switch options.Grain {
		case kpi.ByInstant:
			return float64(periods) / (24 * 60 * 60 * 1_000_000) / unit
		case kpi.ByWeek:
			return float64(7*periods) / unit
		default:
			return float64(periods) / unit
		}
	}
}
