package sqlstore

import (
	"context"
	"slices"
	"strings"
	"sync"
)

// rowset is a statement that writes any number of rows at once.
type rowset struct {
	// table and columns say what a row is. Each row has a mark for every column.
	table   string
	columns string
	// list is the columns one by one.
	list []string
	// head and tail stand around the rows.
	head, tail string
	// casts, if not nil, are the types of the columns, for statements whose rows
	// do not go straight into a table.
	casts []string
	// texts holds the text for a number of rows, once it was needed.
	texts *sync.Map
}

// The statements of many rows.
const (
	setAccounts = iota
	addAccounts
	addOperations
	addEntries
	putLots
	putRecords
	addEvents
	addClaims
	rowsetCount
)

// What servers store of a row, in the order of the arguments.
const (
	accountRow   = "program, member, " + accountColumns
	operationRow = "program, member, " + operationColumns
	entryRow     = "program, member, " + entryColumns
	lotRow       = "program, member, " + lotColumns + ", open"
	recordRow    = "program, member, " + recordColumns
	eventRow     = "program, member, version, ordinal, bucket, acked, type, recorded_at, data"
	claimRow     = "program, space, claim_key, holder"
)

// rowsets returns the statements; replace writes the tail of one that replaces
// rows with the same key by the others of the columns.
func rowsets(replace func(key, columns string) string) [rowsetCount]rowset {
	put := func(table, key, columns string) rowset {
		r := insertion(table, columns)
		r.tail = replace(key, without(columns, key))
		return r
	}
	return [rowsetCount]rowset{
		addOperations: insertion("loyalty_operations", operationRow),
		addAccounts:   insertion("loyalty_accounts", accountRow),
		addEntries:    insertion("loyalty_entries", entryRow),
		putLots:       put("loyalty_lots", "program, member, lot", lotRow),
		putRecords:    put("loyalty_records", "program, member, kind, id", recordRow),
		addEvents:     insertion("loyalty_events", eventRow),
		addClaims:     insertion("loyalty_claims", claimRow),
	}
}

func newRowset(table, columns string) rowset {
	return rowset{table: table, columns: columns, list: strings.Split(columns, ", "), texts: &sync.Map{}}
}

// insertion adds rows to a table.
func insertion(table, columns string) rowset {
	r := newRowset(table, columns)
	r.head = "INSERT INTO " + table + " (" + columns + ") VALUES "
	return r
}

// without returns the columns that are not of the key.
func without(columns, key string) string {
	of := strings.Split(key, ", ")
	var rest []string
	for column := range strings.SplitSeq(columns, ", ") {
		if !slices.Contains(of, column) {
			rest = append(rest, column)
		}
	}
	return strings.Join(rest, ", ")
}

// width is the number of marks of a row.
func (r *rowset) width() int { return len(r.list) }

// text returns the statement for n rows.
func (r *rowset) text(g *grammar, n int) string {
	if text, ok := r.texts.Load(n); ok {
		return text.(string)
	}
	plain := "(" + strings.TrimSuffix(strings.Repeat("?, ", r.width()), ", ") + ")"
	first := plain
	if r.casts != nil {
		first = "(CAST(? AS " + strings.Join(r.casts, "), CAST(? AS ") + "))"
	}
	text := g.compile(r.head + first + strings.Repeat(", "+plain, n-1) + r.tail).text
	r.texts.Store(n, text)
	return text
}

// mostRows is how many rows one statement writes at most. Statements have up to 8
// rows or a multiple of 8, so that there are few different texts to prepare.
const mostRows = 64

// portion returns how many of n rows the next statement takes.
func portion(n int) int {
	switch {
	case n >= mostRows:
		return mostRows
	case n > 8:
		return n - n%8
	default:
		return n
	}
}

// lookup is a statement that changes rows by any number of keys of one program.
type lookup struct {
	// head comes before the key, with a mark for the program.
	head string
	key  []string
	// texts holds the text for a number of keys, once it was needed.
	texts *sync.Map
}

// The lookups.
const (
	ackEvents = iota
	dropEvents
	lookupCount
)

func lookups() [lookupCount]lookup {
	events := func(head string) lookup {
		return lookup{head: head, key: []string{"bucket", "member", "version", "ordinal"}, texts: &sync.Map{}}
	}
	return [lookupCount]lookup{
		ackEvents:  events("UPDATE loyalty_events SET acked = 1 WHERE program = ? AND acked = 0"),
		dropEvents: events("DELETE FROM loyalty_events WHERE program = ? AND acked = 1"),
	}
}

// text returns the statement for n keys.
func (l *lookup) text(g *grammar, n int) string {
	if text, ok := l.texts.Load(n); ok {
		return text.(string)
	}
	text := g.compile(l.head + anyOf(l.key, n)).text
	l.texts.Store(n, text)
	return text
}

// roomFor returns the number of keys of the statement that takes n of them, and
// more than mostRows only by mostRows: keys are repeated to fill it.
func roomFor(n int) int {
	room := 1
	for room < min(n, mostRows) {
		room *= 2
	}
	return room
}

// do runs a statement on the rows with keys.
func (s *session) do(ctx context.Context, id int, program string, args []any) (changed int64, err error) {
	l := &s.lookups[id]
	width := len(l.key)
	for len(args) > 0 {
		n := min(len(args)/width, mostRows)
		result, err := s.on.ExecContext(ctx, l.text(s.grammar, roomFor(n)), filled(program, args[:n*width], width)...)
		if err != nil {
			return changed, err
		}
		rows, err := result.RowsAffected()
		if err != nil {
			return changed, err
		}
		changed += rows
		args = args[n*width:]
	}
	return changed, nil
}

// filled returns the program and keys, the last repeated where there is room.
func filled(program string, keys []any, width int) []any {
	room := roomFor(len(keys) / width)
	args := append(make([]any, 0, 1+room*width), program)
	args = append(args, keys...)
	last := keys[len(keys)-width:]
	for len(args) < 1+room*width {
		args = append(args, last...)
	}
	return args
}
