package loyalty

import (
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// takenBackLots is how many lots with points are looked through for those of a source.
const takenBackLots = 4096

// TakeBack takes points of a [Fact] back as a refund does: from the lots with the reference,
// pending ones first, then by [RefundPolicy] from others or as debt. What is missing is one of
// the receipt's Shortfalls. The amount is above 0, in the unit's smallest step. A metric is
// counted down on the day of the instant on, when it was counted, and never below 0. It reads
// the lots of the member, which costs a trip.
func (tx *Tx) TakeBack(unit string, amount points.Amount, reference string, on time.Time) error {
	u, err := tx.rev.unit("unit", unit)
	switch {
	case err != nil:
		return tx.fail(err)
	case amount <= 0:
		return tx.fail(invalid("points", "%d: must be above 0", amount))
	}
	var row storage.Record
	if u.Kind != points.Metric {
		if err := tx.load(storage.LoadRequest{Debits: []storage.Debit{{Limit: takenBackLots}}}); err != nil {
			return err
		}
		for i := range tx.lots {
			if tx.lots[i].Unit == unit && tx.lots[i].Source == reference {
				row.Lots = append(row.Lots, tx.lots[i].ID)
			}
		}
	}
	before := tx.countsOn
	tx.countsOn = tiers.DayOf(on, tx.rev.zone)
	missing, err := tx.clawBack(&row, points.Take{Unit: unit, Points: amount}, points.Entry{
		Unit: unit, Kind: points.EntryReverse, To: points.Reversed, Reference: reference, OccurredAt: tx.occurred,
	})
	tx.countsOn = before
	if err == nil && missing > 0 {
		tx.receipt.Shortfalls = append(tx.receipt.Shortfalls, Shortfall{Unit: unit, Amount: missing})
	}
	return err
}
