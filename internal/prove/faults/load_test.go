package faults

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// A shop's points last ten days, of which two go by in a second.
const (
	pointsLast = 10
	daysEach   = 2
)

func program() loyalty.Revisions {
	return loyalty.Revisions{{
		ID: "shop", Zone: "UTC",
		Units:   []points.Unit{{Code: "point", Expiry: points.ExpireAfter(pointsLast, points.Days).At(points.Exact)}},
		Earning: []points.Rule{{Code: "euro", Unit: "point", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}}},
	}}
}

// fastClock shows two days for each second that goes by.
func fastClock() func() time.Time {
	began := time.Now()
	first := time.Date(2027, time.January, 1, 9, 30, 0, 0, time.UTC)
	return func() time.Time { return first.Add(time.Since(began) * daysEach * 24 * 3600) }
}

// load is what callers do to one database, each through one of several engines, as
// several hosts of a shop would.
type load struct {
	stores  []storage.Store
	callers int
	members int
	// lines is how many acknowledged lines end it, once until is closed, unless that is nil.
	lines int
	until <-chan struct{}
	seed  uint64
	// newKeys makes a control: what is sent again is sent under another key.
	newKeys bool
	// plain is spends and adjustments only: nothing but the key keeps them from being
	// done twice.
	plain bool
	clock func() time.Time
	// patience is how long a caller sends the same thing again; 0 is two minutes.
	patience time.Duration

	book    *book
	engines []*loyalty.Engine
}

// opens makes the engines and enrolls the members.
func (l *load) opens(t testing.TB) {
	t.Helper()
	l.book = newBook()
	if l.clock == nil {
		l.clock = fastClock()
	}
	l.patience = cmp.Or(l.patience, 2*time.Minute)
	for _, store := range l.stores {
		l.engines = append(l.engines, newEngine(t, store, l.clock))
	}
	for receipt, err := range l.engines[0].DoAll(t.Context(), l.enrollments, nil) {
		require.NoError(t, err)
		l.book.enrolled = append(l.book.enrolled, receipt.Member)
	}
	require.Len(t, l.book.enrolled, l.members)
}

// enrollments yields a command for each member.
func (l *load) enrollments(yield func(loyalty.Command) bool) {
	for i := range l.members {
		if !yield(loyalty.Enroll{Member: member(i), Key: "enroll"}) {
			return
		}
	}
}

func newEngine(t testing.TB, store storage.Store, clock func() time.Time) *loyalty.Engine {
	t.Helper()
	engine, err := loyalty.New(program(), store, &loyalty.Options{Clock: clock, Secret: secret})
	require.NoError(t, err)
	return engine
}

func member(i int) string { return "member-" + strconv.Itoa(i) }

// run lets the callers work until enough is acknowledged, and settles meanwhile what
// falls due. Who sends something sends it until it is answered.
func (l *load) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	over := l.enough(ctx)
	var working sync.WaitGroup
	for i := range l.callers {
		working.Go(func() {
			c := &caller{load: l, engine: l.engines[i%len(l.engines)], name: strconv.Itoa(i), random: rand.New(rand.NewPCG(l.seed, uint64(i)))}
			if err := c.works(ctx, over); err != nil {
				cancel(fmt.Errorf("caller %d: %w", i, err))
			}
		})
	}
	settled := make(chan struct{})
	go func() {
		defer close(settled)
		l.settles(ctx, over)
	}()
	working.Wait()
	<-settled
	return context.Cause(ctx)
}

// enough returns a channel that is closed when the load has done what it was to do.
func (l *load) enough(ctx context.Context) <-chan struct{} {
	lines := l.book.at(l.lines)
	if l.until == nil {
		return lines
	}
	over := make(chan struct{})
	go func() {
		for _, part := range []<-chan struct{}{lines, l.until} {
			select {
			case <-part:
			case <-ctx.Done():
				return
			}
		}
		close(over)
	}()
	return over
}

// settles books what time has made true, again and again. A server that is away
// stops one run and not the next.
func (l *load) settles(ctx context.Context, over <-chan struct{}) {
	for i := 0; ; i++ {
		select {
		case <-over:
			return
		case <-ctx.Done():
			return
		case <-time.After(200 * time.Millisecond):
			_, _ = l.engines[i%len(l.engines)].RunDue(ctx, nil)
		}
	}
}

// caller is one thread of a host.
type caller struct {
	*load
	engine *loyalty.Engine
	name   string
	random *rand.Rand
	sent   int
	holds  []loyalty.Hold
	orders []loyalty.Earn
}

func (c *caller) works(ctx context.Context, over <-chan struct{}) error {
	for {
		select {
		case <-over:
			return nil
		case <-ctx.Done():
			return nil
		default:
		}
		if err := c.one(ctx); err != nil {
			return err
		}
	}
}

