package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/loyaltykit/loyaltykit/storage/internal/linger"
	"github.com/loyaltykit/loyaltykit/storage/internal/sqlstate"
)

// pool are the sessions of a store on a server: each takes a connection of the
// host's and gives it back.
type pool struct {
	db      *sql.DB
	grammar *grammar
	seed    maphash.Seed
	pauses  atomic.Int64
	// spread is set where each statement must be one table's; see Options.Spread.
	spread bool
	// blocks tells whether the server takes blocks; nil until it was asked.
	blocks atomic.Pointer[bool]

	mu       sync.Mutex
	closed   bool
	flight   sync.WaitGroup
	prepared map[string]*sql.Stmt
	wanted   map[string]struct{}
}

const (
	// tries is how often a transaction is run that the database undoes because of others,
	// for about a second in all; reconnects is how often where it is the connection that fails.
	// Where transactions are serializable, small tables make those of different members
	// meet again and again.
	tries      = 20
	reconnects = 12
	// firstPause and lastPause bound what is waited in between, which doubles.
	firstPause = time.Millisecond
	lastPause  = 64 * time.Millisecond
)

// mostPrepared is how many statements are prepared at most, on each connection.
// Servers bound their number on all connections together.
const mostPrepared = 256

func newPool(db *sql.DB, g *grammar, spread bool) *pool {
	return &pool{
		db: db, grammar: g, spread: spread, seed: maphash.MakeSeed(),
		prepared: map[string]*sql.Stmt{}, wanted: map[string]struct{}{},
	}
}

// errUnknown says that the connection was lost while the transaction committed.
var errUnknown = errors.New("the connection was lost during COMMIT, so that the outcome is unknown")

// errUndone says that the database has undone the transaction as often as it was
// tried.
var errUndone = errors.New("the database undid the transaction because of others")

// write runs work in a transaction, again where the database undoes it because of
// others or loses it before its commit.
func (p *pool) write(ctx context.Context, do work) error {
	return p.run(ctx, func(ctx context.Context) error {
		inBlocks := p.takesBlocks(ctx)
		return p.transact(ctx, nil, func(ctx context.Context, s *session) error {
			s.inBlocks = inBlocks
			return do(ctx, s)
		})
	})
}

// read runs work in a transaction that sees one state of the database.
func (p *pool) read(ctx context.Context, do work) error {
	snapshot := &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	return p.run(ctx, func(ctx context.Context) error { return p.transact(ctx, snapshot, do) })
}

func (p *pool) load(ctx context.Context, do work) error { return p.read(ctx, do) }

// glance runs work on any connections, each statement by itself.
func (p *pool) glance(ctx context.Context, do work) error {
	return p.run(ctx, func(ctx context.Context) error {
		return do(ctx, &session{grammar: p.grammar, on: &prepared{pool: p, on: p.db}, unsteady: true})
	})
}

// run tries until it works, the error is final, or the context is done.
func (p *pool) run(ctx context.Context, try func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := p.enter(); err != nil {
		return err
	}
	defer p.flight.Done()
	defer p.prepareWanted(ctx)
	idle := -1 // how many more connections may be as worn as the first that was; -1 before it
	for n := 1; ; n++ {
		err := try(ctx)
		if err == nil || errors.Is(err, errRefused) || errors.Is(err, errUnknown) {
			return err
		}
		most := tries
		switch p.grammar.fails(err) {
		case taken:
			return fmt.Errorf("%w: %w", errRefused, err)
		case lost:
			most = reconnects
			if worn(err) {
				if idle < 0 {
					idle = p.db.Stats().Idle
				}
				if idle > 0 {
					idle, n = idle-1, n-1
					continue
				}
			}
		case again:
		default:
			return err
		}
		if n >= most {
			return fmt.Errorf("%w %d times: %w", errUndone, n, err)
		}
		if stopped := p.pause(ctx, n); stopped != nil {
			return fmt.Errorf("%w after %w", stopped, err)
		}
	}
}

// worn reports that a connection was bad before anything was sent, or its server only reads.
// It is out of the pool, where others may be as old.
func worn(err error) bool { return errors.Is(err, driver.ErrBadConn) || readOnly(err) }

// pause waits before a transaction is tried again: longer each time, and not the
// same time as others that met it.
func (p *pool) pause(ctx context.Context, n int) error {
	longest := min(firstPause<<(n-1), lastPause)
	var h maphash.Hash
	h.SetSeed(p.seed)
	maphash.WriteComparable(&h, p.pauses.Add(1))
	wait := longest/2 + time.Duration(h.Sum64()%uint64(longest/2)) //nolint:gosec // positive and below a second
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// transact runs work in one transaction. After any error it is rolled back, never
// committed: a server that has undone it by itself would commit nothing, and say
// that it worked.
//
// The context counts until COMMIT. From there on the transaction is carried to its
// end, for as long as linger says: an answer is worth waiting for, since without it
// the outcome is unknown.
func (p *pool) transact(ctx context.Context, opts *sql.TxOptions, do work) (err error) {
	inside, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	follow := context.AfterFunc(ctx, cancel)
	defer follow()
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return orDone(ctx, err)
	}
	goesOn := false
	defer func() {
		if goesOn {
			go giveBack(conn, nil) // which waits for the answer
			return
		}
		giveBack(conn, err)
	}()
	tx, err := conn.BeginTx(inside, opts)
	if err != nil {
		return orDone(ctx, err)
	}
	ended := false
	defer func() {
		if !ended {
			_ = tx.Rollback() // what it returns says nothing about the work
		}
	}()
	s := &session{grammar: p.grammar, on: &prepared{pool: p, on: tx, tx: tx}}
	if err := do(inside, s); err != nil {
		return orDone(ctx, err)
	}
	if !follow() {
		return ctx.Err()
	}
	ended = true
	goesOn, err = commitWithin(ctx, tx, cancel)
	if err != nil && opts == nil && p.grammar.commitFails(err) == lost {
		return fmt.Errorf("%w: %w", errUnknown, err)
	}
	return err
}

