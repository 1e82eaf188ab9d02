package main

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/booking"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// mistaken is a store by which an engine breaks one rule of the evening.
type mistaken struct {
	storage.Store
	mistake

	mu sync.Mutex
	// hidden is who waits that the last load did not show, by class.
	hidden []int64
}

// mistake says what is wrong with a store.
type mistake struct {
	name string
	// seats is how many there are: of few, many wait, and of more some are freed while others come.
	seats int
	// hides reports whether a load, of the session alone or not, shows nobody who waits in a
	// class.
	hides func(board *experience.Board, class int, alone bool) bool
	// keeps spoils a board that is stored, and books an account that is stored.
	keeps func(board *experience.Board, version int64)
	books func(leg *storage.Leg)
	// says is what the audit must say.
	says string
}

func mistakes() []mistake {
	return []mistake{
		{name: "none", seats: 10},
		{name: "none, and more seats", seats: 40},
		{
			name: "there are more seats for sale than in the hall", seats: 10,
			keeps: func(b *experience.Board, version int64) {
				b.Capacity, b.Free = b.Capacity+10*first(version), b.Free+10*first(version)
			},
			says: "seats are taken",
		},
		{
			name: "the last class of the list is served first", seats: 10,
			hides: func(b *experience.Board, class int, alone bool) bool {
				return alone && class < 2 && b.Line[2].Waiting > 0 || !alone && class < 2 && b.Line[2].Waiting > 0 && b.Offered > 0
			},
			says: "was promoted before",
		},
		{
			name: "a freed seat is anybody's", seats: 40,
			hides: func(_ *experience.Board, _ int, alone bool) bool { return alone },
			keeps: func(b *experience.Board, _ int64) { b.Free, b.Offered = b.Free+b.Offered, 0 },
			says:  "seats while",
		},
		{
			name: "a cancellation brings a bean too many", seats: 40,
			books: func(leg *storage.Leg) {
				if leg.Operation.Type == "booking-cancel" && len(leg.Account.Balances) > 0 {
					leg.Account.Balances = slices.Clone(leg.Account.Balances)
					leg.Account.Balances[0].Available++
				}
			},
			says: "by the receipts",
		},
		{
			name: "a receipt tells another price than was paid", seats: 40,
			books: func(leg *storage.Leg) {
				if leg.Operation.Type == "booking-book" {
					leg.Operation.Receipt = []byte(strings.ReplaceAll(string(leg.Operation.Receipt), `"points":200`, `"points":199`))
				}
			},
			says: "was told",
		},
	}
}

// first is 1 for the version that opens the session.
func first(version int64) int64 {
	if version == 1 {
		return 1
	}
	return 0
}

func theHouse(member string) bool {
	house, ok := loyalty.HouseOf(member)
	return ok && house.Feature == booking.Name
}

// Load implements storage.Store.
func (m *mistaken) Load(ctx context.Context, requests []storage.LoadRequest) ([]storage.Snapshot, error) {
	snaps, err := m.Store.Load(ctx, requests)
	if m.hides == nil {
		return snaps, err
	}
	for i := range snaps {
		for k := range snaps[i].Records {
			row := &snaps[i].Records[k]
			if !theHouse(row.Member) || row.Kind != "booking-board" {
				continue
			}
			err = onBoard(row, func(b *experience.Board) {
				m.hidden = make([]int64, len(b.Line))
				for class := range b.Line {
					if m.hides(b, class, len(requests) == 1) {
						m.hidden[class] = b.Line[class].Waiting
					}
				}
				for class := range b.Line {
					b.Line[class].Waiting -= m.hidden[class]
				}
			})
		}
	}
	return snaps, err
}

// Commit implements storage.Store.
func (m *mistaken) Commit(ctx context.Context, batches []storage.Batch) ([]storage.Outcome, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	batches = slices.Clone(batches)
	for i := range batches {
		batches[i].Legs = slices.Clone(batches[i].Legs)
		for k := range batches[i].Legs {
			leg := &batches[i].Legs[k]
			if m.books != nil {
				m.books(leg)
			}
			leg.Records = slices.Clone(leg.Records)
			for r := range leg.Records {
				if leg.Records[r].Kind != "booking-board" {
					continue
				}
				if err := onBoard(&leg.Records[r], func(b *experience.Board) { m.stored(b, leg.Account.Version) }); err != nil {
					return nil, err
				}
			}
		}
	}
	return m.Store.Commit(ctx, batches)
}

// stored is a board as it is stored: with those whom the load did not show.
func (m *mistaken) stored(b *experience.Board, version int64) {
	for class := range m.hidden {
		line := &b.Line[class]
		line.Waiting += min(m.hidden[class], line.Next-line.Head-line.Waiting)
	}
	if m.keeps != nil {
		m.keeps(b, version)
	}
}

// onBoard changes the board that a record holds.
func onBoard(row *storage.Record, change func(*experience.Board)) error {
	var document struct {
		experience.Board
		Sweeps int64 `json:"sweeps,omitempty"`
	}
	err := json.Unmarshal(row.Data, &document)
	if err != nil {
		return err
	}
	change(&document.Board)
	row.Data, err = json.Marshal(&document)
	return err
}

func TestAnEveningOnWhichARuleIsBrokenIsFoundOut(t *testing.T) {
	for _, mistake := range mistakes() {
		t.Run(mistake.name, func(t *testing.T) {
			store := &mistaken{Store: memory.New(), mistake: mistake}
			e, err := newEvening(store, settings{members: 600, seats: mistake.seats, seed: 3, engines: 1, tellers: 1}, func(time.Time, string) {})
			require.NoError(t, err)
			require.NoError(t, e.run(t.Context()))
			audit, err := e.check(t.Context())
			require.NoError(t, err)
			if mistake.says == "" {
				require.Empty(t, audit.found)
				return
			}
			found := slices.ContainsFunc(audit.found, func(what string) bool { return strings.Contains(what, mistake.says) })
			require.True(t, found, "%q is not in %q", mistake.says, audit.found)
			t.Log("seen:", audit.found[0])
		})
	}
}
