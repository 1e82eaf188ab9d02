package faults

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/servers"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

// Of many members one in a hundred has points that have expired. RunDue loads and
// writes those and nobody else.
func TestRunDueTouchesOnlyMembersThatAreDue(t *testing.T) {
	members := size(20_000, 1_000_000, 1_000_000)
	server := servers.Postgres(t)
	database := server.NewDatabase(t)
	onPostgres.migrate(t, database)
	loaded, written := map[string]int{}, map[string]int{}
	store := &storagetest.Hooked{
		Store: onPostgres.open(t, database),
		OnLoad: func(ctx context.Context, requests []storage.LoadRequest, next storagetest.LoadFunc) ([]storage.Snapshot, error) {
			for i := range requests {
				loaded[requests[i].Member]++
			}
			return next(ctx, requests)
		},
		OnCommit: func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
			for i := range batches {
				written[batches[i].Legs[0].Account.Member]++
			}
			return next(ctx, batches)
		},
	}
	clock := noon
	engine, err := loyalty.New(program(), store, &loyalty.Options{Clock: func() time.Time { return clock }, Secret: secret})
	require.NoError(t, err)
	due := map[string]bool{}
	commands := func(yield func(loyalty.Command) bool) {
		for i := range members {
			member := fmt.Sprintf("member-%07d", i)
			if !yield(loyalty.Enroll{Member: member, Key: "enroll"}) {
				return
			}
			if i%100 != 37 {
				continue
			}
			due[member] = true
			order := points.Order{ID: member, Currency: "EUR", Lines: []points.Line{{Amount: decimal.NewFromInt(12)}}}
			if !yield(loyalty.Earn{Member: member, Key: "earn", Order: order}) {
				return
			}
		}
	}
	for _, err := range engine.DoAll(t.Context(), commands, nil) {
		require.NoError(t, err)
	}
	clear(loaded)
	clear(written)
	clock = clock.AddDate(10, 0, 0)
	began := time.Now()
	_, err = engine.RunDue(t.Context(), nil)
	require.NoError(t, err)
	took := time.Since(began)
	assert.Len(t, due, members/100)
	assert.Len(t, loaded, len(due))
	assert.Len(t, written, len(due))
	for member := range due {
		require.Positive(t, written[member], member)
		require.Positive(t, loaded[member], member)
	}
	clear(loaded)
	_, err = engine.RunDue(t.Context(), nil)
	require.NoError(t, err)
	assert.Empty(t, loaded, "nobody is due any more")
	t.Logf("figure RunDue: of %d members %d were due, and only those were loaded and written, in %s", members, len(due), took.Round(time.Millisecond))
}
