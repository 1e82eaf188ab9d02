package liability_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/liability"
)

// rolled rolls states of the months of a year forward.
func rolled(t *testing.T, method liability.Method, states ...liability.State) []liability.Movement {
	t.Helper()
	for i := range states {
		states[i].Period = month(1)
		states[i].Period = kpi.Period{Start: month(1).Start.AddDate(0, i, 0), End: month(1).Start.AddDate(0, i+1, 0), Zone: month(1).Zone}
	}
	roll, err := liability.RollForward(liability.Policy{Method: method, Currency: "EUR"}, states)
	require.NoError(t, err)
	return roll.Movements
}

// Of 1,000 points for 1,000 euros 400 are redeemed, 100 have expired and 50 are remote.
func TestRemoteBreakageIsThatOfPointsThatExpiredOrAreRemote(t *testing.T) {
	state := func(escheat string) liability.State {
		return liability.State{Deferred: dec("1000"), Issued: dec("1000"), Redeemed: dec("400"), Expired: dec("100"), Remote: dec("50"), Escheat: dec(escheat)}
	}
	for _, c := range []struct{ escheat, revenue, breakage, why string }{
		{"0", "550", "150", "what was redeemed, what expired and what is remote"},
		{"30", "520", "120", "but not what the state gets of that"},
		{"200", "400", "0", "the state gets more than has broken: no breakage, and none is taken from what was redeemed"},
	} {
		m := rolled(t, liability.Remote, state(c.escheat))[0]
		assert.Equal(t, c.revenue, m.Recognized.String(), c.why)
		assert.Equal(t, c.breakage, m.Breakage.String(), c.why)
		assert.Equal(t, dec("1000").Sub(m.Recognized).String(), m.Closing.String(), c.why)
	}
}

// Of 1,000 points for 1,000 euros 600 are expected to be redeemed, and 300 are.
func TestProportionalBreakageIsTheShareOfWhatMayBecomeRevenue(t *testing.T) {
	m := rolled(t, liability.Proportional,
		liability.State{Deferred: dec("1000"), Issued: dec("1000"), Redeemed: dec("300"), Expected: dec("600"), Escheat: dec("100")},
		liability.State{Deferred: dec("1000"), Issued: dec("1000"), Redeemed: dec("450"), Expected: dec("600"), Escheat: dec("100")},
	)
	assert.Equal(t, "450", m[0].Recognized.String(), "half of 900, not of 1,000")
	assert.Equal(t, "150", m[0].Breakage.String(), "beyond the 300 of the redeemed points")
	assert.Equal(t, "225", m[1].Recognized.String())
	assert.Equal(t, "75", m[1].Breakage.String(), "of this month alone")
	assert.Equal(t, "0", m[1].CatchUp.String())
}

func TestACatchUpIsOfWhatMayBecomeRevenueAndAtMostAllOfIt(t *testing.T) {
	m := rolled(t, liability.Proportional,
		liability.State{Deferred: dec("1000"), Issued: dec("1000"), Redeemed: dec("300"), Expected: dec("600"), Escheat: dec("100")},
		liability.State{Deferred: dec("1000"), Issued: dec("1000"), Redeemed: dec("300"), Expected: dec("500"), Escheat: dec("100")},
	)
	assert.Equal(t, "90", m[1].CatchUp.String(), "900 × 300/500 less 900 × 300/600")
	assert.Equal(t, "90", m[1].Recognized.String())

	m = rolled(t, liability.Proportional,
		liability.State{Deferred: dec("1000"), Issued: dec("1000"), Redeemed: dec("500"), Expected: dec("600")},
		liability.State{Deferred: dec("2000"), Issued: dec("2000"), Redeemed: dec("500"), Expected: dec("800")},
	)
	assert.Equal(t, "833.33", m[0].Cumulative.String())
	assert.Equal(t, "166.67", m[1].CatchUp.String(), "of 1,000 points 400 would now be expected, and 500 are redeemed: all of the 1,000 euros")
	assert.Equal(t, "416.67", m[1].Recognized.String())

	m = rolled(t, liability.Proportional,
		liability.State{Deferred: dec("100"), Issued: dec("100"), Redeemed: dec("60"), Expired: dec("40"), Expected: dec("60")},
		liability.State{Deferred: dec("200"), Issued: dec("200"), Redeemed: dec("60"), Expired: dec("40"), Expected: dec("150")},
	)
	assert.Equal(t, "0", m[1].CatchUp.String(), "nothing was outstanding, so that nothing was estimated")
}

