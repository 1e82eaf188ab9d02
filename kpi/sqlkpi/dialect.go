package sqlkpi

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Dialect names the engine whose SQL is written.
type Dialect string

// The dialects.
const (
	// PostgreSQL is that of PostgreSQL from 14 on, and of what speaks as it does, such as
	// Citus. It is the default.
	PostgreSQL Dialect = "postgresql"
	// DuckDB is that of DuckDB from 1.4 on, in process or behind a server.
	DuckDB Dialect = "duckdb"
	// ClickHouse is that of ClickHouse from 24.8 on.
	ClickHouse Dialect = "clickhouse"
)

// dialect is what engines write in ways of their own; the rest of a statement is the
// same for all. An instant is a column of the CTE orders: timestamptz in PostgreSQL,
// elsewhere microseconds since 1970.
type dialect struct {
	// instant reads a column as an instant, text as text.
	instant, text func(column string) string
	// at writes an instant, micros an instant in microseconds, ofMicros the instant of
	// microseconds.
	at               func(micros int64) string
	micros, ofMicros func(expression string) string
	// day is the number of days since 1970 that a zone shows at an instant. offset is
	// an expression of offset's results.
	day    func(instant, offset string) string
	offset func(seconds int) string
	// month is the number of the month that has such a day, from January of the year 0.
	month func(day string) string
	// divide is a quotient of integers from 0 on, cut.
	divide func(a, b string) string
	// wide is an amount whose sums do not overflow.
	wide func(amount string) string
	// float is the nearest float of a decimal in text, double that of an integer or a
	// float.
	float, double func(text string) string
	// earliest is the value of a column in the row with the least of another, second
	// the second least value or null.
	earliest func(value, by string) string
	second   func(value string) string
	// typeOf names a column's type; times and money are those that hold it exactly.
	typeOf       func(column string) string
	times, money []string
	// decimals is the most decimals that an amount has, where its type does not tell.
	decimals string
	// collation follows text that is sorted by its bytes, settings a whole statement.
	collation, settings string
	// backslash is set where texts and names in quotes escape by it.
	backslash bool
}

const dayMicros = 24 * 60 * 60 * 1_000_000

// shift is a number of weeks whose days make all days from 1900 on positive.
const shift = 4_000

func dayOfMicros(divide func(a, b string) string) func(instant, offset string) string {
	return func(instant, offset string) string {
		ahead := fmt.Sprintf("%s + %s + %d", instant, offset, int64(7*shift*dayMicros))
		return fmt.Sprintf("%s - %d", divide("("+ahead+")", strconv.FormatInt(dayMicros, 10)), 7*shift)
	}
}

func microsOffset(seconds int) string { return strconv.FormatInt(int64(seconds)*1_000_000, 10) }

func wrap(format string) func(string) string {
	return func(inner string) string { return fmt.Sprintf(format, inner) }
}

func infix(format string) func(a, b string) string {
	return func(a, b string) string { return fmt.Sprintf(format, a, b) }
}

func same(text string) string { return text }

func dialectOf(d Dialect) (*dialect, bool) {
	switch d {
	case "", PostgreSQL:
		return postgres(), true
	case DuckDB:
		return duckdb(), true
	case ClickHouse:
		return clickhouse(), true
	default:
		return nil, false
	}
}

