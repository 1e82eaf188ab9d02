package loyalty_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

// coffees is an order of so many coffees at 3.00 each.
func coffees(id string, n int64) points.Order {
	return points.Order{ID: id, Currency: "EUR", Lines: []points.Line{{
		Item: "flat white", Category: "coffee", Quantity: n, Amount: decimal.NewFromInt(3 * n),
	}}}
}

func euroRate() points.Rule {
	return points.Rule{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}}
}

func punchCard() points.Rule {
	return points.Rule{
		Code: "card", Label: "Every tenth coffee", Bonus: 100, Match: points.Match{Categories: []string{"coffee"}},
		Count: &points.Count{Pieces: true, Every: 10},
	}
}

// ruled opens a shop with anna in it and these rules.
func ruled(t *testing.T, rules ...points.Rule) *shop {
	program := beans(points.NeverExpire())
	program.Earning = rules
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	return s
}

func (s *shop) progress() []points.Progress {
	s.t.Helper()
	m, err := s.Member(s.t.Context(), "anna")
	require.NoError(s.t, err)
	return m.Progress
}

func TestAPunchCardFillsOverOrdersAndShowsHowFarItIs(t *testing.T) {
	s := ruled(t, euroRate(), punchCard())
	require.Equal(t, "Every tenth coffee: 0 of 10", s.progress()[0].String())
	r := s.must(loyalty.Earn{Member: "anna", Key: "1", Order: coffees("1001", 7)})
	require.Equal(t, points.Amount(21), r.Awards[0].Points)
	require.Contains(t, r.String(), "Every tenth coffee: 7 of 10")
	require.Equal(t, "Every tenth coffee: 7 of 10", s.progress()[0].String())

	r = s.must(loyalty.Earn{Member: "anna", Key: "2", Order: coffees("1002", 15)})
	require.Equal(t, points.Amount(45+200), r.Awards[0].Points, "22 coffees are two cards and two")
	require.Contains(t, r.String(), "card        200  Every tenth coffee: bonus, 2 times on every 10th piece")
	require.Equal(t, "Every tenth coffee: 2 of 10", s.progress()[0].String())

	again := s.must(loyalty.Earn{Member: "anna", Key: "2", Order: coffees("1002", 15)})
	require.True(t, again.Replayed)
	require.Equal(t, "Every tenth coffee: 2 of 10", s.progress()[0].String(), "a replay counts nothing")
	s.verify()
}

func TestARefundTakesPiecesBackFromAPunchCard(t *testing.T) {
	s := ruled(t, euroRate(), punchCard())
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: coffees("1001", 9)})
	s.must(loyalty.Refund{Member: "anna", Key: "back", Order: "1001", Lines: []points.RefundLine{{Line: "1", Quantity: 4}}})
	require.EqualValues(t, 5, s.progress()[0].Have)
	s.must(loyalty.Refund{Member: "anna", Key: "all back", Order: "1001", Full: true})
	require.EqualValues(t, 0, s.progress()[0].Have)
	r := s.must(loyalty.Earn{Member: "anna", Key: "2", Order: coffees("1002", 1)})
	require.Equal(t, points.Amount(3), r.Awards[0].Points, "nine coffees that came back fill no card")
	s.verify()
}

func TestBuyingAndReturningNeverEarnsACardTwice(t *testing.T) {
	s := ruled(t, euroRate(), punchCard())
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: coffees("1001", 9)})
	r := s.must(loyalty.Earn{Member: "anna", Key: "2", Order: coffees("1002", 1)})
	require.Equal(t, points.Amount(103), r.Awards[0].Points)
	s.must(loyalty.Refund{Member: "anna", Key: "back", Order: "1001", Full: true})
	r = s.must(loyalty.Earn{Member: "anna", Key: "3", Order: coffees("1003", 9)})
	require.Equal(t, points.Amount(27), r.Awards[0].Points, "ten coffees were kept, and their card is paid")
	s.must(loyalty.Refund{Member: "anna", Key: "back 2", Order: "1002", Full: true})
	require.Equal(t, points.Amount(27), s.balance().Available, "the card goes back with the order that filled it")
	r = s.must(loyalty.Earn{Member: "anna", Key: "4", Order: coffees("1004", 1)})
	require.Equal(t, points.Amount(103), r.Awards[0].Points)
	s.verify()
}

