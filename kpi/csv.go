package kpi

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"
)

// CSVOptions say how a CSV file is read. The zero value reads the columns member,
// occurred_at, amount and currency, and dates of UTC.
type CSVOptions struct {
	// Member, Time and Amount name the columns; empty is member, occurred_at, amount.
	Member, Time, Amount string
	// CurrencyColumn names the column of the currency, which a file may lack; empty is
	// currency.
	CurrencyColumn string
	// Currency is the only currency that a row may have; empty is that of the first
	// row that is an order, for amounts of different currencies have no sum. A row
	// without one is no order where the file has the column.
	Currency string
	// CurrencyFound, if set, is called once with the currency of the first row that is
	// an order, where the file has the column.
	CurrencyFound func(currency string)
	// Zone is the zone of times without an offset; nil is UTC.
	Zone *time.Location
}

// RowError is a row of a file that is no order: it names the line, the column where
// one is at fault, and the reason.
type RowError struct {
	// Line counts from 1, the header included.
	Line int
	// Column is a name from the header, or empty.
	Column string
	Err    error
}

// Error names line, column and reason.
func (e *RowError) Error() string {
	if e.Column == "" {
		return fmt.Sprintf("line %d: %v", e.Line, e.Err)
	}
	return fmt.Sprintf("line %d, column %s: %v", e.Line, e.Column, e.Err)
}

// Unwrap returns the reason.
func (e *RowError) Unwrap() error { return e.Err }

// maxLine bounds a row, so that a file without line breaks costs no memory.
const maxLine = 64 << 10

// ReadCSV reads a log from a file with a header and one order a line. Other columns
// are passed over. A time is RFC 3339 with an offset, a date and time without one,
// which are of the zone, or a date, which is its first instant in the zone. Fields
// may be quoted, but stay on one line.
//
// A row that is no order comes as a [*RowError]; who goes on gets the rows behind
// it. Any other error ends the sequence. The sequence can be ranged over once. It
// keeps each member's id once and allocates nothing else per row.
func ReadCSV(r io.Reader, o *CSVOptions) iter.Seq2[Order, error] {
	f := newCSVFile(r, o)
	return func(yield func(Order, error) bool) {
		f.each(func(row *plainRow, err error) bool { return yield(row.order, err) })
	}
}

func newCSVFile(r io.Reader, o *CSVOptions) *csvFile {
	f := &csvFile{in: bufio.NewReaderSize(r, maxLine)}
	if o != nil {
		f.options = *o
	}
	f.options.Zone = orUTC(f.options.Zone)
	return f
}

// The columns that are read.
const (
	memberColumn = iota
	timeColumn
	amountColumn
	currencyColumn
	columnsRead
)

type csvFile struct {
	in      *bufio.Reader
	options CSVOptions
	line    int
	// names are those of the columns that are read; at is each one's place in a row,
	// −1 where the header lacks it; width is how many fields a row has.
	names [columnsRead]string
	at    [columnsRead]int
	width int
	// role is, for each place in a row, the column that is read there, or −1.
	role    []int
	members memberTable
	// room is where short ids are put together.
	room strings.Builder
	// found is set once a row's currency was taken.
	found bool
	// unquoted holds fields whose doubled quotes were made single.
	unquoted []byte
	instants instantReader
	rows     [plainRows]plainRow
}

// each hands out the rows with the numbers of their members. With an error the row is
// empty.
func (f *csvFile) each(yield func(row *plainRow, err error) bool) {
	if err := f.header(); err != nil {
		yield(&plainRow{}, err)
		return
	}
	f.instants.zone = f.options.Zone
	for {
		if rows := f.plain(); len(rows) > 0 {
			for i := range rows {
				if !yield(&rows[i], nil) {
					return
				}
			}
			continue
		}
		text, err := f.nextLine()
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil && len(text) == 0 {
			continue
		}
		row := &f.rows[0]
		if err == nil {
			row.order, row.number, err = f.order(text)
		}
		if err != nil {
			*row = plainRow{}
		}
		if !yield(row, err) {
			return
		}
		if _, row := errors.AsType[*RowError](err); err != nil && !row {
			return
		}
	}
}

func (f *csvFile) header() error {
	o := &f.options
	f.names = [columnsRead]string{
		cmp.Or(o.Member, "member"), cmp.Or(o.Time, "occurred_at"), cmp.Or(o.Amount, "amount"), cmp.Or(o.CurrencyColumn, "currency"),
	}
	f.at = [columnsRead]int{-1, -1, -1, -1}
	text, err := f.nextLine()
	if errors.Is(err, io.EOF) {
		return &RowError{Line: 1, Err: errors.New("the file is empty; its first line must name the columns")}
	}
	if err != nil {
		return err
	}
	rest, more := bytes.TrimPrefix(text, []byte("\ufeff")), true
	for more {
		var name []byte
		if name, rest, more, err = f.field(rest, true); err != nil {
			return f.bad("", err)
		}
		role := -1
		for i := range f.names {
			if strings.TrimSpace(string(name)) != f.names[i] {
				continue
			}
			if f.at[i] >= 0 {
				return f.bad(f.names[i], errors.New("the header names it twice"))
			}
			role, f.at[i] = i, f.width
		}
		f.role = append(f.role, role)
		f.width++
	}
	for i, name := range f.names[:currencyColumn] {
		if f.at[i] < 0 {
			return f.bad(name, fmt.Errorf("the header lacks it; it must name %s", strings.Join(f.names[:currencyColumn], ", ")))
		}
	}
	return nil
}

