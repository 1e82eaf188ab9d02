package loyalty

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"

	"github.com/loyaltykit/loyaltykit/storage"
)

// Living follows merges to the account that an id is about now, as the engine's own reads
// do, and is [ErrErased], beside the id, where that member was erased: nothing is to be shown
// of them, whether or not all of it is scrubbed. An id that has no account is returned as it
// is. It costs one Load for each merge in a row, and one more.
func Living(ctx context.Context, store storage.Store, program, member string) (string, error) {
	for range maxChain {
		life, err := lifeOf(ctx, store, program, member)
		switch {
		case err != nil:
			return member, err
		case life != nil && life.Into != "":
			member = life.Into
		case life.erased():
			return member, ErrErased
		default:
			return member, nil
		}
	}
	return "", ErrContention
}

// Records iterates over records that are to be shown, for reads of features: those of a
// query, as storage.AllRecords does, without those that a merge has taken elsewhere or an
// erasure has emptied. It stops at the first error, which it yields.
//
// Of one member it lists what the account has that [Living] finds, or yields
// [ErrErased]. Across members it leaves out the rows of who was erased, or became one with
// somebody who was, from the commit of the erasure on: for that it looks up whose they are
// page by page, in one Load for every 100 members of the page, and one more for those who
// were merged into others.
func Records(ctx context.Context, store storage.Store, query storage.RecordQuery) iter.Seq2[storage.Record, error] {
	return func(yield func(storage.Record, error) bool) {
		across := query.Member == ""
		if !across {
			var err error
			if query.Member, err = Living(ctx, store, query.Program, query.Member); err != nil {
				yield(storage.Record{}, err)
				return
			}
		}
		for more := true; more; more = query.After != "" {
			page, err := store.Records(ctx, query)
			rows := slices.DeleteFunc(page.Items, func(row storage.Record) bool { return Moved(row) || row.Status == erasedState })
			var found fates
			if err == nil && across {
				found, err = fatesOf(ctx, store, query.Program, membersOf(rows, func(row *storage.Record) string { return row.Member }))
			}
			if err != nil {
				yield(storage.Record{}, err)
				return
			}
			for _, row := range rows {
				if !found.erased(row.Member) && !yield(row, nil) {
					return
				}
			}
			query.After = page.Next
		}
	}
}

// ErasedAmong returns those of some members of whom nothing is to be shown: who were erased,
// or were merged into somebody who was, from the commit of the erasure on. It makes one Load
// for every 100 accounts that it looks at: the members, and who they were merged into.
func ErasedAmong(ctx context.Context, store storage.Store, program string, members []string) (map[string]bool, error) {
	found, err := fatesOf(ctx, store, program, members)
	if err != nil {
		return nil, err
	}
	erased := map[string]bool{}
	for _, member := range members {
		if found.erased(member) {
			erased[member] = true
		}
	}
	return erased, nil
}

// fateChunk is how many accounts one Load looks at.
const fateChunk = 100

// fate is what became of an account. Of one that was erased the operations up to scrubs are
// scrubbed, or are to be.
type fate struct {
	life   *lifeData
	scrubs int64
}

// fates holds what became of accounts, and of those that they were merged into.
type fates map[string]fate

// fatesOf looks up what became of members.
func fatesOf(ctx context.Context, store storage.Store, program string, members []string) (fates, error) {
	found := fates{}
	for next := members; len(next) > 0; next = found.unknown() {
		for chunk := range slices.Chunk(next, fateChunk) {
			if err := found.look(ctx, store, program, chunk); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

func (f fates) look(ctx context.Context, store storage.Store, program string, members []string) error {
	requests := make([]storage.LoadRequest, len(members))
	for i, member := range members {
		requests[i] = storage.LoadRequest{Program: program, Member: member, Records: []storage.RecordKey{{Kind: eraseKind, ID: eraseID}}}
	}
	snaps, err := store.Load(ctx, requests)
	if err != nil {
		return fmt.Errorf("%w: %w", errNotStored, err)
	}
	for i, member := range members {
		one := fate{}
		if snaps[i].Account != nil {
			if one.life, err = (&account{id: member, row: *snaps[i].Account}).life(); err != nil {
				return err
			}
		}
		if len(snaps[i].Records) > 0 {
			var state eraseState
			if err := json.Unmarshal(snaps[i].Records[0].Data, &state); err != nil {
				return fmt.Errorf("erasure of %s: %w", AccountName(member), err)
			}
			one.scrubs = state.Version
		}
		f[member] = one
	}
	return nil
}

// unknown lists the survivors that were not looked up.
func (f fates) unknown() []string {
	var members []string
	for _, one := range f {
		if one.life == nil || one.life.Into == "" {
			continue
		}
		if _, known := f[one.life.Into]; !known {
			members = append(members, one.life.Into)
		}
	}
	slices.Sort(members)
	return slices.Compact(members)
}

// erased reports whether a member was erased, or became one with somebody who was.
func (f fates) erased(member string) bool {
	for range len(f) {
		life := f[member].life
		if life.erased() {
			return true
		}
		if life == nil || life.Into == "" {
			return false
		}
		member = life.Into
	}
	return false
}

// silentTo is the version up to which nothing is to be told of a member's operations, 0 where
// all is.
func (f fates) silentTo(member string) int64 {
	switch {
	case !f.erased(member):
		return 0
	case f[member].life.erased():
		return f[member].scrubs
	default:
		return math.MaxInt64 // The erasure of the survivor has not come here.
	}
}

// membersOf lists the members of rows, each once.
func membersOf[T any](rows []T, member func(*T) string) []string {
	members := map[string]bool{}
	for i := range rows {
		members[member(&rows[i])] = true
	}
	return slices.Sorted(maps.Keys(members))
}
