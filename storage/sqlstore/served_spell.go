package sqlstore

import (
	"strconv"
	"strings"
)

// spelling writes a statement and counts its arguments.
type spelling struct {
	grammar *grammar
	shape   singleShape
	next    int
}

// spell writes the statement of a shape.
func spell(g *grammar, shape singleShape) string {
	s := &spelling{grammar: g, shape: shape}
	if shape.ofOne() {
		s.next = 3
	} else if shape[setAccounts] > 0 {
		s.next = 1
	}
	var parts []string
	for id := range rowsetCount {
		switch {
		case shape[id] == 0:
		case id == setAccounts:
			parts = append(parts, "done AS ("+s.changes()+" RETURNING 1)")
		default:
			set := &g.rowsets[id]
			parts = append(parts, "w"+strconv.Itoa(id)+" AS (INSERT INTO "+set.table+" ("+set.columns+") "+s.source(id)+set.tail+")")
		}
	}
	found := "1"
	switch {
	case shape[setAccounts] == 0:
	case shape.ofOne():
		found = "count(*) FROM done"
	default:
		found = "CASE WHEN count(*) = CAST($1 AS bigint) THEN 1 ELSE CAST('" + refusal + "' || count(*) AS integer) END FROM done"
	}
	return "WITH " + strings.Join(parts, ", ") + " SELECT " + found
}

// mark is the argument of a column as the type that it has there.
func (s *spelling) mark(table, column string, array bool) string {
	of := singleTypes[slotOf(table, column)]
	at := s.shape.common(column)
	if array {
		of += "[]"
	}
	if at == 0 {
		s.next++
		at = s.next
	}
	return "CAST($" + strconv.Itoa(at) + " AS " + of + ")"
}

var singleTypes = [...]string{"bigint", "text", "bytea"}

// changes writes what changes accounts at their versions.
func (s *spelling) changes() string {
	const table = "loyalty_accounts"
	columns := s.grammar.rowsets[setAccounts].list
	own := strings.Join(columns[2:len(columns)-1], ", ")
	if s.shape.ofOne() {
		return "UPDATE " + table + " SET " + eachColumn(own, func(c string) string { return c + " = " + s.mark(table, c, false) }) +
			" WHERE program = $1 AND member = $2 AND version = " + s.mark(table, "expected", false)
	}
	return "UPDATE " + table + " AS a SET " + eachColumn(own, func(c string) string { return c + " = v." + c }) +
		" FROM " + s.unnested(setAccounts, "v") + " WHERE a.program = v.program AND a.member = v.member AND a.version = v.expected"
}

// source writes where the rows of an insertion come from. They come after the accounts
// have changed, and only where one is at its version.
func (s *spelling) source(id int) string {
	set := &s.grammar.rowsets[id]
	changed := s.shape[setAccounts] > 0
	if s.shape[id] > spelled {
		text := "SELECT " + eachColumn(set.columns, func(c string) string {
			if s.shape.common(c) > 0 {
				return s.mark(set.table, c, false)
			}
			return "u." + c
		}) + " FROM " + s.unnested(id, "u")
		if changed {
			return text + " WHERE (SELECT count(*) FROM done) > 0"
		}
		return text + " WHERE true" // or ON CONFLICT would be read as a join's
	}
	var selects []string
	for range s.shape[id] {
		text := "SELECT " + eachColumn(set.columns, func(c string) string { return s.mark(set.table, c, false) })
		if changed {
			text += " FROM done"
		}
		selects = append(selects, text)
	}
	return strings.Join(selects, " UNION ALL ")
}

// unnested writes arrays as rows.
func (s *spelling) unnested(id int, as string) string {
	set := &s.grammar.rowsets[id]
	var arrays, names []string
	for _, column := range set.list {
		if s.shape.common(column) == 0 {
			arrays = append(arrays, s.mark(set.table, column, true))
			names = append(names, column)
		}
	}
	return "unnest(" + strings.Join(arrays, ", ") + ") AS " + as + " (" + strings.Join(names, ", ") + ")"
}
