package booking

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Desk does what follows from commands and touches other members: it promotes from lists,
// and tells everybody of a change. It keeps no state, may run in several processes, be
// stopped at any moment, and goes on where another has stopped: every step is a command
// with a key of its own, and what is left to do is found in the store.
//
// The keys of its commands start with "booking/": a host's own keys must not.
type Desk struct {
	engine *loyalty.Engine
	store  storage.Store
}

// NewDesk is a desk of an engine that lists [Feature], and of its store.
func NewDesk(engine *loyalty.Engine, store storage.Store) *Desk {
	return &Desk{engine: engine, store: store}
}

// Advanced says what a desk has done about sessions.
type Advanced struct {
	// Promoted holds the offers to members of lists, in order: whom to notify at once.
	// The event of each [Promote] is in the outbox besides.
	Promoted []Offer `json:"promoted,omitempty"`
	// Passed counts those who could not pay, or for whose party the session has become too
	// small, and Dismissed those who are not there any more, or whose points lie in more lots
	// than one commit puts on hold: the reason of their [Dismiss] says which.
	Passed    int64 `json:"passed,omitempty"`
	Dismissed int64 `json:"dismissed,omitempty"`
	// Told counts the bookings that were told of a change.
	Told int64 `json:"told,omitempty"`
}

// Offer is an offer of seats to a member of a list.
type Offer struct {
	Member  string  `json:"member"`
	Booking Booking `json:"booking"`
}

func (a *Advanced) add(b Advanced) {
	a.Promoted = append(a.Promoted, b.Promoted...)
	a.Passed += b.Passed
	a.Dismissed += b.Dismissed
	a.Told += b.Told
}

// Do runs a command as the engine does, and what follows from it: seats that it freed are
// offered to the list, who is erased gives up their seats. The command is done when Do
// returns a receipt; where that comes with an error, what follows is left to [Desk.RunDue].
func (d *Desk) Do(ctx context.Context, cmd loyalty.Command) (loyalty.Receipt, error) {
	receipt, err := d.engine.Do(ctx, cmd)
	if err != nil {
		return receipt, err
	}
	if erase, ok := erases(cmd); ok {
		return receipt, d.leftBy(ctx, erase.Member)
	}
	if !frees(cmd) {
		return receipt, nil
	}
	for _, house := range cmd.Plan().Houses {
		if _, err := d.Advance(ctx, house.ID); err != nil {
			return receipt, err
		}
	}
	return receipt, nil
}

// frees reports whether a command may free seats, or change who is to be told.
func frees(cmd loyalty.Command) bool {
	switch cmd.(type) {
	case Cancel, Reschedule, Change, CallOff, Dismiss, *Cancel, *Reschedule, *Change, *CallOff, *Dismiss:
		return true
	default:
		return false
	}
}

func erases(cmd loyalty.Command) (loyalty.Erase, bool) {
	switch erase := cmd.(type) {
	case loyalty.Erase:
		return erase, true
	case *loyalty.Erase:
		return *erase, true
	default:
		return loyalty.Erase{}, false
	}
}

// RunDue books what time has made true, as [loyalty.Engine.RunDue] does, and then advances
// every session of which something is left to do: run it every minute or so. What fails for
// one member or session stops no other: the error tells of all of them.
func (d *Desk) RunDue(ctx context.Context, options *loyalty.DueOptions) (loyalty.DueReport, Advanced, error) {
	var done Advanced
	report, err := d.engine.RunDue(ctx, options)
	if err != nil {
		return report, done, err
	}
	var failed failures
	failed.add(d.abandoned(ctx))
	for _, reference := range []string{sweep, offers} {
		query := storage.RecordQuery{Program: d.program(), Kind: boardKind, Reference: reference}
		for row, err := range storage.AllRecords(ctx, d.store, query) {
			if err != nil {
				failed.add(fmt.Errorf("booking: %w", err))
				break
			}
			session, ok := loyalty.HouseOf(row.Member)
			if !ok {
				continue
			}
			more, err := d.Advance(ctx, session.ID)
			done.add(more)
			failed.add(err)
			if ctx.Err() != nil {
				return report, done, failed.err()
			}
		}
	}
	return report, done, failed.err()
}

// failures holds what went wrong for some of many.
type failures struct {
	errs []error
	more int
}

// maxFailures bounds the errors that are told one by one.
const maxFailures = 32

func (f *failures) add(err error) {
	switch {
	case err == nil:
	case len(f.errs) < maxFailures:
		f.errs = append(f.errs, err)
	default:
		f.more++
	}
}

func (f *failures) err() error {
	if f.more > 0 {
		return fmt.Errorf("%w\nand %d more", errors.Join(f.errs...), f.more)
	}
	return errors.Join(f.errs...)
}

func (d *Desk) program() string { return d.engine.Program(points.Never).ID }

// Advance does what is left to do about a session: it tells who is to be told of a change,
// and promotes from the list, in order, whom there is room for.
func (d *Desk) Advance(ctx context.Context, session string) (Advanced, error) {
	done, err := d.advance(ctx, session)
	if err != nil {
		return done, fmt.Errorf("booking: session %q: %w", session, err)
	}
	return done, nil
}

