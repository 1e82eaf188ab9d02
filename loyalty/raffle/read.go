package raffle

import (
	"context"
	"fmt"
	"iter"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/rewards/experience/raffle"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Raffle is a raffle as a page shows it.
type Raffle struct {
	Terms Terms `json:"terms"`
	// Status is as it was stored last: one that is running at Terms.DrawBy has lapsed.
	Status  Status `json:"status"`
	Tickets int64  `json:"tickets"`
	// Roll is the digest of the tickets. Publish it, with their number, once the raffle has
	// closed and before the beacon's value is known.
	Roll    raffle.Digest `json:"roll"`
	Winners []int64       `json:"winners,omitempty"`
}

// Read returns a raffle, or [ErrNoRaffle].
func Read(ctx context.Context, store storage.Store, program, id string) (Raffle, error) {
	r, _, err := read(ctx, store, program, id)
	return r, err
}

func read(ctx context.Context, store storage.Store, program, id string) (Raffle, stateDocument, error) {
	var r Raffle
	var state stateDocument
	snaps, err := store.Load(ctx, []storage.LoadRequest{{
		Program: program, Member: house(id).Account(),
		Records: []storage.RecordKey{{Kind: termsKind, ID: onlyID}, {Kind: stateKind, ID: onlyID}},
	}})
	if err != nil {
		return r, state, fmt.Errorf("raffle: %q: %w", id, err)
	}
	rows := snaps[0].Records
	if len(rows) != 2 {
		return r, state, fmt.Errorf("raffle: %w: %q", ErrNoRaffle, id)
	}
	if err := decode(rows[0], &r.Terms); err != nil {
		return r, state, err
	}
	if err := decode(rows[1], &state); err != nil {
		return r, state, err
	}
	r.Status, r.Tickets, r.Roll, r.Winners = Status(rows[1].Status), state.Tickets, state.Digest, state.Winners
	return r, state, nil
}

// Entries iterates over what a member has of raffles, by raffle: their Status is Running
// until they are collected. Those of who was merged are the survivor's. It stops at the first
// error, which it yields: [loyalty.ErrErased] for a member who was erased.
func Entries(ctx context.Context, store storage.Store, program, member string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for row, err := range loyalty.Records(ctx, store, storage.RecordQuery{Program: program, Member: member, Kind: entryKind}) {
			var entry entryDocument
			if err == nil {
				err = decode(row, &entry)
			}
			if err != nil {
				yield(Entry{}, fmt.Errorf("raffle: entries of %s: %w", loyalty.AccountName(member), err))
				return
			}
			shown := Entry{Raffle: row.Reference, Tickets: entry.Tickets, Status: Status(row.Status)}
			if row.ID != row.Reference {
				shown.ID = row.ID
			}
			if !yield(shown, nil) {
				return
			}
		}
	}
}

// ProofOf returns what a shop publishes of a raffle that is drawn, so that anyone can check
// it; before that it is [ErrNotDrawn]. It reads every ticket.
func ProofOf(ctx context.Context, store storage.Store, program, id string) (raffle.Proof, error) {
	r, state, err := read(ctx, store, program, id)
	if err != nil {
		return raffle.Proof{}, err
	}
	if r.Status != Drawn {
		return raffle.Proof{}, fmt.Errorf("raffle: %w: %q", ErrNotDrawn, id)
	}
	proof := raffle.Proof{
		Rules: r.Terms.rules(), Commitment: r.Terms.Commitment, Roll: state.Digest, Seed: state.Seed, Value: state.Value, Winners: state.Winners,
		Labels: make([]string, 0, state.Tickets),
	}
	query := storage.RecordQuery{Program: program, Member: house(id).Account(), Kind: ticketKind, Limit: 1000}
	for row, err := range storage.AllRecords(ctx, store, query) {
		var ticket ticketDocument
		if err == nil {
			err = decode(row, &ticket)
		}
		if err != nil {
			return raffle.Proof{}, fmt.Errorf("raffle: %q: %w", id, err)
		}
		proof.Labels = append(proof.Labels, ticket.Label)
	}
	return proof, nil
}
