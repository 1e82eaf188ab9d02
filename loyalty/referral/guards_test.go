package referral_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/referral"
	"github.com/loyaltykit/loyaltykit/points"
)

func TestNobodyRefersThemselves(t *testing.T) {
	t.Run("under the same id", func(t *testing.T) {
		s := openShop(t, nil, "anna")
		s.refused(s.accept("anna", "anna", s.code("anna")), referral.ErrSelf)
	})
	t.Run("under an id that was merged before", func(t *testing.T) {
		s := openShop(t, nil, "anna", "anna-2")
		code := s.code("anna")
		s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "anna-2"})
		s.refused(s.accept("anna-2", "anna", code), loyalty.ErrSameMember)
		s.refused(s.accept("anna", "anna-2", code), loyalty.ErrSameMember)
	})
	t.Run("with a card of the referrer's", func(t *testing.T) {
		s := openShop(t, nil, "anna", "ben")
		code := s.code("anna", "card 1", "phone 1")
		s.refused(s.accept("ben", "anna", code, "card 2", "phone 1"), referral.ErrSelf)
		s.must(s.accept("ben", "anna", code, "card 2"))
		s.buys("ben", "1001", "20.00")
		paid := s.qualify("ben", "anna", "1001")
		paid.Fingerprints = []string{"card 1"}
		s.refused(paid, referral.ErrSelf)
		paid.Fingerprints = []string{"card 2", "card 3"}
		s.must(paid)
	})
	t.Run("with a card by which the referrer came", func(t *testing.T) {
		s := openShop(t, nil, "anna", "ben", "cleo")
		s.must(s.accept("ben", "anna", s.code("anna"), "card 1"))
		s.refused(s.accept("cleo", "ben", s.code("ben"), "card 1"), referral.ErrSelf)
	})
}

func TestTwoWhoAreMergedEndTheirReferral(t *testing.T) {
	for name, merge := range map[string]loyalty.Merge{
		"the friend into the referrer": {Member: "anna", From: "ben"}, "the referrer into the friend": {Member: "ben", From: "anna"},
	} {
		for at, state := range map[string]referral.State{"accepted": referral.Denied, "qualified": referral.Denied, "paid": referral.Paid, "clawed back": referral.Reversed} {
			t.Run(name+" once "+at, func(t *testing.T) {
				s := openShop(t, func(s *shop) { s.terms.ClawBack = at == "clawed back" }, "anna", "ben")
				s.refers("anna", "ben")
				s.buys("ben", "1001", "20.00")
				if at != "accepted" {
					s.must(s.qualify("ben", "anna", "1001"))
				}
				if at == "paid" || at == "clawed back" {
					s.days(14)
					require.Equal(t, referral.Done{Reviewed: 1, Paid: 1}, s.RunDue())
				}
				merge.Key = "merge"
				s.must(merge)
				s.days(60)
				s.RunDue()
				s.RunDue()
				require.Equal(t, both(state), s.sides("anna", "anna"))
				want := map[string]points.Amount{"paid": 720}[at]
				require.Equal(t, max(want, 20), s.beans("ben"))
				s.verify()
			})
		}
	}
}

func TestAFriendIsReferredOnceInTheirLife(t *testing.T) {
	s := openShop(t, nil, "anna", "ben", "cleo", "ben-2")
	anna, cleo := s.code("anna"), s.code("cleo")
	s.must(s.accept("ben", "anna", anna, "card 1"))
	s.refused(s.accept("ben", "anna", anna), referral.ErrReferred)
	s.refused(s.accept("ben", "cleo", cleo), referral.ErrReferred)
	s.refused(s.accept("ben-2", "cleo", cleo, "card 1"), referral.ErrReferred)
	s.must(loyalty.Merge{Member: "ben-2", Key: "merge", From: "ben"})
	s.refused(s.accept("ben", "cleo", cleo), referral.ErrReferred)
	s.refused(s.accept("ben-2", "cleo", cleo), referral.ErrReferred)
	s.must(loyalty.UnMerge{Member: "ben-2", Key: "unmerge", From: "ben"})
	s.refused(s.accept("ben", "cleo", cleo), referral.ErrReferred)
	s.refused(s.accept("ben-2", "cleo", cleo), referral.ErrReferred)
	s.verify()
}

