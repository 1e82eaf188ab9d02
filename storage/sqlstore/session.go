package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
)

// queryer runs SQL in one session: a *sql.Conn, or the transaction of a host.
type queryer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// session is one connection, used by one goroutine at a time.
type session struct {
	*grammar
	on queryer
	// unsteady is set where two statements may see different states of the
	// database.
	unsteady bool
	// inBlocks is set where the server takes several statements as one.
	inBlocks bool
	// asked counts queries.
	asked int
	// conn is the connection whose statements are prepared; nil on servers and in
	// a host's transaction.
	conn     *sql.Conn
	prepared [statementCount]*sql.Stmt
	control  map[string]*sql.Stmt
	queueing bool
	queues   [many]queue
}

func newSession(g *grammar, conn *sql.Conn) *session {
	return &session{grammar: g, on: conn, conn: conn, control: map[string]*sql.Stmt{}}
}

// begin starts a transaction; text is one of the grammar's.
func (s *session) begin(ctx context.Context, text string) error {
	if err := s.run(ctx, text); err != nil {
		// A call that is interrupted may have begun all the same.
		_ = s.run(context.WithoutCancel(ctx), s.rollback)
		return err
	}
	return nil
}

// run executes a statement that controls transactions.
func (s *session) run(ctx context.Context, text string) error {
	if s.conn == nil {
		_, err := s.on.ExecContext(ctx, text)
		return err
	}
	stmt := s.control[text]
	if stmt == nil {
		var err error
		if stmt, err = s.conn.PrepareContext(ctx, text); err != nil {
			return err
		}
		s.control[text] = stmt
	}
	_, err := stmt.ExecContext(ctx)
	return err
}

func (s *session) prepare(ctx context.Context, id statement) (*sql.Stmt, error) {
	stmt := s.prepared[id]
	if stmt == nil {
		var err error
		if stmt, err = s.conn.PrepareContext(ctx, s.statements[id].text); err != nil {
			return nil, fmt.Errorf("prepare %q: %w", s.statements[id].text, err)
		}
		s.prepared[id] = stmt
	}
	return stmt, nil
}

// exec executes a statement and returns how many rows it changed.
func (s *session) exec(ctx context.Context, id statement, args ...any) (int64, error) {
	result, err := s.execute(ctx, id, args)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (s *session) execute(ctx context.Context, id statement, args []any) (sql.Result, error) {
	if s.conn == nil {
		text := &s.statements[id]
		return s.on.ExecContext(ctx, text.text, text.in(args)...)
	}
	stmt, err := s.prepare(ctx, id)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

// query calls row for each row of the result, until it returns false.
func (s *session) query(ctx context.Context, id statement, row func(*sql.Rows) (more bool, err error), args ...any) error {
	rows, err := s.rows(ctx, id, args)
	if err != nil {
		return err
	}
	return each(rows, row)
}

// each calls row for each row, until it returns false.
func each(rows *sql.Rows, row func(*sql.Rows) (more bool, err error)) error {
	for rows.Next() {
		more, err := row(rows)
		if err != nil {
			return errors.Join(err, rows.Close())
		}
		if !more {
			return rows.Close()
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}

func (s *session) rows(ctx context.Context, id statement, args []any) (*sql.Rows, error) {
	s.asked++
	if s.conn == nil {
		text := &s.statements[id]
		return s.on.QueryContext(ctx, text.text, text.in(args)...)
	}
	stmt, err := s.prepare(ctx, id)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

// one scans the only row of a result, and reports whether there is one.
func (s *session) one(ctx context.Context, id statement, dest []any, args ...any) (found bool, err error) {
	err = s.query(ctx, id, func(rows *sql.Rows) (bool, error) {
		found = true
		return false, rows.Scan(dest...)
	}, args...)
	return found, err
}

// close gives the connection back.
func (s *session) close() error {
	var errs []error
	for _, stmt := range s.prepared {
		if stmt != nil {
			errs = append(errs, stmt.Close())
		}
	}
	for _, stmt := range s.control {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(append(errs, s.conn.Close())...)
}

// least is before every number that is stored.
const least = math.MinInt64
