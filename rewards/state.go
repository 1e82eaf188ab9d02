package rewards

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// State is where a redemption stands. The names are stored.
type State string

// The states of a redemption.
const (
	// None is the state before there is a redemption.
	None State = ""
	// Reserved redemptions have their points, stock and limits set aside, up to a
	// deadline.
	Reserved State = "reserved"
	// Issued ones are paid and can be used.
	Issued State = "issued"
	// Fulfilled ones have been handed over or sent.
	Fulfilled State = "fulfilled"
	// Used ones have been used up.
	Used State = "used"
	// Cancelled, Rejected and Expired ones have ended before that.
	Cancelled State = "cancelled"
	Rejected  State = "rejected"
	Expired   State = "expired"
)

// Action is what happens to a redemption.
type Action string

// The actions.
const (
	Reserve Action = "reserve"
	Issue   Action = "issue"
	Fulfill Action = "fulfill"
	// UsePart uses a part of the value, Use all that is left.
	UsePart Action = "use part"
	Use     Action = "use"
	Cancel  Action = "cancel"
	Reject  Action = "reject"
	// Expire is what time does.
	Expire Action = "expire"
)

// Transition is one thing that may happen to a redemption.
type Transition struct {
	From   State
	Action Action
	To     State
	// Returns says what becomes of points, stock and limits.
	Returns Returns
}

// Returns says what becomes of what a redemption took.
type Returns string

// What becomes of it.
const (
	// Keeps leaves it taken.
	Keeps Returns = "keeps"
	// GivesBack returns all of it.
	GivesBack Returns = "gives back"
	// ByLapse does as the reward's Lapse says.
	ByLapse Returns = "as the reward's lapse says"
)

// Transitions is all that may happen to redemptions; anything else is a
// [TransitionError].
func Transitions() []Transition {
	return []Transition{
		{None, Reserve, Reserved, Keeps},
		{None, Issue, Issued, Keeps},
		{Reserved, Issue, Issued, Keeps},
		{Reserved, Cancel, Cancelled, GivesBack},
		{Reserved, Reject, Rejected, GivesBack},
		{Reserved, Expire, Expired, GivesBack},
		{Issued, Fulfill, Fulfilled, Keeps},
		{Issued, UsePart, Issued, Keeps},
		{Issued, Use, Used, Keeps},
		{Issued, Cancel, Cancelled, GivesBack},
		{Issued, Reject, Rejected, GivesBack},
		{Issued, Expire, Expired, ByLapse},
		{Fulfilled, UsePart, Fulfilled, Keeps},
		{Fulfilled, Use, Used, Keeps},
		{Fulfilled, Cancel, Cancelled, GivesBack},
		{Fulfilled, Expire, Expired, ByLapse},
	}
}

// ErrTransition reports something that may not happen to a redemption; see
// [TransitionError].
var ErrTransition = errors.New("this may not happen to the redemption")

// TransitionError says in which state a redemption is, what was asked of it, and what
// may be. It is an [ErrTransition].
type TransitionError struct {
	State   State
	Action  Action
	Allowed []Action
}

// Error says what may happen instead.
func (e *TransitionError) Error() string {
	if len(e.Allowed) == 0 {
		return fmt.Sprintf("the redemption is %s: %q is not possible, nor is anything else", e.State, string(e.Action))
	}
	allowed := make([]string, len(e.Allowed))
	for i, action := range e.Allowed {
		allowed[i] = string(action)
	}
	return fmt.Sprintf("the redemption is %s: %q is not possible, only: %s", e.State, string(e.Action), strings.Join(allowed, ", "))
}

// Is reports that the error is an ErrTransition.
func (e *TransitionError) Is(target error) bool { return target == ErrTransition }

// Next returns what happens to a redemption in the state, or a [TransitionError].
func (s State) Next(action Action) (Transition, error) {
	var allowed []Action
	for _, t := range Transitions() {
		if t.From != s {
			continue
		}
		if t.Action == action {
			return t, nil
		}
		allowed = append(allowed, t.Action)
	}
	return Transition{}, &TransitionError{State: s, Action: action, Allowed: allowed}
}

// Ended reports whether nothing happens any more to a redemption in the state.
func (s State) Ended() bool {
	return !slices.ContainsFunc(Transitions(), func(t Transition) bool { return t.From == s })
}
