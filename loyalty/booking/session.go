package booking

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// Open opens a session, so that it can be booked. It is about the session's house account
// and no member; its key is one of that account.
type Open struct {
	Key     string             `json:"key"`
	Session experience.Session `json:"session"`
	Reason  string             `json:"reason,omitempty"`
	Actor   string             `json:"actor,omitempty"`
}

// CommandType implements loyalty.Typed.
func (Open) CommandType() string { return "booking-open" }

// Plan implements loyalty.Command.
func (c Open) Plan() loyalty.Plan { return sessionPlan(c.Session.ID, c.Key, c.Reason, c.Actor) }

func sessionPlan(session, key, reason, actor string) loyalty.Plan {
	return loyalty.Plan{
		Houses: []loyalty.House{house(session)}, Key: key, Reference: session, Reason: reason, Actor: actor,
		Records: roomRecords(session),
	}
}

// Validate reports every problem of the session.
func (c Open) Validate() error { return under("session", c.Session.Validate()) }

// Apply implements loyalty.Command.
func (c Open) Apply(_ context.Context, tx *loyalty.Tx) error {
	if err := sells(tx, &c.Session); err != nil {
		return err
	}
	if err := tx.Open(); err != nil {
		return err
	}
	r := &room{Party: tx.Party, session: c.Session, board: experience.NewBoard(&c.Session)}
	r.row = storage.Record{Kind: boardKind, ID: boardID}
	if err := r.putTerms(); err != nil {
		return err
	}
	return r.schedule(tx)
}

// sells returns why a session's points cannot be spent, or its tiers are not clear among
// the program's ladders, or nil.
func sells(tx *loyalty.Tx, s *experience.Session) error {
	if err := clearTiers(tx.Program().Ladders, s); err != nil {
		return err
	}
	if s.Unit == "" {
		return nil
	}
	unit, known := tx.Program().Unit(s.Unit)
	if !known || unit.Kind != points.Spendable {
		return fmt.Errorf("%w: %q", loyalty.ErrUnknownUnit, s.Unit)
	}
	return nil
}

func clearTiers(ladders []tiers.Ladder, s *experience.Session) error {
	var problems points.Problems
	check := func(path, name string) {
		if err := tiers.CheckName(ladders, name); err != nil {
			problems.Add("session."+path, "%v", err)
		}
	}
	for i := range s.Prices {
		check(fmt.Sprintf("prices[%d].tier", i), s.Prices[i].Tier)
	}
	for i := range s.Opens {
		check(fmt.Sprintf("opens[%d].tier", i), s.Opens[i].Tier)
	}
	if s.List != nil {
		for i, tier := range s.List.Priority {
			check(fmt.Sprintf("list.priority[%d]", i), tier)
		}
	}
	for i := range s.Cancellation {
		check(fmt.Sprintf("cancellation[%d].tier", i), s.Cancellation[i].Tier)
	}
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", loyalty.ErrInvalid, problems)
}

func (r *room) putTerms() error {
	r.session.Start, r.session.End = instant(r.session.Start), instant(r.session.End)
	return put(r.Party, storage.Record{Kind: termsKind, ID: termsID}, &r.session)
}

// The statuses of a board.
const (
	listOpen   = "open"
	listClosed = "list-closed"
	calledOff  = "called-off"
)

// schedule stores the board, which falls due when the list ends.
func (r *room) schedule(tx *loyalty.Tx) error {
	r.row.Status, r.row.DueAt = listClosed, points.Never
	switch closes := r.session.ListCloses(); {
	case r.board.Off:
		r.row.Status = calledOff
	case r.session.List == nil:
	case closes.After(tx.Now()):
		r.row.Status, r.row.DueAt = listOpen, closes
	default:
		r.board.CloseList()
	}
	return r.keep()
}

// Change changes a session that is open: its time, place, capacity, prices or policies.
// Bookings keep the price and the cancellation policy that they were made by, and
// who waits the price they joined by. Those who booked before it was put to another time
// or place cancel free of charge, and are told by a [Desk]. The classes of a list stay as
// they are while somebody waits.
type Change struct {
	Key     string             `json:"key"`
	Session experience.Session `json:"session"`
	Reason  string             `json:"reason"`
	Actor   string             `json:"actor"`
}

// CommandType implements loyalty.Typed.
func (Change) CommandType() string { return "booking-change" }

// Plan implements loyalty.Command.
func (c Change) Plan() loyalty.Plan { return sessionPlan(c.Session.ID, c.Key, c.Reason, c.Actor) }

// Validate reports every problem of the session, and a missing reason or actor.
func (c Change) Validate() error {
	var found checks
	found.Problems = append(found.Problems, problemsOf(under("session", c.Session.Validate()))...)
	found.person(c.Reason, c.Actor)
	return found.Err()
}

