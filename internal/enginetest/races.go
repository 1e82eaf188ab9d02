package enginetest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// callers is how many goroutines race.
const callers = 64

// crowd is two engines on one store, as two processes would have it.
type crowd struct {
	t       testing.TB
	store   storage.Store
	engines [2]*loyalty.Engine
}

func newCrowd(t testing.TB, program loyalty.Program, store storage.Store, options loyalty.Options) *crowd {
	t.Helper()
	c := &crowd{t: t, store: store}
	for i := range c.engines {
		own := options
		c.engines[i] = newEngine(t, program, store, &own)
	}
	return c
}

// must runs commands one after another and fails the test where one fails.
func (c *crowd) must(cmds ...loyalty.Command) {
	c.t.Helper()
	for _, cmd := range cmds {
		if _, err := c.engines[0].Do(c.t.Context(), cmd); err != nil {
			c.t.Fatal(err)
		}
	}
}

// race runs commands at once, half of them on each engine, and returns their
// answers. A call that met too many conflicts is asked again, as a host would.
func (c *crowd) race(cmds []loyalty.Command) ([]loyalty.Receipt, []error) {
	receipts, errs := make([]loyalty.Receipt, len(cmds)), make([]error, len(cmds))
	begin := make(chan struct{})
	var wait sync.WaitGroup
	for i, cmd := range cmds {
		wait.Go(func() {
			<-begin
			for {
				receipts[i], errs[i] = c.engines[i%2].Do(c.t.Context(), cmd)
				if !errors.Is(errs[i], loyalty.ErrContention) {
					return
				}
			}
		})
	}
	close(begin)
	wait.Wait()
	return receipts, errs
}

// balance returns what a member has of stars.
func (c *crowd) balance(id string) points.Balance {
	c.t.Helper()
	m, err := c.engines[1].Member(c.t.Context(), id)
	if err != nil {
		c.t.Fatal(err)
	}
	return m.Balance("star")
}

// audit returns what Verify found, and whether the books balance.
func (c *crowd) audit() error {
	report, err := c.engines[0].Verify(c.t.Context(), nil)
	if err != nil {
		return err
	}
	if !report.OK() {
		return report.Problems[0]
	}
	totals, err := c.engines[0].Totals(c.t.Context())
	if err != nil {
		return err
	}
	var outside points.Amount
	for _, total := range totals {
		if !total.From.Member() {
			outside -= total.Amount
		}
		if !total.To.Member() {
			outside += total.Amount
		}
	}
	var inside points.Amount
	for account, err := range storage.AllAccounts(c.t.Context(), c.store, storage.AccountQuery{Program: c.engines[0].Program(start).ID}) {
		if err != nil {
			return err
		}
		for _, b := range account.Balances {
			inside += b.Pending + b.Available + b.Held - b.Debt
		}
	}
	if inside+outside != 0 {
		return fmt.Errorf("members have %d, the counters %d", inside, outside)
	}
	return nil
}

// stars is a program of one unit that is simply there.
func stars(id string) loyalty.Program {
	return loyalty.Program{ID: id, Zone: "UTC", Units: []points.Unit{{Code: "star", Expiry: points.NeverExpire()}}}
}

func gift(id, key string, n points.Amount) loyalty.Adjust {
	return loyalty.Adjust{Member: id, Key: key, Unit: "star", Points: n, Reason: "gift", Actor: "shop"}
}

// repeat makes n commands.
func repeat(n int, make func(i int) loyalty.Command) []loyalty.Command {
	cmds := []loyalty.Command{}
	for i := range n {
		cmds = append(cmds, make(i))
	}
	return cmds
}

// Keys lets 64 callers loose on one key, one order and one enrollment, from two
// engines on one store.
func Keys(t *testing.T, open Open, options *Options) {
	run(t, open, options, "R8", map[string]func(*crowd) error{
		"64 callers on one key have one effect and one receipt": manyOnOneKey,
		"an order that 64 members claim earns once":             oneOrder,
		"64 callers enroll one member once":                     enrollOnce,
	})
}

// Races lets 64 callers loose on one member, on points for exactly k of them, and
// on a ring of transfers, from two engines on one store.
func Races(t *testing.T, open Open, options *Options) {
	run(t, open, options, "R9", map[string]func(*crowd) error{
		"64 callers on one member lose nothing":                        manyOnOneMember,
		"points for exactly 1 are spent by exactly 1":                  func(c *crowd) error { return exactly(c, 1) },
		"points for exactly 7 are spent by exactly 7":                  func(c *crowd) error { return exactly(c, 7) },
		"points for exactly 63 are spent by exactly 63":                func(c *crowd) error { return exactly(c, 63) },
		"transfers in a ring of 8 lose nothing and end":                ring,
		"one hold is captured or voided by exactly one of 64":          oneHold,
		"settling from two engines while others spend books each once": settleAndSpend,
	})
}

func run(t *testing.T, open Open, options *Options, row string, races map[string]func(*crowd) error) {
	t.Helper()
	rounds := options.or().Rounds
	for _, name := range slices.Sorted(maps.Keys(races)) {
		race := races[name]
		t.Run(name, func(t *testing.T) {
			opened := stores{open: open, t: t}
			for round := range rounds {
				store, id := opened.next()
				c := newCrowd(t, stars(id), store, loyalty.Options{})
				if err := race(c); err != nil {
					t.Fatalf("round %d: %v", round, err)
				}
				if err := c.audit(); err != nil {
					t.Fatalf("round %d: %v", round, err)
				}
			}
		})
	}
	if !t.Failed() {
		t.Logf("figure %s %d rounds of %d races, %d callers on two engines: nothing lost, doubled or invented", row, rounds, len(races), callers)
	}
}
