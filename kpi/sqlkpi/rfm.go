package sqlkpi

import (
	"cmp"
	"context"
	"fmt"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// RFMQuery is the statement of [Table.RFM]. An error wraps [kpi.ErrInvalid]: the
// methods are [kpi.ByQuantile] and [kpi.ByRank].
func (t *Table) RFMQuery(o *kpi.RFMOptions) (Query, error) {
	var q Query
	if _, err := kpi.NewRFMAccumulator(o); err != nil {
		return q, err
	}
	var options kpi.RFMOptions
	if o != nil {
		options = *o
	}
	if m := cmp.Or(options.Method, kpi.ByQuantile); m != kpi.ByQuantile && m != kpi.ByRank {
		return q, fmt.Errorf("sqlkpi: %w: method %q has no SQL form; use %q or %q, or read the log with package kpi", kpi.ErrInvalid, m, kpi.ByQuantile, kpi.ByRank)
	}
	name, err := zoneName(options.Zone)
	if err != nil {
		return q, err
	}
	zone := q.arg(name) + "::text"
	asOf := "(SELECT max(day) FROM dated)"
	if !options.AsOf.IsZero() {
		asOf = dayOf(q.arg(options.AsOf)+"::timestamptz", zone)
	}
	money := "spent::float8"
	if options.MeanMoney {
		money = "spent::float8 / orders"
	}
	k := cmp.Or(options.Groups, 5)
	q.Text = fmt.Sprintf(`WITH orders AS (%s),
dated AS (SELECT member, %s AS day, amount FROM orders),
ends AS (SELECT %s AS as_of),
members AS (
  SELECT member, min(as_of) - max(day) FILTER (WHERE amount >= 0) AS days, count(*) FILTER (WHERE amount >= 0) AS orders, sum(amount) AS spent
  FROM dated, ends WHERE day <= as_of
  GROUP BY member HAVING count(*) FILTER (WHERE amount >= 0) > 0
),
measured AS (SELECT member, days, orders, spent, %s AS money FROM members)`, t.orders(), dayOf("at", zone), asOf, money)
	if options.Method == kpi.ByRank {
		q.Text += fmt.Sprintf(`
SELECT member, days, orders, spent::text,
  ntile(%[1]d) OVER (ORDER BY days DESC, member COLLATE "C"),
  ntile(%[1]d) OVER (ORDER BY orders, member COLLATE "C"),
  ntile(%[1]d) OVER (ORDER BY money, member COLLATE "C")
FROM measured
ORDER BY member COLLATE "C"`, k)
		return q, nil
	}
	q.Text += fmt.Sprintf(`,
sorted AS (
  SELECT count(*) AS n, array_agg(days::float8 ORDER BY days) AS r, array_agg(orders::float8 ORDER BY orders) AS f, array_agg(money ORDER BY money) AS m
  FROM measured
),
places AS (
  SELECT r, f, m, j, (n - 1) * j / %[1]d + 1 AS at, least((n - 1) * j / %[1]d + 2, n) AS next, ((n - 1) * j %% %[1]d)::float8 / %[1]d AS part
  FROM sorted, generate_series(1, %[1]d - 1) AS j WHERE n > 0
),
cuts AS (
  SELECT array_agg(r[at] + part * (r[next] - r[at]) ORDER BY j) AS r,
    array_agg(f[at] + part * (f[next] - f[at]) ORDER BY j) AS f,
    array_agg(m[at] + part * (m[next] - m[at]) ORDER BY j) AS m
  FROM places
)
SELECT member, days, orders, spent::text,
  %[1]d - (SELECT count(*) FROM unnest(cuts.r) AS cut WHERE days > cut),
  1 + (SELECT count(*) FROM unnest(cuts.f) AS cut WHERE orders > cut),
  1 + (SELECT count(*) FROM unnest(cuts.m) AS cut WHERE money > cut)
FROM measured, cuts
ORDER BY member COLLATE "C"`, k)
	return q, nil
}

// RFM are the customers of [kpi.RFMAccumulator]'s result over the table.
func (t *Table) RFM(ctx context.Context, db Querier, o *kpi.RFMOptions) ([]kpi.RFMCustomer, error) {
	q, err := t.RFMQuery(o)
	if err != nil {
		return nil, err
	}
	segments := kpi.DefaultSegments()
	if o != nil && (o.Segments != nil || cmp.Or(o.Groups, 5) != 5) {
		segments = o.Segments
	}
	var all []kpi.RFMCustomer
	for rows, err := range read(ctx, db, q) {
		var c kpi.RFMCustomer
		var spent string
		if err == nil {
			err = rows.Scan(&c.Member, &c.Days, &c.Orders, &spent, &c.R, &c.F, &c.M)
		}
		if err == nil {
			c.Spent, err = kpi.ParseTotal(spent)
		}
		if err != nil {
			return nil, fmt.Errorf("sqlkpi: rfm: %w", err)
		}
		c.Segment = kpi.FindSegment(segments, &c)
		all = append(all, c)
	}
	return all, nil
}
