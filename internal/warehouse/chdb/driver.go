//go:build warehouse && cgo && linux

package chdb

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
)

// Open loads libchdb from a file and returns its engine, whose tables are in a
// folder. A process opens it once. Statements take no arguments; integers come as
// int64, floats as float64, all else as text.
func Open(path, dir string) (*sql.DB, error) {
	l, err := load(path, dir)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(&engine{library: l})
	db.SetMaxOpenConns(1)
	return db, nil
}

// engine is the connector of the one engine.
type engine struct {
	library *library
	closed  sync.Once
}

func (e *engine) Connect(context.Context) (driver.Conn, error) { return &conn{e.library}, nil }
func (e *engine) Driver() driver.Driver                        { return e }
func (e *engine) Open(string) (driver.Conn, error)             { return &conn{e.library}, nil }

// Close ends the engine with the *sql.DB.
func (e *engine) Close() error {
	e.closed.Do(e.library.close)
	return nil
}

type conn struct{ library *library }

var errNot = errors.New("chdb: only statements without arguments, outside of transactions")

func (c *conn) Prepare(string) (driver.Stmt, error) { return nil, errNot }
func (c *conn) Begin() (driver.Tx, error)           { return nil, errNot }
func (c *conn) Close() error                        { return nil }

// ExecContext runs a statement without a result.
func (c *conn) ExecContext(_ context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) > 0 {
		return nil, errNot
	}
	return driver.RowsAffected(0), c.library.query(query, "Null", func([]byte) error { return nil })
}

// QueryContext runs a statement and reads its result into memory.
func (c *conn) QueryContext(_ context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if len(args) > 0 {
		return nil, errNot
	}
	r := &rows{}
	err := c.library.query(query, "TabSeparatedWithNamesAndTypes", func(answer []byte) error {
		r.rest = bytes.Clone(answer)
		names, types := r.line(), r.line()
		if names == "" {
			return fmt.Errorf("chdb: no result of %q", query)
		}
		r.names, r.types = strings.Split(names, "\t"), strings.Split(types, "\t")
		return nil
	})
	return r, err
}

type rows struct {
	names, types []string
	rest         []byte
}

func (r *rows) Columns() []string { return r.names }
func (r *rows) Close() error      { return nil }

func (r *rows) line() string {
	line, rest, _ := bytes.Cut(r.rest, []byte("\n"))
	r.rest = rest
	return string(line)
}

func (r *rows) Next(dest []driver.Value) error {
	if len(r.rest) == 0 {
		return io.EOF
	}
	rest := r.line()
	for i := range dest {
		var field string
		field, rest, _ = strings.Cut(rest, "\t")
		value, err := valueOf(field, r.types[i])
		if err != nil {
			return fmt.Errorf("chdb: column %s: %w", r.names[i], err)
		}
		dest[i] = value
	}
	return nil
}

var escapes = strings.NewReplacer(`\\`, `\`, `\t`, "\t", `\n`, "\n", `\'`, `'`, `\r`, "\r", `\0`, "\x00", `\b`, "\b", `\f`, "\f")

func valueOf(field, kind string) (driver.Value, error) {
	if field == `\N` {
		return nil, nil
	}
	kind = strings.TrimSuffix(strings.TrimPrefix(kind, "Nullable("), ")")
	switch kind {
	case "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64":
		return strconv.ParseInt(field, 10, 64)
	case "Float32", "Float64":
		return strconv.ParseFloat(field, 64)
	default:
		if strings.Contains(field, `\`) {
			field = escapes.Replace(field)
		}
		return field, nil
	}
}
