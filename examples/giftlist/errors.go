package giftlist

import (
	"errors"
	"fmt"

	"github.com/loyaltykit/loyaltykit/points"
)

// Errors that a host branches on with errors.Is. Those of package loyalty come
// too: a giver without enough points is loyalty.ErrInsufficientPoints, a code that
// is taken loyalty.ErrClaimed, and a program with too many open lists
// loyalty.ErrLimit.
var (
	// ErrNoList reports a code under which this member has no list.
	ErrNoList = errors.New("there is no such gift list")
	// ErrEnded reports a list that is full, closed or lapsed.
	ErrEnded = errors.New("the gift list has ended")
	// ErrCodeUsed reports a code that the member has used for a list before.
	ErrCodeUsed = errors.New("the member has used this code before: choose another")
	// ErrTooMuch reports a gift of more than is missing; see [TooMuchError].
	ErrTooMuch = errors.New("the gift is more than is missing")
)

// TooMuchError says how many points a list still takes. It is an [ErrTooMuch].
type TooMuchError struct {
	Code    string
	Unit    string
	Missing points.Amount
}

// Error says how many points the list still takes.
func (e *TooMuchError) Error() string {
	return fmt.Sprintf("gift list %s takes at most %d %s more", e.Code, e.Missing, e.Unit)
}

// Is reports that the error is an ErrTooMuch.
func (e *TooMuchError) Is(target error) bool { return target == ErrTooMuch }
