package storage

import (
	"time"

	"github.com/loyaltykit/loyaltykit/points"
)

// MaxLegs is the largest number of accounts that one Batch may touch.
const MaxLegs = 4

// Batch is one command, or one settle step: what is committed all or nothing.
type Batch struct {
	Program string
	// Legs holds the accounts that change, at most [MaxLegs], no account twice.
	Legs []Leg
	// Claims and Counters are re-checked by Commit whatever a Load said before.
	Claims   []ClaimChange
	Counters []CounterChange
}

// Leg is what a Batch writes under one account. Program, member and version of
// all rows in it are those of Account.
type Leg struct {
	// Expect is the version that the account must have: 0 for one that must not
	// exist. Account.Version is Expect + 1.
	Expect    int64
	Account   Account
	Operation Operation
	// Entries and Events are inserted, Lots and Records replace what is there.
	Entries []Entry
	Lots    []Lot
	Records []Record
	Events  []Event
	// Scrub empties bodies of earlier rows.
	Scrub Scrub
}

// Scrub names rows under an account whose bodies are to be emptied: of
// operations Command, Receipt, Reason, Actor, Reference and Salt, with the Key replaced
// by [ScrubbedKey], so that the member can use it again; of records and events
// Data. Entries have no bodies and are never scrubbed. Rows that do not exist are
// passed over, as are acknowledged events that the adapter keeps no data of.
type Scrub struct {
	Operations []int64
	Records    []RecordKey
	Events     []EventID
}

// ClaimChange inserts a claim, or deletes one that its holder still holds.
type ClaimChange struct {
	ClaimKey
	Holder string
	// Release deletes the claim if Holder holds it; otherwise the batch fails as
	// [Claimed]. Without it the claim is inserted if absent; a claim that exists,
	// also one of the same holder, fails the batch as Claimed.
	Release bool
}

// CounterChange adds to a counter within bounds.
type CounterChange struct {
	CounterKey
	Delta int64
	// Bound is the most that the counter may show after the change. Below 0 it
	// may never fall. A change by 0 or less is not held to Bound.
	Bound int64
}

// Status is how a Batch ended.
type Status uint8

// The ways in which a Batch ends.
const (
	// OK: all of it is stored.
	OK Status = 1
	// Conflict: an account was not at the expected version. Nothing is stored.
	Conflict Status = 2
	// DuplicateKey: the account has an operation with this key. Nothing is stored.
	DuplicateKey Status = 3
	// Claimed: a claim is held, or is not held by the one who releases it.
	// Nothing is stored.
	Claimed Status = 4
	// BoundExceeded: a counter would pass its bound. Nothing is stored.
	BoundExceeded Status = 5
	// TooLarge: the batch is more than the adapter can commit at once. Nothing
	// is stored.
	TooLarge Status = 6
	// Unknown: the adapter cannot tell whether the batch is stored. It is what an
	// adapter says that knows the outcome of other batches of the call; one that
	// knows none may return an error instead.
	Unknown Status = 7
)

var statusNames = [...]string{
	"", "ok", "conflict", "duplicate key", "claimed", "bound exceeded", "too large", "unknown",
}

// String returns the status in words.
func (s Status) String() string {
	if int(s) < len(statusNames) && s > 0 {
		return statusNames[s]
	}
	return "invalid status"
}

// Outcome is how one Batch of a Commit ended.
type Outcome struct {
	Status Status
	// Claim is the claim that failed a batch with Claimed, with its holder where
	// the adapter knows; Counter the counter that failed it with BoundExceeded,
	// with its use before.
	Claim   Claim
	Counter Counter
	// Err says why a batch is Unknown or a Conflict that the database made, for
	// logs.
	Err error
}

// LoadRequest asks for what a command needs of one member, and of the claims and
// counters of its program.
type LoadRequest struct {
	Program string
	Member  string
	// Key, if not empty, asks for the operation with this key.
	Key string
	// Records asks for records by key, and for the lots that they name.
	Records []RecordKey
	// Lots asks for lots by id.
	Lots []points.LotID
	// Debits asks for open lots in consumption order.
	Debits []Debit
	// DueBy, unless zero, asks for what is due by then, if the account is.
	DueBy time.Time
	// DueLimit bounds how many due lots and how many due records come; 0 is 100.
	DueLimit int
	Claims   []ClaimKey
	Counters []CounterKey
	// Lock is a hint that the account will be written: an adapter may lock it.
	Lock bool
}

