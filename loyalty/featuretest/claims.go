package featuretest

import (
	"context"
	"sync"

	"github.com/loyaltykit/loyaltykit/storage"
)

// Claims is a store that remembers which claims and counters there are, which no listing
// of the contract tells.
type Claims struct {
	storage.Store
	mu       sync.Mutex
	claims   map[storage.ClaimKey]string
	counters map[storage.CounterKey]int64
}

// NewClaims returns one in front of a store that is empty.
func NewClaims(store storage.Store) *Claims {
	return &Claims{Store: store, claims: map[storage.ClaimKey]string{}, counters: map[storage.CounterKey]int64{}}
}

// Unwrap implements [storage.Wrapper].
func (c *Claims) Unwrap() storage.Store { return c.Store }

// Commit implements [storage.Store].
func (c *Claims) Commit(ctx context.Context, batches []storage.Batch) ([]storage.Outcome, error) {
	outcomes, err := c.Store.Commit(ctx, batches)
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range outcomes {
		if outcomes[i].Status != storage.OK {
			continue
		}
		for _, change := range batches[i].Claims {
			if c.claims[change.ClaimKey] = change.Holder; change.Release {
				delete(c.claims, change.ClaimKey)
			}
		}
		for _, change := range batches[i].Counters {
			c.counters[change.CounterKey] += change.Delta
		}
	}
	return outcomes, err
}
