package figures_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/figures"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// shop is an engine whose clock the test moves.
type shop struct {
	engine *loyalty.Engine
	store  storage.Store
	now    time.Time
}

func open(t *testing.T, debt loyalty.DebtPolicy) *shop {
	t.Helper()
	s := &shop{store: memory.New(), now: time.Date(2027, time.January, 1, 9, 0, 0, 0, time.UTC)}
	program := loyalty.Program{
		ID: "beans", Zone: "Europe/Vienna", Debt: debt,
		Units: []points.Unit{{Code: "bean", Pending: points.For(7, points.Days), Expiry: points.ExpireAfter(3, points.Months)}},
		Earning: []points.Rule{
			{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}},
			{Code: "abroad", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "USD"}},
		},
	}
	engine, err := loyalty.New(loyalty.Revisions{program}, s.store, &loyalty.Options{Clock: func() time.Time { return s.now }})
	require.NoError(t, err)
	s.engine = engine
	return s
}

func (s *shop) do(t *testing.T, command loyalty.Command) bool {
	t.Helper()
	_, err := s.engine.Do(t.Context(), command)
	if errors.Is(err, loyalty.ErrInsufficientPoints) {
		return false
	}
	require.NoError(t, err)
	return true
}

func order(id, currency string, lines ...points.Line) points.Order {
	return points.Order{ID: id, Currency: currency, Lines: lines}
}

func line(amount string, quantity int64) points.Line {
	return points.Line{Amount: decimal.RequireFromString(amount), Quantity: quantity}
}

func orders(t *testing.T, s *shop, o figures.OrderOptions) []string {
	t.Helper()
	var all []string
	for order, err := range figures.Orders(t.Context(), s.engine, s.store, o) {
		if lost, ok := errors.AsType[*figures.LostError](err); ok {
			all = append(all, "lost: "+lost.Member)
			continue
		}
		require.NoError(t, err)
		all = append(all, fmt.Sprintf("%s %s %s", order.Member, order.At.Format(time.DateOnly), order.Amount))
	}
	return all
}

func TestOrdersAndRefundsAreThoseThatWereRecorded(t *testing.T) {
	s := open(t, loyalty.AllowDebt)
	for _, who := range []string{"bo", "anna"} {
		s.do(t, loyalty.Enroll{Member: who, Key: "enroll"})
	}
	s.do(t, loyalty.Earn{Member: "bo", Key: "1", Order: order("1", "EUR", line("10", 3), line("2.50", 0)), OccurredAt: s.now.AddDate(0, 0, -3)})
	s.do(t, loyalty.Earn{Member: "anna", Key: "2", Order: order("2", "EUR", line("40", 1))})
	s.do(t, loyalty.Earn{Member: "anna", Key: "3", Order: order("3", "USD", line("7", 1))})
	s.now = s.now.AddDate(0, 1, 0)
	s.do(t, loyalty.Refund{Member: "bo", Key: "r1", Order: "1", Lines: []points.RefundLine{{Line: "1", Quantity: 1}}})
	s.do(t, loyalty.Refund{Member: "bo", Key: "r2", Order: "1", Lines: []points.RefundLine{{Line: "1", Quantity: 1}}})
	s.do(t, loyalty.Refund{Member: "bo", Key: "r3", Order: "1", Full: true})
	s.do(t, loyalty.Refund{Member: "anna", Key: "r4", Order: "2", Amount: decimal.RequireFromString("0.99")})
	assert.Equal(t, []string{
		"anna 2027-01-01 40",
		"anna 2027-02-01 -0.99",
		"bo 2026-12-29 12.5",
		"bo 2027-02-01 -3.333333333333",
		"bo 2027-02-01 -3.333333333334",
		"bo 2027-02-01 -5.833333333333",
	}, orders(t, s, figures.OrderOptions{Currency: "EUR"}))
	assert.Equal(t, []string{"ANNA 2027-01-01 7"}, orders(t, s, figures.OrderOptions{Currency: "USD", Customer: func(member string) string {
		return map[string]string{"anna": "ANNA"}[member]
	}}))
	_, err := s.engine.Prune(t.Context(), loyalty.PruneOptions{Bodies: 24 * time.Hour})
	require.NoError(t, err)
	assert.Contains(t, orders(t, s, figures.OrderOptions{Currency: "EUR"}), "lost: bo")
	for _, err := range figures.Orders(t.Context(), s.engine, s.store, figures.OrderOptions{}) {
		require.ErrorIs(t, err, kpi.ErrInvalid)
	}
}