// commitWithin commits, and waits for the answer a moment longer than the context lasts.
// Not every driver's COMMIT has a context: one may go on, with its connection.
func commitWithin(ctx context.Context, tx *sql.Tx, cancel context.CancelFunc) (goesOn bool, err error) {
	lingering, stop := linger.Context(ctx)
	defer stop()
	if lingering.Done() == nil {
		return false, tx.Commit()
	}
	answer := make(chan error, 1)
	go func() { answer <- tx.Commit() }()
	select {
	case err := <-answer:
		return false, err
	case <-lingering.Done():
		select {
		case err := <-answer: // both are there
			return false, err
		default:
		}
		cancel()
		return true, lingering.Err()
	}
}

// once runs work that is one statement, which stores by itself, again where the
// database has not stored it because of others. Where its answer is lost the outcome is
// unknown.
func (p *pool) once(ctx context.Context, do work) error {
	return p.run(ctx, func(ctx context.Context) (err error) {
		conn, err := p.db.Conn(ctx)
		if err != nil {
			return orDone(ctx, err)
		}
		defer func() { giveBack(conn, err) }()
		lingering, stop := linger.Context(ctx)
		defer stop()
		err = do(lingering, &session{grammar: p.grammar, on: conn})
		switch {
		case err == nil, errors.Is(err, errRefused), errors.Is(err, driver.ErrBadConn):
			return err // a connection that drivers call bad has sent nothing
		case p.grammar.fails(err) == lost && sqlstate.Of(sqlState(err)) != sqlstate.Unserved, lingering.Err() != nil:
			return fmt.Errorf("%w: %w", errUnknown, err)
		}
		return err
	})
}

// giveBack gives a connection back after a call. Where its server takes no writes, as one
// that another has taken the place of, the pool closes it: the next may lead elsewhere.
func giveBack(conn *sql.Conn, err error) {
	if err != nil && readOnly(err) {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	_ = conn.Close() // of one that is closed, too
}

// orDone returns the context's error where that is the cause.
func orDone(ctx context.Context, err error) error {
	if done := ctx.Err(); done != nil {
		return fmt.Errorf("%w: %w", done, withoutTree{err})
	}
	return err
}

// withoutTree keeps the text of an error that is the consequence of another.
type withoutTree struct{ err error }

func (w withoutTree) Error() string { return w.err.Error() }

func (p *pool) enter() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	p.flight.Add(1)
	return nil
}

// close waits for calls in flight and closes the prepared statements.
func (p *pool) close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.flight.Wait()
	var errs []error
	for _, stmt := range p.prepared {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(errs...)
}

// statement returns the prepared statement of a text, or nil and notes that it is
// wanted: to prepare it while a transaction holds a connection could wait for ever.
func (p *pool) statement(text string) *sql.Stmt {
	if !p.grammar.prepares {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	stmt := p.prepared[text]
	if stmt == nil && len(p.prepared)+len(p.wanted) < mostPrepared {
		p.wanted[text] = struct{}{}
	}
	return stmt
}

// prepareWanted prepares what was wanted. That it fails does no harm: the text is
// sent whole, and wanted again.
func (p *pool) prepareWanted(ctx context.Context) {
	p.mu.Lock()
	wanted := p.wanted
	if len(wanted) > 0 {
		p.wanted = map[string]struct{}{}
	}
	p.mu.Unlock()
	for text := range wanted {
		stmt, err := p.db.PrepareContext(ctx, text)
		if err != nil {
			return
		}
		p.mu.Lock()
		before := p.prepared[text]
		if before == nil {
			p.prepared[text] = stmt
		}
		p.mu.Unlock()
		if before != nil {
			_ = stmt.Close() //nolint:sqlclosecheck // another call was faster, and this is in a loop
		}
	}
}

// prepared runs statements by their prepared form where there is one.
type prepared struct {
	pool *pool
	on   queryer
	// tx is nil outside a transaction.
	tx *sql.Tx
}

func (p *prepared) statement(ctx context.Context, text string) *sql.Stmt {
	stmt := p.pool.statement(text)
	if stmt == nil || p.tx == nil {
		return stmt
	}
	return p.tx.StmtContext(ctx, stmt)
}

// ExecContext executes a statement.
func (p *prepared) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	if stmt := p.statement(ctx, text); stmt != nil { //nolint:sqlclosecheck // the pool closes it
		return stmt.ExecContext(ctx, args...)
	}
	return p.on.ExecContext(ctx, text, args...)
}

// QueryContext runs a query.
func (p *prepared) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if stmt := p.statement(ctx, text); stmt != nil { //nolint:sqlclosecheck // the pool closes it
		return stmt.QueryContext(ctx, args...)
	}
	return p.on.QueryContext(ctx, text, args...)
}
