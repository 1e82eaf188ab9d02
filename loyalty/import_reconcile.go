package loyalty

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// ReconciledTier is what the file and the store say of a member's opening standing on a
// ladder, nil where they have none. What the file leaves out does not differ.
type ReconciledTier struct {
	Member string       `json:"member"`
	Ladder string       `json:"ladder"`
	File   *tiers.State `json:"file,omitempty"`
	Store  *tiers.State `json:"store,omitempty"`
}

// memberLadder is a ladder of a member.
type memberLadder struct{ member, ladder string }

// reconciledStandings compares the tiers that a file brings members to with those that they
// were brought to.
type reconciledStandings struct {
	ladders    map[memberLadder]ReconciledTier
	unfinished unfinishedStandings
}

func newReconciledStandings() reconciledStandings {
	return reconciledStandings{ladders: map[memberLadder]ReconciledTier{}, unfinished: unfinishedStandings{}}
}

// file adds what a row of the file says.
func (r reconciledStandings) file(row *Import) {
	if row.Standing == nil {
		return
	}
	for i := range row.Standing.Ladders {
		l := &row.Standing.Ladders[i]
		at := memberLadder{row.Member, l.Ladder}
		r.ladders[at] = ReconciledTier{Member: row.Member, Ladder: l.Ladder, File: &l.State}
	}
}

// ledger adds what the store says of an account.
func (r reconciledStandings) ledger(ctx context.Context, e *Engine, member string) error {
	if len(e.epochs) == 0 {
		return nil
	}
	snaps, err := e.store.Load(ctx, []storage.LoadRequest{{Program: e.program, Member: member, Records: e.standingRefs()}})
	if err != nil || len(snaps[0].Records) == 0 || Moved(snaps[0].Records[0]) {
		return err
	}
	var state standingState
	if err := json.Unmarshal(snaps[0].Records[0].Data, &state); err != nil {
		return fmt.Errorf("record %s %q: %w", standingKind, standingID, err)
	}
	if state.Page > 0 {
		r.unfinished[member] = UnfinishedStanding{Member: member, Page: state.Page + 1, Pages: state.Pages}
	}
	for i := range state.Ladders {
		l := &state.Ladders[i]
		if l.Opened == nil {
			continue
		}
		at := memberLadder{member, l.Code}
		t := r.ladders[at]
		t.Member, t.Ladder, t.Store = member, l.Code, &l.Opened.State
		r.ladders[at] = t
	}
	return nil
}

// differences lists the first of those that differ, and counts all.
func (r reconciledStandings) differences() (list []ReconciledTier, all int) {
	order := func(a, b memberLadder) int {
		return cmp.Or(cmp.Compare(a.member, b.member), cmp.Compare(a.ladder, b.ladder))
	}
	for _, at := range slices.SortedFunc(maps.Keys(r.ladders), order) {
		if t := r.ladders[at]; !t.same() {
			if all++; len(list) < maxImportProblems {
				list = append(list, t)
			}
		}
	}
	return list, all
}

// same reports whether the store has what the file says: what it leaves out was filled in.
func (t *ReconciledTier) same() bool {
	if t.File == nil || t.Store == nil {
		return false
	}
	file, store := *t.File, *t.Store
	for _, day := range [...]struct{ file, store *tiers.Day }{
		{&file.Since, &store.Since}, {&file.Until, &store.Until}, {&file.CarriedTo, &store.CarriedTo}, {&file.At, &store.At},
	} {
		*day.file = cmp.Or(*day.file, *day.store)
	}
	file.Highest = cmp.Or(file.Highest, store.Highest)
	carried := slices.Equal(file.Carried, store.Carried)
	file.Carried, store.Carried = nil, nil
	return carried && reflect.DeepEqual(file, store)
}
