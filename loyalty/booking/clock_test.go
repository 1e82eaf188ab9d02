package booking_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty/booking"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
)

// atNight is an evening that starts at an instant of another night.
func atNight(starts time.Time) experience.Session {
	session := evening()
	session.Start, session.End = starts, starts.Add(2*time.Hour)
	return session
}

func TestTheHourThatHappensTwiceSaysWhichOneItIs(t *testing.T) {
	first := time.Date(2027, time.October, 31, 0, 30, 0, 0, time.UTC) // 2:30 in Vienna, and again an hour later
	for _, test := range []struct {
		starts time.Time
		says   string
	}{
		{first, "31 Oct 2027 02:30 CEST: booked"},
		{first.Add(time.Hour), "31 Oct 2027 02:30 CET: booked"},
		{first.Add(2 * time.Hour), "31 Oct 2027 03:30: booked"},
		{time.Date(2027, time.March, 28, 1, 0, 0, 0, time.UTC), "28 Mar 2027 03:00: booked"}, // there is no 2:00
	} {
		s := openShop(t, atNight(test.starts), "anna")
		require.Contains(t, s.booked(book("anna", 1)).String(), test.says)
	}
}

func TestMinutesOfASessionAreElapsedOnesWhereTheClockIsPutBack(t *testing.T) {
	session := atNight(time.Date(2027, time.October, 31, 12, 0, 0, 0, time.UTC)) // 13:00 in Vienna
	session.Cancellation = []experience.CancelRule{{Minutes: 24 * 60}, {Minutes: 0, Percent: 50}}
	s := openShop(t, session, "anna", "ben", "cleo", "dora")
	s.booked(book("anna", 1))
	s.booked(book("ben", 1))
	free := session.Start.Add(-24 * time.Hour) // 14:00 of summer time
	s.at(free)
	require.Zero(t, s.booked(cancel("anna")).Kept)
	s.at(free.Add(time.Microsecond))
	require.EqualValues(t, 50, s.booked(cancel("ben")).Kept)

	before := time.Date(2027, time.October, 31, 0, 50, 0, 0, time.UTC) // 2:50, ten minutes before it is 2:00 again
	s.at(before)
	held := s.booked(booking.Hold{Member: "cleo", Key: "hold", Session: "latte-art", Party: 1, Unit: "bean", Points: 100})
	require.Equal(t, before.Add(15*time.Minute), held.Until)
	require.Contains(t, held.String(), "held until 31 Oct 2027 02:05 CET")
	s.at(before.Add(15*time.Minute - time.Microsecond))
	require.Equal(t, experience.Held, s.of("cleo", "latte-art").State)
	s.at(before.Add(15 * time.Minute))
	s.refused(confirm("cleo"), experience.ErrState)
	s.runDue()
	require.EqualValues(t, 1000, s.balance("cleo").Available)
	s.verify("latte-art")
}

func TestBookingOpensAndClosesAtTheInstantItself(t *testing.T) {
	midnight := time.Date(2028, time.February, 28, 23, 0, 0, 0, time.UTC) // 29 February begins in Vienna
	session := atNight(midnight.Add(24 * time.Hour))
	session.Opens = []experience.Opening{{From: midnight}}
	session.ClosesMinutes = 60
	s := openShop(t, session, "anna", "ben")
	s.at(midnight.Add(-time.Microsecond))
	s.refused(book("anna", 1), experience.ErrNotOpen)
	s.at(midnight)
	s.booked(book("anna", 1))
	closes := session.Start.Add(-time.Hour)
	s.at(closes.Add(-time.Microsecond))
	s.booked(booking.Hold{Member: "ben", Key: "hold", Session: "latte-art", Party: 1, Unit: "bean", Points: 100})
	s.at(closes)
	s.refused(confirm("ben"), experience.ErrState)
	s.refused(book("ben", 1), experience.ErrClosed)
	s.verify("latte-art")
}
