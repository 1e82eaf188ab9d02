package storage

import (
	"context"
	"errors"
)

// Errors that an adapter returns, perhaps wrapped.
var (
	// ErrConflict reports a page of an account whose version has changed.
	ErrConflict = errors.New("storage: the account changed, start again")
	// ErrRevisionExists reports another text under a revision number in use.
	ErrRevisionExists = errors.New("storage: revision number is taken by another text")
	// ErrRetryTransaction reports that a database refused the host's own
	// transaction: roll it back and run the whole of it again.
	ErrRetryTransaction = errors.New("storage: the database refused the transaction, run all of it again")
	// ErrBadCursor reports a cursor that this listing did not make.
	ErrBadCursor = errors.New("storage: the cursor does not belong to this listing")
)

// Store is the port that an adapter implements. Its clauses are numbered;
// package storagetest has a case for each and prints the clause when it fails.
//
// # All methods
//
//   - A1 A Store is safe for concurrent use, unless it is bound to a transaction.
//   - A2 Ids, keys and cursors are compared byte by byte: case, accents, trailing
//     spaces and normalization forms all make a difference.
//   - A3 Instants keep microseconds and come back in UTC. A zero time comes back
//     zero. points.Never comes back equal to it.
//   - A4 Amounts, versions and counters keep all 64 bits.
//   - A5 Documents and digests come back byte for byte. Empty and nil bytes are
//     the same and come back nil, as do empty lists in rows.
//   - A6 Rows that are passed in or handed out are never shared with the store:
//     changing them afterwards changes nothing stored.
//   - A7 Programs do not see each other.
//   - A8 A context that is done makes the call return an error, with nothing
//     begun that was not begun before.
//
// # Load
//
//   - L1 Load answers every request at its own place in the result.
//   - L2 All rows under an account in a Snapshot are of one version of it, that of
//     Snapshot.Account; where the database cannot promise that, Mixed is set if the
//     version changed meanwhile.
//   - L3 An account, operation, record, lot, claim or counter that does not exist
//     is left out. It is no error, and the rest comes. A record, claim or counter
//     that a request names twice comes twice.
//   - L4 The operation is the one of this member with exactly the requested key.
//   - L5 A record, requested or due, brings along the lots that it names.
//   - L6 A Debit brings open lots of its unit that expire after its time and have
//     points remaining, in consumption order, up to the first that covers the amount
//     and never more than its limit. Pending lots do not count. A Debit without a
//     unit brings lots with points remaining or held, of every unit and state.
//   - L7 Where DueBy is set and the account's DueAt is not after it, everything due by
//     then comes, within the limit; MoreDue says that the limit cut it; NextDue
//     is the first instant after DueBy. A zero DueAt is before every instant, and what
//     has it is due: what never is has points.Never.
//   - L8 A lot comes once, however often it was asked for.
//   - L9 Several requests may name one member; each is answered.
//   - L10 What a Commit acknowledged, every later Load sees.
//
// # Commit
//
//   - K1 A Batch is stored whole or not at all, and nobody sees part of it.
//   - K2 A Batch is stored only if every one of its accounts has the expected
//     version, 0 meaning that it does not exist. Otherwise its outcome is Conflict.
//   - K3 Each Batch has its own outcome, at its own place; one that fails takes no
//     other with it.
//   - K4 Batches apply in the order given. One may expect the version that an
//     earlier one makes, and is a Conflict if that one was not OK, even where
//     another caller has made that version: see [Chains].
//   - K5 A key that the member has used is DuplicateKey, whatever the version. Where
//     several apply, the outcome is the first of: too large, duplicate key of any
//     leg, conflict, claimed in the order given, bound exceeded in the order given.
//   - K6 Claims are inserted if absent, else Claimed, with the holder.
//   - K7 A claim is released only by its holder, else Claimed.
//   - K8 A counter never passes the bound of the change that raises it, nor falls
//     below 0: BoundExceeded.
//   - K9 Lots and records replace those with the same key; entries and events are
//     added.
//   - K10 Scrub empties the bodies it names, and only those, with the batch and
//     before the rows of its leg are written.
//   - K11 A batch of up to 100 rows is accepted. One that is too large is TooLarge.
//   - K12 An error from Commit, rather than an outcome, says nothing of what is
//     stored: the caller looks.
//   - K13 Concurrent Commits that expect one version: exactly one is OK.
//   - K14 A Batch whose legs, rows, claims or counters appear twice, whose rows are of
//     another account or version, or that has more than MaxLegs legs is refused
//     with an error and nothing of the call is stored: see [Batch.Validate].
//
// # Listings
//
//   - Q1 Pages follow each other without gap or repetition by key; rows that are
//     inserted or changed meanwhile neither hide nor repeat others.
//   - Q2 A page has at most Limit items; 0 means 100. Next is "" only at the end.
//   - Q3 A page of one account carries the account's version, and with AtVersion
//     fails with ErrConflict where it changed.
//   - Q4 Accounts come in order of member, or in order of due time and member where
//     DueBy is set; an account whose RetryAt is after DueBy is left out.
//   - Q5 Lots come in order of id, open ones in consumption order; entries in order
//     of version and ordinal; operations of version; records of one account of
//     kind and id.
//   - Q6 Records across members come in order of reference, status, sort, member
//     and id. The listing may lag behind.
//   - Q7 Events of a bucket come in order of member, version and ordinal, without
//     the acknowledged ones.
//   - Q8 A cursor from elsewhere is ErrBadCursor.
//
// # Upkeep
//
//   - U1 Ack hides events from listings. Doing it twice, or for events that do not
//     exist, is no error.
//   - U2 Prune drops only acknowledged events before the time, and never a row of
//     any other table.
//   - U3 Prune empties Command and Receipt before the time and leaves Salt, Digests,
//     Fingerprint and Hash.
//   - U4 Prune frees callers' keys before the time: the same key can be used again.
//     The operation's own becomes [FreedKey]; reserved keys stay.
//   - U5 A revision is written once: the same text again is no error, another text
//     is ErrRevisionExists. Of the same text again nothing is written: Digest and
//     EffectiveAt stay as they were. Revisions come in order of number.
type Store interface {
	// Load brings what commands need; see clauses L.
	Load(ctx context.Context, requests []LoadRequest) ([]Snapshot, error)
	// Commit stores batches, each with its own outcome; see clauses K.
	Commit(ctx context.Context, batches []Batch) ([]Outcome, error)

	// Accounts lists a program's accounts.
	Accounts(ctx context.Context, query AccountQuery) (Page[Account], error)
	// Lots lists an account's lots.
	Lots(ctx context.Context, query MemberQuery) (Page[Lot], error)
	// Entries lists an account's ledger from query.From on.
	Entries(ctx context.Context, query MemberQuery) (Page[Entry], error)
	// Operations lists an account's operations from query.From on.
	Operations(ctx context.Context, query MemberQuery) (Page[Operation], error)
	// Records lists records of an account, or of a kind.
	Records(ctx context.Context, query RecordQuery) (Page[Record], error)
	// Events lists pending events of a bucket.
	Events(ctx context.Context, query EventQuery) (Page[Event], error)
	// Ack marks events as delivered.
	Ack(ctx context.Context, program string, events []EventID) error

	// Prune drops what is no longer needed, in bounded steps.
	Prune(ctx context.Context, request PruneRequest) (Pruned, error)
	// Revisions lists a program's revisions in order of number.
	Revisions(ctx context.Context, program string) ([]Revision, error)
	// PutRevision writes a revision once.
	PutRevision(ctx context.Context, revision Revision) error
}