// one sends one thing until it is answered.
func (c *caller) one(ctx context.Context) error {
	id := c.name + "-" + strconv.Itoa(c.sent)
	c.sent++
	make, from, to := c.next(id)
	c.book.sends(id, from, to)
	until := time.Now().Add(c.patience)
	key := id
	for n := 1; ; n++ {
		receipt, err := c.engine.Do(ctx, make(key))
		switch {
		case err == nil:
			c.keeps(make(key))
			return c.book.acknowledges(id, receipt)
		case refused(err):
			c.book.refuses(id)
			return nil
		case errors.Is(err, loyalty.ErrNotEnrolled):
			// An acknowledged enrollment is gone: an auditor has enough to see.
			c.book.refuses(id)
			c.book.ends()
			return nil
		case time.Now().After(until):
			return fmt.Errorf("not answered for %s: %w", c.patience, err)
		}
		c.book.fails(c.name)
		if errors.Is(err, loyalty.ErrOutcomeUnknown) {
			c.book.doubts()
		}
		if c.newKeys {
			key = fmt.Sprintf("%s/%d", id, n)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Duration(1+c.random.IntN(20)) * time.Millisecond):
		}
	}
}

// refused reports an answer that is final: nothing is stored. A hold that was sent for
// too long is invalid, because its time has passed.
func refused(err error) bool {
	for _, final := range []error{
		loyalty.ErrInsufficientPoints, loyalty.ErrHoldClosed, loyalty.ErrUnknownHold, loyalty.ErrHoldExists,
		loyalty.ErrOrderEarned, loyalty.ErrOverRefund, loyalty.ErrUnknownOrder, loyalty.ErrInvalid,
	} {
		if errors.Is(err, final) {
			return true
		}
	}
	return false
}

// keeps remembers what later commands name.
func (c *caller) keeps(cmd loyalty.Command) {
	switch cmd := cmd.(type) {
	case loyalty.Hold:
		c.holds = append(c.holds, cmd)
	case loyalty.Earn:
		if c.orders = append(c.orders, cmd); len(c.orders) > 20 {
			c.orders = c.orders[1:]
		}
	}
}

// Shares of the load, of 100.
const (
	spends  = 54
	adjusts = 90
)

// next picks a command, which is made for a key, and says whom it concerns.
func (c *caller) next(id string) (make func(key string) loyalty.Command, from, to string) {
	from = member(c.random.IntN(c.members))
	amount := points.Amount(1 + c.random.IntN(9))
	kind := c.random.IntN(100)
	if c.plain {
		kind = []int{spends, adjusts}[kind%2]
	}
	switch {
	case kind < 10 && len(c.holds) > 0:
		return c.closes(id)
	case kind < 15 && len(c.orders) > 0:
		order := c.orders[c.random.IntN(len(c.orders))]
		return func(key string) loyalty.Command {
			return loyalty.Refund{Member: order.Member, Key: key, Order: order.Order.ID, Amount: decimal.NewFromInt(1), Reason: id}
		}, order.Member, ""
	case kind < 25:
		to = member(c.random.IntN(c.members))
		if to == from {
			break
		}
		return func(key string) loyalty.Command {
			return loyalty.Transfer{Member: from, Key: key, To: to, Unit: "point", Points: amount, Reason: id}
		}, from, to
	case kind < 35:
		hold := loyalty.Hold{Member: from, ID: id, Unit: "point", Points: amount, Until: c.clock().AddDate(0, 0, 1+c.random.IntN(20)), Reason: id}
		return func(key string) loyalty.Command {
			hold.Key = key
			return hold
		}, from, ""
	case kind <= spends:
		return func(key string) loyalty.Command {
			return loyalty.Spend{Member: from, Key: key, Unit: "point", Points: 2 * amount, Reason: id}
		}, from, ""
	case kind < adjusts:
		order := points.Order{ID: "order-" + id, Currency: "EUR", Lines: []points.Line{{Amount: decimal.NewFromInt(int64(3 * amount))}}}
		return func(key string) loyalty.Command {
			return loyalty.Earn{Member: from, Key: key, Order: order, Reason: id}
		}, from, ""
	}
	return func(key string) loyalty.Command {
		return loyalty.Adjust{Member: from, Key: key, Unit: "point", Points: amount, Reason: id, Actor: "till"}
	}, from, ""
}

// closes captures or voids a hold of this caller's.
func (c *caller) closes(id string) (make func(key string) loyalty.Command, from, to string) {
	hold := c.holds[0]
	c.holds = c.holds[1:]
	if c.random.IntN(3) == 0 {
		return func(key string) loyalty.Command {
			return loyalty.Void{Member: hold.Member, Key: key, Hold: hold.ID, Reason: id}
		}, hold.Member, ""
	}
	taken := 1 + points.Amount(c.random.Int64N(int64(hold.Points)))
	return func(key string) loyalty.Command {
		return loyalty.Capture{Member: hold.Member, Key: key, Hold: hold.ID, Points: taken, Reason: id}
	}, hold.Member, ""
}
