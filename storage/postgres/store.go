package postgres

import (
	"cmp"
	"context"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/internal/linger"
	"github.com/loyaltykit/loyaltykit/storage/internal/pruning"
)

// Store is a storage.Store in PostgreSQL, safe for concurrent use. [New] makes one.
type Store struct {
	engine
	pool *pgxpool.Pool
	// turns spreads the waits of callers that met each other.
	turns atomic.Uint32
}

var (
	_ storage.Store   = (*Store)(nil)
	_ storage.Limiter = (*Store)(nil)
	_ storage.Totaler = (*Store)(nil)
)

// Options says how a store works; nil and the zero value are good defaults.
type Options struct {
	// Calls is how many loads and commits the engine keeps in flight at once; each
	// takes one connection of the pool. 0 is 2.
	Calls int
	// Spread is for databases that spread the tables over servers by member, such as
	// Citus: each update and each lookup then names one account, claim or counter, and a
	// batch is several statements in a transaction. Otherwise a lone batch is one
	// statement that writes all tables, and the accounts of several change, and are
	// loaded, in one, which costs less on one server.
	Spread bool
}

// The limits of one commit.
const (
	maxRows  = 2000
	maxBytes = 4 << 20
	// maxBatch bounds the bytes of a single batch, which is never split.
	maxBatch = 16 << 20
)

// New returns a store in a database of the host, whose tables [Migrate] or the
// host's own tool has made from [Migrations]. The pool stays the host's: the store
// borrows a connection for each call, opens nothing and has nothing to close.
func New(pool *pgxpool.Pool, opts *Options) *Store {
	s := &Store{pool: pool, engine: engine{limits: limits}}
	if opts != nil {
		s.limits.Calls = cmp.Or(max(opts.Calls, 0), limits.Calls)
		s.spread = opts.Spread
	}
	s.engine.database = s
	return s
}

var limits = storage.Limits{Rows: maxRows, Bytes: maxBytes, Calls: 2}

// engine is what a store on a pool and one in a host's transaction share.
type engine struct {
	database database
	limits   storage.Limits
	// bound is set inside a transaction of the host.
	bound   bool
	pruning pruning.Places
	singles singles
	unions  unions
	// spread is set where each update names one account.
	spread bool
}

// Limits says how much one Commit takes.
func (e *engine) Limits() storage.Limits { return e.limits }

// database makes round trips.
type database interface {
	// commit stores all that the trip's statements write, or nothing.
	commit(ctx context.Context, t *trip) error
	// commitOne stores what the only statement of a trip writes, or nothing.
	commitOne(ctx context.Context, t *trip) error
	// read makes a trip whose statements may each see another state.
	read(ctx context.Context, t *trip) error
	// snapshot makes a trip whose statements see one state, where the store is not
	// bound.
	snapshot(ctx context.Context, t *trip) error
	// wait passes the time before another try; it returns the error of a context
	// that is done.
	wait(ctx context.Context, try int) error
}

// with runs work on a connection of the pool.
func (s *Store) with(ctx context.Context, work func(context.Context, *pgxpool.Conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return &unsent{err}
	}
	defer conn.Release()
	ctx, stop := linger.Context(ctx)
	defer stop()
	return work(ctx, conn)
}

// unsent is an error before anything was sent.
type unsent struct{ error }

func (u *unsent) Unwrap() error { return u.error }

// SafeToRetry says that nothing was sent.
func (u *unsent) SafeToRetry() bool { return true }

func (s *Store) commit(ctx context.Context, t *trip) error {
	return s.with(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		whole := t.within("begin", "commit", "COMMIT")
		done, err := whole.send(ctx, conn)
		switch {
		case err == nil || done == len(whole.statements):
			return nil // the server has acknowledged the COMMIT
		case judge(err) == lost || done == len(whole.statements)-1 && fatal(err):
			return &inDoubt{err}
		}
		return rollBack(ctx, conn, err)
	})
}

func (s *Store) commitOne(ctx context.Context, t *trip) error {
	return s.with(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		_, err := t.send(ctx, conn)
		switch {
		case err == nil:
			return nil
		case judge(err) == lost || cutOff(err):
			return &inDoubt{err}
		}
		return rollBack(ctx, conn, err)
	})
}

// inDoubt is an error around a COMMIT.
type inDoubt struct{ error }

func (e *inDoubt) Unwrap() error { return e.error }

// rollBack makes a connection fit for use after an error, which it returns.
func rollBack(ctx context.Context, conn *pgxpool.Conn, err error) error {
	if readOnly(err) {
		_ = conn.Conn().Close(ctx) // the next one may lead to another server
		return err
	}
	if status := conn.Conn().PgConn().TxStatus(); !conn.Conn().IsClosed() && status != 'I' {
		// Without it the pool closes the connection, which rolls back too.
		_, _ = conn.Exec(ctx, "rollback", pgx.QueryExecModeSimpleProtocol)
	}
	return err
}

func (s *Store) read(ctx context.Context, t *trip) error {
	return s.reading(ctx, func(ctx context.Context, conn *pgxpool.Conn) error { return t.ask(ctx, conn) })
}

func (s *Store) snapshot(ctx context.Context, t *trip) error {
	whole := t.within("begin isolation level repeatable read read only", "commit", "")
	return s.reading(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		if _, err := whole.send(ctx, conn); err != nil {
			return rollBack(ctx, conn, err)
		}
		return nil
	})
}

// reading runs work that only reads, once more where the server or the connection
// failed. What a failed try has read must be forgotten by the next.
func (s *Store) reading(ctx context.Context, work func(context.Context, *pgxpool.Conn) error) error {
	for try := 0; ; try++ {
		err := s.with(ctx, work)
		if err == nil || !hopeful(err, try) || s.wait(ctx, try) != nil {
			return err
		}
	}
}

// wait waits up to 64 milliseconds, longer after each try.
func (s *Store) wait(ctx context.Context, try int) error {
	most := time.Millisecond << min(try, 6)
	turn := s.turns.Add(1) * 2654435769
	timer := time.NewTimer(most/4 + most*time.Duration(turn>>16)>>16*3/4)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}
