package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"github.com/loyaltykit/loyaltykit/storage"
)

// Store is a storage.Store in a SQL database, safe for concurrent use. [New]
// makes one.
type Store struct {
	engine
	ledger
	limits storage.Limits
	close  func() error

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
	// Readers is, for SQLite, how many connections the store keeps for reading,
	// besides one for writing; 0 is 2. Below 0 a single connection does both, as a
	// database in memory needs. Servers are read through as many as db allows.
	Readers int
	// Calls is, for servers, how many groups of commands the engine has in flight
	// at once; 0 is 2. SQLite has a single writer.
	Calls int
	// Spread is set where PostgreSQL is spread over machines, as by Citus: a commit is
	// then a transaction of a statement for each table, which such databases send to
	// one machine, and not a statement that writes them all. So it is for MariaDB whose
	// statements something on the way has to understand.
	Spread bool
}

// ErrClosed reports a call of a store after its Close.
var ErrClosed = errors.New("sqlstore: the store is closed")

// New returns a store in a database of the host, whose tables [Migrate] has made.
// It opens nothing, and db stays the host's.
//
// For SQLite it takes connections of db when it first needs them and keeps them,
// so that statements stay prepared: db must allow for Readers and one writer more.
// Close gives them back. db should set a busy timeout on every connection, or a
// lock that another process holds is an error at once. Package sqlite opens files
// right.
//
// For servers it takes a connection for each call and gives it back. MySQL prepares
// statements on them, which Close closes; PostgreSQL leaves that to the driver.
func New(db *sql.DB, dialect Dialect, opts *Options) *Store {
	var o Options
	if opts != nil {
		o = *opts
	}
	g, err := dialect.grammar()
	if err != nil {
		r := refusing{err}
		return &Store{engine: engine{sessions: r}, ledger: &embedded{r}, close: func() error { return nil }}
	}
	s := &Store{}
	s.limits.Rows, s.limits.Bytes = g.limits()
	if g.server {
		p := newPool(db, g, o.Spread)
		l := &served{sessions: p, grammar: g}
		if g.singles != nil && !o.Spread {
			l.once = p.once
		}
		s.engine.sessions, s.ledger, s.close = p, l, p.close
		s.limits.Calls = max(o.Calls, 0)
		return s
	}
	l := newLanes(db, g, o.Readers)
	s.engine.sessions, s.ledger, s.close = l, &embedded{l}, l.close
	s.limits.Calls = 1
	return s
}

// Limits says how much one Commit takes, and how many are worth having in flight.
func (s *Store) Limits() storage.Limits { return s.limits }

// Close waits for calls in flight and gives back what the store keeps. Calls after
// it return [ErrClosed].
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	return s.close()
}

// refusing refuses every call with an error.
type refusing struct{ err error }

func (r refusing) write(context.Context, work) error  { return r.err }
func (r refusing) read(context.Context, work) error   { return r.err }
func (r refusing) load(context.Context, work) error   { return r.err }
func (r refusing) glance(context.Context, work) error { return r.err }
