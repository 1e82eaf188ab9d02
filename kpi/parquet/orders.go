package parquet

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/big"
	"time"

	pq "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
	"github.com/loyaltykit/loyaltykit/kpi"
)

// OrderOptions say how a file of orders is read. The zero value reads the columns
// that [WriteOrders] writes.
type OrderOptions struct {
	// Columns names the columns, the currency, and the zone of times without one, as
	// for a CSV file.
	Columns kpi.CSVOptions
	// Decimals says that integers are amounts in units of 10^−Decimals: 2 for cents.
	// Decimals of a DECIMAL are its own.
	Decimals int
}

// ReadOrders reads a log, row group by row group. Amounts are DECIMAL or integers,
// times TIMESTAMP, or DATE, which is its first instant in the zone; members are text.
//
// A row that is no order comes as a [*kpi.RowError] whose Line counts rows from 1; who
// goes on gets the rows behind it. Any other error, which wraps [ErrFile] where the file is at
// fault, ends the sequence. It keeps each member's id once and allocates nothing else per row.
func ReadOrders(r io.ReaderAt, size int64, o *OrderOptions) iter.Seq2[kpi.Order, error] {
	return func(yield func(kpi.Order, error) bool) {
		l := orderLog{members: map[string]string{}, yield: yield}
		if o != nil {
			l.options = *o
		}
		if l.options.Columns.Zone == nil {
			l.options.Columns.Zone = time.UTC
		}
		f, err := opened(r, size)
		if err == nil {
			err = l.find(f)
		}
		if err == nil {
			err = l.groups(f)
		}
		if err != nil && !errors.Is(err, errStopped) {
			yield(kpi.Order{}, err)
		}
	}
}

// errStopped ends a sequence whose reader has left it.
var errStopped = errors.New("stopped")

// field is a column that is read.
type field struct {
	name  string
	index int
	typ   pq.Type
	// values are those of the row group that is read; at is the next of those in buffer.
	pages  pq.Pages
	page   pq.Page
	values pq.ValueReader
	buffer []pq.Value
	at     int
}

// The columns that are read; the last is optional.
const (
	memberField = iota
	timeField
	amountField
	currencyField
	fieldsRead
)

type orderLog struct {
	options OrderOptions
	fields  [fieldsRead]field
	// priced is set where the file has the currency's column, found once a row had one.
	priced, found bool
	members       map[string]string
	row           int
	yield         func(kpi.Order, error) bool
	money         func(pq.Value) (kpi.Amount, error)
	instant       func(pq.Value) time.Time
}

// find finds the columns.
func (l *orderLog) find(f *pq.File) error {
	c := &l.options.Columns
	names := [fieldsRead]string{
		cmp.Or(c.Member, "member"), cmp.Or(c.Time, "occurred_at"), cmp.Or(c.Amount, "amount"), cmp.Or(c.CurrencyColumn, "currency"),
	}
	for i, name := range names {
		leaf, ok := f.Schema().Lookup(name)
		switch {
		case !ok && i == currencyField:
			continue
		case !ok:
			return fmt.Errorf("%w: it has no column %q", ErrFile, name)
		case leaf.MaxRepetitionLevel > 0 || leaf.MaxDefinitionLevel > 1:
			return fmt.Errorf("%w: the column %q is a list or lies in a group", ErrFile, name)
		}
		l.fields[i] = field{name: name, index: leaf.ColumnIndex, typ: leaf.Node.Type(), buffer: make([]pq.Value, 0, rowsAtOnce)}
	}
	l.priced = l.fields[currencyField].name != ""
	return l.decoders()
}

// decoders says how times and amounts are read.
func (l *orderLog) decoders() error {
	for _, i := range []int{memberField, currencyField} {
		if t := l.fields[i].typ; t != nil && t.Kind() != pq.ByteArray && t.Kind() != pq.FixedLenByteArray {
			return fmt.Errorf("%w: the column %q is %s where text is needed", ErrFile, l.fields[i].name, t)
		}
	}
	var err error
	if l.instant, err = instants(l.fields[timeField].typ, l.options.Columns.Zone); err != nil {
		return fmt.Errorf("%w: the column %q is %w", ErrFile, l.fields[timeField].name, err)
	}
	if l.money, err = amounts(l.fields[amountField].typ, l.options.Decimals); err != nil {
		return fmt.Errorf("%w: the column %q is %w", ErrFile, l.fields[amountField].name, err)
	}
	return nil
}

