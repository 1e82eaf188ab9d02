package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/internal/linger"
	"github.com/loyaltykit/loyaltykit/storage/internal/sqlstate"
	"github.com/loyaltykit/loyaltykit/storage/internal/turns"
)

// Bind returns a store that works inside the host's transaction: what it commits is
// stored if the host commits tx, and not otherwise. It is a storage.Bound.
//
// Each call has a savepoint of its own, loyaltykit_call, so that a batch that fails leaves
// the transaction usable; the host's may have any other name. The store never commits,
// rolls back, retries or changes the schema. Where the database refuses the transaction because of others, or its connection
// is gone, the error is storage.ErrRetryTransaction: roll back and run the whole of it
// again. What a trigger or a constraint of the host's refuses is the database's own
// error, and nothing of that call is stored. In READ
// COMMITTED a load that others overtook says so in Snapshot.Mixed; one with
// LoadRequest.Lock locks the account until the transaction ends.
//
// Calls on the store must not overlap with what the host does with tx by itself. Several
// goroutines, and several stores that are bound to tx, take turns.
func Bind(tx pgx.Tx) storage.Store {
	b := &bound{tx: tx, engine: engine{limits: limits, bound: true}}
	b.limits.Calls = 1
	b.engine.database = b
	return b
}

// savepoint is the name of that of a call. It is none that a host would take: on some
// servers a savepoint replaces one of its name.
const savepoint = "loyaltykit_call"

// bound is a store in a transaction of the host.
type bound struct {
	engine
	tx pgx.Tx
	mu sync.Mutex
}

var (
	_ storage.Store   = (*bound)(nil)
	_ storage.Bound   = (*bound)(nil)
	_ storage.Limiter = (*bound)(nil)
	_ storage.Totaler = (*bound)(nil)
)

// InTransaction marks the store as bound.
func (b *bound) InTransaction() {}

func (b *bound) commit(ctx context.Context, t *trip) error { return b.inSavepoint(ctx, t) }

func (b *bound) commitOne(ctx context.Context, t *trip) error { return b.inSavepoint(ctx, t) }

func (b *bound) read(ctx context.Context, t *trip) error { return b.inSavepoint(ctx, t) }

func (b *bound) snapshot(ctx context.Context, t *trip) error { return b.inSavepoint(ctx, t) }

func (b *bound) inSavepoint(ctx context.Context, t *trip) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	done, err := turns.Take(ctx, b.tx)
	if err != nil {
		return err
	}
	defer done()
	ctx, stop := linger.Context(ctx)
	defer stop()
	_, err = t.within("savepoint "+savepoint, "release savepoint "+savepoint, "").send(ctx, b.tx)
	if err == nil || errors.Is(err, pgx.ErrTxClosed) {
		return err // one that has ended is not to be run again
	}
	_, undone := b.tx.Exec(ctx, "rollback to savepoint "+savepoint+"; release savepoint "+savepoint,
		pgx.QueryExecModeSimpleProtocol)
	if v := judge(err); undone != nil || v == again && meaning(err) != sqlstate.Unserved || v == lost {
		return fmt.Errorf("%w: %w", storage.ErrRetryTransaction, errors.Join(err, undone))
	}
	return err
}

func (b *bound) wait(ctx context.Context, _ int) error { return ctx.Err() }