// A third of a cent: what is rounded up is not taken from what the state gets.
func TestRoundingTakesNothingFromTheState(t *testing.T) {
	for _, method := range []liability.Method{liability.Proportional, liability.Remote} {
		s := liability.State{Deferred: dec("1"), Issued: dec("3"), Redeemed: dec("2"), Escheat: dec("0.3333")}
		if method == liability.Proportional {
			s.Expected = dec("2")
		}
		m := rolled(t, method, s)[0]
		assert.Equal(t, "0.6667", m.Recognized.String(), method)
		assert.Equal(t, "0", m.Breakage.String(), method)
		assert.Equal(t, "0.3333", m.Closing.String(), method)
	}
}

func TestWhatIsRemittedMovesOnceAndIsOwedNoMore(t *testing.T) {
	s := liability.State{Deferred: dec("1000"), Issued: dec("1000"), Redeemed: dec("700"), Expired: dec("300"), Escheat: dec("150")}
	some, all := s, s
	some.Remitted, all.Remitted = dec("100"), dec("150")
	m := rolled(t, liability.Remote, s, some, all, all)
	for i, want := range []struct{ opening, remitted, closing string }{{"0", "0", "150"}, {"150", "100", "50"}, {"50", "50", "0"}, {"0", "0", "0"}} {
		assert.Equal(t, want.opening, m[i].Opening.String(), "month %d", i+1)
		assert.Equal(t, want.remitted, m[i].Remitted.String(), "month %d", i+1)
		assert.Equal(t, want.closing, m[i].Closing.String(), "month %d", i+1)
	}
	_, err := liability.RollForward(liability.Policy{Method: liability.Remote}, []liability.State{
		{Period: month(1), Deferred: dec("10"), Issued: dec("10"), Expired: dec("10"), Escheat: dec("5"), Remitted: dec("5")},
		{Period: month(2), Deferred: dec("10"), Issued: dec("10"), Expired: dec("10"), Escheat: dec("5"), Remitted: dec("4")},
	})
	require.EqualError(t, err, "states[1].remitted: must be at least the 5 of the period before, is 4")
}

func TestEachLineOfAJournalNamesItsAccountsAndReason(t *testing.T) {
	m := liability.Movement{Period: month(3), Deferred: dec("100"), Recognized: dec("60"), CatchUp: dec("-15"), Remitted: dec("7")}
	type line struct {
		account       liability.Account
		debit, credit string
		reason        liability.Reason
	}
	told := func(journal []liability.Line) (got []line) {
		for _, l := range journal {
			assert.Equal(t, month(3), l.Period)
			assert.Equal(t, "EUR", l.Currency)
			got = append(got, line{l.Account, l.Debit.String(), l.Credit.String(), l.Reason})
		}
		return got
	}
	assert.Equal(t, []line{
		{liability.Consideration, "100", "0", liability.ReasonDeferral},
		{liability.ContractLiability, "0", "100", liability.ReasonDeferral},
		{liability.ContractLiability, "75", "0", liability.ReasonRecognition},
		{liability.PointsRevenue, "0", "75", liability.ReasonRecognition},
		{liability.PointsRevenue, "15", "0", liability.ReasonChangeInEstimate},
		{liability.ContractLiability, "0", "15", liability.ReasonChangeInEstimate},
		{liability.ContractLiability, "7", "0", liability.ReasonRemittance},
		{liability.UnclaimedProperty, "0", "7", liability.ReasonRemittance},
	}, told(m.Journal("EUR")))
	a := liability.Allocation{Goods: dec("91.32"), Points: dec("8.68")}
	assert.Equal(t, []line{
		{liability.Consideration, "91.32", "0", liability.ReasonSale},
		{liability.SalesRevenue, "0", "91.32", liability.ReasonSale},
		{liability.Consideration, "8.68", "0", liability.ReasonSale},
		{liability.ContractLiability, "0", "8.68", liability.ReasonSale},
	}, told(a.Journal(month(3), "EUR")))
}

