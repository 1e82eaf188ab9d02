package loyalty

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// lotTerms is what the points of a lot keep wherever a merge takes them: those of equal terms
// are one as good as the other.
type lotTerms struct {
	unit, source, origin       string
	earned, available, expires time.Time
	qualifies                  bool
}

func termsOf(lot *points.Lot) lotTerms {
	return lotTerms{
		unit: lot.Unit, source: lot.Source, origin: lot.Origin, qualifies: lot.Qualifies,
		earned: lot.EarnedAt, available: lot.AvailableFrom, expires: lot.ExpiresAt,
	}
}

// cameBack lists the lots of others that came back to an account from merges of its own which
// were undone, the oldest first.
func (e *Engine) cameBack(ctx context.Context, member string) (map[lotTerms][]points.LotID, error) {
	life, err := e.lifeOf(ctx, member)
	if err != nil || life == nil || len(life.Former) == 0 {
		return nil, err
	}
	back := map[lotTerms][]points.LotID{}
	note := func(ids []points.LotID) error {
		snaps, err := e.store.Load(ctx, []storage.LoadRequest{{Program: e.program, Member: member, Lots: ids}})
		if err != nil {
			return err
		}
		for i := range snaps[0].Lots {
			if lot := &snaps[0].Lots[i]; lot.Origin != "" && slices.Contains(ids, lot.ID) {
				back[termsOf(&lot.Lot)] = append(back[termsOf(&lot.Lot)], lot.ID)
			}
		}
		return nil
	}
	var ids []points.LotID
	for entry, err := range storage.AllEntries(ctx, e.store, storage.MemberQuery{Program: e.program, Member: member}) {
		if err != nil {
			return nil, err
		}
		came := entry.Kind == points.EntryUnmerge && entry.From == points.Transferred && entry.Lot != 0 && entry.Into < 0
		if !came || slices.Contains(ids, entry.Lot) {
			continue
		}
		if ids = append(ids, entry.Lot); len(ids) == 100 {
			if err := note(ids); err != nil {
				return nil, err
			}
			ids = ids[:0]
		}
	}
	if len(ids) == 0 {
		return back, nil
	}
	return back, note(ids)
}

// giveLot gives back to a member up to an amount of what is in a lot, or, where that went on
// by a merge which was undone since, in those that came back in its place. It returns how
// much that was, and the first lot that it is in now, 0 for none.
func (m *moveStep) giveLot(from, into *Party, lot points.Lot, amount points.Amount) (given points.Amount, back points.LotID, err error) {
	lots := []points.LotID{lot.ID}
	if lot.MergedInto < 0 {
		lots = append(lots, m.back[termsOf(&lot)]...)
	}
	for _, id := range lots {
		lot, err := into.lot(id)
		for err == nil && lot.MergedInto > 0 {
			lot, err = into.lot(lot.MergedInto)
		}
		if err != nil {
			return given, back, err
		}
		part := min(amount-given, lot.Remaining)
		if part <= 0 {
			continue
		}
		next, err := into.hand(from, lot, part, 0, points.EntryUnmerge)
		if err != nil {
			return given, back, err
		}
		given, back = given+part, cmp.Or(back, next.ID)
	}
	return given, back, nil
}
