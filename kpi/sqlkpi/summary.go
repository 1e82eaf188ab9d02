package sqlkpi

import (
	"context"
	"database/sql"
	"fmt"
	"math"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// summaryEnds are the periods that summaries end with.
type summaryEnds struct {
	open          bool
	asOf, holdout int64
}

func summaryOptions(o *kpi.SummaryOptions) (kpi.SummaryOptions, error) {
	a, err := kpi.NewSummaryAccumulator(o)
	if err != nil {
		return kpi.SummaryOptions{}, err
	}
	return a.Options(), nil
}

func endsOf(o *kpi.SummaryOptions, c *calendarOf) summaryEnds {
	ends := summaryEnds{open: o.AsOf.IsZero(), asOf: math.MaxInt64, holdout: math.MaxInt64}
	if !ends.open {
		ends.asOf = c.number(string(o.Grain), o.AsOf)
		ends.holdout = ends.asOf
	}
	if !o.HoldoutEnd.IsZero() {
		ends.holdout = c.number(string(o.Grain), o.HoldoutEnd)
	}
	return ends
}

// SummaryQuery is the statement of [Table.Summaries] over a log of that extent: for
// each member the number of periods with a purchase, the first and the last of them,
// the money of all but the first that are not below zero, how many are, and how many
// periods have any order; of the holdout the periods, purchases and money. Members without
// a purchase have 0 and nulls. An error wraps [kpi.ErrInvalid].
func (t *Table) SummaryQuery(o *kpi.SummaryOptions, e Extent) (string, error) {
	options, err := summaryOptions(o)
	if err != nil {
		return "", err
	}
	c, err := t.prepare(options.Zone, e)
	if err != nil {
		return "", err
	}
	return t.summaryQuery(&options, &c), nil
}

func (t *Table) summaryQuery(o *kpi.SummaryOptions, c *calendarOf) string {
	d, ends := c.dialect, endsOf(o, c)
	seen, bought, after := "period = period", "bought > 0", "1 = 0"
	if !ends.open {
		seen = fmt.Sprintf("period <= %d", ends.asOf)
		bought += " AND " + seen
		after = fmt.Sprintf("bought > 0 AND period > %d AND period <= %d", ends.asOf, ends.holdout)
	}
	of := func(condition, value string) string { return fmt.Sprintf("CASE WHEN %s THEN %s END", condition, value) }
	return fmt.Sprintf(`WITH orders AS (%s),
dated AS (SELECT member, %s AS period, amount FROM orders),
spells AS (
  SELECT member, period, sum(amount) AS total, count(CASE WHEN amount >= 0 THEN 1 END) AS bought
  FROM dated GROUP BY member, period
),
members AS (
  SELECT member, count(%s) AS times, min(%s) AS first_period, max(%s) AS last_period, sum(%s) AS spent, %s AS spent_first,
    count(%s) AS negative, count(%s) AS seen, count(%s) AS later, sum(%s) AS later_orders, sum(%s) AS later_spent
  FROM spells GROUP BY member
)
SELECT member, times, first_period, last_period, %s, negative - CASE WHEN spent_first < 0 THEN 1 ELSE 0 END, seen,
  later, %s, %s
FROM members
ORDER BY member%s%s`, t.orders(d), c.period(string(o.Grain)),
		of(bought, "1"), of(bought, "period"), of(bought, "period"), of(bought+" AND total >= 0", "total"), d.earliest(of(bought, "total"), of(bought, "period")),
		of(bought+" AND total < 0", "1"), of(seen, "1"), of(after, "1"), of(after, "bought"), of(after, "total"),
		d.text("spent - CASE WHEN spent_first < 0 THEN 0 * spent_first ELSE spent_first END"), d.text("later_orders"), d.text("later_spent"), d.collation, d.settings)
}

// Summaries are what [kpi.SummaryAccumulator] makes of the table's orders. Grains of
// instants take microseconds as they are.
func (t *Table) Summaries(ctx context.Context, db Querier, o *kpi.SummaryOptions) (*kpi.Summaries, error) {
	options, err := summaryOptions(o)
	if err != nil {
		return nil, err
	}
	_, c, err := t.begin(ctx, db, options.Zone)
	if err != nil {
		return nil, err
	}
	s := summarizer{table: t, calendar: &c, options: &options, ends: endsOf(&options, &c)}
	end := ""
	if !s.ends.open {
		end = fmt.Sprintf("period <= %d", s.ends.holdout)
	}
	if s.tally, err = t.tally(ctx, db, &c, string(options.Grain), end); err != nil {
		return nil, err
	}
	if s.ends.open {
		s.ends.asOf, s.ends.holdout = s.tally.newest, s.tally.newest
	}
	return s.read(ctx, db)
}

type summarizer struct {
	table    *Table
	calendar *calendarOf
	options  *kpi.SummaryOptions
	ends     summaryEnds
	tally    tally
	result   kpi.Summaries
	// spells counts the periods with purchases.
	spells int
}

func (s *summarizer) read(ctx context.Context, db Querier) (*kpi.Summaries, error) {
	o, kind := s.options, string(s.options.Grain)
	s.result = kpi.Summaries{Zone: o.Zone, Grain: o.Grain, Unit: o.Unit}
	s.result.Orders, s.result.Refunds, s.result.Late = s.tally.orders, s.tally.refunds, s.tally.late
	if !s.ends.open || s.tally.orders > 0 {
		s.result.AsOf = s.calendar.start(kind, s.ends.asOf)
	}
	s.result.HoldoutLength = s.time(s.ends.asOf, max(s.ends.asOf, s.ends.holdout))
	for rows, err := range read(ctx, db, s.table.summaryQuery(o, s.calendar)) {
		if err == nil {
			err = s.take(rows)
		}
		if err != nil {
			return nil, fmt.Errorf("sqlkpi: summaries: %w", err)
		}
	}
	s.result.Merged = s.tally.orders - s.tally.refunds - s.spells
	return &s.result, nil
}

func (s *summarizer) take(rows *sql.Rows) error {
	var c kpi.CustomerSummary
	var times, negative, seen, later int
	var first, last sql.NullInt64
	var repeats, orders, spent sql.NullString
	if err := rows.Scan(&c.Member, &times, &first, &last, &repeats, &negative, &seen, &later, &orders, &spent); err != nil {
		return err
	}
	s.spells += times + later
	switch {
	case times == 0 && seen == 0:
		s.result.Skipped++
		return nil
	case times == 0:
		s.result.WithoutPurchase++
		return nil
	}
	s.result.NegativePeriods += negative
	c.Repeats, c.HoldoutRepeats = times-1, later
	c.Recency, c.Age = s.time(first.Int64, last.Int64), s.time(first.Int64, s.ends.asOf)
	if c.MonetaryRepeats = c.Repeats - negative; c.MonetaryRepeats > 0 {
		money, err := s.table.money(repeats.String)
		if err != nil {
			return err
		}
		c.Monetary = money.Float64() / float64(c.MonetaryRepeats)
	}
	if later > 0 {
		var err error
		if c.HoldoutSpend, err = s.table.money(spent.String); err != nil {
			return err
		}
		if _, err := fmt.Sscan(orders.String, &c.HoldoutOrders); err != nil {
			return err
		}
	}
	s.result.Customers = append(s.result.Customers, c)
	return nil
}

// time is the time from one period to another in the unit asked for.
func (s *summarizer) time(from, to int64) float64 {
	unit := float64(s.options.Unit)
	switch s.options.Grain {
	case kpi.ByInstant:
		return float64(to-from) / dayMicros / unit
	case kpi.ByWeek:
		return float64(7*(to-from)) / unit
	default:
		return float64(to-from) / unit
	}
}
