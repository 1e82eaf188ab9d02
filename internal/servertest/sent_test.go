package servertest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
)

// tap notes every statement that reaches a driver, however the store sends it, with
// arguments of the first time that it was sent.
type tap struct {
	inside driver.Connector

	mu   sync.Mutex
	sent []sent
}

// tapped opens a database through a tap.
func (p place) tapped(t testing.TB, database string) (*sql.DB, *tap) {
	t.Helper()
	_, source, err := p.source(database)
	require.NoError(t, err)
	n := &tap{}
	if p.dialect == sqlstore.MySQL {
		config, err := mysql.ParseDSN(source)
		require.NoError(t, err)
		n.inside, err = mysql.NewConnector(config)
		require.NoError(t, err)
	} else {
		config, err := pgx.ParseConfig(source)
		require.NoError(t, err)
		n.inside = stdlib.GetConnector(*config)
	}
	db := sql.OpenDB(n)
	db.SetMaxOpenConns(20)
	db.SetMaxIdleConns(20)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db, n
}

// tappedStore opens a store for a spread database through a tap.
func (p place) tappedStore(t testing.TB, database string) (*sqlstore.Store, *tap) {
	t.Helper()
	db, n := p.tapped(t, database)
	store := sqlstore.New(db, p.dialect, &sqlstore.Options{Spread: true})
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store, n
}

func (n *tap) Driver() driver.Driver { return n.inside.Driver() }

func (n *tap) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := n.inside.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &tappedConn{conn.(wire), n}, nil //nolint:forcetypeassert // both drivers have it all
}

func (n *tap) note(text string, args []driver.NamedValue) {
	n.mu.Lock()
	defer n.mu.Unlock()
	known := slices.ContainsFunc(n.sent, func(s sent) bool { return s.text == text })
	if !strings.Contains(text, "loyalty_") || known {
		return
	}
	s := sent{text: text}
	for _, arg := range args {
		s.args = append(s.args, arg.Value)
	}
	n.sent = append(n.sent, s)
}

// during returns the statements of some work, each once.
func (n *tap) during(work func()) []sent {
	n.mu.Lock()
	n.sent = nil
	n.mu.Unlock()
	work()
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.sent)
}

// wire is what both drivers' connections do.
type wire interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.NamedValueChecker
	driver.SessionResetter
}

type tappedConn struct {
	wire
	tap *tap
}

func (c *tappedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	result, err := c.wire.ExecContext(ctx, query, args)
	if err != driver.ErrSkip { //nolint:errorlint // it is prepared then
		c.tap.note(query, args)
	}
	return result, err
}

func (c *tappedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := c.wire.QueryContext(ctx, query, args)
	if err != driver.ErrSkip { //nolint:errorlint // it is prepared then
		c.tap.note(query, args)
	}
	return rows, err
}

func (c *tappedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	stmt, err := c.wire.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return &tappedStmt{stmt.(prepared), c.tap, query}, nil //nolint:forcetypeassert // both drivers have it all
}

// prepared is what both drivers' statements do.
type prepared interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

type tappedStmt struct {
	prepared
	tap   *tap
	query string
}

func (s *tappedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	s.tap.note(s.query, args)
	return s.prepared.ExecContext(ctx, args)
}

func (s *tappedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	s.tap.note(s.query, args)
	return s.prepared.QueryContext(ctx, args)
}
