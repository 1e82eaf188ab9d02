package booking

import (
	"github.com/loyaltykit/loyaltykit/loyalty"
)

// Name is the name of the feature.
const Name = "booking"

// What the feature keeps. The first is under a member, the others under a session's house
// account.
const (
	bookingKind = "booking"
	termsKind   = "booking-session"
	boardKind   = "booking-board"
	seatKind    = "booking-seat"
	waitKind    = "booking-wait"
)

// The ids of the records that a session has one of.
const (
	termsID = "session"
	boardID = "board"
)

// Feature is the feature: list it in loyalty.Options.Features.
type Feature struct{}

var (
	_ loyalty.Feature  = Feature{}
	_ loyalty.Settler  = Feature{}
	_ loyalty.Merger   = Feature{}
	_ loyalty.Exporter = Feature{}
	_ loyalty.Eraser   = Feature{}
)

// Name implements loyalty.Feature.
func (Feature) Name() string { return Name }

// Kinds implements loyalty.Feature.
func (Feature) Kinds() []string {
	return []string{bookingKind, termsKind, boardKind, seatKind, waitKind}
}

// Commands implements loyalty.Feature.
func (Feature) Commands() []loyalty.Command {
	return []loyalty.Command{
		Open{},
		Change{},
		CallOff{},
		Book{},
		Hold{},
		Confirm{},
		Join{},
		Cancel{},
		Reschedule{},
		CheckIn{},
		HandOver{},
		Promote{},
		Skip{},
		Dismiss{},
		Refresh{},
		Wrap{},
	}
}

// house is the account of a session.
func house(session string) loyalty.House { return loyalty.House{Feature: Name, ID: session} }
