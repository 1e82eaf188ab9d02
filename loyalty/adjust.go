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
	// ExpiresAt is the expiry of points that are added; zero is the unit's own,
	// and points.Never is never.
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
		_, err := tx.credit(unit, c.Points, creditTerms{
			source: c.Reference, from: points.Adjusted, kind: points.EntryAdjust, at: tx.occurred, expiresAt: instant0(c.ExpiresAt),
		})
		return err
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

func (c Adjust) adjustMetric(tx *Tx) error {
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