// logical is the logical type of a column, nil where it has none.
func logical(t pq.Type) format.LogicalTypeValue {
	if l := t.LogicalType(); l != nil {
		return l.Value
	}
	return nil
}

func instants(t pq.Type, zone *time.Location) (func(pq.Value) time.Time, error) {
	if _, date := logical(t).(*format.DateType); date {
		return func(v pq.Value) time.Time { return calendar.StartOfDate(int64(v.Int32()), zone) }, nil
	}
	stamp, ok := logical(t).(*format.TimestampType)
	if !ok {
		return nil, fmt.Errorf("%s where a TIMESTAMP or a DATE is needed", t)
	}
	of := time.UnixMicro
	switch stamp.Unit.Value.(type) {
	case *format.MilliSeconds:
		of = time.UnixMilli
	case *format.NanoSeconds:
		of = func(n int64) time.Time { return time.Unix(0, n) }
	}
	if stamp.IsAdjustedToUTC {
		return func(v pq.Value) time.Time { return of(v.Int64()).UTC() }, nil
	}
	return func(v pq.Value) time.Time {
		wall := of(v.Int64()).UTC()
		year, month, day := wall.Date()
		return calendar.Wall(year, month, day, wall.Sub(time.Date(year, month, day, 0, 0, 0, 0, time.UTC)), zone)
	}, nil
}

func amounts(t pq.Type, decimals int) (func(pq.Value) (kpi.Amount, error), error) {
	scale := decimals
	exact, isDecimal := logical(t).(*format.DecimalType)
	if isDecimal {
		scale = int(exact.Scale)
	}
	_, isInteger := logical(t).(*format.IntType)
	switch kind := t.Kind(); {
	case !isDecimal && !isInteger && logical(t) != nil, !isDecimal && kind != pq.Int32 && kind != pq.Int64:
		return nil, fmt.Errorf("%s, which does not hold money exactly: write a DECIMAL or an integer", t)
	case kind == pq.Int32:
		return func(v pq.Value) (kpi.Amount, error) { return kpi.NewAmount(int64(v.Int32()), scale) }, nil
	case kind == pq.Int64:
		return func(v pq.Value) (kpi.Amount, error) { return kpi.NewAmount(v.Int64(), scale) }, nil
	default:
		return func(v pq.Value) (kpi.Amount, error) { return amountOfBytes(v.ByteArray(), scale) }, nil
	}
}

// amountOfBytes reads a number in two's complement, the greatest byte first, in units of
// 10^−scale.
func amountOfBytes(b []byte, scale int) (kpi.Amount, error) {
	if len(b) > 0 && len(b) <= 8 && scale <= 12 {
		var padded [8]byte
		if b[0] >= 0x80 {
			padded = [8]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
		}
		copy(padded[8-len(b):], b)
		return kpi.NewAmount(int64(binary.BigEndian.Uint64(padded[:])), scale)
	}
	if len(b) == 16 && scale == 12 {
		a, err := amountOf(money(b))
		if err == nil && !small(a) {
			err = kpi.ErrAmount
		}
		return a, err
	}
	n := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return kpi.AmountOf(decimal.NewFromBigInt(n, int32(-scale)))
}

// small reports whether an amount is below 10¹⁵ in size, as one of an order is.
func small(a kpi.Amount) bool {
	if a.Sign() < 0 {
		a = a.Neg()
	}
	hi, lo := a.Units()
	const mostHi, mostLo = 54210108, 11515845246265065472 // 10²⁷
	return hi < mostHi || hi == mostHi && lo < mostLo
}

// groups reads the row groups.
func (l *orderLog) groups(f *pq.File) error {
	for _, group := range f.RowGroups() {
		if err := l.group(group); err != nil {
			return err
		}
	}
	return nil
}

