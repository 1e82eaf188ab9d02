package loyalty

import (
	"errors"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Errors that a host branches on with errors.Is. What the engine returns wraps
// them, often in a typed error with the numbers.
var (
	// ErrInvalid reports a command or a program with bad fields; see [points.Problems].
	ErrInvalid = errors.New("invalid")
	// ErrNotEnrolled reports a member without an account: enroll first.
	ErrNotEnrolled = errors.New("the member is not enrolled")
	// ErrAlreadyEnrolled reports an Enroll of a member who has an account.
	ErrAlreadyEnrolled = errors.New("the member is enrolled already")
	// ErrSuspended reports a member who may not do this for now.
	ErrSuspended = errors.New("the member is suspended")
	// ErrClosed reports a member whose account is closed for good.
	ErrClosed = errors.New("the account is closed")
	// ErrKeyReused reports a key that the member has used for another command:
	// use a new key, or repeat the first command as it was.
	ErrKeyReused = errors.New("the key was used for another command")
	// ErrInsufficientPoints reports a debit of more than is available; see
	// [InsufficientPointsError].
	ErrInsufficientPoints = errors.New("not enough points")
	// ErrOrderEarned reports an order that has earned before; see [ClaimedError].
	ErrOrderEarned = errors.New("the order has earned already")
	// ErrUnknownOrder reports a refund or confirmation of an order that this
	// member did not earn for.
	ErrUnknownOrder = errors.New("the member has no such order")
	// ErrUnknownHold reports a hold that the member does not have.
	ErrUnknownHold = errors.New("the member has no such hold")
	// ErrHoldClosed reports a hold that was captured, voided or has lapsed.
	ErrHoldClosed = errors.New("the hold is closed")
	// ErrHoldExists reports a hold id in use.
	ErrHoldExists = errors.New("the member has a hold with this id")
	// ErrNothingPending reports a confirmation of an order with nothing to confirm.
	ErrNothingPending = errors.New("nothing waits for a confirmation")
	// ErrOverRefund reports a refund of more than is left of the order.
	ErrOverRefund = errors.New("more than is left to refund")
	// ErrTooLateToReinstate reports points whose time for that has passed, or whose unit
	// has none.
	ErrTooLateToReinstate = errors.New("it is too late to reinstate the points")
	// ErrForbidden reports what the program's policies do not allow.
	ErrForbidden = errors.New("the program does not allow it")
	// ErrAlreadyDone reports something that is allowed once per period; see
	// [AlreadyDoneError].
	ErrAlreadyDone = errors.New("done already")
	// ErrClaimed reports something unique that another member holds; see
	// [ClaimedError].
	ErrClaimed = errors.New("claimed already")
	// ErrLimit reports a counter at its bound; see [LimitError].
	ErrLimit = errors.New("the limit is reached")
	// ErrNotYet reports an OccurredAt too far in the future.
	ErrNotYet = errors.New("it has not happened yet")
	// ErrUnknownUnit reports a unit that the program does not have.
	ErrUnknownUnit = errors.New("the program has no such unit")
	// ErrTooLarge reports a command that writes more than one commit can take.
	ErrTooLarge = errors.New("too large for one commit")
	// ErrContention reports a member so busy that every attempt met a conflict.
	// Nothing is stored; the same key may be asked again.
	ErrContention = errors.New("too many conflicting changes, try again")
	// ErrOutcomeUnknown reports a command of which it is not known whether it is
	// stored. The same command with the same key, asked again, answers.
	ErrOutcomeUnknown = errors.New("the outcome is unknown, ask again with the same key")
	// ErrRetryTransaction reports that the host's own transaction must be rolled
	// back and run again as a whole.
	ErrRetryTransaction = storage.ErrRetryTransaction
	// ErrRevisionMismatch reports a program revision that the store holds with
	// another text: revisions are written once, so add a new one.
	ErrRevisionMismatch = errors.New("the store holds another text for this program revision")
	// ErrNested reports an engine call from inside a command's Apply.
	ErrNested = errors.New("the engine is not to be called from inside Apply")
	// ErrErased reports a member who was erased: nothing can be read or done.
	ErrErased = errors.New("the member was erased")
	// ErrSameMember reports a command about two ids that are one member, by a merge
	// or as they are.
	ErrSameMember = errors.New("the two ids are one member")
	// ErrNotMerged reports an undoing of a merge that there is not, or not any more.
	ErrNotMerged = errors.New("there is no such merge to undo")
	// ErrTooLate reports something that could be done up to an instant that has passed.
	ErrTooLate = errors.New("it is too late")
	// ErrNoGuests reports a guest in a program that has none; see [Program.Guests].
	ErrNoGuests = errors.New("the program has no guests")
	// ErrGuest reports something that a guest may not do, or not be done to one.
	ErrGuest = errors.New("the account is a guest's")
	// ErrNotGuest reports a claim of an account that is a member's own.
	ErrNotGuest = errors.New("the account is not a guest's")
	// ErrNoEntry reports an entry that the account does not have.
	ErrNoEntry = errors.New("there is no such entry")
	// ErrNoPool reports an id that is no pool's.
	ErrNoPool = errors.New("there is no such pool")
	// ErrInPool reports a member who is in a pool of the kind already.
	ErrInPool = errors.New("the member is in a pool")
	// ErrNotInPool reports a member who is not in the pool.
	ErrNotInPool = errors.New("the member is not in the pool")
	// ErrNotInvited reports a member who joins without an invitation.
	ErrNotInvited = errors.New("the member is not invited")
	// ErrRole reports something that a member's role in a pool does not allow.
	ErrRole = errors.New("the role does not allow it")
	// ErrNotPerson reports an account that is not a person's.
	ErrNotPerson = errors.New("the account is not a person's")
	// ErrPanicked reports a command whose Apply panicked. Nothing is stored.
	ErrPanicked = errors.New("the command panicked")
	// ErrUnknownCommand reports a stored command of a type that neither this package nor a
	// feature of the engine has: list its feature in [Options.Features].
	ErrUnknownCommand = errors.New("no feature of this engine has commands of the type")
)

// InsufficientPointsError says how much a debit lacked. It is an
// [ErrInsufficientPoints].
type InsufficientPointsError struct {
	Unit string
	// Scale is the unit's number of decimals. Needed, Available and Pending count
	// its smallest step.
	Scale     int
	Needed    points.Amount
	Available points.Amount
	// Pending would become available by NextAvailable at the earliest; that is
	// points.Never where nothing will by itself.
	Pending       points.Amount
	NextAvailable time.Time
}

// Error says how much is needed, available and pending.
func (e *InsufficientPointsError) Error() string {
	unit := points.Unit{Scale: e.Scale}
	text := fmt.Sprintf("%s %s needed, %s available", unit.Format(e.Needed), e.Unit, unit.Format(e.Available))
	if e.Pending > 0 {
		text += fmt.Sprintf(", %s pending", unit.Format(e.Pending))
	}
	return text
}

// Is reports that the error is an ErrInsufficientPoints.
func (e *InsufficientPointsError) Is(target error) bool { return target == ErrInsufficientPoints }

// ClaimedError says who holds what a command wanted for itself. It is an
// [ErrClaimed], and an [ErrOrderEarned] where it is an order.
type ClaimedError struct {
	Space  string
	Key    string
	Holder string
}

// Error says who holds what.
func (e *ClaimedError) Error() string {
	if e.Space == orderSpace {
		return fmt.Sprintf("the order has earned already: %q, by %s", e.Key, whose(e.Holder))
	}
	return fmt.Sprintf("%s %q is held by %s", e.Space, e.Key, whose(e.Holder))
}

// Is reports that the error is an ErrClaimed, or ErrOrderEarned for orders.
func (e *ClaimedError) Is(target error) bool {
	return target == ErrClaimed || (target == ErrOrderEarned && e.Space == orderSpace)
}

// AlreadyDoneError says since when, and until when, something was done that is
// allowed once per period. It is an [ErrAlreadyDone].
type AlreadyDoneError struct {
	Name string
	// Period is the period in the program's zone, such as "2027-03-08".
	Period string
	// Again is the start of the next period, in UTC.
	Again time.Time
}

// Error says when it was done, and from when it may be again.
func (e *AlreadyDoneError) Error() string {
	return fmt.Sprintf("%s was done in %s, again from %s", e.Name, e.Period, e.Again.Format(time.RFC3339))
}

// Is reports that the error is an ErrAlreadyDone.
func (e *AlreadyDoneError) Is(target error) bool { return target == ErrAlreadyDone }

// LimitError says which counter is at its bound. It is an [ErrLimit].
type LimitError struct {
	Key   string
	Used  int64
	Bound int64
}

// Error says how much of the bound is used.
func (e *LimitError) Error() string {
	return fmt.Sprintf("%s: %d of %d used", e.Key, e.Used, e.Bound)
}

// Is reports that the error is an ErrLimit.
func (e *LimitError) Is(target error) bool { return target == ErrLimit }

// CommandError is what the engine wraps every error of a command in, once.
type CommandError struct {
	// Command is the type of the command, Member whom it is about, Key its key. Of a
	// command about a house, Member is its account; see [HouseOf].
	Command string
	Member  string
	Key     string
	Err     error
}

// Error says which command of whom it is, and what is inside.
func (e *CommandError) Error() string {
	return fmt.Sprintf("loyalty: %s of %s with key %q: %v", e.Command, AccountName(e.Member), points.Clip(e.Key), e.Err)
}

// Unwrap returns the error inside.
func (e *CommandError) Unwrap() error { return e.Err }

// invalid is a bad field of a command.
func invalid(path, format string, args ...any) error {
	var problems points.Problems
	problems.Add(path, format, args...)
	return fmt.Errorf("%w: %w", ErrInvalid, problems)
}
