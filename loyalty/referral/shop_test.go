package referral_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/referral"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

var opening = time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)

// shop is an engine with referrals, and a clock to move.
type shop struct {
	*loyalty.Engine
	*referral.Desk
	t       testing.TB
	store   storage.Store
	now     time.Time
	terms   referral.Terms
	program loyalty.Program
	keys    int
}

func money(text string) decimal.Decimal { return decimal.RequireFromString(text) }

// terms are 20 euros within 30 days, to be kept for 14.
func terms() referral.Terms {
	return referral.Terms{Offer: referral.Offer{
		Minimum:     []referral.Minimum{{Currency: "EUR", Amount: money("20")}},
		OrderWithin: points.Span{N: 30, Unit: points.Days},
		CoolingOff:  points.Span{N: 14, Unit: points.Days},
		Referrer:    "referral-made", Friend: "referral-joined",
	}}
}

// program gives a bean for a euro, 500 for a friend five times a year, and 200 to the friend.
func program() loyalty.Program {
	return loyalty.Program{
		ID: "beans", Zone: "Europe/Vienna",
		Units: []points.Unit{
			{Code: "bean", Expiry: points.NeverExpire()},
			{Code: "orders", Kind: points.Metric},
			{Code: "referral-made", Kind: points.Metric},
		},
		Earning: []points.Rule{
			{Code: "base", Spend: &points.SpendRate{Points: 1, Per: money("1"), Currency: "EUR"}},
			{Code: "francs", Spend: &points.SpendRate{Points: 1, Per: money("1"), Currency: "CHF"}},
			{Code: "order", Unit: "orders", Bonus: 1},
			{Code: "made", Activity: "referral-made", Bonus: 500, Caps: []points.Cap{{Times: 5, Per: points.PerYear}}},
			{Code: "joined", Activity: "referral-joined", Bonus: 200},
		},
	}
}

func openShop(t testing.TB, change func(*shop), members ...string) *shop {
	t.Helper()
	s := &shop{t: t, now: opening, store: memory.New(), terms: terms(), program: program()}
	if change != nil {
		change(s)
	}
	s.start()
	for _, member := range members {
		s.must(loyalty.Enroll{Member: member, Key: "signup"})
	}
	return s
}

// start starts one more engine on the shop's store.
func (s *shop) start() *loyalty.Engine {
	s.t.Helper()
	feature, err := referral.New(s.terms)
	require.NoError(s.t, err)
	s.Engine, err = loyalty.New(loyalty.Revisions{s.program}, s.store, &loyalty.Options{
		Clock: func() time.Time { return s.now }, Secret: []byte("a secret of the test"), Features: []loyalty.Feature{feature},
	})
	require.NoError(s.t, err)
	s.Desk = referral.NewDesk(s.Engine, s.store)
	return s.Engine
}

func (s *shop) RunDue() referral.Done {
	s.t.Helper()
	done, err := s.Desk.RunDue(s.t.Context(), s.now)
	require.NoError(s.t, err)
	return done
}

func (s *shop) key() string {
	s.keys++
	return fmt.Sprint("key-", s.keys)
}

func (s *shop) must(cmd loyalty.Command) loyalty.Receipt {
	s.t.Helper()
	receipt, err := s.Do(s.t.Context(), cmd)
	require.NoError(s.t, err)
	return receipt
}

// refused runs a command that must be refused, and must change nothing. It returns
// what it says.
func (s *shop) refused(cmd loyalty.Command, want error) string {
	s.t.Helper()
	before := s.heads()
	_, quoted := s.Quote(s.t.Context(), cmd)
	_, err := s.Do(s.t.Context(), cmd)
	require.ErrorIs(s.t, err, want)
	require.EqualError(s.t, quoted, err.Error())
	require.Equal(s.t, before, s.heads(), "a refusal changes nothing")
	return err.Error()
}

func (s *shop) heads() []loyalty.Head {
	s.t.Helper()
	var heads []loyalty.Head
	for head, err := range s.Heads(s.t.Context()) {
		require.NoError(s.t, err)
		heads = append(heads, head)
	}
	return heads
}

// beans is what a member has, less what they owe.
func (s *shop) beans(member string) points.Amount {
	s.t.Helper()
	m, err := s.Member(s.t.Context(), member)
	require.NoError(s.t, err)
	b := m.Balance("bean")
	return b.Pending + b.Available + b.Held - b.Debt
}

// code issues a code.
func (s *shop) code(member string, prints ...string) string {
	s.t.Helper()
	code, err := referral.CodeOf(s.must(referral.Issue{Member: member, Key: s.key(), Fingerprints: prints}))
	require.NoError(s.t, err)
	return code.Code
}

func (s *shop) accept(friend, referrer, code string, prints ...string) referral.Accept {
	return referral.Accept{Member: friend, Key: s.key(), Referrer: referrer, Code: code, Fingerprints: prints}
}

// refers lets a member refer a friend.
func (s *shop) refers(referrer, friend string) referral.Referral {
	s.t.Helper()
	return s.is(s.accept(friend, referrer, s.code(referrer)))
}

func order(id, amount string) points.Order {
	return points.Order{ID: id, Currency: "EUR", Lines: []points.Line{{Amount: money(amount)}}}
}

// buys lets a member buy for euros.
func (s *shop) buys(member, id, amount string) {
	s.t.Helper()
	s.must(loyalty.Earn{Member: member, Key: "order/" + id, Order: order(id, amount)})
}

func (s *shop) qualify(friend, referrer, id string) referral.Qualify {
	return referral.Qualify{Member: friend, Key: s.key(), Referrer: referrer, Order: id, Currency: "EUR"}
}

// is runs a command and returns the referral that it answers.
func (s *shop) is(cmd loyalty.Command) referral.Referral {
	s.t.Helper()
	r, err := referral.Of(s.must(cmd))
	require.NoError(s.t, err)
	return r
}

func (s *shop) days(n int) { s.now = s.now.AddDate(0, 0, n) }

// sides returns where the one referral of a friend is, with the friend and the referrer.
func (s *shop) sides(friend, referrer string) []referral.State {
	s.t.Helper()
	joined, err := s.Joined(s.t.Context(), friend)
	require.NoError(s.t, err)
	require.Len(s.t, joined, 1)
	states := []referral.State{joined[0].State}
	for r, err := range s.Made(s.t.Context(), referrer) {
		require.NoError(s.t, err)
		if r.Friend == joined[0].Friend {
			states = append(states, r.State)
		}
	}
	return states
}

func both(state referral.State) []referral.State { return []referral.State{state, state} }

func (s *shop) verify() {
	s.t.Helper()
	report, err := s.Verify(s.t.Context(), nil)
	require.NoError(s.t, err)
	require.Empty(s.t, report.Problems)
}
