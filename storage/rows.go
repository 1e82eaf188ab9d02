package storage

import (
	"hash/fnv"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
)

// AccountKind tells what an account belongs to. The numbers are stored.
type AccountKind uint8

// The kinds of accounts.
const (
	// Person is a member.
	Person AccountKind = 1
	// Pool is the account of a group of members.
	Pool AccountKind = 2
	// House is an account of the program's own, under a reserved id prefix.
	House AccountKind = 3
)

// AccountStatus gates what an account may do. The numbers are stored.
type AccountStatus uint8

// The statuses of accounts.
const (
	// Active accounts earn and redeem as their gates say.
	Active AccountStatus = 1
	// Suspended accounts neither earn nor redeem until they are resumed.
	Suspended AccountStatus = 2
	// Closed accounts never do again.
	Closed AccountStatus = 3
)

// ReservedPrefix starts the keys, member ids and claim spaces that only the
// library makes. Callers' text must not start with it.
const ReservedPrefix = "\x01"

// Account is the head of one member's data: (program, member) is its key.
type Account struct {
	Program string
	Member  string
	Kind    AccountKind
	// Version counts the commits to this account, from 1.
	Version int64
	Status  AccountStatus
	// Balances holds one balance per unit that was ever used, sorted by unit.
	Balances []points.Balance
	// Standing holds the current tier of each ladder, sorted by ladder.
	Standing []Standing
	// Days holds counts of dated facts, sorted by metric, then day.
	Days []DayCount
	// DueAt is no later than the first instant at which time alone changes
	// something under this account, or points.Never.
	DueAt time.Time
	// RetryAt, where set, is when a settlement that failed is tried again. Only
	// a query for accounts by due time looks at it.
	RetryAt time.Time
	// EnrolledAt is when the member joined.
	EnrolledAt time.Time
	// RecordedAt is the recorded time of the last operation.
	RecordedAt time.Time
	// Hash is the hash of the last operation.
	Hash []byte
	// Data is a document of the engine's own, opaque here: attributes and gates.
	Data []byte
}

// Standing is a member's tier on one ladder.
type Standing struct {
	Ladder string    `json:"ladder"`
	Tier   string    `json:"tier"`
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until"`
}

// DayCount is how much of a metric one day of the program's zone counted.
type DayCount struct {
	Metric string `json:"metric"`
	// Day is the date as YYYYMMDD.
	Day    int           `json:"day"`
	Amount points.Amount `json:"amount"`
}

// Lot is a lot of points under an account: (program, member, ID) is its key.
type Lot struct {
	Program string
	Member  string
	points.Lot
}

// Entry is one line of the ledger: (program, member, Version, Ordinal) is its
// key. Entries are inserted and never change, so the engine writes no text of a caller
// into them: Reference names an account, or is empty, which stands for that of the
// operation, or one of two marks that start with [ReservedPrefix]: "lot" for the Source of
// the lot, "none" for no reference. The engine's History puts references back.
type Entry struct {
	Program string
	Member  string
	// Version is the account version whose commit wrote the entry, Ordinal its
	// place in it, from 0.
	Version int64
	Ordinal int
	points.Entry
}

// Operation is what made one version of an account: (program, member, Version)
// is its key and (program, member, Key) is unique. The row is never deleted.
type Operation struct {
	Program string
	Member  string
	Version int64
	// Key is the caller's key, or one that starts with [ReservedPrefix].
	Key string
	// Type names the command, such as "earn".
	Type string
	// Command is the command in canonical JSON; Receipt what was answered.
	// Pruning and erasing empty both.
	Command []byte
	Receipt []byte
	// Fingerprint is the digest of the command by which a repeated key is
	// compared.
	Fingerprint []byte
	Reason      string
	Actor       string
	// Reference is the order, hold or other thing the command is about.
	Reference string
	// Salt makes Digests unguessable and goes with the bodies that it salts.
	Salt []byte
	// Digests holds what the hash chain covers of bodies, entries and lots.
	Digests []byte
	// Library is the version of this library that wrote the row.
	Library string
	// Format numbers the encoding under Hash.
	Format     int
	OccurredAt time.Time
	RecordedAt time.Time
	// Hash chains this operation to the one before.
	Hash []byte
}

// Record is a document that a feature keeps under an account: (program, member,
// Kind, ID) is its key. Records are never deleted, so the engine's own have a digest for an
// ID where a caller chose it, and the ID itself in the document.
type Record struct {
	Program string
	Member  string
	Kind    string
	ID      string
	// Status, Reference and Sort are what [Store.Records] lists by.
	Status    string
	Reference string
	Sort      string
	// DueAt is when the feature wants to act on the record, or points.Never.
	DueAt time.Time
	// Lots names lots of the same account that a Load of the record brings along.
	Lots []points.LotID
	Data []byte
}

// RecordKey names a record of an account.
type RecordKey struct{ Kind, ID string }

// Claim says who holds something that is unique across members: (program,
// Space, Key) is its key.
type Claim struct {
	Program string
	Space   string
	Key     string
	// Holder is whoever claimed it, by the engine's convention a member id.
	Holder string
}

// ClaimKey names a claim of a program.
type ClaimKey struct{ Space, Key string }

// Counter is how much of something shared is used: (program, Key, Shard) is its
// key. An absent counter has used 0.
type Counter struct {
	Program string
	Key     string
	Shard   int
	Used    int64
}

// CounterKey names a counter of a program.
type CounterKey struct {
	Key   string
	Shard int
}

// Event is one domain event in the outbox: (program, member, Version, Ordinal)
// is its key.
type Event struct {
	Program string
	Member  string
	Version int64
	Ordinal int
	Type    string
	// RecordedAt is the recorded time of the operation that emitted it.
	RecordedAt time.Time
	// Data is the event's JSON.
	Data []byte
}

// EventID names an event of a program.
type EventID struct {
	Member  string
	Version int64
	Ordinal int
}

// Buckets is the number of buckets that events are read by.
const Buckets = 256

// Bucket returns the bucket of a member's events, 0 to Buckets−1. It never
// changes: adapters store it.
func Bucket(member string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(member)) // a hash never fails to write
	return int(h.Sum32() % Buckets)
}

// Revision is one text of a program: (program, Number) is its key, written once.
type Revision struct {
	Program string
	Number  int64
	// Digest is the SHA-256 of Text.
	Digest []byte
	Text   []byte
	// EffectiveAt is the instant from which the revision decides.
	EffectiveAt time.Time
}
