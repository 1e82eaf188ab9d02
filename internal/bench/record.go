package main

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/loyaltykit/loyaltykit/storage"
)

// recording is everything that was written to a store.
type recording struct {
	revisions []storage.Revision
	batches   []storage.Batch
}

// recorder is a store that notes what is asked of it. It is for one caller.
type recorder struct {
	storage.Store
	recording
	requests []storage.LoadRequest
}

func (r *recorder) Unwrap() storage.Store { return r.Store }

func (r *recorder) Load(ctx context.Context, requests []storage.LoadRequest) ([]storage.Snapshot, error) {
	r.requests = append(r.requests, requests...)
	return r.Store.Load(ctx, requests)
}

func (r *recorder) Commit(ctx context.Context, batches []storage.Batch) ([]storage.Outcome, error) {
	r.batches = append(r.batches, batches...)
	return r.Store.Commit(ctx, batches)
}

func (r *recorder) PutRevision(ctx context.Context, revision storage.Revision) error {
	r.revisions = append(r.revisions, revision)
	return r.Store.PutRevision(ctx, revision)
}

// writeTo stores the recording in another store.
func (r *recording) writeTo(ctx context.Context, store storage.Store) error {
	for _, revision := range r.revisions {
		if err := store.PutRevision(ctx, revision); err != nil {
			return err
		}
	}
	limit := 500
	if limiter, ok := storage.As[storage.Limiter](store); ok {
		limit = limiter.Limits().Rows
	}
	for from := 0; from < len(r.batches); {
		to, rows := from, 0
		for to < len(r.batches) && (to == from || rows+r.batches[to].Rows() <= limit) {
			rows += r.batches[to].Rows()
			to++
		}
		if err := commitAll(ctx, store, r.batches[from:to]); err != nil {
			return err
		}
		from = to
	}
	return nil
}

func commitAll(ctx context.Context, store storage.Store, batches []storage.Batch) error {
	outcomes, err := store.Commit(ctx, batches)
	if err != nil {
		return err
	}
	for i, outcome := range outcomes {
		if outcome.Status != storage.OK {
			return fmt.Errorf("batch %d: %s", i, outcome.Status)
		}
	}
	return nil
}

// counter is a store that counts the rows and batches that were stored.
type counter struct {
	storage.Store
	rows, batches atomic.Int64
}

func (c *counter) Unwrap() storage.Store { return c.Store }

func (c *counter) Commit(ctx context.Context, batches []storage.Batch) ([]storage.Outcome, error) {
	outcomes, err := c.Store.Commit(ctx, batches)
	for i := range outcomes {
		if outcomes[i].Status == storage.OK {
			c.rows.Add(int64(batches[i].Rows()))
			c.batches.Add(1)
		}
	}
	return outcomes, err
}
