package booking_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/booking"
	"github.com/loyaltykit/loyaltykit/loyalty/featuretest"
)

func TestNoTextOfAnyCommandOfAMemberSurvivesAnErasure(t *testing.T) {
	const reason, actor, session = "a reason", "mia", "latte-art"
	handOver := booking.HandOver{Member: "anna", Key: "k", Session: session, Guest: "Aunt Ida", Reason: reason, Actor: actor}
	for name, run := range map[string]struct {
		before []loyalty.Command
		cmd    loyalty.Command
		at     time.Duration
	}{
		"a booking":       {cmd: booking.Book{Member: "anna", Key: "k", Session: session, Party: 2, Unit: "bean", Points: 200, Reason: reason, Actor: actor}},
		"a hold":          {cmd: booking.Hold{Member: "anna", Key: "k", Session: session, Party: 2, Unit: "bean", Points: 200, Reason: reason, Actor: actor}},
		"a place in line": {before: []loyalty.Command{book("ben", 3)}, cmd: booking.Join{Member: "anna", Key: "k", Session: session, Party: 2, Unit: "bean", Points: 200, Reason: reason, Actor: actor}},
		"a confirmed hold": {
			before: []loyalty.Command{booking.Hold{Member: "anna", Key: "hold", Session: session, Party: 2, Unit: "bean", Points: 200, Reason: reason + enginetest.Mark}},
			cmd:    booking.Confirm{Member: "anna", Key: "k", Session: session, Reason: reason, Actor: actor},
		},
		"a cancellation": {before: []loyalty.Command{book("anna", 2)}, cmd: booking.Cancel{Member: "anna", Key: "k", Session: session, Reason: reason, Actor: actor}},
		"a guest":        {before: []loyalty.Command{book("anna", 2)}, cmd: handOver},
		"a check-in": {
			before: []loyalty.Command{book("anna", 2)},
			cmd:    booking.CheckIn{Member: "anna", Key: "k", Session: session, Reason: reason, Actor: actor}, at: start.Add(-time.Hour).Sub(opening),
		},
		"another session": {
			before: []loyalty.Command{book("anna", 2)},
			cmd:    booking.Reschedule{Member: "anna", Key: "k", Session: session, To: "later", Unit: "bean", Points: 200, Reason: reason, Actor: actor},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t, evening(), "anna", "ben")
			later := evening()
			later.ID = "later"
			s.must(booking.Open{Key: "open later", Session: later})
			claims := enginetest.NewClaims(s.store)
			engine := s.Engine.WithStore(claims)
			s.Desk = booking.NewDesk(engine, claims)
			for _, cmd := range run.before {
				s.must(cmd)
			}
			s.wait(run.at)
			marked, n, _ := enginetest.Marked(t.Context(), engine, run.cmd)
			require.GreaterOrEqual(t, n, 3, "key, reason and actor")
			s.must(marked)
			found, err := enginetest.Traces(t.Context(), claims, "beans", enginetest.Mark)
			require.NoError(t, err)
			require.NotEmpty(t, found)
			s.must(loyalty.Erase{Member: "anna", Key: "forget"})
			s.runDue()
			s.at(start.AddDate(0, 0, 2))
			s.runDue()
			found, err = enginetest.Traces(t.Context(), claims, "beans", enginetest.Mark)
			require.NoError(t, err)
			require.Empty(t, found)
			s.verify(session)
		})
	}
}

// TestWhoIsErasedHasNoBookingsBeforeTheScrub erases a member whom another was merged into, by a
// desk that dies.
func TestWhoIsErasedHasNoBookingsBeforeTheScrub(t *testing.T) {
	s := openShop(t, evening(), "anna", "old", "ben")
	for _, member := range []string{"anna", "old", "ben"} {
		s.must(book(member, 1))
	}
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "old"})
	require.Len(t, s.bookings("anna"), 2)
	require.Equal(t, s.bookings("anna"), s.bookings("old"))
	featuretest.HalfErased(t, s.Engine, s.store, "anna")
	for range 2 {
		for _, member := range []string{"anna", "old"} {
			for b, err := range s.Bookings(t.Context(), member, s.clock()) {
				require.ErrorIs(t, err, loyalty.ErrErased)
				require.Zero(t, b)
			}
		}
		require.Len(t, s.bookings("ben"), 1)
		s.runDue()
	}
	now, err := s.Session(t.Context(), "latte-art")
	require.NoError(t, err)
	require.EqualValues(t, 3, now.Board.Room(), "the desk freed the seats")
	s.verify("latte-art")
}
