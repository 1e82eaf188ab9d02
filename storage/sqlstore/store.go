package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"github.com/loyaltykit/loyaltykit/storage"
)

// Store is a storage.Store in a SQL database, safe for concurrent use. [New]
// makes one.
type Store struct {
	engine
	// writers and readers hold idle sessions, nil for one that is not open yet.
	// In SQLite there is one writer; the channels are the same where one
	// connection must do.
	db      *sql.DB
	writers chan *session
	readers chan *session
	grammar *grammar
	// refusal is the error of every call where the dialect is unknown.
	refusal error

	mu     sync.Mutex
	closed bool
}

var (
	_ storage.Store   = (*Store)(nil)
	_ storage.Limiter = (*Store)(nil)
	_ storage.Totaler = (*Store)(nil)
)

// Options says how a store works. The zero value, and nil, work.
type Options struct {
	// Readers is how many connections the store keeps for reading, besides one
	// for writing; 0 is 2. Below 0 a single connection does both, as a database
	// in memory needs.
	Readers int
}

// ErrClosed reports a call of a store after its Close.
var ErrClosed = errors.New("sqlstore: the store is closed")

// The limits of one commit. One transaction pays for the disk once, so large
// commits are worth their while; SQLite holds what it changes in memory until
// then.
const (
	maxRows  = 5000
	maxBytes = 8 << 20
)

// New returns a store in a database of the host, whose tables [Migrate] has made.
// It takes connections of db when it first needs them and keeps them, so that
// statements stay prepared: db must allow for Readers and one writer more. Close
// gives them back; db stays the host's.
//
// For SQLite, db should set a busy timeout on every connection, or a lock that
// another process holds is an error at once. Package sqlite opens files right.
func New(db *sql.DB, dialect Dialect, opts *Options) *Store {
	var o Options
	if opts != nil {
		o = *opts
	}
	s := &Store{db: db}
	s.grammar, s.refusal = dialect.grammar()
	s.engine.sessions = s
	s.writers = idle(1)
	switch {
	case o.Readers < 0:
		s.readers = s.writers
	case o.Readers == 0:
		s.readers = idle(2)
	default:
		s.readers = idle(o.Readers)
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

// Limits says how much one Commit takes.
func (s *Store) Limits() storage.Limits {
	return storage.Limits{Rows: maxRows, Bytes: maxBytes, Calls: 1}
}

// Close waits for calls in flight and gives the connections back. Calls after it
// return [ErrClosed].
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
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
func (s *Store) write(ctx context.Context, work func(context.Context, *session) error) error {
	return s.within(ctx, s.writers, writing, work)
}

// read runs work in a transaction that sees one state of the database.
func (s *Store) read(ctx context.Context, work func(context.Context, *session) error) error {
	return s.within(ctx, s.readers, reading, work)
}

func (s *Store) load(ctx context.Context, work func(context.Context, *session) error) error {
	return s.besideWrites(ctx, reading, work)
}

func (s *Store) glance(ctx context.Context, work func(context.Context, *session) error) error {
	return s.besideWrites(ctx, glancing, work)
}

// besideWrites runs work on the writer's connection while nobody writes: what it
// wrote last is still in its memory, where another connection would read it
// again.
func (s *Store) besideWrites(ctx context.Context, p purpose, work func(context.Context, *session) error) error {
	if err := cmp.Or(ctx.Err(), s.refusal); err != nil {
		return err
	}
	select {
	case session, open := <-s.writers:
		if !open {
			return ErrClosed
		}
		return s.use(ctx, s.writers, session, p, work)
	default:
		return s.within(ctx, s.readers, p, work)
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

func (s *Store) within(
	ctx context.Context, sessions chan *session, p purpose, work func(context.Context, *session) error,
) error {
	if err := cmp.Or(ctx.Err(), s.refusal); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case session, open := <-sessions:
		if !open {
			return ErrClosed
		}
		return s.use(ctx, sessions, session, p, work)
	}
}

// use runs work on a session, opening it if it is nil, and puts it back.
func (s *Store) use(
	ctx context.Context, sessions chan *session, session *session, p purpose,
	work func(context.Context, *session) error,
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
		err = transact(ctx, session, session.beginWrite, work)
	case reading:
		err = transact(context.WithoutCancel(ctx), session, session.beginRead, work)
	case glancing:
		err = work(context.WithoutCancel(ctx), session)
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
func (s *Store) broken(ctx context.Context, session *session) bool {
	return session.conn.PingContext(context.WithoutCancel(ctx)) != nil
}

func transact(ctx context.Context, s *session, begin string, work func(context.Context, *session) error) error {
	if err := s.begin(ctx, begin); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	err := work(ctx, s)
	if err == nil {
		err = s.run(ctx, s.commit)
	}
	if err != nil {
		// A transaction that has ended by itself refuses to end again.
		_ = s.run(ctx, s.rollback)
	}
	return err
}
