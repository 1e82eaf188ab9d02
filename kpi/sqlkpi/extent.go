package sqlkpi

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
	"github.com/loyaltykit/loyaltykit/kpi"
)

// Extent is the time that a log covers: its first and its last order. Both are zero
// where there is none.
type Extent struct{ First, Last time.Time }

// The years that orders are in.
var (
	firstOrder = time.Unix(calendar.FirstSecond, 0).UTC()
	lastOrder  = time.Unix(calendar.LastSecond+1, 0).UTC()
)

// ExtentQuery is the statement of [Table.Extent]. An error wraps [kpi.ErrInvalid].
func (t *Table) ExtentQuery() (string, error) {
	var problems kpi.Problems
	d := t.validate(&problems)
	if err := problems.Err(); err != nil {
		return "", err
	}
	within := fmt.Sprintf("ordered_at >= %s AND ordered_at < %s", d.at(firstOrder.UnixMicro()), d.at(lastOrder.UnixMicro()))
	decimals := d.decimals
	if decimals == "" || t.Decimals > 0 {
		decimals = "max(0)"
	}
	return fmt.Sprintf(`WITH orders AS (%s)
SELECT %s, %s,
  count(CASE WHEN member IS NULL OR member = '' THEN 1 END),
  count(CASE WHEN ordered_at IS NULL OR NOT (%s) THEN 1 END),
  count(CASE WHEN amount IS NULL THEN 1 END), %s, %s, %s
FROM orders`, t.orders(d),
		d.micros("min(CASE WHEN "+within+" THEN ordered_at END)"), d.micros("max(CASE WHEN "+within+" THEN ordered_at END)"), within,
		d.text("min(amount)"), d.text("max(amount)"), decimals), nil
}

// Extent reads a table through and checks it: the types of its columns, and that
// every row is an order. The error is kpi.Problems where a column cannot hold what it
// should, and wraps [kpi.ErrOrder] or [kpi.ErrAmount] where rows are no orders.
func (t *Table) Extent(ctx context.Context, db Querier) (Extent, error) {
	var e Extent
	query, err := t.ExtentQuery()
	if err != nil {
		return e, err
	}
	if err := t.checkTypes(ctx, db); err != nil {
		return e, err
	}
	for rows, err := range read(ctx, db, query) {
		var f found
		if err == nil {
			err = rows.Scan(&f.first, &f.last, &f.nameless, &f.timeless, &f.worthless, &f.least, &f.most, &f.decimals)
		}
		if err == nil {
			err = t.check(&f)
		}
		if err != nil {
			return e, fmt.Errorf("sqlkpi: extent: %w", err)
		}
		if f.first.Valid && f.last.Valid {
			e = Extent{time.UnixMicro(f.first.Int64).UTC(), time.UnixMicro(f.last.Int64).UTC()}
		}
	}
	return e, nil
}

// found is the row of the extent's statement.
type found struct {
	first, last                   sql.NullInt64
	nameless, timeless, worthless int64
	least, most                   sql.NullString
	decimals                      sql.NullInt64
}

func (t *Table) check(f *found) error {
	switch {
	case f.nameless > 0:
		return fmt.Errorf("%d rows name no member: %w; leave guest orders out of the view", f.nameless, kpi.ErrOrder)
	case f.timeless > 0:
		return fmt.Errorf("%d rows are at no time in the years 1900 to 2199: %w", f.timeless, kpi.ErrOrder)
	case f.worthless > 0:
		return fmt.Errorf("%d rows have no amount: %w", f.worthless, kpi.ErrAmount)
	case f.decimals.Int64 > maxDecimals:
		return fmt.Errorf("a row has more than %d decimals: %w", maxDecimals, kpi.ErrAmount)
	}
	for _, bound := range []sql.NullString{f.least, f.most} {
		if !bound.Valid {
			continue
		}
		amount, err := t.money(bound.String)
		if err == nil {
			_, err = kpi.ParseAmount(amount.String())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkTypes reports columns that do not hold what they should, as far as a row of
// them tells.
func (t *Table) checkTypes(ctx context.Context, db Querier) error {
	d, _ := dialectOf(t.Dialect)
	var problems kpi.Problems
	query := fmt.Sprintf("SELECT %s, %s FROM (%s) AS raw LIMIT 1", d.typeOf("raw_at"), d.typeOf("raw_amount"), t.raw(d))
	for rows, err := range read(ctx, db, query) {
		var at, amount string
		if err == nil {
			err = rows.Scan(&at, &amount)
		}
		if err != nil {
			return fmt.Errorf("sqlkpi: types of the columns: %w", err)
		}
		if !isType(at, d.times) {
			problems.Add("at", "is %s, which is no instant: make it one of %s in a view", at, strings.Join(d.times, ", "))
		}
		decimals, decimal := scaleOf(amount)
		switch {
		case !isType(amount, d.money):
			problems.Add("amount", "is %s, which does not hold money exactly: make it one of %s in a view", amount, strings.Join(d.money, ", "))
		case t.Decimals > 0 && (decimal || amount == "numeric"):
			problems.Add("decimals", "must be 0 where the amount is no integer, but %s", amount)
		case decimals > maxDecimals:
			problems.Add("amount", "is %s, where money has at most %d decimals", amount, maxDecimals)
		}
	}
	return problems.Err()
}

func isType(name string, allowed []string) bool {
	name = strings.TrimPrefix(name, "Nullable(")
	return slices.ContainsFunc(allowed, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// scaleOf reads the decimals of a type such as DECIMAL(18,2).
func scaleOf(name string) (decimals int, ok bool) {
	_, inner, ok := strings.Cut(name, "ecimal(")
	if !ok {
		_, inner, ok = strings.Cut(name, "DECIMAL(")
	}
	_, scale, comma := strings.Cut(inner, ",")
	if !ok || !comma {
		return 0, false
	}
	decimals, err := strconv.Atoi(strings.Trim(scale, " )"))
	return decimals, err == nil
}
