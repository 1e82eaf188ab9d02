package referral_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/referral"
	"github.com/loyaltykit/loyaltykit/points"
)

func TestBothAreRewardedOnceTheOrderWasKept(t *testing.T) {
	s := openShop(t, nil, "anna", "ben")
	code := s.code("anna")
	typed := strings.ToLower(code[:4]) + "-" + code[4:]
	holder, err := s.Find(t.Context(), typed)
	require.NoError(t, err)
	require.Equal(t, "anna", holder)
	accepted := s.is(s.accept("ben", holder, typed))
	require.Equal(t, "waits for an order before 2027-03-31T08:00:00Z", accepted.String(), "30 days of Vienna, where the clocks went forward")
	require.Zero(t, s.beans("anna")+s.beans("ben"), "nothing is given for a sign-up")
	s.days(3)
	s.buys("ben", "1001", "25.00")
	counts, err := s.Ordered(t.Context(), "ben", "1001", "EUR", s.now)
	require.NoError(t, err)
	require.True(t, counts)
	require.Equal(t, both(referral.Qualified), s.sides("ben", "anna"))
	s.now = time.Date(2027, time.March, 18, 8, 59, 59, 0, time.UTC)
	require.Zero(t, s.RunDue())
	review := referral.Review{Member: "ben", Key: "early", Referrer: "anna"}
	s.refused(review, referral.ErrNotDue)
	s.now = time.Date(2027, time.March, 18, 9, 0, 0, 0, time.UTC)
	require.Equal(t, referral.Done{Reviewed: 1, Paid: 1}, s.RunDue())
	require.EqualValues(t, 225, s.beans("ben"))
	require.EqualValues(t, 500, s.beans("anna"))
	require.Equal(t, both(referral.Paid), s.sides("ben", "anna"))
	s.days(100)
	require.Zero(t, s.RunDue())
	s.refused(referral.Pay{Member: "anna", Key: "again", Friend: "ben"}, referral.ErrNotDue)
	s.refused(referral.Pay{Member: "ben", Key: "again", Friend: "ben", AsFriend: true}, referral.ErrNotDue)
	s.refused(referral.Pay{Member: "ben", Key: "again", Friend: "ben"}, referral.ErrNoReferral)
	s.refused(review, referral.ErrNotDue)
	m, err := s.Member(t.Context(), "anna")
	require.NoError(t, err)
	require.EqualValues(t, 1, m.Balance("referral-made").Counted, "it counts for tiers")
	for r, err := range s.Made(t.Context(), "anna") {
		require.NoError(t, err)
		require.Equal(t, "paid 500 bean 1 referral-made", r.String())
		require.Empty(t, r.Order, "what the friend bought is not the referrer's to know")
	}
	s.verify()
}

func TestTheRulesOfTheProgramSayWhatAReferrerGets(t *testing.T) {
	friends := []string{"f1", "f2", "f3", "f4", "f5", "f6"}
	s := openShop(t, nil, append(friends, "anna")...)
	code := s.code("anna")
	for _, friend := range friends {
		s.must(s.accept(friend, "anna", code))
		s.buys(friend, "of "+friend, "20.00")
		s.must(s.qualify(friend, "anna", "of "+friend))
	}
	s.days(14)
	require.Equal(t, referral.Done{Reviewed: 6, Paid: 6}, s.RunDue())
	require.EqualValues(t, 2500, s.beans("anna"), "five times a year")
	for _, friend := range friends {
		require.EqualValues(t, 220, s.beans(friend))
	}
	s.verify()
}

