package postgres

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/internal/rowcodec"
)

// One statement loads what a request wants of one account, so that it sees one state of
// the database without a transaction around it. It is a union of one branch for each
// sort of row. All branches have the same columns: the sort, then slots for integers,
// texts and bytes, of which each sort fills those that it needs.

// The most that a request may name to be loaded by one statement. More is a statement
// for each sort of row, so that there are few texts to prepare.
const (
	unionRecords = 3
	unionDebits  = 2
	unionClaims  = 2
)

// sort is a sort of rows in a union.
type sort struct {
	// selected is what a branch selects, with the sort's own number first.
	selected string
	// slots are the places of the sort's columns in a row, in the order in which they
	// are read.
	slots []int
}

// The sorts, by their number.
const (
	sortAccount = iota
	sortOperation
	sortLot
	sortRecord
	sortClaim
)

// The rows of a record, a debit or a claim that is asked for have these numbers plus its
// place.
const (
	numberedRecords = 10
	numberedDebits  = 20
	numberedClaims  = 30
)

var sorts = layout(
	columnsOf(accountColumns, addAccount), columnsOf(operationColumns, addOperation),
	columnsOf(lotColumns, putLot), columnsOf(recordColumns, putRecord), columnsOf("holder", addClaim),
)

// columnsOf lists columns by name with their kinds in a shape.
func columnsOf(names string, s *shape) []column {
	var all []column
	for name := range strings.SplitSeq(names, ", ") {
		for _, c := range s.columns {
			if c.name == name {
				all = append(all, c)
			}
		}
	}
	return all
}

// slotTypes are the types of slots, in their order.
var slotTypes = []string{types[integer], types[text], types[binary]}

func slotOf(k kind) int {
	switch k {
	case text:
		return 1
	case binary:
		return 2
	default:
		return 0
	}
}

// layout gives each sort its slots: as many of a type as the sort with most of it has.
func layout(all ...[]column) []sort {
	var most [3]int
	for _, columns := range all {
		var need [3]int
		for _, c := range columns {
			need[slotOf(c.kind)]++
		}
		for i := range most {
			most[i] = max(most[i], need[i])
		}
	}
	first := [3]int{1, 1 + most[0], 1 + most[0] + most[1]}
	sorts := make([]sort, len(all))
	for n, columns := range all {
		values := make([]string, 0, 1+most[0]+most[1]+most[2])
		for i, many := range most {
			for range many {
				values = append(values, "NULL::"+slotTypes[i])
			}
		}
		next := first
		for _, c := range columns {
			i := slotOf(c.kind)
			values[next[i]-1] = c.name
			if i == 0 {
				values[next[i]-1] += "::bigint"
			}
			sorts[n].slots = append(sorts[n].slots, next[i])
			next[i]++
		}
		sorts[n].selected = strings.Join(values, ", ")
	}
	return sorts
}

// unions keeps the texts of unions, by what they are asked for.
type unions struct{ texts sync.Map }

// union is a statement in the making. Without text it only gathers arguments.
type union struct {
	text *strings.Builder
	args []any
}

// arg adds an argument and returns its mark.
func (u *union) arg(v any) string {
	u.args = append(u.args, v)
	if u.text == nil {
		return ""
	}
	return "$" + strconv.Itoa(len(u.args))
}

// branch adds the rows of a sort, under a number of its own.
func (u *union) branch(number, of int, from ...string) {
	if u.text == nil {
		return
	}
	if u.text.Len() > 0 {
		u.text.WriteString(" UNION ALL ")
	}
	u.text.WriteString("(SELECT " + strconv.Itoa(number) + "::bigint AS sort, " + sorts[of].selected + " FROM ")
	u.text.WriteString(strings.Join(from, "") + ")")
}

// whole adds all that a request wants of its account.
func (u *union) whole(r *storage.LoadRequest) {
	u.args = append(make([]any, 0, 16), r.Program, r.Member)
	u.branch(sortAccount, sortAccount, "loyalty_accounts", ofAccount)
	if r.Key != "" {
		u.branch(sortOperation, sortOperation, "loyalty_operations", ofAccount, " AND idem_key = ", u.arg(r.Key))
	}
	for i, key := range r.Records {
		of := firstFrom("loyalty_records", findRecord.columns, []string{"$1", "$2", u.arg(key.Kind), u.arg(key.ID)})
		u.branch(numberedRecords+i, sortRecord, of)
		u.branch(sortLot, sortLot, "loyalty_lots", ofAccount,
			" AND lot = ANY ((SELECT string_to_array(lots, ',') FROM ", of, ")::bigint[])")
	}
	if len(r.Lots) > 0 {
		ids := make([]int64, len(r.Lots))
		for i, id := range r.Lots {
			ids[i] = int64(id)
		}
		u.branch(sortLot, sortLot, "loyalty_lots", ofAccount, " AND lot = ANY (", u.arg(ids), "::bigint[])")
	}
	for i, debit := range r.Debits {
		u.branch(numberedDebits+i, sortLot, "loyalty_lots", ofAccount, " AND open = 1 AND expires_at > ",
			u.arg(rowcodec.Micros(debit.After)), " AND unit = ", u.arg(debit.Unit), " AND state = 2 AND remaining > 0",
			consumption, " LIMIT ", u.arg(int64(firstOf(debit))))
	}
	for i, key := range r.Claims {
		u.branch(numberedClaims+i, sortClaim, "loyalty_claims WHERE program = $1 AND space = ", u.arg(key.Space),
			" AND claim_key = ", u.arg(key.Key))
	}
}

