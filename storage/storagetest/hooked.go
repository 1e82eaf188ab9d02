package storagetest

import (
	"context"

	"github.com/loyaltykit/loyaltykit/storage"
)

// Hooked is a store whose Load and Commit pass through hooks: what a test uses
// to pause a call in flight, to fail it before it begins, or to fail it after it
// was stored, when the caller cannot know. Hooks that are nil pass calls on.
//
// The hooks are set before the store is used. They run on the goroutine of the
// call and, like it, at the same time as others.
type Hooked struct {
	storage.Store
	// OnLoad is called instead of Load; next is the Load of the store inside.
	OnLoad func(ctx context.Context, requests []storage.LoadRequest, next LoadFunc) ([]storage.Snapshot, error)
	// OnCommit is called instead of Commit; next is the Commit of the store inside.
	OnCommit func(ctx context.Context, batches []storage.Batch, next CommitFunc) ([]storage.Outcome, error)
}

// LoadFunc is Load of a store.
type LoadFunc = func(ctx context.Context, requests []storage.LoadRequest) ([]storage.Snapshot, error)

// CommitFunc is Commit of a store.
type CommitFunc = func(ctx context.Context, batches []storage.Batch) ([]storage.Outcome, error)

// Load runs the hook, or Load of the store inside.
func (h *Hooked) Load(ctx context.Context, requests []storage.LoadRequest) ([]storage.Snapshot, error) {
	if h.OnLoad == nil {
		return h.Store.Load(ctx, requests)
	}
	return h.OnLoad(ctx, requests, h.Store.Load)
}

// Commit runs the hook, or Commit of the store inside.
func (h *Hooked) Commit(ctx context.Context, batches []storage.Batch) ([]storage.Outcome, error) {
	if h.OnCommit == nil {
		return h.Store.Commit(ctx, batches)
	}
	return h.OnCommit(ctx, batches, h.Store.Commit)
}

// Unwrap returns the store inside.
func (h *Hooked) Unwrap() storage.Store { return h.Store }
