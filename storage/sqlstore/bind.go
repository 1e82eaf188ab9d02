package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/internal/linger"
	"github.com/loyaltykit/loyaltykit/storage/internal/turns"
)

// Tx is an open transaction of the host: a *sql.Tx, or the equivalent of another
// library. Commit and Rollback prove that it is one; a bound store calls neither.
type Tx interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	Commit() error
	Rollback() error
}

// Bind returns a store that works inside the host's transaction: what it commits
// is stored if the host commits tx, and not otherwise. It is a storage.Bound.
//
// Each call that writes has a savepoint of its own, loyaltykit_call, so that a batch that
// fails leaves the transaction usable; the host's may have any other name. The store
// never commits, rolls back, retries or changes the schema. Where the database refuses the transaction because of
// others, or its connection is gone, the error is storage.ErrRetryTransaction: roll
// back and run the whole of it again. On servers the transaction has then ended, or
// can only fail, and the store answers nothing else any more. What a trigger or a
// constraint of the host's refuses is the database's own error, and nothing of that
// batch is stored. A transaction that will write should say so when it begins (BEGIN
// IMMEDIATE), or SQLite may refuse it once others have written.
//
// Calls on the store must not overlap with what the host does with tx by itself. Several
// goroutines, and several stores that are bound to tx, take turns. On servers a context
// that ends during a call may take tx with it, as drivers then close the connection;
// otherwise what the call wrote is undone, and the error is the context's.
func Bind(tx Tx, dialect Dialect) storage.Store {
	g, err := dialect.grammar()
	if err != nil {
		r := refusing{err}
		return &bound{engine: engine{sessions: r}, ledger: &embedded{r}}
	}
	h := &host{session: session{grammar: g, on: tx, unsteady: g.server}}
	b := &bound{engine: engine{sessions: h}, ledger: &embedded{h}}
	if g.server {
		b.ledger = &served{sessions: h, grammar: g, bound: true}
	}
	b.limits.Rows, b.limits.Bytes = g.limits()
	b.limits.Calls = 1
	return b
}

// savepoint is the name of that of a call. It is none that a host would take: MySQL has
// a savepoint replace one of its name.
const savepoint = "loyaltykit_call"

// bound is a store in a transaction of the host.
type bound struct {
	engine
	ledger
	limits storage.Limits
}

var (
	_ storage.Store   = (*bound)(nil)
	_ storage.Bound   = (*bound)(nil)
	_ storage.Limiter = (*bound)(nil)
	_ storage.Totaler = (*bound)(nil)
)

// InTransaction marks the store as bound.
func (b *bound) InTransaction() {}

// Limits says how much one Commit takes.
func (b *bound) Limits() storage.Limits { return b.limits }

// host is the session in a host's transaction.
type host struct {
	mu      sync.Mutex
	session session
	// ended is why the transaction can do nothing any more.
	ended error
}

func (h *host) write(ctx context.Context, do work) error {
	return h.use(ctx, func(ctx context.Context) error {
		if err := h.session.run(ctx, h.session.savepoint); err != nil {
			return own(ctx, err)
		}
		err := do(ctx, &h.session)
		// Between two statements a context that is done stops the call, and the server
		// hears nothing of it: what is written already would stay.
		after, stop := linger.Context(ctx)
		defer stop()
		if err == nil {
			return h.half(h.session.run(after, h.session.release))
		}
		undone := h.session.run(after, h.session.undo)
		err = own(ctx, err)
		if h.lost(err) && h.session.server {
			return err // there may be nothing left to undo
		}
		if undone != nil {
			return h.half(errors.Join(err, undone))
		}
		if released := h.session.run(after, h.session.release); released != nil {
			return h.half(errors.Join(err, released))
		}
		if h.session.fails(err) == taken {
			return fmt.Errorf("%w: %w", errRefused, err)
		}
		return err
	})
}

// half marks an error after which a batch, or part of one, may be in a transaction that
// can still commit.
func (h *host) half(err error) error {
	if err == nil || !h.session.server || errors.Is(err, sql.ErrTxDone) {
		return err
	}
	return &torn{err}
}

func (h *host) read(ctx context.Context, do work) error {
	return h.use(ctx, func(ctx context.Context) error { return own(ctx, do(ctx, &h.session)) })
}

func (h *host) load(ctx context.Context, do work) error { return h.read(ctx, do) }

func (h *host) glance(ctx context.Context, do work) error { return h.read(ctx, do) }

// use runs a call, to its end where the database is a file: what is interrupted
// there would leave the savepoint open.
func (h *host) use(ctx context.Context, call func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	done, err := turns.Take(ctx, h.session.on)
	if err != nil {
		return err
	}
	defer done()
	if h.ended != nil {
		return h.ended
	}
	if !h.session.server {
		ctx = context.WithoutCancel(ctx)
	}
	err = call(ctx)
	if err == nil || !h.lost(err) {
		return err
	}
	err = fmt.Errorf("%w: %w", storage.ErrRetryTransaction, err)
	if h.session.server {
		h.ended = err
	}
	return err
}

// givenUp is the end of a context, which says nothing about the transaction: where a driver
// closed the connection for it, the next call finds out.
type givenUp struct{ error }

func (g *givenUp) Unwrap() error { return g.error }

// torn is an error after which part of a batch may be in the transaction.
type torn struct{ error }

func (t *torn) Unwrap() error { return t.error }

// own marks an error that is the context's own.
func own(ctx context.Context, err error) error {
	if why := ctx.Err(); err != nil && why != nil && errors.Is(err, why) {
		return &givenUp{err}
	}
	return err
}

// lost reports that the transaction is gone, because of others or with its connection.
// One that may only read goes on.
func (h *host) lost(err error) bool {
	if _, half := errors.AsType[*torn](err); half {
		return true
	}
	if _, over := errors.AsType[*givenUp](err); over {
		return false
	}
	switch h.session.fails(err) {
	case again:
		return true
	case lost:
		return h.session.server && !unserved(err)
	default:
		return false
	}
}
