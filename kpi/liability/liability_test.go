package liability_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/liability"
)

// drawStates draws what can become of a cohort that is issued over two months.
func drawStates(t *rapid.T, method liability.Method) []liability.State {
	amount := rapid.Int64Range(0, 1_000_000)
	var states []liability.State
	s := liability.State{}
	for i := range rapid.IntRange(1, 8).Draw(t, "months") {
		if i < 2 {
			issued := rapid.Int64Range(1, 100_000).Draw(t, "issued")
			s.Issued = s.Issued.Add(decimal.NewFromInt(issued))
			s.Deferred = s.Deferred.Add(decimal.New(amount.Draw(t, "cents"), -2))
		}
		some := func(what string, of decimal.Decimal) decimal.Decimal {
			return decimal.NewFromInt(rapid.Int64Range(0, of.IntPart()).Draw(t, what))
		}
		s.Redeemed = s.Redeemed.Add(some("redeemed", s.Issued.Sub(s.Redeemed).Sub(s.Expired)))
		s.Expired = s.Expired.Add(some("expired", s.Issued.Sub(s.Redeemed).Sub(s.Expired)))
		left := s.Issued.Sub(s.Redeemed).Sub(s.Expired)
		s.Expected, s.Remote = decimal.Zero, decimal.Zero
		if method == liability.Proportional {
			s.Expected = s.Redeemed.Add(some("expected", left))
			if s.Expected.IsZero() && left.IsPositive() {
				s.Expected = decimal.NewFromInt(1)
			}
		} else {
			s.Remote = some("remote", left)
		}
		s.Period = month(time.Month(i + 1))
		states = append(states, s)
	}
	return states
}

func TestTheBooksAlwaysAddUp(t *testing.T) {
	for _, method := range []liability.Method{liability.Proportional, liability.Remote} {
		rapid.Check(t, func(t *rapid.T) {
			states := drawStates(t, method)
			roll, err := liability.RollForward(liability.Policy{Method: method, Currency: "EUR"}, states)
			require.NoError(t, err)
			closing, recognized := decimal.Zero, decimal.Zero
			for i, m := range roll.Movements {
				recognized = recognized.Add(m.Recognized)
				require.True(t, m.Opening.Equal(closing), "month %d opens with what the one before closed with", i)
				require.True(t, m.Closing.Equal(m.Opening.Add(m.Deferred).Sub(m.Recognized).Sub(m.Remitted)))
				require.True(t, m.Cumulative.Equal(recognized))
				require.False(t, m.Closing.IsNegative(), "never is less than nothing owed: %s", m.Closing)
				require.False(t, m.Cumulative.IsNegative())
				require.True(t, m.Recognized.Equal(m.Recognized.Round(2)), "booked in cents")
				closing = m.Closing
				if last := states[i]; last.Issued.Equal(last.Redeemed.Add(last.Expired)) {
					require.True(t, closing.IsZero(), "nothing is owed where nothing is outstanding")
				}
			}
			requireBalanced(t, roll.Journal(), closing)
		})
	}
}

func requireBalanced(t *rapid.T, lines []liability.Line, owed decimal.Decimal) {
	accounts := map[liability.Account]decimal.Decimal{}
	sum := decimal.Zero
	for _, line := range lines {
		require.False(t, line.Debit.IsNegative() || line.Credit.IsNegative())
		require.NotEqual(t, line.Debit.IsZero(), line.Credit.IsZero())
		accounts[line.Account] = accounts[line.Account].Add(line.Credit).Sub(line.Debit)
		sum = sum.Add(line.Credit).Sub(line.Debit)
	}
	require.True(t, sum.IsZero(), "debits are credits")
	require.True(t, accounts[liability.ContractLiability].Equal(owed), "the account says what is owed")
}

func TestRoundingNeverAddsUp(t *testing.T) {
	// A third of a cent a month: each month rounded by itself would book nothing.
	var states []liability.State
	for i := range 12 {
		states = append(states, liability.State{
			Period: month(time.Month(i + 1)), Deferred: dec("0.04"), Issued: dec("12"), Redeemed: decimal.NewFromInt(int64(i + 1)), Expected: dec("12"),
		})
	}
	roll, err := liability.RollForward(liability.Policy{Method: liability.Proportional}, states)
	require.NoError(t, err)
	assert.Equal(t, "0.04", roll.Movements[11].Cumulative.String())
	assert.Equal(t, "0", roll.Movements[11].Closing.String())
}

