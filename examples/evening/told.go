package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/booking"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
)

// collect takes in all events that the evening has sent, by member, in order.
func (a *audit) collect(ctx context.Context, e *evening) error {
	a.events = map[string][]loyalty.Event{}
	_, err := e.engines[0].Deliver(ctx, func(_ context.Context, event loyalty.Event) error {
		a.events[event.Subject] = append(a.events[event.Subject], event)
		return nil
	}, nil)
	return err
}

// story is what must have been said to a member, told from the events and the published
// terms alone: neither receipts nor records are read for it.
type story struct {
	terms *experience.Session
	who   *person
	// now is where the member stands, lines what the answers to their commands were, and has
	// the beans that are not on hold.
	now   booking.Booking
	lines []string
	has   points.Amount
	// wrong is the first thing that does not fit.
	wrong error
}

// told is what an event of an operation says.
type told struct {
	Moves []loyalty.Move `json:"moves"`
}

// tell tells a member's story.
func (a *audit) tell(p *person) *story {
	s := &story{terms: &a.terms, who: p}
	for i := range a.events[p.id] {
		event := &a.events[p.id][i]
		if err := s.next(strings.TrimPrefix(event.Type, "loyaltykit."), event); err != nil && s.wrong == nil {
			s.wrong = fmt.Errorf("event %s: %w", event.ID, err)
		}
	}
	return s
}

// next goes on with an event.
func (s *story) next(kind string, event *loyalty.Event) error {
	if after, by := strings.CutPrefix(kind, "booking-"); by {
		switch state := experience.State(after); state {
		case experience.Lapsed, experience.Absent, experience.Unserved:
			return s.settled(state, event)
		}
	}
	var what told
	if err := json.Unmarshal(event.Data, &what); err != nil {
		return err
	}
	had := s.has
	moved := map[string]points.Amount{}
	for _, m := range what.Moves {
		moved[fmt.Sprintf("%s to %s", m.From, m.To)] += m.Amount
		if m.From == points.Available {
			s.has -= m.Amount
		}
		if m.To == points.Available {
			s.has += m.Amount
		}
	}
	if !strings.HasPrefix(kind, "booking-") {
		return nil
	}
	want, err := s.answer(kind, event.Time, had)
	if err != nil {
		return err
	}
	for way, amount := range want {
		if moved[way] != amount {
			return fmt.Errorf("%s moved %d beans from %s, not %d", kind, moved[way], way, amount)
		}
		delete(moved, way)
	}
	if len(moved) > 0 {
		return fmt.Errorf("%s moved %v besides", kind, moved)
	}
	s.lines = append(s.lines, s.now.String())
	return nil
}

// settled is what a deadline made true: not before it, and of a state that has one.
func (s *story) settled(state experience.State, event *loyalty.Event) error {
	if !slices.Contains(s.now.State.Next(), state) {
		return fmt.Errorf("%s follows %s", state, s.now.State)
	}
	due := s.terms.End
	if state != experience.Absent {
		due = s.now.Until
	}
	if event.Time.Before(due) {
		return fmt.Errorf("%s at %s, before %s", state, event.Time, due)
	}
	s.now.State, s.now.Until = state, time.Time{}
	return nil
}

// fresh is a booking that the person asks for, by the published prices.
func (s *story) fresh(state experience.State, until time.Time) {
	price := s.terms.Price(s.who.tiers)
	seats := s.who.party
	s.now = booking.Booking{
		ID: s.terms.ID, Session: s.terms.ID, Title: s.terms.Title, Venue: s.terms.Venue, Zone: s.terms.Zone, Start: s.terms.Start, End: s.terms.End,
		State: state, Party: seats, Unit: s.terms.Unit, Points: price.Points * points.Amount(seats), Until: until,
		Money: price.Money.Mul(decimal.NewFromInt(seats)), Currency: price.Currency,
	}
}

// The ways that beans go.
const (
	pays    = "available to redeemed"
	holds   = "available to held"
	takes   = "held to redeemed"
	frees   = "held to available"
	returns = "redeemed to available"
)

// answer says what a command made of the booking of somebody who had so many beans, and
// which of them it must have moved.
func (s *story) answer(kind string, at time.Time, had points.Amount) (map[string]points.Amount, error) {
	was := s.now.State
	switch kind {
	case "booking-book":
		s.fresh(experience.Booked, time.Time{})
		return map[string]points.Amount{pays: s.now.Points}, nil
	case "booking-hold":
		s.fresh(experience.Held, s.terms.HeldUntil(at))
		return map[string]points.Amount{holds: s.now.Points}, nil
	case "booking-join":
		s.fresh(experience.Waiting, s.terms.ListCloses())
		s.now.Place = &experience.Place{Class: s.terms.Class(s.who.tiers)}
		return nil, nil
	case "booking-promote":
		if had < s.now.Points {
			s.now.State, s.now.Until = experience.Passed, time.Time{}
			return nil, nil
		}
		s.now.State, s.now.Until = experience.Promised, s.terms.OfferedUntil(at)
		return map[string]points.Amount{holds: s.now.Points}, nil
	case "booking-confirm":
		s.now.State, s.now.Until = experience.Booked, time.Time{}
		return map[string]points.Amount{takes: s.now.Points}, nil
	case "booking-hand-over":
		s.now.Guest = "a friend"
		return nil, nil
	case "booking-check-in":
		s.now.State = experience.Present
		return nil, nil
	case "booking-cancel":
		return s.cancelled(was, at)
	default:
		return nil, fmt.Errorf("nobody asks for %s", kind)
	}
}

// cancelled is what giving up costs.
func (s *story) cancelled(was experience.State, at time.Time) (map[string]points.Amount, error) {
	s.now.State, s.now.Until = experience.Cancelled, time.Time{}
	switch was {
	case experience.Waiting:
		s.now.State = experience.Left
		return nil, nil
	case experience.Held, experience.Promised:
		if !s.now.Money.IsZero() {
			s.now.MoneyBack = 100
		}
		return map[string]points.Amount{frees: s.now.Points}, nil
	}
	fee, err := s.terms.Fee(s.who.tiers, s.now.Party, s.now.Points, at)
	if err != nil {
		return nil, err
	}
	if !s.now.Money.IsZero() {
		s.now.MoneyBack = fee.MoneyBack
	}
	if s.now.Kept = fee.Points; fee.Points == s.now.Points {
		return nil, nil
	}
	return map[string]points.Amount{returns: s.now.Points - fee.Points}, nil
}

// explained compares what a member's receipts say with their story.
func (a *audit) explained(p *person, receipts []booking.Booking, has points.Amount) {
	s := a.tell(p)
	if s.wrong != nil {
		a.wrong("%s: %v", p, s.wrong)
		return
	}
	lines := make([]string, len(receipts))
	for i, b := range receipts {
		if b.State == experience.Waiting && b.Place != nil {
			// Which number in its class it is depends on who else joined.
			b.Place = &experience.Place{Class: b.Place.Class}
		}
		lines[i] = b.String()
	}
	if !slices.Equal(lines, s.lines) {
		a.wrong("%s was told %q, and by the events it was %q", p, lines, s.lines)
	}
	if has != s.has {
		a.wrong("%s has %d beans by the receipts, and %d by the events", p, has, s.has)
	}
}
