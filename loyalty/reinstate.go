package loyalty

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// reinstateKind is the kind of the records of expired entries that were reinstated.
const reinstateKind = "reinstated"

const maxReinstated = 20

// Reinstate brings expired points back, within the time that their unit gives for it.
// [Engine.Expired] lists what can be. Each expired entry comes back once: again is
// [ErrAlreadyDone]. A member who was merged into another is refused, since the entries of
// two accounts have the same names: the survivor's are reinstated under their own id.
type Reinstate struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	// Entries names the ledger's entries of the expiry, at most 20.
	Entries []points.EntryRef `json:"entries"`
	// ExpiresAt is the new expiry, or points.Never; zero is the unit's own, counted from
	// now.
	ExpiresAt  time.Time `json:"expiresAt,omitzero"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	// Reason and Actor are required.
	Reason string `json:"reason"`
	Actor  string `json:"actor"`
}

// Plan implements [Command].
func (c Reinstate) Plan() Plan {
	plan := Plan{Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor}
	for _, ref := range c.Entries {
		plan.Records = append(plan.Records, RecordRef{Kind: reinstateKind, ID: entryID(ref)})
	}
	return plan
}

func entryID(ref points.EntryRef) string { return fmt.Sprintf("%d.%d", ref.Version, ref.Ordinal) }

// Validate reports every problem of the reinstatement.
func (c Reinstate) Validate() error {
	problems := correctionProblems(c.Reason, c.Actor)
	if len(c.Entries) == 0 || len(c.Entries) > maxReinstated {
		problems.Add("entries", "name 1 to %d expired entries, here are %d", maxReinstated, len(c.Entries))
		return problems
	}
	for i, ref := range c.Entries {
		path := fmt.Sprintf("entries[%d]", i)
		if ref.Version < 1 || ref.Version > maxVersion {
			problems.Add(path+".version", "%d is no version of an account", ref.Version)
		}
		if ref.Ordinal < 0 || ref.Ordinal > lotsPerVersion {
			problems.Add(path+".ordinal", "%d is no place of an entry", ref.Ordinal)
		}
		if slices.Contains(c.Entries[:i], ref) {
			problems.Add(path, "is named twice")
		}
	}
	if !dated(c.ExpiresAt) {
		problems.Add("expiresAt", "the year must be 1970 to 9999")
	}
	return problems.Err()
}

// maxVersion is more than the versions that an account can have.
const maxVersion = int64(1) << 49

// Apply implements [Command].
func (c Reinstate) Apply(_ context.Context, tx *Tx) error {
	if tx.row.Member != c.Member {
		return invalid("member", "%q was merged into %q, and entries are of one account: name that one, with what Expired lists of it",
			points.Clip(c.Member), tx.row.Member)
	}
	if !c.ExpiresAt.IsZero() && !instant(c.ExpiresAt).After(tx.now) {
		return invalid("expiresAt", "%s is not after now (%s)", c.ExpiresAt.Format(time.RFC3339), tx.now.Format(time.RFC3339))
	}
	for i, ref := range c.Entries {
		if err := tx.reinstate(ref, fmt.Sprintf("entries[%d]", i), instant0(c.ExpiresAt)); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) reinstate(ref points.EntryRef, path string, until time.Time) error {
	_, done, err := tx.Record(reinstateKind, entryID(ref))
	if err != nil {
		return err
	}
	if done {
		return &AlreadyDoneError{Name: "reinstatement of entry " + entryID(ref), Period: "ever", Again: points.Never}
	}
	entries, err := tx.entriesOf(ref.Version)
	if err != nil {
		return err
	}
	if ref.Ordinal >= len(entries) || entries[ref.Ordinal].Kind != points.EntryExpire {
		return invalid(path, "%s is not an expired entry of the member", entryID(ref))
	}
	expired := entries[ref.Ordinal]
	unit, err := tx.rev.unit("unit", expired.Unit)
	if err != nil {
		return err
	}
	if end, ok := reinstatable(&unit, &expired, tx.rev.zone); !ok || !tx.now.Before(end) {
		return fmt.Errorf("%w: %s expired at %s", ErrTooLateToReinstate, entryID(ref), expired.OccurredAt.Format(time.RFC3339))
	}
	old, err := tx.lot(expired.Lot)
	if err != nil {
		return err
	}
	lot, err := tx.credit(unit, expired.Amount, creditTerms{
		source: old.Source, from: points.Expired, kind: points.EntryReinstate, at: tx.occurred, corrects: ref,
		earnedAt: old.EarnedAt, availableFrom: tx.now, expiresAt: until, origin: old.Origin, qualifies: old.Qualifies,
	})
	if err != nil {
		return err
	}
	tx.receipt.Dates = append(tx.receipt.Dates, LotDates{
		Unit: unit.Code, Points: expired.Amount, Lot: old.ID, Into: lot.ID, Before: expired.OccurredAt, After: lot.ExpiresAt,
	})
	return tx.putOwn(storage.Record{Kind: reinstateKind, ID: entryID(ref)})
}

// reinstatable returns until when an expired entry can be reinstated, and whether its
// unit allows that at all.
func reinstatable(unit *points.Unit, expired *points.Entry, zone *time.Location) (time.Time, bool) {
	if unit.Reinstate == (points.Span{}) {
		return time.Time{}, false
	}
	return points.EndOfDay.Up(unit.Reinstate.After(expired.OccurredAt, zone), zone), true
}

// ExpiredPoints is an entry by which points expired.
type ExpiredPoints struct {
	// Member is whose entry it is: the survivor's, of a member who was merged.
	Member string          `json:"member"`
	Entry  points.EntryRef `json:"entry"`
	Unit   string          `json:"unit"`
	Points points.Amount   `json:"points"`
	Lot    points.LotID    `json:"lot"`
	// ExpiredAt is when, and Until up to when it can be reinstated.
	ExpiredAt time.Time `json:"expiredAt"`
	Until     time.Time `json:"until"`
}

// Expired lists what of a member's expired points can be reinstated now, in the order
// of the ledger, as far as it is booked. It reads the member's whole ledger; where the
// member was merged into another, that one's; an erased member is [ErrErased]. What
// expired before a merge stays with the account that went, and can be brought back once
// the merge is undone.
func (e *Engine) Expired(ctx context.Context, member string) ([]ExpiredPoints, error) {
	now := instant(e.options.Clock())
	rev := revisionAt(e.revisions, now)
	member, err := e.living(ctx, member)
	if err != nil {
		return nil, fmt.Errorf("loyalty: expired points of %s: %w", AccountName(member), err)
	}
	done := map[string]bool{}
	for row, err := range storage.AllRecords(ctx, e.store, storage.RecordQuery{Program: e.program, Member: member, Kind: reinstateKind}) {
		if err != nil {
			return nil, fmt.Errorf("loyalty: expired points of %s: %w", AccountName(member), err)
		}
		done[row.ID] = true
	}
	var list []ExpiredPoints
	for row, err := range storage.AllEntries(ctx, e.store, storage.MemberQuery{Program: e.program, Member: member, Limit: 1000}) {
		if err != nil {
			return nil, fmt.Errorf("loyalty: expired points of %s: %w", AccountName(member), err)
		}
		ref := points.EntryRef{Version: row.Version, Ordinal: row.Ordinal}
		unit, ok := rev.Unit(row.Unit)
		if row.Kind != points.EntryExpire || !ok || done[entryID(ref)] {
			continue
		}
		if until, ok := reinstatable(&unit, &row.Entry, rev.zone); ok && now.Before(until) {
			list = append(list, ExpiredPoints{
				Member: member, Entry: ref, Unit: row.Unit, Points: row.Amount, Lot: row.Lot, ExpiredAt: row.OccurredAt, Until: until,
			})
		}
	}
	return list, nil
}
