package booking_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/booking"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
	"github.com/loyaltykit/loyaltykit/storage"
)

func TestABookingGoesOnWithTheSurvivorOfAMerge(t *testing.T) {
	tests := []struct {
		name string
		make func(s *shop)
		do   loyalty.Command
		want experience.State
		has  int64
	}{
		{"a booking is cancelled", func(s *shop) { s.booked(book("old", 2)) }, cancel("anna"), experience.Cancelled, 2000},
		{"under the old id too", func(s *shop) { s.booked(book("old", 2)) }, cancel("old"), experience.Cancelled, 2000},
		{"a hold is confirmed", func(s *shop) {
			s.booked(booking.Hold{Member: "old", Key: "hold", Session: "latte-art", Party: 2, Unit: "bean", Points: 200})
		}, confirm("anna"), experience.Booked, 1800},
		{"a place on the list is left", func(s *shop) {
			s.booked(book("ben", 3))
			s.booked(queue("old", 2))
		}, cancel("anna"), experience.Left, 2000},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := openShop(t, evening(), "anna", "old", "ben")
			test.make(s)
			s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "old"})
			s.verify("latte-art")
			require.Equal(t, test.want, s.booked(test.do).State)
			require.EqualValues(t, test.has, s.balance("anna").Available)
			s.verify("latte-art")
		})
	}
}

func TestTwoBookingsOfOneMemberAfterAMergeAreBothThere(t *testing.T) {
	s := openShop(t, evening(), "anna", "old")
	s.booked(book("anna", 1))
	s.booked(book("old", 2))
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "old"})
	second := cancel("anna")
	second.Booking = "latte-art/2"
	b := s.booked(second)
	require.Equal(t, experience.Cancelled, b.State)
	require.EqualValues(t, 2, b.Party)
	require.EqualValues(t, 1900, s.balance("anna").Available)
	require.Equal(t, experience.Booked, s.of("anna", "latte-art").State)
	s.at(start.Add(-time.Hour))
	s.must(booking.CheckIn{Member: "anna", Key: "in", Session: "latte-art"})
	s.verify("latte-art")
}

func TestWhoWaitsIsPromotedUnderTheSurvivorsID(t *testing.T) {
	s := openShop(t, evening(), "anna", "ben", "old", "cleo")
	s.booked(book("ben", 3))
	s.booked(queue("old", 2))
	s.booked(book("cleo", 1))
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "old"})
	s.must(cancel("ben"))
	require.Equal(t, experience.Promised, s.of("anna", "latte-art").State)
	require.EqualValues(t, 200, s.balance("anna").Held)
	require.Equal(t, experience.Booked, s.booked(confirm("anna")).State)
	s.verify("latte-art")
}

func TestAnUnMergeLeavesBookingsWithTheSurvivor(t *testing.T) {
	s := openShop(t, evening(), "anna", "old")
	s.booked(book("old", 2))
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "old"})
	s.must(loyalty.UnMerge{Member: "anna", Key: "part", From: "old", Reason: "two persons", Actor: "mia"})
	require.Equal(t, experience.Booked, s.of("anna", "latte-art").State)
	require.Empty(t, s.of("old", "latte-art").State)
	require.EqualValues(t, 800, s.balance("old").Available)
	require.Equal(t, experience.Cancelled, s.booked(cancel("anna")).State)
	require.EqualValues(t, 1200, s.balance("anna").Available, "who has the booking has the points that come back")
	other := book("old", 1)
	other.Key = "again"
	s.booked(other)
	s.verify("latte-art")
}