func TestAnEstimateThatChangesCatchesUpInItsPeriod(t *testing.T) {
	states := []liability.State{
		{Period: month(1), Deferred: dec("900"), Issued: dec("1000"), Redeemed: dec("300"), Expected: dec("900")},
		{Period: month(2), Deferred: dec("900"), Issued: dec("1000"), Redeemed: dec("300"), Expected: dec("600")},
		{Period: month(3), Deferred: dec("900"), Issued: dec("1000"), Redeemed: dec("300"), Expected: dec("1000")},
	}
	roll, err := liability.RollForward(liability.Policy{Method: liability.Proportional}, states)
	require.NoError(t, err)
	for i, want := range []string{"0", "150", "-180"} {
		assert.Equal(t, want, roll.Movements[i].CatchUp.String(), "month %d", i+1)
	}
	assert.Equal(t, "150", roll.Movements[1].Recognized.String(), "nobody redeemed, so all of it corrects January")
	// More points of the same expectation are no change of estimate.
	states[1] = liability.State{Period: month(2), Deferred: dec("1800"), Issued: dec("2000"), Redeemed: dec("300"), Expected: dec("1800")}
	roll, err = liability.RollForward(liability.Policy{Method: liability.Proportional}, states[:2])
	require.NoError(t, err)
	assert.Equal(t, "0", roll.Movements[1].CatchUp.String())
}

func TestARefundTakesBackWhatItsSaleDeferred(t *testing.T) {
	roll, err := liability.RollForward(liability.Policy{Method: liability.Proportional}, []liability.State{
		{Period: month(1), Deferred: dec("900"), Issued: dec("1000"), Redeemed: dec("400"), Expected: dec("800")},
		{Period: month(2), Deferred: dec("810"), Issued: dec("900"), Redeemed: dec("400"), Expected: dec("720")},
	})
	require.NoError(t, err)
	m := roll.Movements[1]
	assert.Equal(t, "-90", m.Deferred.String())
	assert.Equal(t, "0", m.Recognized.String())
	assert.Equal(t, "360", m.Closing.String())
	lines := m.Journal("EUR")
	require.Len(t, lines, 2)
	assert.Equal(t, liability.ContractLiability, lines[0].Account)
	assert.Equal(t, "90", lines[0].Debit.String())
}

func TestWhatTheStateGetsIsNeverRevenue(t *testing.T) {
	for _, method := range []liability.Method{liability.Proportional, liability.Remote} {
		states := []liability.State{
			{Period: month(1), Deferred: dec("1000"), Issued: dec("1000"), Redeemed: dec("600"), Escheat: dec("150")},
			{Period: month(2), Deferred: dec("1000"), Issued: dec("1000"), Redeemed: dec("700"), Expired: dec("300"), Escheat: dec("150")},
			{Period: month(3), Deferred: dec("1000"), Issued: dec("1000"), Redeemed: dec("700"), Expired: dec("300"), Escheat: dec("150"), Remitted: dec("150")},
		}
		if method == liability.Proportional {
			for i := range states {
				states[i].Expected = dec("700")
			}
		}
		roll, err := liability.RollForward(liability.Policy{Method: method}, states)
		require.NoError(t, err)
		assert.Equal(t, "850", roll.Movements[1].Cumulative.String(), method)
		assert.Equal(t, "150", roll.Movements[1].Closing.String(), method)
		assert.Equal(t, "0", roll.Movements[2].Closing.String(), method)
		assert.Equal(t, "150", roll.Movements[2].Remitted.String(), method)
	}
}

func TestGiftCardsAreNeverMoreThanWhatWasPaid(t *testing.T) {
	policy := liability.Policy{Method: liability.Proportional}
	p := liability.Prepaid{Paid: dec("1000"), Redeemed: dec("950"), Breakage: dec("0.1")}
	got, err := liability.GiftCards(policy, p)
	require.NoError(t, err)
	assert.Equal(t, "1000", got.Revenue.String())
	p.Redeemed, p.Expired = dec("500"), dec("500")
	got, err = liability.GiftCards(policy, p)
	require.NoError(t, err)
	assert.Equal(t, "0", got.Liability.String(), "what expired is owed no more")
	_, err = liability.GiftCards(liability.Policy{Method: liability.Remote}, p)
	assert.ErrorIs(t, err, kpi.ErrInvalid, "an estimate has no place in that method")
	p.Breakage = dec("1.5")
	_, err = liability.GiftCards(liability.Policy{Method: "hope", Step: dec("-1")}, p)
	assert.Len(t, err, 3)
}

