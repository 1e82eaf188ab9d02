package whatif

import (
	"context"
	"slices"
	"sync"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// scratch is a store that keeps only what later commands need, and adds up what
// moved: events and the bodies of operations go no further. Entries stay, since merges,
// their undoing, reinstatements and confirmations read what was booked before.
type scratch struct {
	storage.Store
	// mu guards what follows while commits overlap; the report reads it after them.
	mu sync.Mutex
	// moved holds, for each account that is a member, what its entries changed.
	moved map[string][]unitMoves
	// broken is the first error of the store itself.
	broken error
}

// unitMoves is what entries of one unit brought into each bucket, or took out.
type unitMoves struct {
	unit    string
	buckets [points.Source + 1]points.Amount
}

func (m *unitMoves) move(bucket points.Bucket, by points.Amount) error {
	if int(bucket) >= len(m.buckets) {
		return nil
	}
	var err error
	m.buckets[bucket], err = m.buckets[bucket].Add(by)
	return err
}

// Unwrap lets the abilities of the store inside be found.
func (s *scratch) Unwrap() storage.Store { return s.Store }

func (s *scratch) note(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil && s.broken == nil {
		s.broken = err
	}
	return err
}

func (s *scratch) failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken
}

// Load implements storage.Store.
func (s *scratch) Load(ctx context.Context, requests []storage.LoadRequest) ([]storage.Snapshot, error) {
	snaps, err := s.Store.Load(ctx, requests)
	return snaps, s.note(err)
}

// Commit implements storage.Store.
func (s *scratch) Commit(ctx context.Context, batches []storage.Batch) ([]storage.Outcome, error) {
	bare := slices.Clone(batches)
	for i := range bare {
		bare[i].Legs = slices.Clone(bare[i].Legs)
		for j := range bare[i].Legs {
			leg := &bare[i].Legs[j]
			leg.Events = nil
			op := &leg.Operation
			op.Command, op.Receipt, op.Salt, op.Digests = nil, nil, nil, nil
			op.Reason, op.Actor = "", ""
		}
	}
	outcomes, err := s.Store.Commit(ctx, bare)
	if err != nil {
		return outcomes, s.note(err)
	}
	for i := range outcomes {
		if outcomes[i].Status != storage.OK {
			continue
		}
		for j := range batches[i].Legs {
			if err := s.add(&batches[i].Legs[j]); err != nil {
				return nil, s.note(err)
			}
		}
	}
	return outcomes, nil
}

func (s *scratch) add(leg *storage.Leg) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if leg.Account.Kind == storage.House {
		return nil
	}
	moves, known := s.moved[leg.Account.Member]
	for i := range leg.Entries {
		e := &leg.Entries[i]
		u := slices.IndexFunc(moves, func(m unitMoves) bool { return m.unit == e.Unit })
		if u < 0 {
			u = len(moves)
			moves = append(moves, unitMoves{unit: e.Unit})
		}
		if err := moves[u].move(e.From, -e.Amount); err != nil {
			return err
		}
		if err := moves[u].move(e.To, e.Amount); err != nil {
			return err
		}
	}
	if !known || len(leg.Entries) > 0 {
		s.moved[leg.Account.Member] = moves
	}
	return nil
}
