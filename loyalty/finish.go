package loyalty

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// unfinished reports whether commits are missing of something that is decided.
func (l *lifeData) unfinished() bool {
	return l != nil && (len(l.Moving) > 0 || l.Scrubbing || l.Dissolving)
}

// closeOut carries out what a call has decided, before its caller is answered. What
// it does not reach is carried out by the next command on the member, or RunDue.
func (e *Engine) closeOut(ctx context.Context, c *call) {
	err := e.finishAll(ctx, c)
	if c.later && err == nil {
		_, err = e.settleMember(ctx, c.plan.Member, c.now)
	}
	if err != nil {
		e.options.Logger.Warn("loyalty: a command is decided, the rest of it will be done later",
			"command", c.typ, "member", c.plan.Member, "error", err)
	} else if r, ok := c.cmd.(reporter); ok {
		if err := r.report(ctx, e, c); err != nil {
			e.options.Logger.Warn("loyalty: a command is done, and could not be reported", "command", c.typ, "error", err)
		}
	}
	c.finish(c.receipt, nil)
}

// reporter is implemented by commands whose answer is known once all is done.
type reporter interface {
	report(ctx context.Context, e *Engine, c *call) error
}

// ahead reports whether an account's recorded time is ahead of the clock, so that more
// may be due by then than was loaded; the call is then decided again at that time.
func (c *call) ahead(now time.Time, accounts ...*account) bool {
	for _, a := range accounts {
		if a.exists && now.After(instant(c.now)) && !a.bound.After(now) {
			c.now = now
			return true
		}
	}
	return false
}

// finishAll finishes what is decided of every account of a call.
func (e *Engine) finishAll(ctx context.Context, c *call) error {
	for i := range c.accounts() {
		if err := e.finishMember(ctx, c.member(i), c.now); err != nil {
			return err
		}
	}
	return nil
}

// finishMember finishes what is decided of one account.
func (e *Engine) finishMember(ctx context.Context, member string, now time.Time) error {
	life, err := e.lifeOf(ctx, member)
	if err != nil || life == nil {
		return err
	}
	for _, other := range life.Moving {
		if err := e.finishMoving(ctx, member, other, now); err != nil {
			return fmt.Errorf("merge of %q and %q: %w", member, other, err)
		}
	}
	if life.Scrubbing {
		if err := e.scrub(ctx, member, now); err != nil {
			return fmt.Errorf("erase %q: %w", member, err)
		}
	}
	if life.Dissolving {
		if err := e.dissolve(ctx, member, now); err != nil {
			return fmt.Errorf("dissolve %q: %w", member, err)
		}
	}
	return nil
}

// lifeOf loads what became of an account, nil where nothing did.
func (e *Engine) lifeOf(ctx context.Context, member string) (*lifeData, error) {
	return lifeOf(ctx, e.store, e.program, member)
}

func lifeOf(ctx context.Context, store storage.Store, program, member string) (*lifeData, error) {
	snaps, err := store.Load(ctx, []storage.LoadRequest{{Program: program, Member: member}})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNotStored, err)
	}
	if snaps[0].Account == nil {
		return nil, nil
	}
	return (&account{id: member, row: *snaps[0].Account}).life()
}

// finishMoving finishes a merge of two members or its undoing, whichever of them is
// the survivor.
func (e *Engine) finishMoving(ctx context.Context, a, b string, now time.Time) error {
	for _, pair := range [][2]string{{a, b}, {b, a}} {
		into, from := pair[0], pair[1]
		row, exists, err := e.mergeOf(ctx, into, from)
		switch {
		case err != nil:
			return err
		case !exists:
		case row.Status == mergeMoving:
			return e.finishMerge(ctx, from, into, now)
		case row.Status == mergeParting:
			return e.finishParting(ctx, from, into, now)
		}
	}
	return nil
}

func (e *Engine) mergeOf(ctx context.Context, into, from string) (storage.Record, bool, error) {
	snaps, err := e.store.Load(ctx, []storage.LoadRequest{{
		Program: e.program, Member: into, Records: []storage.RecordKey{{Kind: mergeKind, ID: from}},
	}})
	if err != nil {
		return storage.Record{}, false, fmt.Errorf("%w: %w", errNotStored, err)
	}
	if len(snaps[0].Records) == 0 {
		return storage.Record{}, false, nil
	}
	return snaps[0].Records[0], true, nil
}

