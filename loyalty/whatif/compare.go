package whatif

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Options says how Compare works; nil and the zero value are good defaults.
type Options struct {
	// Names are what the report calls the two programs; empty is "a" and "b".
	Names [2]string
	// Features lists the features whose commands the history has.
	Features []loyalty.Feature
	// Profile and Formulas are what loyalty.Options says of them, for both programs. Without
	// Profile, rules that ask for tiers and segments of the host's find none.
	Profile  func(ctx context.Context, member string, at time.Time) (loyalty.Profile, error)
	Formulas map[string]points.Formula
	// VoucherCode gives the codes of rewards whose codes the host has, as in
	// loyalty.Options: a what-if should draw none that a customer could get. Nil makes them
	// up, one for each redemption; a voucher that the history uses by its code is then
	// refused, and the report counts it.
	VoucherCode func(ctx context.Context, request loyalty.VoucherRequest) (string, error)
	// Until is when both are settled and compared; zero is the last event's instant.
	Until time.Time
	// Top is how many members the report names who gain or lose most; 0 is 10.
	Top int
	// Progress, if not nil, is called now and then with how far it is. Calls do not
	// overlap.
	Progress func(Progress)
}

// Progress is how far a Compare is: how many events it has read, the last of them
// at At.
type Progress struct {
	Events int64
	At     time.Time
}

// eventsAStep is how many events both sides live at a time.
const eventsAStep = 1024

// Compare lives a history again under two programs and reports what differs. Each
// side has an engine of its own on a store that open opens empty: one in memory, or
// a file where the history is large. The caller closes what open opened, if it must be.
//
// Compare itself keeps a few hundred bytes for each member, whatever they did; the
// stores keep accounts, lots, orders, entries, and a line without its body for each
// command. A context that is done ends it with its error. The same events and programs
// always give the same report.
func Compare(ctx context.Context, events iter.Seq2[Event, error], a, b loyalty.Revisions, open func() (storage.Store, error), options *Options) (Report, error) {
	var o Options
	if options != nil {
		o = *options
	}
	if o.VoucherCode == nil {
		o.VoucherCode = madeUp
	}
	if o.Top <= 0 {
		o.Top = 10
	}
	for i, name := range []string{"a", "b"} {
		if o.Names[i] == "" {
			o.Names[i] = name
		}
	}
	c := &comparison{options: &o, skipped: map[string]int64{}}
	for i, revisions := range []loyalty.Revisions{a, b} {
		if err := c.sides[i].open(revisions, open, &o); err != nil {
			return Report{}, fmt.Errorf("whatif: %s: %w", o.Names[i], err)
		}
	}
	if err := c.agree(a, b); err != nil {
		return Report{}, err
	}
	if err := c.live(ctx, events); err != nil {
		return Report{}, fmt.Errorf("whatif: %w", err)
	}
	return c.report()
}

type comparison struct {
	options *Options
	sides   [2]side
	units   []points.Unit
	// events counts what was read, lost what could not be, and skipped what nobody knows.
	events, lost int64
	skipped      map[string]int64
	first, last  time.Time
}

// agree lists the units of both, which must be of the same kind and scale.
func (c *comparison) agree(a, b loyalty.Revisions) error {
	for _, program := range slices.Concat(a, b) {
		for _, unit := range program.Units {
			i := slices.IndexFunc(c.units, func(u points.Unit) bool { return u.Code == unit.Code })
			switch {
			case i < 0:
				c.units = append(c.units, unit)
			case c.units[i].Kind != unit.Kind || c.units[i].Scale != unit.Scale:
				return fmt.Errorf("whatif: %w: unit %q is of another kind or scale in the two programs, which cannot be compared", loyalty.ErrInvalid, unit.Code)
			}
		}
	}
	return nil
}

