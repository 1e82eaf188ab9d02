package loyalty

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
)

// maxExtended bounds the lots that an Extend names.
const maxExtended = 100

// Extend gives points a later expiry. They move to lots with the new date, with what of
// them is on hold; the receipt has the old and the new date of each. Lots that live as
// long already stay as they are.
type Extend struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	Unit   string `json:"unit"`
	// Lots names what to extend, pending lots too, as [Engine.Member] numbers them: of a
	// member who was merged under the survivor's id. Otherwise all available points are
	// extended that expire by ExpiringBy.
	Lots       []points.LotID `json:"lots,omitempty"`
	ExpiringBy time.Time      `json:"expiringBy,omitzero"`
	// ExpiresAt is the new expiry, or points.Never.
	ExpiresAt  time.Time `json:"expiresAt"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	// Reason and Actor are required.
	Reason string `json:"reason"`
	Actor  string `json:"actor"`
}

// Plan implements [Command].
func (c Extend) Plan() Plan {
	plan := Plan{Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor}
	for _, id := range c.Lots {
		plan.Lots = append(plan.Lots, LotRef{ID: id})
	}
	if len(c.Lots) == 0 {
		plan.Debits = []Debit{{Unit: c.Unit, Amount: points.MaxAmount}}
	}
	return plan
}

// Validate reports every problem of the extension.
func (c Extend) Validate() error {
	problems := correctionProblems(c.Reason, c.Actor)
	if err := points.CheckID(c.Unit, maxID); err != nil {
		problems.Add("unit", "%v", err)
	}
	if c.ExpiresAt.IsZero() || !dated(c.ExpiresAt) {
		problems.Add("expiresAt", "must be the new expiry, up to points.Never")
	}
	if !dated(c.ExpiringBy) {
		problems.Add("expiringBy", "the year must be 1970 to 9999")
	}
	if len(c.Lots) > 0 != c.ExpiringBy.IsZero() {
		problems.Add("lots", "name lots, or give \"expiringBy\"")
	}
	if len(c.Lots) > maxExtended {
		problems.Add("lots", "at most %d, here are %d", maxExtended, len(c.Lots))
	}
	for i, id := range c.Lots {
		if id <= 0 || slices.Contains(c.Lots[:i], id) {
			problems.Add(fmt.Sprintf("lots[%d]", i), "%d is no lot, or named twice", id)
		}
	}
	return problems.Err()
}

// correctionProblems reports a correction by hand that does not say why, or who.
func correctionProblems(reason, actor string) points.Problems {
	var problems points.Problems
	if reason == "" {
		problems.Add("reason", "must say why it is corrected")
	}
	if actor == "" {
		problems.Add("actor", "must say who corrects it")
	}
	return problems
}

// Apply implements [Command].
func (c Extend) Apply(_ context.Context, tx *Tx) error {
	unit, err := tx.rev.spendable("unit", c.Unit)
	if err != nil {
		return err
	}
	until := instant(c.ExpiresAt)
	if !until.After(tx.now) {
		return invalid("expiresAt", "%s is not after now (%s)", until.Format(time.RFC3339), tx.now.Format(time.RFC3339))
	}
	lots, err := c.choose(tx)
	if err != nil {
		return err
	}
	lots = slices.DeleteFunc(lots, func(l points.Lot) bool { return !l.ExpiresAt.Before(until) })
	if len(lots) > tx.deciding.engine.movedLots() {
		return tx.fail(errGather)
	}
	for _, lot := range lots {
		if err := tx.extend(unit, lot, until); err != nil {
			return err
		}
	}
	return nil
}

// movedLots is how many lots one commit moves into others.
func (e *Engine) movedLots() int { return max(20, (e.limits.Rows-40)/4) }

func (c Extend) choose(tx *Tx) ([]points.Lot, error) {
	if len(c.Lots) == 0 {
		return tx.expiringBy(c.Unit, instant(c.ExpiringBy))
	}
	if err := tx.ownLots(); err != nil {
		return nil, err
	}
	var lots []points.Lot
	for i, id := range c.Lots {
		at := tx.lotAt(id)
		if at < 0 {
			if err := tx.needLots([]points.LotID{id}); err != nil {
				return nil, err
			}
			at = tx.lotAt(id)
		}
		if at < 0 || tx.lots[at].Unit != c.Unit {
			return nil, invalid(fmt.Sprintf("lots[%d]", i), "%d is not a lot of %q of the member", id, c.Unit)
		}
		if lot := tx.lots[at]; lot.Remaining > 0 || lot.Held > 0 {
			lots = append(lots, lot)
		}
	}
	return lots, nil
}

// expiringBy returns the open lots of a unit that expire by an instant.
func (p *Party) expiringBy(unit string, by time.Time) ([]points.Lot, error) {
	for n := maxLotsPerCommit; ; n *= 4 {
		lots, err := p.openLots(unit, n)
		if err != nil {
			return nil, err
		}
		whole := len(lots) < n
		lots = slices.DeleteFunc(slices.Clone(lots), func(l points.Lot) bool { return l.ExpiresAt.After(by) })
		if whole || len(lots) < n {
			return lots, nil
		}
	}
}

// extend moves a lot as a whole into one that expires at another time.
func (tx *Tx) extend(unit points.Unit, lot points.Lot, until time.Time) error {
	total, err := lot.Remaining.Add(lot.Held)
	if err != nil {
		return tx.fail(err)
	}
	next := tx.newLot(unit, total, creditTerms{
		source: lot.Source, earnedAt: lot.EarnedAt, availableFrom: lot.AvailableFrom, expiresAt: until, origin: lot.Origin, qualifies: lot.Qualifies,
	})
	next.State, next.Remaining, next.Held = lot.State, lot.Remaining, lot.Held
	bucket := points.Available
	if lot.State == points.LotPending {
		bucket = points.Pending
	}
	for _, part := range []struct {
		bucket points.Bucket
		amount points.Amount
	}{{bucket, lot.Remaining}, {points.Held, lot.Held}} {
		if part.amount == 0 {
			continue
		}
		err := tx.book(points.Entry{
			Unit: lot.Unit, Kind: points.EntryExtend, From: part.bucket, To: part.bucket, Amount: part.amount,
			Lot: lot.ID, Into: next.ID, Reference: lot.Source,
		})
		if err != nil {
			return err
		}
	}
	tx.receipt.Dates = append(tx.receipt.Dates, LotDates{
		Unit: lot.Unit, Points: total, Lot: lot.ID, Into: next.ID, Before: lot.ExpiresAt, After: next.ExpiresAt,
	})
	lot.Remaining, lot.Held, lot.MergedInto = 0, 0, next.ID
	lot.Merged += total
	tx.putLot(lot)
	tx.putLot(next)
	return nil
}
