package experience

import (
	"fmt"
	"slices"
)

// State is where a booking is in its life.
type State string

// The states of a booking.
const (
	// Waiting is on the list.
	Waiting State = "waiting"
	// Held has seats and has not decided; its points are on hold.
	Held State = "held"
	// Promised was promoted from the list and has not accepted; its points are on hold.
	Promised State = "promised"
	// Booked has seats, paid.
	Booked State = "booked"
	// Present came.
	Present State = "present"
	// Absent did not come, and the session is over, as far as was known: where it was put
	// off meanwhile, they can still come.
	Absent State = "absent"
	// Cancelled gave up seats that were held, promised or booked.
	Cancelled State = "cancelled"
	// Lapsed did not decide in time.
	Lapsed State = "lapsed"
	// Left gave up waiting.
	Left State = "left"
	// Passed could not pay when it was its turn.
	Passed State = "passed-over"
	// Unserved waited until the list ended, or until the session was too small for the party.
	Unserved State = "unserved"
	// CalledOff was for a session that does not take place.
	CalledOff State = "called-off"
	// Rescheduled went to another session.
	Rescheduled State = "rescheduled"
)

// States lists every state, in the order of the table of [State.Next].
func States() []State {
	return []State{Waiting, Held, Promised, Booked, Present, Absent, Cancelled, Lapsed, Left, Passed, Unserved, CalledOff, Rescheduled}
}

// Next lists what may follow a state: the whole life of a booking in one table. States
// from which nothing follows are final. The empty state, before there is a booking, is
// followed by Waiting, Held and Booked.
func (s State) Next() []State {
	switch s {
	case "":
		return []State{Waiting, Held, Booked}
	case Waiting:
		return []State{Promised, Left, Passed, Unserved, CalledOff}
	case Held:
		return []State{Booked, Cancelled, Lapsed, CalledOff}
	case Promised:
		return []State{Booked, Cancelled, Lapsed, CalledOff}
	case Booked:
		return []State{Present, Absent, Cancelled, CalledOff, Rescheduled}
	case Absent:
		return []State{Present}
	default:
		return nil
	}
}

// Live reports whether a booking in the state has seats or waits for some: a member with
// a live booking of a session makes no other.
func (s State) Live() bool { return s == Waiting || s.Seated() }

// Final reports whether nothing follows.
func (s State) Final() bool { return len(s.Next()) == 0 }

// Seated reports whether a booking in the state has seats.
func (s State) Seated() bool { return s == Held || s == Promised || s == Booked || s == Present }

// Become returns the next state, or a [StateError] where it may not follow.
func (s State) Become(next State) (State, error) {
	if !slices.Contains(s.Next(), next) {
		return s, &StateError{From: s, To: next}
	}
	return next, nil
}

// StateError says what a booking is and what it cannot become. It is an [ErrState].
type StateError struct {
	From, To State
}

// Error says what the booking is and what it cannot become.
func (e *StateError) Error() string {
	if e.From == "" {
		return fmt.Sprintf("there is no booking that could become %s", e.To)
	}
	return fmt.Sprintf("a booking that is %s cannot become %s", e.From, e.To)
}

// Is reports that the error is an ErrState.
func (e *StateError) Is(target error) bool { return target == ErrState }