func TestTwoFriendsWhoAreOneWereReferredOnce(t *testing.T) {
	s := openShop(t, nil, "anna", "ben", "cleo", "ben-2")
	anna, cleo := s.code("anna"), s.code("cleo")
	s.must(s.accept("ben", "anna", anna))
	s.days(1)
	s.must(s.accept("ben-2", "cleo", cleo))
	for member, referrer := range map[string]string{"ben": "anna", "ben-2": "cleo"} {
		s.buys(member, "of "+member, "20.00")
		s.must(s.qualify(member, referrer, "of "+member))
	}
	s.must(loyalty.Merge{Member: "ben-2", Key: "merge", From: "ben"})
	s.days(15)
	s.RunDue()
	s.RunDue()
	require.EqualValues(t, 240, s.beans("ben"), "who was first counts")
	require.EqualValues(t, 500, s.beans("anna"))
	require.Zero(t, s.beans("cleo"))
	for made, err := range s.Made(t.Context(), "cleo") {
		require.NoError(t, err)
		require.Equal(t, "denied: referred-before", made.String())
	}
	require.Zero(t, s.RunDue())
	s.verify()
}

func TestAFriendWhoWasRewardedUnderOneIdIsNotRewardedUnderTheOther(t *testing.T) {
	s := openShop(t, nil, "anna", "ben", "cleo", "ben-2")
	s.refers("anna", "ben")
	s.days(1)
	s.refers("cleo", "ben-2")
	s.buys("ben-2", "1001", "20.00")
	s.must(s.qualify("ben-2", "cleo", "1001"))
	s.days(14)
	require.Equal(t, referral.Done{Reviewed: 1, Paid: 1}, s.RunDue())
	s.must(loyalty.Merge{Member: "ben-2", Key: "merge", From: "ben"})
	s.buys("ben-2", "1002", "20.00")
	s.refused(s.qualify("ben-2", "anna", "1002"), referral.ErrNoReferral)
	s.days(14)
	require.Zero(t, s.RunDue())
	require.EqualValues(t, 240, s.beans("ben"))
	require.Zero(t, s.beans("anna"))
	s.verify()
}

func TestACodeThatAnUndoneMergeLeftIsDeadUntilItIsIssuedAgain(t *testing.T) {
	s := openShop(t, nil, "anna", "anna-2", "ben", "cleo")
	code := s.code("anna")
	s.must(loyalty.Merge{Member: "anna-2", Key: "merge", From: "anna"})
	s.must(s.accept("ben", "anna", code))
	s.must(loyalty.UnMerge{Member: "anna-2", Key: "unmerge", From: "anna"})
	accept := s.accept("cleo", "anna", code)
	s.refused(accept, referral.ErrCode)
	s.refused(s.accept("cleo", "anna-2", code), referral.ErrCode)
	s.must(referral.Revoke{Member: "anna-2", Key: "revoke"})
	s.refused(referral.Issue{Member: "anna-2", Key: "steal", Code: code}, referral.ErrCodeTaken)
	s.must(referral.Issue{Member: "anna", Key: "again", Code: code})
	s.must(accept)
	s.must(referral.Revoke{Member: "anna", Key: "revoke"})
	_, err := s.Find(t.Context(), code)
	require.ErrorIs(t, err, referral.ErrCode)
	s.verify()
}

func TestAMergedFriendIsRewardedUnderTheirNewId(t *testing.T) {
	s := openShop(t, nil, "anna", "ben", "ben-2", "anna-2")
	s.refers("anna", "ben")
	s.must(loyalty.Merge{Member: "ben-2", Key: "merge", From: "ben"})
	s.must(loyalty.Merge{Member: "anna-2", Key: "merge", From: "anna"})
	s.buys("ben-2", "1001", "20.00")
	counts, err := s.Ordered(t.Context(), "ben-2", "1001", "EUR", s.now)
	require.NoError(t, err)
	require.True(t, counts)
	s.days(14)
	require.Equal(t, referral.Done{Reviewed: 1, Paid: 1}, s.RunDue())
	require.EqualValues(t, 220, s.beans("ben"))
	require.EqualValues(t, 500, s.beans("anna"))
	shown, err := s.Code(t.Context(), "anna-2")
	require.NoError(t, err)
	holder, err := s.Find(t.Context(), shown.Code)
	require.NoError(t, err)
	require.Equal(t, "anna", holder, "a code goes on, in the name of who has gone")
	s.must(loyalty.Enroll{Member: "dan", Key: "signup"})
	s.must(s.accept("dan", "anna", shown.Code))
	s.must(referral.Revoke{Member: "anna-2", Key: "revoke"})
	_, err = s.Find(t.Context(), shown.Code)
	require.ErrorIs(t, err, referral.ErrCode)
	s.verify()
}