// finishMerge moves what is left of a merge: gatherings end, then go debts and
// lots, then records, then metrics.
func (e *Engine) finishMerge(ctx context.Context, from, into string, now time.Time) error {
	if err := e.endGatherings(ctx, from, now); err != nil {
		return err
	}
	for _, step := range []*moveStep{{mode: moveLots}, {mode: moveRecords}, {mode: moveMetrics}, {mode: moveDone}} {
		step.from, step.into = from, into
		var err error
		switch step.mode {
		case moveRecords:
			err = e.moveRecords(ctx, step, storage.RecordQuery{Program: e.program, Member: from}, now, step.moves)
		case moveMetrics:
			err = e.moveDays(ctx, step, now)
		default:
			err = e.moveAll(ctx, step, now)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// endGatherings ends what spends of a member have gathered: sold chunks are
// captured, others given back.
func (e *Engine) endGatherings(ctx context.Context, member string, now time.Time) error {
	query := storage.RecordQuery{Program: e.program, Member: member, Kind: gatherKind}
	for row, err := range storage.AllRecords(ctx, e.store, query) {
		if err != nil {
			return err
		}
		if row.Status == erasedState {
			continue
		}
		var state gatherState
		if err := json.Unmarshal(row.Data, &state); err != nil {
			return fmt.Errorf("record %s %q: %w", row.Kind, row.ID, err)
		}
		c := &call{now: now, plan: Plan{Member: member}}
		for more := state.Done < state.Next; more; {
			step := &gatherStep{id: row.ID, mode: releaseChunks}
			if row.Status == gatherSold {
				step.mode = captureChunks
			}
			if err := e.step(ctx, c, step); err != nil {
				return err
			}
			more = step.more
		}
	}
	return nil
}

// moveAll repeats a step until nothing of its sort is left.
func (e *Engine) moveAll(ctx context.Context, step *moveStep, now time.Time) error {
	for step.more = true; step.more; {
		if err := e.move(ctx, step, now); err != nil {
			return err
		}
	}
	return nil
}

// move runs a step in a commit of its own. One that is too large for the store
// is tried with half as much.
func (e *Engine) move(ctx context.Context, step *moveStep, now time.Time) error {
	if step.n == 0 {
		step.n = e.moveSize()
	}
	for {
		c := &call{cmd: step, typ: moveType, now: now}
		c.plan = Plan{Member: step.from, Others: []string{step.into}, Key: storage.ReservedPrefix + moveType}
		c.plan.Records = append(c.plan.Records, RecordRef{Member: step.into, Kind: mergeKind, ID: step.from})
		for _, key := range step.keys[:min(step.n, len(step.keys))] {
			c.plan.Records = append(c.plan.Records, RecordRef{Member: step.source(), Kind: key.Kind, ID: key.ID})
			c.plan.Records = append(c.plan.Records, step.orderRefs(key)...)
		}
		if step.mode == moveLots {
			c.openLots = step.n + 1
		}
		e.run(ctx, []*call{c})
		if !errors.Is(c.err, ErrTooLarge) || step.n == 1 {
			return c.err
		}
		step.n /= 2
	}
}

// moveSize is how many lots or records one commit of a merge moves.
func (e *Engine) moveSize() int { return max(1, min(maxLotsPerCommit, (e.limits.Rows-30)/8)) }

// moveRecords moves the records of a listing that are to be moved.
func (e *Engine) moveRecords(
	ctx context.Context, step *moveStep, query storage.RecordQuery, now time.Time, moves func(*Engine, storage.Record) bool,
) error {
	flush := func(least int) error {
		for len(step.keys) > least {
			n := len(step.keys)
			if err := e.move(ctx, step, now); err != nil {
				return err
			}
			step.keys = step.keys[min(step.n, n):]
		}
		return nil
	}
	for row, err := range storage.AllRecords(ctx, e.store, query) {
		if err != nil {
			return err
		}
		if Moved(row) && !leftPlace(row) || !moves(e, row) {
			continue
		}
		step.keys = append(step.keys, storage.RecordKey{Kind: row.Kind, ID: row.ID})
		if err := flush(e.moveSize()); err != nil {
			return err
		}
	}
	return flush(0)
}

// dayLine is what a day added to a metric, or took from it where it is below 0.
type dayLine struct {
	unit string
	at   time.Time
	n    points.Amount
}
