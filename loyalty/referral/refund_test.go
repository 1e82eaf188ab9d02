package referral_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/referral"
	"github.com/loyaltykit/loyaltykit/points"
)

// ordered is a shop where ben, whom anna referred, has ordered for 30 euros.
func ordered(t *testing.T, change func(*shop)) *shop {
	t.Helper()
	s := openShop(t, change, "anna", "ben")
	s.refers("anna", "ben")
	s.buys("ben", "1001", "30.00")
	s.must(s.qualify("ben", "anna", "1001"))
	return s
}

// returns takes an amount of the order back, and tells it.
func (s *shop) returns(amount string) bool {
	s.t.Helper()
	s.must(loyalty.Refund{Member: "ben", Key: s.key(), Order: "1001", Amount: money(amount)})
	changed, err := s.Returned(s.t.Context(), "ben", "1001")
	require.NoError(s.t, err)
	return changed
}

func TestAReturnWithinTheCoolingOffWithdrawsBothSides(t *testing.T) {
	s := ordered(t, nil)
	s.days(13)
	require.False(t, s.returns("10.00"), "20.00 are left, which is enough")
	require.Equal(t, both(referral.Qualified), s.sides("ben", "anna"))
	require.True(t, s.returns("0.01"))
	require.Equal(t, both(referral.Withdrawn), s.sides("ben", "anna"))
	s.refused(s.qualify("ben", "anna", "1001"), referral.ErrOrder)
	s.days(1)
	require.Zero(t, s.RunDue())
	s.buys("ben", "1002", "20.00")
	s.must(s.qualify("ben", "anna", "1002"))
	require.Equal(t, both(referral.Qualified), s.sides("ben", "anna"), "another order counts")
	s.days(14)
	require.Equal(t, referral.Done{Reviewed: 1, Paid: 1}, s.RunDue())
	require.EqualValues(t, 500, s.beans("anna"))
	s.verify()
}

func TestAReturnThatNobodyToldIsSeenWhenItIsDecided(t *testing.T) {
	s := ordered(t, nil)
	s.must(loyalty.Refund{Member: "ben", Key: "refund", Order: "1001", Full: true})
	s.days(14)
	require.Equal(t, referral.Done{Reviewed: 1}, s.RunDue())
	require.Equal(t, both(referral.Withdrawn), s.sides("ben", "anna"))
	require.Zero(t, s.beans("anna")+s.beans("ben"))
	s.days(17)
	require.Equal(t, both(referral.Lapsed), s.sides("ben", "anna"))
	s.verify()
}

func TestAReturnAfterTheCoolingOffChangesNothingUnlessTheOfferClawsBack(t *testing.T) {
	for _, back := range []bool{false, true} {
		s := ordered(t, func(s *shop) { s.terms.ClawBack = back })
		s.days(14)
		require.Equal(t, referral.Done{Reviewed: 1, Paid: 1}, s.RunDue())
		require.EqualValues(t, 230, s.beans("ben"))
		require.Equal(t, back, s.returns("30.00"))
		if !back {
			require.Equal(t, both(referral.Paid), s.sides("ben", "anna"))
			require.EqualValues(t, 200, s.beans("ben"))
			require.EqualValues(t, 500, s.beans("anna"))
			continue
		}
		require.Equal(t, []referral.State{referral.Reversed, referral.Revoked}, s.sides("ben", "anna"))
		require.Zero(t, s.beans("ben"))
		require.Equal(t, referral.Done{Paid: 1}, s.RunDue())
		require.Equal(t, both(referral.Reversed), s.sides("ben", "anna"))
		require.Zero(t, s.beans("anna"))
		m, err := s.Member(t.Context(), "anna")
		require.NoError(t, err)
		require.Zero(t, m.Balance("referral-made").Counted, "nor does it count for tiers")
		require.Zero(t, s.RunDue())
		s.verify()
	}
}

func TestAReturnBetweenTheTwoPaymentsIsSeenByBoth(t *testing.T) {
	for _, back := range []bool{false, true} {
		s := ordered(t, func(s *shop) { s.terms.ClawBack = back })
		s.days(14)
		s.must(referral.Review{Member: "ben", Key: "review", Referrer: "anna"})
		require.Equal(t, []referral.State{referral.Paid, referral.Cleared}, s.sides("ben", "anna"))
		require.Equal(t, back, s.returns("30.00"))
		s.RunDue()
		if back {
			require.Equal(t, []referral.State{referral.Reversed, referral.Denied}, s.sides("ben", "anna"))
			require.Zero(t, s.beans("anna")+s.beans("ben"))
		} else {
			require.EqualValues(t, 500, s.beans("anna"))
		}
		s.verify()
	}
}