func TestAFirstPurchaseIsTheFirstAgainOnceItCameBack(t *testing.T) {
	welcome := points.Rule{Code: "welcome", Bonus: 50, Count: &points.Count{Nth: 1}}
	s := ruled(t, euroRate(), welcome)
	r := s.must(loyalty.Earn{Member: "anna", Key: "1", Order: coffees("1001", 1)})
	require.Contains(t, r.String(), "bonus on the 1st order")
	require.Equal(t, points.Amount(53), r.Awards[0].Points)
	s.must(loyalty.Refund{Member: "anna", Key: "back", Order: "1001", Full: true})
	require.Equal(t, points.Amount(53), s.must(loyalty.Earn{Member: "anna", Key: "2", Order: coffees("1002", 1)}).Awards[0].Points)
	require.Equal(t, points.Amount(3), s.must(loyalty.Earn{Member: "anna", Key: "3", Order: coffees("1003", 1)}).Awards[0].Points)
}

func TestACapSaysWhatItTookAndIsNotGivenBackByARefund(t *testing.T) {
	daily := euroRate()
	daily.Caps = []points.Cap{{Points: 40, Per: points.PerDay}}
	s := ruled(t, daily)
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: coffees("1001", 10)})
	r := s.must(loyalty.Earn{Member: "anna", Key: "2", Order: coffees("1002", 10)})
	require.Equal(t, points.Amount(10), r.Awards[0].Points)
	require.Contains(t, r.String(), "20 bean less by the cap of 40 bean a day")
	require.Equal(t, points.Amount(20), r.Awards[0].Rules[0].Cuts[0].Points)

	s.must(loyalty.Refund{Member: "anna", Key: "back", Order: "1001", Full: true})
	r = s.must(loyalty.Earn{Member: "anna", Key: "3", Order: coffees("1003", 1)})
	require.Equal(t, points.Amount(0), r.Awards[0].Points, "a cap bounds what is earned, not what is kept")
	require.Contains(t, r.String(), "3 bean less by the cap of 40 bean a day")

	s.now = s.now.Add(14*time.Hour - time.Microsecond)
	require.Equal(t, points.Amount(0), s.must(loyalty.Earn{Member: "anna", Key: "4", Order: coffees("1004", 1)}).Awards[0].Points, "midnight in Vienna is 23:00 in UTC")
	s.now = s.now.Add(time.Microsecond)
	require.Equal(t, points.Amount(3), s.must(loyalty.Earn{Member: "anna", Key: "5", Order: coffees("1005", 1)}).Awards[0].Points)
	s.verify()
}

func TestANewRevisionOfARuleKeepsItsUsage(t *testing.T) {
	start := time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	first := beans(points.NeverExpire())
	rule := euroRate()
	rule.Caps, rule.Budgets = []points.Cap{{Points: 50, Per: points.PerYear}}, []points.Cap{{Points: 90, Per: points.Lifetime}}
	first.Earning = []points.Rule{rule}
	second := first
	rule.Caps = []points.Cap{{Points: 80, Per: points.PerYear}}
	second.Earning, second.EffectiveAt = []points.Rule{rule}, start.AddDate(0, 1, 0)
	now := start
	engine, err := loyalty.New(loyalty.Revisions{first, second}, memory.New(), &loyalty.Options{Clock: func() time.Time { return now }})
	require.NoError(t, err)
	earned := func(member, key string) points.Amount {
		r, err := engine.Do(t.Context(), loyalty.Earn{Member: member, Key: key, Order: coffees(member+key, 20)})
		require.NoError(t, err)
		return r.Awards[0].Points
	}
	for _, member := range []string{"anna", "ben"} {
		_, err := engine.Do(t.Context(), loyalty.Enroll{Member: member, Key: "enroll"})
		require.NoError(t, err)
	}
	require.Equal(t, points.Amount(50), earned("anna", "1"))
	now = now.AddDate(0, 2, 0)
	require.Equal(t, points.Amount(30), earned("anna", "2"), "the cap of 80 has 30 left")
	require.Equal(t, points.Amount(10), earned("ben", "1"), "the budget of 90 has 10 left")
	require.Equal(t, points.Amount(0), earned("ben", "2"))
}