// Debit asks for open lots of a unit that expire after a time: as many, in
// consumption order, as cover Amount, and at most Limit, where 0 is 100. Amount 0
// asks for Limit lots whatever they hold. An empty Unit asks for up to Limit lots that have
// points remaining or held, of every unit and state, whatever After and Amount say.
type Debit struct {
	Unit   string
	After  time.Time
	Amount points.Amount
	Limit  int
}

// Snapshot answers one LoadRequest.
type Snapshot struct {
	// Account is nil where the member has none.
	Account *Account
	// Operation is the one with the requested key, or nil.
	Operation *Operation
	// Records holds those of the requested records that exist, in request order.
	Records []Record
	// Lots holds the lots asked for by id, by records and by debits, and those
	// that are due: each once, in consumption order.
	Lots []Lot
	// DueRecords holds the records due by DueBy, in order of due time, kind, id.
	DueRecords []Record
	// MoreDue is set where limits cut what is due. What came of each sort is
	// then the earliest of it.
	MoreDue bool
	// NextDue is the first instant after DueBy at which something is due, or
	// points.Never. It is set only where DueBy was and the account was due.
	NextDue time.Time
	// Claims and Counters hold those that exist, in request order. They are not
	// part of the snapshot: Commit re-checks them.
	Claims   []Claim
	Counters []Counter
	// Mixed is set where the rows may be of several versions of the account.
	Mixed bool
}

// Page is part of a listing. Items is empty and not nil where there is nothing.
type Page[T any] struct {
	Items []T
	// Next is the cursor of the page after this one, "" at the end. It is opaque.
	// Where a listing passes rows over, the page after may turn out to be empty.
	Next string
	// Version is the account's version as the page saw it, for listings of one
	// account; 0 where there is none.
	Version int64
}

// AccountQuery lists a program's accounts by key, or by due time.
type AccountQuery struct {
	Program string
	// DueBy, unless zero, lists only accounts whose DueAt is not after it and
	// whose RetryAt, where set, is not after it either; in order of due time,
	// then member. Without it all accounts come, in order of member.
	DueBy time.Time
	After string
	Limit int
}

// MemberQuery lists rows under one account.
type MemberQuery struct {
	Program string
	Member  string
	// AtVersion, unless 0, is the version that the account must still have; any
	// other is [ErrConflict].
	AtVersion int64
	// From is the first account version to list, for entries and operations.
	From int64
	// Open lists only lots with points remaining or held, in consumption order;
	// without it lots come in order of id.
	Open  bool
	After string
	Limit int
}

// RecordQuery lists records: of one account by key, or, where Member is empty,
// those of Kind across members by reference, status and sort.
type RecordQuery struct {
	Program string
	Member  string
	// Kind narrows a listing of one account too, unless it is empty there.
	Kind string
	// Reference and Status narrow a listing across members. Status needs
	// Reference.
	Reference string
	Status    string
	After     string
	Limit     int
}

// EventQuery lists events that are not acknowledged, of one bucket, in order of
// member, version, ordinal.
type EventQuery struct {
	Program string
	Bucket  int
	After   string
	Limit   int
}

// PruneRequest says what of a program may go. A zero time leaves its part alone.
type PruneRequest struct {
	Program string
	// EventsBefore drops acknowledged events recorded before it.
	EventsBefore time.Time
	// BodiesBefore empties Command and Receipt of operations recorded before it.
	BodiesBefore time.Time
	// KeysBefore replaces callers' keys of operations recorded before it by
	// [FreedKey], so that the keys are free again.
	KeysBefore time.Time
	// Limit bounds the rows changed by one call, all parts together; 0 is 1000. An
	// operation that loses its bodies and its key counts twice.
	Limit int
}

// Pruned says what one Prune changed. Events counts acknowledged events: an adapter
// that acknowledges keeps at least when each was recorded.
type Pruned struct {
	Events int64
	Bodies int64
	Keys   int64
	// More is set where the limit was reached: call again.
	More bool
}

// LimitOf is the limit that a request, a debit or a query means: its own, or 100
// where that is not above 0.
func LimitOf(limit int) int {
	if limit <= 0 {
		return 100
	}
	return limit
}
