package loyalty

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// deciding is one round over a group of calls: what was loaded for them, their
// common working state, and the batches that they made.
type deciding struct {
	engine   *Engine
	ctx      context.Context //nolint:containedctx // a round lives within one call of run and its context is that of the round's store calls
	store    storage.Store
	accounts map[string]*account
	claims   map[storage.ClaimKey]claimed
	counters map[storage.CounterKey]counted
	// noted is what the current call changed of claims and counters, to undo it.
	noted   []noted
	batches []storage.Batch
	owners  []*call
	// batchSpace and ownerSpace are room for the batch of a call without a settlement.
	batchSpace [1]storage.Batch
	ownerSpace [1]*call
	// rests collects the earlier calls that the current one's answer rests on.
	rests []*call
	// alone is set where the round has one call, which may then read more.
	alone      bool
	wantsAlone bool
	quote      bool
}

func (d *deciding) load(ctx context.Context, requests []storage.LoadRequest) ([]storage.Snapshot, error) {
	d.engine.observer.Load(len(requests))
	snaps, err := d.store.Load(ctx, requests)
	if err != nil {
		return nil, err
	}
	if len(snaps) != len(requests) {
		return nil, fmt.Errorf("loyalty: the store answered %d of %d requests", len(snaps), len(requests))
	}
	return snaps, nil
}

// verdict is how a round decided one call.
type verdict uint8

const (
	undecided verdict = iota
	// accepted calls have batches to commit.
	accepted
	// answered calls have a refusal or a replay.
	answered
	// stale calls are decided again with a fresh load.
	stale
	// moved calls are now about another account, and decided again with its rows.
	moved
	// lonely calls are decided again by themselves.
	lonely
	// backlogged calls wait for a long settlement of one of their accounts.
	backlogged
	// unfinished calls wait for a merge or erasure that was decided before.
	unfinished
	// gathers marks calls that need more lots than one commit takes.
	gathers
)

// stepper is what the engine asks of itself: a call that answers without Apply.
type stepper interface {
	answer(d *deciding, c *call, a *account, now time.Time) (*Receipt, error)
}

// decide decides one call on the working state. A call that is not accepted
// leaves the state as it was.
func (d *deciding) decide(c *call) {
	d.rests, d.noted, d.wantsAlone = nil, d.noted[:0], false
	c.later = false
	accounts := make([]*account, 0, storage.MaxLegs)
	for i := range c.accounts() {
		accounts = append(accounts, d.accounts[c.member(i)])
	}
	saved := make([]account, 0, storage.MaxLegs)
	for _, a := range accounts {
		saved = append(saved, *a)
		if a.last != nil {
			d.rests = append(d.rests, a.last)
		}
	}
	batches := len(d.batches)
	receipt, err := d.answer(c, accounts)
	if before, used := errors.AsType[*elsewhere](err); used {
		receipt, err = before.receipt, nil
	}
	c.rests = slices.DeleteFunc(d.rests, func(before *call) bool { return before == c })
	if err == nil && receipt != nil && !receipt.Replayed {
		c.receipt, c.err, c.verdict = receipt, nil, accepted
		for _, a := range accounts {
			a.last = c
		}
		return
	}
	d.batches, d.owners = d.batches[:batches], d.owners[:batches]
	d.forget()
	for i, a := range accounts {
		*a = saved[i]
	}
	switch {
	case d.wantsAlone:
		c.verdict = lonely
	case errors.Is(err, errStale):
		c.verdict = stale
	case errors.Is(err, errMoved):
		c.verdict = moved
	case errors.Is(err, errUnfinished):
		c.verdict = unfinished
	case errors.Is(err, errGather) && !d.quote:
		c.verdict = gathers
	case errors.Is(err, errBacklog):
		c.verdict = backlogged
	default:
		c.receipt, c.err, c.verdict = receipt, err, answered
	}
}

// answer replays, or settles and applies, and seals what came of it.
func (d *deciding) answer(c *call, accounts []*account) (*Receipt, error) {
	main := accounts[0]
	if s, ok := c.cmd.(stepper); ok {
		now := instant(c.now)
		for _, a := range accounts {
			if a.exists && a.row.RecordedAt.After(now) {
				now = a.row.RecordedAt
			}
		}
		return s.answer(d, c, main, now)
	}
	if receipt, err := d.before(c, main); receipt != nil || err != nil {
		return receipt, err
	}
	if err := d.lives(c, accounts); err != nil {
		return nil, err
	}
	now := instant(c.now)
	for _, a := range accounts {
		if a.exists && a.row.RecordedAt.After(now) {
			now = a.row.RecordedAt
		}
	}
	occurred := now
	if !c.plan.OccurredAt.IsZero() {
		occurred = instant(c.plan.OccurredAt)
		if occurred.After(now.Add(d.engine.options.Skew)) {
			return nil, fmt.Errorf("%w: %w", ErrNotYet, invalid("occurredAt", "is %s, after now (%s)", occurred.Format(time.RFC3339), now.Format(time.RFC3339)))
		}
		if occurred.After(now) {
			occurred = now
		}
	}
	for _, a := range accounts {
		if a.exists && now.After(instant(c.now)) && !a.bound.After(now) {
			// A party's recorded time is ahead of the clock, and more than was
			// loaded may be due by then.
			c.now = now
			return nil, errStale
		}
		if err := d.settle(c, a, now); err != nil {
			return nil, err
		}
		if err := d.restand(c, a, now); err != nil {
			return nil, err
		}
	}
	tx, err := d.newTx(c, &c.plan, now, occurred)
	if err != nil {
		return nil, err
	}
	if err := d.apply(c, tx); err != nil {
		return nil, err
	}
	if err := cmp.Or(tx.failed, tx.refusal); err != nil {
		return nil, err
	}
	_ = tx.postpone() // It is remembered as the Tx's failure.
	if tx.failed == nil {
		if err := tx.guard(); err != nil {
			if c.asksFor(d, tx) {
				return nil, errStale // what is claimed already is refused as that
			}
			return nil, err
		}
	}
	if tx.failed == nil {
		_ = tx.decideStandings() // It is remembered as the Tx's failure.
	}
	if tx.failed == nil && len(d.engine.kept.idle) > 0 {
		_ = tx.noteActivity() // It is remembered as the Tx's failure.
	}
	if tx.failed != nil {
		return nil, tx.failed
	}
	if d.quote && c.asksFor(d, tx) {
		return nil, errStale
	}
	return d.seal(c, tx)
}