func TestTheLastPointsOfABudgetAreFoundInOtherShards(t *testing.T) {
	rule := points.Rule{Code: "gift", Bonus: 700, Budgets: []points.Cap{{Points: 10_000, Per: points.Lifetime}}}
	s := ruled(t, rule)
	given := points.Amount(0)
	for i := range 20 {
		member := fmt.Sprintf("m-%d", i)
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
		order := coffees(fmt.Sprint(i), 1)
		quote, err := s.Quote(t.Context(), loyalty.Earn{Member: member, Key: "earn", Order: order})
		require.NoError(t, err)
		r := s.must(loyalty.Earn{Member: member, Key: "earn", Order: order})
		require.Equal(t, quote.Awards, r.Awards)
		require.Equal(t, min(700, 10_000-given), r.Awards[0].Points, "member %d", i)
		given += r.Awards[0].Points
	}
	require.Equal(t, points.Amount(10_000), given)
	s.verify()
}

// TestCapsHoldUnderConcurrentEarns lets 64 callers, half of them in another process
// and every third commit met by a conflict, earn as one and as many members.
func TestCapsHoldUnderConcurrentEarns(t *testing.T) {
	program := beans(points.NeverExpire())
	program.Earning = []points.Rule{
		{Code: "once", Bonus: 7, Caps: []points.Cap{{Times: 1, Per: points.PerDay}}},
		{Code: "capped", Bonus: 10, Caps: []points.Cap{{Points: 95, Per: points.PerMonth}}},
		{Code: "fifth", Bonus: 1000, Count: &points.Count{Every: 5}},
		{Code: "drop", Bonus: 100, Budgets: []points.Cap{{Points: 3050, Per: points.Lifetime}}},
		{Code: "winners", Bonus: 1, Budgets: []points.Cap{{Times: 20, Per: points.PerDay}}},
	}
	hooked := &storagetest.Hooked{Store: memory.New()}
	var mu sync.Mutex
	commits := 0
	hooked.OnCommit = func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
		mu.Lock()
		commits++
		refuse := commits%3 == 0
		mu.Unlock()
		if !refuse {
			return next(ctx, batches)
		}
		outcomes := make([]storage.Outcome, len(batches))
		for i := range outcomes {
			outcomes[i].Status = storage.Conflict
		}
		return outcomes, nil
	}
	options := func() *loyalty.Options {
		return &loyalty.Options{Clock: func() time.Time { return time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC) }, Attempts: 5000}
	}
	one, err := loyalty.New(loyalty.Revisions{program}, hooked, options())
	require.NoError(t, err)
	other, err := loyalty.New(loyalty.Revisions{program}, hooked, options())
	require.NoError(t, err)
	const callers = 64
	for i := range callers {
		if i%2 == 0 {
			_, err := one.Do(t.Context(), loyalty.Enroll{Member: member(i), Key: "enroll"})
			require.True(t, err == nil || errors.Is(err, loyalty.ErrAlreadyEnrolled))
		}
	}
	given := map[string]map[string]points.Amount{}
	var group sync.WaitGroup
	failed := make(chan error, callers)
	for i := range callers {
		group.Go(func() {
			engine := []*loyalty.Engine{one, other}[i%2]
			r, err := engine.Do(t.Context(), loyalty.Earn{Member: member(i / 2 * 2), Key: fmt.Sprint("earn ", i), Order: coffees(fmt.Sprint(i), 1)})
			if err != nil {
				failed <- err
				return
			}
			mu.Lock()
			defer mu.Unlock()
			for _, rule := range r.Awards[0].Rules {
				for _, who := range []string{r.Member, "all"} {
					if given[who] == nil {
						given[who] = map[string]points.Amount{}
					}
					given[who][rule.Rule] += rule.Points
				}
			}
		})
	}
	group.Wait()
	close(failed)
	for err := range failed {
		require.NoError(t, err)
	}
	require.Equal(t, points.Amount(3050), given["all"]["drop"], "a budget is used to the last point and not beyond")
	require.Equal(t, points.Amount(20), given["all"]["winners"])
	require.Equal(t, points.Amount(95), given["anna"]["capped"], "32 orders would have earned 320")
	require.Equal(t, points.Amount(7), given["anna"]["once"])
	require.Equal(t, points.Amount(6000), given["anna"]["fifth"], "32 orders have six fifths")
	report, err := one.Verify(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, report.Problems)
}

