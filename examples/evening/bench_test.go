package main

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/booking"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/sqlite"
)

// BenchmarkHot compares 32 callers who book one session, each for another member, with 32
// who spend the points of one member, on SQLite with an fsync for every commit:
//
//	go test ./examples/evening -run XXX -bench Hot -benchtime 4000x
func BenchmarkHot(b *testing.B) {
	tests := []struct {
		name string
		cmd  func(i int64) loyalty.Command
	}{
		{"spends of one member", func(i int64) loyalty.Command {
			return loyalty.Spend{Member: "m-0000", Key: fmt.Sprint("s", i), Unit: "bean", Points: 1}
		}},
		{"bookings of one session", func(i int64) loyalty.Command {
			return booking.Book{Member: fmt.Sprintf("m-%04d", i), Key: "book", Session: session, Party: 1, Unit: "bean", Points: 100}
		}},
	}
	for _, test := range tests {
		b.Run(test.name, func(b *testing.B) {
			store, err := sqlite.Open(filepath.Join(b.TempDir(), "hot.db"), nil)
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = store.Close() })
			e, err := newEvening(store, settings{members: b.N, seats: max(b.N, 1), engines: 1, tellers: 1}, func(time.Time, string) {})
			if err != nil {
				b.Fatal(err)
			}
			for _, p := range e.people {
				p.tiers, p.beans = nil, 100
			}
			e.people[0].beans = points.Amount(b.N) + 100
			if err := e.enroll(b.Context()); err != nil {
				b.Fatal(err)
			}
			open := e.terms
			open.Opens, open.Prices[0].Points = nil, 100
			if _, err := e.engines[0].Do(b.Context(), booking.Open{Key: "open", Session: open}); err != nil {
				b.Fatal(err)
			}
			var next atomic.Int64
			b.SetParallelism(16)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := e.engines[0].Do(b.Context(), test.cmd(next.Add(1)-1)); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
