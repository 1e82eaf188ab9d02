package orderlog

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// maxLine bounds a row, so that a file without line breaks costs no memory.
const maxLine = 64 << 10

// orderFile reads an order log row by row: CSV with a header, one order a line.
type orderFile struct {
	in     *bufio.Reader
	zone   *time.Location
	header []string
	// at holds the place of each known column, -1 where the header lacks it.
	at     map[string]int
	line   int
	read   int64
	fields []string
	// day caches the last date, since logs are sorted by it.
	dayText string
	day     time.Time
}

// openOrders reads the header. Dates without a time are days of the zone.
func openOrders(r io.Reader, zone *time.Location) (*orderFile, error) {
	f := &orderFile{in: bufio.NewReaderSize(r, maxLine), zone: zone, at: map[string]int{}}
	text, err := f.nextLine()
	if errors.Is(err, io.EOF) {
		return nil, &kpi.RowError{Line: 1, Err: errors.New("the file is empty; its first line must name the columns")}
	}
	if err != nil {
		return nil, err
	}
	names, _, err := splitFields(strings.TrimPrefix(text, "\ufeff"), nil)
	if err != nil {
		return nil, &kpi.RowError{Line: f.line, Err: err}
	}
	f.header = slices.Clone(names)
	return f, f.findColumns()
}

func (f *orderFile) findColumns() error {
	for _, name := range slices.Concat(requiredColumns, optionalColumns) {
		f.at[name] = -1
		for i, have := range f.header {
			if strings.TrimSpace(have) != name {
				continue
			}
			if f.at[name] >= 0 {
				return &kpi.RowError{Line: f.line, Column: name, Err: errors.New("the header names it twice")}
			}
			f.at[name] = i
		}
	}
	for _, name := range requiredColumns {
		if f.at[name] < 0 {
			return &kpi.RowError{Line: f.line, Column: name, Err: fmt.Errorf("the header lacks it; it must name %s", strings.Join(requiredColumns, ", "))}
		}
	}
	return nil
}

// next returns the next order. A row that is no order is a [*kpi.RowError], after
// which the rows behind it can be read. The end is io.EOF.
func (f *orderFile) next() (Event, error) {
	for {
		text, err := f.nextLine()
		if err != nil {
			return Event{}, err
		}
		if text != "" {
			return f.order(text)
		}
	}
}

func (f *orderFile) order(text string) (Event, error) {
	fields, column, err := splitFields(text, f.fields[:0])
	f.fields = fields
	if err != nil {
		return Event{}, f.bad(f.columnName(column), err)
	}
	if len(fields) != len(f.header) {
		return Event{}, f.bad("", fmt.Errorf("has %d fields where the header names %d", len(fields), len(f.header)))
	}
	row := rowReader{file: f}
	id := read(&row, OrderColumn, checked(maxOrderID))
	member := read(&row, MemberColumn, checked(maxMemberID))
	at := read(&row, TimeColumn, f.instant)
	amount := read(&row, AmountColumn, parseAmount)
	currency := read(&row, CurrencyColumn, parseCurrency)
	quantity := read(&row, QuantityColumn, parseQuantity)
	category := read(&row, CategoryColumn, parseCategory)
	if row.err != nil {
		return Event{}, row.err
	}
	order := points.Order{ID: id, Currency: currency, Lines: []points.Line{{Category: category, Quantity: quantity, Amount: amount}}}
	return Event{Line: f.line, At: at, Command: loyalty.Earn{Member: member, Key: orderKey(id), Order: order, OccurredAt: at}}, nil
}

// rowReader reads columns of a row up to the first that is bad.
type rowReader struct {
	file *orderFile
	err  error
}

func read[T any](r *rowReader, column string, parse func(string) (T, error)) T {
	var none T
	i := r.file.at[column]
	if r.err != nil || i < 0 {
		return none
	}
	value, err := parse(r.file.fields[i])
	if err != nil {
		r.err = r.file.bad(column, err)
		return none
	}
	return value
}

func checked(maxBytes int) func(string) (string, error) {
	return func(text string) (string, error) { return text, points.CheckID(text, maxBytes) }
}

func (f *orderFile) instant(text string) (time.Time, error) {
	if text == f.dayText && text != "" {
		return f.day, nil
	}
	at, err := ParseInstant(text, f.zone)
	if err == nil && len(text) == len(time.DateOnly) {
		f.dayText, f.day = strings.Clone(text), at
	}
	return at, err
}

func (f *orderFile) bad(column string, err error) error {
	return &kpi.RowError{Line: f.line, Column: column, Err: err}
}

func (f *orderFile) columnName(i int) string {
	if i < len(f.header) {
		return f.header[i]
	}
	return ""
}

// nextLine returns the next line without its end. A line that is too long is
// skipped and reported.
func (f *orderFile) nextLine() (string, error) {
	part, err := f.in.ReadSlice('\n')
	f.read += int64(len(part))
	if len(part) == 0 && errors.Is(err, io.EOF) {
		return "", io.EOF
	}
	f.line++
	if errors.Is(err, bufio.ErrBufferFull) {
		for errors.Is(err, bufio.ErrBufferFull) {
			part, err = f.in.ReadSlice('\n')
			f.read += int64(len(part))
		}
		if err == nil || errors.Is(err, io.EOF) {
			return "", f.bad("", fmt.Errorf("has more than %d bytes", maxLine))
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read orders after line %d: %w", f.line-1, err)
	}
	part = bytes.TrimSuffix(part, []byte("\n"))
	return string(bytes.TrimSuffix(part, []byte("\r"))), nil
}

// splitFields splits a line at its commas. A field may be quoted, with quotes
// inside it doubled. Where a quote is amiss it returns the number of that field.
func splitFields(line string, fields []string) ([]string, int, error) {
	for {
		if !strings.HasPrefix(line, `"`) {
			field, rest, more := strings.Cut(line, ",")
			if strings.Contains(field, `"`) {
				return fields, len(fields), errors.New(`has a quote inside; quote the field as a whole and double the quotes inside it`)
			}
			fields = append(fields, field)
			if !more {
				return fields, 0, nil
			}
			line = rest
			continue
		}
		field, rest, err := quoted(line[1:])
		if err != nil {
			return fields, len(fields), err
		}
		fields = append(fields, field)
		if rest == "" {
			return fields, 0, nil
		}
		if rest[0] != ',' {
			return fields, len(fields) - 1, errors.New("goes on after its closing quote")
		}
		line = rest[1:]
	}
}

// quoted reads a field up to its closing quote.
func quoted(text string) (field, rest string, err error) {
	from := 0
	for {
		i := strings.IndexByte(text[from:], '"')
		if i < 0 {
			return "", "", errors.New("its quote is not closed on the same line")
		}
		from += i + 1
		if !strings.HasPrefix(text[from:], `"`) {
			return strings.ReplaceAll(text[:from-1], `""`, `"`), text[from:], nil
		}
		from++
	}
}
