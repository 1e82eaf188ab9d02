package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/internal/sqlstate"
)

// together is how often the batches of one transaction are written together, without
// those that cannot be stored, before each gets a transaction of its own.
const together = 3

// Commit stores batches, each with its own outcome: all of them in one transaction
// and one round trip, where they fit.
//
// Batches nearly always succeed, so they are written without a look. Each statement
// fails where it does not find what it expects. Then all is rolled back, a look says
// which batches cannot be stored, and the rest is written again.
func (e *engine) Commit(ctx context.Context, batches []storage.Batch) ([]storage.Outcome, error) {
	for i := range batches {
		if err := batches[i].Validate(); err != nil {
			return nil, fmt.Errorf("postgres: commit batch %d of %d: %w", i+1, len(batches), err)
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("postgres: commit: %w", err)
	}
	c := &committing{engine: e, batches: batches, outcomes: make([]storage.Outcome, len(batches))}
	for from := 0; from < len(batches); {
		to := c.fill(from)
		if err := c.store(ctx, c.pending(from, to)); err != nil {
			if !c.stored() || e.bound {
				return nil, fmt.Errorf("postgres: commit: %w", err)
			}
			c.end(c.pending(0, len(batches)), storage.Outcome{Status: storage.Unknown, Err: err})
			break
		}
		from = to
	}
	return c.outcomes, nil
}

// committing is one call of Commit at work. An outcome without a status is open.
type committing struct {
	engine   *engine
	batches  []storage.Batch
	outcomes []storage.Outcome
}

// fill returns how far a transaction that begins at a batch goes, and marks those
// that are too large. A batch that scrubs has a transaction to itself, so that it
// need not be told what others write there.
func (c *committing) fill(from int) int {
	rows, size := 0, 0
	for i := from; i < len(c.batches); i++ {
		batch := &c.batches[i]
		n, bytes := batch.Rows(), batch.Bytes()
		if n > maxRows || bytes > maxBatch {
			c.outcomes[i].Status = storage.TooLarge
			continue
		}
		rows, size = rows+n, size+bytes
		if rows > n && (rows > maxRows || size > maxBytes || scrubs(batch)) {
			return i
		}
		if scrubs(batch) {
			return i + 1
		}
	}
	return len(c.batches)
}

func scrubs(batch *storage.Batch) bool {
	for i := range batch.Legs {
		s := &batch.Legs[i].Scrub
		if len(s.Operations)+len(s.Records)+len(s.Events) > 0 {
			return true
		}
	}
	return false
}

// pending returns the batches without an outcome.
func (c *committing) pending(from, to int) []int {
	var open []int
	for i := from; i < to; i++ {
		if c.outcomes[i].Status == 0 {
			open = append(open, i)
		}
	}
	return open
}

// stored reports whether a batch is stored, or may be.
func (c *committing) stored() bool {
	return slices.ContainsFunc(c.outcomes, func(o storage.Outcome) bool {
		return o.Status == storage.OK || o.Status == storage.Unknown
	})
}

// store gives each of some batches its outcome. They are written together for a
// number of tries, each without what cannot be stored, then one by one.
func (c *committing) store(ctx context.Context, open []int) error {
	if c.broken(open) {
		var err error
		if open, err = c.look(ctx, open); err != nil {
			return err
		}
	}
	for try := 1; len(open) > 0; try++ {
		err := c.write(ctx, open)
		if err == nil {
			c.end(open, storage.Outcome{Status: storage.OK})
			return nil
		}
		if doubt, ok := errors.AsType[*inDoubt](err); ok {
			c.end(open, storage.Outcome{Status: storage.Unknown, Err: doubt.error})
			return nil
		}
		verdict := judge(err)
		switch {
		case len(open) > 1 && (errors.Is(err, errApart) || try > together):
			return c.apart(ctx, open)
		case verdict != refused && verdict != again || errors.Is(err, storage.ErrRetryTransaction),
			c.engine.bound && meaning(err) == sqlstate.Unserved:
			return err
		}
		if open, err = c.retry(ctx, open, try, err); err != nil {
			return err
		}
	}
	return nil
}

// retry returns the batches that can be written again after an error. Of those that
// cannot, the outcome is known.
func (c *committing) retry(ctx context.Context, open []int, try int, why error) ([]int, error) {
	if try > 1 && c.engine.database.wait(ctx, try) != nil {
		return nil, why
	}
	rest, err := c.look(ctx, open)
	switch {
	case err != nil || len(rest) < len(open):
		return rest, err
	case foreign(why) && (c.engine.bound || try > together):
		return nil, why
	case c.engine.bound:
		// What stands in the way is hidden from this transaction.
		return nil, fmt.Errorf("%w: %w", storage.ErrRetryTransaction, why)
	case len(rest) == 1 && try > persistence:
		c.end(rest, storage.Outcome{Status: storage.Conflict, Err: why})
		return nil, nil
	}
	return rest, nil
}

func (c *committing) apart(ctx context.Context, open []int) error {
	for i := range open {
		if err := c.store(ctx, open[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

func (c *committing) end(open []int, outcome storage.Outcome) {
	for _, i := range open {
		c.outcomes[i] = outcome
	}
}
