package kpi

import (
	"bytes"
	"errors"
	"hash/maphash"
	"strings"
)

// plainRows is how many rows are read before their members are looked up: the memory
// of each is far away, and a processor waits for all of them together.
const plainRows = 64

// plainRow is a row on its way to its member.
type plainRow struct {
	order  Order
	number uint32
	member []byte
	hash   uint32
	slot   memberSlot
	name   string
}

// plain reads rows that are in the buffer as a whole, up to the first that is no order or
// has quotes: that one, and none here, is for [csvFile.order].
func (f *csvFile) plain() []plainRow {
	buffered, _ := f.in.Peek(f.in.Buffered())
	rest, n, lines := buffered, 0, 0
	for n < plainRows {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			break
		}
		text := bytes.TrimSuffix(rest[:end], []byte("\r"))
		if len(text) > 0 {
			if !f.plainOrder(text, &f.rows[n]) {
				break
			}
			n++
		}
		rest = rest[end+1:]
		lines++
	}
	// What is discarded stays where it is until the next read.
	_, _ = f.in.Discard(len(buffered) - len(rest))
	f.line += lines
	f.name(f.rows[:n])
	return f.rows[:n]
}

// plainOrder reads a row and reports whether it is an order without quotes.
func (f *csvFile) plainOrder(text []byte, row *plainRow) bool {
	if bytes.IndexByte(text, '"') >= 0 {
		return false
	}
	var fields [columnsRead][]byte
	place := 0
	for more := true; more; place++ {
		field := text
		end := bytes.IndexByte(text, ',')
		if more = end >= 0; more {
			field, text = text[:end], text[end+1:]
		}
		if place >= f.width {
			return false
		}
		if role := f.role[place]; role >= 0 {
			fields[role] = field
		}
	}
	if place != f.width || len(fields[memberColumn]) == 0 {
		return false
	}
	if f.at[currencyColumn] >= 0 && (!f.found || string(fields[currencyColumn]) != f.options.Currency) {
		return false
	}
	var err error
	o := &row.order
	if o.At, err = f.instants.read(fields[timeColumn]); err != nil || !inYears(o.At) {
		return false
	}
	if o.Amount, err = parseAmount(fields[amountColumn]); err != nil {
		return false
	}
	row.member = fields[memberColumn]
	return true
}

// name gives rows the one string of each member's id.
func (f *csvFile) name(rows []plainRow) {
	t := &f.members
	if len(t.slots) == 0 {
		t.grow()
	}
	mask := uint32(len(t.slots) - 1)
	for i := range rows {
		row := &rows[i]
		row.hash = uint32(maphash.Bytes(t.seed, row.member))
		row.slot = t.slots[row.hash&mask]
	}
	for i := range rows {
		if row := &rows[i]; row.slot.place > 0 && row.slot.hash == row.hash {
			row.name = t.names[row.slot.place-1]
		} else {
			row.name = ""
		}
	}
	for i := range rows {
		row := &rows[i]
		if row.name == string(row.member) {
			row.order.Member, row.number = row.name, row.slot.place-1
		} else {
			row.number, _ = f.member(row.member)
			row.order.Member = t.names[row.number]
		}
	}
}

// member returns the number of a member, whose name has one string.
func (f *csvFile) member(field []byte) (uint32, error) {
	at, hash, ok := f.members.find(field)
	if ok {
		return f.members.slots[at].place - 1, nil
	}
	if len(field) == 0 {
		return 0, errors.New("is empty; leave guest orders out of the file")
	}
	return f.members.take(at, hash, f.copied(field)), nil
}

// copied makes a string; short ones share pieces of memory.
func (f *csvFile) copied(text []byte) string {
	const piece, short = 16 << 10, 256
	if len(text) > short {
		return string(text)
	}
	if f.room.Cap()-f.room.Len() < len(text) {
		f.room = strings.Builder{}
		f.room.Grow(piece)
	}
	from := f.room.Len()
	f.room.Write(text)
	return f.room.String()[from:]
}
