package parquet

import (
	"encoding/binary"
	"fmt"
	"io"
	"iter"

	pq "github.com/parquet-go/parquet-go"

	"github.com/loyaltykit/loyaltykit/kpi"
)

const (
	// rowsOfGroup is how many rows a writer holds before it writes them.
	rowsOfGroup = 64 << 10
	// rowsAtOnce is how many rows go to and come from the library at once.
	rowsAtOnce = 512
)

// money is an amount as DECIMAL(38, 12): 10⁻¹² in two's complement, the greatest byte
// first.
type money = [16]byte

func moneyOf(a kpi.Amount) (m money) {
	hi, lo := a.Units()
	binary.BigEndian.PutUint64(m[:8], uint64(hi))
	binary.BigEndian.PutUint64(m[8:], lo)
	return m
}

func amountOf(m money) (kpi.Amount, error) {
	return kpi.AmountOfUnits(int64(binary.BigEndian.Uint64(m[:8])), binary.BigEndian.Uint64(m[8:]))
}

// rowWriter buffers rows for a writer of parquet-go.
type rowWriter[Row any] struct {
	to      *pq.GenericWriter[Row]
	pending []Row
	written int64
}

func newRowWriter[Row any](w io.Writer, group int64) *rowWriter[Row] {
	return &rowWriter[Row]{
		to: pq.NewGenericWriter[Row](w, pq.MaxRowsPerRowGroup(group), pq.Compression(&pq.Snappy), pq.CreatedBy("loyaltykit", "", "")),
	}
}

func (w *rowWriter[Row]) write(row Row) error {
	w.pending = append(w.pending, row)
	w.written++
	if len(w.pending) < rowsAtOnce {
		return nil
	}
	return w.flush()
}

func (w *rowWriter[Row]) flush() error {
	_, err := w.to.Write(w.pending)
	w.pending = w.pending[:0]
	return err
}

// close writes what is left and the file's end.
func (w *rowWriter[Row]) close() error {
	if err := w.flush(); err != nil {
		return err
	}
	return w.to.Close()
}

// writeRows writes a sequence as a file, up to its first error.
func writeRows[T, Row any](to io.Writer, all iter.Seq2[T, error], row func(T) Row) (n int64, err error) {
	w := newRowWriter[Row](to, rowsOfGroup)
	for one, err := range all {
		if err != nil {
			return w.written, err
		}
		if err := w.write(row(one)); err != nil {
			return w.written, fmt.Errorf("parquet: row %d: %w", w.written, err)
		}
	}
	if err := w.close(); err != nil {
		return w.written, fmt.Errorf("parquet: %w", err)
	}
	return w.written, nil
}

// orderRow is a row of a log without a currency, pricedRow one with it.
type orderRow struct {
	Member string `parquet:"member,dict"`
	At     int64  `parquet:"occurred_at,timestamp(microsecond)"`
	Amount money  `parquet:"amount,decimal(12:38)"`
}

type pricedRow struct {
	Member   string `parquet:"member,dict"`
	At       int64  `parquet:"occurred_at,timestamp(microsecond)"`
	Amount   money  `parquet:"amount,decimal(12:38)"`
	Currency string `parquet:"currency,dict"`
}

// WriteOrders writes a log as the columns member, occurred_at and amount and, unless
// it is empty, currency. It returns how many orders it took; after an error, which
// may be the sequence's, the file lacks its end and is no file.
func WriteOrders(w io.Writer, orders iter.Seq2[kpi.Order, error], currency string) (int64, error) {
	if currency == "" {
		return writeRows(w, orders, func(o kpi.Order) orderRow { return orderRow{o.Member, o.At.UnixMicro(), moneyOf(o.Amount)} })
	}
	return writeRows(w, orders, func(o kpi.Order) pricedRow {
		return pricedRow{o.Member, o.At.UnixMicro(), moneyOf(o.Amount), currency}
	})
}
