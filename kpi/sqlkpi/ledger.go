package sqlkpi

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// Ledger names a table or view of point entries with the columns program, unit, kind,
// from_bucket, to_bucket, amount and occurred_at, as the parts of a ledger in Parquet
// have them and the tables of the stores.
type Ledger struct {
	// Dialect is that of the engine; empty is [PostgreSQL].
	Dialect Dialect
	// Schema may be empty: the connection decides.
	Schema, Name string
	// Lots names the table of the lots in the same schema, with the columns program,
	// member, lot, unit and earned_at, for [Ledger.PointCohorts] alone. The table of entries
	// then has the columns member, lot and into_lot too.
	Lots string
	// Program is the one whose entries count. It is required.
	Program string
	// Micros is set where occurred_at and earned_at are microseconds since 1970, as in the
	// stores' tables.
	Micros bool
}

// PointTotal is the sum of the entries of one month, unit and kind that moved points
// from one bucket to another.
type PointTotal struct {
	Month      kpi.Period
	Unit, Kind string
	// From and To are the buckets as the table has them: names in Parquet, numbers in
	// the stores' tables.
	From, To        string
	Points, Entries int64
}

// entries selects the ledger of the program.
func (l *Ledger) entries(d *dialect) string {
	return fmt.Sprintf("SELECT unit, kind, %s AS moved_from, %s AS moved_to, amount, %s AS ordered_at FROM %s WHERE program = %s",
		d.text("from_bucket"), d.text("to_bucket"), l.instant(d, "occurred_at"), l.table(l.Name).from(d), d.literal(l.Program))
}

func (l *Ledger) table(name string) *Table {
	return &Table{Dialect: l.Dialect, Schema: l.Schema, Name: name}
}

func (l *Ledger) instant(d *dialect, column string) string {
	if l.Micros {
		return d.ofMicros(column)
	}
	return d.instant(column)
}

func (l *Ledger) validate() (*dialect, error) {
	var problems kpi.Problems
	d := l.table(l.Name).validate(&problems)
	if l.Program == "" || strings.ContainsRune(l.Program, 0) {
		problems.Add("program", "must name the program whose entries count")
	}
	return d, problems.Err()
}

// Query is the statement of [Ledger.Totals] over a ledger of that extent. Months are
// numbered since January of the year 0.
func (l *Ledger) Query(zone *time.Location, e Extent) (string, error) {
	d, err := l.validate()
	if err != nil {
		return "", err
	}
	if _, err := cohortOptions(&kpi.CohortOptions{Zone: zone}); err != nil {
		return "", err
	}
	c := newCalendar(d, zone, e)
	return fmt.Sprintf(`WITH entries AS (%s),
dated AS (SELECT %s AS bucket, unit, kind, moved_from, moved_to, amount FROM entries)
SELECT bucket, unit, kind, moved_from, moved_to, CAST(sum(amount) AS BIGINT) AS points, count(*) AS n
FROM dated GROUP BY bucket, unit, kind, moved_from, moved_to
ORDER BY bucket, unit%[3]s, kind%[3]s, moved_from%[3]s, moved_to%[3]s%[4]s`, l.entries(d), c.period(string(kpi.Monthly)), d.collation, d.settings), nil
}

// Totals are the sums of a program's entries by month of a zone, unit, kind and buckets, in
// that order; nil is UTC. Over all months they are the totals of package storage.
func (l *Ledger) Totals(ctx context.Context, db Querier, zone *time.Location) ([]PointTotal, error) {
	d, err := l.validate()
	if err != nil {
		return nil, err
	}
	e, err := l.extent(ctx, db, d, l.entries(d))
	if err != nil {
		return nil, err
	}
	text, err := l.Query(zone, e)
	if err != nil {
		return nil, err
	}
	c := newCalendar(d, zone, e)
	var all []PointTotal
	for rows, err := range read(ctx, db, text) {
		var t PointTotal
		var month int64
		if err == nil {
			err = rows.Scan(&month, &t.Unit, &t.Kind, &t.From, &t.To, &t.Points, &t.Entries)
		}
		if err != nil {
			return nil, fmt.Errorf("sqlkpi: totals: %w", err)
		}
		t.Month = kpi.Period{Start: c.start(string(kpi.Monthly), month), End: c.start(string(kpi.Monthly), month+1), Zone: c.zone}
		all = append(all, t)
	}
	return all, nil
}

// extent is the time that the rows of a selection cover.
func (l *Ledger) extent(ctx context.Context, db Querier, d *dialect, selection string) (Extent, error) {
	var e Extent
	query := fmt.Sprintf("WITH entries AS (%s) SELECT %s, %s FROM entries", selection, d.micros("min(ordered_at)"), d.micros("max(ordered_at)"))
	for rows, err := range read(ctx, db, query) {
		var first, last sql.NullInt64
		if err == nil {
			err = rows.Scan(&first, &last)
		}
		if err != nil {
			return e, fmt.Errorf("sqlkpi: extent of the ledger: %w", err)
		}
		if first.Valid && last.Int64 != 0 {
			e = Extent{time.UnixMicro(first.Int64).UTC(), time.UnixMicro(last.Int64).UTC()}
		}
	}
	return e, nil
}
