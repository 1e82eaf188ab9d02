package bugrecord

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// opening is when every shop opens: a Monday morning in Vienna.
var opening = time.Date(2027, time.March, 8, 9, 0, 0, 0, time.UTC)

// Shop is a shop with a program of its own, on a store and under a clock that the
// case sets. Its helpers fail the test.
type Shop struct {
	testing.TB
	engine  *loyalty.Engine
	program loyalty.Program
	later   []loyalty.Program
	store   storage.Store
	// features are those of its engines.
	features []loyalty.Feature
	now      time.Time
	keys     int
	// mistake is what the shop does wrong, and does what stands for Engine.Do by it.
	mistake Mistake
	does    Does
}

// newShop opens a shop that gives a bean for a euro. Beans can be spent at once, and
// for a year; refunds may leave debt.
func newShop(t testing.TB, store storage.Store, id string, mistake Mistake) *Shop {
	s := &Shop{TB: t, store: store, now: opening, mistake: mistake, program: loyalty.Program{
		ID: id, Zone: "Europe/Vienna", Debt: loyalty.AllowDebt,
		Units:   []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(1, points.Years)}},
		Earning: []points.Rule{rate("base", 1, "1")},
	}}
	s.opens(nil)
	if mistake.Does != nil {
		s.does = mistake.Does(s)
	}
	return s
}

// another is the id of a further program of the case's shop.
func (s *Shop) another(name string) string {
	first, _, _ := strings.Cut(s.program.ID, " ")
	return first + " " + name
}

// opens opens the shop, with a changed program if change is set.
func (s *Shop) opens(change func(p *loyalty.Program), later ...loyalty.Program) {
	s.Helper()
	if change != nil {
		change(&s.program)
	}
	s.later = later
	s.engine = s.engineOn(nil)
}

// engineOn is an engine of the shop's program on a store; nil is the shop's own.
func (s *Shop) engineOn(store storage.Store) *loyalty.Engine {
	s.Helper()
	revisions := loyalty.Revisions{}
	for _, program := range append([]loyalty.Program{s.program}, s.later...) {
		revisions = append(revisions, s.mistakenly(program))
	}
	if store == nil {
		if store = s.store; s.mistake.Store != nil {
			store = s.mistake.Store(s)
		}
	}
	engine, err := loyalty.New(revisions, store, &loyalty.Options{
		Clock: func() time.Time { return s.now }, Secret: []byte("the secret of the bug record"), Features: s.features,
	})
	require.NoError(s, err)
	return engine
}

func rate(code string, n points.Amount, per string) points.Rule {
	return points.Rule{Code: code, Spend: &points.SpendRate{Points: n, Per: money(per), Currency: "EUR"}}
}

func money(text string) decimal.Decimal { return decimal.RequireFromString(text) }

// key is a key that was never used.
func (s *Shop) key() string {
	s.keys++
	return fmt.Sprintf("key-%d", s.keys)
}

// members enrolls.
func (s *Shop) members(ids ...string) {
	s.Helper()
	for _, id := range ids {
		s.do(loyalty.Enroll{Member: id, Key: "enroll"})
	}
}

func (s *Shop) do(cmd loyalty.Command) loyalty.Receipt {
	s.Helper()
	receipt, err := s.ask(s.engine, cmd)
	require.NoError(s, err)
	return receipt
}

// refuses wants a command to be refused for a reason.
func (s *Shop) refuses(why error, cmd loyalty.Command) error {
	s.Helper()
	_, err := s.ask(s.engine, cmd)
	require.ErrorIs(s, err, why)
	return err
}

func order(id string, lines ...string) points.Order {
	o := points.Order{ID: id, Currency: "EUR"}
	for _, amount := range lines {
		o.Lines = append(o.Lines, points.Line{Amount: money(amount)})
	}
	return o
}

// buys lets a member buy and earn.
func (s *Shop) buys(member, id string, lines ...string) loyalty.Receipt {
	s.Helper()
	return s.sells(member, order(id, lines...))
}

func (s *Shop) sells(member string, o points.Order) loyalty.Receipt {
	s.Helper()
	return s.do(loyalty.Earn{Member: member, Key: "order/" + o.ID, Order: o})
}

func (s *Shop) spends(member string, n points.Amount) loyalty.Receipt {
	s.Helper()
	return s.do(loyalty.Spend{Member: member, Key: s.key(), Unit: "bean", Points: n})
}

func (s *Shop) refunds(member, id string) loyalty.Receipt {
	s.Helper()
	return s.do(loyalty.Refund{Member: member, Key: s.key(), Order: id, Full: true})
}

func (s *Shop) days(n int) { s.now = s.now.AddDate(0, 0, n) }

// has wants a member to have so many beans to spend, and nothing else unless said.
func (s *Shop) has(member string, available points.Amount) {
	s.Helper()
	s.hasAll(member, points.Balance{Unit: "bean", Available: available})
}

func (s *Shop) hasAll(member string, want points.Balance) {
	s.Helper()
	if has := s.member(member).Balance(want.Unit); has != want {
		s.Errorf("%s has %s, and should have %s", member, words(has), words(want))
	}
}

// words says what a balance is.
func words(b points.Balance) string {
	said := []string{b.Unit}
	for _, part := range []struct {
		amount points.Amount
		name   string
	}{{b.Pending, "pending"}, {b.Available, "available"}, {b.Held, "held"}, {b.Debt, "owed"}, {b.Counted, "counted"}} {
		if part.amount != 0 {
			said = append(said, fmt.Sprint(part.amount), part.name)
		}
	}
	return strings.Join(said, " ")
}

func (s *Shop) member(id string) loyalty.Member {
	s.Helper()
	m, err := s.engine.Member(s.Context(), id)
	require.NoError(s, err)
	if s.mistake.Shows != nil {
		s.mistake.Shows(s, &m)
	}
	return m
}

// books is the trial balance now, which must add up.
func (s *Shop) books() map[points.Bucket]points.Amount {
	s.Helper()
	t, err := s.engine.TrialBalance(s.Context(), time.Time{}, nil)
	require.NoError(s, err)
	require.True(s, t.OK(), t.Problems)
	books := map[points.Bucket]points.Amount{}
	for _, u := range t.Units {
		if u.Unit == "bean" {
			for _, b := range u.Buckets {
				books[b.Bucket] = b.Balance
			}
		}
	}
	return books
}

// audit verifies every chain, balance and lot, and that the books balance.
func (s *Shop) audit() {
	s.Helper()
	s.books()
	report, err := s.engine.Verify(s.Context(), nil)
	require.NoError(s, err)
	assert.True(s, report.OK(), report.Problems)
}

// runDue settles everybody.
func (s *Shop) runDue() {
	s.Helper()
	report, err := s.engine.RunDue(s.Context(), nil)
	require.NoError(s, err)
	require.Empty(s, report.Failed)
}
