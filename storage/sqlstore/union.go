package sqlstore

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// One statement brings what commands want of a server: a union of a branch for each
// sort of row. All branches have the same columns: the sort, then slots for
// integers, texts and bytes, of which each sort fills those that it needs. As one
// statement it is one trip, and sees one state of the database without a transaction.

// The sorts of rows that are found by key, any number in a branch.
const (
	accountRows = iota
	operationRows
	recordRows
	lotRows
	claimRows
	counterRows
	keyedSorts
)

// The sorts with a branch for each that is asked for.
const (
	// openRows are the open lots of a member, debitRows those that a debit takes.
	openRows = keyedSorts + iota
	debitRows
	// namedRows are the lots that a record names, which are read as lotRows.
	namedRows
	sortCount
)

// rowSort says where rows of a sort are and how they are asked for.
type rowSort struct {
	table, columns string
	// key is what rows are found by, besides the program.
	key []string
	// where is the condition of a branch of its own. Its first mark is the program.
	where string
	// marks is how many others there are for each that is asked for.
	marks int
}

const memberLots = "member, " + lotColumns

var rowSorts = [sortCount]rowSort{
	accountRows:   keyed("loyalty_accounts", "member, "+accountColumns, "member"),
	operationRows: keyed("loyalty_operations", "member, "+operationColumns, "member", "idem_key"),
	recordRows:    keyed("loyalty_records", "member, "+recordColumns, "member", "kind", "id"),
	lotRows:       keyed("loyalty_lots", memberLots, "member", "lot"),
	claimRows:     keyed("loyalty_claims", "space, claim_key, holder", "space", "claim_key"),
	counterRows:   keyed("loyalty_counters", "counter_key, shard, used", "counter_key", "shard"),
	openRows:      {table: "loyalty_lots", columns: memberLots, marks: 2, where: ofAccount + " AND open = 1" + hasPoints + consumption},
	debitRows:     {table: "loyalty_lots", columns: memberLots, marks: 4, where: ofAccount + spendable + consumption},
	namedRows: {
		table: "loyalty_lots", columns: memberLots, marks: 5,
		where: ofAccount + " AND lot = ANY (CAST(string_to_array((SELECT lots FROM loyalty_records" + ofAccount +
			" AND kind = ? AND id = ?), ',') AS bigint[]))",
	},
}

func keyed(table, columns string, key ...string) rowSort {
	return rowSort{table: table, columns: columns, key: key, marks: len(key)}
}

// slotOf is the place of a column's type among integers, texts and bytes.
func slotOf(table, column string) int {
	switch column {
	case "hash", "data", "fingerprint", "salt", "digests", "command", "receipt":
		return 2
	case "program", "member", "balances", "standing", "days", "idem_key", "type", "reason", "actor", "reference", "library",
		"id", "sort", "lots", "unit", "rule", "source", "origin", "space", "claim_key", "holder", "counter_key":
		return 1
	case "kind", "status":
		if table != "loyalty_accounts" {
			return 1
		}
	}
	return 0
}

// shape is how many of each sort a union has room for.
type shape [sortCount]uint8

// union is the text of a statement, and the slots of each sort's columns.
type union struct {
	text  string
	slots [sortCount][]int
	width int
}

// unions keeps the unions of a dialect by shape.
type unions struct {
	// nulls are an absent integer, text and bytes.
	nulls [3]string
	made  sync.Map
}

func (u *unions) of(g *grammar, room shape) *union {
	if made, ok := u.made.Load(room); ok {
		return made.(*union)
	}
	made := u.make(room)
	made.text = g.compile(made.text).text
	u.made.Store(room, made)
	return made
}

func (u *unions) make(room shape) *union {
	made := &union{}
	empty := made.layOut(room, u.nulls)
	number := 0
	branch := func(number, sort int, condition string) {
		values := slices.Clone(empty)
		values[0] = strconv.Itoa(number)
		for i, column := range strings.Split(rowSorts[sort].columns, ", ") {
			values[made.slots[sort][i]] = column
		}
		if made.text != "" {
			made.text += " UNION ALL "
		}
		made.text += "(SELECT " + strings.Join(values, ", ") + " FROM " + rowSorts[sort].table + condition + ")"
	}
	for sort := range rowSorts {
		n := int(room[sort])
		switch {
		case n == 0:
		case sort < keyedSorts:
			branch(sort, sort, " WHERE program = ?"+anyOf(rowSorts[sort].key, n))
		case sort == namedRows:
			for range n {
				branch(lotRows, sort, rowSorts[sort].where)
			}
		default:
			for range n {
				branch(sortCount+number, sort, rowSorts[sort].where)
				number++
			}
		}
	}
	return made
}

