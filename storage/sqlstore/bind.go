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
// Each call that writes has a savepoint of its own, so that a batch that fails
// leaves the transaction usable. The store never commits, rolls back, retries or
// changes the schema. Where the database refuses the transaction because of
// others, the error is storage.ErrRetryTransaction: roll back and run the whole
// of it again. A transaction that will write should say so when it begins (BEGIN
// IMMEDIATE), or SQLite may refuse it once others have written.
//
// Calls on the store must not overlap with other use of tx.
func Bind(tx Tx, dialect Dialect) storage.Store {
	b := &bound{session: session{on: tx}}
	b.session.grammar, b.refusal = dialect.grammar()
	b.engine.sessions = b
	return b
}

// bound is a store in a transaction of the host.
type bound struct {
	engine
	// refusal is the error of every call where the dialect is unknown.
	refusal error
	mu      sync.Mutex
	session session
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
func (b *bound) Limits() storage.Limits {
	return storage.Limits{Rows: maxRows, Bytes: maxBytes, Calls: 1}
}

func (b *bound) write(ctx context.Context, work func(context.Context, *session) error) error {
	if err := cmp.Or(ctx.Err(), b.refusal); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.session.run(ctx, b.session.savepoint); err != nil {
		return b.classify(err)
	}
	ctx = context.WithoutCancel(ctx)
	err := work(ctx, &b.session)
	if err == nil {
		return b.classify(b.session.run(ctx, b.session.release))
	}
	if undone := b.session.run(ctx, b.session.undo); undone != nil {
		return b.classify(errors.Join(err, undone))
	}
	return b.classify(errors.Join(err, b.session.run(ctx, b.session.release)))
}

func (b *bound) read(ctx context.Context, work func(context.Context, *session) error) error {
	if err := cmp.Or(ctx.Err(), b.refusal); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.classify(work(context.WithoutCancel(ctx), &b.session))
}

func (b *bound) load(ctx context.Context, work func(context.Context, *session) error) error {
	return b.read(ctx, work)
}

func (b *bound) glance(ctx context.Context, work func(context.Context, *session) error) error {
	return b.read(ctx, work)
}

func (b *bound) classify(err error) error {
	if err != nil && b.session.doomed(err) {
		return fmt.Errorf("%w: %w", storage.ErrRetryTransaction, err)
	}
	return err
}