// The books of two cohorts are those of each, added up part by part.
func TestEveryPartOfATotalIsTheSumOfItsCohorts(t *testing.T) {
	policy := liability.Policy{Method: liability.Proportional, Currency: "EUR"}
	first, err := liability.RollForward(policy, []liability.State{
		{Period: month(1), Deferred: dec("1000"), Issued: dec("1000"), Redeemed: dec("300"), Expected: dec("600"), Escheat: dec("100"), Remitted: dec("10")},
		{Period: month(2), Deferred: dec("1000"), Issued: dec("1000"), Redeemed: dec("350"), Expected: dec("500"), Escheat: dec("100"), Remitted: dec("30")},
	})
	require.NoError(t, err)
	second, err := liability.RollForward(policy, []liability.State{
		{Period: month(2), Deferred: dec("77"), Issued: dec("90"), Redeemed: dec("20"), Expected: dec("70")},
		{Period: month(3), Deferred: dec("77"), Issued: dec("90"), Redeemed: dec("70"), Expired: dec("20"), Expected: dec("70")},
	})
	require.NoError(t, err)
	last, err := liability.RollForward(policy, []liability.State{
		{Period: month(1), Deferred: dec("5"), Issued: dec("5"), Redeemed: dec("5"), Expected: dec("5")},
	})
	require.NoError(t, err)
	first.Movements = append(first.Movements, liability.Movement{Period: month(3), Opening: first.Movements[1].Closing, Closing: first.Movements[1].Closing})
	total, err := liability.Total(first, second, last)
	require.NoError(t, err)
	require.Len(t, total.Movements, 3)
	m := total.Movements[1]
	a, b := first.Movements[1], second.Movements[0]
	assert.Equal(t, month(2), m.Period)
	for name, parts := range map[string][3]string{
		"opening":    {m.Opening.String(), a.Opening.Add(b.Opening).String(), "540"},
		"deferred":   {m.Deferred.String(), a.Deferred.Add(b.Deferred).String(), "77"},
		"recognized": {m.Recognized.String(), a.Recognized.Add(b.Recognized).String(), "202"},
		"remitted":   {m.Remitted.String(), a.Remitted.Add(b.Remitted).String(), "20"},
		"closing":    {m.Closing.String(), a.Closing.Add(b.Closing).String(), "395"},
		"catch-up":   {m.CatchUp.String(), a.CatchUp.Add(b.CatchUp).String(), "90"},
		"breakage":   {m.Breakage.String(), a.Breakage.Add(b.Breakage).String(), "134.89"},
	} {
		assert.Equal(t, parts[1], parts[0], name)
		assert.Equal(t, parts[2], parts[0], name)
	}
	assert.Equal(t, "657", m.Cumulative.String(), "455 of January and 202")

	half := month(2)
	half.Start = half.Start.AddDate(0, 0, 14)
	_, err = liability.Total(
		liability.Roll{Policy: policy, Movements: []liability.Movement{{Period: month(2)}}},
		liability.Roll{Policy: policy, Movements: []liability.Movement{{Period: half}}},
	)
	require.ErrorIs(t, err, kpi.ErrInvalid)
	require.ErrorContains(t, err, "overlap")
}

func TestTheFieldThatCannotBeIsNamed(t *testing.T) {
	good := liability.State{Period: month(1), Deferred: dec("100"), Issued: dec("100"), Redeemed: dec("60"), Expired: dec("10"), Remote: dec("5")}
	for field, change := range map[string]func(*liability.State){
		"expired":  func(s *liability.State) { s.Expired, s.Remote = dec("40.5"), dec("0") },
		"remote":   func(s *liability.State) { s.Remote = dec("30.5") },
		"escheat":  func(s *liability.State) { s.Escheat = dec("40.01") },
		"remitted": func(s *liability.State) { s.Escheat, s.Remitted = dec("3"), dec("4") },
		"expected": func(s *liability.State) { s.Expected = dec("60") },
	} {
		bad := good
		change(&bad)
		_, err := liability.RollForward(liability.Policy{Method: liability.Remote}, []liability.State{bad})
		require.ErrorIs(t, err, kpi.ErrInvalid, field)
		require.ErrorContains(t, err, "states[0]."+field+": ", field)
	}
}

func TestRoundingNeverMakesMoreRevenueThanWasDeferred(t *testing.T) {
	m := rolled(t, liability.Remote, liability.State{Deferred: dec("0.015"), Issued: dec("3000"), Redeemed: dec("1000"), Expired: dec("1001")})[0]
	assert.Equal(t, "0.015", m.Recognized.String(), "half a cent and half a cent, each rounded up")
	assert.Equal(t, "0", m.Closing.String())
}

func TestGiftCardsThatAreRemoteAreRevenueAndWhatTheStateGetsIsOwed(t *testing.T) {
	p := liability.Prepaid{Paid: dec("1000"), Redeemed: dec("400"), Expired: dec("100"), Remote: dec("50"), Escheat: dec("30"), Remitted: dec("20")}
	got, err := liability.GiftCards(liability.Policy{Method: liability.Remote, Currency: "EUR"}, p)
	require.NoError(t, err)
	assert.Equal(t, "520", got.Revenue.String())
	assert.Equal(t, "120", got.Breakage.String())
	assert.Equal(t, "460", got.Liability.String(), "1,000 less the revenue and the 20 that were remitted")
	assert.Equal(t, "EUR", got.Policy.Currency)
}
