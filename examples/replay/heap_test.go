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

const busyMembers = 4000

// busyLog writes a log of five days on each of which all members order.
func busyLog(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	text.WriteString("order_id,member,occurred_at,amount,currency\n")
	day := time.Date(2027, time.January, 1, 0, 0, 0, 0, time.UTC)
	for i := range 5 {
		for member := range busyMembers {
			fmt.Fprintf(&text, "o-%d-%d,m-%d,%s,4.50,EUR\n", member, i, member, day.AddDate(0, 0, i).Format(time.DateOnly))
		}
	}
	path := filepath.Join(t.TempDir(), "orders.csv")
	require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o600))
	return path
}

// heaps replays a log and returns the mean live heap while the second and the third
// day were replayed, and while the last two were. With keep it holds on to
// every order, as a program would that grows with them.
func heaps(t *testing.T, path string, keep bool) (early, late uint64) {
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

	var sums, counts [2]uint64
	measure := func(half int) {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		sums[half] += stats.HeapAlloc
		counts[half]++
	}
	var kept []orderlog.Event
	rows := log.Events
	log.Events = func(yield func(orderlog.Event, error) bool) {
		n := 0
		for e, err := range rows {
			if n++; n%100 == 0 {
				switch day := n / busyMembers; {
				case day == 1, day == 2:
					measure(0)
				case day > 2:
					measure(1)
				}
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
	runtime.KeepAlive(kept)
	return sums[0] / counts[0], sums[1] / counts[1]
}

func TestTheMemoryOfAReplayDoesNotGrowWithTheOrders(t *testing.T) {
	long(t)
	log := busyLog(t)
	const allowed = 2 << 20
	early, late := heaps(t, log, false)
	t.Logf("%d KiB on the second and third day, %d KiB on the last two", early>>10, late>>10)
	assert.Less(t, late, early+allowed)

	early, late = heaps(t, log, true)
	t.Logf("with every order kept: %d KiB and %d KiB", early>>10, late>>10)
	assert.Greater(t, late, early+allowed, "a program that grows would go unnoticed")
}
