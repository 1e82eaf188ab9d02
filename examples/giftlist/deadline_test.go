package giftlist_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/examples/giftlist"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// tenDays is how long the list of birthday is open.
const tenDays = 10 * 24 * time.Hour

func TestAListLapsesAtItsDeadline(t *testing.T) {
	tests := []struct {
		name string
		end  func(s *shop)
	}{
		{"by RunDue", func(s *shop) {
			report, err := s.RunDue(s.t.Context(), nil)
			require.NoError(s.t, err)
			require.Equal(s.t, loyalty.DueReport{Visited: 1, Settled: 1}, report)
			again, err := s.RunDue(s.t.Context(), nil)
			require.NoError(s.t, err)
			require.Zero(s.t, again.Visited, "what is booked is booked once")
		}},
		{"by the owner's next command", func(s *shop) {
			s.must(loyalty.Spend{Member: "anna", Key: "cake", Unit: "bean", Points: 10})
			s.must(loyalty.Adjust{Member: "anna", Key: "sorry", Unit: "bean", Points: 10, Reason: "the cake fell", Actor: "shop"})
		}},
		{"by a command of another that is about the owner", func(s *shop) {
			s.must(loyalty.Transfer{Member: "ben", Key: "thanks", To: "anna", Unit: "bean", Points: 5})
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := openShop(t, giftlist.Feature{MaxOpen: 1}, "anna", "ben")
			s.must(birthday())
			s.must(give("ben", "g1", 40))

			s.wait(tenDays - time.Microsecond)
			report, err := s.RunDue(t.Context(), nil)
			require.NoError(t, err)
			require.Zero(t, report.Visited, "a moment before the deadline nothing is due")
			require.Equal(t, giftlist.Open, s.list("anna", "ANNA-30").Status)

			s.wait(time.Microsecond)
			test.end(s)
			list := s.list("anna", "ANNA-30")
			require.Equal(t, giftlist.Lapsed, list.Status)
			require.EqualValues(t, 40, list.Given, "what was given stays given")
			open, holder := s.shared("ANNA-30")
			require.Zero(t, open)
			require.Empty(t, holder)
			_, err = giftlist.Find(t.Context(), s.store, "beans", "ANNA-30")
			require.ErrorIs(t, err, giftlist.ErrNoList)
			s.verify("anna", "ben")

			next := birthday()
			next.Member, next.Key, next.Deadline = "ben", "mine", s.clock().Add(time.Hour)
			s.must(next)
			found, err := giftlist.Find(t.Context(), s.store, "beans", "ANNA-30")
			require.NoError(t, err)
			require.Equal(t, "ben", found.Owner, "the code is free for another")
		})
	}
}

func TestTheSettlementIsDatedAtTheDeadline(t *testing.T) {
	s := openShop(t, giftlist.Feature{}, "anna")
	s.must(birthday())
	s.wait(tenDays + 36*time.Hour)
	_, err := s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	var last loyalty.Operation
	for op, err := range s.History(t.Context(), "anna") {
		require.NoError(t, err)
		last = op
	}
	require.Equal(t, "settle", last.Type)
	require.Equal(t, opening.Add(tenDays), last.OccurredAt)
	require.Equal(t, s.clock(), last.RecordedAt)
}

func TestAFullListGivesUpItsCodeAtTheDeadline(t *testing.T) {
	s := openShop(t, giftlist.Feature{MaxOpen: 1}, "anna", "ben")
	s.must(birthday())
	s.must(give("ben", "g1", 100))
	s.wait(tenDays)
	_, err := s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, giftlist.Full, s.list("anna", "ANNA-30").Status)
	open, holder := s.shared("ANNA-30")
	require.Zero(t, open, "its place was given back once, when it was full")
	require.Empty(t, holder)
	s.verify("anna", "ben")
}

func TestReadingAMemberLooksPastADeadline(t *testing.T) {
	s := openShop(t, giftlist.Feature{}, "anna", "ben")
	s.must(birthday())
	s.must(give("ben", "g1", 40))
	before := s.heads()
	later, err := s.MemberAt(t.Context(), "anna", opening.Add(2*tenDays))
	require.NoError(t, err)
	require.EqualValues(t, 140, later.Balance("bean").Available)
	require.Equal(t, before, s.heads(), "reading stores nothing")
}

func TestManyListsThatEndTogetherAreAllSettled(t *testing.T) {
	s := openShop(t, giftlist.Feature{}, "anna", "ben")
	const lists = 130 // more than one load brings
	for i := range lists {
		list := birthday()
		list.Key = "list-" + time.Duration(i).String()
		list.Code = ""
		s.must(list)
	}
	open, _ := s.shared("")
	require.EqualValues(t, lists, open)
	s.wait(tenDays)
	s.must(loyalty.Spend{Member: "anna", Key: "cake", Unit: "bean", Points: points.Amount(1)})
	open, _ = s.shared("")
	require.Zero(t, open)
	for list, err := range giftlist.Lists(t.Context(), s.store, "beans", "anna") {
		require.NoError(t, err)
		require.Equal(t, giftlist.Lapsed, list.Status)
	}
	s.verify()
}
