package sqlstore

import (
	"slices"
	"strings"
	"sync"
)

// rowset is a statement that writes any number of rows at once.
type rowset struct {
	// table and columns say what a row is. Each row has a mark for every column.
	table   string
	columns string
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
	addOperations = iota
	addAccounts
	setAccounts
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
	add := func(table, columns string) rowset {
		return rowset{table: table, columns: columns, head: "INSERT INTO " + table + " (" + columns + ") VALUES ", texts: &sync.Map{}}
	}
	put := func(table, key, columns string) rowset {
		r := add(table, columns)
		r.tail = replace(key, without(columns, key))
		return r
	}
	return [rowsetCount]rowset{
		addOperations: add("loyalty_operations", operationRow),
		addAccounts:   add("loyalty_accounts", accountRow),
		addEntries:    add("loyalty_entries", entryRow),
		putLots:       put("loyalty_lots", "program, member, lot", lotRow),
		putRecords:    put("loyalty_records", "program, member, kind, id", recordRow),
		addEvents:     add("loyalty_events", eventRow),
		addClaims:     add("loyalty_claims", claimRow),
	}
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
func (r *rowset) width() int {
	if r.casts != nil {
		return len(r.casts)
	}
	return strings.Count(r.columns, ",") + 1
}

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

// lookup is a statement that finds rows by any number of keys of one program.
type lookup struct {
	// head comes before the condition on the key.
	head string
	key  []string
	// texts holds the text for a number of keys, once it was needed.
	texts *sync.Map
}

// The lookups.
const (
	accountsOf = iota
	versionsOf
	operationsOf
	recordsOf
	lotsOf
	claimsOf
	countersOf
	ackEvents
	dropEvents
	lookupCount
)

func lookups() [lookupCount]lookup {
	find := func(columns, table string, key ...string) lookup {
		return lookup{head: "SELECT " + columns + " FROM " + table, key: key, texts: &sync.Map{}}
	}
	do := func(head string, key ...string) lookup { return lookup{head: head, key: key, texts: &sync.Map{}} }
	return [lookupCount]lookup{
		accountsOf:   find("member, "+accountColumns, "loyalty_accounts", "member"),
		versionsOf:   find("member, version", "loyalty_accounts", "member"),
		operationsOf: find("member, "+operationColumns, "loyalty_operations", "member", "idem_key"),
		recordsOf:    find("member, "+recordColumns, "loyalty_records", "member", "kind", "id"),
		lotsOf:       find("member, "+lotColumns, "loyalty_lots", "member", "lot"),
		claimsOf:     find("space, claim_key, holder", "loyalty_claims", "space", "claim_key"),
		countersOf:   find("counter_key, shard, used", "loyalty_counters", "counter_key", "shard"),
		ackEvents:    do("UPDATE loyalty_events SET acked = 1", "member", "version", "ordinal"),
		dropEvents:   do("DELETE FROM loyalty_events", "member", "version", "ordinal"),
	}
}

// text returns the statement for n keys.
func (l *lookup) text(g *grammar, n int) string {
	if text, ok := l.texts.Load(n); ok {
		return text.(string)
	}
	text := l.head + " WHERE program = ?"
	one := strings.Join(l.key, " = ? AND ") + " = ?"
	switch {
	case n == 1:
		text += " AND " + one
	case len(l.key) == 1:
		text += " AND " + l.key[0] + " IN (?" + strings.Repeat(", ?", n-1) + ")"
	default:
		text += " AND ((" + one + ")" + strings.Repeat(" OR ("+one+")", n-1) + ")"
	}
	text = g.compile(text).text
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
