package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// served is the ledger on a server.
type served struct {
	sessions sessions
	grammar  *grammar
	// bound is set inside a host's transaction.
	bound bool
	// once runs plain batches as one statement; nil where they take a transaction.
	once func(ctx context.Context, do work) error
}

// Commit stores batches, as many in one transaction as its limits allow.
//
// Batches nearly always succeed, so that they are written without a look: the
// server counts rows and refuses keys. If one is refused, all of its transaction
// is rolled back and its batches are committed one by one.
func (s *served) Commit(ctx context.Context, batches []storage.Batch) ([]storage.Outcome, error) {
	outcomes := make([]storage.Outcome, len(batches))
	for i := range batches {
		if err := cmp.Or(batches[i].Validate(), s.grammar.widest.check(&batches[i])); err != nil {
			return nil, fmt.Errorf("sqlstore: commit batch %d of %d: %w", i+1, len(batches), err)
		}
	}
	var chains storage.Chains
	for from := 0; from < len(batches); {
		to := together(batches, from)
		group, ends := batches[from:to], outcomes[from:to]
		if err := s.commitGroup(ctx, group, ends, &chains); err != nil {
			return nil, fmt.Errorf("sqlstore: commit: %w", err)
		}
		from = to
	}
	return outcomes, nil
}

// together returns how far a transaction that begins at from goes: to what fits,
// and no further than to a batch that depends on the order of its writes.
func together(batches []storage.Batch, from int) int {
	rows, size := 0, 0
	claimed := map[storage.ClaimKey]struct{}{}
	for i := from; i < len(batches); i++ {
		batch := &batches[i]
		rows += batch.Rows()
		size += batch.Bytes()
		alone := tooLarge(batch) || scrubs(batch)
		for j := range batch.Claims {
			_, again := claimed[batch.Claims[j].ClaimKey]
			alone = alone || again || batch.Program != batches[from].Program
			claimed[batch.Claims[j].ClaimKey] = struct{}{}
		}
		switch {
		case i > from && (alone || rows > serverRows || size > serverBytes):
			return i
		case alone:
			return i + 1
		}
	}
	return len(batches)
}

func tooLarge(batch *storage.Batch) bool {
	return batch.Rows() > serverRows || batch.Bytes() > serverBytes
}

func scrubs(batch *storage.Batch) bool {
	return slices.ContainsFunc(batch.Legs, func(leg storage.Leg) bool {
		return len(leg.Scrub.Operations)+len(leg.Scrub.Records)+len(leg.Scrub.Events) > 0
	})
}

// strangers is how often a batch is written that a constraint of the host's refuses:
// its name may be that of one of this package's, which a look then tells.
const strangers = 3

func (s *served) commitGroup(ctx context.Context, batches []storage.Batch, ends []storage.Outcome, chains *storage.Chains) error {
	whole := !tooLarge(&batches[0]) && !slices.ContainsFunc(batches, func(b storage.Batch) bool { return chains.Broken(&b) })
	if whole && len(batches) > 1 {
		err := s.write(ctx, batches)
		switch {
		case err == nil, errors.Is(err, errUnknown):
			for i := range batches {
				ends[i] = storage.Outcome{Status: storage.OK}
				if err != nil {
					ends[i] = storage.Outcome{Status: storage.Unknown, Err: err}
				}
				chains.Ended(&batches[i], ends[i].Status)
			}
			return nil
		case !errors.Is(err, errRefused) && !errors.Is(err, errUndone):
			return err
		}
	}
	for i := range batches {
		var err error
		if ends[i], err = s.commitOne(ctx, &batches[i], chains.Broken(&batches[i])); err != nil {
			return err
		}
		chains.Ended(&batches[i], ends[i].Status)
	}
	return nil
}

// commitOne commits a batch by itself. One that is refused is looked at, and tried
// again where the look finds nothing in its way any more.
func (s *served) commitOne(ctx context.Context, batch *storage.Batch, broken bool) (storage.Outcome, error) {
	if tooLarge(batch) {
		return storage.Outcome{Status: storage.TooLarge}, nil
	}
	one := []storage.Batch{*batch}
	for try := 1; try <= tries; try++ {
		err := errRefused
		if !broken {
			err = s.write(ctx, one)
		}
		switch {
		case err == nil:
			return storage.Outcome{Status: storage.OK}, nil
		case errors.Is(err, errUnknown):
			return storage.Outcome{Status: storage.Unknown, Err: err}, nil
		case errors.Is(err, errUndone):
			return storage.Outcome{Status: storage.Conflict, Err: err}, nil
		case !errors.Is(err, errRefused):
			return storage.Outcome{}, err
		}
		var outcome storage.Outcome
		if err := s.sessions.read(ctx, func(ctx context.Context, from *session) (err error) {
			outcome, err = from.look(ctx, batch, broken)
			return err
		}); err != nil || outcome.Status != storage.OK {
			return outcome, err
		}
		if (s.bound || try >= strangers) && foreign(err, batch.Program) {
			return storage.Outcome{}, err
		}
		if s.bound {
			// What is in the way came after the state that the transaction sees.
			return storage.Outcome{}, fmt.Errorf("%w: %w", storage.ErrRetryTransaction, err)
		}
	}
	return storage.Outcome{Status: storage.Conflict, Err: errUndone}, nil
}

