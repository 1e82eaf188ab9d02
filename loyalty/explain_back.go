package loyalty

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// lotOf names a lot of an account.
type lotOf struct {
	member string
	id     points.LotID
}

// corrected goes back from points that came back to the lot that they had left by an entry.
func (x *explaining) corrected(to *ExplainedLot, member string, ref points.EntryRef, way []string) error {
	entries, err := x.entries(member, ref.Version)
	if err != nil {
		return err
	}
	if ref.Ordinal >= len(entries) {
		return fmt.Errorf("%w: entry %d.%d of %s: verify the ledger", ErrNoEntry, ref.Version, ref.Ordinal, AccountName(member))
	}
	return x.follow(to, member, entries[ref.Ordinal].Lot, way)
}

// elsewhere goes on with the lots of others that one stands for which no entry made: a merge
// found those used up, and what was spent of them came back since. Lots of equal terms are
// one as good as the other: it takes as many of them as make up what is left of the lot, and
// one where nothing is.
func (x *explaining) elsewhere(to *ExplainedLot, member string, id points.LotID, way []string) error {
	snaps, err := x.engine.store.Load(x.ctx, []storage.LoadRequest{{Program: x.engine.program, Member: member, Lots: []points.LotID{id}}})
	if err != nil || len(snaps[0].Lots) == 0 {
		return err
	}
	lot := snaps[0].Lots[0].Lot
	if x.met == nil {
		x.met = map[lotOf]bool{}
	}
	x.met[lotOf{member, id}] = true
	others, err := x.wasOneWith(member)
	if err != nil {
		return err
	}
	before, enough := x.told, to.Remaining+to.Held
	for _, other := range others {
		query := storage.MemberQuery{Program: x.engine.program, Member: other, Limit: 1000}
		for was, err := range storage.AllLots(x.ctx, x.engine.store, query) {
			if err != nil {
				return err
			}
			if x.met[lotOf{other, was.ID}] || !sameEarned(&lot, member, &was.Lot, other) {
				continue
			}
			x.met[lotOf{other, was.ID}] = true
			if err := x.follow(to, other, was.ID, append(slices.Clip(way), fmt.Sprintf("%s of %s", points.EntryMerge, whose(other)))); err != nil {
				return err
			}
			if x.Next != "" || x.told > before && x.told-before >= enough {
				return nil
			}
		}
	}
	return nil
}

// sameEarned reports whether two lots of members who were one are of the same points, by
// all that nothing changes.
func sameEarned(lot *points.Lot, member string, was *points.Lot, other string) bool {
	return lot.Unit == was.Unit && lot.Source == was.Source && lot.EarnedAt.Equal(was.EarnedAt) &&
		cmp.Or(lot.Origin, member) == cmp.Or(was.Origin, other)
}

// wasOneWith lists the accounts that were ever merged into one, and those that it was merged
// into and taken out of again.
func (x *explaining) wasOneWith(member string) ([]string, error) {
	var others []string
	query := storage.RecordQuery{Program: x.engine.program, Member: member, Kind: mergeKind}
	for row, err := range storage.AllRecords(x.ctx, x.engine.store, query) {
		if err != nil {
			return nil, err
		}
		others = append(others, row.ID)
	}
	life, err := x.engine.lifeOf(x.ctx, member)
	if err == nil && life != nil {
		others = append(others, life.Former...)
	}
	return others, err
}

// erased reports whether a member was erased, or became one with somebody who was: nothing
// of them is told but accounts and amounts.
func (x *explaining) erased(member string) (bool, error) {
	gone, known := x.gone[member]
	if known {
		return gone, nil
	}
	_, err := x.engine.living(x.ctx, member)
	if gone = errors.Is(err, ErrErased); err != nil && !gone {
		return false, err
	}
	if x.gone == nil {
		x.gone = map[string]bool{}
	}
	x.gone[member] = gone
	return gone, nil
}