// member is anna for the first half of callers, and everybody else for themselves.
func member(i int) string {
	if i < 32 {
		return "anna"
	}
	return fmt.Sprint("m-", i)
}

func TestAnOrderThatIsTooLateIsRefused(t *testing.T) {
	program := beans(points.NeverExpire())
	program.Earning, program.LateWindow = []points.Rule{euroRate(), {Code: "visit", Activity: "visit", Bonus: 1}}, points.Span{N: 30, Unit: points.Days}
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll", OccurredAt: s.now.AddDate(-1, 0, 0)})
	edge := s.now.AddDate(0, 0, -30)
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: coffees("1001", 1), OccurredAt: edge.Add(time.Microsecond)})
	_, err := s.Do(t.Context(), loyalty.Earn{Member: "anna", Key: "2", Order: coffees("1002", 1), OccurredAt: edge})
	require.ErrorIs(t, err, loyalty.ErrTooOld)
	var late *loyalty.TooOldError
	require.ErrorAs(t, err, &late)
	require.Equal(t, s.now, late.Until)
	_, err = s.Quote(t.Context(), loyalty.Fact{Member: "anna", Key: "3", Activity: "visit", OccurredAt: edge.AddDate(-1, 0, 0)})
	require.ErrorIs(t, err, loyalty.ErrTooOld)
}

func TestACapIsNotForgottenWhenItsPeriodIsLongPast(t *testing.T) {
	rule := euroRate()
	rule.Caps = []points.Cap{{Points: 10, Per: points.PerDay}}
	s := ruled(t, rule)
	day := s.now
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: coffees("1001", 4)})
	s.now = s.now.AddDate(1, 0, 0)
	r := s.must(loyalty.Earn{Member: "anna", Key: "2", Order: coffees("1002", 4), OccurredAt: day})
	require.Equal(t, points.Amount(0), r.Awards[0].Points, "the cap of a year ago is used")
	s.now = s.now.AddDate(2, 0, 0)
	s.must(loyalty.Earn{Member: "anna", Key: "3", Order: coffees("1003", 4)})
	_, err := s.Do(t.Context(), loyalty.Earn{Member: "anna", Key: "4", Order: coffees("1004", 4), OccurredAt: day})
	require.ErrorIs(t, err, loyalty.ErrTooOld)
}

