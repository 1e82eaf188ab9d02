package loyalty

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
)

// Confirm makes an order's pending points available: those that wait for a
// confirmation, and those whose return window is still open. Their validity is
// counted from the confirmation, but for points that were given a date of their own to
// expire, by whoever added or brought them or by an [Extend]: they keep it.
type Confirm struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	// Order is the id of an order that earned. Lots names pending lots instead, such as
	// what an activity earned that has to be reviewed, or an [Adjust] added, as [Engine.Member] numbers them: of a
	// member who was merged under the survivor's id.
	Order      string         `json:"order"`
	Lots       []points.LotID `json:"lots,omitempty"`
	OccurredAt time.Time      `json:"occurredAt,omitzero"`
	Reason     string         `json:"reason,omitempty"`
	Actor      string         `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c Confirm) Plan() Plan {
	plan := Plan{
		Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor, Reference: c.Order,
	}
	if c.Order != "" {
		plan.Records = []RecordRef{{Kind: orderKind, ID: c.Order}}
	}
	for _, id := range c.Lots {
		plan.Lots = append(plan.Lots, LotRef{ID: id})
	}
	return plan
}

// Validate reports every problem of the confirmation.
func (c Confirm) Validate() error {
	if len(c.Lots) == 0 {
		return checkOrder(c.Order)
	}
	var problems points.Problems
	if c.Order != "" {
		problems.Add("order", "name an order, or \"lots\"")
	}
	problems = append(problems, lotProblems(c.Lots)...)
	return problems.Err()
}

// lotProblems reports lots that are none, too many, or named twice.
func lotProblems(lots []points.LotID) points.Problems {
	var problems points.Problems
	if len(lots) > maxExtended {
		problems.Add("lots", "at most %d, here are %d", maxExtended, len(lots))
		return problems
	}
	for i, id := range lots {
		if id <= 0 || slices.Contains(lots[:i], id) {
			problems.Add(fmt.Sprintf("lots[%d]", i), "%d is no lot, or named twice", id)
		}
	}
	return problems
}

// ownLots refuses a command that names lots, and its member by the id of one who was
// merged: they are numbered by account, so that the number of a lot that went is another
// lot's of the survivor.
func (tx *Tx) ownLots() error {
	if named := tx.call.named().Member; named != tx.Party.Member() {
		return invalid("lots", "%q was merged into %q: name its lots, as its page shows them, under that id", named, tx.Party.Member())
	}
	return nil
}

// confirmLots confirms pending lots by their ids.
func (c Confirm) confirmLots(tx *Tx) error {
	if err := tx.ownLots(); err != nil {
		return err
	}
	for i, id := range c.Lots {
		at := tx.lotAt(id)
		if at < 0 {
			return invalid(fmt.Sprintf("lots[%d]", i), "%d is not a lot of the member", id)
		}
		lot := tx.lots[at]
		if lot.State != points.LotPending {
			return fmt.Errorf("%w: lot %d", ErrNothingPending, id)
		}
		if _, err := tx.confirm(lot, lot.Source); err != nil {
			return err
		}
	}
	return nil
}

// Apply implements [Command].
func (c Confirm) Apply(_ context.Context, tx *Tx) error {
	if len(c.Lots) > 0 {
		return c.confirmLots(tx)
	}
	row, exists, err := tx.earned(c.Order)
	if err != nil {
		return err
	}
	if !exists {
		return tx.unknownOrder(c.Order)
	}
	confirmed := false
	lots := make([]points.LotID, len(row.Lots))
	for i, id := range row.Lots {
		lot, err := tx.whereNow(id)
		if err != nil {
			return err
		}
		lots[i] = lot.ID
		if lot.State != points.LotPending {
			continue
		}
		confirmed = true
		if lots[i], err = tx.confirm(lot, c.Order); err != nil {
			return err
		}
	}
	if !confirmed {
		return fmt.Errorf("%w: order %q", ErrNothingPending, c.Order)
	}
	row.Lots = lots
	return tx.putOwn(row)
}

// confirm moves a pending lot's points into a lot with dates counted from now. One that
// was given a date of its own to expire keeps it.
func (tx *Tx) confirm(lot points.Lot, order string) (points.LotID, error) {
	unit, err := tx.rev.unit("unit", lot.Unit)
	if err != nil {
		return 0, err
	}
	rule, err := tx.ruleOf(&lot)
	if err != nil {
		return 0, err
	}
	amount, expires := lot.Remaining, tx.expiry(tx.rev, &unit, rule).From(tx.occurred, tx.rev.zone)
	if tx.hasOwnExpiry(&lot, &unit, rule) {
		expires = lot.ExpiresAt
	}
	next := tx.newLot(unit, amount, creditTerms{
		source: lot.Source, at: tx.occurred, earnedAt: lot.EarnedAt, availableFrom: tx.occurred,
		expiresAt: expires, origin: lot.Origin, qualifies: lot.Qualifies,
	})
	lot.Remaining, lot.MergedInto, lot.Merged = 0, next.ID, amount
	tx.putLot(lot)
	err = tx.book(points.Entry{
		Unit: lot.Unit, Kind: points.EntryConfirm, From: points.Pending, To: points.Available, Amount: amount,
		Lot: lot.ID, Into: next.ID, Reference: order,
	})
	if err != nil {
		return 0, err
	}
	tx.putLot(next)
	_, err = tx.arrive(next, tx.occurred)
	return next.ID, err
}

// hasOwnExpiry reports whether a pending lot has another date to expire than the program gives it,
// now or as it was when the points were earned.
func (tx *Tx) hasOwnExpiry(lot *points.Lot, unit *points.Unit, rule string) bool {
	for _, rev := range []*revision{tx.rev, revisionAt(tx.deciding.engine.revisions, lot.EarnedAt)} {
		then, known := rev.Unit(unit.Code)
		if known && lot.ExpiresAt.Equal(tx.expiry(rev, &then, rule).From(lot.AvailableFrom, rev.zone)) {
			return false
		}
	}
	return true
}

func checkOrder(id string) error {
	var problems points.Problems
	if err := points.CheckID(id, maxID); err != nil {
		problems.Add("order", "%v", err)
	}
	return problems.Err()
}
