package loyalty

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/storage"
)

// DueOptions says how RunDue works; nil and the zero value are good defaults.
type DueOptions struct {
	// Limit bounds the accounts that one call visits, besides those that it skips; 0
	// is no bound.
	Limit int
	// RetryAfter is how long an account whose settlement failed is left alone; 0
	// is an hour.
	RetryAfter time.Duration
	// Progress, if not nil, is called after every page.
	Progress func(DueReport)
}

// DueReport says what one RunDue did.
type DueReport struct {
	// Visited counts accounts that were due, Settled those that are no longer.
	Visited int
	Settled int
	// Skipped counts accounts that stay due, because they hold records of kinds
	// that this engine does not know.
	Skipped int
	// Failed holds an error for each account whose settlement failed, at most 100.
	Failed []error
	// More is set where Limit stopped the run.
	More bool
}

// duePage is how many accounts RunDue settles in one round.
const duePage = 256

// RunDue books what time has made true: pending points that matured, points
// that expired, holds and feature records whose deadline came. What it books holds
// already when it has not run, since every read and every command looks at the time;
// so it may run seldom, by several workers at once, and be stopped at any moment.
// Every night is enough for most. Reminders, and stock and limits that a reservation gives
// back, wait for it: where these are short, run it often.
//
// While one page of accounts is written, the next is decided. An account whose
// settlement fails is reported, tried again later, and stops no other.
func (e *Engine) RunDue(ctx context.Context, options *DueOptions) (DueReport, error) {
	var o DueOptions
	if options != nil {
		o = *options
	}
	if o.RetryAfter == 0 {
		o.RetryAfter = time.Hour
	}
	r := &dueRun{engine: e, ctx: ctx, options: &o, now: instant(e.options.Clock())}
	r.stream = newStream(ctx, e, &AllOptions{Group: duePage}, r.settled)
	err := r.run()
	r.stream.stop()
	r.tell()
	if err := cmp.Or(err, ctx.Err()); err != nil {
		return r.report, fmt.Errorf("loyalty: run due: %w", err)
	}
	return r.report, nil
}

// dueRun is one RunDue at work.
type dueRun struct {
	engine  *Engine
	ctx     context.Context //nolint:containedctx // it lives within one call of RunDue
	options *DueOptions
	now     time.Time
	stream  *stream
	report  DueReport
	// taken counts the accounts that were listed, and told those that Progress knows of.
	taken, told int
}

// run lists what is due, page by page, and lets the stream settle it.
func (r *dueRun) run() error {
	if err := r.engine.writeRevisions(r.ctx); err != nil {
		return err
	}
	query := storage.AccountQuery{Program: r.engine.program, DueBy: r.now}
	for {
		if query.Limit = r.room(); query.Limit == 0 {
			r.report.More = true
			return nil
		}
		page, err := r.engine.store.Accounts(r.ctx, query)
		if err != nil {
			return err
		}
		for i := range page.Items {
			r.taken++
			c := r.engine.dueCall(page.Items[i].Member, r.now)
			c.cmd.(*settleDue).visits = true
			r.stream.take(c)
			if err := r.ctx.Err(); err != nil {
				return err
			}
		}
		if page.Next == "" {
			r.stream.finish()
			return nil
		}
		query.After = page.Next
	}
}

// room is how many more accounts may be listed. Whether one is skipped is known once it
// was visited.
func (r *dueRun) room() int {
	if r.options.Limit <= 0 {
		return duePage
	}
	if r.taken-r.report.Skipped >= r.options.Limit {
		r.stream.finish()
	}
	return min(duePage, max(0, r.options.Limit-r.taken+r.report.Skipped))
}

// settled notes what came of an account.
func (r *dueRun) settled(c *call) bool {
	r.report.Visited++
	switch {
	case c.err == nil && c.cmd.(*settleDue).skipped:
		r.report.Skipped++
	case c.err == nil:
		r.report.Settled++
	default:
		r.failed(c)
	}
	if r.report.Visited-r.told >= duePage {
		r.tell()
	}
	return true
}

func (r *dueRun) tell() {
	if r.options.Progress != nil && (r.told == 0 || r.told < r.report.Visited) {
		r.options.Progress(r.report)
	}
	r.told = r.report.Visited
}