func (d *Desk) advance(ctx context.Context, session string) (Advanced, error) {
	now, err := d.look(ctx, session)
	if err != nil {
		return Advanced{}, err
	}
	if now.Left != sweep {
		return d.promote(ctx, session)
	}
	told, failed := d.tell(ctx, session, now.Sweeps)
	if ctx.Err() != nil {
		return Advanced{Told: told}, failed
	}
	done, err := d.promote(ctx, session)
	done.Told = told
	return done, errors.Join(failed, err)
}

// promote promises seats to who is next until nobody waits, or there is no room.
func (d *Desk) promote(ctx context.Context, session string) (Advanced, error) {
	var done Advanced
	for overtaken := 0; overtaken < maxOvertaken; {
		now, err := d.look(ctx, session)
		if err != nil {
			return done, err
		}
		next, waits := now.Board.Next()
		if !waits || now.Board.Room() == 0 {
			return done, nil
		}
		step, err := d.step(ctx, session, next, &now.Board)
		switch {
		case errors.Is(err, errNoRoom):
			return done, nil
		case overtook(err):
			overtaken++
		case err != nil:
			return done, err
		default:
			overtaken = 0
			done.add(step)
		}
	}
	return done, loyalty.ErrContention
}

// maxOvertaken bounds how often in a row another desk may be first.
const maxOvertaken = 64

// overtook reports that another desk was first.
func overtook(err error) bool {
	for _, other := range []error{experience.ErrNotNext, experience.ErrSoldOut, experience.ErrCalledOff, experience.ErrState, loyalty.ErrKeyReused} {
		if errors.Is(err, other) {
			return true
		}
	}
	return false
}

// errNoRoom reports that the party that is next does not fit.
var errNoRoom = errors.New("the next party needs more seats than there are")

// step promotes the party that is next, or skips places of which nobody waits.
func (d *Desk) step(ctx context.Context, session string, from experience.Place, board *experience.Board) (Advanced, error) {
	place, waits, found, err := d.first(ctx, session, from)
	if err != nil {
		return Advanced{}, err
	}
	if !found {
		skip := Skip{
			Key:     fmt.Sprintf("booking/skip/%d/%d", from.Class, from.Number),
			Session: session, Class: from.Class, From: from.Number, To: place.Number,
		}
		_, err := d.engine.Do(ctx, skip)
		return Advanced{}, err
	}
	if waits.Party > board.Room() && waits.Party <= board.Capacity {
		return Advanced{}, errNoRoom
	}
	receipt, err := d.engine.Do(ctx, Promote{
		Member: waits.Member, Key: fmt.Sprintf("booking/promote/%s/%d/%d", session, place.Class, place.Number),
		Session: session, Class: place.Class, Number: place.Number, From: from.Number, Unit: waits.Unit, Points: waits.Points,
	})
	if absent(err) {
		_, err = d.engine.Do(ctx, Dismiss{
			Key: fmt.Sprintf("booking/dismiss/%d/%d", place.Class, place.Number), Session: session, Who: waits.Member,
			Waiting: true, Class: place.Class, Number: place.Number, Reason: "cannot be promoted: " + reason(err), Actor: "booking desk",
		})
		return Advanced{Dismissed: 1}, err
	}
	if err != nil {
		return Advanced{}, err
	}
	b, err := Of(receipt)
	switch {
	case err != nil || receipt.Replayed:
		return Advanced{}, err
	case b.State != experience.Promised:
		return Advanced{Passed: 1}, nil
	}
	return Advanced{Promoted: []Offer{{Member: receipt.Member, Booking: b}}}, nil
}

// absent reports a member of whom nothing can be had any more.
func absent(err error) bool {
	for _, gone := range []error{loyalty.ErrErased, loyalty.ErrNotEnrolled, loyalty.ErrTooLarge} {
		if errors.Is(err, gone) {
			return true
		}
	}
	return false
}

// reason is an error as a reason can hold it.
func reason(err error) string {
	text := err.Error()
	return text[:min(len(text), 500)]
}

// first finds the first who waits from a place on, among the next that one command passes.
// Where there is none, the place is how far nobody waits.
func (d *Desk) first(ctx context.Context, session string, from experience.Place) (experience.Place, waitDocument, bool, error) {
	var waits waitDocument
	request := storage.LoadRequest{Program: d.program(), Member: house(session).Account()}
	for n := range int64(maxGone) {
		id := placeID(experience.Place{Class: from.Class, Number: from.Number + n})
		request.Records = append(request.Records, storage.RecordKey{Kind: waitKind, ID: id})
	}
	snaps, err := d.store.Load(ctx, []storage.LoadRequest{request})
	if err != nil {
		return from, waits, false, err
	}
	for n, key := range request.Records {
		at := experience.Place{Class: from.Class, Number: from.Number + int64(n)}
		if len(snaps[0].Records) <= n || snaps[0].Records[n].ID != key.ID {
			return at, waits, false, experience.ErrNotNext
		}
		if row := snaps[0].Records[n]; row.Status == string(experience.Waiting) {
			return at, waits, true, decode(row, &waits)
		}
	}
	from.Number += maxGone
	return from, waits, false, nil
}

