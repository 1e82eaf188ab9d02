package points

import (
	"fmt"
	"time"
)

// Bucket is one side of an [Entry]: where points come from or go to. A member
// owns the first five; the others exist only as sums over entries and are never
// stored, so that no program-wide row is written by every command.
//
// Over all buckets of a unit the sum is always zero.
type Bucket uint8

// The buckets. Their numbers are stored and never change.
const (
	// Pending points are earned and visible, not yet spendable.
	Pending Bucket = 1
	// Available points can be spent.
	Available Bucket = 2
	// Held points are set aside by a hold and do not expire meanwhile.
	Held Bucket = 3
	// Debt is what a member owes after a refund or an adjustment took more than
	// was there. Its balance is never positive; [Balance] shows it as a
	// positive figure of its own.
	Debt Bucket = 4
	// Counted is the balance of a metric unit.
	Counted Bucket = 5

	// Issued is where earned points come from.
	Issued Bucket = 10
	// Redeemed takes what members spend.
	Redeemed Bucket = 11
	// Expired takes what time takes.
	Expired Bucket = 12
	// Reversed takes what refunds take back.
	Reversed Bucket = 13
	// Adjusted is the other side of corrections by hand.
	Adjusted Bucket = 14
	// Transferred is the other side of both legs of a transfer.
	Transferred Bucket = 15
	// Source is the other side of a metric's counts.
	Source Bucket = 16
)

var bucketNames = map[Bucket]string{
	Pending: "pending", Available: "available", Held: "held", Debt: "debt", Counted: "counted",
	Issued: "issued", Redeemed: "redeemed", Expired: "expired", Reversed: "reversed",
	Adjusted: "adjusted", Transferred: "transferred", Source: "source",
}

// String returns the bucket's name in lower case, such as "pending".
func (b Bucket) String() string {
	if name, ok := bucketNames[b]; ok {
		return name
	}
	return fmt.Sprintf("bucket(%d)", uint8(b))
}

// Member reports whether the bucket belongs to a member's balance rather than
// to the program's counters.
func (b Bucket) Member() bool { return b >= Pending && b <= Counted }

// MarshalText returns the bucket's name.
func (b Bucket) MarshalText() ([]byte, error) { return b.AppendText(nil) }

// AppendText appends the bucket's name.
func (b Bucket) AppendText(text []byte) ([]byte, error) {
	name, ok := bucketNames[b]
	if !ok {
		return text, fmt.Errorf("points: unknown bucket %d", uint8(b))
	}
	return append(text, name...), nil
}

// UnmarshalText reads a bucket's name.
func (b *Bucket) UnmarshalText(text []byte) error {
	for bucket, name := range bucketNames {
		if name == string(text) {
			*b = bucket
			return nil
		}
	}
	return fmt.Errorf("points: unknown bucket %q", text)
}

// EntryKind says which rule of the ledger made an entry.
type EntryKind string

// The kinds of entries that this package and the engine make.
const (
	EntryEarn        EntryKind = "earn"
	EntryActivate    EntryKind = "activate"
	EntryConfirm     EntryKind = "confirm"
	EntrySpend       EntryKind = "spend"
	EntryHold        EntryKind = "hold"
	EntryCapture     EntryKind = "capture"
	EntryVoid        EntryKind = "void"
	EntryExpire      EntryKind = "expire"
	EntryReverse     EntryKind = "reverse"
	EntryReturn      EntryKind = "return"
	EntryRepay       EntryKind = "repay"
	EntryAdjust      EntryKind = "adjust"
	EntryTransferOut EntryKind = "transfer-out"
	EntryTransferIn  EntryKind = "transfer-in"
	EntryConsolidate EntryKind = "consolidate"
	EntryCount       EntryKind = "count"
	EntryExtend      EntryKind = "extend"
	EntryReinstate   EntryKind = "reinstate"
	EntryImport      EntryKind = "import"
	// EntryMerge moves what one account has to the account that it is merged into,
	// EntryUnmerge back.
	EntryMerge   EntryKind = "merge"
	EntryUnmerge EntryKind = "unmerge"
	// EntryMergeOut closes what a metric of the account that goes has counted, day by day
	// it is in the other one.
	EntryMergeOut EntryKind = "merge-out"
	// EntryDissolve moves what a pool has to its members when it ends.
	EntryDissolve EntryKind = "dissolve"
)