func TestPointsByCohortAddUpToTheLedger(t *testing.T) {
	for _, debt := range []loyalty.DebtPolicy{loyalty.RefuseDebt, loyalty.AllowDebt} {
		t.Run("debt "+string(debt), func(t *testing.T) {
			s := open(t, debt)
			random := rand.New(rand.NewPCG(3, 5))
			const members = 12
			who := func() string { return fmt.Sprintf("m-%02d", random.IntN(members)) }
			for i := range members {
				s.do(t, loyalty.Enroll{Member: fmt.Sprintf("m-%02d", i), Key: "enroll"})
			}
			earned := map[string]string{}
			for i := range 400 {
				s.now = s.now.Add(time.Duration(random.IntN(30)) * time.Hour)
				key, member := fmt.Sprint("k", i), who()
				switch random.IntN(6) {
				case 0, 1, 2:
					s.do(t, loyalty.Earn{Member: member, Key: key, Order: order(key, "EUR", line(fmt.Sprint(1+random.IntN(60)), 1))})
					earned[key] = member
				case 3:
					s.do(t, loyalty.Spend{Member: member, Key: key, Unit: "bean", Points: points.Amount(1 + random.IntN(50))})
				case 4:
					if to := who(); to != member {
						s.do(t, loyalty.Transfer{Member: member, Key: key, To: to, Unit: "bean", Points: points.Amount(1 + random.IntN(20))})
					}
				default:
					if of := fmt.Sprint("k", random.IntN(i+1)); earned[of] != "" {
						s.do(t, loyalty.Refund{Member: earned[of], Key: key, Order: of, Full: true})
						delete(earned, of)
					}
				}
			}
			s.do(t, loyalty.Enroll{Member: "debtor", Key: "enroll"})
			s.do(t, loyalty.Earn{Member: "debtor", Key: "last", Order: order("last", "EUR", line("50", 1))})
			s.now = s.now.AddDate(0, 0, 8)
			s.do(t, loyalty.Spend{Member: "debtor", Key: "spend", Unit: "bean", Points: 50})
			s.do(t, loyalty.Refund{Member: "debtor", Key: "refund", Order: "last", Full: true})
			_, err := s.engine.RunDue(t.Context(), nil)
			require.NoError(t, err)
			report, err := figures.PointCohorts(t.Context(), s.engine, s.store, figures.PointOptions{Unit: "bean", Until: s.now.Add(time.Second)})
			require.NoError(t, err)
			total, err := report.Total()
			require.NoError(t, err)
			var held, pending, owed int64
			for account, err := range storage.AllAccounts(t.Context(), s.store, storage.AccountQuery{Program: "beans"}) {
				require.NoError(t, err)
				for _, b := range account.Balances {
					held += int64(b.Pending + b.Available + b.Held)
					pending += int64(b.Pending)
					owed += int64(b.Debt)
				}
			}
			var redeemed, expired int64
			totals, err := s.engine.Totals(t.Context())
			require.NoError(t, err)
			for _, row := range totals {
				if row.To == points.Redeemed {
					redeemed += int64(row.Amount)
				}
				if row.To == points.Expired {
					expired += int64(row.Amount)
				}
			}
			assert.Greater(t, len(report.Cohorts), 4)
			assert.Equal(t, held, total.Outstanding(), "what the cohorts have left is what members have")
			assert.Equal(t, pending, total.Issued-total.Matured)
			assert.Equal(t, redeemed, total.Redeemed)
			assert.Equal(t, expired, total.Expired)
			assert.Equal(t, owed, report.Debt)
			assert.Equal(t, debt == loyalty.AllowDebt, owed > 0, "the test owes something where it may")
			assert.Positive(t, redeemed)
			assert.Positive(t, expired)
			first := report.Cohorts[0]
			assert.Zero(t, first.Outstanding(), "points of January have expired or were redeemed")
		})
	}
}