// order reads a row, and the number of its member. The fields are those of the line's buffer.
func (f *csvFile) order(text []byte) (Order, uint32, error) {
	var fields [columnsRead][]byte
	place, more, quotes := 0, true, bytes.IndexByte(text, '"') >= 0
	f.unquoted = f.unquoted[:0]
	for rest := text; more; place++ {
		var field []byte
		var err error
		if field, rest, more, err = f.field(rest, quotes); err != nil {
			return Order{}, 0, f.bad(f.columnAt(place), err)
		}
		if place < f.width && f.role[place] >= 0 {
			fields[f.role[place]] = field
		}
	}
	if place != f.width {
		return Order{}, 0, f.bad("", fmt.Errorf("has %d fields where the header names %d", place, f.width))
	}
	var o Order
	number, err := f.member(fields[memberColumn])
	if err != nil {
		return Order{}, 0, f.bad(f.names[memberColumn], err)
	}
	if o.At, err = f.instants.read(fields[timeColumn]); err != nil {
		return Order{}, 0, f.bad(f.names[timeColumn], err)
	}
	if !inYears(o.At) {
		return Order{}, 0, f.bad(f.names[timeColumn], fmt.Errorf("is %s, which is not in the years 1900 to 2199 of UTC", stamp(o.At)))
	}
	if o.Amount, err = parseAmount(fields[amountColumn]); err != nil {
		return Order{}, 0, f.bad(f.names[amountColumn], err)
	}
	if err := f.currency(fields[currencyColumn]); err != nil {
		return Order{}, 0, f.bad(f.names[currencyColumn], err)
	}
	o.Member = f.members.names[number]
	return o, number, nil
}

// columnAt names a column where it is one of those that are read.
func (f *csvFile) columnAt(place int) string {
	if place < f.width && f.role[place] >= 0 {
		return f.names[f.role[place]]
	}
	return ""
}

func (f *csvFile) currency(field []byte) error {
	if f.at[currencyColumn] < 0 || f.found && string(field) == f.options.Currency {
		return nil
	}
	if len(field) == 0 {
		return errors.New("is empty; name the currency in each row, or leave the column out of the file")
	}
	if f.options.Currency == "" {
		f.options.Currency = string(field)
	}
	if string(field) == f.options.Currency {
		f.found = true
		if f.options.CurrencyFound != nil {
			f.options.CurrencyFound(f.options.Currency)
		}
		return nil
	}
	return fmt.Errorf("%.40q where other rows have %q: amounts of different currencies have no sum; split the file by currency", field, f.options.Currency)
}

func (f *csvFile) bad(column string, err error) error {
	return &RowError{Line: f.line, Column: column, Err: err}
}

// nextLine returns the next line without its end, valid until the one after it. A
// line that is too long is skipped and reported.
func (f *csvFile) nextLine() ([]byte, error) {
	part, err := f.in.ReadSlice('\n')
	if len(part) == 0 && errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	f.line++
	if errors.Is(err, bufio.ErrBufferFull) {
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = f.in.ReadSlice('\n')
		}
		if err == nil || errors.Is(err, io.EOF) {
			return nil, f.bad("", fmt.Errorf("has more than %d bytes", maxLine))
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read orders after line %d: %w", f.line-1, err)
	}
	part = bytes.TrimSuffix(part, []byte("\n"))
	return bytes.TrimSuffix(part, []byte("\r")), nil
}

// field cuts the first field off a line, which may have quotes: what is left, and
// whether there is more.
func (f *csvFile) field(line []byte, quotes bool) (field, rest []byte, more bool, err error) {
	if quotes && len(line) > 0 && line[0] == '"' {
		return f.quoted(line[1:])
	}
	end := bytes.IndexByte(line, ',')
	if end < 0 {
		end = len(line)
	} else {
		rest, more = line[end+1:], true
	}
	field = line[:end]
	if quotes && bytes.IndexByte(field, '"') >= 0 {
		err = errors.New(`has a quote inside; quote the field as a whole and double the quotes inside it`)
	}
	return field, rest, more, err
}

func (f *csvFile) quoted(text []byte) (field, rest []byte, more bool, err error) {
	from := len(f.unquoted)
	for {
		end := bytes.IndexByte(text, '"')
		if end < 0 {
			return nil, nil, false, errors.New("its quote is not closed on the same line")
		}
		f.unquoted = append(f.unquoted, text[:end]...)
		text = text[end+1:]
		if len(text) == 0 || text[0] != '"' {
			break
		}
		f.unquoted = append(f.unquoted, '"')
		text = text[1:]
	}
	field = f.unquoted[from:]
	switch {
	case len(text) == 0:
		return field, nil, false, nil
	case text[0] == ',':
		return field, text[1:], true, nil
	default:
		return nil, nil, false, errors.New("goes on after its closing quote")
	}
}
