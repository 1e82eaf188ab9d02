package enginetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

const largest = points.MaxAmount

// edge is a command at the edge of int64 and how it must end.
type edge struct {
	name string
	// before runs first, and must go well.
	before []loyalty.Command
	cmd    loyalty.Command
	err    error
	// after says what stars ada then has.
	after points.Balance
}

func edges() []edge {
	until := start.AddDate(0, 0, 1)
	hold := loyalty.Hold{Member: "ada", Key: "hold", ID: "h", Unit: "star", Points: largest, Until: until}
	order := func(id, price string) loyalty.Earn {
		return loyalty.Earn{Member: "ada", Key: id, Order: points.Order{ID: id, Currency: "EUR", Lines: []points.Line{{Amount: money(price)}}}}
	}
	owes := gift("ada", "debt", -largest)
	return []edge{
		{"the last point fits", []loyalty.Command{gift("ada", "a", largest-1)}, gift("ada", "b", 1), nil, points.Balance{Available: largest}},
		{"one point too many", []loyalty.Command{gift("ada", "a", largest-1)}, gift("ada", "b", 2), points.ErrOverflow, points.Balance{Available: largest - 1}},
		{"one point more than all", []loyalty.Command{gift("ada", "a", largest)}, gift("ada", "b", 1), points.ErrOverflow, points.Balance{Available: largest}},
		{"all points twice", []loyalty.Command{gift("ada", "a", largest)}, gift("ada", "b", largest), points.ErrOverflow, points.Balance{Available: largest}},
		{"the smallest number cannot be taken", nil, gift("ada", "a", math.MinInt64), loyalty.ErrInvalid, points.Balance{}},
		{"all points are spent", []loyalty.Command{gift("ada", "a", largest)}, loyalty.Spend{Member: "ada", Key: "b", Unit: "star", Points: largest}, nil, points.Balance{}},
		{"more than all points are asked for", []loyalty.Command{gift("ada", "a", largest-1)}, loyalty.Spend{Member: "ada", Key: "b", Unit: "star", Points: largest}, loyalty.ErrInsufficientPoints, points.Balance{Available: largest - 1}},
		{"what is held must find room when it comes back", []loyalty.Command{gift("ada", "a", largest), hold}, gift("ada", "b", 1), points.ErrOverflow, points.Balance{Held: largest}},
		{"all points are held and captured", []loyalty.Command{gift("ada", "a", largest), hold}, loyalty.Capture{Member: "ada", Key: "b", Hold: "h"}, nil, points.Balance{}},
		{"all points come back from a hold", []loyalty.Command{gift("ada", "a", largest), hold}, loyalty.Void{Member: "ada", Key: "b", Hold: "h"}, nil, points.Balance{Available: largest}},
		{"the most debt", nil, owes, nil, points.Balance{Debt: largest}},
		{"more debt than that", []loyalty.Command{owes}, gift("ada", "b", -1), points.ErrOverflow, points.Balance{Debt: largest}},
		{"the most debt is repaid", []loyalty.Command{owes}, gift("ada", "b", largest), nil, points.Balance{}},
		{"a transfer to one who has all", []loyalty.Command{gift("bob", "a", largest), gift("ada", "a", 1)}, loyalty.Transfer{Member: "ada", Key: "b", To: "bob", Unit: "star", Points: 1}, points.ErrOverflow, points.Balance{Available: 1}},
		{"an order that earns the most", nil, order("o1", "9223372036854.775807"), nil, points.Balance{Pending: largest}},
		{"an order that earns more than there is", nil, order("o1", "9223372036854.775808"), points.ErrOverflow, points.Balance{}},
		{"an order for all the money there is", nil, order("o1", "999999999999999999"), points.ErrOverflow, points.Balance{}},
		{"what is pending must find room when it matures", []loyalty.Command{gift("ada", "a", largest)}, order("o1", "0.000001"), points.ErrOverflow, points.Balance{Available: largest}},
		{
			"an order that earned the most is refunded",
			[]loyalty.Command{order("o1", "9223372036854.775807")},
			loyalty.Refund{Member: "ada", Key: "b", Order: "o1", Full: true},
			nil,
			points.Balance{},
		},
		{
			"the last piece of what earned the most",
			[]loyalty.Command{order("o1", "9223372036854.775807")},
			loyalty.Refund{Member: "ada", Key: "b", Order: "o1", Amount: money("9223372036854.775806")},
			nil,
			points.Balance{Pending: 1},
		},
		{
			"a metric counts no further",
			[]loyalty.Command{loyalty.Fact{Member: "ada", Key: "a", Activity: "visit", Amount: largest}},
			loyalty.Fact{Member: "ada", Key: "b", Activity: "visit"},
			points.ErrOverflow,
			points.Balance{},
		},
	}
}