func TestRulesAskForTheMembersTierAndForTheHostsFormula(t *testing.T) {
	program := beans(points.NeverExpire())
	program.Earning = []points.Rule{
		euroRate(),
		{Code: "gold", Multiply: decimal.NewFromInt(2), Only: &points.Only{Tiers: []string{"gold"}}},
		{Code: "students", Bonus: 5, Only: &points.Only{Segments: []string{"students"}, Channels: []string{"app"}}},
		{Code: "rain", Formula: true, Label: "It rained", Caps: []points.Cap{{Times: 1, Per: points.PerDay}}},
		{Code: "long-visit", Formula: true, Activity: "visit", Only: &points.Only{Attributes: map[string][]string{"rating": {"4", "5"}}}},
	}
	promoted := time.Date(2027, time.March, 1, 8, 0, 0, 0, time.UTC)
	now := promoted.Add(time.Hour)
	options := &loyalty.Options{
		Clock: func() time.Time { return now },
		Profile: func(_ context.Context, member string, at time.Time) (loyalty.Profile, error) {
			if member != "anna" || at.Before(promoted) {
				return loyalty.Profile{}, nil
			}
			return loyalty.Profile{Tiers: []string{"gold"}, Segments: []string{"students"}, Boost: map[string]decimal.Decimal{"bean": decimal.RequireFromString("1.5")}}, nil
		},
		Formulas: map[string]points.Formula{
			"rain": func(o points.Occasion) (points.Amount, error) {
				return points.Amount(10 * len(o.Order.Lines)), nil
			},
			"long-visit": func(o points.Occasion) (points.Amount, error) { return o.Activity.Amount / 30, nil },
		},
	}
	engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), options)
	require.NoError(t, err)
	for _, member := range []string{"anna", "ben"} {
		_, err := engine.Do(t.Context(), loyalty.Enroll{Member: member, Key: "enroll", OccurredAt: promoted.AddDate(0, 0, -1)})
		require.NoError(t, err)
	}
	earn := func(member, id string, at time.Time) loyalty.Receipt {
		order := coffees(id, 4)
		order.Channel = "app"
		cmd := loyalty.Earn{Member: member, Key: id, Order: order, OccurredAt: at}
		quote, err := engine.Quote(t.Context(), cmd)
		require.NoError(t, err)
		r, err := engine.Do(t.Context(), cmd)
		require.NoError(t, err)
		require.Equal(t, quote, r)
		return r
	}
	r := earn("anna", "1001", now)
	require.Equal(t, points.Amount(12+6+18+5+10), r.Awards[0].Points)
	require.Equal(t, `earn 1001
earned 51 bean, usable from 1 Mar 2027
  base         12  1 bean per EUR 1 on EUR 12.00
  boost         6  more by the member's tier
  gold         18  × 2 as gold
  rain         10  It rained: bonus by the shop's own formula
  students      5  bonus in channel app for segment students
balance 51 bean available`, r.String())
	require.Equal(t, points.Amount(12), earn("anna", "1002", promoted.Add(-time.Second)).Awards[0].Points, "there was no tier yet, and the rain is capped")
	require.Equal(t, points.Amount(22), earn("ben", "1003", now).Awards[0].Points)

	visit := loyalty.Fact{Member: "ben", Key: "visit", Activity: "visit", Amount: 95, Attributes: map[string]string{"rating": "5"}}
	r, err = engine.Do(t.Context(), visit)
	require.NoError(t, err)
	require.Equal(t, points.Amount(3), r.Awards[0].Points)
	visit.Key, visit.Attributes = "visit 2", map[string]string{"rating": "3"}
	r, err = engine.Do(t.Context(), visit)
	require.NoError(t, err)
	require.Empty(t, r.Awards)

	options.Formulas = nil
	_, err = loyalty.New(loyalty.Revisions{program}, memory.New(), options)
	require.ErrorContains(t, err, `earning[3].formula: Options.Formulas has no function "rain"`)
}

// TestLimitsCostNoRoundTrips holds an order under counts, caps and budgets to one
// Load and one Commit, and to a row for the usage and one for each budget.
func TestLimitsCostNoRoundTrips(t *testing.T) {
	drop := points.Rule{Code: "drop", Bonus: 5, Budgets: []points.Cap{{Points: 100_000, Per: points.PerMonth}}}
	capped := euroRate()
	capped.Caps = []points.Cap{{Points: 100, Per: points.PerDay}, {Points: 1000, Per: points.PerMonth}}
	s := ruled(t, capped, punchCard(), drop)
	loads, rows := 0, 0
	s.store.OnLoad = func(ctx context.Context, requests []storage.LoadRequest, next storagetest.LoadFunc) ([]storage.Snapshot, error) {
		loads++
		return next(ctx, requests)
	}
	s.store.OnCommit = func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
		rows += batches[0].Rows()
		s.commits++
		return next(ctx, batches)
	}
	for i := range 3 {
		loads, rows, s.commits = 0, 0, 0
		s.must(loyalty.Earn{Member: "anna", Key: fmt.Sprint(i), Order: coffees(fmt.Sprint(i), 1)})
		require.Equal(t, [3]int{1, 1, 10}, [3]int{loads, s.commits, rows}, "7 rows of a plain earn, the usage, the second rule's entry and the budget's counter")
	}
	loads = 0
	s.must(loyalty.Refund{Member: "anna", Key: "back", Order: "1", Full: true})
	require.Equal(t, 1, loads)
	loads = 0
	require.EqualValues(t, 2, s.progress()[0].Have)
	require.Equal(t, 1, loads)
}

