package loyalty

import (
	"context"
	"iter"
	"slices"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// A history is read in pieces of so many operations or entries, whichever is reached
// first: for each one Load brings what the entries are about.
const (
	recountedOperations = 100
	recountedEntries    = 1000
)

// recounted is an operation with its entries, as far as they were not erased.
type recounted struct {
	storage.Operation
	entries []points.Entry
}

// recount iterates over the operations of one account, from the query's version on.
func (e *Engine) recount(ctx context.Context, query storage.MemberQuery) iter.Seq2[recounted, error] {
	return func(yield func(recounted, error) bool) {
		entries, stop := iter.Pull2(storage.AllEntries(ctx, e.store, query))
		defer stop()
		entry, entryErr, more := entries()
		var piece []recounted
		n := 0
		tell := func() bool {
			if err := e.restoreReferences(ctx, query.Member, piece); err != nil {
				yield(recounted{}, err)
				return false
			}
			for i := range piece {
				if !yield(piece[i], nil) {
					return false
				}
			}
			piece, n = piece[:0], 0
			return true
		}
		for row, err := range storage.AllOperations(ctx, e.store, query) {
			op := recounted{Operation: row}
			for err == nil && more && entry.Version <= row.Version {
				if err = entryErr; err == nil {
					op.entries = append(op.entries, entry.Entry)
					entry, entryErr, more = entries()
				}
			}
			if err != nil {
				if tell() {
					yield(recounted{}, err)
				}
				return
			}
			n += len(op.entries)
			if piece = append(piece, op); len(piece) < recountedOperations && n < recountedEntries {
				continue
			}
			if !tell() {
				return
			}
		}
		tell()
	}
}

// restoreReferences gives entries of one account's operations back what they are about,
// as far as it was not erased.
func (e *Engine) restoreReferences(ctx context.Context, member string, operations []recounted) error {
	var lots []points.LotID
	for i := range operations {
		op := &operations[i]
		for j := range op.entries {
			switch entry := &op.entries[j]; entry.Reference {
			case "":
				entry.Reference = op.Reference
			case noReference:
				entry.Reference = ""
			case referenceOfLot:
				lots = append(lots, entry.Lot)
			}
		}
	}
	if len(lots) == 0 {
		return nil
	}
	slices.Sort(lots)
	snaps, err := e.store.Load(ctx, []storage.LoadRequest{{Program: e.program, Member: member, Lots: slices.Compact(lots)}})
	if err != nil {
		return err
	}
	sources := make(map[points.LotID]string, len(snaps[0].Lots))
	for _, lot := range snaps[0].Lots {
		if !reserved(lot.Source) {
			sources[lot.ID] = lot.Source
		}
	}
	for i := range operations {
		for j := range operations[i].entries {
			if entry := &operations[i].entries[j]; entry.Reference == referenceOfLot {
				entry.Reference = sources[entry.Lot]
			}
		}
	}
	return nil
}