// Overflow proves that nothing wraps at the edges of int64: a command ends in
// the error that is expected there and then changes nothing.
func Overflow(t *testing.T, open Open) {
	opened := stores{open: open, t: t}
	for _, e := range edges() {
		t.Run(e.name, func(t *testing.T) {
			store, id := opened.next()
			if err := e.run(t, store, id); err != nil {
				t.Fatal(err)
			}
		})
	}
	t.Logf("figure R16 %d edges of int64: 0 wraps", len(edges())+2)
	t.Run("sums over members do not wrap", func(t *testing.T) {
		store, id := opened.next()
		c := newCrowd(t, stars(id), store, loyalty.Options{})
		for _, member := range []string{"ada", "bob"} {
			c.must(loyalty.Enroll{Member: member, Key: "enroll"}, gift(member, "a", largest))
		}
		if totals, err := c.engines[0].Totals(t.Context()); !errors.Is(err, points.ErrOverflow) {
			t.Fatalf("totals are %v, %v", totals, err)
		}
	})
	t.Run("all points in very many lots", func(t *testing.T) {
		store, id := opened.next()
		if err := manyLots(t, store, id); err != nil {
			t.Fatal(err)
		}
	})
}

// grains is a program that earns a million stars for a unit of money, after a day.
func grains(id string) loyalty.Program {
	program := stars(id)
	program.Debt = loyalty.AllowDebt
	program.Units[0].Pending = points.For(1, points.Days)
	program.Units = append(program.Units, points.Unit{Code: "visit", Kind: points.Metric})
	program.Earning = []points.Rule{
		{Code: "euro", Spend: &points.SpendRate{Points: 1_000_000, Per: money("1"), Currency: "EUR"}},
	}
	return program
}

func (e edge) run(t testing.TB, store storage.Store, id string) error {
	t.Helper()
	clock := start
	engine := newEngine(t, grains(id), store, &loyalty.Options{Clock: func() time.Time { return clock }})
	for _, cmd := range append([]loyalty.Command{
		loyalty.Enroll{Member: "ada", Key: "enroll"}, loyalty.Enroll{Member: "bob", Key: "enroll"},
	}, e.before...) {
		if _, err := engine.Do(t.Context(), cmd); err != nil {
			return fmt.Errorf("before: %w", err)
		}
	}
	before, err := dump(t.Context(), store, id)
	if err != nil {
		return err
	}
	if _, err := engine.Do(t.Context(), e.cmd); !errors.Is(err, e.err) || (err == nil) != (e.err == nil) {
		return fmt.Errorf("%s ends with %w, should with %w", show(e.cmd), err, e.err)
	}
	if e.err != nil {
		after, err := dump(t.Context(), store, id)
		if err = errors.Join(err, differ(before, after)); err != nil {
			return fmt.Errorf("it was refused, and changed something: %w", err)
		}
	}
	e.after.Unit = "star"
	if err := has(t.Context(), engine, e.after); err != nil {
		return err
	}
	// What was accepted can always be settled.
	clock = clock.AddDate(0, 0, 5)
	report, err := engine.RunDue(t.Context(), nil)
	if err = errors.Join(append(report.Failed, err)...); err != nil {
		return err
	}
	e.after.Available += e.after.Pending + e.after.Held
	e.after.Pending, e.after.Held = 0, 0
	if err := has(t.Context(), engine, e.after); err != nil {
		return err
	}
	audit, err := engine.Verify(t.Context(), nil)
	if err == nil && !audit.OK() {
		err = audit.Problems[0]
	}
	return err
}

func has(ctx context.Context, engine *loyalty.Engine, want points.Balance) error {
	m, err := engine.Member(ctx, "ada")
	if err != nil {
		return err
	}
	if have := m.Balance("star"); have != want {
		return fmt.Errorf("ada has %+v, should have %+v", have, want)
	}
	return nil
}

// manyLots spreads all points there are over 2,000 lots and spends them at once.
func manyLots(t testing.TB, store storage.Store, id string) error {
	t.Helper()
	const n = 2000
	clock := start
	engine := newEngine(t, stars(id), store, &loyalty.Options{Clock: func() time.Time { return clock }})
	cmds := append([]loyalty.Command{loyalty.Enroll{Member: "ada", Key: "enroll"}}, repeat(n, func(i int) loyalty.Command {
		share := gift("ada", fmt.Sprint("k", i), largest/n)
		share.ExpiresAt = start.AddDate(1, 0, i)
		return share
	})...)
	streamed(t.Context(), engine, append(cmds, gift("ada", "rest", largest%n)))
	if err := has(t.Context(), engine, points.Balance{Unit: "star", Available: largest}); err != nil {
		return err
	}
	if _, err := engine.Do(t.Context(), gift("ada", "more", 1)); !errors.Is(err, points.ErrOverflow) {
		return fmt.Errorf("one more is answered with %w", err)
	}
	if _, err := engine.Do(t.Context(), loyalty.Spend{Member: "ada", Key: "all", Unit: "star", Points: largest}); err != nil {
		return err
	}
	if err := has(t.Context(), engine, points.Balance{Unit: "star"}); err != nil {
		return err
	}
	audit, err := engine.Verify(t.Context(), nil)
	if err == nil && !audit.OK() {
		err = audit.Problems[0]
	}
	return err
}