// TestAQuoteIsWhatTheAwardWillBe asks for every order before it is recorded, under
// rules with all kinds of limits.
func TestAQuoteIsWhatTheAwardWillBe(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		program := beans(points.NeverExpire())
		periods := rapid.SampledFrom([]points.Period{points.PerDay, points.PerWeek, points.PerMonth, points.Lifetime})
		cap := func(label string, most int64) []points.Cap {
			if rapid.Bool().Draw(rt, label+" by times") {
				return []points.Cap{{Times: rapid.Int64Range(1, 4).Draw(rt, label), Per: periods.Draw(rt, label+" per")}}
			}
			return []points.Cap{{Points: points.Amount(rapid.Int64Range(1, most).Draw(rt, label)), Per: periods.Draw(rt, label+" per")}}
		}
		base, card := euroRate(), punchCard()
		base.Caps, card.Budgets = cap("cap", 60), cap("budget", 5000)
		card.Count.Every, card.Count.Per = rapid.Int64Range(1, 6).Draw(rt, "every"), periods.Draw(rt, "card per")
		second := points.Rule{Code: "second", Multiply: decimal.NewFromInt(3), Count: &points.Count{Nth: 2, Per: periods.Draw(rt, "second per")}, Budgets: cap("second", 40)}
		visit := points.Rule{Code: "visit", Activity: "visit", Bonus: 4, Count: &points.Count{Every: 2}, Caps: cap("visits", 8)}
		program.Earning = []points.Rule{base, card, second, visit}
		now := time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
		engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), &loyalty.Options{Clock: func() time.Time { return now }})
		require.NoError(rt, err)
		for _, member := range []string{"anna", "ben"} {
			_, err := engine.Do(t.Context(), loyalty.Enroll{Member: member, Key: "enroll"})
			require.NoError(rt, err)
		}
		for i := range rapid.IntRange(1, 12).Draw(rt, "events") {
			now = now.Add(time.Duration(rapid.IntRange(0, 40).Draw(rt, "hours")) * time.Hour)
			who, key := rapid.SampledFrom([]string{"anna", "ben"}).Draw(rt, "who"), fmt.Sprint("key ", i)
			var cmd loyalty.Command = loyalty.Earn{Member: who, Key: key, Order: coffees(fmt.Sprint(i), rapid.Int64Range(1, 9).Draw(rt, "coffees"))}
			if rapid.IntRange(0, 3).Draw(rt, "visit") == 0 {
				cmd = loyalty.Fact{Member: who, Key: key, Activity: "visit"}
			}
			quote, err := engine.Quote(t.Context(), cmd)
			require.NoError(rt, err)
			award, err := engine.Do(t.Context(), cmd)
			require.NoError(rt, err)
			require.Equal(rt, quote, award)
			require.Equal(rt, quote.String(), award.String())
			for _, a := range award.Awards {
				var sum points.Amount
				for _, rule := range a.Rules {
					sum += rule.Points
				}
				require.Equal(rt, a.Points, sum)
			}
		}
		report, err := engine.Verify(t.Context(), nil)
		require.NoError(rt, err)
		require.Empty(rt, report.Problems)
	})
}

func TestAMergeAddsUpPunchCards(t *testing.T) {
	s := ruled(t, euroRate(), punchCard())
	s.must(loyalty.Enroll{Member: "ann", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: coffees("1001", 4)})
	s.must(loyalty.Earn{Member: "ann", Key: "1", Order: coffees("1002", 5)})
	s.must(loyalty.Merge{Member: "anna", From: "ann", Key: "merge", Reason: "one person", Actor: "ada"})
	require.EqualValues(t, 9, s.progress()[0].Have)
	r := s.must(loyalty.Earn{Member: "ann", Key: "2", Order: coffees("1003", 1)})
	require.Equal(t, points.Amount(103), r.Awards[0].Points, strings.TrimSpace(r.String()))
	require.True(t, slices.ContainsFunc(r.Awards[0].Rules, func(rule loyalty.RuleReceipt) bool { return rule.Rule == "card" }))
}