// before answers a call whose key was used before.
func (d *deciding) before(c *call, main *account) (*Receipt, error) {
	life, err := main.life()
	if err != nil || life.erased() {
		if _, erases := c.cmd.(eraser); err == nil && erases {
			return erasedBefore(c, main), nil
		}
		return nil, errors.Join(err, fmt.Errorf("%w: %s", ErrErased, whose(main.id)))
	}
	op := main.operation(c.plan.Key)
	if op == nil {
		return nil, nil
	}
	if life != nil && life.Into != "" {
		survivor, err := d.engine.living(d.ctx, life.Into)
		if errors.Is(err, ErrErased) {
			err = fmt.Errorf("%w: %s", err, whose(survivor))
		}
		if err != nil {
			return nil, err
		}
	}
	return replay(c, op)
}

// apply runs the command's Apply on enrolled members.
func (d *deciding) apply(c *call, tx *Tx) error {
	if !tx.Enrolled() && !tx.plan.isHouse(tx.row.Member) {
		if _, enrolls := c.cmd.(enroller); !enrolls {
			return ErrNotEnrolled
		}
	}
	opens, _ := c.cmd.(opener)
	for _, other := range tx.parties[1:] {
		if !other.Enrolled() && !tx.plan.isHouse(other.row.Member) && (opens == nil || opens.opens() != other.row.Member) {
			return fmt.Errorf("%w: %s", ErrNotEnrolled, whose(other.row.Member))
		}
	}
	if err := d.guard(c, func(ctx context.Context) error { return c.cmd.Apply(ctx, tx) }); err != nil {
		return err
	}
	for _, p := range tx.parties {
		if !p.Enrolled() && tx.plan.isHouse(p.row.Member) {
			return fmt.Errorf("%w: %s is a house that no command opened", ErrNotEnrolled, whose(p.row.Member))
		}
	}
	return nil
}

// guard runs code that is not the engine's own, and turns a panic into an error.
func (d *deciding) guard(c *call, run func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", ErrPanicked, p)
			d.engine.options.Logger.Error("loyalty: a command panicked", "command", c.typ, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	return run(context.WithValue(d.ctx, insideApply{}, true))
}

// insideApply marks the context of an Apply or Settle, where the engine must not
// be called.
type insideApply struct{}

// enroller is implemented by commands that may open the account they are about.
type enroller interface{ enrolls() }

// opener is implemented by commands that open another account, of the id.
type opener interface{ opens() string }

func replay(c *call, op *storage.Operation) (*Receipt, error) {
	if !bytes.Equal(op.Fingerprint, c.fingerprint[:]) {
		return nil, fmt.Errorf("%w: %q was %s at %s", ErrKeyReused, op.Key, op.Type, op.RecordedAt.Format(time.RFC3339))
	}
	receipt, err := receiptOf(op)
	if err != nil {
		return nil, err
	}
	receipt.Replayed = true
	return receipt, nil
}

// receiptOf reads an operation's receipt. Where it was pruned, what the row still
// tells is the receipt.
func receiptOf(op *storage.Operation) (*Receipt, error) {
	if len(op.Receipt) == 0 {
		return &Receipt{
			Command: op.Type, Program: op.Program, Member: op.Member, Key: op.Key, Version: op.Version,
			Reference: op.Reference, OccurredAt: op.OccurredAt, RecordedAt: op.RecordedAt,
		}, nil
	}
	var receipt Receipt
	if err := json.Unmarshal(op.Receipt, &receipt); err != nil {
		return nil, fmt.Errorf("loyalty: receipt of version %d: %w", op.Version, err)
	}
	return &receipt, nil
}

// nextDueAt is when something falls due next: the earliest of what is known and
// the bound of what is not.
func nextDueAt(bound time.Time, lots []points.Lot, records []record) time.Time {
	due := bound
	for i := range lots {
		if at := lots[i].DueAt(); at.Before(due) {
			due = at
		}
	}
	for i := range records {
		if r := &records[i]; r.exists && r.row.DueAt.Before(due) {
			due = r.row.DueAt
		}
	}
	return due
}
