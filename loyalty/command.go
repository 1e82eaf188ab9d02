package loyalty

import (
	"context"
	"reflect"
	"strings"
	"time"
	"unicode"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Command is everything that changes a member: a plain struct with a member, a
// caller-owned key and its data, whose exported fields survive JSON.
//
// The commands of this package are
//
//   - of accounts: Enroll, EnrollGuest, ClaimAward, Suspend, Resume, Close, Merge, UnMerge,
//     Erase, Import, SetJurisdiction;
//   - of points: Earn, Fact, Confirm, Refund, Spend, Hold, Capture, Void, Transfer, Adjust,
//     Extend, Reinstate;
//   - of rewards: Redeem, GrantReward, IssueRedemption, FulfillRedemption, UseVoucher,
//     CancelRedemption, RejectRedemption;
//   - of tiers: MatchTier, OverrideTier, RevokeTier, SetAnniversary;
//   - of pools: FoundPool, InviteToPool, JoinPool, LeavePool, SetPoolRole, ContributeToPool,
//     DrawFromPool, DissolvePool.
//
// A host writes its own with the same primitives and gets keys, audit, events and retries
// with them.
type Command interface {
	// Plan says what the command is about and needs loaded. It must be a pure
	// function of the command.
	Plan() Plan
	// Apply decides: it reads and changes what is loaded through tx and stores
	// nothing itself. An error refuses the command, and nothing changes. It may
	// run more than once, so it must not have effects of its own.
	Apply(ctx context.Context, tx *Tx) error
}

// Typed is implemented by commands that name their type themselves. Otherwise it
// is the Go type's name: Earn is "earn", ScratchCard is "scratch-card". Types are
// stored, so a command keeps its type for ever, and no two have the same: the
// engine refuses those of this package and of its features for other commands.
type Typed interface {
	CommandType() string
}

// Plan says what a command is about and what it needs, so that one Load brings
// it. What is not declared can still be read, at the price of a round trip.
type Plan struct {
	// Member is whom the command is about, and Key the caller's own key for it:
	// 1 to 128 bytes of UTF-8 each, without NUL.
	Member string
	Key    string
	// OccurredAt is when it happened; zero is now.
	OccurredAt time.Time
	// Reason and Actor say why, and who did it: free text, up to 1000 bytes each.
	Reason string
	Actor  string
	// Reference is the id of the order, hold or other thing that it is about.
	Reference string
	// Others names further members whose accounts change, at most three.
	Others []string
	// Houses names house accounts that change: what belongs to no member, such as a
	// session. They count with Others. Where Member is empty, the first is the account
	// that the command is about.
	Houses []House

	// Records, Lots and Debits name what to load of accounts.
	Records []RecordRef
	Lots    []LotRef
	Debits  []Debit
	// Claims and Counters name what to load of the program.
	Claims   []storage.ClaimKey
	Counters []storage.CounterKey
}

// RecordRef names a record; an empty Member is the plan's.
type RecordRef struct {
	Member string
	Kind   string
	ID     string
}

// LotRef names a lot; an empty Member is the plan's.
type LotRef struct {
	Member string
	ID     points.LotID
}

// Debit announces that a command will take points, so that the lots to take
// them from are loaded. An empty Member is the plan's. Amount 0 stands for an
// amount that is not known yet.
type Debit struct {
	Member string
	Unit   string
	Amount points.Amount
}

// planner is implemented by commands of this package whose needs depend on the
// program.
type planner interface {
	planIn(revisions []*revision) Plan
}

// claimer is implemented by commands of this package that claim without looking
// first, since their commit finds out. A quote has no commit and loads the claims.
type claimer interface {
	claimsIn(p *Program) []storage.ClaimKey
}

// commandType returns the stored name of a command's type.
func commandType(cmd Command) string {
	if typed, ok := cmd.(Typed); ok {
		return typed.CommandType()
	}
	return kebab(plainType(cmd).Name())
}

// plainType is the type of a command, or of what it points to.
func plainType(cmd Command) reflect.Type {
	t := reflect.TypeOf(cmd)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

func kebab(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
