package sqlkpi

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// Table names a table or view with one order a row, such as a host's own.
type Table struct {
	// Dialect is that of the engine; empty is [PostgreSQL].
	Dialect Dialect
	// Schema may be empty: the connection decides. It is a database in ClickHouse.
	Schema, Name string
	// Member, At and Amount are columns; empty is member, occurred_at and amount. None
	// of them is null in a row. Members' ids are taken as text. At is timestamptz in
	// PostgreSQL, TIMESTAMPTZ or a TIMESTAMP of UTC in DuckDB, DateTime or DateTime64 in
	// ClickHouse. Amounts are decimals or integers, below zero for refunds.
	Member, At, Amount string
	// Decimals says that amounts are integers in units of 10^−Decimals: 2 for cents.
	Decimals int
	// Where, if set, picks rows: each column named has that text, such as a currency.
	Where map[string]string
}

// Querier is a *sql.DB, *sql.Conn or *sql.Tx. A method that counts runs up to three
// statements; hand it a transaction of repeatable reads where orders come in
// meanwhile.
type Querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

const maxDecimals = 12

// validate reports everything that is wrong with the description.
func (t *Table) validate(problems *kpi.Problems) *dialect {
	d, ok := dialectOf(t.Dialect)
	if !ok {
		problems.Add("dialect", "%q is no dialect: use %s, %s or %s", string(t.Dialect), PostgreSQL, DuckDB, ClickHouse)
		d = postgres()
	}
	if t.Name == "" {
		problems.Add("name", "must name the table or view")
	}
	names := []struct{ path, name string }{
		{"schema", t.Schema}, {"name", t.Name}, {"member", t.Member}, {"at", t.At}, {"amount", t.Amount},
	}
	for _, column := range slices.Sorted(maps.Keys(t.Where)) {
		names = append(names, struct{ path, name string }{fmt.Sprintf("where[%q]", column), column})
		if strings.ContainsRune(t.Where[column], 0) {
			problems.Add(fmt.Sprintf("where[%q]", column), "must be a text without a zero byte")
		}
		if column == "" {
			problems.Add("where", "must name columns")
		}
	}
	for _, n := range names {
		if strings.ContainsRune(n.name, 0) || len(n.name) > 255 {
			problems.Add(n.path, "must be a name of at most 255 bytes without a zero byte")
		}
	}
	if t.Decimals < 0 || t.Decimals > maxDecimals {
		problems.Add("decimals", "must be 0 to %d, is %d", maxDecimals, t.Decimals)
	}
	return d
}

// raw selects the columns as they are.
func (t *Table) raw(d *dialect) string {
	return fmt.Sprintf("SELECT %s AS raw_member, %s AS raw_at, %s AS raw_amount FROM %s",
		d.name(cmp.Or(t.Member, "member")), d.name(cmp.Or(t.At, "occurred_at")), d.name(cmp.Or(t.Amount, "amount")), t.rows(d))
}

func (t *Table) from(d *dialect) string {
	if t.Schema == "" {
		return d.name(t.Name)
	}
	return d.name(t.Schema) + "." + d.name(t.Name)
}

// rows is the table with its condition.
func (t *Table) rows(d *dialect) string {
	var where []string
	for _, column := range slices.Sorted(maps.Keys(t.Where)) {
		where = append(where, fmt.Sprintf("%s = %s", d.text(d.name(column)), d.literal(t.Where[column])))
	}
	if len(where) == 0 {
		return t.from(d)
	}
	return t.from(d) + " WHERE " + strings.Join(where, " AND ")
}

// orders is the log as member, at and amount.
func (t *Table) orders(d *dialect) string {
	amount := "raw_amount"
	if t.Decimals > 0 {
		amount = d.wide(amount)
	}
	return fmt.Sprintf("SELECT %s AS member, %s AS ordered_at, %s AS amount FROM (%s) AS raw",
		d.text("raw_member"), d.instant("raw_at"), amount, t.raw(d))
}

// read runs a statement and hands out its rows.
func read(ctx context.Context, db Querier, query string) iter.Seq2[*sql.Rows, error] {
	return func(yield func(*sql.Rows, error) bool) {
		rows, err := db.QueryContext(ctx, query)
		if err != nil {
			yield(nil, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			if !yield(rows, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// money reads a total of the amount column.
func (t *Table) money(text string) (kpi.Amount, error) {
	if t.Decimals == 0 {
		return kpi.ParseTotal(text)
	}
	sign := ""
	if rest, negative := strings.CutPrefix(text, "-"); negative {
		sign, text = "-", rest
	}
	if short := t.Decimals + 1 - len(text); short > 0 {
		text = strings.Repeat("0", short) + text
	}
	whole := len(text) - t.Decimals
	return kpi.ParseTotal(sign + text[:whole] + "." + text[whole:])
}

// float is a total of the amount column as the nearest float.
func (t *Table) float(d *dialect, total string) string {
	text := d.text(total)
	if t.Decimals > 0 {
		text = fmt.Sprintf("concat(%s, 'e-%d')", text, t.Decimals)
	}
	return d.float(text)
}