func (r *dueRun) failed(c *call) {
	if len(r.report.Failed) < 100 {
		r.report.Failed = append(r.report.Failed, c.wrap(c.err))
	}
	for _, passing := range []error{errNotStored, ErrOutcomeUnknown, ErrContention} {
		if errors.Is(c.err, passing) {
			return
		}
	}
	if r.ctx.Err() != nil {
		return
	}
	retry := r.engine.dueCall(c.plan.Member, r.now)
	retry.cmd.(*settleDue).retryAt = instant(r.now.Add(r.options.RetryAfter))
	r.engine.run(r.ctx, []*call{retry})
}

// dueCall is the call that settles one account and does nothing else.
func (e *Engine) dueCall(member string, now time.Time) *call {
	c := &call{cmd: &settleDue{bound: e.options.OpenLots}, typ: settleType, now: now}
	c.plan = Plan{Member: member, Key: storage.ReservedPrefix + "due"}
	c.openLots = e.options.OpenLots + settleSteps + 1
	return c
}

// defaultDueLimit is how much of each sort that is due a load brings unless it is
// asked for more, at most maxDueLimit.
const (
	defaultDueLimit = 100
	maxDueLimit     = 1 << 20
)

// loadMore makes the next load bring more of what is due.
func (c *call) loadMore() error {
	if c.dueLimit = 8 * max(c.dueLimit, defaultDueLimit); c.dueLimit > maxDueLimit {
		return fmt.Errorf("%w: more than %d lots or records are due at once", ErrTooLarge, maxDueLimit/8)
	}
	return nil
}

// settleMember settles an account by as many commits as it takes. It returns how
// much that is due a load must be asked for to see what is left.
func (e *Engine) settleMember(ctx context.Context, member string, now time.Time) (int, error) {
	c := e.dueCall(member, now)
	e.run(ctx, []*call{c})
	return c.dueLimit, c.err
}

// settleDue settles an account. It is no command of a caller and leaves no
// operation but those of the settle steps, unless the account's DueAt must move.
type settleDue struct {
	// bound is how many open lots are left alone.
	bound   int
	retryAt time.Time
	skipped bool
	// visits is set where merges and erasures are to be finished too.
	visits bool
}

// Plan implements Command; the engine makes the plan itself.
func (s *settleDue) Plan() Plan { return Plan{} }

// Apply implements Command; the engine settles without it.
func (s *settleDue) Apply(context.Context, *Tx) error { return nil }

// answer implements stepper. Batches that were decided are committed even where
// more is due than one load brings.
func (s *settleDue) answer(d *deciding, c *call, a *account, now time.Time) (*Receipt, error) {
	if !a.exists {
		return &Receipt{}, nil
	}
	s.skipped = false
	if !s.retryAt.IsZero() {
		return d.touch(c, a, now, s.retryAt)
	}
	if life, err := a.life(); err != nil || s.visits && life.unfinished() {
		return nil, cmp.Or(err, errUnfinished)
	}
	before, stored := len(d.batches), a.row.DueAt
	err := d.settle(c, a, now)
	if errors.Is(err, errBacklog) {
		if len(d.batches) > before {
			c.more = true
			return &Receipt{}, nil
		}
		// What falls due at one instant, or records of kinds that this engine does not
		// know, crowd out the rest.
		if err := c.loadMore(); err != nil {
			return nil, err
		}
		return nil, errStale
	}
	if err != nil {
		return nil, err
	}
	if err := d.restand(c, a, now); err != nil {
		return nil, err
	}
	if merged, err := d.consolidateBatch(c, a, now, s.bound); merged || err != nil {
		c.more = err == nil
		return &Receipt{}, err
	}
	s.skipped = !a.row.DueAt.After(now)
	if len(d.batches) == before && a.row.DueAt.After(stored) {
		return d.touch(c, a, now, time.Time{})
	}
	return &Receipt{}, nil
}

// touch writes an operation without entries, to move DueAt or RetryAt.
func (d *deciding) touch(c *call, a *account, now, retryAt time.Time) (*Receipt, error) {
	tx, err := d.systemTx(c, a, settleType, now)
	if err != nil {
		return nil, err
	}
	tx.retryAt = retryAt
	return d.seal(c, tx)
}
