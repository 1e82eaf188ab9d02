package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/booking"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
)

// audit is what members' receipts say happened, put together again without asking the
// session.
type audit struct {
	terms experience.Session
	// seats and waits are when parties had seats, and when they waited.
	seats, waits []stay
	// fresh are bookings and holds that did not come from the list, promotions those
	// that did, each at its instant.
	fresh, promotions []stay
	states            map[experience.State]int64
	// events are all that were sent, by member, and receipts the bookings that members'
	// commands answered, with the beans that they have by them.
	events   map[string][]loyalty.Event
	receipts map[string][]booking.Booking
	has      map[string]points.Amount
	found    []string
}

// stay is a time: [from, to).
type stay struct {
	member   string
	party    int64
	place    experience.Place
	from, to time.Time
}

func (a *audit) wrong(format string, args ...any) {
	if len(a.found) < 20 {
		a.found = append(a.found, fmt.Sprintf(format, args...))
	}
}

// check proves the evening from outside: it returns what is wrong with it, nothing if all
// is well.
func (e *evening) check(ctx context.Context) (*audit, error) {
	a := &audit{terms: e.terms, states: map[experience.State]int64{}, receipts: map[string][]booking.Booking{}, has: map[string]points.Amount{}}
	if err := a.collect(ctx, e); err != nil {
		return nil, err
	}
	for _, p := range e.people {
		if err := a.read(ctx, e, p); err != nil {
			return nil, err
		}
	}
	a.neverOversold()
	a.orderKept()
	a.nobodyOvertook()
	for _, p := range e.people {
		a.explained(p, a.receipts[p.id], a.has[p.id])
	}
	return a, e.books(ctx, a)
}

// read takes in one member's receipts and compares their points with the books.
func (a *audit) read(ctx context.Context, e *evening, p *person) error {
	has := p.beans
	var now booking.Booking
	var since time.Time
	for op, err := range e.engines[0].History(ctx, p.id) {
		switch {
		case err != nil:
			return err
		case op.Type == "spend":
			for _, move := range op.Receipt.Moves {
				has -= move.Amount
			}
		}
		if !strings.HasPrefix(op.Type, "booking-") {
			continue
		}
		b, err := booking.Of(*op.Receipt)
		if err != nil {
			a.wrong("%s: version %d: %v", p, op.Version, err)
			continue
		}
		a.receipts[p.id] = append(a.receipts[p.id], b)
		if now.State != b.State {
			a.ended(p, now, since, op.RecordedAt)
		}
		has += paid(op.Type, now, b)
		switch {
		case op.Type == "booking-promote" && b.State == experience.Promised:
			a.promotions = append(a.promotions, stay{member: p.id, party: b.Party, place: *b.Place, from: op.RecordedAt})
		case op.Type == "booking-book" || op.Type == "booking-hold":
			a.fresh = append(a.fresh, stay{member: p.id, party: b.Party, from: op.RecordedAt})
		}
		if now.State != b.State || now.State == "" {
			since = op.RecordedAt
		}
		now = b
	}
	a.ended(p, now, since, a.terms.End)
	a.has[p.id] = has
	return a.compare(ctx, e, p, now, has)
}

// ended notes that a state lasted from an instant to another, or to its own deadline.
func (a *audit) ended(p *person, b booking.Booking, from, to time.Time) {
	if !b.Until.IsZero() && b.Until.Before(to) {
		to = b.Until
	}
	s := stay{member: p.id, party: b.Party, from: from, to: to}
	switch {
	case b.State.Seated():
		a.seats = append(a.seats, s)
	case b.State == experience.Waiting:
		s.place = *b.Place
		a.waits = append(a.waits, s)
	}
}

// paid is what a command made of the points that are not on hold.
func paid(command string, before, after booking.Booking) points.Amount {
	switch {
	case command == "booking-book" || command == "booking-confirm":
		return -after.Points
	case command == "booking-cancel" && before.State == experience.Booked:
		return before.Points - after.Kept
	default:
		return 0
	}
}

