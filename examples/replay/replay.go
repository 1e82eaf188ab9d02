package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/examples/orderlog"
	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// enrollKey is the key under which a log enrolls a member.
const enrollKey = "enroll"

// replay is one run of a log through an engine.
type replay struct {
	engine  *loyalty.Engine
	zone    *time.Location
	console *console
	// limit bounds the rows, 0 is none; strict stops at the first refused row.
	limit  int64
	strict bool
	// asOf, if set, leaves out what happened after it.
	asOf time.Time

	// waiting holds what was handed to the engine and is not answered yet, from
	// next on.
	waiting []orderlog.Event
	next    int
	// seen has the members that were met, with the versions of their orders.
	seen map[string]*versions

	outcome
}

// outcome counts what became of a log's rows.
type outcome struct {
	rows     int64
	orders   int64
	refunds  int64
	refused  int64
	leftOut  int64
	replayed int64
	// first and last are the earliest and the latest instant of the log.
	first, last time.Time
	// currency is that of the first order.
	currency string
	// stopped is the refused row that a strict run stopped at.
	stopped error
}

// run replays a log. Refused rows are counted and named on the console; an error
// is one that no row is to blame for.
func (r *replay) run(ctx context.Context, log *orderlog.Log) error {
	r.seen = map[string]*versions{}
	var broken error
	options := &loyalty.AllOptions{FollowLog: true}
	if r.strict {
		options.Group = 1
	}
	for receipt, err := range r.engine.DoAll(ctx, r.commands(log.Events, &broken), options) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := r.answered(r.take(), receipt, err); err != nil {
			return err
		}
		if r.stopped != nil {
			break
		}
		r.console.progress(r.outcome, log.Done(), r.zone)
	}
	return broken
}

// commands turns events into commands: a member's first enrolls before.
func (r *replay) commands(events iter.Seq2[orderlog.Event, error], broken *error) iter.Seq[loyalty.Command] {
	return func(yield func(loyalty.Command) bool) {
		for e, err := range events {
			if r.limit > 0 && r.rows == r.limit {
				return
			}
			var bad *kpi.RowError
			switch {
			case errors.As(err, &bad):
				r.rows++
				r.refuse(bad)
				if r.stopped != nil {
					return
				}
				continue
			case err != nil:
				*broken = err
				return
			}
			r.rows++
			if !r.asOf.IsZero() && e.At.After(r.asOf) {
				r.leftOut++
				continue
			}
			r.meet(e)
			if !r.give(e, yield) {
				return
			}
		}
	}
}

// meet remembers when the log begins and ends, and in what it pays.
func (r *replay) meet(e orderlog.Event) {
	if r.last.IsZero() || e.At.Before(r.first) {
		r.first = e.At
	}
	if e.At.After(r.last) {
		r.last = e.At
	}
	if earn, ok := e.Command.(loyalty.Earn); ok && r.currency == "" {
		r.currency = strings.Clone(earn.Order.Currency)
	}
}

func (r *replay) give(e orderlog.Event, yield func(loyalty.Command) bool) bool {
	member := e.Command.Plan().Member
	if r.seen[member] == nil {
		member = strings.Clone(member)
		r.seen[member] = &versions{}
		first := orderlog.Event{Line: e.Line, At: e.At, Command: loyalty.Enroll{Member: member, Key: enrollKey, OccurredAt: e.At}}
		r.waiting = append(r.waiting, first)
		if !yield(first.Command) {
			return false
		}
	}
	r.waiting = append(r.waiting, e)
	return yield(e.Command)
}

// take returns the event whose answer has come: answers keep the order.
func (r *replay) take() orderlog.Event {
	e := r.waiting[r.next]
	r.next++
	if 2*r.next >= len(r.waiting) {
		// The engine reads ahead of its answers, so that some always wait.
		r.waiting, r.next = slices.Delete(r.waiting, 0, r.next), 0
	}
	return e
}

func (r *replay) answered(e orderlog.Event, receipt loyalty.Receipt, err error) error {
	switch e.Command.(type) {
	case loyalty.Enroll:
		if errors.Is(err, loyalty.ErrAlreadyEnrolled) || errors.Is(err, loyalty.ErrKeyReused) {
			return nil // an earlier log enrolled the member
		}
		return err
	case loyalty.Earn:
		if err == nil && r.seen[receipt.Member].again(receipt) {
			err = errEarnedBefore
		}
	}
	if err != nil {
		column, refusal := refusedColumn(err)
		if !refusal {
			return err
		}
		r.refuse(&kpi.RowError{Line: e.Line, Column: column, Err: reason(err)})
		return nil
	}
	if receipt.Replayed {
		r.replayed++
	}
	switch e.Command.(type) {
	case loyalty.Earn:
		r.orders++
	case loyalty.Refund:
		r.refunds++
	}
	return nil
}

func (r *replay) refuse(bad *kpi.RowError) {
	r.refused++
	r.console.say("refused: %v", bad)
	if r.strict && r.stopped == nil {
		r.stopped = bad
	}
}

var errEarnedBefore = errors.New("this order has earned already, and earns once")

// versions remembers of a member's orders what tells a row that occurs twice
// from one that an earlier run has booked.
type versions struct {
	// fresh is the first version that this run made, 0 for none; known the
	// highest that an earlier run made and this one has met.
	fresh, known int64
}

// again reports whether a receipt is that of an order which the log had before.
func (v *versions) again(receipt loyalty.Receipt) bool {
	switch {
	case !receipt.Replayed:
		if v.fresh == 0 {
			v.fresh = receipt.Version
		}
		return false
	case v.fresh > 0 && receipt.Version >= v.fresh, receipt.Version <= v.known:
		return true
	default:
		v.known = receipt.Version
		return false
	}
}

// refusedColumn says whether an error is the fault of the row, and of which
// column.
func refusedColumn(err error) (column string, refused bool) {
	for _, known := range []struct {
		target error
		column string
	}{
		{errEarnedBefore, orderlog.OrderColumn},
		{loyalty.ErrOrderEarned, orderlog.OrderColumn},
		{loyalty.ErrKeyReused, orderlog.OrderColumn},
		{loyalty.ErrUnknownOrder, orderlog.OrderColumn},
		{loyalty.ErrOverRefund, orderlog.AmountColumn},
		{loyalty.ErrSuspended, orderlog.MemberColumn},
		{loyalty.ErrClosed, orderlog.MemberColumn},
		{points.ErrUnknownCurrency, orderlog.CurrencyColumn},
		{points.ErrOverflow, orderlog.AmountColumn},
		{loyalty.ErrInsufficientPoints, orderlog.AmountColumn},
		{loyalty.ErrTooLarge, ""},
		{loyalty.ErrInvalid, ""},
	} {
		if errors.Is(err, known.target) {
			return known.column, true
		}
	}
	return "", false
}

// reason leaves out what the row says by itself: command, member and key.
func reason(err error) error {
	var earned *loyalty.ClaimedError
	var command *loyalty.CommandError
	switch {
	case errors.As(err, &earned):
		return fmt.Errorf("%w: order %q by member %q", loyalty.ErrOrderEarned, earned.Key, earned.Holder)
	case errors.Is(err, loyalty.ErrKeyReused):
		return errors.New("this order was read before with other data, and an order earns once")
	case errors.As(err, &command):
		return command.Err
	default:
		return err
	}
}
