package postgres

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"

	"github.com/loyaltykit/loyaltykit/storage"
)

// The most of a batch that is written by one statement. More rows are worth a
// transaction of a statement for each table.
const (
	singleRows = 100
	// spelled is how many rows of a table a statement names one by one. More come as
	// arrays, so that there are few texts to prepare.
	spelled = 2
)

// errStale reports that an account was not at the version that a statement expects.
var errStale = errors.New("the account is not at the expected version")

// singles keeps the texts of statements that store a batch of one account by
// themselves: each writes all or, where the account is at another version, nothing. They
// need no transaction around them, and the server has less to do than with a statement
// for each table. What they say depends on how many rows of each table there are.
type singles struct{ texts sync.Map }

// text returns the statement for numbers of rows.
func (s *singles) text(counts string, build func() string) string {
	if text, ok := s.texts.Load(counts); ok {
		return text.(string) //nolint:forcetypeassert // only texts are stored
	}
	text := build()
	s.texts.Store(counts, text)
	return text
}

// alone reports whether a batch can be written by one statement.
func alone(batch *storage.Batch) bool {
	if len(batch.Legs) != 1 || len(batch.Counters) > 0 || scrubs(batch) || batch.Rows() > singleRows {
		return false
	}
	for i := range batch.Claims {
		if batch.Claims[i].Release {
			return false
		}
	}
	return true
}

// writeAlone stores a batch of one account.
func (c *committing) writeAlone(ctx context.Context, batch *storage.Batch) error {
	w := writing{trip: &trip{}, legs: []*storage.Leg{&batch.Legs[0]}, batches: []*storage.Batch{batch}}
	rows, err := w.rows()
	if err != nil {
		return err
	}
	expect := batch.Legs[0].Expect
	counts := make([]byte, 0, len(rows)+1)
	counts = append(counts, byte(min(expect, 1)))
	for _, r := range rows {
		counts = append(counts, byte(min(r.rows(), spelled+1)))
	}
	sql := c.engine.singles.text(string(counts), func() string { return spell(rows, expect == 0) })
	account := &batch.Legs[0].Account
	args := append(make([]any, 0, 64), account.Program, account.Member, account.Version, expect)
	for _, r := range rows {
		args = r.own(args)
	}
	t := &trip{}
	t.query(func(r *row) error {
		if r.integer() != 1 {
			return errStale
		}
		return nil
	}, sql, args...)
	return c.engine.database.commitOne(ctx, t)
}

// shared is the place of an argument that all rows of a batch have in common, 0 for
// others: program, member and version are the account's.
func shared(name string) int {
	switch name {
	case "program":
		return 1
	case "member":
		return 2
	case "version":
		return 3
	}
	return 0
}

// own appends the arguments of rows that are not shared, as spell numbers them.
func (a *arguments) own(args []any) []any {
	rows, width := a.rows(), len(a.shape.columns)
	if rows <= spelled {
		for i, arg := range a.args {
			if shared(a.shape.columns[i%width].name) == 0 {
				args = append(args, arg)
			}
		}
		return args
	}
	for i, column := range a.shape.columns {
		if shared(column.name) == 0 {
			args = append(args, a.array(i))
		}
	}
	return args
}

// spell writes the statement that stores rows under an account, the first of which is
// the account itself.
func spell(rows []*arguments, fresh bool) string {
	next := 5
	var parts []string
	for i, r := range rows {
		switch {
		case i == 0 && !fresh:
			var set []string
			for _, column := range r.shape.columns {
				if shared(column.name) == 0 {
					set = append(set, column.name+" = $"+strconv.Itoa(next))
					next++
				}
			}
			parts = append(parts, "done AS (UPDATE "+r.shape.table+" SET version = $3, "+strings.Join(set, ", ")+
				" WHERE program = $1 AND member = $2 AND version = $4 RETURNING 1)")
		case i == 0:
			text := spellRows(r, &next, "WHERE $4::bigint = 0")
			parts = append(parts, "done AS ("+text+" RETURNING 1)")
		case r.rows() > 0:
			parts = append(parts, "w"+strconv.Itoa(i)+" AS ("+spellRows(r, &next, "FROM done")+")")
		}
	}
	return "WITH " + strings.Join(parts, ", ") + " SELECT count(*) FROM done"
}

// spellRows writes an insertion of rows that come from a source.
func spellRows(a *arguments, next *int, from string) string {
	s := a.shape
	into := "INSERT INTO " + s.table + " (" + names(s.columns, "") + ") SELECT "
	if a.rows() > spelled {
		var values, arrayed, as []string
		for _, column := range s.columns {
			if at := shared(column.name); at > 0 {
				values = append(values, "$"+strconv.Itoa(at)+"::"+types[column.kind])
				continue
			}
			values = append(values, "u."+column.name)
			arrayed = append(arrayed, "$"+strconv.Itoa(*next)+"::"+arrays[column.kind])
			as = append(as, column.name)
			*next++
		}
		return into + strings.Join(values, ", ") + " " + from + ", unnest(" + strings.Join(arrayed, ", ") + ") AS u (" +
			strings.Join(as, ", ") + ")" + s.then
	}
	var selects []string
	for range a.rows() {
		var values []string
		for _, column := range s.columns {
			at := shared(column.name)
			if at == 0 {
				at = *next
				*next++
			}
			values = append(values, "$"+strconv.Itoa(at)+"::"+types[column.kind])
		}
		selects = append(selects, strings.Join(values, ", ")+" "+from)
	}
	return into + strings.Join(selects, " UNION ALL SELECT ") + s.then
}
