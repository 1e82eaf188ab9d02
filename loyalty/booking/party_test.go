package booking_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/booking"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
)

func TestAPartOfAPartyComesAndTheOthersLaterOrNotAtAll(t *testing.T) {
	s := openShop(t, evening(), "anna", "ben")
	s.booked(book("anna", 3))
	s.booked(book("ben", 1))
	s.at(start.Add(-time.Minute))
	in := func(key string, party int64) booking.CheckIn {
		return booking.CheckIn{Member: "anna", Key: key, Session: "latte-art", Party: party}
	}
	s.refused(in("four", 4), experience.ErrParty)
	first := s.booked(in("one", 1))
	require.Equal(t, experience.Present, first.State)
	require.EqualValues(t, 1, first.Came)
	require.Contains(t, first.String(), "3 seats for Latte art, 12 Mar 2027 19:00: present, 1 of them")
	require.True(t, s.must(in("one", 1)).Replayed)
	require.EqualValues(t, 1, s.board("latte-art").Present)
	s.verify("latte-art")

	s.refused(in("the same ticket again", 0), experience.ErrState)
	s.refused(in("three more", 3), experience.ErrParty)
	s.refused(cancel("anna"), experience.ErrState)
	s.refused(booking.Dismiss{Key: "out", Session: "latte-art", Who: "anna", Reason: "rude", Actor: "mia"}, experience.ErrState)
	require.EqualValues(t, 2, s.booked(in("another", 1)).Came)
	s.verify("latte-art")
	s.at(start.Add(2 * time.Hour))
	s.refused(in("too late", 1), experience.ErrClosed)
	s.runDue()
	require.EqualValues(t, 2, s.of("anna", "latte-art").Came, "one of them never came")
	require.Equal(t, experience.Absent, s.of("ben", "latte-art").State)
	require.EqualValues(t, 700, s.balance("anna").Available, "who does not come has paid")
	board := s.board("latte-art")
	require.EqualValues(t, 4, board.Booked)
	require.EqualValues(t, 2, board.Present)
	s.verify("latte-art")
}

func TestAPartyThatComesInPiecesIsCompleteOnce(t *testing.T) {
	s := openShop(t, evening(), "anna")
	s.booked(book("anna", 2))
	s.at(start)
	in := booking.CheckIn{Member: "anna", Key: "one", Session: "latte-art", Party: 1}
	s.booked(in)
	in.Key = "two"
	require.Zero(t, s.booked(in).Came, "all are there")
	in.Key = "three"
	s.refused(in, experience.ErrState)
	require.EqualValues(t, 2, s.board("latte-art").Present)
	s.verify("latte-art")
}

func TestAGuestComesOnlyWhereTheMemberCould(t *testing.T) {
	guest := func(member string) booking.HandOver {
		return booking.HandOver{Member: member, Key: "guest", Session: "latte-art", Guest: "Aunt Ida"}
	}
	s := openShop(t, evening(), "anna", "ben", "cleo")
	s.refused(guest("anna"), experience.ErrState)
	s.booked(booking.Hold{Member: "anna", Key: "hold", Session: "latte-art", Party: 1, Unit: "bean", Points: 100})
	s.refused(guest("anna"), experience.ErrState)
	s.booked(book("ben", 1))
	s.must(booking.Dismiss{Key: "out", Session: "latte-art", Who: "ben", Reason: "was rude", Actor: "mia"})
	s.refused(guest("ben"), booking.ErrDismissed)
	s.booked(book("cleo", 1))
	s.at(start)
	s.must(booking.CheckIn{Member: "cleo", Key: "in", Session: "latte-art"})
	s.refused(guest("cleo"), experience.ErrState)

	off := openShop(t, evening(), "anna")
	off.booked(book("anna", 1))
	_, err := off.Engine.Do(t.Context(), booking.CallOff{Key: "off", Session: "latte-art", Reason: "a burst pipe", Actor: "mia"})
	require.NoError(t, err)
	off.refused(guest("anna"), experience.ErrCalledOff)
}

func TestALargePartyKeepsItsTurnUntilThereAreSeatsForAllOfIt(t *testing.T) {
	s := openShop(t, evening(), "anna", "ben", "cleo", "dora", "emil")
	s.booked(book("anna", 1))
	s.booked(book("ben", 1))
	s.booked(book("cleo", 2))
	s.booked(queue("dora", 3))
	s.booked(queue("emil", 1))
	s.must(cancel("anna"))
	require.Equal(t, experience.Waiting, s.of("emil", "latte-art").State, "a smaller party does not overtake")
	require.Empty(t, s.runDue().Promoted)
	s.must(cancel("ben"))
	require.EqualValues(t, 2, s.board("latte-art").Offered)
	s.must(cancel("dora"))
	require.Equal(t, experience.Promised, s.of("emil", "latte-art").State, "who leaves the list makes way in the same breath")
	require.EqualValues(t, 1, s.board("latte-art").Free)
	s.verify("latte-art")
}