// compare holds a member's last receipt against what the engine says of them now.
func (a *audit) compare(ctx context.Context, e *evening, p *person, last booking.Booking, has points.Amount) error {
	m, err := e.engines[0].Member(ctx, p.id)
	if err != nil {
		return err
	}
	if b := m.Balance("bean"); b.Available != has || b.Held != 0 || b.Debt != 0 {
		a.wrong("%s has %d beans and %d on hold, by the receipts %d", p, b.Available, b.Held, has)
	}
	for b, err := range e.desks[0].Bookings(ctx, p.id, e.clock()) {
		if err != nil {
			return err
		}
		a.states[b.State] += b.Party
		if b.State != last.State && !slices.Contains(last.State.Next(), b.State) {
			a.wrong("%s is %s, and the last receipt says %s", p, b.State, last.State)
		}
	}
	return nil
}

// neverOversold counts the seats that are taken at every instant: who leaves goes before who
// comes.
func (a *audit) neverOversold() {
	type change struct {
		at   time.Time
		more int64
	}
	var changes []change
	for _, s := range a.seats {
		if s.to.After(s.from) {
			changes = append(changes, change{s.from, s.party}, change{s.to, -s.party})
		}
	}
	slices.SortFunc(changes, func(x, y change) int { return cmp.Or(x.at.Compare(y.at), cmp.Compare(x.more, y.more)) })
	taken := int64(0)
	for _, c := range changes {
		if taken += c.more; taken > a.terms.Capacity {
			a.wrong("%d of %d seats are taken at %s", taken, a.terms.Capacity, c.at)
			return
		}
	}
}

// orderKept looks for somebody who waited from before a promotion until after it, at a
// better place.
func (a *audit) orderKept() {
	for _, promoted := range a.promotions {
		for _, other := range a.waits {
			better := cmp.Or(cmp.Compare(other.place.Class, promoted.place.Class), cmp.Compare(other.place.Number, promoted.place.Number)) < 0
			if better && other.from.Before(promoted.from) && other.to.After(promoted.from) {
				a.wrong("%s at %v was promoted before %s at %v", promoted.member, promoted.place, other.member, other.place)
			}
		}
	}
}

// nobodyOvertook looks for fresh bookings while a party waited that would have fitted as well:
// whoever joins finds fewer free seats than they need, and no freed seat is free while
// they wait.
func (a *audit) nobodyOvertook() {
	for _, fresh := range a.fresh {
		for _, other := range a.waits {
			if other.from.Before(fresh.from) && other.to.After(fresh.from) && other.party <= fresh.party {
				a.wrong("%s booked %d seats while %s waited for %d", fresh.member, fresh.party, other.member, other.party)
			}
		}
	}
}

// books verifies the ledger, the session, and that every bean that was given is somewhere.
func (e *evening) books(ctx context.Context, a *audit) error {
	report, err := e.engines[0].Verify(ctx, nil)
	if err != nil {
		return err
	}
	for _, problem := range report.Problems {
		a.wrong("%v", problem)
	}
	balance, err := e.engines[0].TrialBalance(ctx, e.clock(), &loyalty.TrialOptions{})
	if err != nil {
		return err
	}
	a.found = append(a.found, balance.Problems...)
	shown, err := e.desks[0].Session(ctx, session)
	if err != nil {
		return err
	}
	board := shown.Board
	if err := board.Check(); err != nil {
		a.wrong("%v", err)
	}
	taken := a.states[experience.Present] + a.states[experience.Absent] + a.states[experience.Booked]
	if board.Booked != taken || board.Present != a.states[experience.Present] || board.Held+board.Promised+board.Offered != 0 || board.Waiting() != 0 {
		a.wrong("the board is %+v, and members have %v", board, a.states)
	}
	return nil
}
