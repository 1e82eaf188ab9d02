package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/examples/keyfigures"
	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/parquet"
)

// log is an order log that is read twice: for its extent, and for its figures.
type log struct {
	path     string
	zone     *time.Location
	status   *status
	warnings io.Writer
	// currency is that of the first order.
	currency string
}

// keyed is the log for its figures. Rows that are none are named the first time.
func (l *log) keyed() *keyfigures.Log {
	return &keyfigures.Log{
		Name: l.path,
		Each: func(what string, take func(kpi.Order) error) (int, error) {
			return l.each(what, what == "reading", take)
		},
		Currency: func() string { return l.currency },
	}
}

// each hands over the orders of the log. Rows that are none are counted, and named
// if they are asked for.
func (l *log) each(what string, name bool, take func(kpi.Order) error) (bad int, err error) {
	file, err := os.Open(l.path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	in := &counted{file: file}
	defer l.status.clear()
	options := kpi.CSVOptions{Zone: l.zone, CurrencyFound: func(currency string) { l.currency = strings.TrimSpace(currency) }}
	orders := kpi.ReadCSV(in, &options)
	if strings.EqualFold(filepath.Ext(l.path), ".parquet") {
		orders = parquet.ReadOrders(in, info.Size(), &parquet.OrderOptions{Columns: options})
	}
	for order, err := range orders {
		l.status.show(what, int(100*in.n/max(info.Size(), 1)))
		if row, isRow := errors.AsType[*kpi.RowError](err); isRow {
			bad++
			if name {
				l.warn(bad, row)
			}
			continue
		}
		if err != nil {
			return bad, fmt.Errorf("%s: %w", l.path, err)
		}
		if err := take(order); err != nil {
			return bad, err
		}
	}
	return bad, nil
}

const mostWarnings = 20

func (l *log) warn(n int, row *kpi.RowError) {
	switch {
	case n <= mostWarnings:
		fmt.Fprintf(l.warnings, "left out: %v\n", row)
	case n == mostWarnings+1:
		fmt.Fprintln(l.warnings, "left out: more rows are counted only")
	}
}

// counted counts the bytes that were read.
type counted struct {
	file *os.File
	n    int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.file.Read(p)
	c.n += int64(n)
	return n, err
}

func (c *counted) ReadAt(p []byte, at int64) (int, error) {
	n, err := c.file.ReadAt(p, at)
	c.n += int64(n)
	return n, err
}