func TestAnOrderThatDoesNotCountIsRefused(t *testing.T) {
	s := openShop(t, nil, "anna", "ben", "cleo")
	s.buys("ben", "before", "50.00")
	s.days(1)
	s.refers("anna", "ben")
	early := s.qualify("ben", "anna", "before")
	require.Contains(t, s.refused(early, referral.ErrOrder), "it earned before the code was accepted")
	early.OccurredAt = opening
	require.Contains(t, s.refused(early, referral.ErrOrder), "placed before the code was accepted")
	require.Contains(t, s.refused(s.qualify("ben", "anna", "unpaid"), referral.ErrOrder), "it earned nothing")
	s.buys("cleo", "of cleo", "50.00")
	s.refused(s.qualify("ben", "anna", "of cleo"), referral.ErrOrder)
	s.buys("ben", "small", "19.99")
	require.Contains(t, s.refused(s.qualify("ben", "anna", "small"), referral.ErrOrder), "19.99 EUR of it count")
	s.buys("ben", "part", "25.00")
	s.must(loyalty.Refund{Member: "ben", Key: "part", Order: "part", Amount: money("5.01")})
	require.Contains(t, s.refused(s.qualify("ben", "anna", "part"), referral.ErrOrder), "19.99 EUR of it count")
	francs := order("francs", "100.00")
	francs.Currency = "CHF"
	s.must(loyalty.Earn{Member: "ben", Key: "francs", Order: francs})
	swiss := s.qualify("ben", "anna", "francs")
	swiss.Currency = "CHF"
	s.refused(swiss, referral.ErrOrder)
	gift := order("gift", "100.00")
	gift.Lines[0].StoredValue = true
	s.must(loyalty.Earn{Member: "ben", Key: "gift", Order: gift})
	require.Contains(t, s.refused(s.qualify("ben", "anna", "gift"), referral.ErrOrder), "0 EUR of it count")
	counts, err := s.Ordered(t.Context(), "ben", "small", "EUR", s.now)
	require.NoError(t, err)
	require.False(t, counts)
	s.now = time.Date(2027, time.April, 1, 7, 59, 59, 0, time.UTC)
	s.buys("ben", "last", "20.00")
	late := s.qualify("ben", "anna", "last")
	s.days(20)
	s.refused(late, referral.ErrOrder)
	late.OccurredAt = time.Date(2027, time.April, 1, 7, 59, 59, 0, time.UTC)
	require.Equal(t, referral.Qualified, s.is(late).State, "told late, ordered in time")
	s.verify()
}

func TestDatesAreThoseOfTheZone(t *testing.T) {
	s := openShop(t, func(s *shop) {
		s.terms.OrderWithin, s.terms.CoolingOff = points.Span{N: 1, Unit: points.Months}, points.Span{N: 1, Unit: points.Years}
		s.now = time.Date(2028, time.January, 31, 22, 30, 0, 0, time.UTC)
	}, "anna", "ben")
	require.Equal(t, time.Date(2028, time.February, 29, 22, 30, 0, 0, time.UTC), s.refers("anna", "ben").Until, "31 January and a month")
	s.now = time.Date(2028, time.February, 29, 22, 29, 0, 0, time.UTC)
	s.buys("ben", "1001", "20.00")
	qualified := s.is(s.qualify("ben", "anna", "1001"))
	require.Equal(t, time.Date(2029, time.February, 28, 22, 29, 0, 0, time.UTC), qualified.PayAt, "29 February and a year")
}

func TestACodeIsOneMembersAndNobodyElses(t *testing.T) {
	s := openShop(t, func(s *shop) { s.terms.Prefix, s.terms.Length = "BEAN", 14 }, "anna", "ben", "cleo")
	issue := referral.Issue{Member: "anna", Key: "code"}
	code, err := referral.CodeOf(s.must(issue))
	require.NoError(t, err)
	require.Regexp(t, `^BEAN[2-9A-HJKMNP-Z]{10}$`, code.Code)
	require.True(t, s.must(issue).Replayed)
	issue.Key = "another"
	s.refused(issue, referral.ErrCodeTaken)
	s.must(referral.Issue{Member: "ben", Key: "own", Code: "ben-loves-10"})
	holder, err := s.Find(t.Context(), "BEN1OVES IO")
	require.NoError(t, err)
	require.Equal(t, "ben", holder, "0 is read for O, and 1 for I or L")
	s.refused(referral.Issue{Member: "cleo", Key: "own", Code: "BENLOVES1O"}, referral.ErrCodeTaken)
	shown, err := s.Code(t.Context(), "ben")
	require.NoError(t, err)
	require.Equal(t, referral.Code{Code: "BEN-LOVES-10", Since: opening}, shown)
	issue.Replace = true
	replaced, err := referral.CodeOf(s.must(issue))
	require.NoError(t, err)
	s.refused(s.accept("cleo", "anna", code.Code), referral.ErrCode)
	s.refused(s.accept("cleo", "ben", replaced.Code), referral.ErrCode)
	s.must(s.accept("cleo", "anna", replaced.Code))
	s.must(referral.Revoke{Member: "anna", Key: "revoke"})
	s.refused(referral.Revoke{Member: "anna", Key: "twice"}, referral.ErrCode)
	_, err = s.Code(t.Context(), "anna")
	require.ErrorIs(t, err, referral.ErrCode)
	_, err = s.Find(t.Context(), replaced.Code)
	require.ErrorIs(t, err, referral.ErrCode)
	s.buys("cleo", "1001", "20.00")
	require.Equal(t, referral.Qualified, s.is(s.qualify("cleo", "anna", "1001")).State, "what was accepted goes on")
	s.verify()
}
