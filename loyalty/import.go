package loyalty

import (
	"context"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Import brings over what a member had in another system: one lot with its exact
// dates, and how they stood on the program's ladders. It opens the member's account where
// there is none. [Engine.ImportAll] runs a whole file.
type Import struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	// Unit and Points say what the member has; both are empty for a member who has
	// nothing and is only enrolled. Of a metric, it is what was counted.
	Unit   string        `json:"unit,omitempty"`
	Points points.Amount `json:"points,omitempty"`
	// EarnedAt is when the points were earned; zero is now. AvailableFrom is when they
	// can be spent; zero is at once, and points.Never waits for a confirmation. ExpiresAt
	// is when they expire; zero is as the unit says, points.Never is never. Points that
	// have expired already are refused.
	EarnedAt      time.Time `json:"earnedAt,omitzero"`
	AvailableFrom time.Time `json:"availableFrom,omitzero"`
	ExpiresAt     time.Time `json:"expiresAt,omitzero"`
	// Reference is the other system's id of what is imported.
	Reference string `json:"reference,omitempty"`
	// EnrolledAt is when the member joined, if the account is opened now; zero is now.
	EnrolledAt time.Time `json:"enrolledAt,omitzero"`
	// ActiveAt is the member's last activity, for units with [points.Inactivity].
	ActiveAt time.Time `json:"activeAt,omitzero"`
	// Standing, if set, is how the member stood on ladders, with what counts for them: once
	// for each ladder. The member must have joined before the day of each State.
	Standing *OpeningStanding `json:"standing,omitempty"`
	Reason   string           `json:"reason,omitempty"`
	Actor    string           `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c Import) Plan() Plan {
	return Plan{Member: c.Member, Key: c.Key, Reason: c.Reason, Actor: c.Actor, Reference: c.Reference}
}

func (Import) enrolls() {}

// Validate reports every problem of the row.
func (c Import) Validate() error {
	var problems points.Problems
	if c.Points < 0 {
		problems.Add("points", "%d: must not be negative", c.Points)
	}
	if c.Unit != "" || c.Points != 0 {
		if err := points.CheckID(c.Unit, maxID); err != nil {
			problems.Add("unit", "%v", err)
		}
	}
	for _, date := range []struct {
		path string
		at   time.Time
	}{
		{"earnedAt", c.EarnedAt},
		{"availableFrom", c.AvailableFrom},
		{"expiresAt", c.ExpiresAt},
		{"enrolledAt", c.EnrolledAt},
		{"activeAt", c.ActiveAt},
	} {
		if !dated(date.at) {
			problems.Add(date.path, "the year must be 1970 to 9999")
		}
	}
	if c.Standing != nil {
		problems = append(problems, c.Standing.problems()...)
	}
	return problems.Err()
}

// Apply implements [Command].
func (c Import) Apply(_ context.Context, tx *Tx) error {
	if err := c.past(tx); err != nil {
		return err
	}
	if !tx.Enrolled() {
		tx.row.Kind, tx.row.Status, tx.row.EnrolledAt = storage.Person, storage.Active, tx.occurred
		if !c.EnrolledAt.IsZero() {
			tx.row.EnrolledAt = instant(c.EnrolledAt)
		}
	} else if tx.row.Status == storage.Closed {
		return ErrClosed
	}
	if c.Standing != nil {
		if err := c.Standing.open(tx, c.Reference); err != nil {
			return err
		}
	}
	if c.Points == 0 {
		return nil
	}
	unit, err := tx.rev.unit("unit", c.Unit)
	if err != nil {
		return err
	}
	at := tx.occurred
	if !c.EarnedAt.IsZero() {
		at = instant(c.EarnedAt)
	}
	if unit.Kind == points.Metric {
		return tx.book(points.Entry{
			Unit: unit.Code, Kind: points.EntryImport, From: points.Source, To: points.Counted, Amount: c.Points,
			Reference: c.Reference, OccurredAt: at,
		})
	}
	if expires := instant0(c.ExpiresAt); !expires.IsZero() && !expires.After(tx.now) {
		return invalid("expiresAt", "%s is past: the points have expired", expires.Format(time.RFC3339))
	}
	from := instant0(c.AvailableFrom)
	if from.IsZero() {
		from = tx.occurred
	}
	lot, err := tx.credit(unit, c.Points, creditTerms{
		source: c.Reference, from: points.Issued, kind: points.EntryImport, at: at, qualifies: true,
		availableFrom: from, expiresAt: instant0(c.ExpiresAt),
	})
	if err != nil {
		return err
	}
	tx.receipt.Awards = append(tx.receipt.Awards, AwardReceipt{
		Unit: unit.Code, Points: c.Points, Lot: lot.ID, AvailableFrom: lot.AvailableFrom, ExpiresAt: lot.ExpiresAt,
	})
	return c.active(tx, unit.Code)
}

// past refuses dates that are not past, but must be.
func (c Import) past(tx *Tx) error {
	var problems points.Problems
	check := func(path string, at time.Time) {
		if instant(at).After(tx.now) {
			problems.Add(path, "%s is after now (%s)", at.Format(time.RFC3339), tx.now.Format(time.RFC3339))
		}
	}
	check("earnedAt", c.EarnedAt)
	check("enrolledAt", c.EnrolledAt)
	check("activeAt", c.ActiveAt)
	if len(problems) > 0 {
		return fmt.Errorf("%w: %w", ErrInvalid, problems)
	}
	return nil
}

// active starts the time of inactivity from the last activity in the other system.
func (c Import) active(tx *Tx, unit string) error {
	rule := tx.inactivity(tx.rev, unit)
	if rule == nil || c.ActiveAt.IsZero() {
		return nil
	}
	state, _, armed, err := tx.idle(unit)
	if err != nil || armed && !instant(c.ActiveAt).After(state.Last) {
		return err
	}
	due := rule.From(instant(c.ActiveAt), tx.rev.zone)
	if !due.After(tx.now) {
		return invalid("activeAt", "%s is so long ago that the points of %q are lost", c.ActiveAt.Format(time.RFC3339), unit)
	}
	state.Last = instant(c.ActiveAt)
	return tx.putIdle(unit, state, due)
}
