package referral_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/featuretest"
	"github.com/loyaltykit/loyaltykit/loyalty/referral"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

func TestNoTextOfAnyCommandOfAMemberSurvivesAnErasure(t *testing.T) {
	enroll := func(members ...string) (all []loyalty.Command) {
		for _, member := range members {
			all = append(all, loyalty.Enroll{Member: member, Key: "signup"})
		}
		return append(all, referral.Issue{Member: "anna", Key: "code", Code: "ANNA-BEANS"})
	}
	const reason, actor = "a reason", "mia"
	prints := []string{"card 1"}
	accept := referral.Accept{Member: "ben", Key: "accept", Referrer: "anna", Code: "ANNA-BEANS", Fingerprints: prints, Reason: reason, Actor: actor}
	qualify := referral.Qualify{Member: "ben", Key: "qualify", Referrer: "anna", Order: "1001", Currency: "EUR", Fingerprints: []string{"card 2"}, Reason: reason, Actor: actor}
	ordered := append(enroll("anna", "ben"), accept, loyalty.Earn{Member: "ben", Key: "order", Order: order("1001", "25.00")})
	at := append(slices.Clip(ordered), qualify)
	for name, c := range map[string]featuretest.ErasureCase{
		"a code":   {Before: enroll("anna", "ben"), Command: referral.Issue{Member: "ben", Key: "k", Code: "BEN-BEANS", Fingerprints: prints, Reason: reason, Actor: actor}, Unmarked: []string{"code"}},
		"an end":   {Before: enroll("anna", "ben"), Command: referral.Revoke{Member: "anna", Key: "k", Reason: reason, Actor: actor}},
		"a friend": {Before: enroll("anna", "ben"), Command: accept, Unmarked: []string{"referrer", "code"}},
		"an order": {Before: ordered, Command: qualify, Unmarked: []string{"referrer", "order"}},
		"a denial": {Before: at, Command: referral.Deny{Member: "ben", Key: "k", Referrer: "anna", Reason: reason, Actor: actor}, Unmarked: []string{"referrer"}},
		"a withdrawal": {
			Before:  append(slices.Clip(at), loyalty.Refund{Member: "ben", Key: "back", Order: "1001", Full: true}),
			Command: referral.Review{Member: "ben", Key: "k", Referrer: "anna", Reason: reason, Actor: actor}, Unmarked: []string{"referrer"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			now := opening
			feature, err := referral.New(terms())
			require.NoError(t, err)
			c.Store = memory.New()
			c.Engine = func(store storage.Store) (*loyalty.Engine, error) {
				return loyalty.New(loyalty.Revisions{program()}, store, &loyalty.Options{
					Clock: func() time.Time { return now }, Secret: []byte("a secret of the test"), Features: []loyalty.Feature{feature},
				})
			}
			c.Later = func() { now = now.AddDate(1, 0, 0) }
			featuretest.Erasure(t, c)
		})
	}
}

// claimed opens a shop on a store that remembers its claims.
func claimed(t *testing.T, members ...string) (*shop, *featuretest.Claims) {
	t.Helper()
	claims := featuretest.NewClaims(memory.New())
	return openShop(t, func(s *shop) { s.store = claims }, members...), claims
}

func TestTheCodeOfWhoWasErasedIsDeadAndTheFriendIsRewarded(t *testing.T) {
	s, claims := claimed(t, "anna", "ben", "cleo")
	s.must(referral.Issue{Member: "anna", Key: "code", Code: "ANNA-BEANS", Fingerprints: []string{"card 1"}})
	s.must(s.accept("ben", "anna", "ANNA-BEANS"))
	s.buys("ben", "1001", "20.00")
	s.must(s.qualify("ben", "anna", "1001"))
	s.must(loyalty.Erase{Member: "anna", Key: "erase"})
	_, err := s.Find(t.Context(), "ANNA-BEANS")
	require.ErrorIs(t, err, referral.ErrCode)
	for _, text := range []string{"ANNABEANS", "ANNA-BEANS", "card 1"} {
		found, err := featuretest.Traces(t.Context(), claims, "beans", text)
		require.NoError(t, err)
		require.Empty(t, mineOnly(found, "anna"))
	}
	rows, err := featuretest.Rows(t.Context(), s.store, "beans")
	require.NoError(t, err)
	for _, row := range mineOnly(rows, "anna") {
		require.NotContains(t, row, `"ben"`, "nothing of the friend is left with who was erased")
	}
	s.days(14)
	require.Equal(t, referral.Done{Reviewed: 1}, s.RunDue())
	require.EqualValues(t, 220, s.beans("ben"))
	s.refused(s.accept("cleo", "anna", "ANNA-BEANS"), loyalty.ErrErased)
	s.must(referral.Issue{Member: "cleo", Key: "code", Code: "ANNA-BEANS"})
	require.Zero(t, s.RunDue())
	s.verify()
}

