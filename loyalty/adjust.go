package loyalty

import (
	"context"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
)

// Adjust corrects a balance by hand, up or down. Reason and Actor are required.
// Taking more than is available becomes debt where the program allows it, and
// is an [InsufficientPointsError] otherwise. Of a metric, never more than was
// counted can be taken.
type Adjust struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	Unit   string `json:"unit"`
	// Points is added, or taken where it is negative. It must not be 0.
	Points points.Amount `json:"points"`
	// AvailableFrom is when points that are added can be spent, such as after the time in
	// which an order can be sent back: until then they are pending. Zero is at once, and
	// points.Never waits for a [Confirm] of the lot that the receipt's award names. It is
	// not before OccurredAt, and a metric has none.
	AvailableFrom time.Time `json:"availableFrom,omitzero"`
	// ExpiresAt is the expiry of points that are added; zero is the unit's own, counted
	// from AvailableFrom, and points.Never is never. Points that wait for a confirmation and
	// have no date get the unit's own expiry then. A metric has none.
	ExpiresAt  time.Time `json:"expiresAt,omitzero"`
	Reference  string    `json:"reference,omitempty"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason"`
	Actor      string    `json:"actor"`
}

// Plan implements [Command].
func (c Adjust) Plan() Plan {
	plan := Plan{
		Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor, Reference: c.Reference,
	}
	if c.Points < 0 && c.Points != -c.Points {
		plan.Debits = []Debit{{Unit: c.Unit, Amount: -c.Points}}
	}
	return plan
}

// Validate reports every problem of the adjustment.
func (c Adjust) Validate() error {
	var problems points.Problems
	if err := points.CheckID(c.Unit, maxID); err != nil {
		problems.Add("unit", "%v", err)
	}
	if c.Points == 0 || c.Points < -points.MaxAmount {
		problems.Add("points", "%d: must not be 0 nor the smallest int64", c.Points)
	}
	if c.Reason == "" {
		problems.Add("reason", "must say why the balance is corrected")
	}
	if c.Actor == "" {
		problems.Add("actor", "must say who corrects the balance")
	}
	if !c.ExpiresAt.IsZero() && (c.ExpiresAt.Year() < 1970 || c.ExpiresAt.After(points.Never)) {
		problems.Add("expiresAt", "the year must be 1970 to 9999")
	}
	if !c.ExpiresAt.IsZero() && c.Points < 0 {
		problems.Add("expiresAt", "has no meaning where points are taken")
	}
	if !dated(c.AvailableFrom) {
		problems.Add("availableFrom", "the year must be 1970 to 9999")
	}
	if !c.AvailableFrom.IsZero() && c.Points < 0 {
		problems.Add("availableFrom", "has no meaning where points are taken")
	}
	if !points.IsNever(c.AvailableFrom) && !c.ExpiresAt.IsZero() && c.AvailableFrom.After(c.ExpiresAt) {
		problems.Add("expiresAt", "the points would expire before they are available: set it after availableFrom")
	}
	return problems.Err()
}

// Apply implements [Command].
func (c Adjust) Apply(_ context.Context, tx *Tx) error {
	unit, err := tx.rev.unit("unit", c.Unit)
	if err != nil {
		return err
	}
	if unit.Kind == points.Metric {
		return c.adjustMetric(tx)
	}
	if c.Points > 0 {
		return c.add(tx, unit)
	}
	pattern := points.Entry{Kind: points.EntryAdjust, To: points.Adjusted, Reference: c.Reference, OccurredAt: tx.occurred}
	take := min(-c.Points, tx.Balance(c.Unit).Available)
	if take < -c.Points && tx.rev.Debt != AllowDebt {
		return tx.sufficient(c.Unit, -c.Points)
	}
	if take > 0 {
		if _, err := tx.debit(c.Unit, take, pattern); err != nil {
			return err
		}
	}
	return tx.owe(c.Unit, -c.Points-take, pattern)
}

func (c Adjust) add(tx *Tx, unit points.Unit) error {
	from := instant0(c.AvailableFrom)
	if !from.IsZero() && from.Before(tx.occurred) {
		return invalid("availableFrom", "%s is before the adjustment (%s)", from.Format(time.RFC3339), tx.occurred.Format(time.RFC3339))
	}
	lot, err := tx.credit(unit, c.Points, creditTerms{
		source: c.Reference, from: points.Adjusted, kind: points.EntryAdjust, at: tx.occurred,
		availableFrom: from, expiresAt: instant0(c.ExpiresAt),
	})
	if err == nil && !from.IsZero() {
		tx.receipt.Awards = append(tx.receipt.Awards, AwardReceipt{
			Unit: unit.Code, Points: c.Points, Lot: lot.ID, AvailableFrom: lot.AvailableFrom, ExpiresAt: lot.ExpiresAt,
		})
	}
	return err
}

func (c Adjust) adjustMetric(tx *Tx) error {
	if !c.AvailableFrom.IsZero() {
		return invalid("availableFrom", "%q is a metric, which is counted at once: leave it out", points.Clip(c.Unit))
	}
	if !c.ExpiresAt.IsZero() {
		return invalid("expiresAt", "%q is a metric, which does not expire: leave it out", points.Clip(c.Unit))
	}
	entry := points.Entry{
		Unit: c.Unit, Kind: points.EntryAdjust, From: points.Source, To: points.Counted, Amount: c.Points,
		Reference: c.Reference, OccurredAt: tx.occurred,
	}
	if c.Points < 0 {
		if have := tx.Balance(c.Unit).Counted; have < -c.Points {
			return &InsufficientPointsError{Unit: c.Unit, Scale: tx.rev.scales()[c.Unit], Needed: -c.Points, Available: have, NextAvailable: points.Never}
		}
		entry.From, entry.To, entry.Amount = points.Counted, points.Source, -c.Points
	}
	return tx.book(entry)
}

// owe books debt for what could not be taken.
func (p *Party) owe(unit string, amount points.Amount, pattern points.Entry) error {
	if amount == 0 {
		return nil
	}
	entry := pattern
	entry.Unit, entry.From, entry.Amount = unit, points.Debt, amount
	return p.book(entry)
}

// instant0 is instant, but leaves a zero time zero.
func instant0(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return instant(t)
}