// write stores batches, all or none.
func (s *served) write(ctx context.Context, batches []storage.Batch) error {
	if s.once != nil && plain(batches) {
		return s.once(ctx, func(ctx context.Context, to *session) error { return to.writeAtOnce(ctx, batches) })
	}
	return s.sessions.write(ctx, func(ctx context.Context, to *session) error { return to.writeTogether(ctx, batches) })
}

// writeTogether writes batches, or returns an error where a row stands in their
// way: all accounts in order of their key, then what is under them, claims and
// counters. Rows that several of them write are written once.
func (s *session) writeTogether(ctx context.Context, batches []storage.Batch) error {
	legs, heads, err := inOrder(batches)
	if err != nil {
		return err
	}
	claims := inClaimOrder(batches)
	rows := rowsUnder(legs)
	rows[addClaims] = takenClaims(claims)
	if s.inBlocks && s.fitsBlock(batches, &rows) {
		err = s.writeBlock(ctx, &heads[0], &rows)
	} else {
		err = s.writeTables(ctx, legs, heads, &rows)
	}
	if err != nil {
		return err
	}
	if err := s.dropClaims(ctx, claims); err != nil {
		return err
	}
	return s.writeCounters(ctx, batches)
}

// writeTables writes one table after the other.
func (s *session) writeTables(ctx context.Context, legs []*storage.Leg, heads []joined, rows *[rowsetCount][]any) error {
	if err := s.writeHeads(ctx, heads); err != nil {
		return err
	}
	for _, leg := range legs {
		if err := s.scrub(ctx, leg); err != nil {
			return err
		}
	}
	for _, id := range []int{addOperations, addEntries, putLots, putRecords, addEvents, addClaims} {
		if _, err := s.insert(ctx, id, rows[id]); err != nil {
			return err
		}
	}
	return nil
}

// joined is an account that is written once for all legs that change it.
type joined struct {
	last   *storage.Account
	expect int64
	legs   int
}

// inOrder returns all legs by account, those of one in the order given, and their
// accounts. Legs of an account that do not build on each other are refused.
func inOrder(batches []storage.Batch) ([]*storage.Leg, []joined, error) {
	var legs []*storage.Leg
	for i := range batches {
		for j := range batches[i].Legs {
			legs = append(legs, &batches[i].Legs[j])
		}
	}
	slices.SortStableFunc(legs, func(a, b *storage.Leg) int {
		return cmp.Or(cmp.Compare(a.Account.Program, b.Account.Program), cmp.Compare(a.Account.Member, b.Account.Member))
	})
	var heads []joined
	for i, leg := range legs {
		if i == 0 || idOf(&legs[i-1].Account) != idOf(&leg.Account) {
			heads = append(heads, joined{last: &leg.Account, expect: leg.Expect, legs: 1})
			continue
		}
		head := &heads[len(heads)-1]
		if head.last.Version != leg.Expect {
			return nil, nil, errRefused
		}
		head.last = &leg.Account
		head.legs++
	}
	return legs, heads, nil
}

// lotID and recordID name rows that may be written several times.
type lotID struct {
	accountID
	lot points.LotID
}

type recordID struct {
	accountID
	storage.RecordKey
}

// lastLots returns every lot once, as the last leg leaves it.
func lastLots(legs []*storage.Leg) []*storage.Lot {
	places := map[lotID]int{}
	var lots []*storage.Lot
	for _, leg := range legs {
		for i := range leg.Lots {
			lot := &leg.Lots[i]
			id := lotID{idOf(&leg.Account), lot.ID}
			if at, again := places[id]; again {
				lots[at] = lot
				continue
			}
			places[id] = len(lots)
			lots = append(lots, lot)
		}
	}
	return lots
}

// lastRecords returns every record once, as the last leg leaves it.
func lastRecords(legs []*storage.Leg) []*storage.Record {
	places := map[recordID]int{}
	var records []*storage.Record
	for _, leg := range legs {
		for i := range leg.Records {
			record := &leg.Records[i]
			id := recordID{idOf(&leg.Account), storage.RecordKey{Kind: record.Kind, ID: record.ID}}
			if at, again := places[id]; again {
				records[at] = record
				continue
			}
			places[id] = len(records)
			records = append(records, record)
		}
	}
	return records
}
