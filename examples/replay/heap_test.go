package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/examples/orderlog"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/sqlite"
)

// busyLog writes a log in which each of 100 members orders so many times.
func busyLog(t *testing.T, orders int) string {
	t.Helper()
	var text strings.Builder
	text.WriteString("order_id,member,occurred_at,amount,currency\n")
	day := time.Date(2027, time.January, 1, 0, 0, 0, 0, time.UTC)
	for i := range orders {
		for member := range 100 {
			fmt.Fprintf(&text, "o-%d-%d,m-%d,%s,4.50,EUR\n", member, i, member, day.AddDate(0, 0, i).Format(time.DateOnly))
		}
	}
	path := filepath.Join(t.TempDir(), "orders.csv")
	require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o600))
	return path
}

// highestHeap replays a log and returns the most live heap on the way, and after
// the books are closed. With keep it holds on to every order, as a program would
// that grows with them.
func highestHeap(t *testing.T, path string, keep bool) uint64 {
	t.Helper()
	program, err := orderlog.LoadProgram("coffee")
	require.NoError(t, err)
	store, err := sqlite.Open(newDB(t), nil)
	require.NoError(t, err)
	defer store.Close()
	now := points.Never // the clock follows the log until its end
	engine, err := loyalty.New(loyalty.Revisions{program}, store, &loyalty.Options{Clock: func() time.Time { return now }})
	require.NoError(t, err)
	log, err := orderlog.File(path, vienna(t))
	require.NoError(t, err)
	defer log.Close()

	highest := uint64(0)
	measure := func() {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		highest = max(highest, stats.HeapAlloc)
	}
	var kept []orderlog.Event
	rows := log.Events
	log.Events = func(yield func(orderlog.Event, error) bool) {
		n := 0
		for e, err := range rows {
			if n++; n%300 == 0 {
				measure()
			}
			if keep {
				kept = append(kept, e)
			}
			if !yield(e, err) {
				return
			}
		}
	}
	r := &replay{engine: engine, console: &console{out: os.Stderr, now: time.Now}}
	require.NoError(t, r.run(t.Context(), log))
	require.Zero(t, r.refused)
	now = r.last
	_, err = engine.RunDue(t.Context(), nil)
	require.NoError(t, err)
	books, err := closeBooks(t.Context(), engine, store, program, now)
	require.NoError(t, err)
	require.True(t, books.ok())
	measure()
	runtime.KeepAlive(kept)
	return highest
}

func TestTheMemoryOfAReplayDoesNotGrowWithTheOrders(t *testing.T) {
	long(t)
	few, many := busyLog(t, 6), busyLog(t, 60)
	const allowed = 1 << 20
	once := highestHeap(t, few, false)
	tenTimes := highestHeap(t, many, false)
	t.Logf("600 orders: %d KiB, 6,000 orders of the same members: %d KiB", once>>10, tenTimes>>10)
	assert.Less(t, tenTimes, once+allowed)

	control := highestHeap(t, many, true)
	assert.Greater(t, control, once+allowed, "a program that grows would go unnoticed")
}