// layOut gives each sort its slots, as many of a type as the sort with most of it
// has, and returns a row of nothing.
func (u *union) layOut(room shape, nulls [3]string) []string {
	types := [sortCount][]int{}
	var most [3]int
	for sort := range rowSorts {
		if room[sort] == 0 {
			continue
		}
		var need [3]int
		for column := range strings.SplitSeq(rowSorts[sort].columns, ", ") {
			of := slotOf(rowSorts[sort].table, column)
			types[sort] = append(types[sort], of)
			need[of]++
		}
		for i := range most {
			most[i] = max(most[i], need[i])
		}
	}
	first := [3]int{1, 1 + most[0], 1 + most[0] + most[1]}
	for sort, of := range types {
		next := first
		for _, t := range of {
			u.slots[sort] = append(u.slots[sort], next[t])
			next[t]++
		}
	}
	empty := []string{""}
	for t, many := range most {
		empty = append(empty, slices.Repeat(nulls[t:t+1], many)...)
	}
	u.width = len(empty)
	if u.slots[lotRows] == nil {
		u.slots[lotRows] = u.slots[namedRows]
	}
	return empty
}

// anyOf is the condition that a row has one of n keys.
func anyOf(key []string, n int) string {
	one := strings.Join(key, " = ? AND ") + " = ?"
	switch {
	case n == 1:
		return " AND " + one
	case len(key) == 1:
		return " AND " + key[0] + " IN (?" + strings.Repeat(", ?", n-1) + ")"
	default:
		return " AND ((" + one + ")" + strings.Repeat(" OR ("+one+")", n-1) + ")"
	}
}

// question is what one union is asked: for each sort the arguments, which follow each
// other.
type question struct {
	program string
	asked   [sortCount][]any
}

// most is how many of a sort one union has room for.
func most(sort int) int {
	if sort < keyedSorts {
		return mostRows
	}
	return mostBranches
}

// mostBranches bounds the branches of a sort, which cost a server more than keys.
const mostBranches = 16

// parts splits a question into as many as have room in unions.
func (q *question) parts() []question {
	var parts []question
	for at := 0; ; at++ {
		part := question{program: q.program}
		some := false
		for sort, args := range q.asked {
			size := most(sort) * rowSorts[sort].marks
			if at*size < len(args) {
				part.asked[sort] = args[at*size : min(len(args), (at+1)*size)]
				some = true
			}
		}
		if !some {
			return parts
		}
		parts = append(parts, part)
	}
}

// room is the shape of the union that a question is put by, of which there are few:
// each sort has room for none, for one, or for as many as that with most.
func (q *question) room() (room shape) {
	var keys, branches int
	count := func(sort int) int { return len(q.asked[sort]) / rowSorts[sort].marks }
	for sort := range q.asked {
		if sort < keyedSorts {
			keys = max(keys, count(sort))
		} else {
			branches = max(branches, count(sort))
		}
	}
	for sort := range q.asked {
		switch n := count(sort); {
		case n < 2:
			room[sort] = uint8(n)
		case sort < keyedSorts:
			room[sort] = uint8(roomFor(keys))
		default:
			room[sort] = uint8(roomFor(branches))
		}
	}
	return room
}

// args returns the arguments of a question for a union with room. What is asked last
// fills the rest: keys once more, branches with a limit of 0.
func (q *question) args(room shape) []any {
	var args []any
	for sort, asked := range q.asked {
		width := rowSorts[sort].marks
		for i := range int(room[sort]) {
			if i == 0 || sort >= keyedSorts {
				args = append(args, q.program)
			}
			at := min(i*width, len(asked)-width)
			args = append(args, asked[at:at+width]...)
			if at < i*width && (sort == openRows || sort == debitRows) {
				args[len(args)-1] = int64(0)
			}
		}
	}
	return args
}

// unitedRow is a row of a union.
type unitedRow struct {
	rows  *sql.Rows
	into  []any
	slots []int
}

// unwanted takes a value and forgets it.
type unwanted struct{}

// Scan implements sql.Scanner.
func (unwanted) Scan(any) error { return nil }

// number returns the number of the branch.
func (r *unitedRow) number() (n int, err error) {
	r.into[0] = &n
	err = r.rows.Scan(r.into...)
	r.into[0] = unwanted{}
	return n, err
}

// Scan reads the columns of the row's sort.
func (r *unitedRow) Scan(into ...any) error {
	for i, v := range into {
		r.into[r.slots[i]] = v
	}
	err := r.rows.Scan(r.into...)
	for i := range into {
		r.into[r.slots[i]] = unwanted{}
	}
	return err
}

// ask calls row for every row that answers a question, with its sort. Rows of open
// lots and debits come with the place of what they answer among those of the sort.
func (s *session) ask(ctx context.Context, q *question, row func(sort, place int, r scanner) error) error {
	room := q.room()
	u := s.unions.of(s.grammar, room)
	rows, err := s.on.QueryContext(ctx, u.text, q.args(room)...)
	if err != nil {
		return err
	}
	s.asked++
	r := &unitedRow{rows: rows, into: slices.Repeat([]any{unwanted{}}, u.width)}
	return each(rows, func(*sql.Rows) (bool, error) {
		number, err := r.number()
		if err != nil {
			return false, err
		}
		sort, place := number, 0
		if number >= sortCount {
			sort, place = openRows, number-sortCount
			if place >= int(room[openRows]) {
				sort, place = debitRows, place-int(room[openRows])
			}
		}
		r.slots = u.slots[sort]
		return true, row(sort, place, r)
	})
}