func postgres() *dialect {
	return &dialect{
		instant: same,
		text:    wrap("(%s)::text"),
		at: func(micros int64) string {
			return time.UnixMicro(micros).UTC().Format("'2006-01-02 15:04:05.000000+00'::timestamptz")
		},
		micros:    wrap("(EXTRACT(EPOCH FROM %s) * 1000000)::bigint"),
		ofMicros:  wrap("('epoch'::timestamptz + %s * interval '1 microsecond')"),
		day:       infix("((%s AT TIME ZONE 'UTC' + %s)::date - DATE '1970-01-01')::bigint"),
		month:     wrap("EXTRACT(YEAR FROM DATE '1970-01-01' + (%[1]s)::int)::bigint * 12 + EXTRACT(MONTH FROM DATE '1970-01-01' + (%[1]s)::int)::bigint - 1"),
		offset:    func(seconds int) string { return fmt.Sprintf("interval '%d seconds'", seconds) },
		divide:    infix("%s / %s"),
		wide:      same,
		float:     wrap("(%s)::float8"),
		double:    wrap("(%s)::float8"),
		earliest:  infix("(array_agg(%[1]s ORDER BY %[2]s))[1]"),
		second:    wrap("(array_agg(%[1]s ORDER BY %[1]s))[2]"),
		typeOf:    wrap("pg_typeof(%s)::text"),
		times:     []string{"timestamp with time zone"},
		money:     []string{"numeric", "bigint", "integer", "smallint"},
		decimals:  "max(CASE WHEN amount <> round(amount, 12) THEN 13 ELSE 0 END)",
		collation: ` COLLATE "C"`,
	}
}

func duckdb() *dialect {
	divide := infix("%s // %s")
	return &dialect{
		instant:  wrap("epoch_us(%s)"),
		text:     wrap("CAST(%s AS VARCHAR)"),
		at:       func(micros int64) string { return strconv.FormatInt(micros, 10) },
		micros:   same,
		ofMicros: same,
		day:      dayOfMicros(divide),
		month:    wrap("year(DATE '1970-01-01' + CAST(%[1]s AS INTEGER)) * 12 + month(DATE '1970-01-01' + CAST(%[1]s AS INTEGER)) - 1"),
		offset:   microsOffset,
		divide:   divide,
		wide:     same,
		float:    wrap("CAST(%s AS DOUBLE)"),
		double:   wrap("CAST(%s AS DOUBLE)"),
		earliest: infix("arg_min(%s, %s)"),
		second:   wrap("min(%s, 2)[2]"),
		typeOf:   wrap("typeof(%s)"),
		times:    []string{"TIMESTAMP"},
		money:    []string{"DECIMAL", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"},
	}
}

func clickhouse() *dialect {
	divide := infix("intDiv(%s, %s)")
	return &dialect{
		instant:  wrap("toUnixTimestamp64Micro(toDateTime64(%s, 6))"),
		text:     wrap("toString(%s)"),
		at:       func(micros int64) string { return strconv.FormatInt(micros, 10) },
		micros:   same,
		ofMicros: same,
		day:      dayOfMicros(divide),
		month:    wrap("toInt64(toRelativeMonthNum(toDate32(toInt32(%s)))) - 1"),
		offset:   microsOffset,
		divide:   divide,
		wide:     wrap("toInt128(%s)"),
		float:    wrap("toFloat64(%s)"),
		double:   wrap("toFloat64(%s)"),
		earliest: infix("argMin(%s, %s)"),
		second:   wrap("if(length(groupArray(%[1]s)) > 1, arraySort(groupArray(%[1]s))[2], NULL)"),
		typeOf:   wrap("toTypeName(%s)"),
		times:    []string{"DateTime"},
		money:    []string{"Decimal", "Int", "UInt"},
		settings: " SETTINGS precise_float_parsing = 1",

		backslash: true,
	}
}

// name quotes an identifier.
func (d *dialect) name(text string) string {
	if d.backslash {
		text = strings.ReplaceAll(text, `\`, `\\`)
	}
	return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
}

// literal quotes a text.
func (d *dialect) literal(text string) string {
	escape := ""
	if strings.Contains(text, `\`) {
		if d.backslash {
			text = strings.ReplaceAll(text, `\`, `\\`)
		} else if d.collation != "" { // PostgreSQL, however it reads backslashes
			escape, text = "E", strings.ReplaceAll(text, `\`, `\\`)
		}
	}
	return escape + "'" + strings.ReplaceAll(text, "'", "''") + "'"
}