func TestARewardThatIsPendingIsTakenBack(t *testing.T) {
	for _, debt := range []loyalty.DebtPolicy{loyalty.RefuseDebt, loyalty.AllowDebt} {
		for _, merged := range []bool{false, true} {
			s := ordered(t, func(s *shop) {
				s.program.Debt, s.terms.ClawBack = debt, true
				s.program.Units = slices.Clone(s.program.Units)
				s.program.Units[0].Pending = points.For(10, points.Days)
			})
			s.days(14)
			require.Equal(t, referral.Done{Reviewed: 1, Paid: 1}, s.RunDue())
			s.buys("anna", "1002", "40.00")
			who := "anna"
			if merged {
				who = "anna-2"
				s.must(loyalty.Enroll{Member: who, Key: "signup"})
				s.must(loyalty.Merge{Member: who, Key: "merge", From: "anna"})
			}
			require.True(t, s.returns("30.00"))
			require.Equal(t, referral.Done{Paid: 1}, s.RunDue())
			require.Zero(t, s.beans("ben"))
			m, err := s.Member(t.Context(), who)
			require.NoError(t, err)
			require.Equal(t, points.Balance{Unit: "bean", Pending: 40}, m.Balance("bean"), "the order's own are left")
			s.verify()
		}
	}
}

func TestWhatCannotBeTakenBackIsOnTheReceipt(t *testing.T) {
	s := ordered(t, nil)
	s.days(14)
	s.RunDue()
	s.must(loyalty.Spend{Member: "ben", Key: "spend", Unit: "bean", Points: 100})
	receipt := s.must(referral.Deny{Member: "ben", Key: "deny", Referrer: "anna", Reason: "a false name", Actor: "mia"})
	require.Equal(t, []loyalty.Shortfall{{Unit: "bean", Amount: 70}}, receipt.Shortfalls)
	require.Zero(t, s.beans("ben"))
	s.verify()
}

func TestAReferralThatIsTakenBackCountsNoMoreInThePeriodInWhichItCounted(t *testing.T) {
	s := ordered(t, func(s *shop) { s.terms.ClawBack = true })
	s.days(14)
	s.RunDue()
	paid := s.now
	s.days(400)
	require.True(t, s.returns("30.00"))
	s.RunDue()
	counted := map[string]points.Amount{}
	for op, err := range s.History(t.Context(), "anna") {
		require.NoError(t, err)
		for _, entry := range op.Entries {
			if entry.Unit == "referral-made" {
				day := entry.OccurredAt.Format(time.DateOnly)
				if entry.To == points.Counted {
					counted[day] += entry.Amount
				} else {
					counted[day] -= entry.Amount
				}
			}
		}
	}
	require.Equal(t, map[string]points.Amount{paid.Format(time.DateOnly): 0}, counted)
	s.verify()
}

func TestWhatIsTakenBackAndSpentIsOwedWhereTheProgramAllowsIt(t *testing.T) {
	for debt, want := range map[loyalty.DebtPolicy]points.Amount{loyalty.RefuseDebt: 0, loyalty.AllowDebt: -450} {
		s := ordered(t, func(s *shop) { s.program.Debt = debt })
		s.days(14)
		s.RunDue()
		s.must(loyalty.Spend{Member: "anna", Key: "spend", Unit: "bean", Points: 450})
		deny := referral.Deny{Member: "ben", Key: "deny", Referrer: "anna", Reason: "a false name", Actor: "mia"}
		require.Equal(t, "reversed: support", s.is(deny).String())
		require.EqualValues(t, 30, s.beans("ben"), "the order is theirs")
		s.RunDue()
		require.Equal(t, both(referral.Reversed), s.sides("ben", "anna"))
		require.Equal(t, want, s.beans("anna"))
		deny.Key = "again"
		s.refused(deny, referral.ErrNoReferral)
		s.verify()
	}
}

func TestSupportEndsAReferralBeforeItIsPaid(t *testing.T) {
	s := ordered(t, nil)
	s.must(referral.Deny{Member: "ben", Key: "deny", Referrer: "anna", Reason: "a false name", Actor: "mia"})
	require.Equal(t, both(referral.Denied), s.sides("ben", "anna"))
	s.days(14)
	require.Zero(t, s.RunDue())
	s.refused(s.qualify("ben", "anna", "1001"), referral.ErrNoReferral)
	require.Zero(t, s.beans("anna"))
	s.verify()
}