func TestPointsAreAsOfAnInstant(t *testing.T) {
	s := open(t, loyalty.RefuseDebt)
	s.do(t, loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.do(t, loyalty.Earn{Member: "anna", Key: "1", Order: order("1", "EUR", line("40", 1))})
	s.now = s.now.AddDate(0, 1, 0)
	s.do(t, loyalty.Spend{Member: "anna", Key: "s", Unit: "bean", Points: 15})
	at := func(until time.Time) kpi.PointCounts {
		report, err := figures.PointCohorts(t.Context(), s.engine, s.store, figures.PointOptions{Unit: "bean", Until: until})
		require.NoError(t, err)
		total, err := report.Total()
		require.NoError(t, err)
		return total
	}
	assert.Equal(t, kpi.PointCounts{}, at(time.Date(2027, time.January, 1, 0, 0, 0, 0, time.UTC)))
	assert.Equal(t, kpi.PointCounts{Issued: 40}, at(time.Date(2027, time.January, 2, 0, 0, 0, 0, time.UTC)), "pending")
	assert.Equal(t, kpi.PointCounts{Issued: 40, Matured: 40}, at(time.Date(2027, time.January, 20, 0, 0, 0, 0, time.UTC)), "mature")
	assert.Equal(t, kpi.PointCounts{Issued: 40, Matured: 40, Redeemed: 15}, at(s.now.Add(time.Second)))
	_, err := figures.PointCohorts(t.Context(), s.engine, s.store, figures.PointOptions{})
	require.ErrorIs(t, err, kpi.ErrInvalid)
	_, err = figures.PointCohorts(t.Context(), s.engine, s.store, figures.PointOptions{Unit: "baen", Until: s.now})
	require.ErrorIs(t, err, kpi.ErrInvalid)
	require.ErrorContains(t, err, `unit: "baen" is not a unit of the program`)
}

// TestOrdersOfWhoIsErasedAreLostBeforeTheScrub erases a member whom another was merged into, by
// a process that dies.
func TestOrdersOfWhoIsErasedAreLostBeforeTheScrub(t *testing.T) {
	s := open(t, loyalty.AllowDebt)
	for _, who := range []string{"anna", "bo", "old"} {
		s.do(t, loyalty.Enroll{Member: who, Key: "in"})
		s.do(t, loyalty.Earn{Member: who, Key: "e", Order: order(who, "EUR", line("12.40", 1))})
	}
	s.do(t, loyalty.Merge{Member: "anna", Key: "m", From: "old"})
	euros := figures.OrderOptions{Currency: "EUR"}
	require.Equal(t, []string{"anna 2027-01-01 12.4", "bo 2027-01-01 12.4", "old 2027-01-01 12.4"}, orders(t, s, euros))
	dies := &mortal{Store: s.store}
	_, err := s.engine.WithStore(dies).Do(t.Context(), loyalty.Erase{Member: "anna", Key: "forget"})
	require.NoError(t, err)
	require.Greater(t, dies.commits, 1)
	require.Equal(t, []string{"lost: anna", "bo 2027-01-01 12.4", "lost: old"}, orders(t, s, euros))
	_, err = s.engine.RunDue(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, []string{"bo 2027-01-01 12.4"}, slices.DeleteFunc(orders(t, s, euros), func(o string) bool { return strings.HasPrefix(o, "lost: ") }))
}

// mortal is a store of a process that dies after its first commit.
type mortal struct {
	storage.Store
	commits int
}

func (m *mortal) Commit(ctx context.Context, batches []storage.Batch) ([]storage.Outcome, error) {
	if m.commits++; m.commits > 1 {
		return nil, errors.New("the process died")
	}
	return m.Store.Commit(ctx, batches)
}
