package main

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/examples/orderlog"
	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// dying is a store whose process ends at a commit: before it is written or, with
// written, after it and before the answer.
type dying struct {
	storage.Store
	commits int
	written bool
	dead    bool
}

var errDead = errors.New("the process is gone")

func (d *dying) Unwrap() storage.Store { return d.Store }

func (d *dying) Load(ctx context.Context, requests []storage.LoadRequest) ([]storage.Snapshot, error) {
	if d.dead {
		return nil, errDead
	}
	return d.Store.Load(ctx, requests)
}

func (d *dying) Commit(ctx context.Context, batches []storage.Batch) ([]storage.Outcome, error) {
	if d.commits--; d.commits >= 0 && !d.dead {
		return d.Store.Commit(ctx, batches)
	}
	if d.written && !d.dead {
		d.dead = true
		if _, err := d.Store.Commit(ctx, batches); err != nil {
			return nil, err
		}
	}
	d.dead = true
	return nil, errDead
}

// troubledLog has everything: rows that are no orders, orders that occur twice,
// refunds and spending.
func troubledLog(s orderlog.Shop) []orderlog.Event {
	var events []orderlog.Event
	for e := range s.Events() {
		e.Line = len(events) + 1
		events = append(events, e)
		if earn, ok := e.Command.(loyalty.Earn); ok && e.Line%10 == 0 {
			again := e
			again.Line++
			earn.OccurredAt = e.At.Add(time.Minute)
			twice := orderlog.Event{Line: e.Line + 2, At: earn.OccurredAt, Command: earn}
			earn.Member = "m-0001"
			stolen := orderlog.Event{Line: e.Line + 3, At: earn.OccurredAt, Command: earn}
			events = append(events, again, twice, stolen)
		}
	}
	return events
}

// closed replays events on a store and returns its outcome and its books.
func closed(t *testing.T, store storage.Store, program loyalty.Program, events []orderlog.Event) (outcome, *books, error) {
	t.Helper()
	now := points.Never // the clock follows the log until its end
	engine, err := loyalty.New(loyalty.Revisions{program}, store, &loyalty.Options{Clock: func() time.Time { return now }})
	require.NoError(t, err)
	r := &replay{engine: engine, console: &console{out: io.Discard, now: time.Now}}
	log := &orderlog.Log{Done: func() float64 { return 0 }, Events: func(yield func(orderlog.Event, error) bool) {
		for _, e := range events {
			if e.Line%37 == 0 && !yield(orderlog.Event{}, &kpi.RowError{Line: e.Line, Err: errors.New("torn")}) {
				return
			}
			if !yield(e, nil) {
				return
			}
		}
	}}
	if err := r.run(t.Context(), log); err != nil {
		return r.outcome, nil, err
	}
	now = r.last
	report, err := engine.RunDue(t.Context(), nil)
	if err = errors.Join(append(slices.Clone(report.Failed), err)...); err != nil {
		return r.outcome, nil, err
	}
	b, err := closeBooks(t.Context(), engine, store, program, now)
	require.NoError(t, err)
	audit, err := engine.Verify(t.Context(), nil)
	require.NoError(t, err)
	require.True(t, audit.OK(), audit.Problems)
	return r.outcome, b, nil
}

func TestAReplayThatDiesAtAnyCommitEndsAsIfNothingHadHappened(t *testing.T) {
	program, err := orderlog.LoadProgram("coffee")
	require.NoError(t, err)
	s := exampleShop(t)
	s.Members = 12
	events := troubledLog(s)

	wantOutcome, want, err := closed(t, memory.New(), program, events)
	require.NoError(t, err)
	require.True(t, want.ok(), want.checks)
	require.Positive(t, wantOutcome.refused)
	require.Zero(t, wantOutcome.replayed, "nothing was there before")
	require.Positive(t, want.units[0].redeemed)
	require.Positive(t, want.units[0].reversed)

	deaths := 0
	for commit := 0; ; commit++ {
		for _, written := range []bool{false, true} {
			store := memory.New()
			_, _, err := closed(t, &dying{Store: store, commits: commit, written: written}, program, events)
			if err == nil {
				require.Greater(t, deaths, 20, "the log is too short to prove anything")
				t.Logf("%d deaths", deaths)
				return
			}
			require.True(t, errors.Is(err, errDead) || errors.Is(err, loyalty.ErrOutcomeUnknown), err)
			deaths++

			got, books, err := closed(t, store, program, events)
			require.NoError(t, err)
			got.replayed = 0
			assert.Equal(t, wantOutcome, got, "after death at commit %d", commit)
			assert.Equal(t, want, books, "after death at commit %d", commit)
		}
	}
}

func TestBooksThatAreWrongAreFound(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(u *unitBooks)
		want  string
	}{
		"a balance that no entry made": {
			func(u *unitBooks) { u.outstanding.Available++ },
			"the balances of all accounts are the sums of their entries, bucket by bucket",
		},
		"points out of nothing": {
			func(u *unitBooks) { u.outstanding.Pending++; u.ledger.Pending++ },
			"over all buckets the points add up to zero",
		},
	} {
		t.Run(name, func(t *testing.T) {
			right := unitBooks{Unit: points.Unit{Code: "bean"}, issued: 10, outstanding: points.Balance{Unit: "bean", Pending: 10}, ledger: points.Balance{Unit: "bean", Pending: 10}}
			b := &books{units: []unitBooks{right}}
			b.compare()
			require.True(t, b.ok())

			c.spoil(&right)
			b = &books{units: []unitBooks{right}}
			b.compare()
			require.False(t, b.ok())
			for _, check := range b.checks {
				if check.failed != "" {
					assert.Equal(t, c.want, check.name)
					return
				}
			}
		})
	}
}
