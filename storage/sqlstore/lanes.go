package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// lanes are the sessions of a store in a file: one that writes and some that
// read, each with a connection of its own.
type lanes struct {
	// writers and readers hold idle sessions, nil for one that is not open yet.
	// There is one writer; the channels are the same where one connection must do.
	db      *sql.DB
	grammar *grammar
	writers chan *session
	readers chan *session
}

// newLanes returns lanes; see Options.Readers.
func newLanes(db *sql.DB, g *grammar, readers int) *lanes {
	s := &lanes{db: db, grammar: g, writers: idle(1)}
	switch {
	case readers < 0:
		s.readers = s.writers
	case readers == 0:
		s.readers = idle(2)
	default:
		s.readers = idle(readers)
	}
	return s
}

func idle(n int) chan *session {
	sessions := make(chan *session, n)
	for range n {
		sessions <- nil
	}
	return sessions
}

// close waits for calls in flight and gives the connections back.
func (s *lanes) close() error {
	errs := drain(s.writers)
	if s.readers != s.writers {
		errs = append(errs, drain(s.readers)...)
	}
	return errors.Join(errs...)
}

func drain(sessions chan *session) []error {
	var errs []error
	for range cap(sessions) {
		if session := <-sessions; session != nil {
			errs = append(errs, session.close())
		}
	}
	close(sessions)
	return errs
}

// write runs work in a transaction that no other write can disturb. The context
// counts until the transaction has begun: then it runs to its end.
func (s *lanes) write(ctx context.Context, do work) error {
	return s.within(ctx, s.writers, writing, do)
}

// read runs work in a transaction that sees one state of the database.
func (s *lanes) read(ctx context.Context, do work) error {
	return s.within(ctx, s.readers, reading, do)
}

func (s *lanes) load(ctx context.Context, do work) error {
	return s.besideWrites(ctx, reading, do)
}

func (s *lanes) glance(ctx context.Context, do work) error {
	return s.besideWrites(ctx, glancing, do)
}

// besideWrites runs work on the writer's connection while nobody writes: what it
// wrote last is still in its memory, where another connection would read it
// again.
func (s *lanes) besideWrites(ctx context.Context, p purpose, do work) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case session, open := <-s.writers:
		if !open {
			return ErrClosed
		}
		return s.use(ctx, s.writers, session, p, do)
	default:
		return s.within(ctx, s.readers, p, do)
	}
}

// purpose is what a connection is wanted for.
type purpose int

const (
	// writing and reading want a transaction, glancing has a statement of its own.
	writing purpose = iota
	reading
	glancing
)

func (s *lanes) within(
	ctx context.Context, sessions chan *session, p purpose, do work,
) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case session, open := <-sessions:
		if !open {
			return ErrClosed
		}
		return s.use(ctx, sessions, session, p, do)
	}
}

// use runs work on a session, opening it if it is nil, and puts it back.
func (s *lanes) use(
	ctx context.Context, sessions chan *session, session *session, p purpose,
	do work,
) (err error) {
	keep := false
	defer func() {
		if !keep {
			session = nil // work has panicked, or there is no connection
		}
		sessions <- session
	}()
	if session == nil {
		conn, err := s.db.Conn(ctx)
		if err != nil {
			return fmt.Errorf("open a connection: %w", err)
		}
		session = newSession(s.grammar, conn)
	}
	// Only writing waits for others, so that there is something to interrupt.
	switch p {
	case writing:
		err = transact(ctx, session, session.beginWrite, do)
	case reading:
		err = transact(context.WithoutCancel(ctx), session, session.beginRead, do)
	case glancing:
		err = do(context.WithoutCancel(ctx), session)
	}
	keep = true
	if err != nil && !errors.Is(err, errRefused) && s.broken(ctx, session) {
		keep = false
		err = errors.Join(err, session.close())
	}
	return err
}

// broken reports whether the connection of a session that failed is no good any
// more.
func (s *lanes) broken(ctx context.Context, session *session) bool {
	return session.conn.PingContext(context.WithoutCancel(ctx)) != nil
}

func transact(ctx context.Context, s *session, begin string, do work) error {
	if err := s.begin(ctx, begin); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	err := do(ctx, s)
	if err == nil {
		err = s.run(ctx, s.commit)
	}
	if err != nil {
		// A transaction that has ended by itself refuses to end again.
		_ = s.run(ctx, s.rollback)
	}
	return err
}
