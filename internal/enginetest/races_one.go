package enginetest

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// tally counts answers: nil errors, those of one kind, and returns any other.
func tally(errs []error, expected error) (ok, refused int, err error) {
	for _, e := range errs {
		switch {
		case e == nil:
			ok++
		case expected != nil && errors.Is(e, expected):
			refused++
		default:
			err = e
		}
	}
	return ok, refused, err
}

// each compares how many callers succeeded with how many should.
func each(errs []error, expected error, want int) error {
	ok, refused, err := tally(errs, expected)
	if err != nil {
		return err
	}
	if ok != want {
		return fmt.Errorf("%d of %d succeeded and %d were refused, %d should succeed", ok, len(errs), refused, want)
	}
	return nil
}

func manyOnOneMember(c *crowd) error {
	c.must(loyalty.Enroll{Member: "ada", Key: "enroll"}, gift("ada", "first", 1000))
	_, errs := c.race(repeat(callers, func(i int) loyalty.Command {
		key := "k" + strconv.Itoa(i)
		switch i % 4 {
		case 0:
			return gift("ada", key, 5)
		case 1:
			return loyalty.Spend{Member: "ada", Key: key, Unit: "star", Points: 3}
		case 2:
			return loyalty.Hold{Member: "ada", Key: key, ID: key, Unit: "star", Points: 2, Until: points.Never}
		default:
			return gift("ada", key, -1)
		}
	}))
	if err := each(errs, nil, callers); err != nil {
		return err
	}
	want := points.Balance{Unit: "star", Available: 1000 + 16*(5-3-2-1), Held: 32}
	if have := c.balance("ada"); have != want {
		return fmt.Errorf("ada has %+v, should have %+v", have, want)
	}
	return nil
}

func manyOnOneKey(c *crowd) error {
	c.must(loyalty.Enroll{Member: "ada", Key: "enroll"}, gift("ada", "first", 100))
	spend := loyalty.Spend{Member: "ada", Key: "once", Unit: "star", Points: 10}
	receipts, errs := c.race(repeat(callers, func(int) loyalty.Command { return spend }))
	if err := each(errs, nil, callers); err != nil {
		return err
	}
	replayed := 0
	for i := range receipts {
		if receipts[i].Replayed {
			replayed++
		}
		receipts[i].Replayed = false
		if text(receipts[i]) != text(receipts[0]) {
			return fmt.Errorf("one receipt is\n%s\nanother\n%s", text(receipts[i]), text(receipts[0]))
		}
	}
	if replayed != callers-1 {
		return fmt.Errorf("%d receipts are replayed, %d should be", replayed, callers-1)
	}
	if have := c.balance("ada").Available; have != 90 {
		return fmt.Errorf("ada has %d, should have 90", have)
	}
	_, errs = c.race(repeat(callers, func(i int) loyalty.Command {
		other := spend
		other.Points = points.Amount(11 + i)
		return other
	}))
	return each(errs, loyalty.ErrKeyReused, 0)
}

// exactly lets 64 callers take 10 points each where there are points for k: every
// second of them by a hold.
func exactly(c *crowd, k int) error {
	c.must(loyalty.Enroll{Member: "ada", Key: "enroll"})
	for i := range k {
		c.must(gift("ada", "gift-"+strconv.Itoa(i), 10))
	}
	_, errs := c.race(repeat(callers, func(i int) loyalty.Command {
		key := "k" + strconv.Itoa(i)
		if i%4 < 2 {
			return loyalty.Hold{Member: "ada", Key: key, ID: key, Unit: "star", Points: 10, Until: points.Never}
		}
		return loyalty.Spend{Member: "ada", Key: key, Unit: "star", Points: 10}
	}))
	if err := each(errs, loyalty.ErrInsufficientPoints, k); err != nil {
		return err
	}
	if have := c.balance("ada"); have.Available != 0 {
		return fmt.Errorf("ada has %+v, should have nothing available", have)
	}
	return nil
}