// live runs all events on both sides, step by step.
func (c *comparison) live(ctx context.Context, events iter.Seq2[Event, error]) error {
	step := make([]Event, 0, eventsAStep)
	for event, err := range events {
		if err := ctx.Err(); err != nil {
			return err
		}
		if lost := (*LostError)(nil); errors.As(err, &lost) {
			if errors.Is(err, loyalty.ErrUnknownCommand) {
				c.skipped[lost.Type]++
			} else {
				c.lost++
			}
			continue
		}
		if err != nil {
			return err
		}
		c.events++
		if c.first.IsZero() || event.At.Before(c.first) {
			c.first = event.At
		}
		if event.At.After(c.last) {
			c.last = event.At
		}
		if step = append(step, event); len(step) == cap(step) {
			if err := c.both(func(s *side) error { return s.live(ctx, step) }); err != nil {
				return err
			}
			step = step[:0]
			if c.options.Progress != nil {
				c.options.Progress(Progress{Events: c.events, At: c.last})
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if !c.options.Until.IsZero() {
		c.last = c.options.Until
	}
	err := c.both(func(s *side) error {
		if err := s.live(ctx, step); err != nil {
			return err
		}
		return s.settle(ctx, c.last)
	})
	if err == nil && c.options.Progress != nil {
		c.options.Progress(Progress{Events: c.events, At: c.last})
	}
	return err
}

// both does something on the two sides at once.
func (c *comparison) both(do func(*side) error) error {
	var errs [2]error
	var group sync.WaitGroup
	for i := range c.sides {
		group.Go(func() { errs[i] = do(&c.sides[i]) })
	}
	group.Wait()
	for i, err := range errs {
		if err != nil {
			return fmt.Errorf("%s: %w", c.options.Names[i], err)
		}
	}
	return nil
}

// side is one of the two programs at work.
type side struct {
	engine *loyalty.Engine
	store  *scratch
	// now is the clock of the engine.
	now     time.Time
	refused map[refusal]*refusals
}

// refusal is a type of command and why it was refused.
type refusal struct{ command, reason string }

type refusals struct {
	count   int64
	example string
}

func (s *side) open(revisions loyalty.Revisions, open func() (storage.Store, error), o *Options) error {
	store, err := open()
	if err != nil {
		return err
	}
	s.store = &scratch{Store: store, moved: map[string][]unitMoves{}}
	s.refused = map[refusal]*refusals{}
	s.engine, err = loyalty.New(revisions, s.store, &loyalty.Options{
		Clock: func() time.Time { return s.now }, Secret: []byte("what if"), NoCombining: true, Features: o.Features,
		Profile: o.Profile, Formulas: formulasOf(revisions, o.Formulas), VoucherCode: o.VoucherCode,
		// What was recorded was not ahead of its clock by more than that shop allowed.
		Skew: 100 * 365 * 24 * time.Hour,
	})
	return err
}

// madeUp gives a voucher code that no shop has, and no two redemptions share.
func madeUp(_ context.Context, request loyalty.VoucherRequest) (string, error) {
	sum := sha256.Sum256([]byte(request.Member + "\x00" + request.Redemption))
	return "WHATIF-" + strings.ToUpper(hex.EncodeToString(sum[:8])), nil
}

// formulasOf returns those of the formulas that rules of the program have.
func formulasOf(revisions loyalty.Revisions, formulas map[string]points.Formula) map[string]points.Formula {
	own := map[string]points.Formula{}
	for _, program := range revisions {
		for _, rule := range program.Earning {
			if formula, known := formulas[rule.Code]; known && rule.Formula {
				own[rule.Code] = formula
			}
		}
	}
	return own
}

// live runs events one after another; those that were recorded as they happened, many
// to a round.
func (s *side) live(ctx context.Context, events []Event) error {
	for len(events) > 0 {
		n := 0
		for n < len(events) && len(events[n].expired) == 0 && events[n].Command.Plan().OccurredAt.Equal(events[n].At) {
			n++
		}
		if n > 1 {
			if err := s.stream(ctx, events[:n]); err != nil {
				return err
			}
			events = events[n:]
			continue
		}
		s.now = events[0].At
		command, err := s.command(ctx, events[0])
		if err != nil {
			return err
		}
		_, err = s.engine.Do(ctx, command)
		if err := s.answered(ctx, err); err != nil {
			return err
		}
		events = events[1:]
	}
	return nil
}

// stream runs events whose commands say when they were recorded.
func (s *side) stream(ctx context.Context, events []Event) error {
	s.now = events[len(events)-1].At
	commands := func(yield func(loyalty.Command) bool) {
		for _, event := range events {
			if !yield(event.Command) {
				return
			}
		}
	}
	for _, err := range s.engine.DoAll(ctx, commands, &loyalty.AllOptions{FollowLog: true}) {
		if err := s.answered(ctx, err); err != nil {
			return err
		}
	}
	return nil
}

// answered counts a refusal, and returns the error of what is none.
func (s *side) answered(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if fatal := s.fatal(ctx, err); fatal != nil {
		return fatal
	}
	s.refuse(err)
	return nil
}

// fatal returns the error that ends the comparison, if it is no refusal.
func (s *side) fatal(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case s.store.failed() != nil:
		return s.store.failed()
	case errors.Is(err, loyalty.ErrOutcomeUnknown), errors.Is(err, loyalty.ErrContention), errors.Is(err, loyalty.ErrRevisionMismatch):
		return err
	default:
		return nil
	}
}

func (s *side) refuse(err error) {
	key := refusal{reason: reason(err)}
	example := err.Error()
	if command, ok := errors.AsType[*loyalty.CommandError](err); ok {
		key.command, example = command.Command, fmt.Sprintf("%s, key %q: %v", loyalty.AccountName(command.Member), points.Clip(command.Key), command.Err)
	}
	r := s.refused[key]
	if r == nil {
		r = &refusals{example: example}
		s.refused[key] = r
	}
	r.count++
}

// settle books what time has made true by the end.
func (s *side) settle(ctx context.Context, at time.Time) error {
	if s.now = at; at.IsZero() {
		return nil
	}
	report, err := s.engine.RunDue(ctx, nil)
	return errors.Join(append([]error{err}, report.Failed...)...)
}

// reasons are the refusals that a host branches on; the first that fits is the
// reason.
var reasons = []error{
	loyalty.ErrInsufficientPoints, loyalty.ErrUnknownOrder, loyalty.ErrOrderEarned, loyalty.ErrOverRefund,
	loyalty.ErrUnknownHold, loyalty.ErrHoldClosed, loyalty.ErrHoldExists, loyalty.ErrNothingPending,
	loyalty.ErrNotEnrolled, loyalty.ErrAlreadyEnrolled, loyalty.ErrSuspended, loyalty.ErrClosed, loyalty.ErrKeyReused,
	loyalty.ErrAlreadyDone, loyalty.ErrClaimed, loyalty.ErrLimit, loyalty.ErrNotYet, loyalty.ErrTooOld, loyalty.ErrUnknownUnit,
	loyalty.ErrTooLateToReinstate, loyalty.ErrForbidden, loyalty.ErrErased, loyalty.ErrSameMember, loyalty.ErrNotMerged,
	loyalty.ErrTooLate, loyalty.ErrNoGuests, loyalty.ErrGuest, loyalty.ErrNotGuest, loyalty.ErrNoEntry, loyalty.ErrNoPool,
	loyalty.ErrInPool, loyalty.ErrNotInPool, loyalty.ErrNotInvited, loyalty.ErrRole, loyalty.ErrNotPerson,
	loyalty.ErrUnknownReward, loyalty.ErrNotEligible, loyalty.ErrOutOfStock, loyalty.ErrUnknownRedemption,
	loyalty.ErrRedemptionExists, loyalty.ErrUnknownVoucher, loyalty.ErrOverUse, loyalty.ErrMatched, loyalty.ErrNoGrant,
	points.ErrUnknownCurrency, points.ErrOverflow, loyalty.ErrTooLarge, loyalty.ErrPanicked, loyalty.ErrInvalid,
}

// reason names why a command was refused, the same for all that were refused so.
func reason(err error) string {
	for _, known := range reasons {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "for a reason of its own"
}
