package enginetest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

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

// Unwrap implements storage.Wrapper.
func (c *Claims) Unwrap() storage.Store { return c.Store }

// Commit implements storage.Store.
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

// Traces lists the rows of a program that have a text in any of their columns, also
// within their documents: all tables, with the claims and counters that a [Claims]
// remembers.
func Traces(ctx context.Context, store *Claims, program, text string) ([]string, error) {
	lines, err := dump(ctx, store, program)
	if err != nil {
		return nil, err
	}
	for _, key := range slices.SortedFunc(maps.Keys(store.claims), func(a, b storage.ClaimKey) int {
		return cmp.Or(cmp.Compare(a.Space, b.Space), cmp.Compare(a.Key, b.Key))
	}) {
		lines = append(lines, fmt.Sprintf("claim {%q %q %q}", key.Space, key.Key, store.claims[key]))
	}
	for key := range store.counters {
		lines = append(lines, fmt.Sprintf("counter {%q %d}", key.Key, key.Shard))
	}
	var found []string
	for _, line := range lines {
		decoded := unpacked(line[strings.Index(line, "{"):])
		if strings.Contains(line, text) || strings.Contains(decoded, text) {
			found = append(found, line+"\n"+decoded)
		}
	}
	return found, nil
}

// unpacked shows the bytes of a row as text.
func unpacked(row string) string {
	var fields map[string]any
	if json.Unmarshal([]byte(row), &fields) != nil {
		return row
	}
	var all strings.Builder
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		var field struct{ Bytes []byte }
		if text, ok := fields[name].(string); ok && json.Unmarshal([]byte(`{"Bytes":"`+text+`"}`), &field) == nil && utf8.Valid(field.Bytes) {
			all.Write(field.Bytes)
			all.WriteByte('\n')
		}
	}
	return all.String()
}
