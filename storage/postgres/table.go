package postgres

import (
	"strconv"
	"strings"
)

// kind is the type of a column, as far as arguments are concerned.
type kind uint8

const (
	text kind = iota
	integer
	// optional is an integer or NULL.
	optional
	binary
)

var (
	arrays = [...]string{text: "text[]", integer: "bigint[]", optional: "bigint[]", binary: "bytea[]"}
	types  = [...]string{text: "text", integer: "bigint", optional: "bigint", binary: "bytea"}
	kinds  = map[string]kind{"text": text, "integer": integer, "optional": optional, "bytes": binary}
)

// column is a column of a table.
type column struct {
	name string
	kind kind
}

// columns reads a list such as "program text, version integer, hash bytes".
func columns(list string) []column {
	var all []column
	for part := range strings.SplitSeq(list, ", ") {
		name, typ, _ := strings.Cut(part, " ")
		all = append(all, column{name, kinds[typ]})
	}
	return all
}

func names(all []column, prefix string) string {
	var out []string
	for _, c := range all {
		out = append(out, prefix+c.name)
	}
	return strings.Join(out, ", ")
}

// marks returns placeholders from $1 on, with casts to arrays if asked.
func marks(all []column, cast bool) string {
	var out []string
	for i, c := range all {
		mark := "$" + strconv.Itoa(i+1)
		if cast {
			mark += "::" + arrays[c.kind]
		}
		out = append(out, mark)
	}
	return strings.Join(out, ", ")
}

// shape is a statement for one row of arguments and for any number of them.
type shape struct {
	one, many string
	columns   []column
	// table and then are those of an insertion.
	table, then string
}

func shapeOf(all []column, one, many string) *shape {
	return &shape{one: one, many: many, columns: all}
}

// insertion inserts rows; then says what happens to one that exists.
func insertion(table, list, then string) *shape {
	all := columns(list)
	into := "INSERT INTO " + table + " (" + names(all, "") + ") "
	s := shapeOf(all,
		into+"VALUES ("+marks(all, false)+")"+then,
		into+"SELECT * FROM unnest("+marks(all, true)+")"+then)
	s.table, s.then = table, then
	return s
}

// replacing is an insertion that replaces the row with the same key.
func replacing(table, key, list string) *shape {
	var set []string
	for _, c := range columns(list) {
		set = append(set, c.name+" = excluded."+c.name)
	}
	return insertion(table, key+", "+list,
		" ON CONFLICT ("+names(columns(key), "")+") DO UPDATE SET "+strings.Join(set, ", "))
}

// lookup finds rows by keys. Its first column is the place of the key among those
// that were asked for, from 1. OFFSET 0 makes the server look every key up, whatever
// it believes about the size of the table.
func lookup(table, key, cols string) *shape {
	all, as := keysOf(key)
	var one, many []string
	for i, c := range all {
		one = append(one, c.name+" = $"+strconv.Itoa(i+1))
		many = append(many, "t."+c.name+" = asked."+as[i])
	}
	return shapeOf(all,
		"SELECT 1::bigint, "+cols+" FROM "+table+" AS t WHERE "+strings.Join(one, " AND "),
		askedFor(all, as)+"(SELECT "+cols+" FROM "+table+" AS t WHERE "+strings.Join(many, " AND ")+" OFFSET 0) AS found")
}

func keysOf(key string) (all []column, as []string) {
	all = columns(key)
	for i := range all {
		as = append(as, "k"+strconv.Itoa(i+1))
	}
	return all, as
}

func askedFor(all []column, as []string) string {
	return "SELECT asked.place, found.* FROM unnest(" + marks(all, true) + ") WITH ORDINALITY AS asked (" +
		strings.Join(as, ", ") + ", place) CROSS JOIN LATERAL "
}

// firstLookup is lookup in a table of which other indexes begin as its key does: it asks
// for the first row from the key on, in the order of the key, and then whether that is
// the one. So the server takes the primary key even before it has statistics, when any
// index that begins alike looks as good to it, and may mean to read all that an account has.
func firstLookup(table, key, cols string) *shape {
	all, as := keysOf(key)
	var one, many []string
	for i := range all {
		one, many = append(one, "$"+strconv.Itoa(i+1)), append(many, "asked."+as[i])
	}
	return shapeOf(all,
		"SELECT 1::bigint, "+cols+" FROM "+firstFrom(table, all, one),
		askedFor(all, as)+"(SELECT "+cols+" FROM "+firstFrom(table, all, many)+") AS found")
}

// firstFrom is the row of an account with a key, as [firstLookup] finds it, and the
// condition on it. It names the account, so that a spread database looks in one place.
func firstFrom(table string, all []column, values []string) string {
	rest, wanted := names(all[2:], "t."), strings.Join(values[2:], ", ")
	return "(SELECT * FROM " + table + " AS t WHERE t.program = " + values[0] + " AND t.member = " + values[1] +
		" AND (" + rest + ") >= (" + wanted + ") ORDER BY " + rest + " LIMIT 1) AS r WHERE (" + names(all[2:], "r.") + ") = (" + wanted + ")"
}

// arguments are rows of arguments for a shape, one after the other.
type arguments struct {
	shape *shape
	args  []any
}

func (a *arguments) add(row ...any) { a.args = append(a.args, row...) }

func (a *arguments) rows() int { return len(a.args) / len(a.shape.columns) }

// statement returns the text for as many rows as there are, and its arguments.
func (a *arguments) statement() (string, []any) {
	if a.rows() == 1 {
		return a.shape.one, a.args
	}
	args := make([]any, len(a.shape.columns))
	for i := range args {
		args[i] = a.array(i)
	}
	return a.shape.many, args
}

// array returns the values of the i-th column.
func (a *arguments) array(i int) any {
	rows, width := a.rows(), len(a.shape.columns)
	switch a.shape.columns[i].kind {
	case integer:
		return pick[int64](a.args[i:], width, rows)
	case optional:
		return pickOptional(a.args[i:], width, rows)
	case binary:
		return pick[[]byte](a.args[i:], width, rows)
	default:
		return pick[string](a.args[i:], width, rows)
	}
}

// pick takes every width-th argument. A missing one is the zero T.
func pick[T any](args []any, width, rows int) []T {
	out := make([]T, rows)
	for i := range out {
		out[i], _ = args[i*width].(T)
	}
	return out
}

func pickOptional(args []any, width, rows int) []*int64 {
	out := make([]*int64, rows)
	for i := range out {
		if n, ok := args[i*width].(int64); ok {
			out[i] = &n
		}
	}
	return out
}
