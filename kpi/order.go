package kpi

import (
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
)

// Order is an order as the figures over a log see it. An order with an amount
// below zero is a refund: it is no purchase, and its amount takes from the money
// of its member and period.
type Order struct {
	// Member names who ordered; it is not empty.
	Member string
	// At is when, in the years 1900 to 2199; microseconds count, what is finer does not.
	At time.Time
	// Amount is what was paid.
	Amount Amount
}

// ErrOrder reports an order without a member, or at no time in the years
// 1900 to 2199.
var ErrOrder = errors.New("not an order")

// check returns the order's instant in microseconds.
func (o *Order) check() (int64, error) {
	if o.Member == "" {
		return 0, fmt.Errorf("%w: it names no member; leave guest orders out of the log", ErrOrder)
	}
	if !inYears(o.At) {
		return 0, fmt.Errorf("%w: member %.128q ordered at %s; set At to a time in the years 1900 to 2199", ErrOrder, o.Member, o.At)
	}
	return o.At.UnixMicro(), nil
}

// inYears reports whether an instant is in the years of orders.
func inYears(at time.Time) bool {
	seconds := at.Unix()
	return seconds >= firstSecond && seconds <= lastSecond
}

const (
	firstSecond = calendar.FirstSecond
	lastSecond  = calendar.LastSecond
)

// Adder takes orders one by one; all accumulators over a log do.
type Adder interface {
	Add(o Order) error
}

// Feed adds all orders of a sequence to an accumulator, up to the first error. It
// allocates nothing per order.
func Feed(to Adder, orders iter.Seq2[Order, error]) error {
	for o, err := range orders {
		if err != nil {
			return err
		}
		if err := to.Add(o); err != nil {
			return err
		}
	}
	return nil
}

// Orders makes a sequence that cannot fail into one that [Feed] takes.
func Orders(orders iter.Seq[Order]) iter.Seq2[Order, error] {
	return func(yield func(Order, error) bool) {
		for o := range orders {
			if !yield(o, nil) {
				return
			}
		}
	}
}
