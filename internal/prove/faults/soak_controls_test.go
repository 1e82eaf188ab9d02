package faults

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

// leaky makes stores that keep memory and goroutines for good: 600 pages and as many of these
// for each tick that is over, however many commits there are.
func leaky(ticks *atomic.Int64) func(*testing.T, storage.Store) storage.Store {
	return func(t *testing.T, inside storage.Store) storage.Store {
		t.Helper()
		var mu sync.Mutex
		var held [][]byte
		over := make(chan struct{})
		t.Cleanup(func() { close(over) })
		return &storagetest.Hooked{Store: inside, OnCommit: func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
			mu.Lock()
			for len(held) < 600*int(ticks.Load()) {
				held = append(held, bytes.Repeat([]byte("leak"), 16<<10))
				go func() { <-over }()
			}
			mu.Unlock()
			return next(ctx, batches)
		}}
	}
}

// tiring is a store that takes longer and longer: a hundredth of the time that it is in use, and
// at most half a second.
func tiring(_ *testing.T, inside storage.Store) storage.Store {
	began := time.Now()
	return &storagetest.Hooked{Store: inside, OnCommit: func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
		select {
		case <-ctx.Done():
		case <-time.After(min(time.Since(began)/100, time.Second/2)):
		}
		return next(ctx, batches)
	}}
}

// generous is a store that gives a member one point more than was decided, in each fiftieth
// commit of orders, in the entry, the lot and the balance alike.
func generous(_ *testing.T, inside storage.Store) storage.Store {
	var mu sync.Mutex
	orders := 0
	chosen := func() bool {
		mu.Lock()
		defer mu.Unlock()
		orders++
		return orders%50 == 0
	}
	return &storagetest.Hooked{Store: inside, OnCommit: func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
		batches = slices.Clone(batches)
		for i := range batches {
			if leg := &batches[i].Legs[0]; len(batches[i].Legs) == 1 && leg.Operation.Type == "earn" && chosen() {
				batches[i].Legs = []storage.Leg{oneMore(*leg)}
			}
		}
		return next(ctx, batches)
	}}
}

// oneMore is a leg with one point more.
func oneMore(leg storage.Leg) storage.Leg {
	leg.Entries, leg.Lots, leg.Account.Balances = slices.Clone(leg.Entries), slices.Clone(leg.Lots), slices.Clone(leg.Account.Balances)
	for i := range leg.Entries {
		if entry := &leg.Entries[i].Entry; entry.Unit == "point" && entry.From == points.Issued {
			entry.Amount++
			for j := range leg.Lots {
				if lot := &leg.Lots[j].Lot; lot.ID == entry.Lot {
					lot.Original++
					lot.Remaining++
				}
			}
		}
	}
	for i := range leg.Account.Balances {
		if leg.Account.Balances[i].Unit == "point" {
			leg.Account.Balances[i].Available++
		}
	}
	return leg
}

// seen runs a short soak on a store that has been spoiled, and returns what does not hold.
func seen(t *testing.T, length time.Duration, spoil func(*testing.T, storage.Store) storage.Store, note func(string, ...any)) (*soak, []string) {
	t.Helper()
	s := newSoak(spoil(t, newFile(t)), length)
	s.goals.slower, s.note = soakSlower, note
	faults := s.runs(t)
	s.figure(t, "control on SQLite")
	return s, faults
}

func hasLine(lines []string, parts ...string) bool {
	return slices.ContainsFunc(lines, func(line string) bool {
		return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(line, part) })
	})
}

func TestR20ALeakIsSeen(t *testing.T) {
	var ticks atomic.Int64
	_, faults := seen(t, time.Duration(size(2, 12, 15))*time.Second, leaky(&ticks), func(string, ...any) { ticks.Add(1) })
	for _, what := range []string{"resident bytes grew", "bytes on the heap grew", "goroutines grew"} {
		require.True(t, hasLine(faults, what), "%s: %q", what, faults)
	}
}

func TestR20PointsThatNobodyWasToldOfAreSeen(t *testing.T) {
	s, faults := seen(t, time.Duration(size(2, 12, 30))*time.Second, generous, nil)
	require.True(t, hasLine(faults, "differences"), "%q", faults)
	require.NotZero(t, s.during, "audits see it while calls go on")
	for _, parts := range [][]string{{"the trial balance has", "point earn from issued", "the book"}, {"by the book", "member-"}} {
		require.True(t, hasLine(s.book.first, parts...), "%q: %q", parts, s.book.first)
	}
}

// Time is not looked at where others use the machine.
func TestR20AStoreThatGetsSlowerIsSeen(t *testing.T) {
	if size(0, 1, 1) == 0 {
		t.Skip("set LOYALTYKIT_PROVE=1")
	}
	_, faults := seen(t, time.Duration(size(0, 20, 60))*time.Second, tiring, nil)
	require.True(t, hasLine(faults, "the slowest calls in a hundred"), "%q", faults)
}
