package loyalty

import (
	"maps"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// crowd is how many lots are looked at for what can be merged, where a command needs
// more lots than one commit takes.
const crowd = 4096

// consolidateBatch merges some of an account's lots, where it has more than bound
// open ones, and reports whether it merged any. What is due is settled before.
func (d *deciding) consolidateBatch(c *call, a *account, now time.Time, bound int) (bool, error) {
	open := 0
	for i := range a.lots {
		if a.lots[i].State == points.LotOpen {
			open++
		}
	}
	if open <= bound {
		return false, nil
	}
	tx, err := d.systemTx(c, a, settleType, now)
	if err != nil {
		return false, err
	}
	merged := 0
	for _, merge := range a.merges(tx.rev.zone, bound) {
		merge.From = merge.From[:min(len(merge.From), settleSteps-merged)]
		if len(merge.From) < 2 {
			break
		}
		if err := tx.merge(merge); err != nil {
			return false, err
		}
		merged += len(merge.From)
	}
	if merged == 0 {
		return false, nil
	}
	_, err = d.seal(c, tx)
	return true, err
}

// merges decides which lots become one. In a pool those of one contributor do, who may get
// them back.
func (a *account) merges(zone *time.Location, bound int) []points.Merge {
	if a.row.Kind != storage.Pool {
		return points.Consolidate(a.lots, zone, bound)
	}
	from := map[string][]points.Lot{}
	for _, lot := range a.lots {
		from[lot.Source] = append(from[lot.Source], lot)
	}
	var merges []points.Merge
	for _, source := range slices.Sorted(maps.Keys(from)) {
		merges = append(merges, points.Consolidate(from[source], zone, 0)...)
	}
	return merges
}

// merge moves the points of lots into one new lot.
func (tx *Tx) merge(m points.Merge) error {
	into := m.Into
	into.ID = tx.firstNewLot() + points.LotID(tx.newLots)
	into.Original, into.Remaining = 0, 0
	tx.newLots++
	for i, lot := range m.From {
		if i == 0 || lot.EarnedAt.Before(into.EarnedAt) {
			into.EarnedAt = lot.EarnedAt
		}
		var err error
		if into.Original, err = into.Original.Add(lot.Remaining); err != nil {
			return err
		}
	}
	into.Remaining = into.Original
	tx.putLot(into)
	for _, lot := range m.From {
		amount := lot.Remaining
		lot.Remaining, lot.MergedInto, lot.Merged = 0, into.ID, amount
		tx.putLot(lot)
		err := tx.book(points.Entry{
			Unit: lot.Unit, Kind: points.EntryConsolidate, From: points.Available, To: points.Available, Amount: amount,
			Lot: lot.ID, Into: into.ID, OccurredAt: tx.now,
		})
		if err != nil {
			return err
		}
	}
	return nil
}
