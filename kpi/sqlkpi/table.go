package sqlkpi

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
	"github.com/loyaltykit/loyaltykit/kpi"
)

// Table names a table or view with one order a row.
type Table struct {
	// Schema may be empty: the search path decides.
	Schema, Name string
	// Member, At and Amount are columns; empty is member, occurred_at and amount. None
	// of them is null in a row.
	Member, At, Amount string
}

// Querier is a *sql.DB, *sql.Conn or *sql.Tx.
type Querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Query is a statement with its arguments, to be run or to be looked at.
type Query struct {
	Text string
	Args []any
}

// arg adds an argument and returns its placeholder.
func (q *Query) arg(value any) string {
	q.Args = append(q.Args, value)
	return fmt.Sprintf("$%d", len(q.Args))
}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func (t *Table) from() string {
	if t.Schema == "" {
		return quoted(t.Name)
	}
	return quoted(t.Schema) + "." + quoted(t.Name)
}

func (t *Table) column(name, otherwise string) string {
	if name == "" {
		name = otherwise
	}
	return quoted(name)
}

// orders is the log as member, at and amount.
func (t *Table) orders() string {
	return fmt.Sprintf("SELECT %s AS member, %s AS at, %s AS amount FROM %s",
		t.column(t.Member, "member"), t.column(t.At, "occurred_at"), t.column(t.Amount, "amount"), t.from())
}

// zoneName is the name under which the server knows a zone. PostgreSQL reads other
// names in its own ways: UTC+2 is two hours behind, and CET has no summer time.
func zoneName(zone *time.Location) (string, error) {
	if zone == nil || zone == time.UTC {
		return "UTC", nil
	}
	name := zone.String()
	known, err := time.LoadLocation(name)
	if err != nil || name != "UTC" && !strings.Contains(name, "/") {
		return "", fmt.Errorf("sqlkpi: %w: the zone %.80q must have a name of the IANA database with a slash, such as Europe/Vienna, or be UTC", kpi.ErrInvalid, name)
	}
	if !calendar.SameOffsets(zone, known) {
		return "", fmt.Errorf("sqlkpi: %w: the zone %.80q is not the one of the IANA database of that name", kpi.ErrInvalid, name)
	}
	return name, nil
}

// dayOf is the number of the date at a time in a zone.
func dayOf(at, zone string) string {
	return fmt.Sprintf("((%s AT TIME ZONE %s)::date - DATE '1970-01-01')::bigint", at, zone)
}

// read runs a query and hands out its rows.
func read(ctx context.Context, db Querier, q Query) iter.Seq2[*sql.Rows, error] {
	return func(yield func(*sql.Rows, error) bool) {
		rows, err := db.QueryContext(ctx, q.Text, q.Args...)
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
