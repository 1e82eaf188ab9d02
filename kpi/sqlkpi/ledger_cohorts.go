package sqlkpi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
)

var errNoLot = errors.New("sqlkpi: entries name lots that are not in the table of lots")

func (l *Ledger) validateCohorts(unit string, until time.Time, zone *time.Location) (*dialect, *kpi.PointAccumulator, error) {
	var problems kpi.Problems
	d, err := l.validate()
	if found, ok := errors.AsType[kpi.Problems](err); ok {
		problems = append(problems, found...)
	}
	if l.Lots == "" || strings.ContainsRune(l.Lots, 0) || len(l.Lots) > 255 {
		problems.Add("lots", "must name the table of the lots, by at most 255 bytes without a zero byte")
	}
	if unit == "" || strings.ContainsRune(unit, 0) {
		problems.Add("unit", "must name the points to count")
	}
	sums, err := kpi.NewPointAccumulator(until, zone)
	if found, ok := errors.AsType[kpi.Problems](err); ok {
		problems = append(problems, found...)
	}
	return d, sums, problems.Err()
}

// lots selects the lots of a unit.
func (l *Ledger) lots(d *dialect, unit string) string {
	return fmt.Sprintf("SELECT member, lot, %s AS ordered_at FROM %s WHERE program = %s AND unit = %s",
		l.instant(d, "earned_at"), l.table(l.Lots).from(d), d.literal(l.Program), d.literal(unit))
}

// moves selects the entries of a unit.
func (l *Ledger) moves(d *dialect, unit string) string {
	return fmt.Sprintf("SELECT member, lot, into_lot, %s AS moved_from, %s AS moved_to, amount, %s AS ordered_at FROM %s WHERE program = %s AND unit = %s",
		d.text("from_bucket"), d.text("to_bucket"), l.instant(d, "occurred_at"), l.table(l.Name).from(d), d.literal(l.Program), d.literal(unit))
}

// CohortQuery is the statement of [Ledger.PointCohorts] over entries and lots of that
// extent. A row has the sum of the points that moved in a month from one bucket to another,
// the month in which they were earned and that of the lot that they moved to. Months are
// numbered since January of the year 0; 0 is no lot, and -1 one that is not in the
// table of lots. What moved later has the month 0.
func (l *Ledger) CohortQuery(unit string, until time.Time, zone *time.Location, e Extent) (string, error) {
	d, _, err := l.validateCohorts(unit, until, zone)
	if err != nil {
		return "", err
	}
	c := newCalendar(d, zone, e)
	return l.cohortQuery(unit, until, &c), nil
}

func (l *Ledger) cohortQuery(unit string, until time.Time, c *calendarOf) string {
	d, month := c.dialect, c.period(string(kpi.Monthly))
	earned := func(alias, lot string) string {
		return fmt.Sprintf("CASE WHEN e.%[2]s = 0 THEN 0 WHEN %[1]s.month > 0 THEN %[1]s.month ELSE -1 END", alias, lot)
	}
	return fmt.Sprintf(`WITH lots AS (SELECT member, lot, %[1]s AS month FROM (%[2]s) AS l),
moves AS (SELECT member, lot, into_lot, moved_from, moved_to, amount, CASE WHEN ordered_at < %[4]s THEN %[1]s ELSE 0 END AS month FROM (%[3]s) AS m),
dated AS (
  SELECT e.month AS month, e.moved_from AS moved_from, e.moved_to AS moved_to, e.amount AS amount, %[5]s AS earned, %[6]s AS later
  FROM moves AS e LEFT JOIN lots AS a ON a.member = e.member AND a.lot = e.lot LEFT JOIN lots AS b ON b.member = e.member AND b.lot = e.into_lot
)
SELECT earned, later, month, moved_from, moved_to, CAST(sum(amount) AS BIGINT) AS points, count(*) AS n
FROM dated GROUP BY earned, later, month, moved_from, moved_to%[7]s`,
		month, l.lots(d, unit), l.moves(d, unit), d.at(until.UnixMicro()), earned("a", "lot"), earned("b", "into_lot"), d.settings)
}

// PointCohorts are what [kpi.PointAccumulator] makes of the entries of a unit before an
// instant: what became of points by the month in which the lots that hold them were earned.
// PointReportOf of package loyalty/figures makes a report of it, with the liability of
// each month's points.
func (l *Ledger) PointCohorts(ctx context.Context, db Querier, unit string, until time.Time, zone *time.Location) (*kpi.PointHistory, error) {
	d, sums, err := l.validateCohorts(unit, until, zone)
	if err != nil {
		return nil, err
	}
	e, err := l.extent(ctx, db, d, fmt.Sprintf("SELECT ordered_at FROM (%s) AS m UNION ALL SELECT ordered_at FROM (%s) AS l", l.moves(d, unit), l.lots(d, unit)))
	if err != nil {
		return nil, err
	}
	c, late := newCalendar(d, zone, e), 0
	for rows, err := range read(ctx, db, l.cohortQuery(unit, until, &c)) {
		var earned, later, month, amount int64
		var from, to string
		var n int
		if err == nil {
			err = rows.Scan(&earned, &later, &month, &from, &to, &amount, &n)
		}
		switch {
		case err != nil:
		case month == 0:
			late += n
		default:
			err = c.addMove(sums, earned, later, month, from, to, amount)
		}
		if err != nil {
			return nil, fmt.Errorf("sqlkpi: points by month: %w", err)
		}
	}
	history := sums.Result()
	history.Late = late
	return history, nil
}

// addMove adds a row: instants of its months stand for all of them.
func (c *calendarOf) addMove(sums *kpi.PointAccumulator, earned, later, month int64, from, to string, amount int64) error {
	m := kpi.PointMove{At: c.start(string(kpi.Monthly), month), Points: amount}
	var err error
	if m.From, err = kpi.ParsePointBucket(from); err != nil {
		return err
	}
	if m.To, err = kpi.ParsePointBucket(to); err != nil {
		return err
	}
	if earned < 0 || later < 0 && m.Within() {
		return errNoLot
	}
	if earned > 0 {
		m.Earned = c.start(string(kpi.Monthly), earned)
	}
	if later > 0 {
		m.Into = c.start(string(kpi.Monthly), later)
	}
	return sums.Add(m)
}