func TestTwoDoNotReferOneAnother(t *testing.T) {
	for _, rings := range []bool{false, true} {
		s := openShop(t, func(s *shop) { s.terms.Rings = rings }, "anna", "ben")
		s.refers("anna", "ben")
		back := s.accept("anna", "ben", s.code("ben"))
		if rings {
			s.must(back)
			continue
		}
		s.refused(back, referral.ErrRing)
	}
}

func TestAFriendIsNew(t *testing.T) {
	s := openShop(t, func(s *shop) {
		s.terms.New, s.terms.Unused = points.Span{N: 7, Unit: points.Days}, "orders"
	}, "anna", "ben", "old")
	code := s.code("anna")
	s.buys("old", "1000", "5.00")
	s.refused(s.accept("old", "anna", code), referral.ErrNotNew)
	s.must(loyalty.Enroll{Member: "cleo", Key: "signup"})
	s.days(7)
	s.refused(s.accept("ben", "anna", code), referral.ErrNotNew)
	s.must(loyalty.Enroll{Member: "dan", Key: "signup"})
	s.must(s.accept("dan", "anna", code))
	s.buys("dan", "1001", "20.00")
	s.must(s.qualify("dan", "anna", "1001"))
	s.must(loyalty.Merge{Member: "dan", Key: "merge", From: "old"})
	s.days(14)
	s.RunDue()
	require.Equal(t, both(referral.Denied), s.sides("dan", "anna"), "the friend turned out to be an old customer")
	require.EqualValues(t, 25, s.beans("dan"))
	s.verify()
}

func TestWhoIsSuspendedClosedOrErasedRefersNobody(t *testing.T) {
	s := openShop(t, nil, "anna", "ben", "cleo", "dan")
	code := s.code("anna")
	s.must(loyalty.Suspend{Member: "anna", Key: "suspend"})
	s.refused(s.accept("ben", "anna", code), referral.ErrReferrer)
	s.must(loyalty.Resume{Member: "anna", Key: "resume"})
	s.must(loyalty.Suspend{Member: "ben", Key: "suspend"})
	s.refused(s.accept("ben", "anna", code), loyalty.ErrSuspended)
	s.must(loyalty.Resume{Member: "ben", Key: "resume"})
	s.must(s.accept("ben", "anna", code))
	s.buys("ben", "1001", "20.00")
	s.must(s.qualify("ben", "anna", "1001"))
	s.days(14)
	s.must(loyalty.Suspend{Member: "ben", Key: "again"})
	require.Equal(t, referral.Done{Waiting: 2}, s.RunDue(), "it waits for who is suspended")
	s.must(loyalty.Resume{Member: "ben", Key: "back"})
	s.must(loyalty.Suspend{Member: "anna", Key: "again"})
	require.Equal(t, referral.Done{Reviewed: 1, Waiting: 1}, s.RunDue())
	require.EqualValues(t, 220, s.beans("ben"))
	s.must(loyalty.Resume{Member: "anna", Key: "back"})
	require.Equal(t, referral.Done{Paid: 1}, s.RunDue())
	require.EqualValues(t, 500, s.beans("anna"))
	s.must(s.accept("cleo", "anna", code))
	s.buys("cleo", "1002", "20.00")
	s.must(s.qualify("cleo", "anna", "1002"))
	s.must(loyalty.Close{Member: "anna", Key: "close"})
	s.refused(s.accept("dan", "anna", code), referral.ErrReferrer)
	s.days(14)
	s.RunDue()
	require.Equal(t, []referral.State{referral.Paid, referral.Denied}, s.sides("cleo", "anna"))
	require.EqualValues(t, 500, s.beans("anna"))
	s.verify()
}

func TestAClosedFriendEndsTheReferral(t *testing.T) {
	s := openShop(t, nil, "anna", "ben")
	s.refers("anna", "ben")
	s.buys("ben", "1001", "20.00")
	s.must(s.qualify("ben", "anna", "1001"))
	s.must(loyalty.Close{Member: "ben", Key: "close"})
	s.days(14)
	s.RunDue()
	require.Equal(t, both(referral.Denied), s.sides("ben", "anna"))
	require.Zero(t, s.beans("anna"))
	s.verify()
}
