package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/loyaltykit/loyaltykit/internal/servers"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/booking"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/postgres"
	"github.com/loyaltykit/loyaltykit/storage/sqlite"
)

// hotCallers is how many call at once.
const hotCallers = 32

// BenchmarkHot compares 32 callers on one thing that all of them want: the points of one
// member, one reward with a stock, and one session, each of which a turn of the benchmark
// takes in turn, so that what else the machine does falls on all three alike:
//
//	go test ./internal/bench -run XXX -bench Hot -benchtime 1x
//
// It reports rates, and those of claims and bookings to that of spends.
func BenchmarkHot(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		store, err := sqlite.Open(filepath.Join(b.TempDir(), "hot.db"), nil)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = store.Close() })
		hot(b, store)
	})
	b.Run("postgres", func(b *testing.B) {
		pool, err := pgxpool.New(b.Context(), servers.Postgres(b).NewDatabase(b))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(pool.Close)
		if err := postgres.Migrate(b.Context(), pool); err != nil {
			b.Fatal(err)
		}
		hot(b, postgres.New(pool, nil))
	})
}

// turns is how often each case has its turn, and hotCalls how many calls a turn has.
const (
	hotTurns = 5
	hotCalls = 600
)

func hot(b *testing.B, store storage.Store) {
	for n := 0; b.Loop(); n++ {
		rates, err := hotRates(b.Context(), store, n)
		if err != nil {
			b.Fatal(err)
		}
		for name, rate := range rates {
			b.ReportMetric(rate, name+"/s")
			b.ReportMetric(rate/rates["spend-hot"], name+"/spend-hot")
		}
	}
}

// hotRates runs the cases in turns and returns the median rate of each.
func hotRates(ctx context.Context, store storage.Store, run int) (map[string]float64, error) {
	program := program()
	program.ID = fmt.Sprint("hot-", run)
	program.Catalog = rewards.Catalog{{
		Code: "mug", Type: rewards.TypeCustom, Stock: 1_000_000, Prices: []rewards.Price{{Unit: unit, Points: 1}},
	}}
	engine, err := loyalty.New(loyalty.Revisions{program}, store, &loyalty.Options{
		Clock: func() time.Time { return opening }, Secret: []byte("beans and more beans"), Features: []loyalty.Feature{booking.Feature{}},
	})
	if err != nil {
		return nil, err
	}
	session := experience.Session{
		ID: "tasting", Zone: "Europe/Vienna", Start: opening.AddDate(0, 0, 9), End: opening.AddDate(0, 0, 10), Capacity: hotTurns * hotCalls, Unit: unit,
		Prices: []experience.Price{{Points: 1}},
	}
	var before []loyalty.Command
	for i := range hotTurns * hotCalls {
		gift := loyalty.Adjust{Member: member(i), Key: "gift", Unit: unit, Points: 2, Reason: "gift", Actor: "shop"}
		if i == 0 {
			gift.Points += hotTurns * hotCalls
		}
		before = append(before, enroll(i), gift)
	}
	for _, err := range engine.DoAll(ctx, func(yield func(loyalty.Command) bool) {
		for _, cmd := range before {
			if !yield(cmd) {
				return
			}
		}
	}, nil) {
		if err != nil {
			return nil, err
		}
	}
	if _, err := engine.Do(ctx, booking.Open{Key: "open", Session: session}); err != nil {
		return nil, err
	}
	cases := map[string]func(i int) loyalty.Command{
		"spend-hot": func(i int) loyalty.Command {
			return loyalty.Spend{Member: member(0), Key: fmt.Sprint("s", i), Unit: unit, Points: points.Amount(1)}
		},
		"claim-hot": func(i int) loyalty.Command {
			return loyalty.Redeem{Member: member(i), Key: "mug", Redemption: "mug", Reward: "mug"}
		},
		"book-hot": func(i int) loyalty.Command {
			return booking.Book{Member: member(i), Key: "book", Session: "tasting", Party: 1, Unit: unit, Points: 1}
		},
	}
	rates := map[string][]float64{}
	for turn := range hotTurns {
		for _, name := range []string{"spend-hot", "claim-hot", "book-hot"} {
			rate, err := hotTurn(ctx, engine, turn*hotCalls, cases[name])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			rates[name] = append(rates[name], rate)
		}
	}
	middle := map[string]float64{}
	for name, all := range rates {
		middle[name] = median(all)
	}
	return middle, nil
}

// hotTurn lets callers do hotCalls commands, and returns how many a second they did.
func hotTurn(ctx context.Context, engine *loyalty.Engine, from int, command func(i int) loyalty.Command) (float64, error) {
	var next atomic.Int64
	errs := make(chan error, hotCallers)
	began := time.Now()
	for range hotCallers {
		go func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= hotCalls {
					errs <- nil
					return
				}
				if _, err := engine.Do(ctx, command(from+i)); err != nil {
					errs <- err
					return
				}
			}
		}()
	}
	var failed error
	for range hotCallers {
		failed = errors.Join(failed, <-errs)
	}
	return hotCalls / time.Since(began).Seconds(), failed
}
