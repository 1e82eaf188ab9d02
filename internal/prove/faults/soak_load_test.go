package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/booking"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
)

// hand is one of those who serve at the counter: it takes what is due next, in order.
type hand struct {
	*soak
	// serving is held while a call is on its way.
	serving sync.Mutex
	name    string
	random  *rand.Rand
	sent    int
	holds   []loyalty.Hold
	orders  []loyalty.Earn
	tickets []loyalty.Redeem
	last    loyalty.Command
	digest  receiptSum
}

// kept is how many of its holds, orders and redemptions a hand remembers.
const kept = 20

// serves does what is due until nothing more will be, and tells how long each took since it
// was due.
func (h *hand) serves(ctx context.Context, due <-chan time.Time, took func(time.Duration)) {
	for at := range due {
		h.one(ctx)
		took(time.Since(at))
	}
}

func (h *hand) one(ctx context.Context) {
	h.serving.Lock()
	defer h.serving.Unlock()
	if h.last != nil && h.random.IntN(100) < 2 {
		h.again(ctx)
		return
	}
	key := h.name + "-" + strconv.Itoa(h.sent)
	h.sent++
	cmd, from, to := h.next(key)
	if cmd == nil {
		return
	}
	receipt, err := h.desk.Do(ctx, cmd)
	switch {
	case err == nil:
	case turnedDown(err):
		h.book.turnsDown()
		return
	default:
		h.book.fails(fmt.Errorf("%T of %d: %w", cmd, from, err))
		return
	}
	sum, err := h.book.acknowledges(receipt, from, to)
	if err != nil {
		h.book.fails(err)
		return
	}
	h.keeps(cmd)
	h.last, h.digest = cmd, sum
}

// again sends what was answered last, which is answered alike.
func (h *hand) again(ctx context.Context) {
	receipt, err := h.desk.Do(ctx, h.last)
	if err != nil {
		h.book.fails(fmt.Errorf("%T again: %w", h.last, err))
		return
	}
	sum, err := sumOf(receipt)
	if err != nil || sum != h.digest || !receipt.Replayed {
		h.book.differs("a %T was answered otherwise the second time: %v", h.last, err)
	}
	h.last = nil
}

// turnedDown reports an answer that is final: nothing is stored, and nothing is wrong.
func turnedDown(err error) bool {
	if refused(err) {
		return true
	}
	for _, final := range []error{
		loyalty.ErrNotEligible, loyalty.ErrOutOfStock, rewards.ErrTransition,
		experience.ErrState, experience.ErrSoldOut, experience.ErrClosed, experience.ErrStarted,
	} {
		if errors.Is(err, final) {
			return true
		}
	}
	return false
}

// keeps remembers what later commands name.
func (h *hand) keeps(cmd loyalty.Command) {
	switch cmd := cmd.(type) {
	case loyalty.Hold:
		h.holds = lastOf(append(h.holds, cmd))
	case loyalty.Earn:
		h.orders = lastOf(append(h.orders, cmd))
	case loyalty.Redeem:
		h.tickets = lastOf(append(h.tickets, cmd))
	}
}

func lastOf[T any](list []T) []T {
	if len(list) <= kept {
		return list
	}
	copy(list, list[1:])
	return list[:kept]
}

// pop takes one of a list that is about nobody who rests.
func pop[T any](h *hand, list *[]T, member func(T) string) (thing T, from int, ok bool) {
	for i, one := range *list {
		if from = numberOf(member(one)); h.resting[from].Load() {
			continue
		}
		*list = append((*list)[:i], (*list)[i+1:]...)
		return one, from, true
	}
	return thing, 0, false
}

// numberOf is the number of a member by id.
func numberOf(id string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(id, "member-")) // it was made from one
	return n
}

// whom picks a member who does not rest.
func (h *hand) whom() int {
	for {
		if i := h.random.IntN(h.members); !h.resting[i].Load() {
			return i
		}
	}
}

// nobody is who else a command is about that is about one member.
const nobody = -1

// next picks a command, and says by their numbers whom it concerns.
func (h *hand) next(key string) (cmd loyalty.Command, from, to int) {
	from, to = h.whom(), nobody
	who, amount := member(from), points.Amount(1+h.random.IntN(9))
	switch kind := h.random.IntN(100); {
	case kind < 16:
		return h.goesOn(key, kind)
	case kind < 22:
		if to = h.whom(); to == from {
			return nil, 0, 0
		}
		return loyalty.Transfer{Member: who, Key: key, To: member(to), Unit: "point", Points: amount}, from, to
	case kind < 32:
		return loyalty.Hold{Member: who, Key: key, ID: key, Unit: "point", Points: amount, Until: h.clock().AddDate(0, 0, 1+h.random.IntN(20))}, from, to
	case kind < 37:
		return loyalty.Redeem{Member: who, Key: key, Redemption: key, Reward: "mug"}, from, to
	case kind < 42:
		return booking.Book{Member: who, Key: key, Session: h.evening(), Party: 1, Unit: "point", Points: seatPrice}, from, to
	case kind < 62:
		return loyalty.Spend{Member: who, Key: key, Unit: "point", Points: 2 * amount}, from, to
	case kind < 94:
		order := points.Order{ID: "order-" + key, Currency: "EUR", Lines: []points.Line{{Amount: decimal.NewFromInt(int64(3 * amount))}}}
		return loyalty.Earn{Member: who, Key: key, Order: order}, from, to
	}
	return loyalty.Adjust{Member: who, Key: key, Unit: "point", Points: amount, Reason: "a gift", Actor: "till"}, from, to
}

// goesOn captures or voids a hold, refunds an order or cancels a redemption of this hand's.
func (h *hand) goesOn(key string, kind int) (cmd loyalty.Command, from, to int) {
	switch {
	case kind < 8:
		hold, from, ok := pop(h, &h.holds, func(c loyalty.Hold) string { return c.Member })
		switch {
		case !ok:
			return nil, 0, 0
		case kind < 3:
			return loyalty.Void{Member: hold.Member, Key: key, Hold: hold.ID}, from, nobody
		}
		taken := 1 + points.Amount(h.random.Int64N(int64(hold.Points)))
		return loyalty.Capture{Member: hold.Member, Key: key, Hold: hold.ID, Points: taken}, from, nobody
	case kind < 13:
		order, from, ok := pop(h, &h.orders, func(c loyalty.Earn) string { return c.Member })
		if !ok {
			return nil, 0, 0
		}
		return loyalty.Refund{Member: order.Member, Key: key, Order: order.Order.ID, Amount: decimal.NewFromInt(1)}, from, nobody
	}
	ticket, from, ok := pop(h, &h.tickets, func(c loyalty.Redeem) string { return c.Member })
	if !ok {
		return nil, 0, 0
	}
	return loyalty.CancelRedemption{Member: ticket.Member, Key: key, Redemption: ticket.Redemption}, from, nobody
}