// tell refreshes every live booking of a session, and notes that it has. Where some could
// not be told, the rest is, and the session stays to be told.
func (d *Desk) tell(ctx context.Context, session string, sweeps int64) (int64, error) {
	var told int64
	var failed failures
	for _, state := range []experience.State{experience.Waiting, experience.Held, experience.Promised, experience.Booked} {
		query := storage.RecordQuery{Program: d.program(), Kind: bookingKind, Reference: session, Status: string(state)}
		for row, err := range storage.AllRecords(ctx, d.store, query) {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				failed.add(err)
				return told, failed.err()
			}
			refresh := Refresh{Member: row.Member, Session: session, Key: fmt.Sprintf("booking/refresh/%d/%s", sweeps, digest(session, row.ID))}
			if row.ID != session {
				refresh.Booking = row.ID
			}
			switch _, err := d.engine.Do(ctx, refresh); {
			case absent(err) || errors.Is(err, experience.ErrState):
			case err != nil:
				failed.add(err)
			default:
				told++
			}
		}
	}
	if err := failed.err(); err != nil {
		return told, err
	}
	_, err := d.engine.Do(ctx, Wrap{
		Key: fmt.Sprintf("booking/wrap/%d", sweeps), Session: session, Changes: sweeps,
	})
	return told, err
}

// leftBy frees what a member who was erased had.
func (d *Desk) leftBy(ctx context.Context, member string) error {
	query := storage.RecordQuery{Program: d.program(), Member: member, Kind: bookingKind}
	for row, err := range storage.AllRecords(ctx, d.store, query) {
		if err != nil {
			return fmt.Errorf("booking: %w", err)
		}
		if row.Status != abandoned {
			continue
		}
		session, err := d.release(ctx, row)
		if err != nil {
			return err
		}
		if _, err := d.Advance(ctx, session); err != nil {
			return err
		}
	}
	return nil
}

// abandoned frees what members have who were erased without a desk, or by one that was
// stopped.
func (d *Desk) abandoned(ctx context.Context) error {
	var failed failures
	query := storage.RecordQuery{Program: d.program(), Kind: bookingKind, Reference: abandoned, Status: abandoned}
	for row, err := range storage.AllRecords(ctx, d.store, query) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			failed.add(fmt.Errorf("booking: %w", err))
			break
		}
		if _, err := d.release(ctx, row); err != nil {
			failed.add(fmt.Errorf("booking: %w", err))
		}
	}
	return failed.err()
}

// release frees what an abandoned booking has, and returns its session.
func (d *Desk) release(ctx context.Context, row storage.Record) (string, error) {
	b := &booking{row: row}
	if err := decode(row, &b.bookingDocument); err != nil {
		return "", err
	}
	return b.Session, d.dismiss(ctx, b)
}

func (d *Desk) dismiss(ctx context.Context, b *booking) error {
	dismiss := Dismiss{
		Key: "booking/abandoned/" + digest(b.seat(), b.At.Format(sortable)), Session: b.Session, Who: b.seat(),
		Reason: "the member was erased", Actor: "booking desk",
	}
	if b.Was == experience.Waiting && b.Place != nil {
		dismiss.Key = fmt.Sprintf("booking/abandoned/%d/%d", b.Place.Class, b.Place.Number)
		dismiss.Who, dismiss.Waiting, dismiss.Class, dismiss.Number = b.As, true, b.Place.Class, b.Place.Number
	}
	if _, err := d.engine.Do(ctx, dismiss); !errors.Is(err, experience.ErrState) {
		return err
	}
	return nil
}

// look is a command that is only quoted: it reads a session as of now.
type look struct {
	Key     string `json:"key"`
	Session string `json:"session"`
}

// looked is what it answers.
type looked struct {
	Terms experience.Session `json:"terms"`
	Board experience.Board   `json:"board"`
	Left  string             `json:"left"`
	// Sweeps numbers the change that is to be told.
	Sweeps int64     `json:"sweeps"`
	At     time.Time `json:"at"`
}

// CommandType implements loyalty.Typed.
func (look) CommandType() string { return "booking-look" }

// Plan implements loyalty.Command.
func (c look) Plan() loyalty.Plan { return sessionPlan(c.Session, c.Key, "", "") }

// Validate reports a bad session.
func (c look) Validate() error {
	var found checks
	found.id("session", c.Session, 64)
	return found.Err()
}

// Apply implements loyalty.Command.
func (c look) Apply(_ context.Context, tx *loyalty.Tx) error {
	r, err := visit(tx, c.Session)
	if err != nil {
		return err
	}
	return tx.Answer(looked{Terms: r.session, Board: r.board, Left: r.row.Reference, Sweeps: r.sweeps, At: tx.Now()})
}