func TestWhoIsErasedGivesUpTheirSeats(t *testing.T) {
	s := openShop(t, evening(), "anna", "ben", "cleo", "dora")
	s.booked(book("anna", 2))
	s.must(booking.HandOver{Member: "anna", Key: "guest", Session: "latte-art", Guest: "Aunt Ida"})
	s.booked(booking.Hold{Member: "ben", Key: "hold", Session: "latte-art", Party: 1, Unit: "bean", Points: 100})
	s.booked(queue("cleo", 2))
	s.booked(queue("dora", 3))
	s.must(loyalty.Erase{Member: "cleo", Key: "erase"})
	board := s.board("latte-art")
	require.EqualValues(t, 1, board.Waiting())
	s.must(loyalty.Erase{Member: "anna", Key: "erase"})
	require.Equal(t, experience.Promised, s.of("dora", "latte-art").State, "one seat was free, two are freed")
	s.must(loyalty.Erase{Member: "ben", Key: "erase"})
	s.must(loyalty.Erase{Member: "anna", Key: "erase again"})
	require.EqualValues(t, 1, s.board("latte-art").Free)
	for row, err := range storage.AllRecords(t.Context(), s.store, storage.RecordQuery{Program: "beans", Member: "anna"}) {
		require.NoError(t, err)
		require.NotContains(t, string(row.Data), "Ida")
	}
	s.at(start.AddDate(0, 0, 1))
	s.runDue()
	s.verify("latte-art")
}

func TestWhoIsErasedWithoutADeskIsPassedWhenTheirTurnComes(t *testing.T) {
	s := openShop(t, evening(), "anna", "ben", "cleo")
	s.booked(book("anna", 3))
	s.booked(queue("ben", 2))
	s.booked(queue("cleo", 2))
	_, err := s.Engine.Do(t.Context(), loyalty.Erase{Member: "ben", Key: "erase"})
	require.NoError(t, err)
	s.must(cancel("anna"))
	require.Equal(t, experience.Promised, s.of("cleo", "latte-art").State)
	s.verify("latte-art")
}

func TestAMemberSeesTheirBookingsInAnExport(t *testing.T) {
	s := openShop(t, evening(), "anna")
	s.booked(book("anna", 2))
	var row storage.Record
	for r, err := range storage.AllRecords(t.Context(), s.store, storage.RecordQuery{Program: "beans", Member: "anna", Kind: "booking"}) {
		require.NoError(t, err)
		row = r
	}
	text, err := booking.Feature{}.Export(row)
	require.NoError(t, err)
	require.JSONEq(t, `{"id":"latte-art","session":"latte-art","title":"Latte art","venue":"Roastery","zone":"Europe/Vienna",
		"start":"2027-03-12T18:00:00Z","end":"2027-03-12T20:00:00Z","state":"booked","party":2,"unit":"bean","points":200}`, string(text))
}

func TestAPartyThatIsDismissedGetsItsPointsBack(t *testing.T) {
	s := openShop(t, evening(), "anna", "ben")
	s.booked(book("anna", 3))
	s.booked(queue("ben", 2))
	s.must(booking.Dismiss{Key: "out", Session: "latte-art", Who: "anna", Reason: "was rude", Actor: "mia"})
	require.Equal(t, experience.Promised, s.of("ben", "latte-art").State)
	s.refused(booking.Dismiss{Key: "again", Session: "latte-art", Who: "anna", Reason: "was rude", Actor: "mia"}, experience.ErrState)
	s.at(start.Add(-time.Minute))
	s.refused(booking.CheckIn{Member: "anna", Key: "in", Session: "latte-art"}, booking.ErrDismissed)
	require.Zero(t, s.booked(cancel("anna")).Kept)
	require.EqualValues(t, 1000, s.balance("anna").Available)
	s.verify("latte-art")
}

func TestAPartyThatIsTakenOffTheListAndCancelsLeavesItOnce(t *testing.T) {
	s := openShop(t, evening(), "anna", "ben", "cleo", "dora")
	s.booked(book("anna", 3))
	s.booked(book("dora", 1))
	s.booked(queue("ben", 1))
	s.booked(queue("cleo", 1))
	s.must(booking.Dismiss{Key: "out", Session: "latte-art", Who: "ben", Waiting: true, Class: 1, Reason: "was rude", Actor: "mia"})
	for member, waits := range map[string]bool{"ben": false, "cleo": true} {
		ahead, still, err := s.Ahead(t.Context(), s.of(member, "latte-art"))
		require.NoError(t, err)
		require.Equal(t, waits, still, member)
		require.Zero(t, ahead)
	}
	require.Equal(t, experience.Left, s.booked(cancel("ben")).State)
	board := s.board("latte-art")
	require.EqualValues(t, 1, board.Waiting(), "cleo waits as before")
	s.must(cancel("dora"))
	require.Equal(t, experience.Promised, s.of("cleo", "latte-art").State)
	s.verify("latte-art")
}

