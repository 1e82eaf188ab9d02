package storagetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// journal is an intact store that keeps all that was stored, so that it can
// begin transactions: a transaction works on a copy, and its writes are stored
// when it commits, unless others came before.
type journal struct {
	storage.Store
	mu  *sync.Mutex
	log []step
}

// step is one write. Done again it must succeed, else it reports why not.
type step func(ctx context.Context, store storage.Store) error

func newJournal() *journal { return &journal{Store: memory.New(), mu: &sync.Mutex{}} }

func (j *journal) Unwrap() storage.Store { return j.Store }

func (j *journal) Commit(ctx context.Context, batches []storage.Batch) ([]storage.Outcome, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	outcomes, err := j.Store.Commit(ctx, batches)
	if err != nil {
		return nil, err
	}
	for i, outcome := range outcomes {
		if outcome.Status == storage.OK {
			j.log = append(j.log, commitAgain(clone(batches[i])))
		}
	}
	return outcomes, nil
}

func commitAgain(batch storage.Batch) step {
	return func(ctx context.Context, store storage.Store) error {
		outcome, err := commitOne(ctx, store, batch)
		if err == nil && outcome.Status != storage.OK {
			err = fmt.Errorf("%w: %v", storage.ErrRetryTransaction, outcome.Status)
		}
		return err
	}
}

func (j *journal) write(ctx context.Context, s step) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := s(ctx, j.Store); err != nil {
		return err
	}
	j.log = append(j.log, s)
	return nil
}

func (j *journal) Ack(ctx context.Context, program string, events []storage.EventID) error {
	events = slices.Clone(events)
	return j.write(ctx, func(ctx context.Context, store storage.Store) error { return store.Ack(ctx, program, events) })
}

func (j *journal) PutRevision(ctx context.Context, revision storage.Revision) error {
	revision = clone(revision)
	return j.write(ctx, func(ctx context.Context, store storage.Store) error { return store.PutRevision(ctx, revision) })
}

func (j *journal) Prune(ctx context.Context, request storage.PruneRequest) (storage.Pruned, error) {
	var pruned storage.Pruned
	err := j.write(ctx, func(ctx context.Context, store storage.Store) error {
		var err error
		pruned, err = store.Prune(ctx, request)
		return err
	})
	return pruned, err
}

// bound is a journal inside a transaction.
type bound struct{ *journal }

func (bound) InTransaction() {}

func (j *journal) begin(ctx context.Context) (Transaction, error) {
	inside, err := j.copy(ctx)
	if err != nil {
		return Transaction{}, err
	}
	ended := false
	end := func() error {
		if ended {
			return errors.New("the transaction has ended")
		}
		ended = true
		return nil
	}
	return Transaction{
		Store:    bound{inside},
		Rollback: end,
		Commit: func() error {
			if err := end(); err != nil {
				return err
			}
			return j.store(ctx, inside.log)
		},
	}, nil
}

// copy returns a journal with the same content and an empty log.
func (j *journal) copy(ctx context.Context) (*journal, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	to := newJournal()
	return to, again(ctx, j.log, to.Store)
}

// store writes what a transaction did, all or nothing.
func (j *journal) store(ctx context.Context, steps []step) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	trial := newJournal()
	if err := again(ctx, append(slices.Clone(j.log), steps...), trial.Store); err != nil {
		return err
	}
	j.log = append(j.log, steps...)
	return again(ctx, steps, j.Store)
}

func again(ctx context.Context, steps []step, store storage.Store) error {
	for _, s := range steps {
		if err := s(ctx, store); err != nil {
			return err
		}
	}
	return nil
}