// LotID numbers a lot within its account. The engine derives it from the
// version of the account that created the lot, so ids grow with age.
type LotID int64

// EntryRef names an entry of the same account: the version that wrote it and
// its place in that version, from 0. The zero EntryRef names nothing.
type EntryRef struct {
	Version int64 `json:"version"`
	Ordinal int   `json:"ordinal"`
}

// Entry is one line of the ledger: a positive amount that moved from one bucket
// to another. Entries are never updated or deleted; a correction is a new entry
// that names the one it corrects.
type Entry struct {
	// Unit is the code of the unit that moved.
	Unit string `json:"unit"`
	// Kind says which rule moved it.
	Kind EntryKind `json:"kind"`
	// From and To are the buckets; they may be equal only where the points move
	// to another lot.
	From Bucket `json:"from"`
	To   Bucket `json:"to"`
	// Amount is positive, in the unit's smallest step.
	Amount Amount `json:"amount"`
	// Lot is the lot that the points come from or, for a credit, land in.
	// It is 0 for metrics and debt.
	Lot LotID `json:"lot,omitempty"`
	// Into is the lot that the points move to, where that is another one:
	// confirmation with new dates, or consolidation. Below 0 it is, negated, a lot of
	// the account that Reference names: the points left for it, or came from it.
	Into LotID `json:"into,omitempty"`
	// Rule is the code of the earning rule behind a credit.
	Rule string `json:"rule,omitempty"`
	// Revision is the program revision under which the entry was decided.
	Revision int64 `json:"revision,omitempty"`
	// Reference is the order, hold, activity or other member behind the entry:
	// an id or a code, never free text.
	Reference string `json:"reference,omitempty"`
	// Corrects names the entry that this one takes back, if any.
	Corrects EntryRef `json:"corrects,omitzero"`
	// OccurredAt is when it happened, by the caller's clock; RecordedAt when the
	// ledger wrote it. Both are UTC with microsecond precision.
	OccurredAt time.Time `json:"occurredAt"`
	RecordedAt time.Time `json:"recordedAt"`
}

// Balance is what a member has of one unit. Amounts are never negative.
type Balance struct {
	Unit      string `json:"unit"`
	Pending   Amount `json:"pending,omitempty"`
	Available Amount `json:"available,omitempty"`
	Held      Amount `json:"held,omitempty"`
	// Debt is what the member owes; later credits repay it first.
	Debt Amount `json:"debt,omitempty"`
	// Counted is the total of a metric unit.
	Counted Amount `json:"counted,omitempty"`
}

// Apply books an entry's effect on the balance. It returns [ErrOverflow], or an
// error that names the bucket which would become negative, and then leaves the
// balance as it was. An entry of another unit is an error. Pending, available and
// held points together fit an [Amount] too, so that what is accepted can always
// mature and come back from a hold.
func (b *Balance) Apply(e Entry) error {
	if e.Unit != b.Unit {
		return fmt.Errorf("points: entry of unit %q applied to a balance of %q", e.Unit, b.Unit)
	}
	if e.Amount <= 0 {
		return fmt.Errorf("points: entry amount %d: must be positive", e.Amount)
	}
	next := *b
	if err := next.move(e.From, -e.Amount); err != nil {
		return err
	}
	if err := next.move(e.To, e.Amount); err != nil {
		return err
	}
	if _, err := Sum(next.Pending, next.Available, next.Held); err != nil {
		return err
	}
	*b = next
	return nil
}

func (b *Balance) move(bucket Bucket, by Amount) error {
	var field *Amount
	switch bucket {
	case Pending:
		field = &b.Pending
	case Available:
		field = &b.Available
	case Held:
		field = &b.Held
	case Counted:
		field = &b.Counted
	case Debt:
		field, by = &b.Debt, -by
	default:
		return nil
	}
	sum, err := field.Add(by)
	if err != nil {
		return err
	}
	if sum < 0 {
		return fmt.Errorf("points: %s balance of %q would become %d", bucket, b.Unit, sum)
	}
	*field = sum
	return nil
}

// Zero reports whether the balance holds nothing at all.
func (b Balance) Zero() bool {
	return b.Pending == 0 && b.Available == 0 && b.Held == 0 && b.Debt == 0 && b.Counted == 0
}