// unites reports whether one statement is to load what a request wants of its account.
// A page of many lots has a statement of its own.
func unites(r *storage.LoadRequest) bool {
	page := slices.ContainsFunc(r.Debits, func(debit storage.Debit) bool { return debit.Unit == "" })
	return !page && len(r.Records) <= unionRecords && len(r.Debits) <= unionDebits && len(r.Claims) <= unionClaims &&
		len(r.Records)+len(r.Debits)+len(r.Lots)+len(r.Claims) > 0
}

// shapeOf tells requests of one text from those of others.
func (u *unions) shapeOf(r *storage.LoadRequest) [5]int {
	return [5]int{min(len(r.Key), 1), len(r.Records), min(len(r.Lots), 1), len(r.Debits), len(r.Claims)}
}

// statement returns the text for a request and its arguments.
func (u *unions) statement(r *storage.LoadRequest) (string, []any) {
	shape := u.shapeOf(r)
	if text, ok := u.texts.Load(shape); ok {
		var known union
		known.whole(r)
		return text.(string), known.args //nolint:forcetypeassert // only texts are stored
	}
	made := union{text: &strings.Builder{}}
	made.whole(r)
	u.texts.Store(shape, made.text.String())
	return made.text.String(), made.args
}

// unite loads the only request by one statement.
func (l *loading) unite(t *trip, texts *unions) {
	r := &l.requests[0]
	records := make([]*storage.Record, len(r.Records))
	debits := make([]func(*row) error, len(r.Debits))
	for i, debit := range r.Debits {
		debits[i] = l.firstLots(t, 0, debit)
	}
	claims := make([]storage.Claim, len(r.Claims))
	t.forget(func() { clear(records); clear(claims) })
	read := row{values: make([][]byte, 0, 32)}
	sql, args := texts.statement(r)
	t.query(func(from *row) error {
		number := int(from.integer())
		s := &l.snapshots[0]
		switch {
		case from.err != nil:
		case number == sortAccount:
			account := readAccount(read.of(from, sortAccount), r.Program, r.Member)
			s.Account = &account
		case number == sortOperation:
			op := readOperation(read.of(from, sortOperation), r.Program, r.Member)
			s.Operation = &op
		case number == sortLot:
			l.addLot(read.of(from, sortLot), 0)
		case number >= numberedClaims && number-numberedClaims < len(r.Claims):
			key := r.Claims[number-numberedClaims]
			claims[number-numberedClaims] = storage.Claim{Program: r.Program, Space: key.Space, Key: key.Key, Holder: read.of(from, sortClaim).text()}
		case number >= numberedDebits && number-numberedDebits < len(debits):
			return debits[number-numberedDebits](read.of(from, sortLot))
		case number >= numberedRecords && number-numberedRecords < len(records):
			record := readRecord(read.of(from, sortRecord), r.Program, r.Member)
			records[number-numberedRecords] = &record
		default:
			return fmt.Errorf("the server answers a row of sort %d", number)
		}
		return read.err
	}, sql, args...)
	l.finish = append(l.finish, func() {
		for _, record := range records {
			if record != nil {
				l.snapshots[0].Records = append(l.snapshots[0].Records, *record)
			}
		}
		for _, claim := range claims {
			if claim.Holder != "" {
				l.snapshots[0].Claims = append(l.snapshots[0].Claims, claim)
			}
		}
	})
}

// of makes r the columns of a row of a union that are those of a sort.
func (r *row) of(from *row, sort int) *row { return r.at(from, sorts[sort].slots) }

// at makes r some columns of a row.
func (r *row) at(from *row, slots []int) *row {
	r.fields, r.values, r.next, r.err = r.fields[:0], r.values[:0], 0, nil
	for _, slot := range slots {
		r.fields, r.values = append(r.fields, from.fields[slot]), append(r.values, from.values[slot])
	}
	return r
}