// Apply implements loyalty.Command.
func (c Change) Apply(_ context.Context, tx *loyalty.Tx) error {
	r, err := visit(tx, c.Session.ID)
	if err != nil {
		return err
	}
	if r.board.Off {
		return experience.ErrCalledOff
	}
	before := r.session
	if err := sells(tx, &c.Session); err != nil {
		return err
	}
	if !tx.Now().Before(before.End) {
		return fmt.Errorf("%w: it is over", ErrTerms)
	}
	if err := r.relist(&c.Session); err != nil {
		return err
	}
	if err := r.board.Resize(c.Session.Capacity); err != nil {
		return err
	}
	r.session = c.Session
	if err := r.putTerms(); err != nil {
		return err
	}
	moved := !r.session.Start.Equal(before.Start) || !r.session.End.Equal(before.End) || r.session.Venue != before.Venue || r.session.Zone != before.Zone
	relisted := (r.session.List == nil) != (before.List == nil) || !r.session.ListCloses().Equal(before.ListCloses())
	if moved {
		r.board.Changes++
	}
	if moved || relisted {
		r.tell()
	}
	if relisted || r.row.Status == listOpen {
		if err := r.schedule(tx); err != nil {
			return err
		}
	} else if err := r.keep(); err != nil {
		return err
	}
	return tx.Emit("booking-changed", map[string]any{"session": c.Session.ID, "moved": moved})
}

// relist makes the board's list that of the changed session.
func (r *room) relist(s *experience.Session) error {
	same := r.session.List != nil && s.List != nil && slices.Equal(r.session.List.Priority, s.List.Priority)
	switch {
	case same || r.session.List == nil && s.List == nil:
		return nil
	case r.board.Waiting() > 0:
		return fmt.Errorf("%w: %d parties wait in the classes that it has", ErrTerms, r.board.Waiting())
	}
	// Numbers go on, so that no place is given out twice.
	var next int64
	for _, class := range r.board.Line {
		next = max(next, class.Next)
	}
	r.board.Line = make([]experience.Class, max(s.Classes(), 0))
	for i := range r.board.Line {
		r.board.Line[i] = experience.Class{Head: next, Next: next}
	}
	return nil
}

// CallOff calls a session off that has not begun: nobody books or waits any more, and who
// has seats gets all points back, by a [Desk] or their own [Cancel].
type CallOff struct {
	Key     string `json:"key"`
	Session string `json:"session"`
	Reason  string `json:"reason"`
	Actor   string `json:"actor"`
}

// CommandType implements loyalty.Typed.
func (CallOff) CommandType() string { return "booking-call-off" }

// Plan implements loyalty.Command.
func (c CallOff) Plan() loyalty.Plan { return sessionPlan(c.Session, c.Key, c.Reason, c.Actor) }

// Validate reports a bad session, and a missing reason or actor.
func (c CallOff) Validate() error {
	var found checks
	found.id("session", c.Session, 64)
	found.person(c.Reason, c.Actor)
	return found.Err()
}

// Apply implements loyalty.Command.
func (c CallOff) Apply(_ context.Context, tx *loyalty.Tx) error {
	r, err := visit(tx, c.Session)
	if err != nil {
		return err
	}
	if r.board.Off {
		return experience.ErrCalledOff
	}
	if !tx.Now().Before(r.session.Start) {
		return experience.ErrStarted
	}
	r.board.CallOff()
	r.tell()
	if err := r.schedule(tx); err != nil {
		return err
	}
	return tx.Emit("booking-called-off", map[string]any{"session": c.Session})
}

// Wrap notes that all who had to be told of a change have been; a [Desk] does it.
type Wrap struct {
	Key     string `json:"key"`
	Session string `json:"session"`
	// Changes is the number of the change that they were told of: of the time, the place,
	// the end of the list, or that it was called off.
	Changes int64 `json:"changes,omitempty"`
}

// CommandType implements loyalty.Typed.
func (Wrap) CommandType() string { return "booking-wrap" }

// Plan implements loyalty.Command.
func (c Wrap) Plan() loyalty.Plan { return sessionPlan(c.Session, c.Key, "", "") }

// Validate reports a bad session.
func (c Wrap) Validate() error {
	var found checks
	found.id("session", c.Session, 64)
	if c.Changes < 0 || c.Changes > maxNumber {
		found.Add("changes", "%d: must be 0 to %d", c.Changes, int64(maxNumber))
	}
	return found.Err()
}

// Apply implements loyalty.Command.
func (c Wrap) Apply(_ context.Context, tx *loyalty.Tx) error {
	r, err := visit(tx, c.Session)
	if err != nil {
		return err
	}
	if r.sweeps == c.Changes && r.row.Reference == sweep {
		r.row.Reference = nothing
	}
	return r.keep()
}

func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func problemsOf(err error) points.Problems {
	problems, _ := err.(points.Problems) //nolint:errorlint // what Validate of this package returns is not wrapped
	return problems
}

// under puts problems under the path of a field.
func under(path string, err error) error {
	var problems points.Problems
	for _, p := range problemsOf(err) {
		problems.Add(path+"."+p.Path, "%s", p.Message)
	}
	return problems.Err()
}