func TestAFriendOfWhoWasErasedBeforeTheyOrderedIsRewarded(t *testing.T) {
	s := openShop(t, nil, "anna", "ben")
	s.refers("anna", "ben")
	s.must(loyalty.Erase{Member: "anna", Key: "erase"})
	s.buys("ben", "1001", "20.00")
	for range 2 {
		counts, err := s.Ordered(t.Context(), "ben", "1001", "EUR", s.now)
		require.NoError(t, err)
		require.True(t, counts)
	}
	s.days(14)
	require.Equal(t, referral.Done{Reviewed: 1}, s.RunDue())
	require.EqualValues(t, 220, s.beans("ben"))
	s.verify()
}

func TestAnOrderThatWasToldOfTheFriendAloneRewardsBoth(t *testing.T) {
	s := openShop(t, nil, "anna", "ben")
	s.refers("anna", "ben")
	s.buys("ben", "1001", "20.00")
	alone := s.qualify("ben", "", "1001")
	alone.Fingerprints = []string{"card 1"}
	s.must(alone)
	s.days(14)
	require.Equal(t, referral.Done{Reviewed: 1, Paid: 1}, s.RunDue())
	require.EqualValues(t, 500, s.beans("anna"))
	s.verify()
}

func TestNobodyFindsTheCodeOfWhoIsBeingErased(t *testing.T) {
	s := openShop(t, nil, "anna", "ben")
	s.must(referral.Issue{Member: "anna", Key: "code", Code: "ANNA-BEANS"})
	s.must(loyalty.Merge{Member: "ben", Key: "merge", From: "anna"})
	who, err := s.Find(t.Context(), "ANNA-BEANS")
	require.NoError(t, err)
	require.Equal(t, "anna", who)
	featuretest.HalfErased(t, s.Engine, s.store, "ben")
	_, err = s.Find(t.Context(), "ANNA-BEANS")
	require.ErrorIs(t, err, referral.ErrCode)
}

func TestAReferrerIsNotRewardedForAFriendWhoWasErased(t *testing.T) {
	s, claims := claimed(t, "anna", "ben", "cleo")
	code := s.code("anna")
	s.must(s.accept("ben", "anna", code, "card 1"))
	s.buys("ben", "1001", "20.00")
	s.must(s.qualify("ben", "anna", "1001"))
	s.must(loyalty.Erase{Member: "ben", Key: "erase"})
	for _, text := range []string{"card 1", "1001"} {
		found, err := featuretest.Traces(t.Context(), claims, "beans", text)
		require.NoError(t, err)
		require.Empty(t, found)
	}
	rows, err := featuretest.Rows(t.Context(), s.store, "beans")
	require.NoError(t, err)
	for _, row := range mineOnly(rows, "ben") {
		require.NotContains(t, row, `"anna"`, "nothing of the referrer is left with who was erased")
	}
	s.days(14)
	s.RunDue()
	for made, err := range s.Made(t.Context(), "anna") {
		require.NoError(t, err)
		require.Equal(t, referral.Denied, made.State)
	}
	require.Zero(t, s.beans("anna"))
	require.Zero(t, s.RunDue())
	s.must(s.accept("cleo", "anna", code, "card 1"))
	s.verify()
}

// mineOnly are the rows under a member.
func mineOnly(rows []string, member string) (mine []string) {
	for _, row := range rows {
		if bytes.Contains([]byte(row), []byte(`"Member":"`+member+`"`)) {
			mine = append(mine, row)
		}
	}
	return mine
}

func TestAnExportShowsOwnReferralsAndNobodyElse(t *testing.T) {
	s := openShop(t, nil, "anna", "ben", "member-cleo")
	s.refers("anna", "ben")
	s.must(s.accept("member-cleo", "ben", s.code("ben")))
	var export bytes.Buffer
	require.NoError(t, s.Export(t.Context(), "ben", &export))
	code, err := s.Code(t.Context(), "ben")
	require.NoError(t, err)
	require.Contains(t, export.String(), code.Code)
	records := export.String()[bytes.Index(export.Bytes(), []byte(`"records"`)):bytes.Index(export.Bytes(), []byte(`"events"`))]
	require.Equal(t, 2, strings.Count(records, `"state":"accepted"`))
	require.NotContains(t, records, "anna")
	require.NotContains(t, records, "member-cleo")
}
