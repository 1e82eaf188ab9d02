package main

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
	"github.com/loyaltykit/loyaltykit/storage/sqlite"
)

func TestASoldOutEvening(t *testing.T) {
	tests := []struct {
		name string
		settings
		store func(t *testing.T) storage.Store
	}{
		{
			"from three engines in memory",
			settings{members: 5000, seats: 200, seed: 7, engines: 3, tellers: 16},
			func(*testing.T) storage.Store { return memory.New() },
		},
		{
			"from three engines on SQLite",
			size(settings{members: 1000, seats: 40, seed: 11, engines: 3, tellers: 8}),
			func(t *testing.T) storage.Store {
				store, err := sqlite.Open(filepath.Join(t.TempDir(), "evening.db"), &sqlite.Options{Synchronous: sqlite.Normal})
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, store.Close()) })
				return store
			},
		},
		{"from three engines on PostgreSQL", size(settings{members: 200, seats: 24, seed: 5, engines: 3, tellers: 8}), onPostgres},
		{"from three engines on MariaDB", size(settings{members: 200, seats: 24, seed: 5, engines: 3, tellers: 8}), onMariaDB},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			store, began := test.store(t), time.Now()
			e, err := newEvening(store, test.settings, func(time.Time, string) {})
			require.NoError(t, err)
			require.NoError(t, e.run(t.Context()))
			audit, err := e.check(t.Context())
			require.NoError(t, err)
			require.Empty(t, audit.found)
			t.Logf("%d members, %d seats, %d promoted, %d came, in %s", test.members, test.seats, e.tally["promoted"], audit.states[experience.Present], time.Since(began).Round(time.Second))

			// It was an evening on which everything happened; with few members, most of it.
			events, states := []string{"sold out", "waited", "promoted", "parties came"}, []experience.State{experience.Present, experience.Cancelled, experience.Unserved}
			if test.members == 5000 {
				events = append(events, "passed over", "holds left to lapse", "sent a guest")
				states = append(states, experience.Absent, experience.Lapsed, experience.Left, experience.Passed)
			}
			for _, what := range events {
				require.Positive(t, e.tally[what], what)
			}
			for _, state := range states {
				require.Positive(t, audit.states[state], state)
			}
			require.Greater(t, audit.states[experience.Present]+audit.states[experience.Absent], int64(test.seats)*8/10, "the seats were used")
			if test.members == 5000 {
				mustFail(t, e, audit)
			}
		})
	}
}

// mustFail shows that the audit finds what it looks for.
func mustFail(t *testing.T, e *evening, a *audit) {
	t.Helper()
	waited := e.byID[a.promotions[len(a.promotions)/2].member]
	had, events := a.receipts[waited.id], a.events[waited.id]
	controls := []struct {
		name string
		harm func(a *audit)
		says string
	}{
		{"a seat fewer than were taken", func(a *audit) { a.terms.Capacity = 150; a.neverOversold() }, "seats are taken"},
		{"a promotion from the end of the list", func(a *audit) {
			last := &a.promotions[len(a.promotions)/2]
			last.place = experience.Place{Class: 9}
			a.orderKept()
		}, "was promoted before"},
		{"a freed seat for somebody who comes later", func(a *audit) {
			late := a.waits[len(a.waits)/2]
			late.from = late.from.Add(time.Minute)
			a.fresh = append(a.fresh, late)
			a.nobodyOvertook()
		}, "while"},
		{"a receipt with another price", func(a *audit) {
			told := slices.Clone(had)
			told[len(told)-1].Points++
			told[len(told)-1].State = experience.Booked
			a.explained(waited, told, a.has[waited.id])
		}, "was told"},
		{"a receipt that is missing", func(a *audit) { a.explained(waited, had[1:], a.has[waited.id]) }, "was told"},
		{"a bean that no event tells of", func(a *audit) { a.explained(waited, had, a.has[waited.id]+1) }, "by the events"},
		{"an event that was lost", func(a *audit) {
			a.events = map[string][]loyalty.Event{waited.id: slices.Delete(slices.Clone(events), 2, 3)}
			a.explained(waited, had, a.has[waited.id])
		}, ""},
	}
	for _, control := range controls {
		harmed := *a
		harmed.found = nil
		control.harm(&harmed)
		require.NotEmpty(t, harmed.found, control.name)
		require.Contains(t, harmed.found[0], control.says)
	}
}

func TestTheStoryIsTheSameEachTime(t *testing.T) {
	tell := func() string {
		var out, errs bytes.Buffer
		require.NoError(t, run(t.Context(), []string{"-members", "600", "-seats", "24", "-seed", "3"}, &out, &errs))
		require.Empty(t, errs.String())
		return out.String()
	}
	first := tell()
	require.Contains(t, first, "sold out: ")
	require.Contains(t, first, "is next on the list: ")
	require.Contains(t, first, "nobody overtook it")
	require.Equal(t, first, tell())
	require.ErrorContains(t, run(t.Context(), []string{"-seats", "0"}, &bytes.Buffer{}, &bytes.Buffer{}), "-seats 0")
	require.ErrorContains(t, run(t.Context(), []string{"tonight"}, &bytes.Buffer{}, &bytes.Buffer{}), `"tonight" is no flag`)
}