func TestStatesThatCannotBeAreRefused(t *testing.T) {
	good := liability.State{Period: month(1), Deferred: dec("90"), Issued: dec("100"), Redeemed: dec("30"), Expected: dec("80")}
	policy := liability.Policy{Method: liability.Proportional}
	for name, change := range map[string]func(*liability.State){
		"a negative amount":            func(s *liability.State) { s.Deferred = dec("-1") },
		"an absurd amount":             func(s *liability.State) { s.Deferred = decimal.New(1, 1_000_000_000) },
		"more redeemed than issued":    func(s *liability.State) { s.Redeemed = dec("101") },
		"fewer expected than redeemed": func(s *liability.State) { s.Expected = dec("29") },
		"more expected than can be":    func(s *liability.State) { s.Expired, s.Expected = dec("30"), dec("71") },
		"none expected":                func(s *liability.State) { s.Redeemed, s.Expected = dec("0"), dec("0") },
		"more escheat than deferred":   func(s *liability.State) { s.Escheat = dec("91") },
		"escheat of what is expected":  func(s *liability.State) { s.Escheat = dec("18.01") },
		"remitted without escheat":     func(s *liability.State) { s.Remitted = dec("1") },
		"a rule of the other method":   func(s *liability.State) { s.Remote = dec("1") },
		"deferred for no points":       func(s *liability.State) { *s = liability.State{Period: s.Period, Deferred: dec("1")} },
		"no period":                    func(s *liability.State) { s.Period = kpi.Period{} },
	} {
		bad := good
		change(&bad)
		_, err := liability.RollForward(policy, []liability.State{bad})
		assert.ErrorIs(t, err, kpi.ErrInvalid, name)
	}
	later := good
	later.Period = month(3)
	_, err := liability.RollForward(policy, []liability.State{good, later})
	assert.EqualError(t, err, "states[1].period: must start where the one before ends, at 2027-02-01T00:00:00Z")
	_, err = liability.RollForward(liability.Policy{}, nil)
	assert.ErrorIs(t, err, kpi.ErrInvalid, "the method must be chosen")
}

func TestCohortsThatDoNotFitAreNotAddedUp(t *testing.T) {
	policy := liability.Policy{Method: liability.Remote}
	roll := func(states ...liability.State) liability.Roll {
		got, err := liability.RollForward(policy, states)
		require.NoError(t, err)
		return got
	}
	owed := liability.State{Period: month(1), Deferred: dec("10"), Issued: dec("10")}
	_, err := liability.Total(roll(owed), roll(liability.State{Period: month(2)}))
	assert.EqualError(t, err, "rolls[0].movements: end with 10 owed before the last period ends")
	quarter := kpi.Period{Start: month(1).Start, End: month(3).End}
	_, err = liability.Total(roll(owed), roll(liability.State{Period: quarter}))
	assert.ErrorIs(t, err, kpi.ErrInvalid, "a month and a quarter")
	other, err := liability.RollForward(liability.Policy{Method: liability.Remote, Currency: "USD"}, []liability.State{owed})
	require.NoError(t, err)
	_, err = liability.Total(roll(owed), other)
	assert.ErrorIs(t, err, kpi.ErrInvalid, "two currencies")
	none, err := liability.Total()
	require.NoError(t, err)
	assert.Empty(t, none.Movements)
}

func TestASaleIsSplitToTheCent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cents := func(what string) decimal.Decimal {
			return decimal.New(rapid.Int64Range(0, 1_000_000).Draw(t, what), -2)
		}
		sale := liability.Sale{
			Price: cents("price"), Goods: cents("goods").Add(dec("0.01")), Points: cents("points").Floor(),
			PointValue: dec("0.01"), Redemption: decimal.New(rapid.Int64Range(0, 100).Draw(t, "rate"), -2),
		}
		a, err := liability.Allocate(sale, decimal.Zero)
		require.NoError(t, err)
		require.True(t, a.Goods.Add(a.Points).Equal(sale.Price))
		require.False(t, a.Goods.IsNegative() || a.Points.IsNegative())
		sum := decimal.Zero
		for _, line := range a.Journal(month(1), "EUR") {
			sum = sum.Add(line.Debit)
		}
		require.True(t, sum.Equal(sale.Price))
	})
	_, err := liability.Allocate(liability.Sale{Price: dec("5")}, decimal.Zero)
	assert.ErrorIs(t, err, kpi.ErrInvalid, "nothing to split the price by")
	_, err = liability.Allocate(liability.Sale{Price: dec("-5"), Redemption: dec("2")}, dec("-1"))
	assert.Len(t, err, 3)
	free, err := liability.Allocate(liability.Sale{}, decimal.Zero)
	require.NoError(t, err)
	assert.True(t, free.Points.IsZero())
}

func TestACostAccrualRefusesARateThatFactsRefute(t *testing.T) {
	_, err := liability.CostAccrual(kpi.PointCounts{Issued: 10, Redeemed: 9}, dec("0.5"), dec("0.01"), "EUR")
	assert.ErrorIs(t, err, kpi.ErrInvalid)
	_, err = liability.CostAccrual(kpi.PointCounts{Issued: 10}, dec("0.5"), dec("-1"), "EUR")
	assert.ErrorIs(t, err, kpi.ErrInvalid)
}