func TestAPartyForWhichASessionHasBecomeTooSmallStopsNobodyElse(t *testing.T) {
	s := openShop(t, evening(), "anna", "ben", "cleo")
	s.booked(book("anna", 2))
	s.booked(queue("ben", 3))
	s.refused(queue("cleo", 1), experience.ErrSeatsFree)
	small := evening()
	small.Capacity = 2
	s.must(booking.Change{Key: "small", Session: small, Reason: "a broken table", Actor: "mia"})
	s.booked(queue("cleo", 1))
	s.must(cancel("anna"))
	require.Equal(t, experience.Unserved, s.of("ben", "latte-art").State)
	require.Equal(t, experience.Promised, s.of("cleo", "latte-art").State)
	require.EqualValues(t, 1000, s.balance("ben").Available)
	again := queue("ben", 2)
	again.Key = "again"
	s.booked(again)
	s.verify("latte-art")
}

func TestWhoJoinsAtOneInstantWaitsInTheOrderOfTheirCommits(t *testing.T) {
	s := openShop(t, evening(), "anna", "ben", "zoe", "cleo")
	s.booked(book("anna", 3))
	s.booked(book("ben", 1))
	s.booked(queue("zoe", 1))
	s.booked(queue("cleo", 1))
	require.EqualValues(t, 0, s.of("zoe", "latte-art").Place.Number)
	require.EqualValues(t, 1, s.of("cleo", "latte-art").Place.Number)
	s.must(cancel("ben"))
	require.Equal(t, experience.Promised, s.of("zoe", "latte-art").State)
	s.verify("latte-art")
}

func TestAnOfferEndsWithTheBooking(t *testing.T) {
	for _, test := range []struct {
		name   string
		closes int
	}{{"at the start", 0}, {"half an hour before it", 30}} {
		t.Run(test.name, func(t *testing.T) {
			terms := evening()
			terms.ClosesMinutes = test.closes
			s := openShop(t, terms, "anna", "ben", "cleo", "dora")
			s.booked(book("anna", 3))
			s.booked(book("ben", 1))
			s.booked(queue("cleo", 1))
			s.booked(queue("dora", 1))
			closes := start.Add(-time.Duration(test.closes) * time.Minute)
			s.at(closes.Add(-time.Minute))
			s.must(cancel("ben"))
			offer := s.of("cleo", "latte-art")
			require.Equal(t, experience.Promised, offer.State)
			require.Equal(t, closes, offer.Until, "not two hours from now")
			s.at(closes)
			s.refused(confirm("cleo"), experience.ErrState)
			require.Equal(t, experience.Lapsed, s.of("cleo", "latte-art").State)
			require.Equal(t, points.Balance{Unit: "bean", Available: 1000}, s.balance("cleo"))
			require.Empty(t, s.runDue().Promoted, "nobody is promoted into a session that has closed")
			require.Equal(t, experience.Unserved, s.of("dora", "latte-art").State)
			board := s.board("latte-art")
			require.EqualValues(t, 1, board.Free)
			require.Zero(t, board.Waiting()+board.Offered+board.Promised)
			s.verify("latte-art")
		})
	}
}

func TestWhoClosesTheirAccountWhileTheyWaitIsPassedOver(t *testing.T) {
	s := openShop(t, evening(), "anna", "ben", "cleo", "dora")
	s.booked(book("anna", 3))
	s.booked(book("ben", 1))
	s.booked(queue("cleo", 1))
	s.booked(queue("dora", 1))
	s.must(loyalty.Close{Member: "cleo", Key: "close"})
	s.must(cancel("ben"))
	require.Equal(t, experience.Passed, s.of("cleo", "latte-art").State)
	require.Equal(t, experience.Promised, s.of("dora", "latte-art").State)
	s.verify("latte-art")
}

func TestAnotherCurrencyIsAnotherPrice(t *testing.T) {
	s := openShop(t, priced(), "anna")
	cmd := book("anna", 2)
	cmd.Money, cmd.Currency = priced().Prices[0].Money.Add(priced().Prices[0].Money), "USD"
	require.Contains(t, s.refused(cmd, loyalty.ErrPrice), "EUR 10")
	cmd.Currency = "EUR"
	require.Equal(t, "EUR", s.booked(cmd).Currency)
}