func TestARunFreesTheSeatsOfWhoWasErasedWithoutADesk(t *testing.T) {
	s := openShop(t, evening(), "anna", "ben", "cleo", "dora")
	s.booked(book("anna", 3))
	s.booked(book("dora", 1))
	s.booked(queue("ben", 2))
	s.booked(queue("cleo", 3))
	for _, member := range []string{"anna", "ben"} {
		_, err := s.Engine.Do(t.Context(), loyalty.Erase{Member: member, Key: "erase"})
		require.NoError(t, err)
	}
	require.EqualValues(t, 4, s.board("latte-art").Booked)
	promoted := s.runDue().Promoted
	require.Len(t, promoted, 1)
	require.Equal(t, "cleo", promoted[0].Member)
	board := s.board("latte-art")
	require.EqualValues(t, 1, board.Booked)
	require.EqualValues(t, 3, board.Promised)
	s.verify("latte-art")
	require.Equal(t, booking.Advanced{}, s.runDue(), "nothing is left to do")
	s.at(start.AddDate(0, 0, 1))
	s.runDue()
	query := storage.RecordQuery{Program: "beans", Kind: "booking", Reference: "abandoned"}
	for row, err := range storage.AllRecords(t.Context(), s.store, query) {
		require.NoError(t, err)
		require.Fail(t, "a run looks at nothing that is over", "%s of %s", row.ID, row.Member)
	}
	s.verify("latte-art")
}

func TestTwoWhoBookedByOneIDAfterAnUnMergeBothComeIn(t *testing.T) {
	s := openShop(t, evening(), "anna", "old")
	s.booked(book("old", 2))
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "old"})
	s.must(loyalty.UnMerge{Member: "anna", Key: "part", From: "old", Reason: "two persons", Actor: "mia"})
	again := book("old", 1)
	again.Key = "again"
	s.booked(again)
	s.verify("latte-art")
	s.at(start.Add(-time.Minute))
	require.Equal(t, experience.Present, s.booked(booking.CheckIn{Member: "anna", Key: "in", Session: "latte-art"}).State)
	require.Equal(t, experience.Present, s.booked(booking.CheckIn{Member: "old", Key: "in", Session: "latte-art"}).State)
	require.EqualValues(t, 3, s.board("latte-art").Present)
	s.verify("latte-art")
}

func TestWhoWasDismissedUnderAnIDThatAnotherBookedByGivesUpNoOnesSeats(t *testing.T) {
	s := openShop(t, evening(), "anna", "old")
	s.booked(book("old", 2))
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "old"})
	s.must(loyalty.UnMerge{Member: "anna", Key: "part", From: "old", Reason: "two persons", Actor: "mia"})
	s.must(booking.Dismiss{Key: "out", Session: "latte-art", Who: "old", Reason: "was rude", Actor: "mia"})
	again := book("old", 1)
	again.Key = "again"
	s.booked(again)
	s.must(cancel("anna"))
	require.EqualValues(t, 1, s.board("latte-art").Booked)
	s.verify("latte-art")
	s.must(booking.Dismiss{Key: "out again", Session: "latte-art", Who: "old/2", Reason: "was rude", Actor: "mia"})
	require.Zero(t, s.board("latte-art").Booked)
	s.verify("latte-art")
}

func TestTheBetterOfTwoPlacesOnAListIsServedAfterAMerge(t *testing.T) {
	s := openShop(t, evening(), "anna", "ben", "old", "cleo")
	s.booked(book("ben", 3))
	s.booked(book("cleo", 1))
	s.booked(queue("old", 1))
	s.booked(queue("anna", 2))
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "old"})
	s.must(cancel("cleo"))
	require.Equal(t, experience.Promised, s.of("anna", "latte-art/2").State)
	require.Equal(t, experience.Waiting, s.of("anna", "latte-art").State)
	yes := confirm("anna")
	yes.Booking = "latte-art/2"
	require.Equal(t, experience.Booked, s.booked(yes).State)
	s.must(cancel("ben"))
	require.Equal(t, experience.Promised, s.of("anna", "latte-art").State)
	s.verify("latte-art")
}
