package experience

import (
	"errors"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
)

// Errors to branch on with errors.Is.
var (
	// ErrSoldOut reports that too few seats are free; see [SoldOutError].
	ErrSoldOut = errors.New("too few seats are free")
	// ErrParty reports a party that is too large or too small; see [PartyError].
	ErrParty = errors.New("the party has the wrong size")
	// ErrNotOpen reports a member whose booking is not open yet; see [NotOpenError].
	ErrNotOpen = errors.New("booking is not open")
	// ErrClosed reports that booking, or the list, has ended; see [ClosedError].
	ErrClosed = errors.New("booking has ended")
	// ErrNoHolds reports a session that holds no seats for who has not decided.
	ErrNoHolds = errors.New("the session takes no holds: book instead")
	// ErrNoList reports a session without a wait list.
	ErrNoList = errors.New("the session has no wait list")
	// ErrListFull reports a list with no room.
	ErrListFull = errors.New("the wait list is full")
	// ErrSeatsFree reports a party that would wait though there is room for it.
	ErrSeatsFree = errors.New("there is room: book instead")
	// ErrNotNext reports a promotion of somebody who is not the next.
	ErrNotNext = errors.New("somebody else is next on the list")
	// ErrStarted reports a session that has begun.
	ErrStarted = errors.New("the session has begun")
	// ErrNotYet reports a check-in before the doors open.
	ErrNotYet = errors.New("the doors are not open yet")
	// ErrCalledOff reports a session that does not take place.
	ErrCalledOff = errors.New("the session was called off")
	// ErrState reports what a booking cannot become; see [StateError].
	ErrState = errors.New("the booking's state does not allow it")
	// ErrCapacity reports a capacity below the seats that are taken.
	ErrCapacity = errors.New("more seats are taken than that")
	// ErrSeats reports counts of seats that do not fit: a defect, or a damaged record.
	ErrSeats = errors.New("the seats do not add up")
)

// SoldOutError says how many seats a fresh booking could have. It is an [ErrSoldOut].
type SoldOutError struct {
	Wanted  int64
	Free    int64
	Waiting int64
}

// Error says how many seats are free and how many wait.
func (e *SoldOutError) Error() string {
	return fmt.Sprintf("%d seats wanted, %d free, %d parties wait", e.Wanted, e.Free, e.Waiting)
}

// Is reports that the error is an ErrSoldOut.
func (e *SoldOutError) Is(target error) bool { return target == ErrSoldOut }

// PartyError says how large a party may be. It is an [ErrParty].
type PartyError struct {
	Party int64
	Max   int64
}

// Error says how large a party may be.
func (e *PartyError) Error() string {
	return fmt.Sprintf("a party of %d: it may be 1 to %d", e.Party, e.Max)
}

// Is reports that the error is an ErrParty.
func (e *PartyError) Is(target error) bool { return target == ErrParty }

// NotOpenError says from when a member books; points.Never is not at all. It is an
// [ErrNotOpen].
type NotOpenError struct {
	Session string
	From    time.Time
}

// Error says from when the member books.
func (e *NotOpenError) Error() string {
	if points.IsNever(e.From) {
		return fmt.Sprintf("session %q is not open to the member", e.Session)
	}
	return fmt.Sprintf("session %q is open to the member from %s", e.Session, e.From.UTC().Format(time.RFC3339))
}

// Is reports that the error is an ErrNotOpen.
func (e *NotOpenError) Is(target error) bool { return target == ErrNotOpen }

// ClosedError says since when nobody books or joins. It is an [ErrClosed].
type ClosedError struct {
	Session string
	At      time.Time
}

// Error says since when it is closed.
func (e *ClosedError) Error() string {
	return fmt.Sprintf("session %q has been closed since %s", e.Session, e.At.UTC().Format(time.RFC3339))
}

// Is reports that the error is an ErrClosed.
func (e *ClosedError) Is(target error) bool { return target == ErrClosed }
