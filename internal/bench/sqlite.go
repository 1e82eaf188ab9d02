package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/loyaltykit/loyaltykit/storage/sqlite"
)

// sqliteGround races on files in a folder.
type sqliteGround struct {
	dir   string
	files int
	// options are those that a shop would use, nil, except in tests.
	options *sqlite.Options
	// seeded is the file of the scenario that was seeded last.
	seeded   string
	scenario *scenario
}

// connections are those that can be of use to the callers. SQLite has one writer
// at a time, so more than one rarely is.
func (g *sqliteGround) connections(callers int) []int {
	return connectionsFor(callers)
}

func (g *sqliteGround) operations(seconds float64) int {
	return min(1000+int(6000*seconds), maxOperations)
}

func (g *sqliteGround) explain(out io.Writer) {
	fmt.Fprintf(out, "minimal limit on SQLite: a transaction of\n\n%s\n\n%s\n\n", bareSchema, indented(beginSQL, bareKey, bareEntry, bareBalance, commitSQL))
	fmt.Fprintf(out, "same-rows limit on SQLite, in the engine's own tables: a transaction of those that the engine's rows ask for\n\n%s\n\n",
		indented(slices.Concat([]string{beginSQL}, writerSQL[:], []string{commitSQL})...))
	fmt.Fprintf(out, "same-rows limit of case replay-key:\n\n%s\n\nsame-rows limit of case member: a transaction of\n\n%s\n",
		indented(readOperation), indented("BEGIN", readAccount, readLots, commitSQL))
}

func indented(statements ...string) string { return "  " + strings.Join(statements, ";\n  ") + ";" }

// file names a new file, and drop removes it with what belongs to it.
func (g *sqliteGround) file() string {
	g.files++
	return filepath.Join(g.dir, strconv.Itoa(g.files)+".db")
}

func drop(path string) error {
	var errs []error
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// open opens a new file that holds the scenario's seed.
func (g *sqliteGround) open(ctx context.Context, s *scenario) (store *sqlite.Store, finish func() error, err error) {
	if g.scenario != s {
		if err := g.plant(ctx, s); err != nil {
			return nil, nil, err
		}
	}
	path := g.file()
	if err := copyFile(g.seeded, path); err != nil {
		return nil, nil, err
	}
	if store, err = sqlite.Open(path, g.options); err != nil {
		return nil, nil, err
	}
	return store, func() error { return errors.Join(store.Close(), drop(path)) }, nil
}

// plant writes the scenario's seed to a file from which others are copied.
func (g *sqliteGround) plant(ctx context.Context, s *scenario) error {
	if g.seeded != "" {
		if err := drop(g.seeded); err != nil {
			return err
		}
	}
	g.seeded, g.scenario = g.file(), s
	store, err := sqlite.Open(g.seeded, &sqlite.Options{Synchronous: sqlite.Normal})
	if err != nil {
		return err
	}
	return errors.Join(s.seed.writeTo(ctx, store), store.Close())
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	out, err := os.Create(to)
	if err != nil {
		return errors.Join(err, in.Close())
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close(), in.Close())
}

func (g *sqliteGround) engine(ctx context.Context, s *scenario, callers int, t timing) (w window, err error) {
	store, finish, err := g.open(ctx, s)
	if err != nil {
		return w, err
	}
	defer func() { err = errors.Join(err, finish()) }()
	return s.onEngine(ctx, store, callers, t)
}

func (g *sqliteGround) limit(ctx context.Context, s *scenario, which limit, callers, connections int, t timing) (w window, err error) {
	store, finish, err := g.open(ctx, s)
	if err != nil {
		return w, err
	}
	defer func() { err = errors.Join(err, finish()) }()
	pool, err := connect(ctx, store.DB(), connections)
	if err != nil {
		return w, err
	}
	defer func() { err = errors.Join(err, pool.close()) }()
	work, err := pool.work(ctx, s, which)
	if err != nil {
		return w, err
	}
	operations := s.operations()
	if which == minimal {
		operations = len(s.commands)
	}
	return measure(callers, operations, t, func(i int) error {
		return pool.use(func(c *connection) error { return work(c, i%len(s.commands)) })
	})
}

// work is the hand-written code of a limit, made ready.
func (p *pool) work(ctx context.Context, s *scenario, which limit) (func(*connection, int) error, error) {
	switch {
	case which == minimal:
		return p.bare(ctx, s)
	case s.page > 0:
		return p.readPages(ctx, s)
	case s.replay:
		return p.readOperations(ctx, s)
	default:
		return p.writeRows(ctx, s)
	}
}

// connection is one connection with its prepared statements.
type connection struct {
	*sql.Conn
	prepared map[string]*sql.Stmt
	pool     *pool
}

// statement prepares a statement once.
func (c *connection) statement(ctx context.Context, text string) (*sql.Stmt, error) {
	if stmt := c.prepared[text]; stmt != nil {
		return stmt, nil
	}
	stmt, err := c.PrepareContext(ctx, text)
	if err == nil {
		c.prepared[text] = stmt
	}
	return stmt, err
}

// pool hands connections to callers.
type pool struct {
	idle chan *connection
	// begin starts a transaction; empty is SQLite's, in a prepared statement.
	begin string
}

func connect(ctx context.Context, db *sql.DB, connections int) (*pool, error) {
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	p := &pool{idle: make(chan *connection, connections)}
	for range connections {
		conn, err := db.Conn(ctx)
		if err != nil {
			return nil, errors.Join(err, p.close())
		}
		p.idle <- &connection{Conn: conn, prepared: map[string]*sql.Stmt{}, pool: p}
	}
	return p, nil
}

func (p *pool) use(work func(*connection) error) error {
	c := <-p.idle
	defer func() { p.idle <- c }()
	return work(c)
}

// on runs statements on one of the connections.
func (p *pool) on(ctx context.Context, statements string) error {
	return p.use(func(c *connection) error {
		_, err := c.ExecContext(ctx, statements)
		return err
	})
}

func (p *pool) close() error {
	var errs []error
	for len(p.idle) > 0 {
		c := <-p.idle
		for _, stmt := range c.prepared {
			errs = append(errs, stmt.Close())
		}
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}