func (l *orderLog) group(group pq.RowGroup) (err error) {
	chunks := group.ColumnChunks()
	defer func() {
		for i := range l.fields {
			l.fields[i].close()
		}
	}()
	for i := range l.fields {
		if f := &l.fields[i]; f.name != "" {
			f.pages = chunks[f.index].Pages()
		}
	}
	for range group.NumRows() {
		l.row++
		order, err := l.order()
		if _, bad := errors.AsType[*kpi.RowError](err); err != nil && !bad {
			return err
		}
		if !l.yield(order, err) {
			return errStopped
		}
	}
	return nil
}

// order reads a row: the next value of each column.
func (l *orderLog) order() (kpi.Order, error) {
	var values [fieldsRead]pq.Value
	for i := range l.fields {
		if l.fields[i].name == "" {
			continue
		}
		var err error
		if values[i], err = l.fields[i].next(); err != nil {
			return kpi.Order{}, fmt.Errorf("%w: row %d, column %q: %w", ErrFile, l.row, l.fields[i].name, err)
		}
	}
	for i := range currencyField {
		if values[i].IsNull() {
			return kpi.Order{}, l.bad(i, errors.New("is null"))
		}
	}
	var o kpi.Order
	var err error
	if o.Member, err = l.member(values[memberField].ByteArray()); err != nil {
		return kpi.Order{}, l.bad(memberField, err)
	}
	if o.At = l.instant(values[timeField]); o.At.Before(firstOrder) || !o.At.Before(afterOrders) {
		return kpi.Order{}, l.bad(timeField, errors.New("is not in the years 1900 to 2199 of UTC"))
	}
	if o.Amount, err = l.money(values[amountField]); err != nil {
		return kpi.Order{}, l.bad(amountField, err)
	}
	if l.priced {
		if err := l.currency(values[currencyField]); err != nil {
			return kpi.Order{}, l.bad(currencyField, err)
		}
	}
	return o, nil
}

var (
	firstOrder  = time.Unix(calendar.FirstSecond, 0)
	afterOrders = time.Unix(calendar.LastSecond+1, 0)
)

func (l *orderLog) bad(i int, err error) error {
	return &kpi.RowError{Line: l.row, Column: l.fields[i].name, Err: err}
}

func (l *orderLog) member(text []byte) (string, error) {
	if name, ok := l.members[string(text)]; ok {
		return name, nil
	}
	if len(text) == 0 {
		return "", errors.New("is empty; leave guest orders out of the file")
	}
	name := string(text)
	l.members[name] = name
	return name, nil
}

func (l *orderLog) currency(v pq.Value) error {
	c := &l.options.Columns
	if l.found && string(v.ByteArray()) == c.Currency {
		return nil
	}
	if v.IsNull() || len(v.ByteArray()) == 0 {
		return errors.New("is empty; name the currency in each row, or leave the column out of the file")
	}
	if c.Currency == "" {
		c.Currency = string(v.ByteArray())
	}
	if string(v.ByteArray()) != c.Currency {
		return fmt.Errorf("%.40q where other rows have %q: amounts of different currencies have no sum; split the file by currency", v.ByteArray(), c.Currency)
	}
	l.found = true
	if c.CurrencyFound != nil {
		c.CurrencyFound(c.Currency)
	}
	return nil
}

// next returns the column's next value, valid until the one after it.
func (f *field) next() (pq.Value, error) {
	for f.at == len(f.buffer) {
		if err := f.fill(); err != nil {
			return pq.Value{}, err
		}
	}
	f.at++
	return f.buffer[f.at-1], nil
}

func (f *field) fill() (err error) {
	defer caught(&err)
	f.at, f.buffer = 0, f.buffer[:0]
	if f.values == nil {
		pq.Release(f.page)
		if f.page, err = f.pages.ReadPage(); err != nil {
			f.page = nil
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		f.values = f.page.Values()
	}
	n, err := f.values.ReadValues(f.buffer[:cap(f.buffer)])
	f.buffer = f.buffer[:n]
	if errors.Is(err, io.EOF) {
		f.values, err = nil, nil
	}
	return err
}

func (f *field) close() {
	pq.Release(f.page)
	if f.pages != nil {
		_ = f.pages.Close()
	}
	f.page, f.pages, f.values, f.at, f.buffer = nil, nil, nil, 0, f.buffer[:0]
}