func TestLaterTermsChangeNothingOfWhatWasPromised(t *testing.T) {
	s := ordered(t, nil)
	s.terms.Minimum[0].Amount, s.terms.CoolingOff.N = money("1000"), 100
	s.start()
	s.days(14)
	require.Equal(t, referral.Done{Reviewed: 1, Paid: 1}, s.RunDue())
	require.EqualValues(t, 500, s.beans("anna"))
	s.verify()
}

func TestAFriendWhoWasNewEnoughStaysSoByLaterTerms(t *testing.T) {
	s := openShop(t, nil, "anna", "ben")
	s.days(30)
	s.refers("anna", "ben")
	s.buys("ben", "1001", "30.00")
	s.must(s.qualify("ben", "anna", "1001"))
	s.terms.New = points.Span{N: 7, Unit: points.Days}
	s.start()
	s.days(14)
	require.Equal(t, referral.Done{Reviewed: 1, Paid: 1}, s.RunDue())
	require.Equal(t, both(referral.Paid), s.sides("ben", "anna"))
}

func TestAnOrderThatCameBackIsToldAgain(t *testing.T) {
	s := openShop(t, nil, "anna", "ben")
	s.refers("anna", "ben")
	s.buys("ben", "1001", "30.00")
	for _, counts := range []bool{true, true, false, false} {
		if !counts {
			s.must(loyalty.Refund{Member: "ben", Key: "refund", Order: "1001", Full: true})
			_, err := s.Returned(t.Context(), "ben", "1001")
			require.NoError(t, err)
			s.days(1)
		}
		said, err := s.Ordered(t.Context(), "ben", "1001", "EUR", s.now)
		require.NoError(t, err)
		require.Equal(t, counts, said)
	}
	require.Equal(t, both(referral.Withdrawn), s.sides("ben", "anna"))
}

func TestTheSameKeyAgainIsAReplay(t *testing.T) {
	s := openShop(t, nil, "anna", "ben")
	s.buys("anna", "1000", "5.00")
	accept := referral.Accept{Member: "ben", Key: "accept", Referrer: "anna", Code: "ANNA-BEANS", Fingerprints: []string{"card 1"}}
	for _, cmd := range []loyalty.Command{
		referral.Issue{Member: "anna", Key: "code", Code: "ANNA-BEANS"},
		accept,
		loyalty.Earn{Member: "ben", Key: "order", Order: order("1001", "25.00")},
		referral.Qualify{Member: "ben", Key: "qualify", Referrer: "anna", Order: "1001", Currency: "EUR"},
		referral.Review{Member: "ben", Key: "review", Referrer: "anna"},
		referral.Pay{Member: "anna", Key: "pay", Friend: "ben"},
		referral.Deny{Member: "ben", Key: "deny", Referrer: "anna", Reason: "a false name", Actor: "mia"},
		referral.Pay{Member: "anna", Key: "back", Friend: "ben"},
		referral.Revoke{Member: "anna", Key: "revoke"},
	} {
		if _, due := cmd.(referral.Review); due {
			s.days(14)
		}
		first := s.must(cmd)
		heads := s.heads()
		again := s.must(cmd)
		require.True(t, again.Replayed)
		again.Replayed = false
		require.Equal(t, first.String(), again.String())
		require.Equal(t, string(first.Result), string(again.Result))
		require.Equal(t, heads, s.heads())
	}
	accept.Code = "OTHER-CODE"
	s.refused(accept, loyalty.ErrKeyReused)
	require.EqualValues(t, 5, s.beans("anna"))
	require.EqualValues(t, 25, s.beans("ben"))
	s.verify()
}

func TestARewardIsExplainedByItsRule(t *testing.T) {
	s := ordered(t, nil)
	s.days(14)
	s.RunDue()
	for member, rule := range map[string]string{"anna": "made", "ben": "joined"} {
		rules := map[string]points.Amount{}
		for op, err := range s.History(t.Context(), member) {
			require.NoError(t, err)
			for _, entry := range op.Entries {
				rules[entry.Rule] += entry.Amount
			}
		}
		require.Equal(t, map[string]points.Amount{"made": 500, "joined": 200}[rule], rules[rule])
		explained, err := s.Explain(t.Context(), member, loyalty.Question{Unit: "bean"})
		require.NoError(t, err)
		require.Contains(t, explained.String(), rule)
	}
}