// Wrapper is implemented by stores that decorate another one, so that [As]
// finds the abilities of the store inside.
type Wrapper interface {
	Unwrap() Store
}

// As finds an optional ability of a store, or of the store that it wraps.
func As[T any](store Store) (T, bool) {
	for store != nil {
		if ability, ok := store.(T); ok {
			return ability, true
		}
		wrapper, ok := store.(Wrapper)
		if !ok {
			break
		}
		store = wrapper.Unwrap()
	}
	var none T
	return none, false
}

// Limits says how much an adapter takes at once. Zero fields mean the defaults.
type Limits struct {
	// Rows and Bytes bound one Commit, as [Batch.Rows] and [Batch.Bytes] count; the
	// defaults are 500 rows and 1 MiB. A batch within both is never [TooLarge]; an
	// adapter whose database counts keys, such as those of indexes, divides.
	Rows  int
	Bytes int
	// Calls is how many Load and Commit pairs are worth having in flight at once;
	// the default is 2, and 1 where there is a single writer.
	Calls int
}

// Limiter is the optional ability to say one's limits.
type Limiter interface {
	Limits() Limits
}

// Bound is the marker ability of a store that works inside a transaction of the
// host. The engine does not combine calls on it and does not retry: a conflict
// is ErrRetryTransaction.
type Bound interface {
	InTransaction()
}