// ring lets 8 members pass points on to their neighbors, both ways round.
func ring(c *crowd) error {
	const size = 8
	id := func(i int) string { return "m" + strconv.Itoa((i+size)%size) }
	for i := range size {
		c.must(loyalty.Enroll{Member: id(i), Key: "enroll"}, gift(id(i), "first", 40))
	}
	_, errs := c.race(repeat(4*callers, func(i int) loyalty.Command {
		to := id(i + 1)
		if i/size%2 == 1 {
			to = id(i - 1)
		}
		return loyalty.Transfer{Member: id(i), Key: "k" + strconv.Itoa(i), To: to, Unit: "star", Points: 3}
	}))
	if _, _, err := tally(errs, loyalty.ErrInsufficientPoints); err != nil {
		return err
	}
	var total points.Amount
	for i := range size {
		total += c.balance(id(i)).Available
	}
	if total != 40*size {
		return fmt.Errorf("the ring has %d, should have %d", total, 40*size)
	}
	return nil
}

func oneOrder(c *crowd) error {
	for i := range callers {
		c.must(loyalty.Enroll{Member: "m" + strconv.Itoa(i), Key: "enroll"})
	}
	order := points.Order{ID: "1001", Currency: "EUR", Lines: []points.Line{{Amount: money("12.40")}}}
	_, errs := c.race(repeat(callers, func(i int) loyalty.Command {
		return loyalty.Earn{Member: "m" + strconv.Itoa(i), Key: "order", Order: order}
	}))
	return each(errs, loyalty.ErrOrderEarned, 1)
}

func oneHold(c *crowd) error {
	c.must(loyalty.Enroll{Member: "ada", Key: "enroll"}, gift("ada", "first", 50),
		loyalty.Hold{Member: "ada", Key: "hold", ID: "h", Unit: "star", Points: 20, Until: points.Never})
	_, errs := c.race(repeat(callers, func(i int) loyalty.Command {
		key := "k" + strconv.Itoa(i)
		if i%4 < 2 {
			return loyalty.Void{Member: "ada", Key: key, Hold: "h"}
		}
		return loyalty.Capture{Member: "ada", Key: key, Hold: "h"}
	}))
	if err := each(errs, loyalty.ErrHoldClosed, 1); err != nil {
		return err
	}
	if have := c.balance("ada"); have.Held != 0 || have.Available != 50 && have.Available != 30 {
		return fmt.Errorf("ada has %+v", have)
	}
	return nil
}

func enrollOnce(c *crowd) error {
	_, errs := c.race(repeat(callers, func(i int) loyalty.Command {
		return loyalty.Enroll{Member: "ada", Key: "k" + strconv.Itoa(i)}
	}))
	return each(errs, loyalty.ErrAlreadyEnrolled, 1)
}

// settleAndSpend lets both engines settle members whose points expired, while
// others spend what did not.
func settleAndSpend(c *crowd) error {
	const size = 16
	now := time.Now()
	for i := range size {
		id := "m" + strconv.Itoa(i)
		c.must(loyalty.Enroll{Member: id, Key: "enroll"}, gift(id, "first", 40))
		for lot := range 3 {
			expiring := gift(id, "soon-"+strconv.Itoa(lot), 7)
			expiring.ExpiresAt = now.Add(time.Duration(30*(lot+1)) * time.Millisecond)
			c.must(expiring)
		}
	}
	stop := make(chan struct{})
	settled := make(chan error, 2)
	for i := range c.engines {
		go func() {
			for {
				select {
				case <-stop:
					settled <- nil
					return
				default:
				}
				if report, err := c.engines[i].RunDue(c.t.Context(), nil); err != nil || len(report.Failed) > 0 {
					settled <- fmt.Errorf("run due: %w %v", err, report.Failed)
					return
				}
			}
		}()
	}
	_, errs := c.race(repeat(callers, func(i int) loyalty.Command {
		return loyalty.Spend{Member: "m" + strconv.Itoa(i%size), Key: "k" + strconv.Itoa(i), Unit: "star", Points: 10}
	}))
	close(stop)
	if err := errors.Join(<-settled, <-settled); err != nil {
		return err
	}
	return each(errs, nil, callers)
}
